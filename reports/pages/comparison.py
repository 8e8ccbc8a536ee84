"""The page of several runs: their subjects over time, and how they agree on the same texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import polars as pl

from core.enums import Grain
from core.errors import UsageError
from reports.data.account_rows import fill_periods
from reports.data.run_data import RunData
from reports.data.tables.keyword_pairs import read_pairs_of_runs
from reports.data.tables.periods import PeriodRow, read_series
from reports.figures import style
from reports.figures.figure_store import FigureRef, FigureStore
from reports.figures.over_time import lines_spec
from reports.findings.finding import Finding, state_facts
from reports.findings.overtakings import limit_overtakings
from reports.findings.pair_facts import find_pair_facts
from reports.pages.keyword_comparison import KeywordComparison, make_comparison
from reports.pages.label_section import LabelledSubject, LabelSection, read_label_section
from reports.series.reading import select_frames
from reports.stats.intervals import TRILLIONTHS, mean, spearman
from reports.words.scales import UNCHECKED, describe_scales

# What names a text that two runs have in common.
_TEXT = ("document", "position", "keyword")


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


@dataclass(frozen=True)
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
    scale: str

    # How the labels of readers correct the polarity; None if no mention has a label.
    labelled: LabelledSubject | None


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
    labels = {run.id: read_label_section(run) for run in runs}
    for run in runs:
        page.subjects += _read_subjects(run, run_names[run.id], labels[run.id])

    page.scale = describe_scales([(subject.name, subject.scale) for subject in page.subjects])
    for left, right in combinations(runs, 2):
        # Runs of the same engines score a text the same.
        if not left.engines or left.engines != right.engines:
            scales = [(run_names[run.id], labels[run.id].scale_of_all) for run in (left, right)]
            scale = describe_scales(scales)
            page.agreements += _compare_scores(left, right, run_names, scale)

    if page.subjects:
        page.span = style.Range.of(row.period for subject in page.subjects for row in subject.rows)
        page.figures = _draw_lines(page, page.span, store)

    pairs = read_pairs_of_runs({run_names[run.id]: run for run in runs})
    page.pairs = make_comparison(pairs)
    names = {name: f"“{name}”" for pair in pairs for name in pair.names}
    page.findings = state_facts(limit_overtakings(find_pair_facts(pairs, names)))
    return page


def _read_subjects(run: RunData, run_name: str, labels: LabelSection) -> Iterator[ComparedSubject]:
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
        yield ComparedSubject(
            name=f"{run_name}: {subject}",
            rows=series,
            is_of_posts=is_of_posts,
            noun=run.kind.document_noun,
            scale=labels.scale(subject),
            labelled=labels.by_keyword.get(subject),
        )


def _draw_lines(page: ComparisonPage, span: style.Range, store: FigureStore) -> list[FigureRef]:
    """Draw the shares of keywords, the posts of accounts and searches, the polarity of all."""
    rows_by_subject = {subject.name: subject.rows for subject in page.subjects}
    post_rows = {subject.name: subject.rows for subject in page.subjects if subject.is_of_posts}
    subjects_by_column = {
        "share": rows_by_subject,
        "mentions": post_rows,
        "polarity_mean": rows_by_subject,
    }
    return store.show_all(
        *(
            lines_spec(
                subjects,
                span=span,
                column=column,
                scale=page.scale,
                intervals="95 % intervals",
            )
            for column, subjects in subjects_by_column.items()
        )
    )


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
    left: RunData, right: RunData, labels: Mapping[int, str], scale: str
) -> list[Agreement]:
    """Compare two runs on the texts that both scored; none where there are none."""
    pairs = _pair_scores(left, right)
    if not len(pairs):
        return []

    left_scores, right_scores = pairs.T.tolist()
    rank = spearman(left_scores, right_scores)
    same_sign = float((np.sign(pairs[:, 0]) == np.sign(pairs[:, 1])).mean())
    run_names = labels[left.id], labels[right.id]
    means = mean(left_scores), mean(right_scores)
    return [
        Agreement(
            names=run_names, n=len(pairs), rank=rank, means=means, same_sign=same_sign, scale=scale
        )
    ]


def _pair_scores(left: RunData, right: RunData) -> np.ndarray:
    """Return both scores of each text that both runs scored, a row for each text.

    It is a post, or a sentence about a keyword of both runs, in which both mask the same terms.
    """
    left_scores, right_scores = _read_scores(left), _read_scores(right)
    paired = left_scores.join(right_scores, on=_TEXT, nulls_equal=True, suffix="_right")
    is_comparable = pl.col("keyword").is_null() | pl.col("keyword").is_in(_list_shared(left, right))
    shared = paired.filter(is_comparable).sort(_TEXT)
    return shared.select("polarity", "polarity_right").to_numpy() / TRILLIONTHS


def _list_shared(left: RunData, right: RunData) -> list[str]:
    """Return the keywords of both runs whose terms are the same, and masked in both or in none."""
    if not left.keywords or not right.keywords:
        return []

    masked = {left.month_parameters.mask_keyword, right.month_parameters.mask_keyword}
    right_terms = {keyword.name: keyword.terms for keyword in right.keywords}
    return [
        keyword.name
        for keyword in left.keywords
        if len(masked) == 1 and right_terms.get(keyword.name) == keyword.terms
    ]


def _read_scores(run: RunData) -> pl.DataFrame:
    """Return the polarity of each sentence, or post, of a run that has one."""
    scores = [
        select_frames(run, job)
        .mentions.drop_nulls("polarity")
        .select("document", "position", pl.col("keyword").cast(pl.String), "polarity")
        for job in run.jobs
    ]
    return pl.concat(scores).unique(_TEXT)
