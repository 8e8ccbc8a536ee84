"""Classes of the texts without a keyword, by how their words rank: where its misses are.

A text of a higher class is drawn more often, since more of its class are in the category: with
probabilities in proportion to the expected deviation of its code, as in sampling with unequal
probabilities (Y. Tillé, "Sampling and Estimation from Finite Populations", 2020, 5.4). The last
class, half of the texts, is drawn at a rate that is lower, and never at none.
"""

from __future__ import annotations

import math

from core.enums import SamplePart

# Of the rest the texts that rank highest are one of so many, then as many are of the next class.
_ONE_OF = {
    SamplePart.REST_1: 32,
    SamplePart.REST_2: 16,
    SamplePart.REST_3: 8,
    SamplePart.REST_4: 4,
}
_MANY = 1024

# The part of what a keyword misses that is among near misses, and in each class of the rest. It
# falls alike for rare and for common tags (`bench/code_tags.py`). The last class has what is left.
MISSED = {
    SamplePart.NEAR_MISS: 0.4,
    SamplePart.REST_1: 0.1,
    SamplePart.REST_2: 0.12,
    SamplePart.REST_3: 0.15,
    SamplePart.REST_4: 0.14,
}


def size_classes(rest: int) -> dict[SamplePart, int]:
    """Return how many texts of the *rest* of a period are of each class, the highest first."""
    sizes = {part: rest // one_of for part, one_of in _ONE_OF.items()}
    return {**sizes, SamplePart.REST: rest - sum(sizes.values())}


def expect_relative_share(part: SamplePart) -> float:
    """Return the share of a class of the rest, as it is expected, over that of all the rest.

    It is 1 of other parts.
    """
    if not part.is_rest:
        return 1.0

    sizes = size_classes(_MANY)
    missed = {**MISSED, SamplePart.REST: 1 - math.fsum(MISSED.values())}
    return missed[part] / math.fsum(missed[other] for other in sizes) * _MANY / sizes[part]
