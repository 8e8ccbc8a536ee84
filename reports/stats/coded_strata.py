"""Samples of documents that coders read, by stratum; the input of all estimates from codes.

A stratum holds the documents of one kind and one period. Kinds tell how a document stands to the
keyword: it mentions it, it is a near miss, or it is one of the rest, which may have classes that
are drawn at rates of their own. A unit is a text that was drawn; all units of a stratum have the
same inclusion probability. A unit stands for as many documents as repeat its text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

# Strata that have so many codes each tell their own shares: whether it is one more or less hardly
# changes what a unit stands for.
_MANY_CODES = 5


@dataclass(frozen=True)
class MachineCodes:
    """What a machine coder says of a stratum: 1 for the category, 0 for others, None for no code.

    *codes* are those of the stratum's coded units, in their order. It put *positives* of the
    stratum's documents into the category, and coded *coded* of them at all. Of polarities
    *positives* is their sum.
    """

    codes: Sequence[float | None]
    positives: float
    coded: int


@dataclass(frozen=True)
class FirstPhase:
    """What another coder says of a larger sample of the same documents, drawn before the units.

    *codes* are those of the stratum's coded units, in their order; None for a unit outside of the
    larger sample. *strata* are the larger sample, with a machine's codes if the stratum has them.
    """

    codes: Sequence[float | None]
    strata: Sequence[CodedStratum]


@dataclass(frozen=True)
class UnitSums:
    """Sums over coded units of their copies, of these squared, and of both times the code."""

    copies: float
    copies_in: float
    squares: float
    squares_in: float
    squares_in_squared: float


@dataclass(frozen=True)
class CodedStratum:
    """The documents of one *kind* and period, *size* in all, and the codes of those that were read.

    A code is 1 where the unit is in the category and 0 where it is not; of a scale it is the step,
    or NaN where the scale is not asked; the mean of its coders where they differ. *copies* are the
    documents that each unit stands for beside the others: one each if empty. The units are
    *covered* documents, as many as their copies if it is 0. They may be a part of a larger sample,
    the *first_phase*. *number* is that of the stratum in its sample; texts that were drawn for
    certain are strata of their own, with the same number. *relative_share* tells the classes of a
    kind apart: how the share of one is expected to compare with that of the kind. With
    *joins_periods* it may be one with other periods that were drawn at the same rate. Raises
    ValueError where the numbers contradict each other.
    """

    kind: str
    size: int
    codes: Sequence[float]
    copies: Sequence[float] = ()
    machine: MachineCodes | None = None
    first_phase: FirstPhase | None = None
    covered: float = 0.0
    number: int = 0
    relative_share: float = 1.0
    joins_periods: bool = False

    def __post_init__(self) -> None:
        if self.copies and len(self.copies) != len(self.codes):
            raise ValueError(f"{len(self.codes)} codes have {len(self.copies)} numbers of copies")
        if self.copies and min(self.copies) <= 0:
            raise ValueError("a unit stands for no document")

        covered = sum(self.copies) if self.copies else len(self.codes)
        if covered > self.size:
            raise ValueError(f"the units stand for {covered:g} of {self.size} documents")

        phase = self.first_phase
        if phase is not None and len(phase.codes) != len(self.codes):
            raise ValueError(f"{len(self.codes)} units have {len(phase.codes)} codes of the first")

        machine = self.machine
        if machine is not None and len(machine.codes) != len(self.codes):
            raise ValueError(f"a machine has {len(machine.codes)} codes of {len(self.codes)} units")

    @property
    def is_known(self) -> bool:
        """Whether it is one text, with all its copies, that was drawn for certain and coded."""
        return list(self.copies) == [self.size]

    @property
    def weights(self) -> NDArray[np.float64]:
        """The copies of each unit."""
        return np.array(self.copies or [1.0] * len(self.codes), dtype=float)

    @cached_property
    def sums(self) -> UnitSums:
        """The sums that estimates of shares need of the units. Raises ValueError for steps."""
        codes, copies = np.array(self.codes, dtype=float), self.weights
        if not np.all((codes >= 0) & (codes <= 1)):
            raise ValueError("a code is no number from 0 to 1")

        in_category = copies * codes
        return UnitSums(
            copies=float(copies.sum()),
            copies_in=float(in_category.sum()),
            squares=float(copies @ copies),
            squares_in=float(copies @ in_category),
            squares_in_squared=float(in_category @ in_category),
        )

    @cached_property
    def machine_parts(self) -> tuple[CodedStratum, CodedStratum, CodedStratum]:
        """The documents that the machine puts into the category, into none, and has not coded.

        Raises ValueError where it puts more into the category than it has coded.
        """
        machine = self.machine
        if machine is None:
            phase = self.first_phase
            no_phase = None if phase is None else FirstPhase((), ())
            nothing = replace(self, size=0, codes=(), copies=(), first_phase=no_phase)
            return nothing, nothing, self

        if not 0 <= machine.positives <= machine.coded <= self.size:
            raise ValueError(
                f"a machine coded {machine.coded} of {self.size} documents, {machine.positives} "
                "into the category"
            )

        verdicts = [None if code is None else code > 0.5 for code in machine.codes]
        positives = int(machine.positives)
        negatives = machine.coded - positives
        sizes = {True: positives, False: negatives, None: self.size - machine.coded}
        positive, negative, uncoded = (
            self.select_units([unit_verdict is verdict for unit_verdict in verdicts], size, part)
            for part, (verdict, size) in enumerate(sizes.items())
        )
        return positive, negative, uncoded

    def select_units(
        self, are_selected: Sequence[bool], size: int, part: int | None = None
    ) -> CodedStratum:
        """Return some of the units, as those of a stratum of so many documents.

        The first phase is that of a *part* by the machine's code; without one it is left out.
        """
        selected = [unit for unit, is_selected in enumerate(are_selected) if is_selected]
        codes = [self.codes[unit] for unit in selected]
        copies = [self.copies[unit] for unit in selected] if self.copies else ()
        phase = self.first_phase
        selected_phase = None
        if phase is not None and part is not None:
            phase_codes = [phase.codes[unit] for unit in selected]
            phase_strata = [stratum.machine_parts[part] for stratum in phase.strata]
            selected_phase = FirstPhase(phase_codes, phase_strata)

        return CodedStratum(
            self.kind,
            size,
            codes,
            copies,
            first_phase=selected_phase,
            relative_share=self.relative_share,
            joins_periods=self.joins_periods,
        )


@dataclass(frozen=True)
class PooledCell:
    """Documents of one kind, of all periods, *n* of whose units were coded.

    Of those that were read *positives* are in the category, of the *unread* ones an unknown
    *share* that is estimated (None without a coded unit). It is as sure as one from *effective_n*
    independent draws; where its units weigh differently its lower limit is that of *lower_n*.

    Documents of a kind may be two cells, by the code that another coder gave a larger sample. Then
    their sizes are estimated: *first_cells* of the one are what that coder said of the documents,
    each of which moves the total by the *contrast* of the shares of both.
    """

    size: int
    n: int
    positives: float
    unread: float
    share: float | None
    effective_n: float
    lower_n: float | None = None
    first_cells: Sequence[PooledCell] = ()
    contrast: float = 0.0

    @property
    def total(self) -> float:
        """The documents in the category; 0 without a coded unit."""
        return self.positives + self.unread * (self.share or 0.0)


def group_by_kind(strata: Iterable[CodedStratum]) -> dict[str, list[CodedStratum]]:
    """Return the strata of each kind that has documents, in the order in which kinds appear."""
    groups: dict[str, list[CodedStratum]] = {}
    for stratum in strata:
        if stratum.size:
            groups.setdefault(stratum.kind, []).append(stratum)

    return groups


def split_by_machine(strata: Sequence[CodedStratum]) -> list[list[CodedStratum]]:
    """Split the strata by the machine's code: lists of the parts that have documents."""
    parts = [
        list(part) for part in zip(*(stratum.machine_parts for stratum in strata), strict=True)
    ]
    return [part for part in parts if any(stratum.size for stratum in part)]


def split_by_first_phase(
    strata: Sequence[CodedStratum], first_cells: Sequence[PooledCell]
) -> list[PooledCell] | None:
    """Split the strata by the code of the first phase; None where a part has no coded unit.

    *first_cells* are the cells of the first phase. Two-phase sampling for stratification: C.-E.
    Särndal, B. Swensson and J. Wretman, "Model Assisted Survey Sampling" (1992), chapter 9; W. G.
    Cochran, "Sampling Techniques" (1977), 12.2.
    """
    known_size = sum(cell.size for cell in first_cells if cell.share is not None)
    if not known_size:
        return None

    usual_share = math.fsum(cell.total for cell in first_cells) / known_size

    shares: list[float] = []
    for stratum in strata:
        phase_strata = () if stratum.first_phase is None else stratum.first_phase.strata
        own_share = pool(phase_strata).share if phase_strata else None
        shares.append(usual_share if own_share is None else own_share)

    positives = [stratum.size * share for stratum, share in zip(strata, shares, strict=True)]
    estimated = math.fsum(positives)
    size = sum(stratum.size for stratum in strata)
    scale = usual_share * size / estimated if estimated else 1.0

    positive_strata: list[CodedStratum] = []
    negative_strata: list[CodedStratum] = []
    for stratum, stratum_positives in zip(strata, positives, strict=True):
        codes = () if stratum.first_phase is None else stratum.first_phase.codes
        are_positive = [code is not None and code > 0.5 for code in codes]
        are_negative = [code is not None and code <= 0.5 for code in codes]
        least, least_negative = (
            math.ceil(_cover(stratum, are_of_part)) for are_of_part in (are_positive, are_negative)
        )
        most = max(least, stratum.size - least_negative)
        positive_size = min(most, max(least, round(scale * stratum_positives)))
        positive_strata.append(stratum.select_units(are_positive, positive_size))
        negative_strata.append(
            stratum.select_units(are_negative, max(least_negative, stratum.size - positive_size))
        )

    if not all(any(part.codes for part in parts) for parts in (positive_strata, negative_strata)):
        return None

    positive, negative = pool(positive_strata), pool(negative_strata)
    contrast = (positive.share or 0.0) - (negative.share or 0.0)
    return [replace(positive, first_cells=first_cells, contrast=contrast), negative]


def _cover(stratum: CodedStratum, are_selected: Sequence[bool]) -> float:
    """Return how many documents some units of a stratum stand for."""
    return math.fsum(stratum.weights[np.array(are_selected, dtype=bool)])


def pool(strata: Sequence[CodedStratum]) -> PooledCell:
    """Return the strata of a kind as one cell; where they have classes, of all of these."""
    classes: dict[float, list[CodedStratum]] = {}
    for stratum in strata:
        classes.setdefault(stratum.relative_share, []).append(stratum)

    if len(classes) < 2:
        return _pool_alike(strata)

    by_rank = sorted(classes, reverse=True)
    return join_classes([_pool_alike(classes[share]) for share in by_rank])


def join_classes(classes: Sequence[PooledCell]) -> PooledCell:
    """Return the classes of a kind, the highest first, as one cell: the stratified estimate.

    The effective sample size is that of a simple random sample with as much variance (L. Kish,
    "Survey Sampling", 1965, 8.2), had one unit more been read that is in the category, in each
    class alike; for the lower limit, one that is not. Without it a sample that holds no yes of the
    class whose units weigh most would be taken for sure where it errs most (R. C. Tiwari, L. X.
    Clegg and Z. Zou, "Efficient interval estimation for age-adjusted cancer rates", Statistical
    Methods in Medical Research 15, 2006; with mid-p M. P. Fay and S. Kim, Biometrical Journal 59,
    2017). A class without a code is counted to the one before, or to the first.
    """
    if len(classes) == 1:
        return classes[0]

    size = sum(cell.size for cell in classes)
    coded = [place for place, cell in enumerate(classes) if cell.n]
    if not coded:
        return PooledCell(size, 0, 0.0, size, None, 0.0)

    owners = [
        max((own for own in coded if own <= place), default=coded[0])
        for place in range(len(classes))
    ]
    cells = [classes[place] for place in coded]
    unread = np.zeros(len(classes))
    np.add.at(unread, np.array(owners), [cell.unread for cell in classes])
    unread = unread[coded]
    n = np.array([cell.n for cell in cells], dtype=float)
    shares = np.array([cell.share for cell in cells], dtype=float)
    positives = sum(cell.positives for cell in cells)
    if not unread.sum():
        return PooledCell(size, int(n.sum()), positives, 0.0, float(shares @ n / n.sum()), math.inf)

    # A class that was read whole may speak for one without a code.
    effective = np.array([cell.effective_n for cell in cells])
    effective = np.where(np.isinf(effective), n, effective)
    weights = unread / unread.sum()
    upper_n = _count_effective(weights, shares, effective)
    lower_n = _count_effective(weights, 1 - shares, effective)
    return PooledCell(
        size,
        int(n.sum()),
        positives,
        float(unread.sum()),
        float(weights @ shares),
        upper_n,
        lower_n,
    )


def _count_effective(
    weights: NDArray[np.float64], shares: NDArray[np.float64], n: NDArray[np.float64]
) -> float:
    """Return the effective size of samples of *n* from classes, with one of their units more.

    The unit is one of those of *shares*, and of each class alike. Where all units are alike it is
    that of a share which is the same in all classes.
    """
    added = 1 / len(n)
    likely = (shares * n + added) / (n + added)
    mean = float(weights @ likely)
    variance = float((weights**2 * likely * (1 - likely) / n).sum())
    return mean * (1 - mean) / variance if variance else 1 / float((weights**2 / n).sum())


def _pool_alike(strata: Sequence[CodedStratum]) -> PooledCell:
    """Return strata that are alike as one: a unit weighs the documents for which it stands.

    The weights of units add up to 1. One over the sum of their squares is the effective sample size
    of L. Kish, "Survey Sampling" (1965), 11.7. It is less where the weights of units in the
    category are the large ones (E. L. Korn and B. I. Graubard, "Confidence intervals for
    proportions with small expected number of positive counts estimated from survey data", Survey
    Methodology 24, 1998). A square counts by the part of its stratum that was not read (W. G.
    Cochran, "Sampling Techniques", 1977, 2.6). A stratum without a code is counted to the one
    before, or to the first.
    """
    size = sum(stratum.size for stratum in strata)
    n = sum(len(stratum.codes) for stratum in strata)
    if not n:
        return PooledCell(size, 0, 0.0, size, None, 0.0)

    share = squares = squares_in = squares_in_squared = positives = covered = 0.0
    for stratum, stratum_size in collapse(strata):
        sums = stratum.sums
        weight = stratum_size / size / sums.copies
        unread_part = (stratum_size - sums.copies) / max(1, stratum_size - 1)
        share += weight * sums.copies_in
        squares += weight**2 * unread_part * sums.squares
        squares_in += weight**2 * unread_part * sums.squares_in
        squares_in_squared += weight**2 * unread_part * sums.squares_in_squared
        positives += sums.copies_in
        covered += sums.copies

    unread = size - covered
    if unread <= 0:
        return PooledCell(size, n, positives, 0.0, share, math.inf)

    inverse = squares
    if 0 < share < 1:
        variance = squares_in_squared - 2 * share * squares_in + share**2 * squares
        inverse = max(inverse, variance / (share * (1 - share)))

    unread_share = min(1.0, max(0.0, (share * size - positives) / unread))
    if positives in (0, covered):
        # Rounding must not make a few of none, or of all.
        unread_share = float(positives > 0)

    return PooledCell(size, n, positives, unread, unread_share, (unread / size) ** 2 / inverse)


def collapse(strata: Sequence[CodedStratum]) -> list[tuple[CodedStratum, int]]:
    """Return the strata with codes, each with its size and that of uncoded ones after it.

    Classes are collapsed each on its own, the one with the largest share first. Where strata are
    too small for more than a few codes, and have as many as a systematic sample through all of them
    gives, they are one: each of their texts had the same probability.
    """
    collapsed: list[tuple[CodedStratum, int]] = []
    size_before = 0
    by_class = sorted(strata, key=lambda stratum: -stratum.relative_share)
    for _, of_class in groupby(by_class, key=lambda stratum: stratum.relative_share):
        for stratum in _join_proportional([*of_class]):
            if stratum.codes:
                collapsed.append((stratum, stratum.size + size_before))
                size_before = 0
            elif collapsed:
                coded, size = collapsed[-1]
                collapsed[-1] = coded, size + stratum.size
            else:
                size_before += stratum.size

    return collapsed


def _join_proportional(all_strata: list[CodedStratum]) -> list[CodedStratum]:
    """Return strata some of which have few codes as one, if they were drawn at the same rate."""
    known = [stratum for stratum in all_strata if stratum.is_known]
    strata = [stratum for stratum in all_strata if not stratum.is_known]
    counts = np.array([len(stratum.codes) for stratum in strata])
    sizes = np.array([stratum.size for stratum in strata])
    expected = counts.sum() * sizes / max(1, int(sizes.sum()))
    is_proportional = np.abs(counts - expected).max(initial=0.0) <= 1
    may_join = is_proportional and all(stratum.joins_periods for stratum in strata)
    if not counts.any() or not may_join or counts.min() >= _MANY_CODES:
        return all_strata

    coded = [stratum for stratum in strata if stratum.codes]
    has_copies = any(stratum.copies for stratum in coded)
    machines = [stratum.machine for stratum in coded if stratum.machine is not None]
    machine = MachineCodes(
        [code for machine in machines for code in machine.codes],
        math.fsum(stratum.machine.positives for stratum in strata if stratum.machine is not None),
        sum(stratum.machine.coded for stratum in strata if stratum.machine is not None),
    )
    joined = replace(
        coded[0],
        size=int(sizes.sum()),
        codes=[code for stratum in coded for code in stratum.codes],
        copies=np.concatenate([stratum.weights for stratum in coded]).tolist()
        if has_copies
        else (),
        covered=sum(stratum.covered for stratum in coded),
        machine=machine if machines else None,
        first_phase=None,
    )
    return [joined, *known]
