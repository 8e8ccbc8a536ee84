"""Runs whose texts a stub of a language model codes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.stored import keep_codebook, stored_codebook
from analysis.kinds import kind_named
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.settings import Settings
from models.codes import CodeValue, Coding, UnitKey, read_codes
from models.database import Database
from models.tables import Call, Document, JobStep, Run
from tests.jobs_kit import Jobs
from tests.stub_model import ModelServer

CODER = "model:stub"
PRICE = "0.15 in, 0.60 out, USD per million; as of 2026-11-01"

QUESTIONS: dict[str, Any] = {
    "name": "harm",
    "instructions": "You read headlines of a newspaper.",
    "variables": [
        {"name": "harm", "question": "Does the text report harm?", "type": "yes-no"},
        {
            "name": "what",
            "question": "Harm to what?",
            "type": "categories",
            "if": "harm = yes",
            "categories": {"homes": "houses", "ways": "streets, bridges"},
        },
    ],
}
DOCUMENTS = Codebook.model_validate({**QUESTIONS, "unit": "document"})

HEADLINES = {
    "2024-02-02": ["Flood Ruins Forty Homes.", "Bakery Opens.", "A Flood Of Visitors."],
    "2024-02-05": ["The Flood Is Over.", "Museum Shows Floods.", "Bakery Opens."],
}


def with_model(settings: Settings, model: ModelServer, **changes: Any) -> Settings:
    """Return settings of a stack whose language model is the stub."""
    return settings.model_copy(update={"model_url": model.url, **changes})


def months(jobs: Jobs, codebook: Codebook = DOCUMENTS, **options: Any) -> MonthsParameters:
    """Return the parameters of a run of one month that the stub codes."""
    with jobs.db.write() as connection:
        keep_codebook(connection, jobs.db, codebook)

    defaults: dict[str, Any] = {
        "first": "2024-02",
        "last": "2024-02",
        "keywords": (Keyword.parse("flood"),),
        "steps": ("keywords",),
        "codebook": codebook.hash.hex(),
        "coder": CODER,
    }
    parameters = MonthsParameters(**{**defaults, **options})
    kind = kind_named("months")
    return kind.match_stored(jobs.db, jobs.settings, parameters, (), ()).parameters


def codes_of(
    db: Database, run: int, codebook: Codebook = DOCUMENTS, coder: str = CODER
) -> dict[UnitKey, dict[str, CodeValue]]:
    """Return the codes of a coder."""
    with db.read() as connection:
        codebook_id, _ = stored_codebook(connection, codebook.hash.hex())
        return read_codes(connection, Coding(run, codebook_id, coder))


def codes_by_text(db: Database, run: int) -> dict[str, dict[str, str | None]]:
    """Return the codes of each text, without those of its repeats."""
    with db.read() as connection:
        documents = connection.execute(select(Document.id, Document.text)).all()

    texts = {document.id: document.text for document in documents}
    return {
        texts[unit.document_id]: {variable: value.code for variable, value in codes.items()}
        for unit, codes in codes_of(db, run).items()
    }


def run_row(db: Database, run: int) -> Any:
    """Return the row of a run."""
    with db.read() as connection:
        return connection.execute(select(Run.__table__).where(Run.id == run)).one()


def calls_of(db: Database, run: int) -> list[Any]:
    """Return what calls of each service took, over all minutes."""
    sums = [func.sum(column).label(column.name) for column in Call.__table__.columns[5:]]
    counted = select(Call.service, *sums).where(Call.run_id == run).group_by(Call.service)
    with db.read() as connection:
        return list(connection.execute(counted))


def step_reason(db: Database, job_id: int, step: str = "codes") -> str:
    """Return what is said of a step of a job."""
    reason = select(JobStep.reason).where(JobStep.job_id == job_id, JobStep.step == step)
    with db.read() as connection:
        return connection.scalar(reason) or ""
