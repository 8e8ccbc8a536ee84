"""The page of several runs: their subjects over time, and how they agree on the same texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations, groupby
from operator import attrgetter

import numpy as np

from analysis.kinds.kind import Unit
from analysis.text.masking import mask_terms
from core.enums import Grain
from core.errors import UsageError
from reports.data.run_data import RunData
from reports.data.tables.documents import read_documents
from reports.data.tables.keyword_pairs import read_pairs_of_runs
from reports.data.tables.mentions import read_mentions
from reports.data.tables.periods import PeriodRow, read_series
from reports.figures import comparison, style
from reports.figures.figure_store import FigureRef, FigureStore
from reports.findings.highlights import Highlight
from reports.findings.pair_highlights import pair_highlights
from reports.pages.handles import fill_periods
from reports.pages.keyword_comparison import KeywordComparison, make_comparison
from reports.pages.label_section import LabelledSubject, LabelSection, read_label_section
from reports.stats.intervals import mean, spearman
from reports.words.scales import UNCHECKED, describe_scales

Scores = dict[tuple[str, int, str], float]  # by document, position and text of the sentence


@dataclass
class Agreement:
    """Two runs on the texts that both scored."""

    names: tuple[str, str]
    n: int
    rank: float | None
    means: tuple[float | None, float | None]
    same_sign: float  # share of texts on which both are above, below or at zero
    scale: str  # of the two
    figure: FigureRef


@dataclass
class ComparedSubject:
    """A keyword, an account or a search of one of the runs, month by month."""

    name: str  # with its run's
    rows: list[PeriodRow]
    is_of_posts: bool  # an account or a search, of which every post counts: it has no share
    scale: str = UNCHECKED  # of its polarities
    labelled: LabelledSubject | None = None  # what readers say of its mentions


@dataclass
class ComparisonPage:
    """All that the template needs besides the summaries of the runs."""

    subjects: list[ComparedSubject] = field(default_factory=list)
    span: style.Range | None = None
    scale: str = UNCHECKED  # of all polarities
    figures: list[FigureRef] = field(default_factory=list)
    pairs: KeywordComparison = field(default_factory=KeywordComparison)
    highlights: list[Highlight] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)


def make_page(runs: Sequence[RunData], store: FigureStore) -> ComparisonPage:
    """Read the runs' results and draw what compares them. Raises `UsageError` for trainings."""
    for data in runs:
        if not data.kind.has_documents:
            raise UsageError(
                "a training has no months to compare: give runs of months, handles or searches"
            )

    names = label_runs(runs)
    page = ComparisonPage()
    labels = {data.id: read_label_section(data) for data in runs if data.keywords}
    for data in runs:
        page.subjects += _read_subjects(data, names[data.id], labels.get(data.id))
    page.scale = describe_scales([(subject.name, subject.scale) for subject in page.subjects])
    for first, second in combinations(runs, 2):
        if not first.engines or first.engines != second.engines:  # one scores one text the same
            scales = [(names[data.id], _scale_of(labels.get(data.id))) for data in (first, second)]
            scale = describe_scales(scales)
            page.agreements += _compare_scores(first, second, names, scale, store)

    if page.subjects:
        rows = chain.from_iterable(subject.rows for subject in page.subjects)
        page.span = style.Range.of(map(attrgetter("period"), rows))
        page.figures = _draw_lines(page, page.span, store)
    pairs = read_pairs_of_runs({names[data.id]: data for data in runs})
    page.pairs = make_comparison(pairs, store, page.scale)
    page.highlights = pair_highlights(pairs)
    return page


def _read_subjects(
    data: RunData, name: str, labels: LabelSection | None
) -> Iterator[ComparedSubject]:
    """Yield the subjects of a run, in the order of their names.

    Where series are not by month, periods without a post are zeros, as on an account's own page:
    the mean of a week would else be that of its days with posts.
    """
    rows: dict[str, list[PeriodRow]] = defaultdict(list)
    for row in read_series(data):
        if row.term is None:
            rows[f"@{row.handle}" if row.handle else row.keyword or ""].append(row)

    is_of_posts = data.kind.unit == Unit.POST
    is_filled = is_of_posts and data.grain != Grain.MONTH
    for subject, of_subject in rows.items():
        series = fill_periods(of_subject) if is_filled else of_subject
        compared = ComparedSubject(f"{name}: {subject}", series, is_of_posts)
        if labels is not None:
            compared.scale = labels.scale(subject)
            compared.labelled = labels.by_keyword.get(subject)
        yield compared


def _scale_of(labels: LabelSection | None) -> str:
    return UNCHECKED if labels is None else labels.scale_of_all


def _draw_lines(page: ComparisonPage, span: style.Range, store: FigureStore) -> list[FigureRef]:
    """Draw the shares of keywords, the posts of accounts and searches, the polarity of all."""
    of_all = {subject.name: subject.rows for subject in page.subjects}
    posts = {subject.name: subject.rows for subject in page.subjects if subject.is_of_posts}
    by_column = {"share": of_all, "mentions": posts, "polarity_mean": of_all}
    specs = []
    for column, subjects in by_column.items():
        specs.append(comparison.lines_spec(subjects, span=span, column=column, scale=page.scale))
    return store.show_all(*specs)


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
    first: RunData, second: RunData, labels: Mapping[int, str], scale: str, store: FigureStore
) -> list[Agreement]:
    """Compare two runs on the texts that both scored; none where there are none."""
    names = labels[first.id], labels[second.id]
    pairs = list(_pair_scores(_read_scores(first), _read_scores(second)))
    if not pairs:
        return []

    left, right = zip(*pairs, strict=True)
    rank = spearman(left, right)
    same_sign = int((np.sign(left) == np.sign(right)).sum()) / len(pairs)
    spec = comparison.agreement_spec(
        (first.id, second.id), pairs, names=names, rank=rank, scale=scale
    )
    means = mean(left), mean(right)
    return [Agreement(names, len(pairs), rank, means, same_sign, scale, store.show(spec))]


def _read_scores(data: RunData) -> Iterator[tuple[str, Scores]]:
    """Yield what a run scored in groups, in the order of their names: months, or documents."""
    if data.kind.unit == Unit.POST:
        for post in read_documents(data):
            if post.polarity is not None:
                yield post.document, {(post.document, 0, ""): post.polarity}
        return
    parameters = data.month_parameters
    patterns = {each.name: each.patterns for each in parameters.keywords if parameters.mask_keyword}

    for period, rows in groupby(read_mentions(data), key=attrgetter("period")):
        scores = {}
        for row in rows:
            if row.polarity is not None:
                scored = mask_terms(row.sentence, patterns.get(row.keyword, ()))
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
