"""Runs with results, written straight into the tables of either database, and their exports."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from analysis.kinds import kind_named
from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.kinds.searches import SearchParameters
from analysis.kinds.trainings import TrainingParameters
from analysis.options import Keyword
from core.enums import QUEUE_TRAINING
from models.database import Database
from models.origins import ORIGIN_FIELDS, find_or_add_origins, origin_key
from models.run_transitions import queue_report
from models.runs import NewJob, create_run
from models.tables import (
    Base,
    Document,
    Epoch,
    Job,
    JobStep,
    Mention,
    PostPolarity,
    Prediction,
    Training,
)
from reports.data import exports

TEXT_STEPS = ("documents", "keywords", "polarity")
COVID = Keyword.parse("covid:coronavirus,covid-19")


def add(db: Database, table: type[Base], *rows: Mapping[str, Any]) -> None:
    with db.write() as connection:
        stored = place_documents(connection, db, rows) if table is Document else list(rows)
        connection.execute(insert(table), stored)


def place_documents(
    connection: Connection, db: Database, rows: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return rows of `Document` that point at the origins of their outlet, section and so on."""
    all_rows = list(rows)
    origin_ids = find_or_add_origins(connection, db, map(origin_key, all_rows))
    placed = []
    for row in all_rows:
        fields = {name: value for name, value in row.items() if name not in ORIGIN_FIELDS}
        placed.append({**fields, "origin_id": origin_ids[origin_key(row)]})

    return placed


def document(number: int, name: str, period: str | None = None, **given: Any) -> dict[str, Any]:
    at = None
    if period is not None:
        year, month = int(period[:4]), int(period[5:])
        at = datetime(year, month, 14, 21, 30, 5, 999_999)  # noqa: DTZ001 - the column is naive UTC

    values = {
        "source": "nyt",
        "handle": None,
        "author_id": None,
        "address": f"https://example.org/{name}",
        "text": f"Text of {name}.",
        "material": "News",
        "repost": False,
    }
    identity = f"{given.get('source', 'nyt')}:{name}"
    published = {"published_at": at, "period": period}
    return values | {"id": number, "identity": identity} | published | given


def jobs_of(db: Database, run: int) -> dict[str, int]:
    with db.read() as connection:
        jobs = connection.execute(select(Job.name, Job.id).where(Job.run_id == run))
        return {job.name: job.id for job in jobs}


def step(
    job: int, name: str, state: str = "complete", documents: int = 0, reason: str | None = None
) -> dict[str, Any]:
    return {
        "job_id": job,
        "step": name,
        "state": state,
        "reason": reason,
        "documents": documents,
        "at": 0.0,
    }


def mention(
    job: int, document: int, term: str, position: int, polarity: float | None
) -> dict[str, Any]:
    return {
        "job_id": job,
        "document_id": document,
        "keyword": "covid",
        "term": term,
        "position": position,
        "sentence": f"Sentence {position}.",
        "polarity": polarity,
    }


def months(db: Database, first: str, last: str, **options: Any) -> tuple[int, dict[str, int]]:
    """Add a run over months with the keyword `covid`; return it and its jobs by name."""
    parameters = MonthsParameters(first=first, last=last, keywords=(COVID,), **options)
    jobs = kind_named("months").new_jobs(parameters, ())
    run = create_run(
        db, kind="months", name=None, parameters=parameters.model_dump(mode="json"), jobs=jobs
    )
    return run, jobs_of(db, run)


def handles(db: Database, *names: str, **options: Any) -> tuple[int, dict[str, int]]:
    return _create(db, AccountsParameters(**options), [f"@{name}" for name in names])


def _create(db: Database, parameters: Any, names: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Create a run with jobs of these names; return it and its jobs by name."""
    kind = kind_named(parameters.kind)
    jobs = [kind.new_job(name, parameters, {}) for name in names]
    stored = parameters.model_dump(mode="json")
    run = create_run(db, kind=kind.name, name=None, parameters=stored, jobs=jobs)
    return run, jobs_of(db, run)


def exported(db: Database, run: int, table: str, form: str = "jsonl") -> bytes:
    out = io.BytesIO()
    exports.write(db, run, table, form, out)
    return out.getvalue()


def rows_of(db: Database, run: int, table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(db, run, table).splitlines()]


def columns_of(db: Database, run: int, table: str, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows_of(db, run, table)]


def four_months(db: Database) -> tuple[int, dict[str, int]]:
    """Add a run: January has an opinion, February nothing, March four news, April two, failed."""
    run, jobs = months(db, "2020-01", "2020-04", material="News", steps=("keywords", "polarity"))
    add(
        db,
        Document,
        document(1, "opinion", "2020-01", material="Op-Ed"),
        document(2, "b", "2020-03"),
        document(3, "a", "2020-03"),
        document(4, "c", "2020-03"),
        document(5, "d", "2020-03"),
        document(6, "post", "2020-03", source="x", handle="nasa"),
        document(7, "april", "2020-04"),
        document(8, "april-2", "2020-04"),
        document(9, "opinion-2", "2020-03", material="Op-Ed"),
    )
    march = jobs["2020-03"]
    add(
        db,
        Mention,
        mention(march, 2, "covid-19", 1, -0.0),
        mention(march, 3, "covid", 2, -0.25),
        mention(march, 3, "covid", 1, 0.5),
        mention(march, 3, "coronavirus", 1, 0.5),
        mention(jobs["2020-04"], 7, "covid", 1, 0.9),
    )
    add(
        db,
        JobStep,
        *(step(jobs["2020-01"], name) for name in TEXT_STEPS),
        step(jobs["2020-02"], "documents", "no-data", reason="no document of 2020-02 is stored"),
        *(step(march, name, documents=4) for name in TEXT_STEPS),
        step(jobs["2020-04"], "documents", documents=2),
    )
    fail(db, jobs["2020-04"], "the Text API refused the key")
    with db.write() as connection:
        queue_report(connection, run)

    return run, jobs


def fail(db: Database, job: int, reason: str) -> None:
    with db.write() as connection:
        connection.execute(update(Job).where(Job.id == job).values(state="failed", reason=reason))


def posts(db: Database) -> tuple[int, dict[str, int]]:
    run, jobs = handles(db, "nasa", "Esa", "nobody")
    add(
        db,
        Document,
        document(1, "1", "2020-05", source="x", handle="nasa"),
        document(2, "2", "2020-04", source="bluesky", handle="nasa"),
        document(3, "3", "2020-04", source="x", handle="nasa"),
        document(4, "4", "2020-04", source="x", handle="esa"),
        document(5, "5", None, source="x", handle="esa"),
        document(6, "6", "2020-04", source="x", handle="other"),
    )
    add(
        db,
        PostPolarity,
        {"job_id": jobs["@nasa"], "document_id": 1, "polarity": 1.0},
        {"job_id": jobs["@nasa"], "document_id": 2, "polarity": 0.5},
        {"job_id": jobs["@nasa"], "document_id": 3, "polarity": -0.5},
        {"job_id": jobs["@Esa"], "document_id": 4, "polarity": 0.25},
    )
    add(
        db,
        JobStep,
        *(step(jobs["@nasa"], name, documents=3) for name in ("documents", "polarity")),
        *(step(jobs["@Esa"], name, documents=2) for name in ("documents", "polarity")),
        step(jobs["@nobody"], "documents", "no-data", reason="stored documents only"),
    )
    return run, jobs


def search(db: Database, *terms: str) -> tuple[int, dict[str, int]]:
    names = [f"search:{term}" for term in terms]
    return _create(db, SearchParameters(steps=("polarity",)), names)


def training(db: Database) -> int:
    parameters = TrainingParameters(
        network="feedforward",
        data="digits",
        options={"hidden": [30], "batch_size": 10, "learning_rate": 1},
    )
    options: dict[str, dict[str, Any]] = {
        "feedforward 0.5": {"learning_rate": 0.5},
        "feedforward 1": {"learning_rate": 1},
        "feedforward 30,20": {"hidden": [30, 20], "nesterov": True},
    }
    jobs = [NewJob("training", name, given, QUEUE_TRAINING) for name, given in options.items()]
    run = create_run(
        db, kind="training", name=None, parameters=parameters.model_dump(mode="json"), jobs=jobs
    )
    ids = jobs_of(db, run)
    first = ids["feedforward 0.5"]

    epoch = {"job_id": first, "validation_loss": 1e-9, "accuracy": None, "seconds": 0.5}
    add(
        db,
        Epoch,
        epoch | {"epoch": 10, "train_loss": 2.0},
        epoch | {"epoch": 2, "train_loss": 3e300},
    )
    test = {"job_id": first, "split": "test", "actual": 1.0, "predicted": 0.9}
    train = {"job_id": first, "split": "train", "actual": 2.0, "predicted": 2.5}
    add(db, Prediction, test | {"index": 10}, test | {"index": 9}, train | {"index": 0})
    blobs: dict[str, Any] = {"checkpoint": None, "weights": b"weights", "remarks": []}
    add(db, Training, {"job_id": first, "accuracy": 0.9625} | blobs)
    return run
