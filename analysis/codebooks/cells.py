"""The units of a run in the strata of a sample: by keyword, period and part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sqlalchemy import Row

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.drawing import Cell, make_frame
from analysis.codebooks.near_misses import Bits, WordsOfTexts, rank_texts, score_texts
from analysis.codebooks.rank_classes import size_classes
from analysis.codebooks.units import CodableUnits, read_documents, read_mentions, read_posts
from analysis.kinds import kind_named
from core.enums import SamplePart, SamplePeriod, SampleRule
from models.database import Database

# A period has at least this share of its documents as near misses, if so many score at all. Ranked
# by words and sections, the first 3 % without the keyword hold two fifths of what it misses
# (`bench/code_tags.py`).
_LEAST_NEAR_MISSES = {SampleRule.TEXT: 0.01, SampleRule.PERIOD: 0.03, SampleRule.RANK: 0.03}


def make_cells(
    db: Database,
    run: Row[Any],
    codebook: Codebook,
    per: SamplePeriod,
    salt: bytes,
    *,
    rule: SampleRule = SampleRule.RANK,
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
        others = _divide_others(units, words_of_texts, has_keyword, per)
        cells += _split(units, keyword, {SamplePart.MENTION: has_keyword, **others}, per)

    return cells


def _divide_others(
    units: CodableUnits, words_of_texts: WordsOfTexts, has_keyword: Bits, per: SamplePeriod
) -> dict[SamplePart, Bits]:
    """Return which texts without the keyword are of which part, by how their words are its own.

    Each period has as many near misses as texts with the keyword, and a small part of its texts at
    least; by words that stand out, as far as texts have one. Without a text with the keyword
    nothing is known of words.
    """
    score = score_texts if units.rule == SampleRule.TEXT else rank_texts
    scores = score(words_of_texts, has_keyword)
    may_be_near = ~has_keyword
    if units.rule == SampleRule.TEXT or not has_keyword.any():
        may_be_near &= scores > 0

    has_classes = units.rule == SampleRule.RANK and bool(has_keyword.any())
    classes = size_classes(0) if has_classes else (SamplePart.REST,)
    parts = {part: np.zeros(len(scores), bool) for part in (SamplePart.NEAR_MISS, *classes)}
    for places in units.places_by_period(per).values():
        others = places[~has_keyword[places]]
        most = most_near_misses(len(places) - len(others), len(places), units.rule)
        near_misses = min(most, int(may_be_near[others].sum()))
        # Of texts with the same score the earlier ones are taken, whatever the seed is.
        order = np.lexsort((-scores[others], ~may_be_near[others]))
        rest = others[order[near_misses:]]
        parts[SamplePart.NEAR_MISS][others[order[:near_misses]]] = True
        sizes = size_classes(len(rest)) if has_classes else {SamplePart.REST: len(rest)}
        ends = np.cumsum(np.array([*sizes.values()]))[:-1]
        for part, of_part in zip(sizes, np.split(rest, ends), strict=True):
            parts[part][of_part] = True

    return parts


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
