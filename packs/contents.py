"""What a pack holds: the names of its files, and the lines of those that are read again.

Every line is validated when it is read: a pack comes from somebody else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, NaiveDatetime, ValidationError, field_validator

from analysis.kinds import kind_named
from analysis.kinds.kind import Kind
from analysis.options import FrozenModel
from core.enums import StepState
from core.errors import BadInput, UsageError

#: raised when an older program cannot read what a newer one writes, or the reverse
FORMAT = 2
CHECKSUMS = "SHA256SUMS"
RUN = "run.json"
JOBS = "jobs.jsonl"
DOCUMENTS = "documents.jsonl"
README = "README.txt"
CITATION = "CITATION.cff"
MASK = "mask.png"
ANSWERS = "answers"  # the folder of a file for each step
EXPORTS = "exports"
FIGURES = "figures"
WEIGHTS = "weights"

LONGEST_LINE = 64 * 2**20  # bytes; a text of a document is far below
_SHOWN = 200  # characters of a validation's reason

Number = Annotated[int, Field(ge=0, lt=2**31)]
AnswerValue = float | str | tuple[tuple[str, str], ...] | tuple[str, ...]


class Author(FrozenModel):
    """A person, or, without given names, an organization."""

    name: str
    given_names: str | None = None

    @classmethod
    def parse(cls, text: str) -> Author:
        """Read ``FAMILY, GIVEN`` or the name of an organization. Raises `UsageError`."""
        name, comma, given_names = (part.strip() for part in text.partition(","))
        if not name or (comma and not given_names):
            raise UsageError(
                f"--author {text!r} is no name: write 'FAMILY, GIVEN', or the name of an "
                "organization"
            )
        return cls(name=name, given_names=given_names or None)


def _check_kind(name: str) -> str:
    try:
        return kind_named(name).name
    except KeyError:
        raise ValueError(f"{name!r} is no kind of run") from None


KindName = Annotated[str, AfterValidator(_check_kind)]


class PackedRun(FrozenModel):
    """`run.json`: the run, and with what it was made and packed."""

    format: int
    number: Annotated[int, Field(gt=0, lt=2**31)]
    name: str | None
    kind: KindName
    state: str
    reason: str | None
    created_at: float
    ended_at: float | None
    parameters: dict[str, Any]
    engines: tuple[str, ...]
    texts: bool  # whether the documents' texts are in the pack
    tables: tuple[Annotated[str, Field(pattern="^[a-z_]{1,40}$")], ...]
    title: str
    authors: tuple[Author, ...]
    versions: dict[str, str]  # of the program that packed it, and of what it computes with
    figure_style: str  # changes with the code, the fonts and the libraries that draw

    @property
    def run_kind(self) -> Kind[Any]:
        """The kind of the run."""
        return kind_named(self.kind)

    @field_validator("format")
    @classmethod
    def _is_of_this_format(cls, number: int) -> int:
        if number != FORMAT:
            raise ValueError("another version of Tidings packed it: pack the run again")
        return number


class PackedStep(FrozenModel):
    """How a step of a job ended."""

    step: str
    state: StepState
    reason: str | None
    documents: Number
    at: float  # Unix time
    engine: str | None = None  # by whose answers it can be done again; None: it cannot, or need not


class PackedJob(FrozenModel):
    """A line of `jobs.jsonl`."""

    name: Annotated[str, Field(min_length=1, max_length=1000)]
    kind: str
    state: str
    result: str | None
    reason: str | None
    options: dict[str, Any]
    frozen: bool  # whether its documents were fixed
    steps: tuple[PackedStep, ...]
    #: of a month of chosen sections or material: by outlet the days, from 1, with any document
    stored_days: dict[str, tuple[Number, ...]] = Field(default_factory=dict)


class PackedDocument(FrozenModel):
    """A line of `documents.jsonl`, which are sorted by identity."""

    identity: str
    source: str
    handle: str | None
    published_at: NaiveDatetime | None
    address: str | None
    material: str | None
    outlet: str | None = None
    section: str | None = None
    desk: str | None = None
    language: str | None = None
    repost: bool
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]  # of the text as UTF-8
    jobs: tuple[str, ...] = ()  # of a search: which found it
    text: str | None = None


class PackedAnswer(FrozenModel):
    """A line of ``answers/STEP.jsonl``, which are sorted by key; an empty list has none."""

    key: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    value: AnswerValue


Line = TypeVar("Line", bound=FrozenModel)


def forms_of(table: str) -> tuple[str, ...]:
    """Return the formats of a table in a pack: as CSV what a person may open."""
    return ("jsonl",) if table == "documents" else ("jsonl", "csv")


def hash_text(text: str) -> str:
    """Return the SHA-256 of a document's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_lines(file: IO[bytes], lines: Iterable[FrozenModel]) -> None:
    """Write each of *lines* as one JSON object, its fields in their order."""
    for line in lines:
        file.write(to_json(line).encode() + b"\n")


def to_json(line: FrozenModel, *, indent: int | None = None) -> str:
    """Return *line* as JSON, the same on every machine."""
    return json.dumps(line.model_dump(), ensure_ascii=False, indent=indent, default=_encode)


def _encode(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def read_lines(file: IO[bytes], name: str, kind: type[Line]) -> Iterator[Line]:
    """Yield the lines of the file *name*. Raises `BadInput`, which names file and line."""
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        if not line.endswith(b"\n"):
            raise BadInput(f"{name}, line {number}: it has no end or is too long")
        yield read_object(line, f"{name}, line {number}", kind)


def read_object(content: bytes, place: str, kind: type[Line]) -> Line:
    """Return the object that is written in *content*. Raises `BadInput`, which names *place*."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        reason = f"{field}: {message}" if field else message
        raise BadInput(f"{place}: {reason[:_SHOWN]}") from None
