"""The page of one month of a run: each keyword's cloud, phrases, names, documents, all mentions."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter

from analysis.options import Keyword
from analysis.text.phrases import says_something
from analysis.text.words import count_words
from reports.data.distinct_mentions import describe_repeats, drop_repeats
from reports.data.run_data import RunData
from reports.data.selection import read_places
from reports.data.tables.distinctive import DistinctiveRow, read_distinctive
from reports.data.tables.entities import EntityRow, read_entities
from reports.data.tables.mentions import MentionRow
from reports.data.tables.periods import PeriodRow
from reports.data.tables.phrases import PhraseRow, read_phrases
from reports.data.years import groups_by_year
from reports.figures import clouds, distinctive, entities, scatter, style
from reports.figures.figure_store import FigureRef, FigureStore
from reports.figures.spec import Subject
from reports.pages.page_rows import PageRows, page_rows
from reports.pages.reading_list import PlaceOf, Reading, choose_documents
from reports.words.periods import month_name
from reports.words.quantities import format_day, quantity, signed, web_address

SAMPLES = 20  # sentences of a keyword, to see which scripts they use


@dataclass
class KeywordMonth:
    """One keyword in one month, with what stays in memory while other months are read."""

    row: PeriodRow
    reasons: list[str]
    polarities: scatter.MonthOfPolarities
    phrases: list[PhraseRow]


@dataclass(frozen=True)
class MonthSection:
    """One keyword on the page of a month."""

    name: str
    subject: Subject
    scale: str  # of its polarities
    month: KeywordMonth
    figures: list[FigureRef]
    words: dict[str, int]  # where a list of them stands in place of a cloud
    words_note: str  # why it does
    word_counts: Counter[str]  # all words of the month's mentions, repeats counted once
    repeats: int  # mentions that are left out of them
    phrases: list[PhraseRow]  # without those that only repeat the keyword
    names: entities.TopNames
    distinctive: list[DistinctiveRow]  # that stand out
    nothing_distinctive: str  # what is said where none does
    readings: list[Reading]


@dataclass(frozen=True)
class MonthPage:
    """All that the template of a month needs besides the summary."""

    period: str
    before: str | None  # the months beside it, of the run
    after: str | None
    year: str | None  # whose page lists the month, of a run that is grouped by year
    sections: list[MonthSection]
    mentions: PageRows[MentionRow]
    scale: str  # of the polarities of all keywords
    texts: list[str]  # samples, to see which scripts they use

    @property
    def name(self) -> str:
        """Month and year, in words."""
        return month_name(self.period, "%B %Y")


@dataclass(frozen=True)
class MonthReader:
    """What the pages of all months of a run are made from."""

    data: RunData
    store: FigureStore
    keywords: Sequence[Keyword]
    subjects: Mapping[str, Subject]  # by keyword
    scales: Mapping[str, str]  # of each keyword's polarities
    scale_of_all: str
    span: style.Range
    pages: Sequence[str]  # the months that have a page, in their order

    def make_page(
        self, period: str, months: Mapping[str, KeywordMonth], mentions: Iterable[MentionRow]
    ) -> MonthPage:
        """Draw a month's figures and return its page; *months* are those of each keyword."""
        rows = sorted(mentions, key=_publication)
        sentences = {}
        for keyword, of_keyword in group_by_keyword(self.keywords, rows):
            sentences[keyword.name] = of_keyword
        names = list(read_entities(self.data, [period]))
        words = list(read_distinctive(self.data, [period]))
        place_of = read_places(self.data, map(attrgetter("document"), rows))
        _add_phrases(self.data, period, months)
        sections: list[MonthSection] = []
        texts: list[str] = []

        for keyword in self.keywords:
            if keyword.name in months:
                month, of_keyword = months[keyword.name], sentences.get(keyword.name, [])
                section = self._make_section(
                    keyword, month, of_keyword, names, words, place_of=place_of
                )
                sections.append(section)
                texts += map(attrgetter("sentence"), islice(of_keyword, SAMPLES))

        before, after = neighbours(period, self.pages)
        table = page_rows(rows, _values)
        year = period[:4] if groups_by_year(self.data) else None
        return MonthPage(period, before, after, year, sections, table, self.scale_of_all, texts)

    def draw_month(
        self, keyword: Keyword, month: KeywordMonth, sentences: Sequence[MentionRow]
    ) -> tuple[list[FigureRef], Counter[str], int]:
        """Draw a month's scatter and cloud; return them, its words, and in how many mentions.

        Of texts that differ in names or figures only, the first alone has words.
        """
        subject, period = self.subjects[keyword.name], month.row.period
        patterns = keyword.patterns
        distinct = drop_repeats(sentences)
        words = count_words(map(attrgetter("sentence"), distinct), patterns)
        chosen = self._choose_words(words, keyword)
        scored = []
        for mention in sentences:
            if mention.published_at is not None and mention.polarity is not None:
                scored.append((mention.published_at.day, mention.polarity))

        month.polarities = scatter.of_month(month.row, scored)
        name = month_name(period, "%B %Y")
        repeats = describe_repeats(len(sentences) - len(distinct), "mention")
        caption = f"The words of {quantity(len(distinct), 'mention')} in {name}.{repeats}"
        prefix, mask = f"{subject.slug}-{period}", self.data.mask
        figures = self.store.show_all(
            scatter.month_spec(subject, month.polarities, scale=self.scales[keyword.name]),
            clouds.cloud_spec(prefix, chosen, mask, caption, has_png=False),
        )
        return figures, words, len(distinct)

    def _choose_words(self, words: Counter[str], keyword: Keyword) -> dict[str, int]:
        return clouds.choose(words, keyword.terms, self.data.parameters.max_words)

    def _make_section(
        self,
        keyword: Keyword,
        month: KeywordMonth,
        sentences: Sequence[MentionRow],
        names: Sequence[EntityRow],
        words: Sequence[DistinctiveRow],
        *,
        place_of: PlaceOf,
    ) -> MonthSection:
        """Draw the figures of a keyword in a month. *names* and *words* are of all keywords."""
        subject = self.subjects[keyword.name]
        patterns = keyword.patterns
        figures, word_counts, distinct = self.draw_month(keyword, month, sentences)
        has_cloud = any(figure.layout == clouds.LAYOUT for figure in figures)
        listed = {} if has_cloud else self._choose_words(word_counts, keyword)
        repeats = len(sentences) - distinct
        note = clouds.describe_list(listed, quantity(distinct, "mention"))
        of_keyword = [row for row in names if row.keyword == keyword.name]
        of_month = [row for row in words if row.keyword == keyword.name]
        standing_out = distinctive.standing_out(of_month)
        phrases = []
        for row in month.phrases:
            if says_something(row.phrase, row.count, keyword.terms):
                phrases.append(row)

        return MonthSection(
            name=keyword.name,
            subject=subject,
            scale=self.scales[keyword.name],
            month=month,
            figures=figures,
            words={} if clouds.no_word_twice(listed) else listed,
            words_note=note + describe_repeats(repeats, "mention") if note else "",
            word_counts=word_counts,
            repeats=repeats,
            phrases=phrases,
            names=entities.top_names(of_keyword, patterns, of_run=names),
            distinctive=standing_out,
            nothing_distinctive=distinctive.no_word_stands_out(of_month),
            readings=choose_documents(sentences, patterns, place_of, standing_out),
        )


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


def _values(mention: MentionRow) -> tuple[str | float | None, ...]:
    """Return what the table of mentions shows of one: see the heads in `month.html`."""
    return (
        format_day(mention.published_at),
        web_address(mention.address),
        mention.keyword,
        mention.term,
        mention.sentence,
        mention.polarity,
        "\u2013" if mention.polarity is None else signed(mention.polarity),
    )


def neighbours(name: str, names: Sequence[str]) -> tuple[str | None, str | None]:
    """Return what comes before and after *name* in *names*, which are in order."""
    place = bisect_left(names, name)
    before = names[place - 1] if place else None
    return before, names[place + 1] if place + 1 < len(names) else None


def _add_phrases(data: RunData, period: str, months: Mapping[str, KeywordMonth]) -> None:
    """Give each keyword's month its phrases."""
    for row in read_phrases(data, [period]):
        if row.keyword is not None and row.keyword in months:
            months[row.keyword].phrases.append(row)
