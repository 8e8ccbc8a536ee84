"""The page of one month of a run: each keyword's cloud, phrases, names, documents, all mentions."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.options import Keyword
from analysis.text.phrases import says_something
from reports.data.period_gaps import polarity_gaps
from reports.data.repeat_counts import count_repeated_documents
from reports.data.repeats import read_places
from reports.data.run_data import RunData
from reports.data.tables.distinctive import DistinctiveRow, read_distinctive
from reports.data.tables.entities import EntityRow, read_entities, read_run_names
from reports.data.tables.mentions import MentionRow
from reports.data.tables.phrases import read_phrases
from reports.data.years import groups_by_year
from reports.figures import entities, style
from reports.figures.figure_store import FigureStore
from reports.figures.spec import Subject
from reports.pages.month_section import KeywordMonth, MonthPage, MonthSection
from reports.pages.month_words import count_month_words
from reports.pages.page_rows import PageRows
from reports.pages.reading_list import PlaceOf, choose_documents
from reports.pages.word_section import list_standing_words, no_word_stands_out, standing_out


@dataclass(frozen=True)
class MonthReader:
    """What the pages of all months of a run are made from."""

    run: RunData
    store: FigureStore
    keywords: Sequence[Keyword]

    # Subjects and notes on the scale of polarities, by keyword.
    subjects: Mapping[str, Subject]
    scales: Mapping[str, str]

    scale_of_all: str
    span: style.Range

    # The months that have a page, in order.
    pages: Sequence[str]

    def make_page(
        self, period: str, months: Mapping[str, KeywordMonth], mentions: Iterable[MentionRow]
    ) -> MonthPage:
        """Draw a month's figures and return its page; *months* are those of each keyword."""
        sorted_mentions = sorted(mentions, key=_publication)
        sentences = {}
        for keyword, keyword_mentions in group_by_keyword(self.keywords, sorted_mentions):
            sentences[keyword.name] = keyword_mentions

        entity_rows = list(read_entities(self.run, [period]))
        distinctive_rows = list(read_distinctive(self.run, [period]))
        places, repeated = read_places(self.run, period)
        _add_phrases(self.run, period, months)
        sections: list[MonthSection] = []

        for keyword in self.keywords:
            if keyword.name in months:
                month, keyword_mentions = months[keyword.name], sentences.get(keyword.name, [])
                section = self._make_section(
                    keyword,
                    month,
                    keyword_mentions,
                    entity_rows,
                    distinctive_rows,
                    place_of=places.get,
                    repeated=repeated,
                )
                sections.append(section)

        previous_month, next_month = neighbours(period, self.pages)
        year = period[:4] if groups_by_year(self.run) else None
        return MonthPage(
            period,
            previous_month,
            next_month,
            year,
            sections,
            PageRows.of(sorted_mentions),
            self.scale_of_all,
        )

    def _make_section(
        self,
        keyword: Keyword,
        month: KeywordMonth,
        sentences: Sequence[MentionRow],
        entity_rows: Sequence[EntityRow],
        distinctive_rows: Sequence[DistinctiveRow],
        *,
        place_of: PlaceOf,
        repeated: Collection[str],
    ) -> MonthSection:
        """Make the section of a keyword in a month.

        *entity_rows* and *distinctive_rows* are those of all keywords, *repeated* the documents of
        the month that are repeats.
        """
        subject, period = self.subjects[keyword.name], month.row.period
        no_repeats = [mention for mention in sentences if mention.document not in repeated]
        words = count_month_words(keyword, no_repeats)
        monthly = replace(
            subject, slug=f"{subject.slug}-{period}", documents=subject.find(period=period)
        )
        keyword_entities = [entity for entity in entity_rows if entity.keyword == keyword.name]
        keyword_words = [row for row in distinctive_rows if row.keyword == keyword.name]
        return MonthSection(
            name=keyword.name,
            subject=subject,
            scale=self.scales[keyword.name],
            month=month,
            polarities=[] if polarity_gaps([month.row]) else _list_polarities(sentences),
            words=words.draw(
                self.run, self.store, monthly, has_repeats=len(no_repeats) < len(sentences)
            ),
            word_counts=words.counts,
            counted_documents=words.documents,
            # Phrases that only repeat the keyword are left out.
            phrases=[
                row for row in month.phrases if says_something(row.phrase, row.count, keyword.terms)
            ],
            names=entities.top_names(
                keyword_entities, keyword.patterns, run_names=read_run_names(self.run)
            ),
            standing_words=list_standing_words(keyword_words),
            nothing_distinctive=no_word_stands_out(keyword_words),
            readings=choose_documents(
                sentences,
                keyword.patterns,
                place_of,
                standing_out(keyword_words),
                self.run.neutral_band,
                period_noun=self.run.kind.job_noun,
            ),
            repeated_documents=count_repeated_documents(self.run, keyword.name, period),
        )


def _list_polarities(sentences: Iterable[MentionRow]) -> list[float]:
    """Return the polarities of the mentions that have a day and a polarity."""
    return [
        mention.polarity
        for mention in sentences
        if mention.published_at is not None and mention.polarity is not None
    ]


def group_by_keyword(
    keywords: Iterable[Keyword], mentions: Iterable[MentionRow]
) -> Iterator[tuple[Keyword, list[MentionRow]]]:
    """Yield each keyword with a month's mentions of it, in order of publication.

    A sentence that holds two terms has two rows and is given once.
    """
    sentences: dict[str, dict[tuple[str, int], MentionRow]] = defaultdict(dict)
    for mention in mentions:
        sentences[mention.keyword][mention.document, mention.position] = mention

    for keyword in keywords:
        if keyword.name in sentences:
            yield keyword, sorted(sentences[keyword.name].values(), key=_publication)


def _publication(mention: MentionRow) -> tuple[str, str, int]:
    return str(mention.published_at or ""), mention.document, mention.position


def neighbours(page_name: str, page_names: Sequence[str]) -> tuple[str | None, str | None]:
    """Return what comes before and after *page_name* in *page_names*, which are in order."""
    index = bisect_left(page_names, page_name)
    previous_page = page_names[index - 1] if index else None
    return previous_page, page_names[index + 1] if index + 1 < len(page_names) else None


def _add_phrases(run: RunData, period: str, months: Mapping[str, KeywordMonth]) -> None:
    """Give each keyword's month its phrases."""
    for phrase_row in read_phrases(run, [period]):
        if phrase_row.keyword is not None and phrase_row.keyword in months:
            months[phrase_row.keyword].phrases.append(phrase_row)
