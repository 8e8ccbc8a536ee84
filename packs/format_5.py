"""Reads packs of format 5, in which jobs, codebooks and samples had files of their own.

Their lines become the rows of `packs.rows`, which are checked as those of newer packs are.
"""

from __future__ import annotations

from collections.abc import Iterator

from analysis.codebooks.codebook import Codebook
from packs import contents
from packs.archive import PackReader
from packs.reading import read_objects
from packs.rows import CODEBOOKS, JOBS, LOOKS, STEPS, STRATA, UNITS, PackedRow, PackedTable

JOBS_FILE = "jobs.jsonl"
CODEBOOKS_FILE = "codebooks.jsonl"
# No newer pack has these files; earlier versions wrote the last one.
FILES = frozenset({JOBS_FILE, CODEBOOKS_FILE, "datacite.json"})
# What they say of the files of a pack does not hold any more.
DESCRIPTIONS = frozenset({contents.README, contents.RO_CRATE})

# The parts of a sample in the line of its codebook.
_PARTS = {STRATA.name: "strata", UNITS.name: "units", LOOKS.name: "looks"}


def read_rows(pack: PackReader, packed: PackedTable) -> Iterator[tuple[str, PackedRow]]:
    """Yield the rows of a table, each with its place for a message. Raises `BadInput`."""
    if packed not in (JOBS, STEPS):
        yield from _read_samples(pack, packed)
        return

    for location, job in read_objects(pack, JOBS_FILE):
        if packed is JOBS:
            fields = {name: job[name] for name in job if name != "steps"}
            yield location, {"stored_days": {}} | fields
        else:
            for step in job["steps"]:
                yield location, {"engine": None, **step, "job": job["name"]}


def _read_samples(pack: PackReader, packed: PackedTable) -> Iterator[tuple[str, PackedRow]]:
    """Yield the codebooks, or a part of their samples."""
    if CODEBOOKS_FILE not in pack.names:
        return

    for location, line in read_objects(pack, CODEBOOKS_FILE):
        if packed is CODEBOOKS:
            yield location, {"content": line["content"]}
            continue

        row: PackedRow = {"codebook": Codebook.model_validate(line["content"]).hash.hex()}
        if packed is STRATA:
            row["seed"] = None if line["seed"] is None else str(line["seed"])

        parts = line.get(_PARTS.get(packed.name, ""), ())
        for place, part in enumerate(parts):
            yield location, {**part, **row, **({"place": place} if packed is UNITS else {})}
