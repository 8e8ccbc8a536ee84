"""The section that compares the engine's polarities with the labels of readers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.codes import PERSON
from reports.data.run_data import RunData, RunJob, once
from reports.data.selection import left_out
from reports.data.tables.codes import AgreementRow, read_agreement
from reports.frames.codes import UNIT, load_labels
from reports.frames.frames import Frames
from reports.frames.reading import gather, load_mentioning
from reports.stats.coded_strata import CodedStratum, MachineCodes
from reports.stats.estimates import Estimate
from reports.stats.intervals import TRILLIONTHS, mean
from reports.stats.scale_means import (
    AIM,
    FEWEST_LABELS,
    fit_mean,
    labels_needed,
)
from reports.words.periods import month_name
from reports.words.scales import scale_note
from textapi.engine.polarity import NeutralBand

ALL = "all mentions"

# The columns of a keyword and its month, whose name is the job's.
_PLACE = ("keyword", "job")

# The codebook of which a label is a code.
POLARITY = "polarity"

_SIGNS = {"negative": -1, "neutral": 0, "positive": 1}

# A keyword and a period.
Place = tuple[str, str]
# Of polarities or labels: -1, 0 or 1.
Signs = NDArray[np.float64]
Bits = NDArray[np.bool_]


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

    # The labels of each coder, and how far coders agree; None without a label.
    by_coder: Mapping[str, int]
    agreement: AgreementRow | None

    # All mentions, each keyword, and the months with enough labels.
    subjects: list[LabelledSubject]

    by_keyword: Mapping[str, LabelledSubject]

    # Polarities within it are neutral.
    band: NeutralBand

    # Half the width of the interval that `needed` labels give, and the labels of any estimate.
    aim: float = AIM
    fewest: int = FEWEST_LABELS

    @property
    def is_checked(self) -> bool:
        """Whether there are enough labels for anything."""
        return any(subject.corrected is not None for subject in self.subjects)

    @property
    def scale_of_all(self) -> str:
        """What is said of the polarities of all keywords."""
        return scale_note(self.subjects[0].labels if self.subjects else 0)

    def scale(self, keyword: str) -> str:
        """Return what is said of the polarities of *keyword*."""
        subject = self.by_keyword.get(keyword)
        return scale_note(subject.labels if subject else 0)


@once
def read_label_section(run: RunData) -> LabelSection:
    """Read the labels of a run of months, and the polarities that they correct."""
    by_coder: Counter[str] = Counter()
    months: dict[Place, CodedStratum] = {}
    signs: dict[Place, Signs] = {}
    for place, stratum, month_signs in _read_months(run, by_coder):
        months[place], signs[place] = stratum, month_signs

    def describe(subject_name: str, places: Sequence[Place]) -> LabelledSubject:
        strata = [months[place] for place in places]
        subject_signs = np.concatenate([signs[place] for place in places])
        return _describe(subject_name, strata, subject_signs, run.neutral_band)

    keywords: dict[str, list[Place]] = defaultdict(list)
    for place in sorted(months):
        keywords[place[0]].append(place)

    by_keyword = {keyword: describe(keyword, places) for keyword, places in keywords.items()}
    subjects = list(by_keyword.values())
    if len(keywords) > 1:
        subjects.insert(0, describe(ALL, sorted(months)))
    if len(months) > len(keywords):
        for keyword, period in sorted(months):
            if len(months[keyword, period].codes) >= FEWEST_LABELS:
                month = f"{keyword}, {month_name(period, '%B %Y')}"
                subjects.append(describe(month, [(keyword, period)]))

    agreement = next((row for row in read_agreement(run) if row.codebook == POLARITY), None)
    return LabelSection(
        dict(sorted(by_coder.items())), agreement, subjects, by_keyword, run.neutral_band
    )


def _read_months(
    run: RunData, by_coder: Counter[str]
) -> Iterator[tuple[Place, CodedStratum, Signs]]:
    """Yield the mentions with a polarity by keyword and month, and their signs.

    A mention's label is the mean over its coders, whose labels are counted in *by_coder*. What a
    selection leaves out is labelled all the same.
    """
    labels = load_labels(run).drop_nulls("code").lazy()

    def select(job: RunJob, frames: Frames) -> list[pl.LazyFrame]:
        mentions = frames.mentions.lazy().unique(UNIT, keep="first", maintain_order=True)
        named = mentions.with_columns(pl.col("keyword").cast(pl.String))
        is_left_out = pl.col("document").is_in(list(left_out(run, job)))
        shown = named.filter(~is_left_out).drop_nulls("polarity")
        scored = shown.with_columns(pl.col("polarity") / TRILLIONTHS)
        return [labels.join(named, on=UNIT, maintain_order="left"), scored]

    given, shown = gather(run, run.jobs, select, load_mentioning)
    by_coder.update(name.removeprefix(PERSON) for name in given["coder"])
    score = pl.col("polarity").first() / TRILLIONTHS
    label = pl.col("code").cast(pl.String).cast(pl.Float64).mean()
    units = given.drop_nulls("polarity").group_by("job", *UNIT, maintain_order=True)
    labelled = units.agg(score, label).group_by(_PLACE, maintain_order=True)
    labels_by_place = {}
    for keyword, month, polarities, codes in labelled.agg("polarity", "code").iter_rows():
        labels_by_place[keyword, month] = polarities, codes

    by_place = shown.group_by(_PLACE, maintain_order=True).agg("polarity")
    for keyword, month, scores in by_place.iter_rows():
        polarities, codes = labels_by_place.get((keyword, month), ([], []))
        # A selection may leave out more mentions than have no label.
        size = max(len(scores), len(codes))
        machine = MachineCodes(polarities, size * (mean(scores) or 0.0), size)
        stratum = CodedStratum("mention", size, codes, machine=machine)
        signs = np.array(list(map(run.neutral_band.sign, scores)), dtype=float)
        yield (keyword, month), stratum, signs


def _describe(
    subject_name: str, strata: Sequence[CodedStratum], signs: Signs, band: NeutralBand
) -> LabelledSubject:
    size = sum(stratum.size for stratum in strata)
    total = sum(stratum.machine.positives for stratum in strata if stratum.machine is not None)
    labels = sum(len(stratum.codes) for stratum in strata)
    is_enough = labels >= FEWEST_LABELS
    fit = fit_mean(strata) if is_enough else None
    alone = fit_mean(strata, use_machine=False) if is_enough else None
    # The engine's signs are on the scale of labels.
    variance = float((signs * signs).mean() - signs.mean() ** 2)
    unit_variance = variance if fit is None else fit.unit_variance
    described = LabelledSubject(
        subject_name, size, total / size, labels, labels_needed(unit_variance, size)
    )
    if fit is None or alone is None:
        return described

    shares = {name: _share(strata, band, partial(_is_sign, sign)) for name, sign in _SIGNS.items()}
    # Rounding decides between no two signs that are as common.
    commonest_name = max(shares, key=lambda sign_name: round(shares[sign_name].value, 9))
    return replace(
        described,
        corrected=fit.estimate.cut(-1.0, 1.0),
        alone=alone.estimate.cut(-1.0, 1.0),
        right=_share(strata, band, np.equal),
        opposite=_share(strata, band, lambda engine, readers: engine * readers < 0),
        commonest=shares[commonest_name],
        commonest_name=commonest_name,
        correlation=fit.correlation,
    )


def _share(
    strata: Sequence[CodedStratum], band: NeutralBand, holds: Callable[[Signs, Signs], Bits]
) -> Estimate:
    """Return the share of mentions for whose signs, the engine's and the readers', *holds*.

    Where coders balance, their mean label has no sign.
    """
    shares = []
    for stratum in strata:
        polarities = () if stratum.machine is None else stratum.machine.codes
        engine = np.array([band.sign(polarity or 0.0) for polarity in polarities], dtype=float)
        agreements = holds(engine, np.sign(np.array(stratum.codes, dtype=float)))
        shares.append(replace(stratum, codes=agreements.astype(float).tolist()))

    fit = fit_mean(shares, use_machine=False)
    assert fit is not None  # noqa: S101 - `_describe` has counted the labels
    return fit.estimate.cut(0.0, 1.0)


def _is_sign(sign: int, _engine: Signs, readers: Signs) -> Bits:
    is_sign: Bits = readers == sign
    return is_sign
