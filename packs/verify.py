"""Verification of a pack: its files are made again from its answers and compared.

The program determines which files a pack of such a run has; the pack has no say in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from io import BytesIO
from itertools import count, zip_longest
from pathlib import Path
from typing import IO, Annotated, Any

from sqlalchemy.exc import DBAPIError

from core.enums import State
from core.errors import BadInput, TidingsError
from core.progress import track
from models.database import Database, migrate
from packs import contents, format_5
from packs.archive import PackReader
from packs.coding_network import NETWORK_FILE, name_coder_of_run
from packs.contents import NO_TEXTS, PackedRun, forms_of, read_object
from packs.derived import (
    draw_figures,
    installed_versions,
    list_answer_files,
    sort_languages,
    weights_file,
    write_descriptions,
    write_metadata,
)
from packs.documents import read_documents, write_documents
from packs.repeating import MALFORMED, Restored
from packs.restoring import restore
from packs.row_source import RowSource
from packs.rows import PACKED_TABLES, SEARCHED, write_rows, write_run_rows
from packs.tables import rewrite_table, table_file, write_tables
from reports.data.coded_samples import read_coded_samples
from reports.data.estimate_strata import need_texts
from reports.data.export_schema import Table
from reports.data.exports import tables_of
from reports.data.run_data import RunData
from reports.data.tables.found import FOUND
from reports.figures.figure_store import style_hash
from reports.pages.codes import figure_prefix
from reports.words.quantities import join_words

# The file `run.json` may have so many bytes.
LARGEST_RUN_FILE = 16 * 2**20
# A person is told so many problems.
MOST_PROBLEMS = 20
# The figures of a pack that lacks more are not drawn to the end.
MOST_MISSING_FIGURES = 20
# A message shows so many characters of a line that differs.
_SHOWN = 60

_TRAINING = "to compute them again is to train again"
_OTHER_STYLE = "other fonts, code or libraries than those here drew them"
_EARLIER = "an earlier version says otherwise what is in a pack"
_IMPOSSIBLE = "what they are computed from cannot be read"
_ANSWERS = "the answers"
_GIVEN = ("documents", "answers", "labels", "codes of people", "networks", "calls")
_LAST_GIVEN = "how jobs ended"
_MENTIONS_WITHOUT_TEXTS = "the answers and the sentences in `mentions`"
_POSTS_WITHOUT_TEXTS = "the polarities in `documents`"
# Without texts this table can be computed if it needs none.
_ESTIMATES = "estimates"
# These tables follow from others without a text; the second ones only where there are mentions.
_WITHOUT_TEXTS = ("periods", "codes", "agreement", _ESTIMATES)
_OF_MENTIONS_WITHOUT_TEXTS = ("mentions", "labels", "documents", "comentions")
# This table follows from nothing, so only its forms are compared.
_CALLS = "calls"
_DRAWN_WITH = ("numpy", "scipy", "pillow", "wordcloud")


@dataclass
class Verification:
    """What was compared in a pack; the exit status is 1 if anything differs."""

    run: Annotated[int, "Number of the run."]
    kind: Annotated[str, "Kind of the run."]
    made_by: Annotated[str, "Version that packed it."]
    checked_by: Annotated[str, "Version that checked it."]
    texts: Annotated[bool, "Whether it has the texts."]
    files: Annotated[int, "Number of files."]
    sha256: Annotated[str, "SHA-256 of the archive."]
    recomputed: Annotated[list[str], "Tables that were computed again."] = field(
        default_factory=list
    )
    figures_drawn: Annotated[int, "Files that were drawn again."] = 0
    not_checked: Annotated[dict[str, str], "Reason by what was not checked."] = field(
        default_factory=dict
    )
    problems: Annotated[list[str], "What differs."] = field(default_factory=list)

    # Nobody but who packed it can say that it is true.
    given: Annotated[list[str], "What is taken as given."] = field(
        default_factory=lambda: [*_GIVEN, _LAST_GIVEN]
    )

    # It is known when the comparison has ended.
    equal: Annotated[bool, "Whether nothing differs."] = False

    @property
    def _source(self) -> str:
        if self.texts:
            return _ANSWERS

        has_mentions = "mentions" in self.recomputed
        return _MENTIONS_WITHOUT_TEXTS if has_mentions else _POSTS_WITHOUT_TEXTS

    def describe(self) -> Iterator[str]:
        """Yield the lines that a person reads."""
        yield f"run {self.run} ({self.kind}), packed by tidings {self.made_by}, {self.files} files"
        yield f"SHA-256 {self.sha256}"
        if self.recomputed:
            yield f"computed again from {self._source}: {', '.join(self.recomputed)}"

        if self.figures_drawn:
            yield f"drawn again: {self.figures_drawn} files of figures"

        for reason in dict.fromkeys(self.not_checked.values()):
            unchecked = [part_name for part_name, why in self.not_checked.items() if why == reason]
            yield f"NOT CHECKED, since {reason}: {', '.join(unchecked)}"

        for problem in self.problems[:MOST_PROBLEMS]:
            yield f"NOT EQUAL: {problem}"

        if len(self.problems) > MOST_PROBLEMS:
            yield f"and {len(self.problems) - MOST_PROBLEMS} more"
        if self.problems and self.made_by != self.checked_by:
            yield f"checked by tidings {self.checked_by}: another version may compute otherwise"
        if self.equal:
            yield (
                f"taken as given: {join_words(self.given)}. Nobody else can say that they are "
                "true: compare the pack's SHA-256 with the published one"
            )
            checked = "as far as they were checked" if self.not_checked else "to the byte"
            yield f"equal: the files are those that follow from what is given, {checked}"


def verify_pack(path: Path, scratch: Path) -> Verification:
    """Check the pack at *path* without a service, in the empty folder *scratch*.

    Raises `BadInput` where it is no pack.
    """
    with PackReader(path) as pack:
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
                source = RowSource(pack, run)
                restored = restore(db, pack, run, source)
                comparison = _Comparison(pack, run, source, restored, scratch, result)
                comparison.compare()
                differences |= comparison.differences
            except (BadInput, DBAPIError, *MALFORMED) as error:
                reason = str(error) if isinstance(error, TidingsError) else repr(error)
                result.problems.append(f"no table can be computed again: {reason}")
                result.recomputed = []
                tables = [table.name for table in tables_of(run.run_kind)]
                result.not_checked = dict.fromkeys([*tables, contents.FIGURES], _IMPOSSIBLE)

        result.problems += [
            f"{file_name}{problem}" for file_name, problem in sorted(differences.items())
        ]
        result.equal = not result.problems
        return result


def _compare_checksums(pack: PackReader) -> dict[str, str]:
    """Return the problem of each file that differs from its checksum."""
    checksums = pack.checksums()
    names = set(pack.names) - {contents.CHECKSUMS}
    problems = dict.fromkeys(names - checksums.keys(), f" is not in {contents.CHECKSUMS}")
    problems |= dict.fromkeys(checksums.keys() - names, " is missing")
    for file_name in track("reading the pack", sorted(names & checksums.keys()), "files"):
        try:
            if pack.hash(file_name) != checksums[file_name]:
                problems[file_name] = f" is not the file that {contents.CHECKSUMS} names"
        except BadInput as error:
            problems[file_name] = f": {error}"

    return problems


@dataclass
class _Comparison:
    """A pack, the run that it reproduces, and the files that it should have."""

    pack: PackReader
    run: PackedRun
    source: RowSource
    restored: Restored
    scratch: Path
    result: Verification

    # The differences by the name of the pack's file.
    differences: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> RunData:
        """The run."""
        return self.restored.data

    @property
    def expected(self) -> Path:
        """The folder of the files that the pack should have."""
        return self.scratch / "expected"

    @property
    def _is_earlier(self) -> bool:
        return self.run.format == contents.EARLIER_FORMAT

    def compare(self) -> None:
        """Write the files that the pack should have, and compare its own."""
        self.expected.mkdir()
        run = self._expected_run()
        write_descriptions(self.data, run, self.expected)
        if self.run.run_kind.has_documents:
            # Without texts, the hashes of the pack are those that it says.
            hashes = None if self.run.texts else self.restored.hashes
            documents = read_documents(self.data, texts=self.run.texts, hashes=hashes)
            write_documents(documents, self.expected)

        engines = {key: line.engine for key, line in self.restored.steps.items()}
        write_run_rows(self.data, self.expected, engines)
        file_names = self._write_tables() | list_answer_files(self.data, run)
        write_metadata(self.data, run, self.expected)
        paths = (path for path in self.expected.rglob("*") if path.is_file())
        file_names |= {path.relative_to(self.expected).as_posix() for path in paths}
        if self._is_earlier:
            self._compare_earlier_rows()
            file_names -= format_5.DESCRIPTIONS | {packed.file_name for packed in PACKED_TABLES}

        for file_name in track("comparing", sorted(file_names), "files"):
            if file_name not in self.pack.names:
                self.differences[file_name] = " is missing"
            elif (self.expected / file_name).exists() and file_name not in self.differences:
                self._compare_file(file_name)

        self._compare_figures()
        self._name_additional(file_names)
        self.differences |= self.restored.conflicts
        self.result.not_checked |= self.restored.samples.not_drawn
        self.result.given = [*_GIVEN, *self.restored.samples.given, _LAST_GIVEN]
        if self.restored.why_no_network is not None:
            coder = name_coder_of_run(self.data)
            self.result.not_checked[f"codes of {coder}"] = self.restored.why_no_network

    def _compare_earlier_rows(self) -> None:
        """Compare the rows that are read from a pack of the earlier format."""
        given = self.scratch / "given"
        given.mkdir()
        for packed in PACKED_TABLES:
            lines = (line.model_dump(mode="json") for _, line in self.source.lines(packed))
            write_rows(given, packed, lines)
            paths = [folder / packed.file_name for folder in (self.expected, given)]
            texts = [path.read_bytes() if path.exists() else b"" for path in paths]
            difference = find_difference(*map(BytesIO, texts))
            if difference is not None:
                self.differences[packed.file_name] = difference

        for file_name in format_5.DESCRIPTIONS:
            self.result.not_checked[file_name] = _EARLIER

    def _expected_run(self) -> PackedRun:
        """Return the manifest as far as the program and the jobs determine it."""
        state: str = self.run.state
        if state != State.CANCELLED:
            has_failed = any(job.state == State.FAILED for job in self.data.jobs)
            state = (State.FAILED if has_failed else State.DONE).value

        tables = tuple(table.name for table in self._list_tables())
        engines = tuple(self.data.engines)
        return self.run.model_copy(
            update={
                "state": state,
                "tables": tables,
                "engines": engines,
                "engine_languages": sort_languages(self.data),
            }
        )

    def _list_tables(self) -> list[Table[Any]]:
        """Return the tables of the run; that of searches is not missing where there was none."""
        tables = tables_of(self.run.run_kind)
        files = {SEARCHED.file_name, *(table_file(FOUND, form) for form in forms_of(FOUND.name))}
        is_searched = not files.isdisjoint(self.pack.names)
        return [table for table in tables if table is not FOUND or is_searched]

    def _write_tables(self) -> set[str]:
        """Write the tables that the pack should have; return the names of their files.

        The forms of a table that does not follow from the pack are written from its JSONL.
        """
        file_names = set()
        for table in self._list_tables():
            jsonl = table_file(table, "jsonl")
            file_names |= {table_file(table, form) for form in forms_of(table.name)}
            reason = self._why_not_recomputed(table.name)
            if reason is not None:
                self.result.not_checked[table.name] = reason
            if reason is None and table.name != _CALLS:
                write_tables(self.data, [table], self.expected, texts=self.run.texts)
                self.result.recomputed.append(table.name)
            elif jsonl in self.pack.names:
                try:
                    rewrite_table(self.pack, table, self.expected)
                except BadInput as error:
                    self.differences[jsonl] = str(error).removeprefix(jsonl)

        return file_names

    def _why_not_recomputed(self, table: str) -> str | None:
        if not self.run.run_kind.has_documents:
            return _TRAINING
        if self.run.texts or table == _CALLS:
            return None
        follows = table in _WITHOUT_TEXTS or (
            self.run.run_kind.has_mentions and table in _OF_MENTIONS_WITHOUT_TEXTS
        )
        if self.data.selection or not follows:
            return NO_TEXTS

        return NO_TEXTS if table == _ESTIMATES and need_texts(self.data) else None

    def _compare_figures(self) -> None:
        """Draw the figures again; without texts, those that need none."""
        packed = self._packed_below(contents.FIGURES)
        if reason := self._why_not_drawn():
            self.result.not_checked |= {contents.FIGURES: reason} if packed else {}
            return

        numbers = count(1)

        def check_number() -> None:
            if next(numbers) > len(packed) + MOST_MISSING_FIGURES:
                raise BadInput("far more figures follow from the pack than it has")

        try:
            draw_figures(self.data, self.expected, self.scratch / "report", check=check_number)
        except (TidingsError, AssertionError, DBAPIError, RuntimeError, *MALFORMED) as error:
            self.differences[f"{contents.FIGURES}/"] = f" cannot be drawn again: {error}"
            return

        drawn_files = (self.expected / contents.FIGURES).iterdir()
        drawn = {f"{contents.FIGURES}/{path.name}" for path in drawn_files}
        if not self.run.texts and need_texts(self.data):
            drawn = {file_name for file_name in drawn if not self._is_of_estimates(file_name)}

        for file_name in drawn & packed:
            if self._find_difference(file_name) is not None:
                self.differences[file_name] = " is not the figure that follows from the tables"

        self.result.figures_drawn = len(drawn & packed)

        if self.run.texts:
            self.differences |= dict.fromkeys(drawn - packed, " is missing")
            unknown = " is no figure that follows from the tables"
            self.differences |= dict.fromkeys(packed - drawn, unknown)
        elif packed - drawn:
            self.result.not_checked[f"{len(packed - drawn)} files of figures"] = NO_TEXTS

    def _is_of_estimates(self, file_name: str) -> bool:
        figure_name = file_name.removeprefix(f"{contents.FIGURES}/")
        prefixes = tuple(figure_prefix(sample) for sample in read_coded_samples(self.data))
        return figure_name.startswith(prefixes)

    def _why_not_drawn(self) -> str | None:
        if not self.run.run_kind.has_documents:
            return _TRAINING
        if self.data.selection and not self.run.texts:
            return NO_TEXTS

        versions = installed_versions()
        is_equal = all(
            self.run.versions.get(library) == versions[library] for library in _DRAWN_WITH
        )
        return None if is_equal and self.run.figure_style == style_hash() else _OTHER_STYLE

    def _name_additional(self, file_names: set[str]) -> None:
        """Name the pack's files that no pack of such a run has."""
        known = (
            file_names | {contents.CHECKSUMS, contents.MASK} | self._packed_below(contents.FIGURES)
        )
        if name_coder_of_run(self.data) is not None:
            known.add(NETWORK_FILE)
        if not self.run.run_kind.has_documents:
            known |= {weights_file(job.name) for job in self.data.jobs}
            if self._packed_below(contents.WEIGHTS):
                self.result.not_checked[contents.WEIGHTS] = _TRAINING

        if self._is_earlier:
            known |= format_5.FILES | format_5.DESCRIPTIONS

        for file_name in set(self.pack.names) - known:
            self.differences[file_name] = " is additional: no pack of such a run has it"

    def _packed_below(self, folder: str) -> set[str]:
        return {file_name for file_name in self.pack.names if file_name.startswith(f"{folder}/")}

    def _compare_file(self, file_name: str) -> None:
        difference = self._find_difference(file_name)
        if difference is not None:
            self.differences[file_name] = difference

    def _find_difference(self, file_name: str) -> str | None:
        """Return where the pack's file differs from the expected one; None where it does not."""
        try:
            with (
                (self.expected / file_name).open("rb") as expected,
                self.pack.open(file_name) as packed,
            ):
                return find_difference(expected, packed)
        except BadInput as error:
            return str(error).removeprefix(file_name)


def find_difference(expected: IO[bytes], packed: IO[bytes]) -> str | None:
    """Return where *packed* first differs from *expected*, and how; None where both are equal."""
    files = (expected, packed)
    lines = (iter(partial(file.readline, contents.LONGEST_LINE), b"") for file in files)
    pairs = enumerate(zip_longest(*lines, fillvalue=b""), start=1)
    for line_number, (line, packed_line) in pairs:
        if line != packed_line:
            both = enumerate(zip_longest(line, packed_line))
            at = next(index for index, (byte, packed_byte) in both if byte != packed_byte)
            return (
                f", line {line_number}: {_shorten(packed_line, at)} is in the pack, "
                f"{_shorten(line, at)} follows from what is given"
            )

    return None


def _shorten(line: bytes, at: int) -> str:
    """Return the part of *line* around the index *at*."""
    if not line:
        return "nothing"

    begin = max(0, at - _SHOWN // 2)
    text = line[begin : begin + _SHOWN].decode(errors="replace").strip("\r\n")
    return f"{'…' if begin else ''}{text}{'…' if begin + _SHOWN < len(line) else ''}"
