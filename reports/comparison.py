"""What the page of several runs shows: their subjects over time, and how they agree on the same texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby

from analysis import parameters as run_parameters
from core.errors import UsageError
from reports.drawing import draw
from reports.figure_store import FigureRef, FigureStore
from reports.figures import comparison, style
from reports.run_data import RunData
from reports.statistics import mean, spearman
from reports.tables.documents import read_documents
from reports.tables.mentions import read_mentions
from reports.tables.periods import PeriodRow, read_periods

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


def make_page(runs: Sequence[RunData], store: FigureStore) -> ComparisonPage:
    """Read the runs' results and draw what compares them. Raises `UsageError` for trainings."""
    names = label_runs(runs)
    if any(isinstance(one.parameters, run_parameters.TrainingParameters) for one in runs):
        raise UsageError(
            "a training has no months to compare: give runs of months, handles or searches"
        )
    subjects: dict[str, list[PeriodRow]] = {}
    for one in runs:
        for row in read_periods(one):
            if row.term is None:
                about = f"@{row.handle}" if row.handle else row.keyword
                subjects.setdefault(f"{names[one.id]}: {about}", []).append(row)
    span = (
        style.Range.of(r.period for rows in subjects.values() for r in rows) if subjects else None
    )
    page = ComparisonPage(subjects, span, [])
    for first, second in combinations(runs, 2):
        if first.engines and first.engines == second.engines:
            page.one_engine.append((names[first.id], names[second.id]))
            continue  # what the same engine says of the same text is the same
        agreement = _agreement((first, second), (names[first.id], names[second.id]), store)
        if agreement is not None:
            page.agreements.append(agreement)
    if span is not None:
        _figures(page, span, store)
    return page


def label_runs(runs: Sequence[RunData]) -> dict[int, str]:
    """What each run is called beside the others: by its name, with its number where two have the same."""
    given = Counter(one.name for one in runs)
    return {
        one.id: f"run {one.id}"
        if one.name is None
        else f"{one.name} (run {one.id})"
        if given[one.name] > 1
        else one.name
        for one in runs
    }


def _figures(page: ComparisonPage, span: style.Range, store: FigureStore) -> None:
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
            page.figures[value] = store.show(
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
    runs: tuple[RunData, RunData], names: tuple[str, str], store: FigureStore
) -> Agreement | None:
    first, second = runs
    pairs = list(_pairs(_scored(first), _scored(second)))
    if not pairs:
        return None
    left, right = [x for x, _ in pairs], [y for _, y in pairs]
    rank = spearman(left, right)
    same = sum((x > 0) - (x < 0) == (y > 0) - (y < 0) for x, y in pairs) / len(pairs)
    shown = store.show(
        f"agreement-{first.id}-{second.id}",
        (pairs, names, rank),
        lambda: draw(names, lambda: comparison.agreement_figure(pairs, names=names, rank=rank)),
        alt=f"Scatter of the polarities of {len(pairs)} texts, {names[0]} against {names[1]}.",
        caption="A dot for each sentence, or post, that both runs scored; on the line they agree."
        + (" Thinned out evenly." if len(pairs) > comparison.MOST_DOTS else ""),
    )
    return Agreement(names, len(pairs), rank, (mean(left), mean(right)), same, shown)


def _scored(one: RunData) -> Iterator[tuple[str, Scored]]:
    """What the run scored, in groups that come in the order of their names: months, or documents."""
    if isinstance(one.parameters, run_parameters.MonthsParameters):
        for period, rows in groupby(read_mentions(one), key=lambda row: row.period):
            yield (
                period,
                {
                    (row.document, row.position): row.polarity
                    for row in rows
                    if row.polarity is not None
                },
            )
    else:
        for post in read_documents(one):
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
