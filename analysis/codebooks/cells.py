"""The units of a run in the strata of a sample: by keyword, period and part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sqlalchemy import Row

from analysis.codebooks.codebook import Codebook, CodedUnit
from analysis.codebooks.drawing import Cell, make_frame
from analysis.codebooks.near_misses import Bits, WordsOfTexts, score_texts
from analysis.codebooks.units import CodableUnits, read_documents, read_mentions, read_posts
from analysis.kinds import kind_named
from core.enums import SamplePart, SamplePeriod
from models.database import Database

# A period has at least this share of its documents as near misses, if so many score at all.
_LEAST_NEAR_MISSES = 0.01


def make_cells(
    db: Database, run: Row[Any], codebook: Codebook, per: SamplePeriod, salt: bytes
) -> tuple[CodableUnits, list[Cell]]:
    """Return the units of a run, and their places by keyword, period and part."""
    kind = kind_named(run.kind)
    keywords = [keyword.name for keyword in kind.keywords(kind.read_parameters(run.parameters))]
    cells: list[Cell] = []
    if codebook.unit == CodedUnit.MENTION:
        units = read_mentions(db, run, keywords, salt)
        for number, keyword in enumerate(keywords):
            cells += _split(units, keyword, {SamplePart.ALL: units.keywords == number}, per)

        return units, cells

    if not keywords:
        units = read_posts(db, run, salt)
        return units, list(_split(units, "", {SamplePart.ALL: np.ones(len(units), bool)}, per))

    units, matches = read_documents(db, run, keywords, salt)
    if not codebook.asks_of_keyword:
        matches = {"": np.any(list(matches.values()), axis=0)}

    return units, split_documents(units, matches, per)


def split_documents(
    units: CodableUnits, matches: Mapping[str, Bits], per: SamplePeriod
) -> list[Cell]:
    """Return the places of whole texts by keyword, period and part.

    *matches* tells of each keyword which texts mention it.
    """
    cells: list[Cell] = []
    words_of_texts = units.words_of_texts()
    for keyword, has_keyword in matches.items():
        near_misses = _find_near_misses(units, words_of_texts, has_keyword, per)
        parts = {
            SamplePart.MENTION: has_keyword,
            SamplePart.NEAR_MISS: near_misses,
            SamplePart.REST: ~(has_keyword | near_misses),
        }
        cells += _split(units, keyword, parts, per)

    return cells


def _find_near_misses(
    units: CodableUnits, words_of_texts: WordsOfTexts, has_keyword: Bits, per: SamplePeriod
) -> Bits:
    """Return which texts without the keyword are likeliest to be about it.

    Each period has as many of them as texts with the keyword, and a hundredth of its texts at
    least, as far as texts score at all.
    """
    scores = score_texts(words_of_texts, has_keyword)
    scores[has_keyword] = 0.0
    near_misses = np.zeros(len(scores), bool)
    for places in units.places_by_period(per).values():
        most = most_near_misses(int(has_keyword[places].sum()), len(places))
        scoring = places[scores[places] > 0]
        # Of texts with the same score the earlier ones are taken, whatever the seed is.
        order = np.argsort(-scores[scoring], kind="stable")
        near_misses[scoring[order[:most]]] = True

    return near_misses


def most_near_misses(texts_with_keyword: int, texts: int) -> int:
    """Return how many near misses a period of so many texts has at the most."""
    return max(texts_with_keyword, round(_LEAST_NEAR_MISSES * texts))


def _split(
    units: CodableUnits, keyword: str, parts: Mapping[SamplePart, Bits], per: SamplePeriod
) -> Iterator[Cell]:
    """Yield a cell for each period that has a unit of one of *parts*."""
    random_numbers = units.random_numbers(keyword)
    for period, places in units.places_by_period(per).items():
        frames = {}
        for part, is_of_part in parts.items():
            part_places = places[is_of_part[places]]
            if len(part_places):
                frames[part] = make_frame(part_places, random_numbers[part_places])

        if frames:
            yield Cell(period, keyword, frames)
