"""Overtakings that last: one subject leads in most periods before, the other in most after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from analysis.grains import grain_of, next_period
from reports.data.tables.periods import PeriodRow
from reports.findings.finding import Finding, fact
from reports.words.periods import period_name

# A side of an overtaking has at least so many periods.
FEWEST_PERIODS = 2
# On each side its leader is ahead in at least this share of the periods.
LEADING_PERIODS = 0.8
# On each side the leader has at least so many documents more.
FEWEST_MORE = 5
# A page tells at most this many overtakings.
MOST_TOLD = 3

# The topic of these findings.
OVERTAKES = "overtakes"


@dataclass(frozen=True)
class Tally:
    """The documents of two subjects in a period."""

    period: str
    left: int
    right: int

    @property
    def lead(self) -> int:
        """By how many documents the left subject leads."""
        return self.left - self.right


@dataclass(frozen=True)
class Side:
    """The periods before an overtaking, or from it on."""

    # The documents of the subject that leads on this side, and of the other.
    leading: int
    trailing: int

    # In how many of the periods the leader is ahead.
    ahead: int
    periods: int


@dataclass(frozen=True)
class Overtaking:
    """From *period* on *after* leads where *before* did."""

    period: str
    before: str
    after: str
    earlier: Side
    later: Side

    # The last counted period before.
    previous_period: str

    @property
    def interest(self) -> float:
        """How clear the leads on both sides are, from 0 to 1."""
        margins = []
        for side in (self.earlier, self.later):
            margin = (side.leading - side.trailing) / (side.leading + side.trailing)
            margins.append(margin * side.ahead / side.periods)

        return min(margins)


def find_overtakings(rows_by_subject: Mapping[str, Sequence[PeriodRow]]) -> list[Overtaking]:
    """Return where one subject overtakes another for good, the clearest first.

    Periods that are cut off, or that one of two subjects does not have, are left out.
    """
    counts: dict[str, dict[str, int]] = {}
    for subject, period_rows in rows_by_subject.items():
        whole = [row for row in period_rows if row.matched is not None and not row.cut_off]
        counts[subject] = {row.period: row.matched or 0 for row in whole}

    overtakings = []
    for left, right in combinations(sorted(counts), 2):
        periods = sorted(counts[left].keys() & counts[right].keys())
        tallies = [Tally(period, counts[left][period], counts[right][period]) for period in periods]
        overtaking = find_overtaking((left, right), tallies)
        if overtaking is not None:
            overtakings.append(overtaking)

    return rank_overtakings(overtakings)


def rank_overtakings(overtakings: Sequence[Overtaking]) -> list[Overtaking]:
    """Return the clearest overtakings first."""
    return sorted(overtakings, key=lambda found: (-found.interest, found.period, found.after))


def find_overtaking(names: tuple[str, str], tallies: Sequence[Tally]) -> Overtaking | None:
    """Return the overtaking of two subjects; None if neither leads in most periods of each side.

    Its period is the one that parts the leads best: as many periods as can be have the leader of
    their side ahead, and among equals the documents by which they are ahead are most.
    """
    candidates = []
    for place in range(FEWEST_PERIODS, len(tallies) - FEWEST_PERIODS + 1):
        earlier, later = tallies[:place], tallies[place:]
        for sign in (1, -1):
            # In the period that is named, the later leader is ahead.
            if sign * tallies[place].lead >= 0:
                continue

            ahead = sum(sign * tally.lead > 0 for tally in earlier)
            ahead += sum(sign * tally.lead < 0 for tally in later)
            more = sign * sum(tally.lead for tally in earlier)
            more -= sign * sum(tally.lead for tally in later)
            candidates.append((ahead, more, -place, sign))

    if not candidates:
        return None

    _, _, negative_place, sign = max(candidates)
    place = -negative_place
    overtaking = Overtaking(
        tallies[place].period,
        *(names if sign > 0 else names[::-1]),
        _sum_side(tallies[:place], sign),
        _sum_side(tallies[place:], -sign),
        tallies[place - 1].period,
    )
    is_lasting = all(
        side.ahead >= LEADING_PERIODS * side.periods and side.leading - side.trailing >= FEWEST_MORE
        for side in (overtaking.earlier, overtaking.later)
    )
    return overtaking if is_lasting else None


def _sum_side(tallies: Sequence[Tally], sign: int) -> Side:
    """Return the counts of a side on which the left subject leads, or with -1 the right one."""
    left, right = sum(tally.left for tally in tallies), sum(tally.right for tally in tallies)
    leading, trailing = (left, right) if sign > 0 else (right, left)
    ahead = sum(sign * tally.lead > 0 for tally in tallies)
    return Side(leading, trailing, ahead, len(tallies))


def state_overtaking(overtaking: Overtaking) -> Finding:
    """Return the fact that one subject overtook another."""
    earlier, later = overtaking.earlier, overtaking.later
    grain = grain_of(overtaking.period)
    when = f"in {period_name(overtaking.period, '%B %Y')}"
    if next_period(overtaking.previous_period) != overtaking.period:
        last_counted = period_name(overtaking.previous_period, "%B %Y")
        when = f"between {last_counted} and {period_name(overtaking.period, '%B %Y')}"

    sides = (
        f"since then it is ahead in {later.ahead} of {later.periods} {grain}s ({later.leading:,} "
        f"documents to {later.trailing:,}), before that it was behind in {earlier.ahead} of "
        f"{earlier.periods} ({earlier.trailing:,} to {earlier.leading:,})"
    )
    text = f"“{overtaking.after}” overtook “{overtaking.before}” {when}: {sides}."
    topic = (OVERTAKES, overtaking.after, overtaking.before)
    clause = f"this happens {when}: {sides}"
    counts = earlier.leading, earlier.trailing, later.leading, later.trailing
    interest = 0.5 + overtaking.interest / 2
    answer = (overtaking.period,)
    return fact(topic, answer, text, clause=clause, counts=counts, interest=interest)


def limit_overtakings(findings: Sequence[Finding]) -> list[Finding]:
    """Return *findings* with at most `MOST_TOLD` overtakings, the first ones."""
    kept = []
    told = 0
    for finding in findings:
        is_overtaking = finding.topic[0] == OVERTAKES
        told += is_overtaking
        if not is_overtaking or told <= MOST_TOLD:
            kept.append(finding)

    return kept
