"""How many codes an interval of a wanted half-width takes, from those that a pilot has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.stats.coded_strata import Cell, CodedStratum, group_by_kind
from reports.stats.intervals import TAIL
from reports.stats.proportions import sum_cells

# Fewer codes would not tell a stratum's spread.
FEWEST_CODES = 2

_BISECTIONS = 50


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
class _Kind:
    """Strata of one kind, by their place in the sample, and what the pilot tells of them.

    A unit stands for *copies* documents on average. They differ so much that *n* units tell as much
    as n / *inequality* units of equal copies.
    """

    places: list[int]
    sizes: list[int]
    share: float
    copies: float
    inequality: float

    def count_units(self, place: int) -> int:
        """Return about how many units the stratum at *place* of the kind has."""
        return max(1, int(self.sizes[place] / self.copies))


def plan_codes(
    strata: Sequence[CodedStratum], half_width: float, tail: float = TAIL
) -> CodePlan | None:
    """Return the fewest codes whose interval of the share is ± *half_width*; None without a code.

    Codes are divided as J. Neyman did ("On the two different aspects of the representative method",
    Journal of the Royal Statistical Society 97, 1934): by the documents of a stratum and the
    standard deviation of its kind. Shares of kinds are the pilot's with half a unit of either code
    added (H. Jeffreys, "Theory of Probability", 1961): a kind without a positive unit is not sure
    to have none. The half-width is that of the interval of such shares by people's codes alone. No
    stratum gets fewer codes than it has. The interval leaves *tail* outside at either end. Raises
    ValueError unless *half_width* > 0.
    """
    if not any(stratum.codes for stratum in strata):
        _check_width(half_width)
        return None
    return _plan(strata, _measure_kinds(strata), half_width, tail)


def plan_first_codes(
    strata: Sequence[CodedStratum],
    shares: Mapping[str, float],
    half_width: float,
    tail: float = TAIL,
) -> CodePlan:
    """Return what `plan_codes` does where nothing is coded, if each kind has its share of *shares*.

    Raises ValueError unless *half_width* > 0.
    """
    kinds: list[_Kind] = []
    for kind in group_by_kind(strata):
        places = [place for place, stratum in enumerate(strata) if stratum.kind == kind]
        sizes = [strata[place].size for place in places]
        kinds.append(_Kind(places, sizes, shares[kind], copies=1.0, inequality=1.0))
    return _plan(strata, kinds, half_width, tail)


def _check_width(half_width: float) -> None:
    if half_width <= 0:
        raise ValueError(f"an interval of ± {half_width} has no width")


def _plan(
    strata: Sequence[CodedStratum], kinds: Sequence[_Kind], half_width: float, tail: float
) -> CodePlan:
    """Find the lowest rate of codes at which the interval is narrow enough."""
    _check_width(half_width)
    low, high = 0.0, 2.0 * max(math.sqrt(1 / _variance(kind)) for kind in kinds)
    for _ in range(_BISECTIONS):
        rate = (low + high) / 2
        if _predict(kinds, _divide(strata, kinds, rate), tail) > half_width:
            low = rate
        else:
            high = rate
    counts = _divide(strata, kinds, high)
    return CodePlan(counts, _predict(kinds, counts, tail))


def _measure_kinds(strata: Sequence[CodedStratum]) -> list[_Kind]:
    kinds: list[_Kind] = []
    for kind in group_by_kind(strata):
        places = [place for place, stratum in enumerate(strata) if stratum.kind == kind]
        n = positives = copies = squares = 0.0
        for place in places:
            sums = strata[place].sums
            n += len(strata[place].codes)
            positives += sum(strata[place].codes)
            copies += sums.copies
            squares += sums.squares
        kinds.append(
            _Kind(
                places=places,
                sizes=[strata[place].size for place in places],
                share=(positives + 0.5) / (n + 1),
                copies=copies / n if n else 1.0,
                inequality=n * squares / copies**2 if n else 1.0,
            )
        )
    return kinds


def _variance(kind: _Kind) -> float:
    return kind.share * (1 - kind.share)


def _divide(strata: Sequence[CodedStratum], kinds: Sequence[_Kind], rate: float) -> list[int]:
    """Return codes by stratum: *rate* times its documents times the standard deviation."""
    counts = [0] * len(strata)
    for kind in kinds:
        for number, place in enumerate(kind.places):
            wanted = math.ceil(rate * kind.sizes[number] * math.sqrt(_variance(kind)))
            coded = len(strata[place].codes)
            most = max(coded, min(kind.sizes[number], kind.count_units(number)))
            counts[place] = max(coded, min(most, max(FEWEST_CODES, wanted)))
    return counts


def _predict(kinds: Sequence[_Kind], counts: Sequence[int], tail: float) -> float:
    """Return the half-width of the interval that so many codes will give."""
    cells = [_imagine_cell(kind, [counts[place] for place in kind.places]) for kind in kinds]
    total = sum_cells(cells, tail)
    return (total.high - total.low) / 2 / sum(cell.size for cell in cells)


def _imagine_cell(kind: _Kind, counts: Sequence[int]) -> Cell:
    """Return the kind's documents as they would be with *counts* of codes (`coded_strata.pool`)."""
    size = sum(kind.sizes)
    covered = inverse = 0.0
    for stratum_size, count in zip(kind.sizes, counts, strict=True):
        if count:
            stratum_covered = min(stratum_size, count * kind.copies)
            unread_part = (stratum_size - stratum_covered) / max(1, stratum_size - 1)
            inverse += (stratum_size / size) ** 2 * unread_part * kind.inequality / count
            covered += stratum_covered
    unread = size - covered
    if unread < 1 or not inverse:
        return Cell(size, sum(counts), kind.share * size, 0.0, kind.share, math.inf)
    effective_n = (unread / size) ** 2 / inverse
    return Cell(size, sum(counts), kind.share * covered, unread, kind.share, effective_n)
