"""How many codes an interval of a wanted half-width takes, from those that a pilot has.

A stratum holds the documents of one kind in one period, say those that mention a keyword. Strata of
a kind are taken to have equal shares. Where a machine has coded all documents, a kind has a part
for each of its codes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from reports.stats.coded_strata import CodedStratum, PooledCell, SplitKind
from reports.stats.intervals import TAIL
from reports.stats.proportions import choose_parts, sum_cells

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
        return (self.positives + added) / (self.n + 2 * added)

    @property
    def variance(self) -> float:
        """The variance of a code, by which codes are allotted."""
        share = self.share(_ADDED_TO_ALLOT)
        return share * (1 - share)


@dataclass(frozen=True)
class _Kind:
    """Strata of one kind, by their place in the sample, and the parts that a machine makes of it.

    A unit stands for *copies* documents on average.
    """

    places: Sequence[int]
    sizes: Sequence[int]
    copies: float
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
    for kind, places in _group_places(strata).items():
        sizes = [strata[place].size for place in places]
        share = shares[kind]
        part = _PilotPart(sizes, share.n, share.positives, copies=1.0, design_effect=1.0)
        kinds.append(_Kind(places, sizes, 1.0, [part]))

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
    return part * _predict_half_width(kinds, counts, tail)


def _part_of_varying(strata: Sequence[CodedStratum]) -> float:
    """Return the part of the documents that is not of texts that were drawn for certain.

    These are known: they have no error, and are no measure of how unequal the weights of others
    are.
    """
    size = sum(stratum.size for stratum in strata)
    return sum(stratum.size for stratum in strata if not stratum.is_known) / max(1, size)


def _group_places(strata: Sequence[CodedStratum]) -> dict[str, list[int]]:
    """Return by kind the places of the strata whose documents may be in the category or not."""
    places: dict[str, list[int]] = {}
    for place, stratum in enumerate(strata):
        if stratum.size and not stratum.is_known:
            places.setdefault(stratum.kind, []).append(place)

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
        if _predict_half_width(kinds, _allot(strata, kinds, rate), tail) > half_width:
            low = rate
        else:
            high = rate

    counts = _allot(strata, kinds, high)
    return CodePlan(counts, _predict_half_width(kinds, counts, tail))


def _measure_kinds(strata: Sequence[CodedStratum], *, use_machine: bool) -> list[_Kind]:
    kinds: list[_Kind] = []
    for places in _group_places(strata).values():
        kind_strata = [strata[place] for place in places]
        others = [stratum for stratum in strata if stratum.kind != kind_strata[0].kind]
        whole = _PilotPart.of(kind_strata)
        chosen = choose_parts(kind_strata, others, use_machine=use_machine)
        parts = [_PilotPart.of(part) for part in chosen]
        kinds.append(_Kind(places, whole.sizes, whole.copies, parts))

    return kinds


def _allot(strata: Sequence[CodedStratum], kinds: Sequence[_Kind], rate: float) -> list[int]:
    """Return codes by stratum: *rate* times its documents times the standard deviation."""
    counts = [len(stratum.codes) for stratum in strata]
    for kind in kinds:
        for index, place in enumerate(kind.places):
            wanted = math.ceil(rate * kind.sizes[index] * kind.deviation)
            coded = counts[place]
            most = max(coded, min(kind.sizes[index], kind.count_units(index)))
            counts[place] = max(coded, min(most, max(FEWEST_CODES, wanted)))

    return counts


def _predict_half_width(kinds: Sequence[_Kind], counts: Sequence[int], tail: float) -> float:
    """Return the half-width of the interval that so many codes will give."""
    cells: list[PooledCell] = []
    for kind in kinds:
        rates = [counts[place] / size for place, size in zip(kind.places, kind.sizes, strict=True)]
        cells += [_imagine_cell(part, rates) for part in kind.parts]

    total = sum_cells([SplitKind(cells)], tail)
    return total.half_width / sum(cell.size for cell in cells)


def _imagine_cell(part: _PilotPart, rates: Sequence[float]) -> PooledCell:
    """Return a part as it would be with codes at *rates* in its strata (`coded_strata.pool`)."""
    size = sum(part.sizes)
    n = covered = variance_factor = 0.0
    for stratum_size, rate in zip(part.sizes, rates, strict=True):
        count = rate * stratum_size
        if count:
            stratum_covered = min(stratum_size, count * part.copies)
            unread_part = (stratum_size - stratum_covered) / max(1, stratum_size - 1)
            variance_factor += (stratum_size / size) ** 2 * unread_part * part.design_effect / count
            n += count
            covered += stratum_covered

    unread = size - covered
    share = part.share(_ADDED_TO_PREDICT)
    if unread < 1 or not variance_factor:
        return PooledCell(size, round(n), share * size, 0.0, share, math.inf)

    effective_n = (unread / size) ** 2 / variance_factor
    return PooledCell(size, round(n), share * covered, unread, share, effective_n)
