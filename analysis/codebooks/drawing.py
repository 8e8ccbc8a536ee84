"""A stratified sample of texts by permanent random numbers.

Each text has its own random number, made of the seed, the codebook, the period and its words, and
the sample of a stratum holds the texts with the lowest numbers for their copies (E. Ohlsson,
"Coordination of samples using permanent random numbers", in Business Survey Methods, 1995). So
every coder and every machine gets the same texts, a larger sample contains the smaller one, and new
documents change no earlier draw but for those that come before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.enums import SamplePart

Integers = NDArray[np.int64]
RandomNumbers = NDArray[np.uint64]

# How many texts of each part of a period (the first) and a keyword are wanted.
SampleCounts: TypeAlias = Mapping[tuple[str, str, SamplePart], int]


@dataclass(frozen=True)
class Frame:
    """The texts of one stratum: their places among all units, each text once.

    *copies* is how many units have the text. Texts are in the order in which they are drawn.
    *members* are the places of all units, whose texts have *member_numbers*.
    """

    places: Integers
    random_numbers: RandomNumbers
    copies: Integers
    members: Integers
    member_numbers: RandomNumbers

    @property
    def population(self) -> int:
        """How many units the stratum has."""
        return len(self.members)


@dataclass(frozen=True)
class Cell:
    """A period of a keyword, with its parts."""

    period: str
    keyword: str
    frames: Mapping[SamplePart, Frame]


@dataclass(frozen=True)
class Draw:
    """A text of the sample: the number of its cell, its part, and its rank within the two."""

    cell: int
    part: SamplePart
    rank: int


def make_frame(
    places: Integers, random_numbers: RandomNumbers, copy_numbers: RandomNumbers | None = None
) -> Frame:
    """Return the frame of the units at *places*, whose texts have *random_numbers* of their own.

    Units with the same number have the same text; that with the lowest of *copy_numbers* stands for
    all, or the first: equal headlines may head different articles, so that only one of them that
    was drawn by chance tells of the others. A text is
    drawn with a probability in proportion to its copies: sequential Poisson sampling, which takes
    the lowest ratios of random number and size (E. Ohlsson, "Sequential Poisson sampling", Journal
    of Official Statistics 14, 1998). So each drawn text stands for as many units, but for those
    with so many copies that they are drawn for certain.
    """
    chosen = np.arange(len(places)) if copy_numbers is None else np.argsort(copy_numbers)
    numbers, first, copies = np.unique(
        random_numbers[chosen], return_index=True, return_counts=True
    )
    order = np.argsort(numbers / copies, kind="stable")
    drawn_places = places[chosen[first[order]]]
    return Frame(drawn_places, numbers[order], copies[order], places, random_numbers)


def find_certain(copies: Sequence[int], n: int, population: int) -> list[bool]:
    """Return which texts, by their *copies*, are drawn for certain if *n* of a stratum are.

    They have as many copies as each of the other drawn texts stands for. *copies* may be those of
    the drawn texts alone.
    """
    is_certain = [False] * len(copies)
    for place in sorted(range(len(copies)), key=lambda place: -copies[place]):
        if not n or copies[place] * n < population:
            break

        is_certain[place] = True
        n -= 1
        population -= copies[place]

    return is_certain


def find_inclusions(copies: Sequence[int], n: int, population: int) -> list[float]:
    """Return the probability with which each text of a stratum is among *n* that are drawn.

    *copies* may be those of the drawn texts alone; then it is taken that all that are certain are
    among them.
    """
    are_certain = find_certain(copies, n, population)
    others = population - sum(compress(copies, are_certain))
    n -= sum(are_certain)
    return [
        1.0 if is_certain else number * n / others
        for number, is_certain in zip(copies, are_certain, strict=True)
    ]


def draw(
    cells: Sequence[Cell], n: int, weights: Mapping[tuple[int, SamplePart], float]
) -> list[Draw]:
    """Return *n* texts, or all of fewer, by the *weights* of strata, in the order of coding.

    A coder who stops early has coded each stratum in proportion to its weight, and a larger sample
    holds the smaller one: each stratum has a random start between 0 and 1, and its next text comes
    as often as its weight is large (systematic sampling with probabilities in proportion to size:
    W. G. Madow, Annals of Mathematical Statistics 20, 1949).
    """
    strata = [(number, part) for number, cell in enumerate(cells) for part in cell.frames]
    if not strata:
        return []

    orders: list[NDArray[np.float64]] = []
    for number, part in strata:
        frame = cells[number].frames[part]
        ranks: NDArray[np.float64] = np.arange(min(n, len(frame.places)), dtype=float)
        orders.append((ranks + _random_start(frame)) / weights[number, part])

    stratum_of = np.repeat(np.arange(len(strata)), [len(order) for order in orders])
    rank_of = np.concatenate([np.arange(len(order)) for order in orders])
    chosen = np.argsort(np.concatenate(orders), kind="stable")[:n]
    return [
        Draw(strata[stratum][0], strata[stratum][1], rank)
        for stratum, rank in zip(stratum_of[chosen].tolist(), rank_of[chosen].tolist(), strict=True)
    ]


def _random_start(frame: Frame) -> float:
    """Return a number between 0 and 1 that does not depend on which text is drawn first."""
    factor, shift = np.uint64(0x9E3779B97F4A7C15), np.uint64(11)
    mixed = np.array(frame.random_numbers[:1]) * factor
    return float((mixed ^ (mixed << shift))[0]) / 2.0**64


def draw_counts(cells: Sequence[Cell], counts: SampleCounts) -> list[Draw]:
    """Return as many texts of each part as *counts* says by period and keyword, or all of fewer.

    A coder who stops early has coded the same share of each part.
    """
    drawn: list[tuple[float, int, Draw]] = []
    for number, cell in enumerate(cells):
        for part, frame in cell.frames.items():
            wanted = min(len(frame.places), counts.get((cell.period, cell.keyword, part), 0))
            for rank in range(wanted):
                text = Draw(number, part, rank)
                drawn.append(((rank + 0.5) / wanted, _random_number(cells, text), text))

    return [text for _, _, text in sorted(drawn, key=itemgetter(0, 1))]


def keep_drawn(
    cells: Sequence[Cell], drawn: Sequence[Draw], least: Mapping[tuple[int, SamplePart], int]
) -> list[Draw]:
    """Return *drawn* with so many texts more that each part of a cell has those that it had.

    *least* are the texts of each part, by the number of its cell. The others come last.
    """
    counts = Counter((text.cell, text.part) for text in drawn)
    added = [
        Draw(cell, part, rank)
        for (cell, part), count in least.items()
        for rank in range(counts[cell, part], count)
    ]
    return [*drawn, *sorted(added, key=lambda text: _random_number(cells, text))]


def _random_number(cells: Sequence[Cell], drawn: Draw) -> int:
    return int(cells[drawn.cell].frames[drawn.part].random_numbers[drawn.rank])
