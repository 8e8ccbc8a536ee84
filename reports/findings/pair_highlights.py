"""What can be said of the keywords of a run beside each other: who overtook whom, whose mood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.query.relations import Relation
from reports.data.tables.keyword_pairs import KeywordPair, Names
from reports.findings.crossovers import Crossover, find_keyword_crossovers
from reports.findings.highlights import Claim, Highlight, describe_crossover
from reports.stats.comparing import LEVEL, adjust_holm
from reports.stats.paired import Estimate
from reports.words.periods import month_name
from reports.words.quantities import signed

#: Overtaking, shares, moods and documents with both are four kinds of claims on keywords, together
#: one of the ten that `comparing.LEVEL` counts.
PAIR_LEVEL = LEVEL / 4
# At most this many pairs of moods are named; the table has all pairs.
MOODS = 3


def pair_highlights(pairs: Sequence[KeywordPair]) -> list[Highlight]:
    """Name the months in which one keyword overtakes another, and the surest pairs of moods."""
    compared = list_compared(pairs)
    highlights = []
    for crossover in find_keyword_crossovers(compared, PAIR_LEVEL):
        certainty = f" ({describe_certainty(crossover)})"
        highlights.append(describe_crossover(crossover, "subjects", certainty))
    return highlights + _describe_moods(compared)


def list_compared(pairs: Sequence[KeywordPair]) -> list[KeywordPair]:
    """Return the pairs that the texts can say something of: not a keyword and a part of it."""
    return [pair for pair in pairs if pair.relation not in (Relation.PART, Relation.WHOLE)]


def describe_certainty(crossover: Crossover) -> str:
    """Return how surely a keyword overtook another in that month and no other."""
    months = "no other month is possible"
    if crossover.earliest != crossover.latest:
        months = f"possible from {_month(crossover.earliest)} to {_month(crossover.latest)}"
    return f"if it happened once, {months} with 95 % confidence"


def list_different(estimates: Sequence[Estimate | None]) -> list[bool]:
    """Return which of all pairs' differences hold together at `PAIR_LEVEL` (Holm)."""
    p_values = [1.0 if estimate is None else estimate.p_value for estimate in estimates]
    adjusted = adjust_holm(np.array(p_values, dtype=np.float64))
    return [bool(p_value < PAIR_LEVEL) for p_value in adjusted]


def _describe_moods(pairs: Sequence[KeywordPair]) -> list[Highlight]:
    """Name the pairs of keywords whose mean polarities differ most surely."""
    estimates = [pair.polarity_difference for pair in pairs]
    differences: dict[Claim, tuple[Names, Estimate]] = {}
    for pair, estimate, differs in zip(pairs, estimates, list_different(estimates), strict=True):
        if estimate is not None and differs:
            pair_names = pair.names if estimate.value > 0 else pair.names[::-1]
            higher = estimate if estimate.value > 0 else estimate.reverse()
            differences["higher mood", *pair_names] = pair_names, higher

    surest = sorted(differences, key=lambda claim: differences[claim][1].p_value)[:MOODS]
    highlights = []
    for claim in surest:
        (upper, lower), higher = differences[claim]
        text = (
            f"The mood around “{upper}” was higher than around “{lower}” in all months together: "
            f"by {_unsigned(higher.value)} (95 % interval {signed(higher.low)} to "
            f"{signed(higher.high)})."
        )
        highlights.append(Highlight("subjects", claim, text, implied=set(differences)))
    return highlights


def _unsigned(value: float) -> str:
    return f"{value:.2f}"


def _month(period: str) -> str:
    return month_name(period, "%B %Y")
