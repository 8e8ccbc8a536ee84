"""What the page of several runs shows: their subjects over time, and how they agree on the same texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby

from analysis import parameters as run_parameters
from core.errors import UsageError
from models.database import Database
from reports import results
from reports.drawing import draw
from reports.figure_store import FigureRef, FigureStore
from reports.figures import comparison, style
from reports.results import PeriodRow
from reports.run_summary import Facts
from reports.statistics import mean, spearman

Scored = dict[object, float]


@dataclass
class Agreement:
    """Two runs on the texts that both scored."""

    names: tuple[str, str]
    n: int
    rank: float | None
    means: tuple[float | None, float | None]
    same_sign: float | None  # share of texts on which both are above, below or at zero
    shown: FigureRef | None


@dataclass
class ComparisonPage:
    """All that the template needs besides the facts of the runs."""

    subjects: dict[str, list[PeriodRow]]
    span: style.Range | None
    agreements: list[Agreement]
    one_engine: list[tuple[str, str]] = field(
        default_factory=list
    )  # pairs of runs that have the same
    figures: dict[str, FigureRef] = field(default_factory=dict)

    @property
    def months(self) -> list[tuple[str, list[PeriodRow | None]]]:
        """A row for each month, a cell for each subject."""
        found = [{row.period: row for row in rows} for rows in self.subjects.values()]
        return [(period, [rows.get(period) for rows in found]) for period in self.span or ()]


def make(db: Database, read: Sequence[Facts], album: FigureStore) -> ComparisonPage:
    """Read the runs' results and draw what compares them. Raises `UsageError` for trainings."""
    names = labels(read)
    if any(isinstance(one.parameters, run_parameters.TrainingParameters) for one in read):
        raise UsageError(
            "a training has no months to compare: give runs of months, handles or searches"
        )
    subjects: dict[str, list[PeriodRow]] = {}
    for one in read:
        for row in results.periods(db, one.id):
            if row.term is None:
                about = f"@{row.handle}" if row.handle else row.keyword
                subjects.setdefault(f"{names[one.id]}: {about}", []).append(row)
    span = (
        style.Range.of(r.period for rows in subjects.values() for r in rows) if subjects else None
    )
    page = ComparisonPage(subjects, span, [])
    for first, second in combinations(read, 2):
        if first.engines and first.engines == second.engines:
            page.one_engine.append((names[first.id], names[second.id]))
            continue  # what the same engine says of the same text is the same
        agreement = _agreement(db, (first, second), (names[first.id], names[second.id]), album)
        if agreement is not None:
            page.agreements.append(agreement)
    if span is not None:
        _figures(page, span, album)
    return page


def labels(read: Sequence[Facts]) -> dict[int, str]:
    """What each run is called beside the others: by its name, with its number where two have the same."""
    given = Counter(one.name for one in read)
    return {
        one.id: f"run {one.id}"
        if one.name is None
        else f"{one.name} (run {one.id})"
        if given[one.name] > 1
        else one.name
        for one in read
    }


def _figures(page: ComparisonPage, span: style.Range, album: FigureStore) -> None:
    columns = (
        ("share", "Share of documents that mention it", "share of documents"),
        ("mentions", "Mentions, or posts, per month", "a month"),
        ("polarity_mean", "Mean polarity", "mean polarity"),
    )
    for value, heading, unit in columns:
        if not any(
            getattr(row, value) is not None for rows in page.subjects.values() for row in rows
        ):
            continue
        settings = {
            name: rows
            for name, rows in page.subjects.items()
            if value != "share" or any(row.share not in {None, 1.0} for row in rows)
        }
        if settings:
            page.figures[value] = album.show(
                f"compared-{value.replace('_', '-')}",
                (settings, span),
                lambda settings=settings, value=value, heading=heading, unit=unit: draw(  # type: ignore[misc]
                    settings,
                    lambda: comparison.lines_figure(
                        settings, span=span, value=value, heading=heading, unit=unit
                    ),
                ),
                alt=f"Lines: {heading.lower()} of {', '.join(settings)} in each month.",
                caption="A line breaks where a month has no value. The numbers are in the table of months.",
            )


def _agreement(
    db: Database, runs: tuple[Facts, Facts], names: tuple[str, str], album: FigureStore
) -> Agreement | None:
    first, second = runs
    pairs = list(_pairs(_scored(db, first), _scored(db, second)))
    if not pairs:
        return None
    left, right = [x for x, _ in pairs], [y for _, y in pairs]
    rank = spearman(left, right)
    same = sum((x > 0) - (x < 0) == (y > 0) - (y < 0) for x, y in pairs) / len(pairs)
    shown = album.show(
        f"agreement-{first.id}-{second.id}",
        (pairs, names, rank),
        lambda: draw(names, lambda: comparison.agreement_figure(pairs, names=names, rank=rank)),
        alt=f"Scatter of the polarities of {len(pairs)} texts, {names[0]} against {names[1]}.",
        caption="A dot for each sentence, or post, that both runs scored; on the line they agree."
        + (" Thinned out evenly." if len(pairs) > comparison.MOST_DOTS else ""),
    )
    return Agreement(names, len(pairs), rank, (mean(left), mean(right)), same, shown)


def _scored(db: Database, one: Facts) -> Iterator[tuple[str, Scored]]:
    """What the run scored, in groups that come in the order of their names: months, or documents."""
    if isinstance(one.parameters, run_parameters.MonthsParameters):
        for period, rows in groupby(results.mentions(db, one.id), key=lambda row: row.period):
            yield (
                period,
                {
                    (row.document, row.position): row.polarity
                    for row in rows
                    if row.polarity is not None
                },
            )
    else:
        for post in results.documents(db, one.id):
            if post.polarity is not None:
                yield post.document, {0: post.polarity}


def _pairs(
    first: Iterator[tuple[str, Scored]], second: Iterator[tuple[str, Scored]]
) -> Iterator[tuple[float, float]]:
    """The scores of what both have, a group of each in memory."""
    left, right = next(first, None), next(second, None)
    while left is not None and right is not None:
        if left[0] == right[0]:
            yield from ((score, right[1][key]) for key, score in left[1].items() if key in right[1])
        behind = left[0] <= right[0], right[0] <= left[0]
        left = next(first, None) if behind[0] else left
        right = next(second, None) if behind[1] else right
