"""Overtakings that last: one subject leads in most periods before, the other in most after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.grains import grain_of, next_period
from reports.findings.finding import Fact
from reports.stats.thresholds import FEW, MOST_PERIODS, MOST_TOLD

# A side of an overtaking has at least so many periods.
FEWEST_PERIODS = 3

# The topic of these facts, with the two subjects behind it.
OVERTAKES = "overtakes"

# The documents of two subjects by period.
Counts = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Side:
    """The periods before an overtaking, or from it on."""

    # The documents of the subject that leads on this side, and of the other.
    leading: int
    trailing: int

    # In how many of the periods the leader is ahead.
    ahead: int
    periods: int

    @property
    def is_lasting(self) -> bool:
        """Whether the leader is ahead in most periods, and by more than a few documents."""
        is_mostly_ahead = self.ahead >= MOST_PERIODS * self.periods
        return is_mostly_ahead and self.leading - self.trailing >= FEW

    @property
    def clearness(self) -> float:
        """How clear the lead is, from 0 to 1."""
        margin = (self.leading - self.trailing) / (self.leading + self.trailing)
        return margin * self.ahead / self.periods


def rank_overtakings(
    counts_by_pair: Mapping[tuple[str, str], Counts], names: Mapping[str, str]
) -> list[Fact]:
    """Return the overtaking of each pair of subjects that has one, the clearest first."""
    found = [find_overtaking(pair, counts, names) for pair, counts in counts_by_pair.items()]
    facts = [fact for fact in found if fact is not None]
    return sorted(facts, key=lambda fact: (-fact.interest, str(fact.answer), str(fact.topic)))


def find_overtaking(pair: tuple[str, str], counts: Counts, names: Mapping[str, str]) -> Fact | None:
    """Return the overtaking of two subjects; None if neither leads in most periods of each side.

    Its period is the one that parts the leads best: as many periods as can be have the leader of
    their side ahead, and among equals the documents by which they are ahead are most. *counts* are
    in the order of the periods.
    """
    periods = list(counts)
    leads = [left - right for left, right in counts.values()]
    candidates = []
    for place in range(FEWEST_PERIODS, len(periods) - FEWEST_PERIODS + 1):
        # In the period that is named, the later leader is ahead: the left one, or the right one.
        sign = (leads[place] > 0) - (leads[place] < 0)
        if sign:
            since = [-sign * lead for lead in leads[:place]] + [
                sign * lead for lead in leads[place:]
            ]
            candidates.append((sum(lead > 0 for lead in since), sum(since), -place, -sign))

    if not candidates:
        return None

    *_, negative_place, sign = max(candidates)
    place = -negative_place
    earlier = _sum_side([counts[period] for period in periods[:place]], sign)
    later = _sum_side([counts[period] for period in periods[place:]], -sign)
    if not earlier.is_lasting or not later.is_lasting:
        return None

    before, after = pair if sign > 0 else pair[::-1]
    period, previous_period = periods[place], periods[place - 1]
    return Fact(
        "overtaking",
        "",
        (OVERTAKES, after, before),
        (period,),
        {
            "after": names[after],
            "before": names[before],
            "period": period,
            "previous_period": previous_period,
            "is_next": next_period(previous_period) == period,
            "grain": grain_of(period),
            "earlier": earlier,
            "later": later,
        },
        counts=(earlier.leading, earlier.trailing, later.leading, later.trailing),
        interest=0.5 + min(earlier.clearness, later.clearness) / 2,
    )


def _sum_side(counts: Sequence[tuple[int, int]], sign: int) -> Side:
    """Return the counts of a side on which the left subject leads, or with -1 the right one."""
    leading, trailing = (sum(column) for column in zip(*counts, strict=True))
    if sign < 0:
        leading, trailing = trailing, leading

    ahead = sum(sign * (left - right) > 0 for left, right in counts)
    return Side(leading, trailing, ahead, len(counts))


def limit_overtakings(facts: Sequence[Fact]) -> list[Fact]:
    """Return *facts* with at most `MOST_TOLD` overtakings, the first ones."""
    overtakings = [fact for fact in facts if fact.topic[0] == OVERTAKES]
    return [fact for fact in facts if fact not in overtakings[MOST_TOLD:]]
