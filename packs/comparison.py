"""The comparison of a pack's files with those that follow from its answers and documents.

The program determines which files a pack of such a run has; the pack has no say in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import IO

from sqlalchemy.exc import DBAPIError

from core.enums import State
from core.errors import BadInput, TidingsError
from core.progress import track
from packs import contents, format_5
from packs.archive import PackReader
from packs.contents import NO_TEXTS, PackedRun, forms_of
from packs.derived import list_answer_files, sort_languages, write_descriptions, write_metadata
from packs.documents import read_documents, write_documents
from packs.figures import draw_figures, why_not_drawn, without_estimates
from packs.repeating import MALFORMED, Restored
from packs.row_source import RowSource
from packs.rows import PACKED_TABLES, write_rows, write_run_rows
from packs.tables import list_tables, rewrite_table, table_file, write_tables
from packs.verification import GIVEN, LAST_GIVEN, Verification
from packs.weights import NETWORK_FILE, name_coder_of_run, weights_file
from reports.data.estimate_strata import need_texts
from reports.data.run_data import RunData

# The figures of a pack that lacks more are not drawn to the end.
MOST_MISSING_FIGURES = 20
# A message shows so many characters of a line that differs.
_SHOWN = 60

_TRAINING = "to compute them again is to train again"
_EARLIER = "an earlier version says otherwise what is in a pack"
# Without texts this table can be computed if it needs none.
_ESTIMATES = "estimates"
# These tables follow from others without a text; the second ones only where there are mentions.
_WITHOUT_TEXTS = ("periods", "codes", "agreement", _ESTIMATES)
_OF_MENTIONS_WITHOUT_TEXTS = ("mentions", "labels", "documents", "comentions")
# This table follows from nothing, so only its forms are compared.
_CALLS = "calls"


@dataclass
class Comparison:
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
        self.result.given = [*GIVEN, *self.restored.samples.given, LAST_GIVEN]
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

        tables = tuple(table.name for table in list_tables(self.pack, self.run))
        engines = tuple(self.data.engines)
        return self.run.model_copy(
            update={
                "state": state,
                "tables": tables,
                "engines": engines,
                "engine_languages": sort_languages(self.data),
            }
        )

    def _write_tables(self) -> set[str]:
        """Write the tables that the pack should have; return the names of their files.

        The forms of a table that does not follow from the pack are written from its JSONL.
        """
        file_names = set()
        for table in list_tables(self.pack, self.run):
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
        reason: str | None = _TRAINING
        if self.run.run_kind.has_documents:
            reason = why_not_drawn(self.run, self.data)
        if reason is not None:
            self.result.not_checked |= {contents.FIGURES: reason} if packed else {}
            return

        try:
            most = len(packed) + MOST_MISSING_FIGURES
            draw_figures(self.data, self.expected, self.scratch / "report", most=most)
        except (TidingsError, AssertionError, DBAPIError, RuntimeError, *MALFORMED) as error:
            self.differences[f"{contents.FIGURES}/"] = f" cannot be drawn again: {error}"
            return

        drawn_files = (self.expected / contents.FIGURES).iterdir()
        drawn = {f"{contents.FIGURES}/{path.name}" for path in drawn_files}
        if not self.run.texts and need_texts(self.data):
            drawn = without_estimates(self.data, drawn)

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
