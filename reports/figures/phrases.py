"""The phrases among a month's most common, and the number of documents that hold them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from core.enums import Grain
from reports.data.period_gaps import gaps
from reports.data.tables.periods import PeriodRow
from reports.data.tables.phrases import PhraseRow
from reports.figures.marks import Heat, Mark, Picture, label_columns, name_row
from reports.figures.sheet import HATCHED
from reports.figures.spec import FigureSpec, Subject
from reports.stats.thresholds import FEW
from reports.words.periods import period_name
from reports.words.quantities import quantity


def choose(phrases: Iterable[PhraseRow], most: int = 20) -> dict[str, dict[str, int]]:
    """Return the *most* lasting and frequent phrases with their counts by period.

    They are in the order of their first period.
    """
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for row in phrases:
        counts[row.phrase][row.job] = row.count

    def weight(phrase: str) -> tuple[int, int, str]:
        return -len(counts[phrase]), -sum(counts[phrase].values()), phrase

    def first_period(phrase: str) -> tuple[str, int, str]:
        return min(counts[phrase]), -sum(counts[phrase].values()), phrase

    chosen = sorted(sorted(counts, key=weight)[:most], key=first_period)
    return {phrase: counts[phrase] for phrase in chosen}


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


def _mark(subject: Subject, phrase: str, period: str, count: int) -> Mark:
    said = f"“{phrase}” in {quantity(count, 'document')}"
    return Mark(
        position=period,
        value=count,
        label=f"{count:,}",
        title=f"{period_name(period, '%B %Y')}: {said}",
        row=name_row("phrases", period, subject.slug, phrase),
        documents=subject.find(period=period, phrase=phrase),
    )


def phrases_spec(
    subject: Subject, phrases: Sequence[PhraseRow], period_rows: Sequence[PeriodRow], *, kept: int
) -> FigureSpec | None:
    """Declare the figure of a keyword's *phrases*; *period_rows* are the keyword's."""
    if not phrases:
        return None

    periods, unit = set(subject.span), subject.span.grain
    rows = {
        phrase: [
            _mark(subject, phrase, period, count)
            for period, count in sorted(counts.items())
            if period in periods
        ]
        for phrase, counts in choose(phrases).items()
    }
    missing = [gap for gap in gaps(period_rows) if gap in periods]
    most = max(mark.value or 0 for marks in rows.values() for mark in marks)
    heat = Heat(
        rows=rows,
        columns=label_columns(subject.span),
        title=f"Phrases on {subject.name}",
        sub=f"of the documents that mention it · blank: not among a {unit}'s {kept}",
        # The cell of a phrase in few documents is not to be dark.
        high=max(most, 2.0 * FEW),
        # A phrase in hundreds of documents must not blanch all others.
        power=0.5,
        gaps=dict.fromkeys(rows, missing),
        legend={"no data": HATCHED} if missing else {},
    )
    whose = ""
    if unit == Grain.YEAR:
        whose = (
            f"Of a year the phrases are added up that were among the {kept} most common of one of "
            "its months. "
        )

    return FigureSpec(
        name=f"{subject.slug}-phrases",
        picture=Picture(panels=[heat]),
        alt=f"Heat chart of phrases by {unit}: {', '.join(rows)}.",
        caption=f"Each {unit}'s {kept} most common phrases, and how many documents on "
        f"{subject.name} hold them. {whose}A blank cell is no zero: the phrase was not among the "
        f"{unit}'s first. All phrases are in phrases.csv.",
    )
