"""How much of what is searched for was found: recall, with an interval that holds at any time.

A search reads documents from the top of a ranking, which may change as it likes, and others that
are drawn by chance from all that are unread. If *R* documents are relevant and *f* were found when
*u* were unread, a draw that may fall on each alike is relevant with probability (R - f) / u,
whatever was read before, by whichever rule. Half of the draws fall on what ranks high more often:
one on a document that was *w* times as likely as the least likely ones counts *x* = 1 / w if it is
relevant, else 0, whose mean is (R - f) / s, where *s* is 2 u for such draws and u for others (D. G.
Horvitz and D. J. Thompson, JASA 47, 1952). Texts are found and missed ones counted at once. The
ratio for odds *c* times as high as those of R documents

    product of (1 - (1 - c) x) / (1 - (1 - c) (R - f) / s)

is a martingale with mean 1 then, the likelihood ratio where draws fall on each alike. For c < 1 it
is a supermartingale if more than R are relevant, for c > 1 if fewer are. By Ville's inequality
(1939) it ever exceeds 1 / a with probability a at most, and so does a mean of such ratios. The
numbers that no ratio has refuted are a confidence sequence: its intervals hold at all looks
together, so that a search may end at any of them, as soon as the lower end is what was asked.
Nothing is assumed of the ranking.

I. Waudby-Smith and A. Ramdas, "Confidence sequences for sampling without replacement", NeurIPS
(2020). The same draws after a fixed ranking are the sample of the unread ("elusion") of G. V.
Cormack and M. R. Grossman, SIGIR (2014), and the stopping rule of M. W. Callaghan and F.
Müller-Hansen, "Statistical stopping criteria for automated screening in systematic reviews",
Systematic Reviews 9 (2020), who test once and after each text.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reports.stats.estimates import Estimate

Bits = NDArray[np.bool_]
Floats = NDArray[np.float64]

# How often the lower and the upper end of recall may ever be wrong: 5 % together. The lower end
# ends a search, and gets most of it.
TAIL_OF_LOWER, TAIL_OF_UPPER = 0.04, 0.01

# A wider interval of recall says nothing.
_WIDEST = 0.6

# What is drawn by chance of a batch that looks for relevant documents, and of one that shows how
# few are left.
_LOOKING, _SHOWING = 0.2, 0.9

# The part of what may be missed that is missed, as far as it can be known beforehand.
_LEAST_MISSED, _MOST_MISSED = 0.02, 0.95
# A bet of 1 would lose all by a draw that counts 1.
_MOST_BET = 0.99

# Draws that fall on what ranks high more often are among so many times as many documents.
_SPREAD = 2.0

# For so much a hit of a ranked draw counts, as long as there is none (`bench/search.py`).
_USUAL_HIT = 0.35

# So many draws at least tell how often they find something.
_FEWEST_LATELY = 20

# Few draws show anything where more than this part is missed.
_MISSED_TO_SHOW = 0.5

# What the odds may be in the place of those that are tested, and how much is bet on each.
_FEWER = ((0.15, 0.6), (0.4, 0.25), (0.7, 0.15))
_MORE = ((1.5, 0.4), (3.0, 0.4), (8.0, 0.2))


@dataclass(frozen=True)
class ChanceDraws:
    """Documents that were drawn by chance from the unread, in their order.

    *unread* and *found* are how many documents were so before each draw, *are_hits* whether it was
    relevant. *weights* are how many times as likely it was to be drawn as the least likely
    document; none where all draws fell on each alike, which those of NaN did.
    """

    unread: Floats
    found: Floats
    are_hits: Bits
    weights: Floats | None = None

    def __len__(self) -> int:
        return len(self.unread)

    @cached_property
    def spread(self) -> Floats:
        """Among how many documents a draw is, counting those as one that are the least likely."""
        if self.weights is None:
            return self.unread
        return np.where(np.isnan(self.weights), 1.0, 2.0) * self.unread

    @cached_property
    def hits(self) -> Floats:
        """For how much each relevant draw counts."""
        if self.weights is None:
            return np.ones(int(self.are_hits.sum()))
        return 1 / np.nan_to_num(self.weights, nan=1.0)[self.are_hits]

    def evidence(self, relevant: float, bets: tuple[tuple[float, float], ...]) -> float:
        """Return the logarithm of the mean likelihood ratio against *relevant* documents in all."""
        rates = np.clip((relevant - self.found) / self.spread, 0.0, 1.0)
        logarithms = [
            math.log(weight)
            + float(np.log1p((odds - 1) * self.hits).sum())
            - float(np.log1p((odds - 1) * rates).sum())
            for odds, weight in bets
        ]

        # The largest is taken out, so that no exponential overflows.
        largest = max(logarithms)
        return largest + math.log(math.fsum(math.exp(each - largest) for each in logarithms))


class DrawPlan(NamedTuple):
    """Which part of the next batch is drawn by chance, and whether draws favour what ranks high."""

    share: float
    are_ranked: bool = False


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

        shares = 1 / self.draws.spread
        hits = more_hits * self._mean_hit + float(self.draws.hits.sum())
        relevant = (hits + float((self.draws.found * shares).sum())) / float(shares.sum())
        return min(max(relevant, float(self.found)), float(self.found + self.unread))

    def plan_draws(self, recall: float) -> DrawPlan:
        """Return how the next batch is drawn, to show *recall* soonest.

        A relevant document more makes the draws that are to come fewer; it is looked for at the
        top as long as it costs less than these. Draws favour what ranks high unless hardly anything
        is missed: they would count for half then.
        """
        allowed = self.found / recall - self.found
        if not allowed or not len(self.draws):
            return DrawPlan(_LOOKING, are_ranked=True)

        # One hit more than there was: who has drawn little knows little.
        missing = max(self._relevant_by_draws(1.0) - self.found, 0.5)
        saved = self._count_draws(allowed, missing) - self._count_draws(
            allowed + 1 / recall - 1, missing - 1
        )
        more_than_chance = self.found_lately - self._found_by_chance
        alike, ranked = self._find_speeds(missing / allowed)
        return DrawPlan(_LOOKING if more_than_chance * saved > 1 else _SHOWING, ranked > alike)

    def _count_draws(self, allowed: float, missing: float) -> float:
        """Return about how many draws show that no more than *allowed* documents are missed.

        If a part m of these is, and hits count k on average, a draw gives about (a / s) (b + m / k
        ln(1 - b k)) of the evidence, by the best bet b = (1 - m) / k, which is 1 at most. Draws are
        of the kind that gives more.
        """
        speed = max(self._find_speeds(missing / allowed))
        return -math.log(TAIL_OF_LOWER) * self.unread / (allowed * speed)

    def _find_speeds(self, part: float) -> tuple[float, float]:
        """Return what a draw of either kind tells where a *part* of what may be missed is."""
        part = min(max(part, _LEAST_MISSED), _MOST_MISSED)
        speeds = []
        for spread, mean_hit in ((1.0, 1.0), (_SPREAD, self._mean_hit)):
            bet = min(_MOST_BET, (1 - part) / mean_hit)
            speeds.append((bet + part / mean_hit * math.log1p(-bet * mean_hit)) / spread)

        return speeds[0], speeds[1]

    def count_to_read(self, recall: float) -> int:
        """Return about how many documents are to be read until *recall* is shown.

        They are those from the top, found at the present rate, until half of what may be missed is
        found, and the draws that show it then; at the most all that are unread.
        """
        allowed = self.found / recall - self.found
        if not allowed or self.has_reached(recall):
            return 0 if allowed else self.unread

        missing = max(self.relevant - self.found, 0.5)
        part = min(missing / allowed, _MISSED_TO_SHOW)
        wanted = max(0.0, missing - part * allowed)
        shown = 0.0
        if not wanted:
            evidence = self.draws.evidence(math.floor(self.found / recall) + 1, _FEWER)
            shown = min(1.0, max(0.0, evidence) / -math.log(TAIL_OF_LOWER))

        draws = (1 - shown) * self._count_draws(allowed, part * allowed)
        return min(self.unread, math.ceil(wanted / self.found_lately + draws))

    @property
    def _mean_hit(self) -> float:
        """For how much a hit of a ranked draw counts on average, weighted by itself."""
        hits = self.draws.hits[self.draws.hits < 1]
        return (float((hits**2).sum()) + _USUAL_HIT) / (float(hits.sum()) + 1)

    @property
    def _found_by_chance(self) -> float:
        """The share of relevant documents among the last quarter of the draws."""
        lately = self.draws.are_hits[-max(_FEWEST_LATELY, len(self.draws) // 4) :]
        return (float(lately.sum()) + 0.5) / (len(lately) + 1)

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

    def _allows_fewer_than(self, relevant: int) -> bool:
        return not self.refutes_fewer_than(relevant)

    def has_reached(self, recall: float) -> bool:
        """Whether the lower end of the interval is *recall* or more."""
        # Rounding must not ask for one more where the quotient is whole.
        return self.refutes_more_than(self.found / recall + 1e-9)

    @property
    def known_recall(self) -> Estimate | None:
        """Which share of all was found; None as long as next to nothing is known of it."""
        estimate = self.estimate_recall()
        return estimate if estimate.high - estimate.low <= _WIDEST else None

    def estimate_recall(self) -> Estimate:
        """Return recall with its interval; of nothing to be found it is 1."""
        most_possible = self.found + self.unread
        possible = range(self.found, most_possible)
        most = self.found + bisect_left(possible, True, key=self.refutes_more_than)
        more = range(self.found + 1, most + 1)
        fewest = self.found + bisect_left(more, True, key=self._allows_fewer_than)
        middle = min(max(self.relevant, fewest), most)
        value, low, high = (
            self.found / relevant if relevant else 1.0 for relevant in (middle, most, fewest)
        )
        return Estimate(value, low, high, n=len(self.draws), size=float(self.found))
