"""The pages of months: each keyword's cloud, phrases, names and documents, and all mentions."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from analysis.text.phrases import says_something
from reports.data.period_gaps import polarity_gaps
from reports.data.queries import group_by
from reports.data.repeats import read_places
from reports.data.run_data import RunData
from reports.data.tables.entities import read_entities, read_run_names
from reports.data.tables.mentions import MentionRow
from reports.data.tables.phrases import read_phrases
from reports.figures import entities
from reports.figures.figure_store import FigureStore
from reports.pages.front_values import FrontPage
from reports.pages.month_section import MonthPage, MonthSection
from reports.pages.month_words import count_month_words
from reports.pages.page_rows import PageRows
from reports.pages.reading_list import choose_documents
from reports.pages.word_section import list_standing_words, standing_out
from reports.pages.year_pages import YearPage, fold_year, make_year_page
from reports.words.texts import cut_at_word

# The card of a mark has so many headlines of its documents, each so long.
HEADLINES, MOST_LETTERS = 2, 110


def read_months(
    run: RunData, front: FrontPage, store: FigureStore, mentions: Iterable[MentionRow]
) -> Iterator[MonthPage | YearPage]:
    """Yield the page of each month with one, and add what it has drawn to its keywords.

    *mentions* are all of the run, in the order of its months. If the run is grouped by year, the
    page of each year follows its months. Memory holds one year and the counts of all years.
    """
    mentions_by_month = groupby(mentions, key=attrgetter("period"))
    following = next(mentions_by_month, None)
    for year, periods in groupby(front.span, key=lambda period: period[:4]):
        for period in periods:
            month_mentions: list[MentionRow] = []
            if following is not None and following[0] == period:
                month_mentions = sorted(following[1], key=_publication)
                following = next(mentions_by_month, None)
            if period in front.paged_months:
                page = _make_page(run, front, store, period, month_mentions)
                yield page
                _note_month(page)

        if front.years:
            yield make_year_page(front, year)
            fold_year(front, year)


def _make_page(
    run: RunData,
    front: FrontPage,
    store: FigureStore,
    period: str,
    mentions: Sequence[MentionRow],
) -> MonthPage:
    """Draw a month's figures and return its page; *mentions* are in order of publication."""
    sentences = group_by_keyword(mentions)
    entity_rows = group_by("keyword", read_entities(run, [period]))
    phrases = group_by("keyword", read_phrases(run, [period]))
    places, repeated = read_places(run, period)
    sections: list[MonthSection] = []
    for keyword in front.keywords:
        if period not in keyword.months:
            continue

        asked, row, keyword_mentions = (
            keyword.asked,
            keyword.months[period],
            sentences[keyword.name],
        )
        keyword.phrases_by_month[period] = phrases[keyword.name]
        word_rows = keyword.words_by_month.get(period, [])
        no_repeats = [mention for mention in keyword_mentions if mention.document not in repeated]
        counted = count_month_words(asked, no_repeats)
        documents = keyword.subject.find(period=period)
        monthly = replace(
            keyword.subject, slug=f"{keyword.subject.slug}-{period}", documents=documents
        )
        section = MonthSection(
            keyword=keyword,
            row=row,
            polarities=[] if polarity_gaps([row]) else _list_polarities(keyword_mentions),
            counted=counted,
            words=counted.draw(
                run, store, monthly, has_repeats=len(no_repeats) < len(keyword_mentions)
            ),
            phrases=[
                phrase
                for phrase in phrases[keyword.name]
                if says_something(phrase.phrase, phrase.count, asked.terms)
            ],
            names=entities.top_names(
                entity_rows[keyword.name], asked.patterns, run_names=read_run_names(run)
            ),
            standing_words=list_standing_words(word_rows),
            readings=choose_documents(
                keyword_mentions,
                asked.patterns,
                places.get,
                standing_out(word_rows),
                run.neutral_band,
                period_noun=run.kind.job_noun,
            ),
        )
        sections.append(section)

    before, after = neighbours(period, front.paged_months)
    return MonthPage(
        front=front,
        period=period,
        before=before,
        after=after,
        sections=sections,
        mentions=PageRows.of(mentions),
    )


def _note_month(page: MonthPage) -> None:
    """Add what a month's page has drawn to the counts of all months, and release the rest."""
    for section in page.sections:
        keyword = section.keyword
        keyword.word_counts.update(section.counted.counts)
        keyword.counted_documents += section.counted.documents
        keyword.phrases += section.phrases
        keyword.polarities.extend(section.polarities)
        passages = [reading.mention.text for reading in section.readings[:HEADLINES]]
        if passages:
            quoted = [cut_at_word(passage, MOST_LETTERS) for passage in passages]
            keyword.headlines[page.period] = quoted


def _list_polarities(sentences: Iterable[MentionRow]) -> list[float]:
    """Return the polarities of the mentions that have a day and a polarity."""
    return [
        mention.polarity
        for mention in sentences
        if mention.published_at is not None and mention.polarity is not None
    ]


def group_by_keyword(mentions: Iterable[MentionRow]) -> dict[str, list[MentionRow]]:
    """Return the mentions of each keyword, in their order.

    A sentence that holds two terms has two rows and is given once, the last of them.
    """
    sentences: dict[str, dict[tuple[str, int], MentionRow]] = defaultdict(dict)
    for mention in mentions:
        sentences[mention.keyword][mention.document, mention.position] = mention

    grouped: dict[str, list[MentionRow]] = defaultdict(list)
    for keyword, keyword_sentences in sentences.items():
        grouped[keyword] = sorted(keyword_sentences.values(), key=_publication)

    return grouped


def _publication(mention: MentionRow) -> tuple[str, str, int]:
    return str(mention.published_at or ""), mention.document, mention.position


def neighbours(page_name: str, page_names: Sequence[str]) -> tuple[str | None, str | None]:
    """Return what comes before and after *page_name* in *page_names*, which are in order."""
    index = bisect_left(page_names, page_name)
    previous_page = page_names[index - 1] if index else None
    return previous_page, page_names[index + 1] if index + 1 < len(page_names) else None
