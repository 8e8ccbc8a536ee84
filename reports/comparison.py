"""The page of several runs: their subjects over time, and how they agree on the same texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, combinations, groupby
from operator import attrgetter, methodcaller

import numpy as np

from analysis import parameters as run_parameters
from analysis.text.masking import mask_terms
from core.enums import Grain
from core.errors import UsageError
from reports.figure_store import FigureRef, FigureStore
from reports.figures import comparison, style
from reports.handles import fill_periods
from reports.queries import index_by
from reports.run_data import RunData
from reports.statistics import mean, spearman
from reports.tables.documents import read_documents
from reports.tables.mentions import read_mentions
from reports.tables.periods import PeriodRow, read_series

Scores = dict[tuple[str, int, str], float]  # by document, position and text of the sentence


@dataclass
class Agreement:
    """Two runs on the texts that both scored."""

    names: tuple[str, str]
    n: int
    rank: float | None
    means: tuple[float | None, float | None]
    same_sign: float  # share of texts on which both are above, below or at zero
    figure: FigureRef


@dataclass
class ComparisonPage:
    """All that the template needs besides the summaries of the runs."""

    subjects: dict[str, list[PeriodRow]]
    span: style.Range | None
    figures: list[FigureRef]
    agreements: list[Agreement]
    same_engine: list[tuple[str, str]]  # pairs of runs that one engine scored

    @property
    def months(self) -> list[tuple[str, list[PeriodRow | None]]]:
        """A row for each period, a cell for each subject."""
        by_subject = list(map(partial(index_by, "period"), self.subjects.values()))
        months = []
        for period in self.span or ():
            months.append((period, list(map(methodcaller("get", period), by_subject))))
        return months


def make_page(runs: Sequence[RunData], store: FigureStore) -> ComparisonPage:
    """Read the runs' results and draw what compares them. Raises `UsageError` for trainings."""
    for data in runs:
        if isinstance(data.parameters, run_parameters.TrainingParameters):
            raise UsageError(
                "a training has no months to compare: give runs of months, handles or searches"
            )

    names = label_runs(runs)
    subjects: dict[str, list[PeriodRow]] = {}
    for data in runs:
        for subject, series in _read_subjects(data).items():
            subjects[f"{names[data.id]}: {subject}"] = series
    page = ComparisonPage(subjects, None, [], [], [])

    for first, second in combinations(runs, 2):
        pair = names[first.id], names[second.id]
        if first.engines and first.engines == second.engines:
            page.same_engine.append(pair)  # which scores the same text the same
        else:
            page.agreements += _compare_scores(first, second, pair, store)

    if subjects:
        rows = chain.from_iterable(subjects.values())
        span = style.Range.of(map(attrgetter("period"), rows))
        page.span = span
        for column in comparison.COLUMNS:
            spec = comparison.lines_spec(subjects, span=span, column=column)
            page.figures += store.show_all(spec)
    return page


def _read_subjects(data: RunData) -> dict[str, list[PeriodRow]]:
    """Return the series of each keyword, account or search.

    Where series are not by month, periods without a post are zeros, as on an account's own page:
    the mean of a week would else be that of its days with posts.
    """
    subjects: dict[str, list[PeriodRow]] = defaultdict(list)
    for row in read_series(data):
        if row.term is None:
            subjects[f"@{row.handle}" if row.handle else str(row.keyword)].append(row)
    if data.kind == "months" or data.grain == Grain.MONTH:
        return subjects
    return {subject: fill_periods(rows) for subject, rows in subjects.items()}


def label_runs(runs: Sequence[RunData]) -> dict[int, str]:
    """Return what each run is called beside the others: its name, its number where it is needed."""
    times = Counter(map(attrgetter("name"), runs))
    labels = {}
    for data in runs:
        number = f"run {data.id}"
        labels[data.id] = data.name or number
        if data.name is not None and times[data.name] > 1:
            labels[data.id] = f"{data.name} ({number})"
    return labels


def _compare_scores(
    first: RunData, second: RunData, names: tuple[str, str], store: FigureStore
) -> list[Agreement]:
    """Compare two runs on the texts that both scored; none where there are none."""
    pairs = list(_pair_scores(_read_scores(first), _read_scores(second)))
    if not pairs:
        return []

    left, right = zip(*pairs, strict=True)
    rank = spearman(left, right)
    same_sign = int((np.sign(left) == np.sign(right)).sum()) / len(pairs)
    spec = comparison.agreement_spec((first.id, second.id), pairs, names=names, rank=rank)
    means = mean(left), mean(right)
    return [Agreement(names, len(pairs), rank, means, same_sign, store.show(spec))]


def _read_scores(data: RunData) -> Iterator[tuple[str, Scores]]:
    """Yield what a run scored in groups, in the order of their names: months, or documents."""
    if not isinstance(data.parameters, run_parameters.MonthsParameters):
        for post in read_documents(data):
            if post.polarity is not None:
                yield post.document, {(post.document, 0, ""): post.polarity}
        return
    parameters = data.parameters
    terms = {each.name: each.terms for each in parameters.keywords if parameters.mask_keyword}

    for period, rows in groupby(read_mentions(data), key=attrgetter("period")):
        scores = {}
        for row in rows:
            if row.polarity is not None:
                scored = mask_terms(row.sentence, terms.get(row.keyword, ()))
                scores[row.document, row.position, scored] = row.polarity
        yield period, scores


def _pair_scores(
    first: Iterator[tuple[str, Scores]], second: Iterator[tuple[str, Scores]]
) -> Iterator[tuple[float, float]]:
    """Yield the scores of what both have, with a group of each in memory."""
    left, right = next(first, None), next(second, None)
    while left is not None and right is not None:
        if left[0] == right[0]:
            for key, score in left[1].items():
                if key in right[1]:
                    yield score, right[1][key]
        left_is_behind, right_is_behind = left[0] <= right[0], right[0] <= left[0]
        left = next(first, None) if left_is_behind else left
        right = next(second, None) if right_is_behind else right
