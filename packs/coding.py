"""What a pack holds of codebooks: their questions, the samples, and the codes of coders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from sqlalchemy import or_, select

from analysis.codebooks.codebook import Codebook
from analysis.options import FrozenModel
from core.enums import CodeState, SamplePart
from core.errors import BadInput
from models.code_samples import list_looks, list_strata
from models.tables import Code, Document, SampledUnit, SampleStratum, StoredCodebook
from packs import contents
from packs.contents import Number, write_lines
from reports.data.queries import fetch_all
from reports.data.run_data import RunData
from reports.stats.looks import LEVELS

CODES_FILE = f"{contents.EXPORTS}/codes.jsonl"

_Share = Annotated[float, Field(ge=0, le=1)]


class PackedStratum(FrozenModel):
    """The texts from which some were drawn at one rate."""

    number: Number
    period: str
    keyword: str
    part: SamplePart
    population: Number
    texts: Number
    drawn: Number


class PackedUnit(FrozenModel):
    """A text or a mention that was drawn, in the order of coding."""

    document: str
    keyword: str
    position: Number
    stratum: Number
    copies: Number
    inclusion: _Share


class PackedLook(FrozenModel):
    """A look at the sample while it grew."""

    coder: Annotated[str, Field(pattern="^(people$|model:)", max_length=300)]
    number: Annotated[int, Field(ge=1, le=len(LEVELS))]
    within: _Share
    coded: Number
    half_width: _Share
    outcome: str | None


class PackedCodebook(FrozenModel):
    """A line of `codebooks.jsonl`: a codebook by which the run was coded, and its sample."""

    content: dict[str, Any]
    strata: tuple[PackedStratum, ...]
    units: tuple[PackedUnit, ...]
    looks: tuple[PackedLook, ...] = ()

    # The seed that draws the sample again from the documents; None if none is known to.
    seed: Annotated[int, Field(ge=0)] | None

    @field_validator("content")
    @classmethod
    def _is_codebook(cls, content: dict[str, Any]) -> dict[str, Any]:
        Codebook.model_validate(content)
        return content

    @property
    def codebook(self) -> Codebook:
        """The codebook that the content is."""
        return Codebook.model_validate(self.content)


class PackedCode(FrozenModel, extra="ignore"):
    """What is read of a line of ``exports/codes.jsonl``."""

    codebook: str
    hash: str
    variable: str
    document: str
    keyword: str | None
    position: Number | None
    coder: Annotated[str, Field(pattern="^(person|network|model):", max_length=300)]
    code: str | None
    probability: _Share | None
    state: CodeState
    reason: str | None


def write_codebooks(run: RunData, seeds: Mapping[int, int], folder: Path) -> None:
    """Write the codebooks of the run; no file if it has none.

    *seeds* draw samples again, by the codebook's id.
    """
    codebooks = list(_read_codebooks(run, seeds))
    if codebooks:
        with (folder / contents.CODEBOOKS).open("wb") as file:
            write_lines(file, codebooks)


def has_codebooks(run: RunData) -> bool:
    """Whether anything of the run was coded or drawn to be coded."""
    return bool(list_codebooks(run))


def list_codebooks(run: RunData) -> list[tuple[int, Codebook]]:
    """Return the codebooks of the run with their ids, by hash."""
    coded = select(Code.codebook_id).where(Code.run_id == run.id)
    sampled = select(SampleStratum.codebook_id).where(SampleStratum.run_id == run.id)
    is_used = or_(StoredCodebook.id.in_(coded), StoredCodebook.id.in_(sampled))
    if getattr(run.parameters, "has_model_coder", False):
        # A model's answers are read by it, also where none of them gives a code.
        is_used |= StoredCodebook.hash == bytes.fromhex(run.parameters.codebook)

    columns = (StoredCodebook.id, StoredCodebook.content, StoredCodebook.hash)
    rows = fetch_all(run.db, select(*columns).where(is_used))
    return [
        (row.id, Codebook.model_validate(row.content))
        for row in sorted(rows, key=lambda row: bytes(row.hash))
    ]


def _read_codebooks(run: RunData, seeds: Mapping[int, int]) -> Iterator[PackedCodebook]:
    unit_columns: tuple[Any, ...] = (Document.identity, SampledUnit.keyword, SampledUnit.position)
    sample_columns = (SampledUnit.stratum, SampledUnit.copies, SampledUnit.inclusion)
    units = (
        select(*unit_columns, *sample_columns)
        .join(Document, Document.id == SampledUnit.document_id)
        .where(SampledUnit.run_id == run.id)
        .order_by(SampledUnit.place)
    )

    for codebook_id, codebook in list_codebooks(run):
        with run.db.read() as connection:
            strata = list_strata(connection, run.id, codebook_id)
            looks = list_looks(connection, run.id, codebook_id)

        drawn = fetch_all(run.db, units.where(SampledUnit.codebook_id == codebook_id))
        yield PackedCodebook(
            content=codebook.model_dump(mode="json", by_alias=True),
            strata=tuple(_pack_stratum(stratum) for stratum in strata),
            units=tuple(
                PackedUnit(
                    document=unit.identity,
                    keyword=unit.keyword,
                    position=unit.position,
                    stratum=unit.stratum,
                    copies=unit.copies,
                    inclusion=unit.inclusion,
                )
                for unit in drawn
            ),
            looks=tuple(_pack_look(look) for look in looks),
            seed=seeds.get(codebook_id),
        )


def _pack_stratum(stratum: Any) -> PackedStratum:
    return PackedStratum(
        number=stratum.number,
        period=stratum.period,
        keyword=stratum.keyword,
        part=stratum.part,
        population=stratum.population,
        texts=stratum.texts,
        drawn=stratum.drawn,
    )


def _pack_look(look: Any) -> PackedLook:
    return PackedLook(
        coder=look.coder,
        number=look.number,
        within=look.within,
        coded=look.coded,
        half_width=look.half_width,
        outcome=look.outcome,
    )


def list_look_rows(run_id: int, codebook_id: int, packed: PackedCodebook) -> Iterator[Any]:
    """Yield the rows of `SampleLook`."""
    for look in packed.looks:
        yield {"run_id": run_id, "codebook_id": codebook_id, **look.model_dump()}


def list_stratum_rows(run_id: int, codebook_id: int, packed: PackedCodebook) -> Iterator[Any]:
    """Yield the rows of `SampleStratum`."""
    for stratum in packed.strata:
        yield {"run_id": run_id, "codebook_id": codebook_id, **stratum.model_dump()}


def check_codebook(packed_code: PackedCode, codebook_ids: dict[str, int], location: str) -> int:
    """Return the id of the codebook of a code. Raises `BadInput` if the pack does not have it."""
    if packed_code.hash not in codebook_ids:
        raise BadInput(f"{location}: {packed_code.hash[:12]!r} is no codebook of the pack")
    return codebook_ids[packed_code.hash]
