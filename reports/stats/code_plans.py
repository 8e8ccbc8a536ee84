"""How many codes an interval of a wanted half-width takes, from those that a pilot has.

A stratum holds the documents of one kind in one period, say those that mention a keyword. Strata of
a kind are taken to have equal shares. Where a machine has coded all documents, a kind has a part
for each of its codes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from reports.stats.coded_shares import are_enough, choose_parts, sum_cells
from reports.stats.coded_strata import (
    CodedStratum,
    PooledCell,
    group_by_kind,
    join_classes,
)
from reports.stats.intervals import TAIL, midp_interval

# Fewer codes would not tell a stratum's spread.
FEWEST_CODES = 2

# So much of a unit of either code is added to the codes of a pilot before codes are allotted: a
# kind without a positive unit is not sure to have none
# (H. Jeffreys, "Theory of Probability", 1961).
_ADDED_TO_ALLOT = 0.5

# So much is added before a half-width is predicted. Where no unit is positive, half a unit predicts
# a width up to 2.8 times that which is reached, none at all one that is too narrow
# (docs/samples.md).
_ADDED_TO_PREDICT = 0.03

_BISECTIONS = 50

# A half-width that is expected is told as the range that holds it in four of five samples.
_TAIL_OF_RANGE = 0.1

# A share that is assumed counts as that of so many units.
_ASSUMED_UNITS = 1e12


@dataclass(frozen=True)
class CodePlan:
    """Codes by stratum, those of the pilot among them, and the half-width that they will give.

    It is larger than the wanted one only where all texts have to be coded.
    """

    counts: list[int]
    half_width: float

    @property
    def n(self) -> int:
        """All codes."""
        return sum(self.counts)


@dataclass(frozen=True)
class PilotShare:
    """The units of a kind that a pilot has found in the category, of *n*."""

    positives: float
    n: float

    @classmethod
    def assume(cls, share: float) -> PilotShare:
        """Return a share as if many units told it."""
        return cls(share * _ASSUMED_UNITS, _ASSUMED_UNITS)


@dataclass(frozen=True)
class _PilotPart:
    """All documents of a kind, or those to which a machine gave one code.

    *sizes* are those of the strata. Of *n* units of the pilot *positives* were in the category. A
    unit stands for *copies* documents on average; that they do not all stand for equally many makes
    the variance *design_effect* times as large (L. Kish, "Weighting for unequal Pi", Journal of
    Official Statistics 8, 1992).
    """

    sizes: Sequence[int]
    n: float
    positives: float
    copies: float
    design_effect: float

    # A class of a kind has so much of what is added to the codes of the kind.
    part_of_kind: float = 1.0

    # Its own codes, where *n* and *positives* are what those of the kind say of it.
    own: PilotShare | None = None

    @classmethod
    def of(cls, strata: Sequence[CodedStratum]) -> _PilotPart:
        """Return what the pilot tells of *strata*."""
        n = positives = copies = squares = 0.0
        for stratum in strata:
            sums = stratum.sums
            n += len(stratum.codes)
            positives += sum(stratum.codes)
            copies += sums.copies
            squares += sums.squares

        return cls(
            sizes=[stratum.size for stratum in strata],
            n=n,
            positives=positives,
            copies=copies / n if n else 1.0,
            design_effect=n * squares / copies**2 if n else 1.0,
        )

    def share(self, added: float) -> float:
        """Return the pilot's share in the category, with *added* units of either code."""
        added *= self.part_of_kind
        return (self.positives + added) / (self.n + 2 * added)

    @property
    def variance(self) -> float:
        """The variance of a code, by which codes are allotted."""
        share = self.share(_ADDED_TO_ALLOT)
        return share * (1 - share)


@dataclass(frozen=True)
class _Kind:
    """Strata of a kind and class, by their place in the sample; *parts* are by a machine's code.

    A unit stands for *copies* documents on average.
    """

    name: str
    relative_share: float
    places: Sequence[int]
    sizes: Sequence[int]
    copies: float
    whole: _PilotPart
    parts: Sequence[_PilotPart]

    def count_units(self, index: int) -> int:
        """Return about how many units the stratum at an *index* of the kind has."""
        return max(1, int(self.sizes[index] / self.copies))

    @cached_property
    def deviation(self) -> float:
        """The standard deviation of codes within the parts."""
        squares = sum(sum(part.sizes) * part.variance for part in self.parts)
        return math.sqrt(squares / sum(self.sizes))


def plan_codes(
    strata: Sequence[CodedStratum],
    half_width: float,
    tail: float = TAIL,
    *,
    use_machine: bool = False,
) -> CodePlan | None:
    """Return the fewest codes whose interval of the share is ± *half_width*; None without a code.

    Codes are allotted by the documents of a stratum and the standard deviation of its kind
    (J. Neyman, "On the two different aspects of the representative method", Journal of the Royal
    Statistical Society 97, 1934). The half-width is that of the interval if the pilot's shares are
    right; a machine narrows it as it does estimates. No stratum gets fewer codes than it has. The
    interval leaves *tail* outside at either end. Raises ValueError unless *half_width* > 0.
    """
    _check_width(half_width)
    if not any(stratum.codes for stratum in strata):
        return None

    part = _part_of_varying(strata)
    if not part:
        return CodePlan([len(stratum.codes) for stratum in strata], 0.0)

    plan = _plan(strata, _measure_kinds(strata, use_machine=use_machine), half_width / part, tail)
    return CodePlan(plan.counts, plan.half_width * part)


def plan_first_codes(
    strata: Sequence[CodedStratum],
    shares: Mapping[str, PilotShare],
    half_width: float,
    tail: float = TAIL,
) -> CodePlan:
    """Return what `plan_codes` does where nothing is coded, if *shares* are those of the kinds.

    Raises ValueError unless *half_width* > 0.
    """
    _check_width(half_width)
    kinds: list[_Kind] = []
    for (kind, relative), places in _group_places(strata).items():
        sizes = [strata[place].size for place in places]
        share = shares[kind]
        positives = min(share.positives * relative, max(share.positives, share.n / 2))
        part = _PilotPart(sizes, share.n, positives, copies=1.0, design_effect=1.0)
        kinds.append(_Kind(kind, relative, places, sizes, 1.0, part, [part]))

    return _plan(strata, kinds, half_width, tail)


def predict_half_width(
    strata: Sequence[CodedStratum],
    counts: Sequence[int],
    tail: float = TAIL,
    *,
    use_machine: bool = False,
) -> float:
    """Return the half-width that *counts* codes by stratum will give, from those of a pilot."""
    part = _part_of_varying(strata)
    if not part:
        return 0.0

    kinds = _measure_kinds(strata, use_machine=use_machine)
    return part * _measure_width(_imagine(kinds, counts), tail)


def bound_half_width(
    strata: Sequence[CodedStratum],
    counts: Sequence[int],
    tail: float = TAIL,
    *,
    use_machine: bool = False,
) -> tuple[float, float]:
    """Return between what the half-width of *counts* codes by stratum will be in 80 % of samples.

    The yes that are to be read are a guess, and move it: by how many there may be in each class
    (the prediction of a later binomial count from an earlier one: G. J. Hahn and W. Q. Meeker,
    "Statistical Intervals", 1991, 6.4). What each moves is joined as squares, as by MOVER.
    """
    part = _part_of_varying(strata)
    if not part:
        return 0.0, 0.0

    groups = _imagine(_measure_kinds(strata, use_machine=use_machine), counts)
    middle = _measure_width(groups, tail)
    below = above = 0.0
    for place, group in enumerate(groups):
        for variants in _vary(group):
            changes = [
                _measure_width([*groups[:place], variant, *groups[place + 1 :]], tail) - middle
                for variant in variants
            ]
            below += min(0.0, *changes) ** 2
            above += max(0.0, *changes) ** 2

    lowest, highest = middle - math.sqrt(below), middle + math.sqrt(above)
    return part * max(0.0, lowest), part * min(0.5, highest)


def _part_of_varying(strata: Sequence[CodedStratum]) -> float:
    """Return the part of the documents that is not of texts that were drawn for certain.

    These are known: they have no error, and are no measure of how unequal the weights of others
    are.
    """
    size = sum(stratum.size for stratum in strata)
    return sum(stratum.size for stratum in strata if not stratum.is_known) / max(1, size)


def _group_places(strata: Sequence[CodedStratum]) -> dict[tuple[str, float], list[int]]:
    """Return by kind and class the places of the strata with documents that are not known."""
    places: dict[tuple[str, float], list[int]] = {}
    for place, stratum in enumerate(strata):
        if stratum.size and not stratum.is_known:
            places.setdefault((stratum.kind, stratum.relative_share), []).append(place)

    return places


def _check_width(half_width: float) -> None:
    if half_width <= 0:
        raise ValueError(f"an interval of ± {half_width} has no width")


def _plan(
    strata: Sequence[CodedStratum], kinds: Sequence[_Kind], half_width: float, tail: float
) -> CodePlan:
    """Find the lowest rate of codes at which the interval is narrow enough."""
    if not kinds:
        return CodePlan([0] * len(strata), 0.0)

    # At the highest rate all documents of every kind are coded.
    low, high = 0.0, 2.0 * max(1 / kind.deviation for kind in kinds)
    for _ in range(_BISECTIONS):
        rate = (low + high) / 2
        if _measure_width(_imagine(kinds, _allot(strata, kinds, rate)), tail) > half_width:
            low = rate
        else:
            high = rate

    counts = _allot(strata, kinds, high)
    return CodePlan(counts, _measure_width(_imagine(kinds, counts), tail))


def _measure_kinds(strata: Sequence[CodedStratum], *, use_machine: bool) -> list[_Kind]:
    kinds: list[_Kind] = []
    varying = [stratum for stratum in strata if stratum.size and not stratum.is_known]
    places_by_class = _group_places(strata)
    groups = group_by_kind(strata)
    for name, kind_strata in group_by_kind(varying).items():
        others = [stratum for other in groups if other != name for stratum in groups[other]]
        # With enough codes the estimate will be by these, however few the pilot has of one.
        chosen = choose_parts(kind_strata, others, use_machine=use_machine, n=math.inf)
        for (kind, relative), places in places_by_class.items():
            own = [
                place
                for place, stratum in enumerate(kind_strata)
                if (stratum.kind, stratum.relative_share) == (kind, relative)
            ]
            if not own:
                continue

            sizes = [kind_strata[place].size for place in own]
            whole, *parts = (
                _share_out(part, [part[place] for place in own]) for part in (kind_strata, *chosen)
            )
            kinds.append(_Kind(name, relative, places, sizes, whole.copies, whole, parts))

    return kinds


def _share_out(strata: Sequence[CodedStratum], of_class: Sequence[CodedStratum]) -> _PilotPart:
    """Return a class of *strata*, which together tell the level of their kind.

    A class that gets fewer codes since few yes were read in it would be taken to have few.
    """
    part = _PilotPart.of(of_class)
    expected = math.fsum(len(stratum.codes) * stratum.relative_share for stratum in strata)
    if len(of_class) == len(strata) or not expected:
        return part

    # A class without a code has the level, too.
    n = max(part.n, 1.0)
    part_of_kind = n * of_class[0].relative_share / expected
    positives = part_of_kind * math.fsum(code for stratum in strata for code in stratum.codes)
    return replace(
        part,
        n=n,
        positives=min(positives, n / 2),
        part_of_kind=part_of_kind,
        own=PilotShare(part.positives, part.n),
    )


def _allot(strata: Sequence[CodedStratum], kinds: Sequence[_Kind], rate: float) -> list[int]:
    """Return codes by stratum: *rate* times its documents times the standard deviation.

    Small strata get one where a systematic sample through those of the kind has one: with a code
    for each, samples of many periods would be far larger than they have to be.
    """
    counts = [len(stratum.codes) for stratum in strata]
    for kind in kinds:
        sizes = np.array(kind.sizes)
        wanted = rate * kind.deviation * sizes
        wanted *= max(1.0, FEWEST_CODES / wanted.sum()) if wanted.any() else 0.0
        start = float(np.random.default_rng(int(sizes.sum())).random())
        steps = np.floor(np.cumsum(wanted) + start).astype(int)
        for index, place in enumerate(kind.places):
            coded = counts[place]
            most = max(coded, min(kind.sizes[index], kind.count_units(index)))
            new = int(steps[index] - (steps[index - 1] if index else 0))
            counts[place] = max(coded, min(most, new))

    return counts


@dataclass(frozen=True)
class _Group:
    """The classes of a kind, or of a part of it, as they would be with all codes.

    *new* are the codes of each class that are to come, *read* those that all of them have.
    """

    cells: Sequence[PooledCell]
    new: Sequence[float]
    read: float


def _imagine(kinds: Sequence[_Kind], counts: Sequence[int]) -> list[_Group]:
    """Return the parts of all kinds as they would be with so many codes by stratum."""
    groups: list[_Group] = []
    for _, group in groupby(kinds, key=lambda kind: kind.name):
        classes = sorted(group, key=lambda kind: -kind.relative_share)
        n = sum(counts[place] for kind in classes for place in kind.places)
        sizes = [
            sum(sum(part.sizes) for part in parts)
            for parts in zip(*(kind.parts for kind in classes), strict=True)
        ]
        is_split = are_enough(n, sizes)
        parts_of_classes = [kind.parts if is_split else [kind.whole] for kind in classes]
        for parts in zip(*parts_of_classes, strict=True):
            imagined = [
                _imagine_cell(part, [counts[place] for place in kind.places], kind.sizes)
                for kind, part in zip(classes, parts, strict=True)
            ]
            own = [part.own or PilotShare(part.positives, part.n) for part in parts]
            new = [max(0.0, cell.n - share.n) for cell, share in zip(imagined, own, strict=True)]
            groups.append(_Group(imagined, new, sum(share.n for share in own)))

    return groups


def _measure_width(groups: Sequence[_Group], tail: float) -> float:
    """Return the half-width of the interval of the share."""
    cells = [join_classes(group.cells) for group in groups]
    total = sum_cells(cells, tail)
    return total.half_width / sum(cell.size for cell in cells)


def _vary(group: _Group) -> Iterator[tuple[_Group, _Group]]:
    """Yield what new codes may make of a group, at both ends of the range.

    First what is not known of the level of all classes, then the chance of each class.
    """
    n = np.array([cell.n for cell in group.cells], dtype=float)
    shares = np.array([cell.share or 0.0 for cell in group.cells])
    part_new = np.array(group.new) / np.maximum(n, 1.0)
    expected = float(shares @ n)
    if group.read and expected and n.sum() > group.read:
        found = expected * group.read / float(n.sum())
        limits = midp_interval(min(found, group.read), group.read, _TAIL_OF_RANGE)
        low, high = (limit * group.read / found - 1 for limit in limits)
        yield (
            _replace_shares(group, shares * (1 + part_new * low)),
            _replace_shares(group, shares * (1 + part_new * high)),
        )

    for place, (of_class, share) in enumerate(zip(n, shares, strict=True)):
        if part_new[place]:
            effective_n = float(of_class / part_new[place])
            limits = midp_interval(float(share) * effective_n, effective_n, _TAIL_OF_RANGE)
            low_shares, high_shares = (
                np.where(np.arange(len(n)) == place, limit, shares) for limit in limits
            )
            yield _replace_shares(group, low_shares), _replace_shares(group, high_shares)


def _replace_shares(group: _Group, shares: NDArray[np.float64]) -> _Group:
    cells = [
        replace(cell, share=share, positives=share * (cell.size - cell.unread))
        for cell, share in zip(group.cells, np.clip(shares, 0, 1).tolist(), strict=True)
    ]
    return replace(group, cells=cells)


def _imagine_cell(
    part: _PilotPart, counts: Sequence[int], stratum_sizes: Sequence[int]
) -> PooledCell:
    """Return a part as it would be with *counts* codes in its strata (`coded_strata.pool`)."""
    size = sum(part.sizes)
    n = covered = variance_factor = 0.0
    for of_part, of_stratum, stratum_count in zip(part.sizes, stratum_sizes, counts, strict=True):
        count = stratum_count * of_part / of_stratum
        if count:
            stratum_covered = min(of_part, count * part.copies)
            unread_part = (of_part - stratum_covered) / max(1, of_part - 1)
            variance_factor += (of_part / size) ** 2 * unread_part * part.design_effect / count
            n += count
            covered += stratum_covered

    unread = size - covered
    share = part.share(_ADDED_TO_PREDICT)
    if part.own is not None and n:
        # What was read of a class stays, and what is to come has the level.
        new = max(0.0, n - part.own.n)
        share = (part.own.positives + new * share) / (part.own.n + new)

    if unread < 1 or not variance_factor:
        return PooledCell(size, round(n), share * size, 0.0, share, math.inf)

    effective_n = (unread / size) ** 2 / variance_factor
    return PooledCell(size, round(n), share * covered, unread, share, effective_n)
