"""How the first codes of a sample are divided between its strata, before and while codes tell.

A document counts in proportion to the standard deviation of its part (J. Neyman, "On the two
different aspects of the representative method", Journal of the Royal Statistical Society 97, 1934).
Before anything is coded that is the one to be expected of a keyword: six of ten documents with it
are in the category, and it finds two of five (`bench/code_tags.py`: on eight tags of a newspaper
precision is .42 to .94, recall .19 to .56). What is coded by then counts beside that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from analysis.codebooks.drawing import Cell
from analysis.codebooks.rank_classes import MISSED
from core.enums import SampleGoal, SamplePart

PRECISION, RECALL = 0.6, 0.4

# What is expected of a part counts as so many codes.
_EXPECTED_CODES = 10

# Documents with the keyword get at least this part of the codes, or their precision is not known.
_LEAST_OF_MENTIONS = {
    SampleGoal.SHARE: 0.1,
    SampleGoal.RECALL: 0.1,
    SampleGoal.MONTHS: 0.1,
    SampleGoal.PRECISION: 0.7,
}

# Positive codes of a part, and all of them.
PartCodes = Mapping[SamplePart, tuple[float, float]]
_NOTHING_CODED: PartCodes = {}


def expect_shares(sizes: Mapping[SamplePart, int], codes: PartCodes) -> dict[SamplePart, float]:
    """Return the share of each part in the category, from what is usual and from *codes*.

    The codes tell how right the keyword is and how much it misses in all; where the misses are is
    what is usual. A part that was drawn less often since few yes were read in it would be taken to
    have few: by up to a fifth of a share, which is estimated from the same codes (simulated).
    """
    misses = PRECISION * sizes[SamplePart.MENTION] * (1 - RECALL) / RECALL
    missed = {part: MISSED[part] for part in sizes if part in MISSED}
    missed[SamplePart.REST] = 1 - math.fsum(missed.values())
    usual = {
        part: min(0.5, max(1e-3, missed[part] * misses / max(1, size)))
        for part, size in sizes.items()
        if part != SamplePart.MENTION
    }
    expected = math.fsum(share * codes.get(part, (0.0, 0.0))[1] for part, share in usual.items())
    found = math.fsum(codes.get(part, (0.0, 0.0))[0] for part in usual)
    level = (found + _EXPECTED_CODES) / (expected + _EXPECTED_CODES)
    positives, n = codes.get(SamplePart.MENTION, (0.0, 0.0))
    precision = (positives + PRECISION * _EXPECTED_CODES) / (n + _EXPECTED_CODES)
    return {part: min(0.5, usual[part] * level) if part in usual else precision for part in sizes}


def weigh_strata(
    cells: Sequence[Cell], goal: SampleGoal, codes: PartCodes
) -> dict[tuple[int, SamplePart], float]:
    """Return how much of the codes the parts of each cell get, by the number of the cell.

    Keywords get as much each, and so do periods where *goal* is months. Cells without a part of
    mentions get as much each.
    """
    weights: dict[tuple[int, SamplePart], float] = {}
    for keyword in dict.fromkeys(cell.keyword for cell in cells):
        own = [(number, cell) for number, cell in enumerate(cells) if cell.keyword == keyword]
        sizes = dict.fromkeys((part for _, cell in own for part in cell.frames), 0)
        for _, cell in own:
            for part, frame in cell.frames.items():
                sizes[part] += frame.population

        parts = weigh_parts(sizes, goal, codes) if SamplePart.MENTION in sizes else {}
        for number, cell in own:
            if not parts:
                weights |= {(number, part): 1.0 for part in cell.frames}
                continue

            of_parts = {part: parts[part] * frame.population for part, frame in cell.frames.items()}
            scale = sum(of_parts.values()) if goal == SampleGoal.MONTHS else 1.0
            weights |= {(number, part): weight / scale for part, weight in of_parts.items()}

    return weights


def weigh_parts(
    sizes: Mapping[SamplePart, int], goal: SampleGoal, codes: PartCodes = _NOTHING_CODED
) -> dict[SamplePart, float]:
    """Return the weight of a document of each part; all documents together weigh 1."""
    shares = expect_shares(sizes, codes)
    weights = {part: math.sqrt(share * (1 - share)) for part, share in shares.items()}
    if goal == SampleGoal.RECALL:
        # Recall errs by the relative errors of what is found and what is missed.
        found = sizes[SamplePart.MENTION] * shares[SamplePart.MENTION]
        missed = sum(sizes[part] * shares[part] for part in sizes if part != SamplePart.MENTION)
        for part in weights:
            weights[part] /= found if part == SamplePart.MENTION else max(missed, 1e-9)

    totals = {part: sizes[part] * weight for part, weight in weights.items()}
    mentions, others = totals[SamplePart.MENTION], sum(totals.values())
    others -= mentions
    part_of_mentions = max(_LEAST_OF_MENTIONS[goal], mentions / (mentions + others))
    return {
        part: weight
        * (
            part_of_mentions / mentions
            if part == SamplePart.MENTION
            else (1 - part_of_mentions) / others
        )
        for part, weight in weights.items()
    }
