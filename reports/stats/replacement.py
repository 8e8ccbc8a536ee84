"""May a machine replace a coder? The alternative annotator test, with an exact test of each coder.

Each person is left out in turn. On each text that they and others coded it is asked who agrees with
the others at least as well: the machine, the person, or both. N. Calderon, R. Reichart and R. Dror,
"The Alternative Annotator Test for LLM-as-a-Judge", ACL (2025). The machine wins over a person if
the person is ahead on less than a margin ε more of the texts than the machine is. It may replace
people if it wins over half of them; false discoveries are controlled by Benjamini and Yekutieli's
procedure, since all are compared on the same texts.

The paper's t-test supposes many texts: where people and machine mostly agree, it says yes too often
even of 200. Texts on which the one or the other is ahead are a pair of proportions, so each person
is tested by T. Tango's score ("Equivalence test and confidence interval for the difference in
proportions for the paired-sample design", Statistics in Medicine 17, 1998). Its probability is the
largest over the unknown share of texts on which the machine is ahead: H.-M. Hsueh, J.-P. Liu and
J. J. Chen, "Unconditional exact tests for equivalence or noninferiority for paired binary
endpoints", Biometrics 57 (2001).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from reports.stats.estimates import Estimate
from reports.stats.intervals import LEVEL, midp_interval
from reports.stats.multiple_tests import adjust_benjamini_yekutieli

Floats = NDArray[np.float64]

# The margin ε: the smallest that the paper names, which is for coders who are no experts.
MARGIN = 0.1
# A person takes part from so many texts on, as in the paper's program: of fewer even perfect
# agreement shows nothing.
FEWEST_TEXTS = 30

# The number of texts that would decide does so with this probability.
_POWER = 0.8
# Nobody codes so many texts to find out.
_BEYOND_REACH = 10_000
# Of more texts the score's normal approximation is as good.
_MOST_EXACT = 300


class Verdict(StrEnum):
    """Whether a machine may replace a coder."""

    YES = "yes"
    NO = "no"
    OPEN = "open"


@dataclass(frozen=True)
class DoubleCoded:
    """A text with the codes that people gave it, by name, and the machine's."""

    people: Mapping[str, str]
    machine: str


@dataclass(frozen=True)
class Replacement:
    """What double codes tell: on which share of texts the machine is as good as a person.

    *more* is about how many further texts that several people code would decide; 0 of what is
    decided, None where they are beyond reach, since the two are about the margin apart.
    """

    as_good: Estimate
    people: int
    verdict: Verdict
    more: int | None


@dataclass(frozen=True)
class _Lead:
    """On how many of *n* texts a person is ahead of the machine, and the machine of the person."""

    n: int
    person: int
    machine: int

    @property
    def middle(self) -> float:
        return (self.person - self.machine) / self.n

    @property
    def deviation(self) -> float:
        """The deviation of a text's lead; half a text more on either side keeps it above 0."""
        share = (self.person + self.machine + 1) / (self.n + 2)
        return math.sqrt(share - (share * self.middle) ** 2)


def judge_replacement(
    texts: Iterable[DoubleCoded], *, is_scale: bool = False
) -> Replacement | None:
    """Return whether a machine may replace a coder; None where no text has two codes of people."""
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    shares: list[float] = []
    for text in texts:
        if len(text.people) < 2:
            continue

        as_good = []
        for person, code in text.people.items():
            others = [other for name, other in text.people.items() if name != person]
            lead = _score(code, others, is_scale) - _score(text.machine, others, is_scale)
            counts[person][(lead > 0) - (lead < 0)] += 1
            as_good.append(lead <= 0)

        shares.append(sum(as_good) / len(as_good))

    if not shares:
        return None

    # A mean of several yes and no varies no more than one of them.
    total = math.fsum(shares)
    low, high = midp_interval(min(total, len(shares)), len(shares))
    estimate = Estimate(total / len(shares), low, high, n=len(shares))
    leads = [_Lead(count.total(), count[1], count[-1]) for count in counts.values()]
    verdict, more = decide([lead for lead in leads if lead.n >= FEWEST_TEXTS], leads)
    return Replacement(estimate, len(leads), verdict, more)


def decide(leads: Sequence[_Lead], all_leads: Sequence[_Lead]) -> tuple[Verdict, int | None]:
    """Return the verdict on the people who coded enough, and how many texts more would decide."""
    if leads:
        wins = adjust_benjamini_yekutieli([find_p_value(*_counts(lead)) for lead in leads])
        if 2 * sum(p_value <= LEVEL for p_value in wins) >= len(leads):
            return Verdict.YES, 0

        # The machine fails where the person's lead is shown to be more than the margin.
        losses = adjust_benjamini_yekutieli(
            [find_p_value(*_counts(lead), is_less=False) for lead in leads]
        )
        if 2 * sum(p_value <= LEVEL for p_value in losses) > len(leads):
            return Verdict.NO, 0

    tested = leads or all_leads
    # Half of the people have to be won over, or lost to.
    needed = sorted(_count_needed(lead, len(tested)) for lead in tested)[(len(tested) - 1) // 2]
    have = max(lead.n for lead in tested)
    least = FEWEST_TEXTS - have if not leads else 1
    more = needed - have
    return Verdict.OPEN, None if more > _BEYOND_REACH else max(least, math.ceil(more))


def _counts(lead: _Lead) -> tuple[int, int, int]:
    return lead.n, lead.person, lead.machine


def _count_needed(lead: _Lead, tests: int) -> float:
    """Return the texts after which a test with the leads so far is decided, more often than not."""
    distance = abs(MARGIN - lead.middle)
    if not distance:
        return math.inf

    level = LEVEL / sum(1 / rank for rank in range(1, tests + 1))
    quantiles = -scipy.special.ndtri(level) + scipy.special.ndtri(_POWER)
    return max(float((quantiles * lead.deviation / distance) ** 2), float(FEWEST_TEXTS))


def _score(code: str, others: Sequence[str], is_scale: bool) -> float:
    """Return how well a code agrees with those of others: the share, or less the distance."""
    if is_scale:
        return -math.sqrt(sum((float(code) - float(other)) ** 2 for other in others) / len(others))
    return sum(code == other for other in others) / len(others)


@lru_cache(maxsize=65536)
def find_p_value(n: int, person: int, machine: int, *, is_less: bool = True) -> float:
    """Return the probability of the leads on *n* texts if the person's is the margin, at most.

    They are as small as this or smaller; without *is_less* as large or larger.
    """
    side = 1.0 if is_less else -1.0
    score = side * float(_tango(n, np.array([person]), np.array([machine]))[0])
    if n > _MOST_EXACT:
        return float(scipy.special.ndtr(score))

    persons, machines, logarithms = _list_outcomes(n)
    is_as_extreme = side * _tango(n, persons, machines) <= score + 1e-9
    return float(np.max(logarithms[:, is_as_extreme].sum(axis=1)))


@lru_cache(maxsize=4)
def _list_outcomes(n: int) -> tuple[Floats, Floats, Floats]:
    """Return all leads on *n* texts, and how likely they are by the machine's share of leads."""
    persons, machines = (
        grid.ravel().astype(float) for grid in np.meshgrid(np.arange(n + 1), np.arange(n + 1))
    )
    is_possible = persons + machines <= n
    persons, machines = persons[is_possible], machines[is_possible]
    ties = n - persons - machines
    log_gamma = scipy.special.gammaln
    ways = log_gamma(n + 1) - log_gamma(persons + 1) - log_gamma(machines + 1) - log_gamma(ties + 1)
    shares = np.linspace(0.0, (1 - MARGIN) / 2, 60)[:, None]
    # xlogy would do for 0 ln 0; a share of next to nothing is as good and quicker.
    shares = np.clip(shares, 1e-12, (1 - MARGIN) / 2 - 1e-12)
    logarithms = machines * np.log(shares) + persons * np.log(shares + MARGIN)
    logarithms += ties * np.log(1 - MARGIN - 2 * shares)
    return persons, machines, np.exp(ways + logarithms)


def _tango(n: int, person: Floats, machine: Floats) -> Floats:
    """Return Tango's score of the person's lead less the margin."""
    b = -person - machine + (2 * n - person + machine) * MARGIN
    c = -machine * MARGIN * (1 - MARGIN)
    share = (np.sqrt(b * b - 8 * n * c) - b) / (4 * n)
    variance = n * np.maximum(2 * share + MARGIN * (1 - MARGIN), 1e-12)
    scores: Floats = (person - machine - n * MARGIN) / np.sqrt(variance)
    return scores
