"""The section that compares the engine's polarities with the labels of readers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import eq

from reports.data.label_counts import LabelCounts, count_labels
from reports.data.run_data import RunData
from reports.data.tables.labels import read_labels
from reports.series.reading import select_frames
from reports.stats.human_scale import (
    AIM,
    FEWEST_LABELS,
    Estimate,
    Stratum,
    correlate,
    estimate_mean,
    labels_needed,
)
from reports.stats.intervals import TRILLIONTHS, mean
from reports.words.periods import month_name
from reports.words.scales import scale_note
from textapi.engine.polarity import NeutralBand

ALL = "all mentions"

# A keyword and a period.
Place = tuple[str, str]


@dataclass
class _Month:
    """The mentions of a keyword in a month: how many, their polarity, those with labels."""

    size: int
    polarity_mean: float

    # The numbers of negative and positive mentions.
    signs: tuple[int, int]

    # The polarities of the labelled mentions, and their mean labels over the coders.
    polarities: list[float] = field(default_factory=list)
    labels: list[float] = field(default_factory=list)

    def stratum(self) -> Stratum:
        return Stratum(self.size, self.polarity_mean, self.polarities, self.labels)


@dataclass(frozen=True)
class LabelledSubject:
    """All mentions, those of a keyword, or of one of its months, beside what readers say of them.

    The estimates are None below `FEWEST_LABELS`. *needed* is the number of labels that gives an
    interval of ± 0.05.
    """

    name: str
    mentions: int
    polarity_mean: float
    labels: int
    needed: int
    corrected: Estimate | None = None
    alone: Estimate | None = None

    # The shares of mentions whose sign is the readers', or its opposite.
    right: Estimate | None = None
    opposite: Estimate | None = None

    # The share of the readers' most common sign.
    commonest: Estimate | None = None
    commonest_name: str = ""

    correlation: float | None = None

    @property
    def missing(self) -> int:
        """How many labels are missing until anything is estimated."""
        return max(0, FEWEST_LABELS - self.labels)


@dataclass(frozen=True)
class LabelSection:
    """What the page says about labels."""

    counts: LabelCounts

    # All mentions, each keyword, and the months with enough labels.
    subjects: list[LabelledSubject]

    by_keyword: Mapping[str, LabelledSubject]

    # Polarities within it are neutral.
    band: NeutralBand

    @property
    def is_checked(self) -> bool:
        """Whether there are enough labels for anything."""
        return any(subject.corrected is not None for subject in self.subjects)

    @property
    def aim(self) -> float:
        """Half the width of the interval that `needed` labels give."""
        return AIM

    @property
    def fewest(self) -> int:
        """From how many labels on anything is estimated."""
        return FEWEST_LABELS

    @property
    def scale_of_all(self) -> str:
        """What is said of the polarities of all keywords."""
        return scale_note(self.subjects[0].labels if self.subjects else 0)

    def scale(self, keyword: str) -> str:
        """Return what is said of the polarities of *keyword*."""
        subject = self.by_keyword.get(keyword)
        return scale_note(subject.labels if subject else 0)


def read_label_section(run: RunData) -> LabelSection:
    """Read the labels of a run of months, and the polarities that they correct."""
    months = _read_months(run)
    _add_labels(run, months)

    describe = partial(_describe, band=run.neutral_band)
    keywords: dict[str, list[_Month]] = defaultdict(list)
    for (keyword, _), month in sorted(months.items()):
        keywords[keyword].append(month)

    subjects_by_keyword = {
        subject_name: describe(subject_name, keyword_months)
        for subject_name, keyword_months in keywords.items()
    }

    subjects = list(subjects_by_keyword.values())
    if len(keywords) > 1:
        subjects.insert(0, describe(ALL, [month for _, month in sorted(months.items())]))
    if len(months) > len(keywords):
        for (keyword, period), month in sorted(months.items()):
            if len(month.labels) >= FEWEST_LABELS:
                subject_name = f"{keyword}, {month_name(period, '%B %Y')}"
                subjects.append(describe(subject_name, [month]))

    return LabelSection(count_labels(run), subjects, subjects_by_keyword, run.neutral_band)


def _read_months(run: RunData) -> dict[Place, _Month]:
    """Return the mentions that have a polarity, by keyword and month, read month by month."""
    months: dict[Place, _Month] = {}
    band = run.neutral_band
    for job in run.jobs:
        for keyword in run.keywords:
            sentences = select_frames(run, job).sentences(keyword.name)
            scores = (sentences["polarity"].drop_nulls() / TRILLIONTHS).to_list()
            if scores:
                signs = list(map(band.sign, scores))
                counts = (signs.count(-1), signs.count(1))
                months[keyword.name, job.name] = _Month(len(scores), mean(scores) or 0.0, counts)

    return months


def _add_labels(run: RunData, months: Mapping[Place, _Month]) -> None:
    """Add the labelled mentions to each month; a mention's label is the mean over its coders."""
    labels: dict[tuple[str, str, str, int], list[int]] = defaultdict(list)
    polarities: dict[tuple[str, str, str, int], float] = {}
    for label_row in read_labels(run):
        if label_row.label is not None and label_row.polarity is not None:
            mention = (label_row.keyword, label_row.period, label_row.document, label_row.position)
            labels[mention].append(label_row.label)
            polarities[mention] = label_row.polarity

    for mention, mention_labels in labels.items():
        month = months.get(mention[:2])
        # The month is missing if it was taken up again since it was read.
        if month is not None:
            month.polarities.append(polarities[mention])
            month.labels.append(sum(mention_labels) / len(mention_labels))


def _describe(subject_name: str, months: Sequence[_Month], band: NeutralBand) -> LabelledSubject:
    size = sum(month.size for month in months)
    total = sum(month.size * month.polarity_mean for month in months)
    labels = sum(len(month.labels) for month in months)
    if labels < FEWEST_LABELS:
        needed = labels_needed(_sign_variance(months, size), size)
        return LabelledSubject(subject_name, size, total / size, labels, needed)

    strata = [month.stratum() for month in months]
    corrected, alone = _estimate(strata), _estimate(strata, use_polarity=False)
    commonest_name, commonest = _find_commonest(strata, band)
    return LabelledSubject(
        subject_name,
        size,
        total / size,
        labels,
        labels_needed(corrected.unit_variance, size),
        corrected=_cut(corrected, -1.0),
        alone=_cut(alone, -1.0),
        right=_share(strata, band, eq),
        opposite=_share(strata, band, _are_opposite),
        commonest=commonest,
        commonest_name=commonest_name,
        correlation=correlate(strata),
    )


def _estimate(strata: Sequence[Stratum], *, use_polarity: bool = True) -> Estimate:
    estimate = estimate_mean(strata, use_polarity=use_polarity)
    assert estimate is not None  # noqa: S101 - `_describe` has counted the labels
    return estimate


def _cut(estimate: Estimate, lowest: float) -> Estimate:
    """Return *estimate* cut to where such means lie, *lowest* to 1."""
    middle = max(lowest, min(1.0, estimate.mean))
    low, high = max(lowest, estimate.low), min(1.0, estimate.high)
    return replace(estimate, mean=middle, low=low, high=high)


def _share(
    strata: Sequence[Stratum], band: NeutralBand, holds: Callable[[int, int], bool]
) -> Estimate:
    """Return the share of mentions for whose signs, the engine's and the readers', *holds*."""
    shares = []
    for stratum in strata:
        agreements = []
        for polarity, label in zip(stratum.polarities, stratum.labels, strict=True):
            agreements.append(float(holds(band.sign(polarity), _label_sign(label))))

        shares.append(replace(stratum, labels=agreements))

    return _cut(_estimate(shares, use_polarity=False), 0.0)


def _find_commonest(strata: Sequence[Stratum], band: NeutralBand) -> tuple[str, Estimate]:
    """Return the readers' most common sign, with its share of the mentions."""
    shares: dict[str, Estimate] = {}
    for sign_name, sign in (("negative", -1), ("neutral", 0), ("positive", 1)):
        shares[sign_name] = _share(strata, band, partial(_is_readers_sign, sign))

    sign_name = max(shares, key=lambda sign_name: shares[sign_name].mean)
    return sign_name, shares[sign_name]


def _are_opposite(engine: int, readers: int) -> bool:
    return engine * readers < 0


def _is_readers_sign(sign: int, _engine: int, readers: int) -> bool:
    return readers == sign


def _label_sign(label: float) -> int:
    """Return the sign of the coders' mean label; where they balance, it has none."""
    return (label > 0) - (label < 0)


def _sign_variance(months: Iterable[_Month], size: int) -> float:
    """Return the variance of the engine's signs, which are on the scale of labels."""
    negative = positive = 0
    for month in months:
        negative += month.signs[0]
        positive += month.signs[1]

    middle = (positive - negative) / size
    return (positive + negative) / size - middle * middle
