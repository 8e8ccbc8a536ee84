"""Codes: what coders answered to the questions of a codebook, and the codebooks themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, case, delete, func, select
from sqlalchemy.exc import IntegrityError

from core.enums import MODEL, UNUSABLE, CodeState
from core.quantities import quantity
from models.bulk import change_in, insert_of_many, many
from models.database import Database, clock, insert_new
from models.documents import SCOPE_COLUMNS, DocumentScope, documents_of
from models.runs import get_run
from models.tables import Code, Document, Job, Run, StoredCodebook

# The name of a coder who is a person begins with this, so that no network has it.
PERSON = "person:"

# What was decided between coders who differ is a code of this coder.
ADJUDICATED = f"{PERSON}adjudicated"

# The name of a network ends with the run that trained it.
NETWORK = "network:"

_COLUMNS = tuple(column.name for column in Code.__table__.columns)

# So many codes are inserted by a statement.
_ROWS_AT_ONCE = 10_000


class UnitKey(NamedTuple):
    """What is coded: a mention by its keyword and the number of its sentence, or a whole text.

    The position of a whole text is 0. Its keyword is "" unless each keyword is asked of.
    """

    document_id: int
    keyword: str = ""
    position: int = 0


class Coding(NamedTuple):
    """The work of a coder by a codebook on a run."""

    run_id: int
    codebook_id: int
    coder: str


class CodeValue(NamedTuple):
    """A code, or why there is none."""

    code: str | None
    state: CodeState = CodeState.CODED
    reason: str | None = None

    # How certain a network or a model is of its code.
    probability: float | None = None


# The codes of a unit by variable.
UnitCodes = Mapping[str, CodeValue]


@dataclass(frozen=True)
class CodedTexts:
    """What a language model made of the texts of a run."""

    texts: Annotated[int, "Texts that it has answered about."]
    uncoded: Annotated[
        dict[str, int], "Those that got no code, by state: `refused`, `cut off`, `invalid`."
    ]

    @property
    def has_none(self) -> bool:
        """Whether none of the texts got a code."""
        return self.texts > 0 and sum(self.uncoded.values()) == self.texts

    def describe(self) -> str | None:
        """Return how many texts got no code, and why; None if each got one."""
        return describe_uncoded(self.texts, self.uncoded) if self.uncoded else None


def describe_uncoded(texts: int, uncoded: Mapping[str, int]) -> str:
    """Return how many of *texts* got no code, and by state why."""
    states = ", ".join(f"{state} {count:,}" for state, count in sorted(uncoded.items()))
    number = sum(uncoded.values())
    return f"{number:,} of {quantity(texts, 'text')} got no code: {states}"


class StoreOutcome(Enum):
    """What became of codes that were given in a session."""

    STORED = "stored"
    # The coder coded the unit in another session, whose codes stay.
    THERE_ALREADY = "there already"
    # The unit's document is not stored any more.
    ERASED = "erased"


def training_of(coder: str) -> int:
    """Return the run that trained a network ``network:RUN``."""
    return int(coder.removeprefix(NETWORK))


def store_codebook(
    connection: Connection, db: Database, name: str, hash_of_meaning: bytes, content: Any
) -> int:
    """Return the id of the codebook of that hash, which is stored if it is new."""
    codebook_id = find_stored_codebook(connection, hash_of_meaning)
    if codebook_id is not None:
        return codebook_id

    statement = insert_new(StoredCodebook, is_sqlite=db.is_sqlite)
    connection.execute(statement, {"name": name, "hash": hash_of_meaning, "content": content})
    return connection.execute(_stored(hash_of_meaning)).scalar_one()


def find_stored_codebook(connection: Connection, hash_of_meaning: bytes) -> int | None:
    """Return the id of the codebook of that hash; None if it is not stored."""
    return connection.execute(_stored(hash_of_meaning)).scalar()


def _stored(hash_of_meaning: bytes) -> Select[int]:
    return select(StoredCodebook.id).where(StoredCodebook.hash == hash_of_meaning)


def read_codes(connection: Connection, coding: Coding) -> dict[UnitKey, dict[str, CodeValue]]:
    """Return the codes that a coder gave the units of a run, by variable."""
    return _read_codes(connection, _is_of(coding))


def read_unit_codes(connection: Connection, coding: Coding, unit: UnitKey) -> dict[str, CodeValue]:
    """Return the codes that a coder gave a unit, by variable."""
    is_of_document = Code.document_id == unit.document_id
    return _read_codes(connection, [*_is_of(coding), is_of_document]).get(unit, {})


def read_codes_elsewhere(
    connection: Connection, coding: Coding
) -> dict[UnitKey, dict[str, CodeValue]]:
    """Return the codes that a coder gave the same units by the same codebook in other runs."""
    is_elsewhere = (
        Code.run_id != coding.run_id,
        Code.codebook_id == coding.codebook_id,
        Code.coder == coding.coder,
    )
    return _read_codes(connection, is_elsewhere)


def _read_codes(
    connection: Connection, conditions: Sequence[ColumnElement[bool]]
) -> dict[UnitKey, dict[str, CodeValue]]:
    unit_columns = (Code.document_id, Code.keyword, Code.position)
    value_columns = (Code.code, Code.state, Code.reason, Code.probability)
    codes = select(*unit_columns, Code.variable, *value_columns).where(*conditions)
    codes_by_unit: dict[UnitKey, dict[str, CodeValue]] = {}
    for code in connection.execute(codes):
        unit = UnitKey(code.document_id, code.keyword, code.position)
        value = CodeValue(code.code, CodeState(code.state), code.reason, code.probability)
        codes_by_unit.setdefault(unit, {})[code.variable] = value

    return codes_by_unit


def read_all_peoples_codes(
    connection: Connection, codebook_id: int, run_id: int | None = None
) -> dict[UnitKey, list[dict[str, CodeValue]]]:
    """Return what people said of units in a run or in any, the codes of each coder by variable.

    What was decided on a unit stands for what all said of it.
    """
    unit_columns = (Code.document_id, Code.keyword, Code.position)
    codes = select(*unit_columns, Code.coder, Code.variable, Code.code, Code.state).where(
        Code.codebook_id == codebook_id, Code.coder.startswith(PERSON, autoescape=True)
    )
    if run_id is not None:
        codes = codes.where(Code.run_id == run_id)

    by_unit: dict[UnitKey, dict[str, dict[str, CodeValue]]] = {}
    for row in connection.execute(codes.order_by(Code.coder)):
        coders = by_unit.setdefault(UnitKey(row.document_id, row.keyword, row.position), {})
        value = CodeValue(row.code, CodeState(row.state))
        coders.setdefault(row.coder, {})[row.variable] = value

    return {
        unit: [coders[ADJUDICATED]] if ADJUDICATED in coders else list(coders.values())
        for unit, coders in by_unit.items()
    }


def list_coders(connection: Connection, run_id: int, codebook_id: int) -> list[str]:
    """Return who coded units of a run, sorted."""
    coders = select(Code.coder).where(Code.run_id == run_id, Code.codebook_id == codebook_id)
    return sorted(connection.scalars(coders.distinct()))


def replace_codes(
    connection: Connection, db: Database, coding: Coding, codes: Mapping[UnitKey, UnitCodes]
) -> None:
    """Store a coder's codes in the place of all that they gave the same units."""
    delete_codes(connection, coding, codes)
    code_rows = _code_rows(connection, coding, codes)
    if code_rows:
        connection.execute(insert_new(Code, is_sqlite=db.is_sqlite), code_rows)


def add_codes(db: Database, coding: Coding, unit: UnitKey, codes: UnitCodes) -> StoreOutcome:
    """Store a coder's codes of variables that have none of theirs.

    Codes of other variables of the unit stay. Raises `NotFound` for the run.
    """
    try:
        with db.write() as connection:
            code_rows = _code_rows(connection, coding, {unit: codes})
            # PostgreSQL's driver does not count what such a statement inserts.
            statement = insert_new(Code, is_sqlite=db.is_sqlite).returning(Code.variable)
            added = [
                variable for row in code_rows for variable in connection.scalars(statement, row)
            ]
    except IntegrityError:
        # The document or the run was erased.
        db.fetch(get_run, coding.run_id)
        return StoreOutcome.ERASED

    return StoreOutcome.STORED if added else StoreOutcome.THERE_ALREADY


def replace_codes_of_job(
    connection: Connection, job_id: int, code_rows: Sequence[Mapping[str, Any]]
) -> None:
    """Store the codes of the coders and codebook that the run names for the documents of a job.

    They take the place of all that these coders gave the documents. The rows hold what differs
    between the codes of the job, the coder among it.
    """
    job = _read_job(connection, job_id)
    codebook_id = _codebook_of(connection, job.parameters)
    coders = [job.parameters["coder"], job.parameters.get("network_coder")]
    is_of_coders = (
        Code.run_id == job.run_id,
        Code.codebook_id == codebook_id,
        Code.coder.in_(coder for coder in coders if coder is not None),
    )
    connection.execute(delete(Code).where(*is_of_coders, _is_of_documents(job)))

    coded_at = connection.execute(select(clock())).scalar_one()
    shared = {"run_id": job.run_id, "codebook_id": codebook_id, "at": coded_at}
    is_sqlite = connection.dialect.name == "sqlite"
    statement = insert_of_many(Code, _COLUMNS, is_sqlite=is_sqlite).on_conflict_do_nothing()
    for start in range(0, len(code_rows), _ROWS_AT_ONCE):
        batch = [{**shared, **row} for row in code_rows[start : start + _ROWS_AT_ONCE]]
        connection.execute(statement, many(batch, _COLUMNS, is_sqlite=is_sqlite))


def count_texts_of_job(connection: Connection, job_id: int) -> CodedTexts:
    """Count the texts of a job that a language model answered about."""
    job = _read_job(connection, job_id)
    codebook_id = _codebook_of(connection, job.parameters)
    coding = Coding(job.run_id, codebook_id, job.parameters["coder"])
    return _count_texts(connection, [*_is_of(coding), _is_of_documents(job)])


def count_texts_of_run(connection: Connection, run_id: int) -> CodedTexts | None:
    """Count the texts of a run that a language model answered about; None if it asks none."""
    parameters = get_run(connection, run_id).parameters
    coder = parameters.get("coder") or ""
    if not coder.startswith(MODEL):
        return None

    coding = Coding(run_id, _codebook_of(connection, parameters), coder)
    return _count_texts(connection, _is_of(coding))


def _read_job(connection: Connection, job_id: int) -> Row[Any]:
    """Return a job with its number as `id`, and the parameters of its run."""
    columns = (*SCOPE_COLUMNS, Job.run_id, Run.parameters)
    run_of_job = select(*columns).join(Run, Run.id == Job.run_id).where(Job.id == job_id)
    return connection.execute(run_of_job).one()


def _codebook_of(connection: Connection, parameters: Mapping[str, Any]) -> int:
    """Return the id of the codebook that the parameters of a run name."""
    return connection.execute(_stored(bytes.fromhex(parameters["codebook"]))).scalar_one()


def _is_of_documents(job: Row[Any]) -> ColumnElement[bool]:
    scope = DocumentScope.of_job(job, job.parameters)
    return Code.document_id.in_(select(Document.id).where(documents_of(scope)))


def _count_texts(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> CodedTexts:
    """Count texts by what became of them: an answer without codes has no variable with one."""
    state_of_unusable = case((Code.state.in_(UNUSABLE), Code.state), else_="")
    unit_columns = (Code.document_id, Code.keyword, Code.position)
    units = select(func.min(state_of_unusable).label("state")).where(*conditions)
    states = units.group_by(*unit_columns).subquery()
    counting = select(states.c.state, func.count()).group_by(states.c.state)
    counts: dict[str, int] = dict(connection.execute(counting).all())
    uncoded = {state: count for state, count in counts.items() if state}
    return CodedTexts(sum(counts.values()), uncoded)


def delete_codes(
    connection: Connection,
    coding: Coding,
    units: Collection[UnitKey],
    variables: Collection[str] | None = None,
) -> None:
    """Delete the codes that a coder gave *units*, by default those of all variables."""
    documents_by_subject: dict[tuple[str, int], list[int]] = {}
    for document_id, keyword, position in units:
        documents_by_subject.setdefault((keyword, position), []).append(document_id)

    for (keyword, position), documents in documents_by_subject.items():
        is_of_subject = (Code.keyword == keyword, Code.position == position)
        coded = delete(Code).where(*_is_of(coding), *is_of_subject)
        if variables is not None:
            coded = coded.where(Code.variable.in_(variables))

        change_in(connection, coded, Code.document_id, documents)


def _is_of(coding: Coding) -> list[ColumnElement[bool]]:
    run_id, codebook_id, coder = coding
    return [Code.run_id == run_id, Code.codebook_id == codebook_id, Code.coder == coder]


def _code_rows(
    connection: Connection, coding: Coding, codes: Mapping[UnitKey, UnitCodes]
) -> Sequence[dict[str, Any]]:
    coded_at = connection.execute(select(clock())).scalar_one()
    code_rows: list[dict[str, Any]] = []
    for unit, unit_codes in codes.items():
        for variable, value in unit_codes.items():
            subject = {**coding._asdict(), **unit._asdict(), "variable": variable}
            code_rows.append({**subject, **value._asdict(), "at": coded_at})

    return code_rows
