"""A stratified sample of texts by permanent random numbers.

Each text has its own random number, made of the seed, the codebook and its words, and the sample of
a stratum holds the texts with the lowest numbers for their copies (E. Ohlsson, "Coordination of
samples using permanent random numbers", in Business Survey Methods, 1995). So every coder and every
machine gets the same texts, a larger sample contains the smaller one, and new documents change no
earlier draw but for those that come before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from operator import itemgetter
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.enums import SamplePart

Integers = NDArray[np.int64]
RandomNumbers = NDArray[np.uint64]

# How many texts of each part of a period (the first) and a keyword are wanted.
SampleCounts: TypeAlias = Mapping[tuple[str, str, SamplePart], int]

# The parts of a period take turns in this order. Two of five texts hold the keyword, so that its
# precision is known, and two are of the rest, where what it misses is hardest to know.
_TURNS = (
    SamplePart.MENTION,
    SamplePart.REST,
    SamplePart.NEAR_MISS,
    SamplePart.MENTION,
    SamplePart.REST,
)


@dataclass(frozen=True)
class Frame:
    """The texts of one stratum: their places among all units, each text once.

    *copies* is how many units have the text. Texts are in the order in which they are drawn.
    *members* are the places of all units.
    """

    places: Integers
    random_numbers: RandomNumbers
    copies: Integers
    members: Integers

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


def make_frame(places: Integers, random_numbers: RandomNumbers) -> Frame:
    """Return the frame of the units at *places*, whose texts have *random_numbers* of their own.

    Units with the same number have the same text; the first of them stands for all. A text is
    drawn with a probability in proportion to its copies: sequential Poisson sampling, which takes
    the lowest ratios of random number and size (E. Ohlsson, "Sequential Poisson sampling", Journal
    of Official Statistics 14, 1998). So each drawn text stands for as many units, but for those
    with so many copies that they are drawn for certain.
    """
    numbers, first, copies = np.unique(random_numbers, return_index=True, return_counts=True)
    order = np.argsort(numbers / copies, kind="stable")
    return Frame(places[first[order]], numbers[order], copies[order], places)


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


def find_inclusions(copies: Sequence[int], n: int) -> list[float]:
    """Return the probability with which each text of a stratum is among *n* that are drawn."""
    are_certain = find_certain(copies, n, sum(copies))
    others = sum(
        number for number, is_certain in zip(copies, are_certain, strict=True) if not is_certain
    )
    n -= sum(are_certain)
    return [
        1.0 if is_certain else number * n / others
        for number, is_certain in zip(copies, are_certain, strict=True)
    ]


def draw(cells: Sequence[Cell], n: int) -> list[Draw]:
    """Return *n* texts, or all of fewer, shared out evenly between *cells*, in order of coding.

    A coder who stops early has coded about as many of each cell and part.
    """
    turns = [_take_turns(cell, number) for number, cell in enumerate(cells)]
    drawn: list[Draw] = []
    while len(drawn) < n:
        offered = [draw for turn in turns if (draw := next(turn, None)) is not None]
        if not offered:
            break

        offered.sort(key=lambda draw: _random_number(cells, draw))
        drawn += offered[: n - len(drawn)]

    return drawn


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


def _take_turns(cell: Cell, number: int) -> Iterator[Draw]:
    """Yield the texts of a cell: its parts take turns until all texts are drawn."""
    ranks = dict.fromkeys(cell.frames, 0)
    turns = _TURNS if SamplePart.MENTION in cell.frames else tuple(cell.frames)
    remaining = sum(len(frame.places) for frame in cell.frames.values())
    for part in cycle(turns):
        if not remaining:
            return

        frame = cell.frames.get(part)
        if frame is not None and ranks[part] < len(frame.places):
            yield Draw(number, part, ranks[part])
            ranks[part] += 1
            remaining -= 1


def _random_number(cells: Sequence[Cell], drawn: Draw) -> int:
    return int(cells[drawn.cell].frames[drawn.part].random_numbers[drawn.rank])
