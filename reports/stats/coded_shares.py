"""Shares of documents that people would put into a category, from codes of a sample.

1. *Cells.* Strata of one kind are pooled over the periods (`coded_strata.pool`). With a machine
   coder a kind is split by its code where that makes the estimate more precise: post-stratification
   (W. G. Cochran, "Sampling Techniques", 1977, 5A.9). For codes of yes and no it is the difference
   estimator with the best slope of each kind, known as prediction-powered inference: A. N.
   Angelopoulos and others, Science 382 (2023), and "PPI++" (2023); for samples by design N. Egami
   and others, "Using imperfect surrogates for downstream inference" (2023). Nothing is assumed of
   the machine, but that its code of a unit did not depend on people's code of the same unit.
2. *Limits.* The mid-p interval of each cell. Wilson's covers less where a cell has one positive
   unit or none, and is wider (`bench/codes.py`).
3. *Joining.* MOVER: G. Y. Zou and A. Donner, "Construction of confidence limits about effect
   measures", Statistics in Medicine 27 (2008); of ratios A. Donner and G. Y. Zou, "Closed-form
   confidence intervals for functions of the normal mean and standard deviation", Statistical
   Methods in Medical Research 21 (2012).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import scipy

from core.enums import SamplePart
from reports.stats.coded_strata import (
    CodedStratum,
    PooledCell,
    group_by_kind,
    pool,
    split_by_first_phase,
    split_by_machine,
)
from reports.stats.estimates import Estimate
from reports.stats.intervals import TAIL, midp_lower, midp_upper

# No p-value is smaller than that of so many standard errors.
_MOST_ERRORS = 8.0

# Fewer units do not tell the share of a part: its interval would be wider than what a split saves.
_FEWEST_OF_PART = 10

# A split has to leave at most so much of the variance: each part has an interval of its own.
_LEAST_GAIN = 0.9

# A machine whose yes is hardly likelier where people say yes tells nothing (W. J. Youden, "Index
# for rating diagnostic tests", Cancer 3, 1950).
_LEAST_YOUDEN = 0.2


def estimate_share(
    strata: Sequence[CodedStratum], *, use_machine: bool = False, tail: float = TAIL
) -> Estimate | None:
    """Return the share of all documents in *strata* that are in the category; None without a code.

    With *use_machine* the machine's codes of all documents make the estimate more precise. A kind
    of which nothing was read may hold any share: the interval says so. The interval leaves the
    probability *tail* outside at either end.
    """
    cells = make_cells(strata, use_machine=use_machine)
    return _divide(sum_cells(cells, tail), cells)


def estimate_precision(
    strata: Sequence[CodedStratum], *, use_machine: bool = False, tail: float = TAIL
) -> Estimate | None:
    """Return the share of the documents with a mention that are relevant; None without a code."""
    mentions = group_by_kind(strata).get(SamplePart.MENTION, [])
    return estimate_share(mentions, use_machine=use_machine, tail=tail)


def estimate_recall(
    strata: Sequence[CodedStratum], *, use_machine: bool = False, tail: float = TAIL
) -> Estimate | None:
    """Return the share of the relevant documents that mention the keyword.

    One over 1 + the ratio of relevant documents without and with a mention. None where no relevant
    document was read, or nothing without a mention.
    """
    recall = _divide_hits(strata, 0, use_machine=use_machine, tail=tail)
    return None if recall is None else replace(recall, value=max(recall.low, recall.value))


def estimate_f1(
    strata: Sequence[CodedStratum], *, use_machine: bool = False, tail: float = TAIL
) -> Estimate | None:
    """Return the harmonic mean of precision and recall; None where there is no recall.

    With M documents that mention the keyword, A of them relevant, and B relevant ones without a
    mention it is 2 A / (M + A + B), a function of the ratio (M + B) / A.
    """
    mentions = group_by_kind(strata).get(SamplePart.MENTION, [])
    size = sum(stratum.size for stratum in mentions)
    ratio = _divide_hits(strata, size, use_machine=use_machine, tail=tail)
    return None if ratio is None else ratio.scale(2.0)


def _divide_hits(
    strata: Sequence[CodedStratum], others: int, *, use_machine: bool, tail: float
) -> Estimate | None:
    """Return the part of relevant documents with a mention of these, of misses and of *others*.

    Relevant documents with and without a mention are estimated independently. The figure counts a
    third of a unit more of misses: few that were read, or none, would say too much (so far the
    median of a Poisson variable is below its mean: K. P. Choi, Proceedings of the American
    Mathematical Society 121, 1994). None if nothing relevant was read, or a side has no code.
    """
    strata_by_kind = group_by_kind(strata)
    mentions = strata_by_kind.pop(SamplePart.MENTION, [])
    cells = make_cells(mentions, use_machine=use_machine)
    unmentioned = list(chain.from_iterable(strata_by_kind.values()))
    other_cells = make_cells(unmentioned, use_machine=use_machine)
    for side in (cells, other_cells):
        if side and not _count_units(side):
            return None

    hits, misses = sum_cells(cells, tail), sum_cells(other_cells, tail)
    if not hits.value + misses.value:
        return None

    beside = Estimate(others + misses.value, others + misses.low, others + misses.high)
    low_ratio, high_ratio = _divide_totals(beside, hits)
    likely_misses = misses.value + _third_of_unit(other_cells)
    return Estimate(
        value=hits.value / (hits.value + others + likely_misses),
        low=1 / (1 + high_ratio),
        high=1 / (1 + low_ratio),
        n=_count_units(cells) + _count_units(other_cells),
    )


def _third_of_unit(cells: Sequence[PooledCell]) -> float:
    """Return for how many documents a third of a unit stands that stands for the most of them."""
    weights = [cell.unread / cell.effective_n for cell in cells if cell.effective_n]
    return max(weights, default=0.0) / 3


def compare_shares(
    strata: Sequence[CodedStratum],
    other_strata: Sequence[CodedStratum],
    *,
    use_machine: bool = False,
) -> Estimate | None:
    """Return the share in *strata* less that in *other_strata*, whose documents are others.

    The p-value is that of the confidence at which the interval begins to hold 0. None where either
    has no code.
    """
    cells = make_cells(strata, use_machine=use_machine)
    other_cells = make_cells(other_strata, use_machine=use_machine)
    estimate = _divide(sum_cells(cells), cells)
    other_estimate = _divide(sum_cells(other_cells), other_cells)
    if estimate is None or other_estimate is None:
        return None

    difference = estimate.value - other_estimate.value
    low, high = _difference_limits(cells, other_cells, TAIL)
    p_value = _find_p_value(cells, other_cells, difference)
    return Estimate(difference, low, high, estimate.n + other_estimate.n, p_value=p_value)


def make_cells(strata: Sequence[CodedStratum], *, use_machine: bool) -> list[PooledCell]:
    """Return the strata pooled by kind, and split by the codes of others where that helps.

    Others are a machine that coded all documents, and the coder of a larger sample. Whether a kind
    is split is decided by other texts than those that are judged: where a split that happens to
    look sure was preferred, rare categories seemed rarer by up to 12 % of their share.
    """
    groups = group_by_kind(strata)
    cells: list[PooledCell] = []
    for kind, kind_strata in groups.items():
        split = _split(kind_strata, use_machine=use_machine)
        if split is not None:
            cells += split
            continue

        others = [stratum for other in groups if other != kind for stratum in groups[other]]
        parts = choose_parts(kind_strata, others, use_machine=use_machine)
        cells += map(pool, parts)

    return cells


def _split(kind_strata: Sequence[CodedStratum], *, use_machine: bool) -> list[PooledCell] | None:
    """Split strata by the codes of the first phase, whose own estimate the machine may help.

    None where a part would have too few units.
    """
    phase_strata: list[CodedStratum] = []
    for stratum in kind_strata:
        if stratum.first_phase is not None:
            phase_strata += stratum.first_phase.strata

    parts = choose_parts(phase_strata, (), use_machine=use_machine) if phase_strata else []
    split = split_by_first_phase(kind_strata, [pool(part) for part in parts])
    if split is None:
        return None

    return split if are_enough(_count_units(split), [cell.size for cell in split]) else None


def choose_parts(
    kind_strata: Sequence[CodedStratum],
    others: Sequence[CodedStratum],
    *,
    use_machine: bool,
    n: float | None = None,
) -> list[Sequence[CodedStratum]]:
    """Return the strata of a kind, or its parts by the machine's code where these will tell more.

    How often the machine errs in *others* decides, and how many of *n* units are to be expected in
    each part (of those that were read without one): not how many were read, since samples with few
    of a part need the split most.
    """
    if not use_machine:
        return [kind_strata]

    parts = split_by_machine(kind_strata)
    sizes = [sum(stratum.size for stratum in part) for part in parts]
    n = sum(len(stratum.codes) for stratum in kind_strata) if n is None else n
    if not are_enough(n, sizes) or not _will_help(kind_strata, others):
        return [kind_strata]

    return [*parts]


def are_enough(n: float, sizes: Sequence[int]) -> bool:
    """Whether of *n* units so many are to be expected in each part of such *sizes* as tell it."""
    return n * min(sizes, default=0) >= _FEWEST_OF_PART * sum(sizes)


def _will_help(kind_strata: Sequence[CodedStratum], others: Sequence[CodedStratum]) -> bool:
    """Whether the parts of a kind will vary less than the whole, by the machine's errors elsewhere.

    These are its rates of yes among people's yes and no in *others*; a kind that is alone tells
    itself. By them and its own share of yes the share in each part is known (W. J. Rogan and B.
    Gladen, "Estimating prevalence from the results of a screening test", American Journal of
    Epidemiology 107, 1978).
    """
    pairs = [
        (code > 0.5, machine_code > 0.5)
        for stratum in others or kind_strata
        if stratum.machine is not None
        for code, machine_code in zip(stratum.codes, stratum.machine.codes, strict=True)
        if machine_code is not None
    ]
    # Without an error that was read a machine may be right: then its split is made.
    hits = [machine for people, machine in pairs if people]
    misses = [machine for people, machine in pairs if not people]
    machines = [stratum.machine for stratum in kind_strata if stratum.machine is not None]
    positives, coded = (
        sum(machine.positives for machine in machines),
        sum(machine.coded for machine in machines),
    )
    if not hits or not misses or not 0 < positives < coded:
        return True

    sensitivity, false_rate = ((sum(codes) + 1) / (len(codes) + 2) for codes in (hits, misses))
    if sensitivity - false_rate < _LEAST_YOUDEN:
        return False

    claimed = positives / coded
    share = min(claimed, max(0.0, (claimed - false_rate) / (sensitivity - false_rate)))
    found = min(1.0, share * sensitivity / claimed)
    missed = min(1.0, share * (1 - sensitivity) / (1 - claimed))
    split = claimed * found * (1 - found) + (1 - claimed) * missed * (1 - missed)
    return split <= _LEAST_GAIN * share * (1 - share)


def _count_units(cells: Sequence[PooledCell]) -> int:
    return sum(cell.n for cell in cells)


def _count_documents(cells: Sequence[PooledCell]) -> int:
    return sum(cell.size for cell in cells)


def _divide(total: Estimate, cells: Sequence[PooledCell]) -> Estimate | None:
    """Return a total as a share of all documents of *cells*; None without a code."""
    n, size = _count_units(cells), _count_documents(cells)
    if not n:
        return None

    return Estimate(total.value / size, total.low / size, total.high / size, n, size)


def sum_cells(cells: Sequence[PooledCell], tail: float = TAIL) -> Estimate:
    """Return the documents in the category of all cells, with limits joined by MOVER.

    The share of a cell without a code is taken to be that of all others; its limits are 0 and 1.
    """
    coded_size = coded_total = 0.0
    for cell in cells:
        if cell.share is not None:
            coded_size += cell.size
            coded_total += cell.total

    usual_share = coded_total / coded_size if coded_size else 0.0

    value = below = above = 0.0
    for cell in cells:
        share = usual_share if cell.share is None else cell.share
        errors = _square_errors(cell, share, tail)
        value += cell.positives + cell.unread * share
        below, above = below + errors[0], above + errors[1]

    for cell in cells:
        errors = _square_errors_of_sizes(cell, tail)
        below, above = below + errors[0], above + errors[1]

    lowest = sum(cell.positives for cell in cells)
    highest = lowest + sum(cell.unread for cell in cells)
    low, high = value - math.sqrt(below), value + math.sqrt(above)
    return Estimate(value, max(lowest, low), min(highest, high))


def _square_errors(cell: PooledCell, share: float, tail: float) -> tuple[float, float]:
    """Return the squared distances of the total of a cell with a *share* to its limits."""
    low, high = _limit_share(cell, tail)
    below, above = max(0.0, share - low), max(0.0, high - share)
    return (cell.unread * below) ** 2, (cell.unread * above) ** 2


def _square_errors_of_sizes(cell: PooledCell, tail: float) -> tuple[float, float]:
    """Return the squared distances to the limits that the estimated size of a cell adds.

    A document that the first phase puts into the other part moves the total by the difference of
    both shares.
    """
    fewer = more = 0.0
    for first_cell in cell.first_cells:
        errors = _square_errors(first_cell, first_cell.share or 0.0, tail)
        fewer, more = fewer + errors[0], more + errors[1]

    if cell.contrast < 0:
        fewer, more = more, fewer

    return cell.contrast**2 * fewer, cell.contrast**2 * more


def _limit_share(cell: PooledCell, tail: float) -> tuple[float, float]:
    """Return the limits of the share of the unread documents of a cell.

    They are half a document further out: the documents in the category are a whole number, which
    matters where most documents of a small stratum were read (W. G. Cochran, "Sampling Techniques",
    1977, 3.4).
    """
    if cell.share is None:
        return 0.0, 1.0
    if not cell.unread:
        return cell.share, cell.share

    lower_n = cell.effective_n if cell.lower_n is None else cell.lower_n
    low = midp_lower(cell.share * lower_n, lower_n, tail)
    high = midp_upper(cell.share * cell.effective_n, cell.effective_n, tail)
    half_document = 0.5 / cell.unread
    return max(0.0, low - half_document), min(1.0, high + half_document)


def _divide_totals(numerator: Estimate, denominator: Estimate) -> tuple[float, float]:
    """Return the limits of the ratio of two independent totals, by MOVER-R.

    They are the ratios r at which the limits of numerator - r * denominator touch 0.
    """
    if not denominator.high:
        return math.inf, math.inf

    product = numerator.value * denominator.value
    squares = numerator.value**2 - (numerator.value - numerator.low) ** 2
    other_squares = denominator.value**2 - (denominator.high - denominator.value) ** 2
    root = math.sqrt(max(0.0, product**2 - squares * other_squares))
    low = squares / (product + root) if squares > 0 else 0.0

    squares = numerator.value**2 - (numerator.high - numerator.value) ** 2
    other_squares = denominator.value**2 - (denominator.value - denominator.low) ** 2
    root = math.sqrt(max(0.0, product**2 - squares * other_squares))
    high = (product + root) / other_squares if other_squares > 0 else math.inf
    return low, high


def _difference_limits(
    cells: Sequence[PooledCell], other_cells: Sequence[PooledCell], tail: float
) -> tuple[float, float]:
    size, other_size = _count_documents(cells), _count_documents(other_cells)
    total, other_total = sum_cells(cells, tail), sum_cells(other_cells, tail)
    difference = total.value / size - other_total.value / other_size
    below = math.hypot(
        (total.value - total.low) / size, (other_total.high - other_total.value) / other_size
    )
    above = math.hypot(
        (total.high - total.value) / size, (other_total.value - other_total.low) / other_size
    )
    return difference - below, difference + above


def _find_p_value(
    cells: Sequence[PooledCell], other_cells: Sequence[PooledCell], difference: float
) -> float:
    if difference == 0:
        return 1.0

    def limit(errors: float) -> float:
        """Return the limit at the side of 0, as far from it as it is inside *difference*."""
        low, high = _difference_limits(cells, other_cells, float(scipy.special.ndtr(-errors)))
        return low if difference > 0 else -high

    if limit(_MOST_ERRORS) > 0:
        return float(2 * scipy.special.ndtr(-_MOST_ERRORS))

    errors = (
        float(scipy.optimize.brentq(limit, 0.0, _MOST_ERRORS, xtol=1e-5)) if limit(0.0) > 0 else 0.0
    )
    return float(2 * scipy.special.ndtr(-errors))
