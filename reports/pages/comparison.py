"""The page of several runs: their subjects over time, and how they agree on the same texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby
from operator import attrgetter

import numpy as np

from analysis.text.masking import mask_terms
from core.enums import Grain
from core.errors import UsageError
from reports.data.account_rows import fill_periods
from reports.data.run_data import RunData
from reports.data.tables.documents import read_documents
from reports.data.tables.keyword_pairs import read_pairs_of_runs
from reports.data.tables.mentions import read_mentions
from reports.data.tables.periods import PeriodRow, read_series
from reports.figures import comparison, style
from reports.figures.figure_store import FigureRef, FigureStore
from reports.findings.finding import Finding, state_facts
from reports.findings.overtakings import limit_overtakings
from reports.findings.pair_facts import find_pair_facts
from reports.pages.keyword_comparison import KeywordComparison, make_comparison
from reports.pages.label_section import LabelledSubject, LabelSection, read_label_section
from reports.stats.intervals import mean, spearman
from reports.words.scales import UNCHECKED, describe_scales

# The scores by document, position and text of the sentence.
Scores = dict[tuple[str, int, str], float]


@dataclass
class Agreement:
    """Two runs on the texts that both scored."""

    names: tuple[str, str]
    n: int
    rank: float | None
    means: tuple[float | None, float | None]

    # The share of texts on which both are above, below or at zero.
    same_sign: float

    # The note on the scale of both runs' polarities.
    scale: str

    figure: FigureRef


@dataclass
class ComparedSubject:
    """A keyword, an account or a search of one of the runs, month by month."""

    # The name of the subject, after its run's.
    name: str

    rows: list[PeriodRow]

    # An account or a search, of which every post counts, has no share.
    is_of_posts: bool

    # What one of its documents is called.
    noun: str

    # The note on the scale of the polarities.
    scale: str = UNCHECKED

    # How the labels of readers correct the polarity; None if no mention has a label.
    labelled: LabelledSubject | None = None


@dataclass
class ComparisonPage:
    """All that the template needs besides the summaries of the runs."""

    subjects: list[ComparedSubject] = field(default_factory=list)
    span: style.Range | None = None

    # The note on the scale of all polarities.
    scale: str = UNCHECKED

    figures: list[FigureRef] = field(default_factory=list)
    pairs: KeywordComparison = field(default_factory=KeywordComparison)
    findings: list[Finding] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)


def make_page(runs: Sequence[RunData], store: FigureStore) -> ComparisonPage:
    """Read the runs' results and draw what compares them. Raises `UsageError` for trainings."""
    for run in runs:
        if not run.kind.has_documents:
            raise UsageError(
                "a training has no months to compare: give runs of months, handles or searches"
            )

    run_names = label_runs(runs)
    page = ComparisonPage()
    labels = {run.id: read_label_section(run) for run in runs if run.keywords}
    for run in runs:
        page.subjects += _read_subjects(run, run_names[run.id], labels.get(run.id))

    page.scale = describe_scales([(subject.name, subject.scale) for subject in page.subjects])
    for left, right in combinations(runs, 2):
        # Runs of the same engines score a text the same.
        if not left.engines or left.engines != right.engines:
            scales = [(run_names[run.id], _scale_of(labels.get(run.id))) for run in (left, right)]
            scale = describe_scales(scales)
            page.agreements += _compare_scores(left, right, run_names, scale, store)

    if page.subjects:
        page.span = style.Range.of(row.period for subject in page.subjects for row in subject.rows)
        page.figures = _draw_lines(page, page.span, store)

    pairs = read_pairs_of_runs({run_names[run.id]: run for run in runs})
    page.pairs = make_comparison(pairs)
    names = {name: f"“{name}”" for pair in pairs for name in pair.names}
    page.findings = state_facts(limit_overtakings(find_pair_facts(pairs, names)))
    return page


def _read_subjects(
    run: RunData, run_name: str, labels: LabelSection | None
) -> Iterator[ComparedSubject]:
    """Yield the subjects of a run, in the order of their names.

    Unless series are by month, periods without a post count as zeros, as on the account's own page.
    Otherwise the mean of a week would be the mean of its days with posts.
    """
    rows_by_subject: dict[str, list[PeriodRow]] = defaultdict(list)
    for period_row in read_series(run):
        if period_row.term is None:
            subject = f"@{period_row.handle}" if period_row.handle else period_row.keyword or ""
            rows_by_subject[subject].append(period_row)

    is_of_posts = not run.kind.has_mentions
    is_filled = is_of_posts and run.grain != Grain.MONTH
    for subject, subject_rows in rows_by_subject.items():
        series = fill_periods(subject_rows) if is_filled else subject_rows
        compared = ComparedSubject(
            f"{run_name}: {subject}", series, is_of_posts, run.kind.document_noun
        )
        if labels is not None:
            compared.scale = labels.scale(subject)
            compared.labelled = labels.by_keyword.get(subject)

        yield compared


def _scale_of(labels: LabelSection | None) -> str:
    return UNCHECKED if labels is None else labels.scale_of_all


def _draw_lines(page: ComparisonPage, span: style.Range, store: FigureStore) -> list[FigureRef]:
    """Draw the shares of keywords, the posts of accounts and searches, the polarity of all."""
    rows_by_subject = {subject.name: subject.rows for subject in page.subjects}
    post_rows = {subject.name: subject.rows for subject in page.subjects if subject.is_of_posts}
    subjects_by_column = {
        "share": rows_by_subject,
        "mentions": post_rows,
        "polarity_mean": rows_by_subject,
    }
    specs = []
    for column, subjects in subjects_by_column.items():
        spec = comparison.lines_spec(
            subjects,
            span=span,
            column=column,
            scale=page.scale,
            intervals="95 % intervals",
        )
        specs.append(spec)

    return store.show_all(*specs)


def label_runs(runs: Sequence[RunData]) -> dict[int, str]:
    """Return what each run is called beside the others: its name, its number where it is needed."""
    uses = Counter(run.name for run in runs)
    labels = {}
    for run in runs:
        numbered = f"run {run.id}"
        labels[run.id] = run.name or numbered
        if run.name is not None and uses[run.name] > 1:
            labels[run.id] = f"{run.name} ({numbered})"

    return labels


def _compare_scores(
    left: RunData, right: RunData, labels: Mapping[int, str], scale: str, store: FigureStore
) -> list[Agreement]:
    """Compare two runs on the texts that both scored; none where there are none."""
    run_names = labels[left.id], labels[right.id]
    pairs = list(_pair_scores(_read_scores(left), _read_scores(right)))
    if not pairs:
        return []

    left_scores, right_scores = zip(*pairs, strict=True)
    rank = spearman(left_scores, right_scores)
    same_sign = int((np.sign(left_scores) == np.sign(right_scores)).sum()) / len(pairs)
    spec = comparison.agreement_spec(
        (left.id, right.id), pairs, names=run_names, rank=rank, scale=scale
    )
    means = mean(left_scores), mean(right_scores)
    return [Agreement(run_names, len(pairs), rank, means, same_sign, scale, store.show(spec))]


def _read_scores(run: RunData) -> Iterator[tuple[str, Scores]]:
    """Yield the scores of a run by group, in the order of their names: by month, or by post."""
    if not run.kind.has_mentions:
        for post in read_documents(run):
            if post.polarity is not None:
                yield post.document, {(post.document, 0, ""): post.polarity}

        return

    parameters = run.month_parameters
    patterns = {
        keyword.name: keyword.patterns for keyword in parameters.keywords if parameters.mask_keyword
    }

    for period, month_mentions in groupby(read_mentions(run), key=attrgetter("period")):
        scores = {}
        for mention in month_mentions:
            if mention.polarity is not None:
                scored = mask_terms(mention.sentence, patterns.get(mention.keyword, ()))
                scores[mention.document, mention.position, scored] = mention.polarity

        yield period, scores


def _pair_scores(
    left_groups: Iterator[tuple[str, Scores]], right_groups: Iterator[tuple[str, Scores]]
) -> Iterator[tuple[float, float]]:
    """Yield both scores of each common text, with one group of each run in memory."""
    left_group, right_group = next(left_groups, None), next(right_groups, None)
    while left_group is not None and right_group is not None:
        if left_group[0] == right_group[0]:
            for key, score in left_group[1].items():
                if key in right_group[1]:
                    yield score, right_group[1][key]

        left_is_behind = left_group[0] <= right_group[0]
        right_is_behind = right_group[0] <= left_group[0]
        left_group = next(left_groups, None) if left_is_behind else left_group
        right_group = next(right_groups, None) if right_is_behind else right_group
