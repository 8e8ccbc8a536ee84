"""How much of what is searched for was found: recall, with an interval that holds at any time.

A search reads documents from the top of a ranking, which may change as it likes, and others that
are drawn by chance from all that are unread. If *R* documents are relevant and *f* were found when
*u* were unread, such a draw is relevant with probability (R - f) / u, whatever was read before, by
whichever rule. The likelihood ratio of all draws for odds *c* times as high as those of R documents

    c ^ hits / product of (1 - (1 - c) (R - f) / u)

is a martingale with mean 1 then. For c < 1 it is a supermartingale if more than R are relevant, for
c > 1 if fewer are. By Ville's inequality (1939) it ever exceeds 1 / a with probability a at most,
and so does a mean of such ratios. The numbers that no ratio has refuted are a confidence sequence:
its intervals hold at all looks together, so that a search may end at any of them, as soon as the
lower end is what was asked. Nothing is assumed of the ranking.

I. Waudby-Smith and A. Ramdas, "Confidence sequences for sampling without replacement", NeurIPS
(2020). The same draws after a fixed ranking are the sample of the unread ("elusion") of G. V.
Cormack and M. R. Grossman, SIGIR (2014), and the stopping rule of M. W. Callaghan and F.
Müller-Hansen, "Statistical stopping criteria for automated screening in systematic reviews",
Systematic Reviews 9 (2020), who test once and after each text.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.stats.estimates import Estimate

Bits = NDArray[np.bool_]
Floats = NDArray[np.float64]

# How often the lower and the upper end of recall may ever be wrong: 5 % together. The lower end
# ends a search, and gets most of it.
TAIL_OF_LOWER, TAIL_OF_UPPER = 0.04, 0.01

# What is drawn by chance of a batch that looks for relevant documents, and of one that shows how
# few are left.
_LOOKING, _SHOWING = 0.2, 0.9

# The part of what may be missed that is missed, as far as it can be known beforehand.
_LEAST_MISSED, _MOST_MISSED = 0.02, 0.95
# Few draws show anything where more than this part is missed.
_MISSED_TO_SHOW = 0.5

# What the odds may be in the place of those that are tested, and how much is bet on each.
_FEWER = ((0.15, 0.6), (0.4, 0.25), (0.7, 0.15))
_MORE = ((1.5, 0.4), (3.0, 0.4), (8.0, 0.2))


@dataclass(frozen=True)
class ChanceDraws:
    """Documents that were drawn by chance from the unread, in their order.

    *unread* and *found* are how many documents were so before each draw, *are_hits* whether it was
    relevant.
    """

    unread: Floats
    found: Floats
    are_hits: Bits

    def __len__(self) -> int:
        return len(self.unread)

    def evidence(self, relevant: float, bets: tuple[tuple[float, float], ...]) -> float:
        """Return the logarithm of the mean likelihood ratio against *relevant* documents in all."""
        rates = np.clip((relevant - self.found) / self.unread, 0.0, 1.0)
        hits = int(self.are_hits.sum())
        logarithms = [
            math.log(weight) + hits * math.log(odds) - float(np.log1p((odds - 1) * rates).sum())
            for odds, weight in bets
        ]

        # The largest is taken out, so that no exponential overflows.
        largest = max(logarithms)
        return largest + math.log(math.fsum(math.exp(each - largest) for each in logarithms))


@dataclass(frozen=True)
class SearchProgress:
    """How far a search is: documents that were read, relevant ones among them, and draws.

    *top_read* and *top_found* are of what was read last from the top of the ranking.
    """

    documents: int
    read: int
    found: int
    draws: ChanceDraws
    top_read: int = 0
    top_found: int = 0

    @property
    def unread(self) -> int:
        """How many documents nobody has read."""
        return self.documents - self.read

    @property
    def relevant(self) -> float:
        """About how many documents are relevant: as many as chance would draw as often."""
        return self._relevant_by_draws(0.0)

    def _relevant_by_draws(self, more_hits: float) -> float:
        if not len(self.draws):
            return float(self.found + self.unread)

        weights = 1 / self.draws.unread
        hits = more_hits + float(self.draws.are_hits.sum())
        relevant = (hits + float((self.draws.found * weights).sum())) / float(weights.sum())
        return min(max(relevant, float(self.found)), float(self.found + self.unread))

    def choose_share(self, recall: float) -> float:
        """Return which part of the next batch is drawn by chance, to show *recall* soonest.

        A relevant document more makes the draws that are to come fewer; it is looked for as long
        as it costs less than these. If a part m of what may be missed is missed, *n* draws give
        about n (a / u) (1 - m + m ln m) of the evidence that is asked, where *a* may be missed.
        """
        allowed = self.found / recall - self.found
        if not allowed or not len(self.draws):
            return _LOOKING

        # One hit more than there was: who has drawn little knows little.
        missing = max(self._relevant_by_draws(1.0) - self.found, 0.5)
        part = min(max(missing / allowed, _LEAST_MISSED), _MOST_MISSED)
        speed = 1 - part + part * math.log(part)
        more_than_chance = self.found_lately - missing / max(1, self.unread)
        gain = more_than_chance * -math.log(TAIL_OF_LOWER) * self.unread * -math.log(part)
        return _LOOKING if gain > (allowed * speed) ** 2 else _SHOWING

    def count_to_read(self, recall: float) -> int:
        """Return about how many documents are to be read until *recall* is shown.

        They are those from the top, found at the present rate, until half of what may be missed is
        found, and the draws that show it then; at the most all that are unread.
        """
        allowed = self.found / recall - self.found
        if not allowed or self.has_reached(recall):
            return 0 if allowed else self.unread

        missing = max(self.relevant - self.found, 0.5)
        part = min(max(missing / allowed, _LEAST_MISSED), _MISSED_TO_SHOW)
        wanted = max(0.0, missing - part * allowed)
        evidence = self.draws.evidence(math.floor(self.found / recall) + 1, _FEWER)
        rate = allowed / self.unread * (1 - part + part * math.log(part))
        asked = -math.log(TAIL_OF_LOWER) - max(0.0, evidence if not wanted else 0.0)
        return min(self.unread, math.ceil(wanted / self.found_lately + asked / rate))

    @property
    def found_lately(self) -> float:
        """The share of relevant documents among those read last from the top."""
        return (self.top_found + 0.5) / (self.top_read + 1)

    def refutes_more_than(self, relevant: float) -> bool:
        """Whether the draws refute that more than *relevant* documents are relevant."""
        least = math.floor(relevant) + 1
        if least > self.found + self.unread:
            return True
        return self.draws.evidence(least, _FEWER) >= -math.log(TAIL_OF_LOWER)

    def refutes_fewer_than(self, relevant: int) -> bool:
        """Whether the draws refute that fewer than *relevant* documents are relevant."""
        if relevant <= self.found:
            return True
        return self.draws.evidence(relevant - 1, _MORE) >= -math.log(TAIL_OF_UPPER)

    def has_reached(self, recall: float) -> bool:
        """Whether the lower end of the interval is *recall* or more."""
        # Rounding must not ask for one more where the quotient is whole.
        return self.refutes_more_than(self.found / recall + 1e-9)

    def estimate_recall(self) -> Estimate:
        """Return recall with its interval; of nothing to be found it is 1."""
        most_possible = self.found + self.unread
        most = _find_first(self.found, most_possible, self.refutes_more_than)
        fewest = _find_last(self.found, most, self.refutes_fewer_than)
        middle = min(max(self.relevant, fewest), most)
        value, low, high = (
            self.found / relevant if relevant else 1.0 for relevant in (middle, most, fewest)
        )
        return Estimate(value, low, high, n=len(self.draws), size=float(self.found))


def _find_first(low: int, high: int, is_enough: Callable[[int], bool]) -> int:
    """Return the first number from *low* to *high* that is enough, as all larger ones are."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle + 1, high)

    return low


def _find_last(low: int, high: int, is_enough: Callable[[int], bool]) -> int:
    """Return the last number from *low* to *high* that is enough, as all smaller ones are."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_enough(middle) else (low, middle - 1)

    return low
