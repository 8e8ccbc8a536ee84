"""What the page of a run of months shows: a section for each keyword, a part of it for each month."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from analysis import options
from analysis import parameters as run_parameters
from reports import highlights
from reports.drawing import Named, cloud, draw, entities_shown, top_entities
from reports.figure_store import FigureRef, FigureStore, slug
from reports.figures import clouds, phrases, polarity, scatter, series, style, terms
from reports.run_data import RunData
from reports.statistics import t_interval
from reports.tables.coverage import CoverageGrid, read_coverage_grid
from reports.tables.entities import read_entities
from reports.tables.mentions import MentionRow, read_mentions
from reports.tables.periods import PeriodRow, read_periods
from reports.tables.phrases import PhraseRow, read_phrases
from textapi.text.keywords import pattern

TABLE_ROWS = 1000  # mentions shown on the page; all of them are in the exports
FIGURES_PER_KEYWORD = 2  # of each month: scatter and cloud


@dataclass
class MonthSection:
    """One month of one keyword."""

    row: PeriodRow
    name: str
    reasons: list[str]
    polarities: scatter.MonthOfPolarities
    scatter: FigureRef | None = None
    cloud: FigureRef | None = None
    phrases: list[PhraseRow] = field(default_factory=list)
    sentences: list[MentionRow] = field(default_factory=list)  # the first few

    @property
    def year(self) -> str:
        """Of the month."""
        return self.row.period[:4]

    @property
    def number(self) -> int:
        """Of the month in its year, from 1."""
        return int(self.row.period[5:])


@dataclass
class KeywordSection:
    """One keyword over all months."""

    name: str
    slug: str
    terms: tuple[str, ...]
    rows: list[PeriodRow]
    by_term: dict[str, list[PeriodRow]]
    findings: list[str]
    months: dict[str, MonthSection]
    figures: dict[str, FigureRef] = field(default_factory=dict)
    words: Counter[str] = field(default_factory=Counter)  # of all mentions
    polarities: array[float] = field(
        default_factory=lambda: array("d")
    )  # of all mentions in months that are known
    mentions: int = 0
    matched: int = 0
    mean: float | None = None  # with its 95 % interval
    low: float | None = None
    high: float | None = None


@dataclass
class MonthsPage:
    """All that the template of a run of months needs besides the summary."""

    span: style.Range
    keywords: list[KeywordSection]
    mentions: list[MentionRow]
    mentions_in_all: int
    coverage: CoverageGrid
    texts: list[str]  # samples of the texts, to see which writing systems they use


def make_page(data: RunData, store: FigureStore, mentions: Iterator[MentionRow]) -> MonthsPage:
    """Read a run's results and draw its pictures; memory is that of one month and of the counts of all."""
    parameters = _parameters(data)
    coverage = read_coverage_grid(data)
    periods = list(read_periods(data))
    said = list(read_phrases(data))
    sections = [_section(k, periods, said, coverage) for k in parameters.keywords]
    page = MonthsPage(style.Range(parameters.first, parameters.last), sections, [], 0, coverage, [])
    _month_by_month(mentions, data, page, store)
    named = list(read_entities(data))
    for section in sections:
        patterns = [pattern(term) for term in section.terms]
        of_keyword = top_entities((row for row in named if row.keyword == section.name), patterns)
        _figures(section, page, parameters.phrases, store, of_keyword)
    return page


def draw_figures(data: RunData, store: FigureStore, names: Collection[str]) -> None:
    """Draw the pictures of the months *names* alone, which `make_page` then finds."""
    rows = list(read_periods(data, names))
    sections = [_section(k, rows, [], CoverageGrid((), {})) for k in _parameters(data).keywords]
    for period, said in groupby(read_mentions(data, names), key=lambda row: row.period):
        for section, once in _by_keyword(sections, said):
            _month_pictures(section, section.months[period], once, data, store)


def _parameters(data: RunData) -> run_parameters.MonthsParameters:
    assert isinstance(data.parameters, run_parameters.MonthsParameters)  # noqa: S101 - the caller chose by kind
    return data.parameters


def _section(
    keyword: options.Keyword,
    periods: list[PeriodRow],
    said: list[PhraseRow],
    coverage: CoverageGrid,
) -> KeywordSection:
    of_keyword = [row for row in periods if row.keyword == keyword.name]
    rows = [row for row in of_keyword if row.term is None]
    by_term = {term: [row for row in of_keyword if row.term == term] for term in keyword.terms}
    months = {
        row.period: MonthSection(
            row,
            style.month_name(row.period, "%B %Y"),
            sorted({r.reason for r in coverage.jobs.get(row.period, {}).values() if r.reason}),
            scatter.of_month(row, []),
            phrases=[p for p in said if p.job == row.period and p.keyword == keyword.name],
        )
        for row in rows
    }
    several = by_term if len(by_term) > 1 else {}
    return KeywordSection(
        keyword.name,
        slug(keyword.name),
        keyword.terms,
        rows,
        by_term,
        highlights.keyword_highlights(f"“{keyword.name}”", rows, several),
        months,
        mentions=sum(row.mentions or 0 for row in rows),
        matched=sum(row.matched or 0 for row in rows),
    )


def _month_by_month(
    mentions: Iterator[MentionRow], data: RunData, page: MonthsPage, store: FigureStore
) -> None:
    """One pass over all mentions: each month's pictures, and what all months have together."""
    for period, of_month in groupby(mentions, key=lambda row: row.period):
        for section, once in _by_keyword(page.keywords, _noted(of_month, page)):
            month = section.months[period]
            month.sentences = once[:3]
            page.texts += [m.sentence for m in once[:20]]
            section.words.update(_month_pictures(section, month, once, data, store))
            if month.polarities.known:
                section.polarities.extend(m.polarity for m in once if m.polarity is not None)
            month.polarities = scatter.thinned(month.polarities, scatter.SMALL_DOTS)
    for section in page.keywords:
        section.mean, section.low, section.high = t_interval(section.polarities)
        _all_months(section, data, store)


def _noted(of_month: Iterable[MentionRow], page: MonthsPage) -> Iterator[MentionRow]:
    """The mentions as they come, the first of all also for the page's table."""
    for mention in of_month:
        page.mentions_in_all += 1
        if len(page.mentions) < TABLE_ROWS:
            page.mentions.append(mention)
        yield mention


def _by_keyword(
    sections: Sequence[KeywordSection], mentions: Iterable[MentionRow]
) -> Iterator[tuple[KeywordSection, list[MentionRow]]]:
    """Each keyword with a month's mentions of it; a sentence that holds two terms has two rows and is given once.

    In order of publication.
    """
    once: dict[str, dict[tuple[str, int], MentionRow]] = {section.name: {} for section in sections}
    for m in mentions:
        once[m.keyword][m.document, m.position] = m
    for section in sections:
        in_order = sorted(
            once[section.name].values(),
            key=lambda m: (m.published_at or "", m.document, m.position),
        )
        if in_order:
            yield section, in_order


def _month_pictures(
    section: KeywordSection,
    month: MonthSection,
    once: list[MentionRow],
    data: RunData,
    store: FigureStore,
) -> Counter[str]:
    """Draw a month's scatter and cloud; its words."""
    counted = clouds.count_words(
        (m.sentence for m in once), [pattern(term) for term in section.terms]
    )
    month.cloud = cloud(
        store,
        f"{section.slug}-{month.row.period}-cloud",
        counted,
        section.terms,
        data,
        caption=f"The words of {len(once):,} mentions in {month.name}.",
    )
    scored = [
        (int((m.published_at or "")[8:10]), m.polarity) for m in once if m.polarity is not None
    ]
    month.polarities = found = scatter.of_month(month.row, scored)
    if scored:
        subject = f"“{section.name}”"
        drawn = scatter.thinned(found, scatter.MOST_DOTS)
        month.scatter = store.show(
            f"{section.slug}-{month.row.period}-polarity",
            (drawn, subject),
            lambda: draw([subject], lambda: scatter.month_figure(drawn, subject=subject)),
            alt=f"Scatter of the polarity of {found.n:,} mentions of {subject} by day of {month.name}.",
            caption="Each dot is a sentence that mentions it, side by side within its day; the line is the mean, "
            "the band its 95 % interval (from five mentions on)."
            + (
                f" One dot in {found.n / len(drawn.days):.1f} is drawn."
                if drawn is not found
                else ""
            ),
        )
    return counted


def _all_months(section: KeywordSection, data: RunData, store: FigureStore) -> None:
    """The cloud of all months, and the sheet that shows each."""
    whole = cloud(
        store,
        f"{section.slug}-cloud",
        clouds.one_spelling(section.words),
        section.terms,
        data,
        caption=f"The words of all {section.mentions:,} mentions, larger where more frequent.",
    )
    if whole:
        section.figures["cloud"] = whole
    if not section.polarities:
        return
    subject, sheet = f"“{section.name}”", [month.polarities for month in section.months.values()]
    section.figures["sheet"] = store.show(
        f"{section.slug}-sheet",
        (sheet, subject),
        lambda: draw([subject], lambda: scatter.sheet_figure(sheet, subject=subject)),
        alt=f"One small scatter of polarity for each of {len(sheet)} months, all to one scale.",
        caption="Every mention of every month to one scale"
        + (
            f", of large months {scatter.SMALL_DOTS} at even distances"
            if any(m.n > len(m.days) for m in sheet)
            else ""
        )
        + "; the line is the mean of all the month's mentions. Dots and lines are lighter where n < 5; hatched months "
        "have no data.",
    )


def _figures(
    section: KeywordSection, page: MonthsPage, kept: int, store: FigureStore, named: Named
) -> None:
    subject, rows, span = f"“{section.name}”", section.rows, page.span
    shown = section.figures
    shown["mentions"] = store.show(
        f"{section.slug}-mentions",
        (rows, span, subject),
        lambda: draw([subject], lambda: series.mentions_figure(rows, span=span, subject=subject)),
        alt=f"Bars: mentions of {subject} per month, {section.mentions:,} in all. Below: the share of documents with "
        "a mention and its interval. The numbers are in the table of months.",
        caption="A ring at zero is a true zero: documents were read, none mentions it. A hatched month has no data. "
        "Bars and dots are lighter where n < 5.",
    )
    if any(row.polarity_mean is not None for row in rows):
        shown["overall"] = store.show(
            f"{section.slug}-mood",
            (rows, span, subject),
            lambda: draw(
                [subject], lambda: polarity.overall_figure(rows, span=span, subject=subject)
            ),
            alt=f"Line: mean polarity of the mentions of {subject} in each month, with its interval. The numbers are "
            "in the table of months.",
            caption="The line breaks where a month has no mention or no data. Hollow dots: n < 5. The figures along "
            "the lower edge are n.",
        )
        shown["yearly"] = store.show(
            f"{section.slug}-years",
            (rows, subject),
            lambda: draw([subject], lambda: polarity.yearly_figure(rows, subject=subject)),
            alt=f"A panel for each year with the monthly mean polarity of {subject}.",
            caption="The same months year by year, to one scale.",
        )
    if len(section.by_term) > 1 and section.mentions:
        shown["terms"] = store.show(
            f"{section.slug}-terms",
            (section.by_term, rows, span),
            lambda: draw(
                list(section.terms),
                lambda: terms.terms_figure(section.by_term, rows, span=span, subject=subject),
            ),
            alt="Stacked bars: mentions per month of "
            + ", ".join(section.terms)
            + "; below, each one's share of them. The numbers are in periods.csv.",
            caption="Above: terms apart (stacked) and together (the black marks: a sentence with two terms counts "
            "once); a dashed line marks where one word gives way to another. Below: which of them is said.",
        )
    by_month = {
        period: [(p.phrase, p.count) for p in month.phrases]
        for period, month in section.months.items()
    }
    if any(by_month.values()):
        table = phrases.grid(by_month, span=span)
        gaps = series.gaps(rows)
        shown["phrases"] = store.show(
            f"{section.slug}-phrases",
            (table, gaps, subject, kept),
            lambda: draw(
                list(table.phrases),
                lambda: phrases.phrases_figure(table, gaps=gaps, subject=subject, kept=kept),
            ),
            alt="Heat chart of phrases by month: " + ", ".join(table.phrases) + ".",
            caption=f"The phrases that were among a month's {kept} most common, in the order in which they came up; a "
            "cell holds the number of documents. A blank cell is no zero: the phrase was not among the month's first.",
        )
    if named.by_type:
        shown["entities"] = entities_shown(
            store,
            section.slug,
            named,
            subject=subject,
            unit="times named in documents that mention it",
            texts=page.texts,
        )
