"""The rows of a coded file, whatever its format, and the codes that they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analysis.codebooks.codebook import Codebook, Variable
from core.enums import CodeState, UncodedReason
from models.codes import CodeValue, UnitCodes, UnitKey
from producers.code_sample import SampledText
from producers.coded_files.texts import is_same_text, refuse
from producers.coding_session import cannot_be_coded, complete_codes, next_variable

# What stands in the place of a code where there is none, alone or with a colon and the reason.
UNCODED = CodeState.CANNOT_BE_CODED.value
_SKIPPED = "skip"
_REASONS = ", ".join(UncodedReason)


@dataclass(frozen=True)
class CodedRow:
    """What a coder wrote of a unit; *place* names the row in messages."""

    place: str
    item: str

    # What was written, by variable; variables that are not coded are left out.
    cells: Mapping[str, str]

    # The text in the file; None if it has none.
    text: str | None

    # Who coded it, if the file says so.
    coder: str | None = None

    # Why what has no cell cannot be coded, if the file says that of the text as a whole.
    reason: str | None = None


@dataclass(frozen=True)
class CodedFile:
    """The rows of a coded file; if it is not in UTF-8, only its ASCII characters are certain."""

    path: Path
    rows: Sequence[CodedRow]
    is_utf8: bool = True

    # What is wrong with rows that could not be read.
    problems: Sequence[str] = ()


@dataclass
class FileCodes:
    """The codes of a file by coder, who is None where the file does not say; counts of rows."""

    by_coder: dict[str | None, dict[UnitKey, UnitCodes]] = field(default_factory=dict)
    coded_rows: int = 0
    unknown_items: int = 0


def format_value(value: CodeValue) -> str:
    """Return a code as files have it."""
    if value.code is not None:
        return value.code
    return f"{UNCODED}: {value.reason}" if value.reason else UNCODED


def check_rows(
    file: CodedFile, codebook: Codebook, sample: Iterable[SampledText], coder: str | None = None
) -> FileCodes:
    """Return the codes of a file, which are all of *coder* if there is one.

    Raises `BadInput` with the rows that are wrong, if any is.

    A row is wrong if it has a code that is none, a code of a variable that is not asked, the text
    of another unit, or other codes than a row of the same item and coder.
    """
    texts = {text.item: text for text in sample}
    problems = list(file.problems)
    file_codes = FileCodes()
    places: dict[tuple[str | None, UnitKey], str] = {}
    for row in file.rows:
        codes, mistakes = _parse_row(codebook, row)
        problems += [f"{row.place}: {mistake}" for mistake in mistakes]
        if not codes or mistakes:
            continue

        file_codes.coded_rows += 1
        sampled = texts.get(row.item)
        if sampled is None:
            file_codes.unknown_items += 1
            continue

        if row.text and not is_same_text(row.text, sampled.text, is_utf8=file.is_utf8):
            problems.append(f"{row.place} has another text than {row.item}")
            continue

        row_coder = coder or row.coder
        coder_codes = file_codes.by_coder.setdefault(row_coder, {})
        earlier_codes = coder_codes.setdefault(sampled.unit, codes)
        earlier_place = places.setdefault((row_coder, sampled.unit), row.place)
        if earlier_codes != codes:
            problems.append(f"{row.place} gives {row.item} other codes than {earlier_place}")

    refuse(file.path, problems)
    return file_codes


def _parse_row(codebook: Codebook, row: CodedRow) -> tuple[UnitCodes, list[str]]:
    """Return the codes of a row and what is wrong with it."""
    codes: dict[str, CodeValue] = {}
    mistakes: list[str] = []
    for variable in codebook.variables:
        written = row.cells.get(variable.name, "").strip()
        if not written:
            continue

        try:
            value = parse_cell(variable, written)
        except ValueError as error:
            mistakes.append(f"{error}")
            continue

        plain_codes = {name: earlier.code for name, earlier in codes.items()}
        if variable.is_asked(plain_codes):
            codes[variable.name] = value
        elif not mistakes:
            mistakes.append(_tell_contradiction(variable, codes))

    if row.reason is None:
        return complete_codes(codebook, codes), mistakes

    try:
        return _fill_up(codebook, codes, UncodedReason(row.reason)), mistakes
    except ValueError:
        return codes, [*mistakes, f"{row.reason!r} is no reason: it is one of {_REASONS}"]


def _fill_up(codebook: Codebook, codes: UnitCodes, reason: UncodedReason) -> UnitCodes:
    """Return *codes*, and that all open variables cannot be coded."""
    completed = dict(codes)
    while (variable := next_variable(codebook, completed)) is not None:
        completed[variable.name] = cannot_be_coded(reason)

    return completed


def _tell_contradiction(variable: Variable, codes: UnitCodes) -> str:
    condition = variable.condition
    if condition is None:
        raise AssertionError(f"{variable.name} is asked of all texts")

    earlier = codes.get(condition.variable)
    answer = "has no code" if earlier is None else f"is {format_value(earlier)}"
    return (
        f"{variable.name} is asked if {condition}, and {condition.variable} {answer}: leave "
        f"{variable.name} empty, or put {condition.variable} right"
    )


def parse_cell(variable: Variable, written: str) -> CodeValue:
    """Return the code that a person has written, or why there is none. Raises ValueError."""
    # A spreadsheet program may keep the apostrophe that stands before a formula.
    for spelling in (written, written.removeprefix("'")):
        try:
            return CodeValue(variable.parse_code(spelling))
        except ValueError:
            continue

    plain = " ".join(written.casefold().split())
    state, _, reason = plain.partition(":")
    if state.strip() in (UNCODED, _SKIPPED) and not reason.strip():
        return cannot_be_coded(None)
    if state.strip() == UNCODED:
        try:
            return cannot_be_coded(UncodedReason(reason.strip()))
        except ValueError:
            message = f"{reason.strip()!r} is no reason: write {UNCODED}: and one of {_REASONS}"
            raise ValueError(message) from None

    return CodeValue(variable.parse_code(written))
