"""What a pack holds: the names of its files, and the lines of those that are read again.

Every line is validated when it is read: a pack comes from somebody else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import IO, Annotated, Any, TypeVar

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import AfterValidator, Field, NaiveDatetime, ValidationError, field_validator

from analysis.frozen_model import FrozenModel
from analysis.kinds import kind_named
from analysis.kinds.kind import Kind
from core.errors import BadInput, UsageError

#: The number goes up when older programs cannot read what newer ones write, or the reverse.
FORMAT = 6
# `packs.format_5` reads packs of this one.
EARLIER_FORMAT = 5
CHECKSUMS = "SHA256SUMS"
RUN = "run.json"
DOCUMENTS = "documents.jsonl"
README = "README.txt"
CITATION = "CITATION.cff"
DATA_PACKAGE = "datapackage.json"
RO_CRATE = "ro-crate-metadata.json"
MASK = "mask.png"
# This folder has a file for each step.
ANSWERS = "answers"
EXPORTS = "exports"
FIGURES = "figures"
WEIGHTS = "weights"

#: Why something cannot be computed again.
NO_TEXTS = "the texts are not in the pack"

# A longer line, in bytes, is refused; a document's text is far below.
LONGEST_LINE = 64 * 2**20
# So many characters of a validation's reason are shown.
_SHOWN = 200

_LICENSE = re.compile(r"^[A-Za-z0-9.-]{1,100}$")

Number = Annotated[int, Field(ge=0, lt=2**31)]
# The last one is what a language model answered, with who did and what it took.
AnswerValue = (
    float
    | str
    | tuple[tuple[str, str], ...]
    | tuple[str, ...]
    | dict[str, bool | str | tuple[int, ...]]
)


class Author(FrozenModel):
    """A person, or, without given names, an organization."""

    name: str
    given_names: str | None = None

    @classmethod
    def parse(cls, text: str) -> Author:
        """Read ``FAMILY, GIVEN`` or the name of an organization. Raises `UsageError`."""
        family_name, comma, given_names = (part.strip() for part in text.partition(","))
        if not family_name or (comma and not given_names):
            raise UsageError(
                f"--author {text!r} is no name: write 'FAMILY, GIVEN', or the name of an "
                "organization"
            )

        return cls(name=family_name, given_names=given_names or None)


def parse_license(text: str) -> str:
    """Return the identifier of a licence as the SPDX list writes it. Raises `UsageError`."""
    try:
        identifier = str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        identifier = ""

    if not _LICENSE.fullmatch(identifier) or identifier.startswith("LicenseRef-"):
        raise UsageError(
            f"--license {text!r} is no licence of the SPDX list (https://spdx.org/licenses): write "
            "the identifier of one, as CC-BY-4.0 or CC0-1.0"
        )

    return identifier


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

    # The languages that each engine reads, sorted; None if it declares none.
    engine_languages: dict[str, tuple[str, ...] | None]

    # True if the documents' texts are in the pack.
    texts: bool
    tables: tuple[Annotated[str, Field(pattern="^[a-z_]{1,40}$")], ...]
    title: str
    authors: tuple[Author, ...]

    # The identifier of a licence of the SPDX list; None if none is stated.
    license: Annotated[str, Field(pattern=_LICENSE)] | None

    # The versions of the program that packed the run, and of what it computes with.
    versions: dict[str, str]

    # The hash changes with the code, the fonts and the libraries that draw.
    figure_style: str

    @property
    def run_kind(self) -> Kind[Any]:
        """The kind of the run."""
        return kind_named(self.kind)

    @field_validator("format")
    @classmethod
    def _is_of_this_format(cls, format_number: int) -> int:
        if format_number not in (FORMAT, EARLIER_FORMAT):
            raise ValueError("another version of Tidings packed it: pack the run again")
        return format_number


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

    # The code of the language, as it is stated or detected.
    language_code: str | None = None
    repost: bool

    # The hash of the text as UTF-8.
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

    # The searches that found the document.
    jobs: tuple[str, ...] = ()
    text: str | None = None

    # Whether quotations show the text without its last full stop.
    full_stop_added: bool = False

    # The source's subject terms; None where they are not known.
    tags: tuple[str, ...] | None = None


class PackedAnswer(FrozenModel):
    """A line of ``answers/STEP.jsonl``, which are sorted by key; an empty list has none."""

    key: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    value: AnswerValue


Line = TypeVar("Line", bound=FrozenModel)


def forms_of(table: str) -> tuple[str, ...]:
    """Return the formats of a table in a pack; tables that people open have CSV."""
    return ("jsonl",) if table == "documents" else ("jsonl", "csv")


def answers_file(step: str) -> str:
    """Return the name of the file with the answers of a step."""
    return f"{ANSWERS}/{step}.jsonl"


def hash_text(text: str) -> str:
    """Return the SHA-256 of a document's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_lines(file: IO[bytes], lines: Iterable[FrozenModel]) -> None:
    """Write each of *lines* as one JSON object, its fields in their order."""
    for line in lines:
        file.write(to_json(line).encode() + b"\n")


def to_json(line: FrozenModel, *, indent: int | None = None) -> str:
    """Return *line* as JSON, the same on every machine."""
    return json.dumps(line.model_dump(mode="json"), ensure_ascii=False, indent=indent)


def read_object(content: bytes, location: str, kind: type[Line]) -> Line:
    """Return the object that is written in *content*. Raises `BadInput`, which names *location*."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, problem["loc"]))
        message = problem["msg"].removeprefix("Value error, ")
        reason = f"{field}: {message}" if field else message
        raise BadInput(f"{location}: {reason[:_SHOWN]}") from None
