"""The phrases among a month's most common, and the number of documents that hold them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis import grains
from core.enums import Grain
from reports.data.period_counts import gaps
from reports.data.tables.periods import PeriodRow
from reports.data.tables.phrases import PhraseRow
from reports.figures import style
from reports.figures.marks import Heat, Mark, Picture, label_columns, name_row
from reports.figures.sheet import HATCHED
from reports.figures.spec import FigureSpec, Subject
from reports.stats.thresholds import FEW
from reports.words.periods import period_name
from reports.words.quantities import quantity


@dataclass(frozen=True)
class PhraseGrid:
    """*counts[i][j]*: documents of month j with phrase i; None: not among that month's phrases."""

    phrases: tuple[str, ...]
    periods: tuple[str, ...]
    counts: tuple[tuple[int | None, ...], ...]


def grid(
    phrases_by_month: Mapping[str, Sequence[tuple[str, int]]], *, span: style.Range, most: int = 20
) -> PhraseGrid:
    """Return the *most* lasting and frequent phrases, in order of their first month.

    *phrases_by_month* holds pairs of a phrase and its count.
    """
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for period, phrases in phrases_by_month.items():
        for phrase, count in phrases:
            counts[phrase][period] = count

    def weight(phrase: str) -> tuple[int, int, str]:
        return -len(counts[phrase]), -sum(counts[phrase].values()), phrase

    def first_month(phrase: str) -> tuple[str, int, str]:
        return min(counts[phrase]), -sum(counts[phrase].values()), phrase

    chosen = sorted(sorted(counts, key=weight)[:most], key=first_month)
    periods = tuple(span)
    cells = tuple(tuple(counts[phrase].get(period) for period in periods) for phrase in chosen)
    return PhraseGrid(tuple(chosen), periods, cells)


def merge(phrases: Iterable[PhraseRow], period: str, most: int) -> list[PhraseRow]:
    """Add up the phrases of several months; return the *most* frequent as those of *period*."""
    counts = Counter[str]()
    phrase_row = None
    for phrase_row in phrases:
        counts[phrase_row.phrase] += phrase_row.count

    if phrase_row is None:
        return []

    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:most]
    merged = []
    for rank, (phrase, count) in enumerate(ranked, 1):
        merged.append(PhraseRow(phrase_row.run, period, phrase_row.keyword, rank, phrase, count))

    return merged


def _heat(
    subject: Subject, table: PhraseGrid, missing: Sequence[str], title: str, most: int
) -> Heat:
    """Return a row for each phrase, a cell for each month that has it; hatched: no data."""
    rows = {}
    for phrase, counts in zip(table.phrases, table.counts, strict=True):
        marks = []
        for period, count in zip(table.periods, counts, strict=True):
            if count is not None:
                said = f"“{phrase}” in {quantity(count, 'document')}"
                mark = Mark(
                    position=period,
                    value=count,
                    label=f"{count:,}",
                    title=f"{period_name(period, '%B %Y')}: {said}",
                    row=name_row("phrases", period, subject.slug, phrase),
                    documents=subject.find(period=period, phrase=phrase),
                )
                marks.append(mark)

        rows[phrase] = marks

    top = max(mark.value or 0 for marks in rows.values() for mark in marks)
    unit = grains.grain_of(table.periods[0]).value
    return Heat(
        rows=rows,
        columns=label_columns(style.Range(table.periods[0], table.periods[-1])),
        title=title,
        sub=f"of the documents that mention it · blank: not among a {unit}'s {most}",
        # The cell of a phrase in few documents is not to be dark.
        high=max(top, 2.0 * FEW),
        # A phrase in hundreds of documents must not blanch all others.
        power=0.5,
        gaps={phrase: [gap for gap in missing if gap in table.periods] for phrase in rows},
        legend={"no data": HATCHED} if missing else {},
    )


def phrases_spec(
    subject: Subject, phrases: Sequence[PhraseRow], period_rows: Sequence[PeriodRow], *, kept: int
) -> FigureSpec | None:
    """Declare the figure of a keyword's *phrases*; *period_rows* are the keyword's."""
    if not phrases:
        return None

    phrases_by_month: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for phrase in phrases:
        phrases_by_month[phrase.job].append((phrase.phrase, phrase.count))

    table = grid(phrases_by_month, span=subject.span)
    unit = subject.span.grain
    whose = ""
    if unit == Grain.YEAR:
        whose = (
            f"Of a year the phrases are added up that were among the {kept} most common of one of "
            "its months. "
        )

    title = f"Phrases on {subject.name}"
    return FigureSpec(
        name=f"{subject.slug}-phrases",
        picture=Picture(panels=[_heat(subject, table, gaps(period_rows), title, kept)]),
        alt=f"Heat chart of phrases by {unit}: {', '.join(table.phrases)}.",
        caption=f"Each {unit}'s {kept} most common phrases, and how many documents on "
        f"{subject.name} hold them. {whose}A blank cell is no zero: the phrase was not among the "
        f"{unit}'s first. All phrases are in phrases.csv.",
    )
