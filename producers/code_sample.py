"""The sample of a run's texts that people code by a codebook: drawn, stored and read.

It is drawn from all documents of the run, also those without a keyword, so that what the keywords
miss is seen. Texts that repeat each other, figures and dates aside, are drawn once and weigh as
many documents as they are (`analysis.codebooks.drawing`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from analysis.codebooks.cells import make_cells
from analysis.codebooks.codebook import Codebook
from analysis.codebooks.division import weigh_strata
from analysis.codebooks.drawing import (
    Cell,
    Draw,
    SampleCounts,
    draw,
    draw_counts,
    find_inclusions,
    keep_drawn,
)
from analysis.codebooks.stored import keep_codebook
from analysis.codebooks.units import CodableUnits, hash_parts
from analysis.kinds import kind_named
from analysis.options import SAMPLE
from core.enums import SampleGoal, SamplePart, SamplePeriod, SampleRule
from core.errors import UsageError
from models.code_samples import (
    count_codes_by_part,
    list_coded_keys,
    list_sampled_keys,
    list_sampled_units,
    list_strata,
    list_unit_rows,
    replace_sample,
)
from models.codes import UnitKey, find_stored_codebook
from models.database import Database
from models.documents import text_part_of
from models.run_transitions import lock_run
from models.runs import get_run

# A text that new documents move into a class that is drawn less often is later in its order: so
# many times as late, at most, as by the highest rate of its period.
_MOST_MOVED = 2

# From so many coded units on the division of a sample follows their codes, too.
FEWEST_TO_LEARN = 100


@dataclass(frozen=True)
class SampledText:
    """A unit of a sample as a coder reads it; *item* names it in files, in every database.

    *period* is the month of the document, *text* the mention's sentence or the whole text.
    """

    unit: UnitKey
    item: str
    period: str
    keyword: str
    document: str
    text: str


def draw_code_sample(
    db: Database,
    run_id: int,
    codebook: Codebook,
    *,
    n: int | SampleCounts,
    per: SamplePeriod,
    seed: int,
    goal: SampleGoal = SampleGoal.SHARE,
) -> list[SampledText]:
    """Draw *n* units of a run, or all of fewer; store them with the codebook, and return them.

    They are shared out as `DrawnSample.draw` does. Raises `NotFound` for the run, and `UsageError`
    if the codebook does not fit it or nothing is there to be coded.
    """
    drawn_sample = DrawnSample.draw(db, run_id, codebook, n=n, per=per, seed=seed, goal=goal)
    with db.write() as connection:
        codebook_id = drawn_sample.store(connection)

    return read_code_sample(db, run_id, codebook_id)


@dataclass(frozen=True)
class DrawnSample:
    """A sample of a run that is drawn and not stored yet."""

    db: Database
    run_id: int
    codebook: Codebook
    units: CodableUnits
    cells: Sequence[Cell]
    drawn: Sequence[Draw]
    earlier: _EarlierSample
    seed: int
    rule: SampleRule

    @classmethod
    def draw(
        cls,
        db: Database,
        run_id: int,
        codebook: Codebook,
        *,
        n: int | SampleCounts,
        per: SamplePeriod,
        seed: int,
        goal: SampleGoal = SampleGoal.SHARE,
    ) -> DrawnSample:
        """Draw *n* units of a run, or all of fewer.

        They are shared out for *goal* by what is expected of each part
        (`analysis.codebooks.division`), unless *n* says how many to draw of each. The units are in
        the order in which they are to be coded. A stored sample keeps the rule by which it was
        begun. What people, or a model that codes the sample, coded of an earlier
        sample by the same *per* and *seed* is drawn again, beside *n* if need be.

        Raises as `draw_code_sample`.
        """
        run = db.fetch(get_run, run_id)
        check_unit(codebook, run)

        earlier = _read_earlier_sample(db, run_id, codebook, find_sampler(run))
        salt = _make_salt(codebook, seed)
        units, cells = make_cells(db, run, codebook, per, salt, rule=earlier.rule)
        if isinstance(n, int):
            drawn = draw(cells, n, weigh_strata(cells, goal, earlier.count_positives()))
        else:
            drawn = draw_counts(cells, n)

        if earlier.seed in (None, f"{seed}"):
            drawn = keep_drawn(cells, drawn, _find_least(units, cells, earlier))

        if not drawn:
            raise UsageError(
                f"run {run_id} has nothing to be coded (yet): `tidings status {run_id}` says why"
            )

        return cls(db, run_id, codebook, units, cells, drawn, earlier, seed, earlier.rule)

    @classmethod
    def draw_again(cls, db: Database, run_id: int, codebook: Codebook, *, seed: int) -> DrawnSample:
        """Draw the texts that the stored sample of a codebook has if *seed* drew it.

        How many texts of each stratum are drawn, and in which order they are coded, is taken from
        the stored sample, and so is which document stands for an equal text.
        """
        with db.read() as connection:
            run = get_run(connection, run_id)
            codebook_id = find_stored_codebook(connection, codebook.hash)
            assert codebook_id is not None  # noqa: S101 - it has a sample
            strata = list_strata(connection, run_id, codebook_id)
            unit_rows = list_unit_rows(connection, run_id, codebook_id)

        per = SamplePeriod.that_has(strata[0].period)
        rule = SampleRule(strata[0].rule)
        units, cells = make_cells(db, run, codebook, per, _make_salt(codebook, seed), rule=rule)
        drawn = _draw_as_stored(units, cells, strata, unit_rows)
        earlier = _EarlierSample(units={UnitKey(*unit_row[:3]) for unit_row in unit_rows})
        return cls(db, run_id, codebook, units, cells, drawn, earlier, seed, rule)

    def count_by_stratum(self) -> dict[tuple[str, str, SamplePart], tuple[int, int]]:
        """Return of how many units each part of a period and keyword is, and how many are drawn."""
        return {
            (stratum["period"], stratum["keyword"], stratum["part"]): (
                stratum["population"],
                stratum["drawn"],
            )
            for stratum in _make_strata(self.cells, self.drawn).values()
        }

    def store(self, connection: Connection) -> int:
        """Store the sample in the place of an earlier one; return the codebook's id.

        Jobs that draw the sample of their run at once take turns.
        """
        lock_run(connection, self.run_id)
        codebook_id = keep_codebook(connection, self.db, self.codebook)
        strata, unit_rows = self.make_rows()
        seeded_strata = [{**stratum, "seed": f"{self.seed}"} for stratum in strata]
        replace_sample(connection, self.run_id, codebook_id, seeded_strata, unit_rows)
        return codebook_id

    def make_rows(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the rows of the strata, by number, and of the units, in the order of coding."""
        strata = _make_strata(self.cells, self.drawn)
        for stratum in strata.values():
            stratum["rule"] = self.rule

        unit_rows = _make_unit_rows(self.units, self.cells, self.drawn, strata, self.earlier.units)
        return list(strata.values()), unit_rows


@dataclass(frozen=True)
class _EarlierSample:
    """The sample that was drawn before: its units, those that were coded, and its strata.

    *strata* have how many texts a stratum had, and how many of them were drawn, by period, keyword
    and part.
    """

    units: Collection[UnitKey] = ()
    coded: Collection[UnitKey] = ()
    strata: Mapping[tuple[str, str, SamplePart], tuple[int, int]] = field(default_factory=dict)
    rule: SampleRule = SampleRule.RANK

    # None for a sample that was drawn before seeds were stored.
    seed: str | None = None

    # How many units of each part have each code of the first variable.
    codes: Mapping[SamplePart, Mapping[str, int]] = field(default_factory=dict)

    def count_positives(self) -> dict[SamplePart, tuple[float, float]]:
        """Return by part the units whose code is not the commonest one, and all that are coded.

        Nothing is learnt from fewer than `FEWEST_TO_LEARN` units.
        """
        totals = Counter[str]()
        for codes in self.codes.values():
            totals.update(codes)

        if totals.total() < FEWEST_TO_LEARN:
            return {}

        ((commonest, _),) = totals.most_common(1)
        return {
            part: (float(sum(codes.values()) - codes.get(commonest, 0)), float(sum(codes.values())))
            for part, codes in self.codes.items()
        }


def _read_earlier_sample(
    db: Database, run_id: int, codebook: Codebook, sampler: str | None
) -> _EarlierSample:
    with db.read() as connection:
        codebook_id = find_stored_codebook(connection, codebook.hash)
        if codebook_id is None:
            return _EarlierSample()

        stratum_rows = list_strata(connection, run_id, codebook_id)
        strata = {
            (stratum.period, stratum.keyword, SamplePart(stratum.part)): (
                stratum.texts,
                stratum.drawn,
            )
            for stratum in stratum_rows
        }
        variable = codebook.variables[0].name
        coded = list_coded_keys(connection, run_id, codebook_id, sampler)
        return _EarlierSample(
            rule=_find_rule(stratum_rows),
            seed=stratum_rows[0].seed if stratum_rows else None,
            codes=count_codes_by_part(connection, run_id, codebook_id, variable, sampler),
            units=list_sampled_keys(connection, run_id, codebook_id),
            coded=coded,
            strata=strata,
        )


def _find_rule(strata: Sequence[Row[Any]]) -> SampleRule:
    """Return the rule by which a sample was begun, coded or not: it may be in a coder's file."""
    return SampleRule(strata[0].rule) if strata else SampleRule.RANK


def _find_least(
    units: CodableUnits, cells: Sequence[Cell], earlier: _EarlierSample
) -> dict[tuple[int, SamplePart], int]:
    """Return how many texts of each part of each cell have to be drawn for what is coded.

    New documents come between those that were drawn, and move texts from one class to the next.
    Where most come far later than that explains, they were drawn by another seed, and are not kept.
    """
    drawn_documents = np.array([unit.document_id for unit in earlier.units], np.int64)
    least: dict[tuple[int, SamplePart], int] = {}
    lost = 0
    for number, cell in enumerate(cells):
        strata = {
            part: counts
            for (period, keyword, part), counts in earlier.strata.items()
            if (period, keyword) == (cell.period, cell.keyword)
        }
        for part, frame in cell.frames.items():
            texts, drawn = strata.get(part, (0, 0))
            highest = drawn + max(0, len(frame.places) - texts) if drawn else 0
            if part != SamplePart.MENTION and earlier.rule == SampleRule.RANK:
                rate = max((drawn / texts for texts, drawn in strata.values()), default=0.0)
                highest += math.ceil(_MOST_MOVED * rate * len(frame.places))

            rank_of_text = {
                text: rank for rank, text in enumerate(frame.random_numbers[:highest].tolist())
            }
            is_drawn = np.isin(units.documents[frame.members], drawn_documents)
            members = zip(frame.members[is_drawn], frame.member_numbers[is_drawn], strict=True)
            for place, number_of_text in members:
                unit = units.key(int(place), cell.keyword)
                rank = rank_of_text.get(int(number_of_text))
                lost += rank is None and unit in earlier.units
                if rank is not None and unit in earlier.coded and unit in earlier.units:
                    least[number, part] = max(least.get((number, part), 0), 1 + rank)

    return least if 2 * lost < len(earlier.units) else {}


def _draw_as_stored(
    units: CodableUnits,
    cells: Sequence[Cell],
    strata: Sequence[Row[Any]],
    unit_rows: Sequence[Row[Any]],
) -> list[Draw]:
    """Return as many texts of each stratum as *unit_rows* has, in their order.

    A text that is not among the first of its stratum has the place of one that is.
    """
    parts = {
        (cell.period, cell.keyword, part): (number, part)
        for number, cell in enumerate(cells)
        for part in cell.frames
    }
    part_of_stratum = {
        stratum.number: parts.get((stratum.period, stratum.keyword, SamplePart(stratum.part)))
        for stratum in strata
    }
    keys_by_part: dict[tuple[int, SamplePart], list[UnitKey]] = defaultdict(list)
    for unit_row in unit_rows:
        if (place_of_part := part_of_stratum.get(unit_row.stratum)) is not None:
            keys_by_part[place_of_part].append(UnitKey(*unit_row[:3]))

    ranks = {
        (number, part): iter(_rank_units(units, cells[number], part, keys))
        for (number, part), keys in keys_by_part.items()
    }
    drawn: list[Draw] = []
    for unit_row in unit_rows:
        place_of_part = part_of_stratum.get(unit_row.stratum)
        rank = None if place_of_part is None else next(ranks[place_of_part], None)
        if place_of_part is not None and rank is not None:
            drawn.append(Draw(*place_of_part, rank))

    return drawn


def _rank_units(
    units: CodableUnits, cell: Cell, part: SamplePart, keys: Sequence[UnitKey]
) -> list[int]:
    """Return the ranks of the units *keys* of a stratum; all ranks from 0 on, and each once."""
    frame = cell.frames[part]
    first_numbers = frame.random_numbers[: len(keys)].tolist()
    rank_of_text = {random_number: rank for rank, random_number in enumerate(first_numbers)}

    documents = np.array([key.document_id for key in keys], np.int64)
    rank_of_unit: dict[UnitKey, int] = {}
    is_drawn = np.isin(units.documents[frame.members], documents)
    for place, number in zip(frame.members[is_drawn], frame.member_numbers[is_drawn], strict=True):
        rank = rank_of_text.get(int(number))
        if rank is not None:
            rank_of_unit[units.key(int(place), cell.keyword)] = rank

    remaining = dict.fromkeys(range(len(first_numbers)))
    ranks: list[int | None] = []
    for key in keys:
        rank = rank_of_unit.get(key)
        if rank in remaining:
            del remaining[rank]
            ranks.append(rank)
        else:
            ranks.append(None)

    others = iter(remaining)
    filled = [next(others, None) if rank is None else rank for rank in ranks]
    return [rank for rank in filled if rank is not None]


def _make_salt(codebook: Codebook, seed: int) -> bytes:
    return hash_parts(f"{seed}", codebook.hash.hex())


def find_sampler(run: Row[Any]) -> str | None:
    """Return the model that codes the sample of a run and no other text; None if none does."""
    part, _, _ = (run.parameters.get("code") or "").partition(":")
    coder: str | None = run.parameters.get("coder")
    return coder if part == SAMPLE else None


def choose_for_people(
    db: Database, run_id: int, codebook_id: int, sample: list[SampledText], n: int
) -> list[SampledText]:
    """Return the texts that people code: *n*, and what they have coded, of a model's sample.

    All are chosen where no model codes the sample.
    """
    with db.read() as connection:
        if find_sampler(get_run(connection, run_id)) is None:
            return sample

        coded = list_coded_keys(connection, run_id, codebook_id)

    return [text for place, text in enumerate(sample) if place < n or text.unit in coded]


def read_code_sample(db: Database, run_id: int, codebook_id: int) -> list[SampledText]:
    """Return the sample of a run that was drawn last, in the order of coding."""
    with db.read() as connection:
        part = text_part_of(get_run(connection, run_id).parameters)
        unit_rows = list_sampled_units(connection, run_id, codebook_id, part)

    sample = []
    for unit_row in unit_rows:
        # A mention without a sentence was erased in this moment.
        is_mention = unit_row.position > 0
        text = unit_row.sentence if is_mention else unit_row.text
        if text is not None:
            unit = UnitKey(unit_row.document_id, unit_row.keyword, unit_row.position)
            sample.append(
                SampledText(
                    unit=unit,
                    item=name_item(unit_row.identity, unit.keyword, unit.position),
                    period=unit_row.month or "",
                    keyword=unit.keyword,
                    document=unit_row.identity,
                    text=text,
                )
            )

    return sample


def name_item(document: str, keyword: str, position: int) -> str:
    """Return the name of a unit in a file: no spreadsheet program changes it."""
    return f"m{hash_parts('', document, keyword, f'{position}').hex()[:16]}"


def check_unit(codebook: Codebook, run: Row[Any]) -> None:
    """Raise `UsageError` if the run has no units of the codebook's kind."""
    kind = kind_named(run.kind)
    has_keywords = kind.has_mentions
    if not kind.has_documents:
        raise UsageError(f"run {run.id} is of {kind.name}, which have no texts to be coded")
    if codebook.asks_of_keyword and not has_keywords:
        raise UsageError(
            f"the codebook {codebook.name} asks of keywords, which run {run.id} of {kind.name} "
            "does not have: write a codebook without {keyword} whose unit is post"
        )

    if codebook.is_of_posts and has_keywords:
        raise UsageError(
            f"the unit of the codebook {codebook.name} is a post, and run {run.id} is of "
            f"{kind.name}: write unit: document or unit: mention"
        )


def _make_strata(
    cells: Sequence[Cell], drawn: Sequence[Draw]
) -> dict[tuple[int, SamplePart], dict[str, Any]]:
    """Return a row for each part of each cell, by the number of the cell and the part."""
    drawn_counts = Counter((unit.cell, unit.part) for unit in drawn)
    strata: dict[tuple[int, SamplePart], dict[str, Any]] = {}
    for cell_number, cell in enumerate(cells):
        for part, frame in cell.frames.items():
            strata[cell_number, part] = {
                "number": len(strata),
                "period": cell.period,
                "keyword": cell.keyword,
                "part": part,
                "population": frame.population,
                "texts": len(frame.places),
                "drawn": drawn_counts[cell_number, part],
            }

    return strata


def _make_unit_rows(
    units: CodableUnits,
    cells: Sequence[Cell],
    drawn: Sequence[Draw],
    strata: Mapping[tuple[int, SamplePart], Mapping[str, Any]],
    earlier: Collection[UnitKey],
) -> list[dict[str, Any]]:
    """Return a row for each drawn unit, in the order of coding.

    Of units of a stratum that have one text that which was drawn *earlier* is drawn again.
    """
    inclusions = {
        (cell_number, part): find_inclusions(
            cells[cell_number].frames[part].copies.tolist(),
            stratum["drawn"],
            stratum["population"],
        )
        for (cell_number, part), stratum in strata.items()
    }
    unit_rows: list[dict[str, Any]] = []
    for place, unit in enumerate(drawn):
        cell, stratum = cells[unit.cell], strata[unit.cell, unit.part]
        frame = cell.frames[unit.part]
        key = units.key(int(frame.places[unit.rank]), cell.keyword)
        if earlier and frame.copies[unit.rank] > 1 and key not in earlier:
            # Other strata may have the text too: each draws a copy of its own.
            places = frame.members[frame.member_numbers == frame.random_numbers[unit.rank]]
            copies = [units.key(int(copy), cell.keyword) for copy in places]
            key = next((copy for copy in copies if copy in earlier), key)

        unit_rows.append(
            {
                **key._asdict(),
                "stratum": stratum["number"],
                "place": place,
                "copies": int(frame.copies[unit.rank]),
                "inclusion": inclusions[unit.cell, unit.part][unit.rank],
            }
        )

    return unit_rows
