"""Whether a pack is what it says: its checksums, and its tables computed again from its answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO

from sqlalchemy.exc import DBAPIError

from analysis.kinds import kind_named
from analysis.kinds.kind import Unit
from core.errors import BadInput, TidingsError
from models.database import Database, migrate
from packs import contents
from packs.archive import PackFile, salvaged
from packs.contents import PackedRun, read_object
from packs.restoring import MALFORMED, restore
from reports.data.exports import write_table
from reports.data.run_data import RunData
from reports.data.tables import TABLES

LARGEST_RUN_FILE = 16 * 2**20  # bytes
MOST_PROBLEMS = 20  # that are told
_SHOWN = 60  # characters of a line that differs

_NO_ANSWERS = {"calls": "no answer says what was asked of services"}
_NO_TEXTS = "the texts are not in the pack"
_TRAINING = "to compute them again is to train again"
_UNKNOWN = "this version of Tidings has no such tables"
_IMPOSSIBLE = "what they are computed from cannot be read"
_ANSWERS = "the answers"
_SOURCES_WITHOUT_TEXTS = {
    Unit.MENTION: "the answers and the sentences in `mentions`",
    Unit.POST: "the polarities in `documents`",
}
#: tables that follow from others without a text, by what the results are about
_WITHOUT_TEXTS = {
    Unit.MENTION: ("mentions", "periods", "labels", "documents", "comentions"),
    Unit.POST: ("periods",),
}


@dataclass
class Verification:
    """What was compared, how, and what is not as it should be."""

    run: int
    kind: str
    made_by: str
    checked_by: str
    texts: bool
    files: int
    recomputed: list[str] = field(default_factory=list)  # tables
    by_checksum: dict[str, str] = field(default_factory=dict)  # the other tables, and why
    problems: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether every byte is as it should be."""
        return not self.problems

    def describe(self) -> Iterator[str]:
        """Yield the lines that tell a person."""
        yield f"run {self.run} ({self.kind}), packed by tidings {self.made_by}, {self.files} files"
        if self.recomputed:
            source = _ANSWERS if self.texts else _SOURCES_WITHOUT_TEXTS[kind_named(self.kind).unit]
            yield f"computed again from {source}: {', '.join(self.recomputed)}"
        for reason in dict.fromkeys(self.by_checksum.values()):
            tables = [table for table, why in self.by_checksum.items() if why == reason]
            yield f"compared by checksum alone, since {reason}: {', '.join(tables)}"
        for problem in self.problems[:MOST_PROBLEMS]:
            yield f"NOT EQUAL: {problem}"
        if len(self.problems) > MOST_PROBLEMS:
            yield f"and {len(self.problems) - MOST_PROBLEMS} more"
        if self.problems and self.made_by != self.checked_by:
            yield f"checked by tidings {self.checked_by}: another version may compute otherwise"
        if self.equal and self.recomputed:
            yield "equal: every file has its checksum, and every table computed again its bytes"
        elif self.equal:
            yield "equal: every file has its checksum; no table was computed again"


def verify_pack(path: Path) -> Verification:
    """Check the pack at *path*, without a service and in a temporary database.

    Raises `BadInput` where it is no pack.
    """
    with PackFile(path) as pack, TemporaryDirectory(prefix="tidings-verify-") as place:
        mismatches = _compare_checksums(pack)
        content = pack.read(contents.RUN, LARGEST_RUN_FILE)
        run = read_object(content, contents.RUN, PackedRun)
        result = Verification(
            run=run.number,
            kind=run.kind,
            made_by=run.versions.get("tidings", "?"),
            checked_by=version("tidings"),
            texts=run.texts,
            files=len(pack.names),
        )
        all_tables = dict.fromkeys([*run.tables, *_packed_tables(pack)])
        result.by_checksum = _not_recomputable(run, all_tables)
        tables = [table for table in all_tables if table not in result.by_checksum]
        if tables:
            differences = _recompute(pack, run, tables, Path(place), result)
            mismatches |= differences  # which say more
        result.problems += [f"{name}{problem}" for name, problem in sorted(mismatches.items())]
        return result


def _compare_checksums(pack: PackFile) -> dict[str, str]:
    """Return what is wrong with each file that is not as its checksum says."""
    checksums = pack.checksums()
    problems = {}
    for name in pack.names:
        if name == contents.CHECKSUMS:
            continue
        if name not in checksums:
            problems[name] = f" is not in {contents.CHECKSUMS}"
            continue
        try:
            if pack.hash(name) != checksums[name]:
                problems[name] = f" is not the file that {contents.CHECKSUMS} names"
        except BadInput as error:
            problems[name] = f": {error}"
    for name in checksums.keys() - set(pack.names):
        problems[name] = " is missing"
    return problems


def _packed_tables(pack: PackFile) -> list[str]:
    """Return the tables of which the pack has a file, whether it names them or not."""
    paths = map(PurePosixPath, pack.names)
    return [path.stem for path in paths if path.match(f"{contents.EXPORTS}/*.jsonl")]


def _not_recomputable(run: PackedRun, tables: Iterable[str]) -> dict[str, str]:
    """Return the tables that are compared by their checksums alone, and why."""
    reasons = {}
    kind = kind_named(run.kind)
    has_selection = run.parameters.get("distinct") or run.parameters.get("without")
    for table in tables:
        if table not in TABLES:
            reasons[table] = _UNKNOWN
        elif not kind.has_documents:
            reasons[table] = _TRAINING
        elif table in _NO_ANSWERS:
            reasons[table] = _NO_ANSWERS[table]
        elif not run.texts and (has_selection or table not in _WITHOUT_TEXTS[kind.unit]):
            reasons[table] = _NO_TEXTS
    return reasons


def _recompute(
    pack: PackFile, run: PackedRun, tables: list[str], folder: Path, result: Verification
) -> dict[str, str]:
    """Compute *tables* again; return how the pack's files differ, by name."""
    url = f"sqlite:///{folder / 'pack.db'}"
    migrate(url)
    db = Database(url)
    try:
        data = restore(db, pack, run)
        differences: dict[str, str] = {}
        for table in tables:
            differences |= _compare_table(pack, data, table, folder, texts=run.texts)
    except (BadInput, DBAPIError, *MALFORMED) as error:
        reason = str(error) if isinstance(error, TidingsError) else repr(error)
        result.problems.append(f"no table can be computed again: {reason}")
        result.by_checksum |= dict.fromkeys(tables, _IMPOSSIBLE)
        return {}
    finally:
        db.close()

    result.recomputed = tables
    return differences


def _compare_table(
    pack: PackFile, data: RunData, table: str, folder: Path, *, texts: bool
) -> dict[str, str]:
    """Write a table anew and return how the pack's files differ from it, by name."""
    paths = {form: folder / f"{table}.{form}" for form in contents.forms_of(table)}
    with ExitStack() as stack:
        files: dict[str, IO[bytes]] = {}
        for form, path in paths.items():
            files[form] = stack.enter_context(path.open("wb"))
        write_table(data, TABLES[table], files, texts=texts)

    differences = {}
    for path in paths.values():
        name = f"{contents.EXPORTS}/{path.name}"
        if name not in pack.names:
            differences[name] = " is missing"
            continue
        with path.open("rb") as expected, salvaged(pack, name, folder / "packed") as packed:
            difference = find_difference(expected, packed)
        if difference is not None:
            differences[name] = difference
        path.unlink()
    return differences


def find_difference(expected: IO[bytes], packed: IO[bytes]) -> str | None:
    """Return where *packed* first differs from *expected*, and how; None where both are equal."""
    number = 0
    while True:
        number += 1
        line = expected.readline(contents.LONGEST_LINE)
        packed_line = packed.readline(contents.LONGEST_LINE)
        if line != packed_line:
            at = _first_difference(line, packed_line)
            return (
                f", line {number}: {_shorten(packed_line, at)} is in the pack, "
                f"{_shorten(line, at)} follows from the answers"
            )
        if not line:
            return None


def _first_difference(line: bytes, other: bytes) -> int:
    for place, (byte, other_byte) in enumerate(zip(line, other, strict=False)):
        if byte != other_byte:
            return place
    return min(len(line), len(other))


def _shorten(line: bytes, at: int) -> str:
    """Return what stands around the place *at* of *line*."""
    if not line:
        return "nothing"
    begin = max(0, at - _SHOWN // 2)
    text = line[begin : begin + _SHOWN].decode(errors="replace").strip("\r\n")
    return f"{'…' if begin else ''}{text}{'…' if begin + _SHOWN < len(line) else ''}"
