"""The units of a run in the strata of a sample: by keyword, period and part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sqlalchemy import Row

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.drawing import Cell, make_frame
from analysis.codebooks.near_misses import Bits, WordsOfTexts, rank_texts, score_texts
from analysis.codebooks.units import CodableUnits, read_documents, read_mentions, read_posts
from analysis.kinds import kind_named
from core.enums import SamplePart, SamplePeriod, SampleRule
from models.database import Database

# A period has at least this share of its documents as near misses, if so many score at all. Ranked
# by words and sections, the first 3 % without the keyword hold two fifths of what it misses
# (`bench/code_tags.py`).
_LEAST_NEAR_MISSES = {SampleRule.TEXT: 0.01, SampleRule.PERIOD: 0.03}


def make_cells(
    db: Database,
    run: Row[Any],
    codebook: Codebook,
    per: SamplePeriod,
    salt: bytes,
    *,
    rule: SampleRule = SampleRule.PERIOD,
) -> tuple[CodableUnits, list[Cell]]:
    """Return the units of a run, and their places by keyword, period and part."""
    kind = kind_named(run.kind)
    keywords = [keyword.name for keyword in kind.keywords(kind.read_parameters(run.parameters))]
    cells: list[Cell] = []
    if codebook.is_of_mentions:
        units = read_mentions(db, run, keywords, salt, rule)
        for number, keyword in enumerate(keywords):
            cells += _split(units, keyword, {SamplePart.ALL: units.keywords == number}, per)

        return units, cells

    if not keywords:
        units = read_posts(db, run, salt, rule)
        return units, list(_split(units, "", {SamplePart.ALL: np.ones(len(units), bool)}, per))

    units, matches = read_documents(db, run, keywords, salt, rule)
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

    Each period has as many of them as texts with the keyword, and a small part of its texts at
    least; by words that stand out, as far as texts have one.
    """
    score = rank_texts if units.rule == SampleRule.PERIOD else score_texts
    scores = score(words_of_texts, has_keyword)
    is_ranked = ~has_keyword
    if units.rule == SampleRule.TEXT or not has_keyword.any():
        is_ranked &= scores > 0

    near_misses = np.zeros(len(scores), bool)
    for places in units.places_by_period(per).values():
        most = most_near_misses(int(has_keyword[places].sum()), len(places), units.rule)
        scoring = places[is_ranked[places]]
        # Of texts with the same score the earlier ones are taken, whatever the seed is.
        order = np.argsort(-scores[scoring], kind="stable")
        near_misses[scoring[order[:most]]] = True

    return near_misses


def most_near_misses(texts_with_keyword: int, texts: int, rule: SampleRule) -> int:
    """Return how many near misses a period of so many texts has at the most."""
    return max(texts_with_keyword, round(_LEAST_NEAR_MISSES[rule] * texts))


def _split(
    units: CodableUnits, keyword: str, parts: Mapping[SamplePart, Bits], per: SamplePeriod
) -> Iterator[Cell]:
    """Yield a cell for each period that has a unit of one of *parts*."""
    for period, places in units.places_by_period(per).items():
        frames = {}
        for part, is_of_part in parts.items():
            part_places = places[is_of_part[places]]
            if len(part_places):
                numbers = units.random_numbers_in(keyword, period, part_places)
                copy_numbers = units.copy_numbers_of(part_places)
                frames[part] = make_frame(part_places, numbers, copy_numbers)

        if frames:
            yield Cell(period, keyword, frames)
