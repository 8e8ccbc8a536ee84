"""What the page of a run of months shows: a section for each keyword, a part of it for each month."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby

from models import parameters as asked
from models.database import Database
from reports import findings, results
from reports.album import Album, Shown, slug
from reports.coverage import CoverageGrid, coverage_grid
from reports.drawing import cloud, draw, top_entities
from reports.facts import Facts
from reports.figures import clouds, entities, moods, phrases, scatter, series, style, terms
from reports.results import MentionRow, PeriodRow, PhraseRow
from textapi.engine.keywords import pattern

TABLE_ROWS = 1000  # mentions shown on the page; all of them are in the exports


@dataclass
class MonthSection:
    """One month of one keyword."""

    row: PeriodRow
    name: str
    reasons: list[str]
    scatter: Shown | None = None
    cloud: Shown | None = None
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
    figures: dict[str, Shown] = field(default_factory=dict)
    mentions: int = 0
    matched: int = 0
    mean: float | None = None


@dataclass
class MonthsPage:
    """All that the template of a run of months needs besides the facts."""

    span: style.Range
    keywords: list[KeywordSection]
    mentions: list[MentionRow]
    mentions_in_all: int
    coverage: CoverageGrid
    texts: list[str]  # samples of the texts, to see which writing systems they use


def make(db: Database, facts: Facts, album: Album) -> MonthsPage:
    """Read a run's results and draw its pictures; memory is that of one month and of the counts of all."""
    parameters = facts.parameters
    assert isinstance(parameters, asked.MonthsParameters)  # noqa: S101 - the caller chose by kind
    coverage = coverage_grid(db, facts.id)
    periods = list(results.periods(db, facts.id))
    said = list(results.phrases(db, facts.id))
    sections = {k.name: _section(k, periods, said, coverage) for k in parameters.keywords}
    page = MonthsPage(style.Range(parameters.first, parameters.last), list(sections.values()), [], 0, coverage, [])
    _month_by_month(db, facts, page, album)
    named = list(results.entities(db, facts.id))
    for section in sections.values():
        of_keyword = top_entities(row for row in named if row.keyword == section.name)
        _figures(section, page.span, parameters.phrases, album, of_keyword)
    return page


def _section(
    keyword: asked.Keyword, periods: list[PeriodRow], said: list[PhraseRow], coverage: CoverageGrid
) -> KeywordSection:
    of_keyword = [row for row in periods if row.keyword == keyword.name]
    rows = [row for row in of_keyword if row.term is None]
    by_term = {term: [row for row in of_keyword if row.term == term] for term in keyword.terms}
    months = {
        row.period: MonthSection(
            row,
            style.month_name(row.period, "%B %Y"),
            sorted({r.reason for r in coverage.jobs.get(row.period, {}).values() if r.reason}),
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
        findings.of_keyword(f"“{keyword.name}”", rows, several),
        months,
        mentions=sum(row.mentions or 0 for row in rows),
        matched=sum(row.matched or 0 for row in rows),
        mean=_mean_of_means(rows),
    )


def _mean_of_means(rows: list[PeriodRow]) -> float | None:
    weighed = [(row.polarity_mean, row.mentions) for row in rows if row.polarity_mean is not None and row.mentions]
    n = sum(mentions for _, mentions in weighed)
    return sum(mean * mentions for mean, mentions in weighed) / n if n else None


def _month_by_month(db: Database, facts: Facts, page: MonthsPage, album: Album) -> None:
    """One pass over all mentions: each month's scatter and cloud, and what all months have together."""
    words: dict[str, Counter[str]] = {section.name: Counter() for section in page.keywords}
    polarities: dict[str, dict[str, scatter.MonthOfPolarities]] = {section.name: {} for section in page.keywords}
    for period, of_month in groupby(results.mentions(db, facts.id), key=lambda row: row.period):
        by_keyword: dict[str, list[MentionRow]] = {section.name: [] for section in page.keywords}
        for mention in of_month:
            page.mentions_in_all += 1
            if len(page.mentions) < TABLE_ROWS:
                page.mentions.append(mention)
            by_keyword[mention.keyword].append(mention)
        for section in page.keywords:
            once = _each_sentence_once(by_keyword[section.name])
            month = section.months[period]
            month.sentences = once[:3]
            polarities[section.name][period] = _polarities(month.row, once)
            counted = clouds.count_words((m.sentence for m in once), [pattern(term) for term in section.terms])
            words[section.name] += counted
            page.texts += [m.sentence for m in once[:20]]
            month.cloud = cloud(
                album,
                f"{section.slug}-{period}-cloud",
                counted,
                section.terms,
                facts,
                caption=f"The words of {len(once):,} mentions in {month.name}.",
            )
    for section in page.keywords:
        _scatters(section, polarities[section.name], album)
        whole = cloud(
            album,
            f"{section.slug}-cloud",
            words[section.name],
            section.terms,
            facts,
            caption=f"The words of all {section.mentions:,} mentions, larger where more frequent.",
        )
        if whole:
            section.figures["cloud"] = whole


def _each_sentence_once(mentions: list[MentionRow]) -> list[MentionRow]:
    """A sentence that holds two terms has two rows; in order of publication."""
    once = {(m.document, m.position): m for m in mentions}
    return sorted(once.values(), key=lambda m: (m.published_at or "", m.document, m.position))


def _polarities(row: PeriodRow, mentions: list[MentionRow]) -> scatter.MonthOfPolarities:
    scored = [(int((m.published_at or "")[8:10]), m.polarity) for m in mentions if m.polarity is not None]
    return scatter.MonthOfPolarities(
        row.period,
        not moods.gaps([row]),
        tuple(day for day, _ in scored),
        tuple(polarity for _, polarity in scored),
        row.polarity_mean,
        row.polarity_low,
        row.polarity_high,
    )


def _scatters(section: KeywordSection, found: dict[str, scatter.MonthOfPolarities], album: Album) -> None:
    all_months = [found.get(row.period) or _polarities(row, []) for row in section.rows]
    if not any(month.polarities for month in all_months):
        return
    subject = f"“{section.name}”"
    for month in all_months:
        if month.polarities:
            section.months[month.period].scatter = album.show(
                f"{section.slug}-{month.period}-polarity",
                (month, subject),
                lambda month=month: draw([subject], lambda: scatter.month_figure(month, subject=subject)),  # type: ignore[misc]
                alt=f"Scatter of the polarity of {len(month.polarities)} mentions of {subject} by day of "
                f"{style.month_name(month.period, '%B %Y')}.",
                caption="Each dot is a sentence that mentions it, side by side within its day; the line is the mean, "
                "the band its 95 % interval (from five mentions on).",
            )
    section.figures["sheet"] = album.show(
        f"{section.slug}-sheet",
        (all_months, subject),
        lambda: draw([subject], lambda: scatter.sheet_figure(all_months, subject=subject)),
        alt=f"One small scatter of polarity for each of {len(all_months)} months, all to one scale.",
        caption="Every mention of every month to one scale; the line is the month's mean. Dots and lines are "
        "lighter where n < 5; hatched months have no data.",
    )


def _figures(
    section: KeywordSection,
    span: style.Range,
    kept: int,
    album: Album,
    named: dict[str, list[tuple[str, int]]],
) -> None:
    subject, rows = f"“{section.name}”", section.rows
    shown = section.figures
    shown["mentions"] = album.show(
        f"{section.slug}-mentions",
        (rows, span, subject),
        lambda: draw([subject], lambda: series.mentions_figure(rows, span=span, subject=subject)),
        alt=f"Bars: mentions of {subject} per month, {section.mentions:,} in all. Below: the share of documents with "
        "a mention and its interval. The numbers are in the table of months.",
        caption="A ring at zero is a true zero: documents were read, none mentions it. A hatched month has no data. "
        "Bars and dots are lighter where n < 5.",
    )
    if any(row.polarity_mean is not None for row in rows):
        shown["overall"] = album.show(
            f"{section.slug}-mood",
            (rows, span, subject),
            lambda: draw([subject], lambda: moods.overall_figure(rows, span=span, subject=subject)),
            alt=f"Line: mean polarity of the mentions of {subject} in each month, with its interval. The numbers are "
            "in the table of months.",
            caption="The line breaks where a month has no mention or no data. Hollow dots: n < 5. The figures along "
            "the lower edge are n.",
        )
        shown["yearly"] = album.show(
            f"{section.slug}-years",
            (rows, subject),
            lambda: draw([subject], lambda: moods.yearly_figure(rows, subject=subject)),
            alt=f"A panel for each year with the monthly mean polarity of {subject}.",
            caption="The same months year by year, to one scale.",
        )
    if len(section.by_term) > 1 and section.mentions:
        shown["terms"] = album.show(
            f"{section.slug}-terms",
            (section.by_term, rows, span),
            lambda: draw(
                list(section.terms),
                lambda: terms.terms_figure(section.by_term, rows, span=span, subject=subject),
            ),
            alt="Stacked bars: mentions per month of " + ", ".join(section.terms) + ".",
            caption="Terms apart (stacked) and together (the black marks: a sentence with two terms counts once). "
            "A dashed line marks where one word gives way to another.",
        )
    by_month = {period: [(p.phrase, p.count) for p in month.phrases] for period, month in section.months.items()}
    if any(by_month.values()):
        table = phrases.grid(by_month, span=span)
        gaps = series.gaps(rows)
        shown["phrases"] = album.show(
            f"{section.slug}-phrases",
            (table, gaps, subject, kept),
            lambda: draw(
                list(table.phrases), lambda: phrases.phrases_figure(table, gaps=gaps, subject=subject, kept=kept)
            ),
            alt="Heat chart of phrases by month: " + ", ".join(table.phrases) + ".",
            caption=f"The phrases that were among a month's {kept} most common, in the order in which they came up; a "
            "cell holds the number of documents. A blank cell is no zero: the phrase was not among the month's first.",
        )
    if named:
        unit = "times named in documents that mention it"
        shown["entities"] = album.show(
            f"{section.slug}-entities",
            (named, subject),
            lambda: draw(
                [n for names in named.values() for n, _ in names],
                lambda: entities.entities_figure(named, subject=subject, unit=unit),
            ),
            alt="Bars of the most frequent names by type: "
            + "; ".join(f"{kind}: " + ", ".join(n for n, _ in names[:3]) for kind, names in named.items())
            + ".",
            caption="Counts over all months; names are merged where their spellings are surely one. "
            "Dates, sums and numbers are left to entities.csv.",
        )
