"""Whether a pack is what it says: its files are made again from its answers, and compared.

Which files a pack of such a run has is said by the program, never by the pack.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import IO, Any

from sqlalchemy.exc import DBAPIError

from analysis.kinds import kind_named
from analysis.kinds.kind import Unit
from core.enums import State
from core.errors import BadInput, TidingsError
from models.database import Database, migrate
from packs import contents
from packs.archive import PackFile, salvaged
from packs.contents import PackedDocument, PackedRun, forms_of, read_object
from packs.derived import (
    draw_figures,
    installed_versions,
    list_answer_files,
    read_documents,
    rewrite_table,
    weights_file,
    write_descriptions,
    write_documents,
    write_tables,
)
from packs.jobs import in_order_of_submission, pack_job, read_steps
from packs.restoring import MALFORMED, Restored, lines_of, restore
from reports.data.export_schema import Table
from reports.data.exports import DICTIONARY_FILE, tables_of
from reports.data.run_data import RunData
from reports.figures.figure_store import style_hash

LARGEST_RUN_FILE = 16 * 2**20  # bytes
MOST_PROBLEMS = 20  # that are told
MOST_MISSING_FIGURES = 20  # a pack that lacks more is not drawn to its end
_SHOWN = 60  # characters of a line that differs

_NO_TEXTS = "the texts are not in the pack"
_TRAINING = "to compute them again is to train again"
_OTHER_STYLE = "other fonts, code or libraries than those here drew them"
_IMPOSSIBLE = "what they are computed from cannot be read"
_ANSWERS = "the answers"
_GIVEN = (
    "taken as given: documents, answers, labels, calls, and how jobs ended. Nobody else can say "
    "that they are true: compare the pack's SHA-256 with the published one"
)
_SOURCES_WITHOUT_TEXTS = {
    Unit.MENTION: "the answers and the sentences in `mentions`",
    Unit.POST: "the polarities in `documents`",
}
#: tables that follow from others without a text, by what the results are about
_WITHOUT_TEXTS = {
    Unit.MENTION: ("mentions", "periods", "labels", "documents", "comentions"),
    Unit.POST: ("periods",),
}
_CALLS = "calls"  # a table that follows from nothing: its forms alone are compared
_DRAWN_WITH = ("numpy", "scipy", "matplotlib", "wordcloud", "pillow")


@dataclass
class Verification:
    """What was compared, how, and what is not as it should be."""

    run: int
    kind: str
    made_by: str
    checked_by: str
    texts: bool
    files: int
    sha256: str  # of the archive
    recomputed: list[str] = field(default_factory=list)  # tables
    figures_drawn: int = 0  # files that were drawn again
    not_checked: dict[str, str] = field(default_factory=dict)  # tables and others, and why
    problems: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether nothing is other than it should be, as far as it was checked."""
        return not self.problems

    def describe(self) -> Iterator[str]:
        """Yield the lines that tell a person."""
        yield f"run {self.run} ({self.kind}), packed by tidings {self.made_by}, {self.files} files"
        yield f"SHA-256 {self.sha256}"
        if self.recomputed:
            source = _ANSWERS if self.texts else _SOURCES_WITHOUT_TEXTS[kind_named(self.kind).unit]
            yield f"computed again from {source}: {', '.join(self.recomputed)}"
        if self.figures_drawn:
            yield f"drawn again: {self.figures_drawn} files of figures"
        for reason in dict.fromkeys(self.not_checked.values()):
            names = [name for name, why in self.not_checked.items() if why == reason]
            yield f"NOT CHECKED, since {reason}: {', '.join(names)}"
        for problem in self.problems[:MOST_PROBLEMS]:
            yield f"NOT EQUAL: {problem}"
        if len(self.problems) > MOST_PROBLEMS:
            yield f"and {len(self.problems) - MOST_PROBLEMS} more"
        if self.problems and self.made_by != self.checked_by:
            yield f"checked by tidings {self.checked_by}: another version may compute otherwise"
        if self.equal:
            yield _GIVEN
            checked = "as far as they were checked" if self.not_checked else "to the byte"
            yield f"equal: the files are those that follow from what is given, {checked}"


def verify_pack(
    path: Path, scratch: Path, *, check: Callable[[], None] = lambda: None
) -> Verification:
    """Check the pack at *path* without a service, in the empty folder *scratch*.

    *check* is called before each figure that is drawn. Raises `BadInput` where it is no pack.
    """
    with PackFile(path) as pack:
        run = read_object(pack.read(contents.RUN, LARGEST_RUN_FILE), contents.RUN, PackedRun)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        result = Verification(
            run=run.number,
            kind=run.kind,
            made_by=run.versions.get("tidings", "?"),
            checked_by=version("tidings"),
            texts=run.texts,
            files=len(pack.names),
            sha256=sha256,
        )

        differences = _compare_checksums(pack)
        url = f"sqlite:///{scratch / 'pack.db'}"
        migrate(url)
        with closing(Database(url)) as db:
            try:
                restored = restore(db, pack, run)
                comparison = _Comparison(pack, run, restored, scratch, result)
                comparison.compare(check)
                differences |= comparison.differences
            except (BadInput, DBAPIError, *MALFORMED) as error:
                reason = str(error) if isinstance(error, TidingsError) else repr(error)
                result.problems.append(f"no table can be computed again: {reason}")
                result.recomputed = []
                tables = [table.name for table in tables_of(run.run_kind.unit)]
                result.not_checked = dict.fromkeys([*tables, contents.FIGURES], _IMPOSSIBLE)

        result.problems += [f"{name}{problem}" for name, problem in sorted(differences.items())]
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


@dataclass
class _Comparison:
    """A pack, the run as it gives it again, and the files that it should have."""

    pack: PackFile
    run: PackedRun
    restored: Restored
    scratch: Path
    result: Verification
    differences: dict[str, str] = field(default_factory=dict)  # by the name of the pack's file

    @property
    def data(self) -> RunData:
        """The run."""
        return self.restored.data

    @property
    def expected(self) -> Path:
        """The folder of the files that the pack should have."""
        return self.scratch / "expected"

    def compare(self, check: Callable[[], None]) -> None:
        """Write the files that the pack should have, and compare its own."""
        self.expected.mkdir()
        names = self._write_descriptions()
        if self.run.run_kind.has_documents:
            write_documents(self._expected_documents(), self.expected)
        names |= self._write_tables()
        self._compare_figures(check)

        for name in sorted(names):
            if name not in self.pack.names:
                self.differences[name] = " is missing"
            elif (self.expected / name).exists():
                self._compare_file(name)
        self._name_additional(names)
        self.differences |= self.restored.conflicts

    def _write_descriptions(self) -> set[str]:
        """Write what says what the pack is; return the names of all files but the tables'."""
        jobs = []
        for job in in_order_of_submission(self.data):
            packed_job = self.restored.jobs[job.id]
            engines = {step.step: step.engine for step in packed_job.steps}
            jobs.append(pack_job(self.data, job, read_steps(self.data.db, job), engines))
        write_descriptions(self.data, self._expected_run(), jobs, self.expected)

        names = {contents.RUN, contents.JOBS, contents.README, contents.CITATION}
        names.add(f"{contents.EXPORTS}/{DICTIONARY_FILE}")
        if self.run.run_kind.has_documents:
            names.add(contents.DOCUMENTS)
        return names | list_answer_files(self.data, self.run, jobs)

    def _expected_run(self) -> PackedRun:
        """Return the manifest as far as the program and the jobs say what it is."""
        state: str = self.run.state
        if state != State.CANCELLED:
            has_failed = any(job.state == State.FAILED for job in self.data.jobs)
            state = (State.FAILED if has_failed else State.DONE).value
        tables = tuple(table.name for table in tables_of(self.run.run_kind.unit))
        engines = tuple(self.data.engines)
        return self.run.model_copy(update={"state": state, "tables": tables, "engines": engines})

    def _expected_documents(self) -> Iterator[PackedDocument]:
        """Yield the run's documents; without texts with the hashes that the pack has of them."""
        packed_documents = lines_of(self.pack, contents.DOCUMENTS, PackedDocument)
        for document in read_documents(self.data, texts=self.run.texts):
            if self.run.texts:
                yield document
                continue
            for _, packed in packed_documents:
                if packed.identity == document.identity:
                    yield document.model_copy(update={"sha256": packed.sha256})
                    break

    def _write_tables(self) -> set[str]:
        """Write the tables that the pack should have; return the names of their files.

        The forms of a table that does not follow from the pack are written from its JSONL.
        """
        names = set()
        for table in tables_of(self.run.run_kind.unit):
            names |= {f"{contents.EXPORTS}/{table.name}.{form}" for form in forms_of(table.name)}
            reason = self._why_not_recomputed(table.name)
            if reason is not None:
                self.result.not_checked[table.name] = reason
                self._rewrite_table(table)
                continue

            write_tables(self.data, [table], self.expected, texts=self.run.texts)
            if table.name != _CALLS:
                self.result.recomputed.append(table.name)
        return names

    def _rewrite_table(self, table: Table[Any]) -> None:
        name = f"{contents.EXPORTS}/{table.name}.jsonl"
        if name not in self.pack.names:
            return
        try:
            with self.pack.open(name) as file:
                rewrite_table(table, file, self.expected)
        except BadInput as error:
            self.differences[name] = str(error).removeprefix(name)
            for form in forms_of(table.name):
                (self.expected / f"{contents.EXPORTS}/{table.name}.{form}").unlink()

    def _why_not_recomputed(self, table: str) -> str | None:
        if not self.run.run_kind.has_documents:
            return _TRAINING
        if self.run.texts or table == _CALLS:
            return None
        if self.data.selection or table not in _WITHOUT_TEXTS[self.run.run_kind.unit]:
            return _NO_TEXTS
        return None

    def _compare_figures(self, check: Callable[[], None]) -> None:
        """Draw the figures again; without texts those that can be."""
        packed = self._packed_below(contents.FIGURES)
        if reason := self._why_not_drawn():
            self.result.not_checked |= {contents.FIGURES: reason} if packed else {}
            return

        numbers = count(1)

        def check_number() -> None:
            check()
            if next(numbers) > len(packed) + MOST_MISSING_FIGURES:
                raise BadInput("far more figures follow from the pack than it has")

        try:
            draw_figures(self.data, self.expected, self.scratch / "report", check=check_number)
        except (TidingsError, AssertionError, DBAPIError, RuntimeError, *MALFORMED) as error:
            self.differences[f"{contents.FIGURES}/"] = f" cannot be drawn again: {error}"
            return

        drawn_files = (self.expected / contents.FIGURES).iterdir()
        drawn = {f"{contents.FIGURES}/{path.name}" for path in drawn_files}
        for name in drawn & packed:
            if self._find_difference(name) is not None:
                self.differences[name] = " is not the figure that follows from the tables"
        self.result.figures_drawn = len(drawn & packed)

        if self.run.texts:
            self.differences |= dict.fromkeys(drawn - packed, " is missing")
            unknown = " is no figure that follows from the tables"
            self.differences |= dict.fromkeys(packed - drawn, unknown)
        elif packed - drawn:
            self.result.not_checked[f"{len(packed - drawn)} files of figures"] = _NO_TEXTS

    def _why_not_drawn(self) -> str | None:
        if not self.run.run_kind.has_documents:
            return _TRAINING
        if self.data.selection and not self.run.texts:
            return _NO_TEXTS
        versions = installed_versions()
        is_equal = all(self.run.versions.get(name) == versions[name] for name in _DRAWN_WITH)
        return None if is_equal and self.run.figure_style == style_hash() else _OTHER_STYLE

    def _name_additional(self, names: set[str]) -> None:
        """Name the pack's files that no pack of such a run has."""
        known = names | {contents.CHECKSUMS, contents.MASK} | self._packed_below(contents.FIGURES)
        if not self.run.run_kind.has_documents:
            known |= {weights_file(job.name) for job in self.data.jobs}
            if self._packed_below(contents.WEIGHTS):
                self.result.not_checked[contents.WEIGHTS] = _TRAINING
        for name in set(self.pack.names) - known:
            self.differences[name] = " is additional: no pack of such a run has it"

    def _packed_below(self, folder: str) -> set[str]:
        return {name for name in self.pack.names if name.startswith(f"{folder}/")}

    def _compare_file(self, name: str) -> None:
        difference = self._find_difference(name)
        if difference is not None:
            self.differences[name] = difference

    def _find_difference(self, name: str) -> str | None:
        """Return where the pack's file differs from the expected one; None where it does not."""
        with (
            (self.expected / name).open("rb") as expected,
            salvaged(self.pack, name, self.scratch / "packed") as packed,
        ):
            return find_difference(expected, packed)


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
                f"{_shorten(line, at)} follows from what is given"
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
