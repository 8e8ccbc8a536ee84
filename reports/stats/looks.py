"""When a sample is large enough: looks at estimates while it grows, whose intervals hold.

Who codes until an interval is narrow enough, and looks after every code, stops where the sample
happens to look sure: the interval then covers less often than it says. Here there are at most five
looks. The interval of each has a level of its own, and the levels add up to 5 %: so an interval at
which the coding stops leaves the truth out in at most 5 % of cases, whatever the looks depend on
(the union bound: C. E. Bonferroni, 1936; spending the error over looks as K. K. G. Lan and D. L.
DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70, 1983). This holds for
each estimate alone, as for intervals without looks.

The levels and parts were chosen by simulation (docs/samples.md): few errors are spent on
the first looks, after which hardly any sample ends, and each draws a part of what its plan asks
for, since a plan from few codes is a guess.

Where a machine has coded all texts its codes narrow the intervals and the plans
(`reports.stats.coded_shares`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reports.stats.code_plans import FEWEST_CODES, bound_half_width, plan_codes
from reports.stats.coded_shares import estimate_share
from reports.stats.coded_strata import CodedStratum
from reports.stats.estimates import Estimate

# The probability with which the interval of each look leaves the truth out.
LEVELS = (0.0005, 0.002, 0.0075, 0.03, 0.01)

# The part of the codes that a plan asks for which is drawn after each look but the last. A plan
# from few codes is a guess: so the first part is small. The last plan is exceeded, since no look
# follows that could make up for one that was too hopeful.
PARTS = (0.3, 0.6, 0.95, 1.15)

# No look is spent on a few codes more: they are twice as many, if the plan asks for so many.
LEAST_GROWTH = 2.0

# The texts of a pilot: in all, and of each period at least, where periods have estimates or not.
PILOT = 100
PILOT_OF_PERIOD = 3
PILOT_OF_ESTIMATED_PERIOD = 30


@dataclass(frozen=True)
class WantedShare:
    """A share that is to be known: its strata, by the numbers that they have in the sample."""

    name: str
    strata: Sequence[CodedStratum]


@dataclass(frozen=True)
class LookedAtShare:
    """A wanted share as a look found it; *estimate* is None where no text of it is coded."""

    name: str
    estimate: Estimate | None

    @property
    def half_width(self) -> float:
        """Half the width of its interval; a share of which nothing is coded may be any."""
        return 0.5 if self.estimate is None else self.estimate.half_width


@dataclass(frozen=True)
class Look:
    """A look at a sample, by its number from 1.

    *drawn* are the texts of each stratum that are to be drawn next, those that were drawn among
    them; None if there is nothing to go on for. The half-width of the widest interval of the next
    look is within *expected* in four of five samples.
    """

    number: int
    shares: Sequence[LookedAtShare]
    within: float
    drawn: Sequence[int] | None
    expected: tuple[float, float] | None = None

    @property
    def is_last(self) -> bool:
        """Whether no look may follow."""
        return self.number == len(LEVELS)

    @property
    def missing(self) -> list[LookedAtShare]:
        """The shares that are not known well enough."""
        return [share for share in self.shares if not is_within(share, self.within)]

    @property
    def half_width(self) -> float:
        """The half-width of the widest interval."""
        return max((share.half_width for share in self.shares), default=0.0)


def level_of_look(number: int) -> float:
    """Return the probability with which the intervals of a look leave the truth out."""
    return LEVELS[number - 1]


def is_within(share: LookedAtShare, within: float) -> bool:
    """Whether the interval of a share is ± *within* or narrower."""
    return share.half_width <= within


def count_pilot(periods: int, *, are_estimated: bool) -> int:
    """Return how many texts a pilot of so many *periods* has."""
    return max(PILOT, count_pilot_of_period(is_estimated=are_estimated) * periods)


def count_pilot_of_period(*, is_estimated: bool) -> int:
    """Return how many texts of each period a pilot has at least."""
    return PILOT_OF_ESTIMATED_PERIOD if is_estimated else PILOT_OF_PERIOD


def take_look(
    number: int,
    wanted: Sequence[WantedShare],
    within: float,
    *,
    drawn: Sequence[int],
    texts: Sequence[int],
    most_new: int | None = None,
) -> Look:
    """Return what a look finds, and how many texts of each stratum are to be drawn next.

    *drawn* are the texts of each stratum that were drawn, *texts* all that it has, of which at most
    *most_new* may be added in all. A stratum never has fewer than were drawn, nor fewer than
    `FEWEST_CODES`. Raises ValueError for a look after the last.
    """
    if not 1 <= number <= len(LEVELS):
        raise ValueError(f"there is no look {number}: there are {len(LEVELS)}")

    tail = level_of_look(number) / 2
    shares = [
        LookedAtShare(share.name, estimate_share(share.strata, use_machine=True, tail=tail))
        for share in wanted
    ]
    look = Look(number, shares, within, None)
    if not look.missing or look.is_last or list(drawn) == list(texts):
        return look

    missing_names = {share.name for share in look.missing}
    missing = [share for share in wanted if share.name in missing_names]
    part = PARTS[number - 1]
    next_tail = level_of_look(number + 1) / 2
    added = _plan_added(missing, within, next_tail, part, len(drawn))
    room = [all_texts - old for all_texts, old in zip(texts, drawn, strict=True)]
    added = _fit(added, missing, drawn, room)
    if most_new is not None and sum(added) > most_new:
        added = [math.floor(n * most_new / sum(added)) for n in added]
    if not any(added):
        return look

    next_drawn = [old + new for old, new in zip(drawn, added, strict=True)]
    ranges = [_expect(share, drawn, next_drawn, next_tail) for share in wanted]
    lowest, highest = (max(ends) for ends in zip(*ranges, strict=True))
    return Look(number, shares, within, next_drawn, (lowest, highest))


def _expect(
    share: WantedShare, drawn: Sequence[int], next_drawn: Sequence[int], tail: float
) -> tuple[float, float]:
    """Return between what the half-width of a share will be when *next_drawn* texts are coded.

    A text that was drawn for certain is a stratum of its own, and gets no further codes.
    """
    counts: list[int] = []
    for stratum in share.strata:
        new = 0 if stratum.is_known else next_drawn[stratum.number] - drawn[stratum.number]
        counts.append(len(stratum.codes) + new)

    return bound_half_width(share.strata, counts, tail, use_machine=True)


def _plan_added(
    missing: Sequence[WantedShare], within: float, tail: float, part: float, strata: int
) -> list[int]:
    """Return how many codes each stratum needs for all *missing* shares, in *part*."""
    added = [0] * strata
    for share in missing:
        plan = plan_codes(share.strata, within, tail, use_machine=True)
        counts = [FEWEST_CODES] * len(share.strata) if plan is None else plan.counts
        varying = [
            (stratum, count)
            for stratum, count in zip(share.strata, counts, strict=True)
            if not stratum.is_known
        ]
        coded = sum(len(stratum.codes) for stratum, _ in varying)
        wanted = max(1, sum(count for _, count in varying))
        share_part = max(part, min(1.0, LEAST_GROWTH * coded / wanted))
        for stratum, count in varying:
            needed = math.ceil(share_part * count) - len(stratum.codes)
            added[stratum.number] = max(added[stratum.number], needed)

    return added


def _fit(
    added: Sequence[int], missing: Sequence[WantedShare], drawn: Sequence[int], room: Sequence[int]
) -> list[int]:
    """Return the texts to be added, as far as strata have them.

    A plan that asks for no more was too hopeful: then a tenth is added to each stratum.
    """
    fitted = [min(new, most) for new, most in zip(added, room, strict=True)]
    if any(fitted):
        return fitted

    for place in {stratum.number for share in missing for stratum in share.strata}:
        fitted[place] = min(room[place], max(FEWEST_CODES, math.ceil(drawn[place] / 10)))

    return fitted
