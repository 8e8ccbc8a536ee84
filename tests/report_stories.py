"""Runs with results, written straight into a database: what reports are tested on without a pipeline."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from analysis import parameters as run_parameters
from core.enums import DOCUMENTS, JobKind, State, StepState
from models import runs
from models.database import Database, migrate
from models.tables import (
    Document,
    Entity,
    Epoch,
    Import,
    Job,
    JobStep,
    Mention,
    Phrase,
    PostPolarity,
    Prediction,
    Run,
    Summary,
    Training,
)
from textapi.text.keywords import pattern
from textapi.text.sentences import sentences

NOW = 1_600_000_000.0


@dataclass(frozen=True)
class Text:
    """A document to be stored."""

    at: str  # YYYY-MM-DD
    text: str
    address: str | None = None
    handle: str | None = None
    source: str = "nyt"


def database(folder: Path) -> Database:
    url = f"sqlite:///{folder / 'tidings.db'}"
    migrate(url)
    return Database(url)


def store(db: Database, texts: Iterable[Text], *, prefix: str = "") -> None:
    """Store documents; *prefix* keeps the identities of several calls apart."""
    rows = [
        {
            "identity": f"{t.source}:{prefix}{number:06}",
            "source": t.source,
            "handle": t.handle,
            "published_at": datetime.fromisoformat(t.at),
            "period": t.at[:7],
            "address": t.address,
            "text": t.text,
            "material": "News" if t.source == "nyt" else None,
        }
        for number, t in enumerate(texts)
    ]
    with db.write() as connection:
        connection.execute(insert(Document), rows)
        connection.execute(
            insert(Import),
            [
                {
                    "path": "2020.json",
                    "source": rows[0]["source"],
                    "read": len(rows) + 3,
                    "added": len(rows),
                    "empty": 1,
                    "left_out": 2,
                    "at": NOW,
                }
            ],
        )


def mood(sentence: str) -> float:
    """A polarity that is the same for the same sentence: half of them 0, the rest spread over -0.8 to 0.8."""
    number = int(hashlib.sha256(sentence.encode()).hexdigest()[:4], 16)
    return 0.0 if number % 2 else round(number / 0xFFFF * 1.6 - 0.8, 4)


def months_run(
    db: Database,
    first: str,
    last: str,
    keywords: Sequence[str],
    *,
    no_data: Sequence[str] = (),
    failed: Sequence[str] = (),
    unfinished: Sequence[str] = (),
    state: State = State.DONE,
    mask: bytes | None = None,
    shift: float = 0.0,
    name: str | None = None,
    engine: str | None = None,
) -> int:
    """A run of months over the stored documents, with all its steps, and its number."""
    parameters = run_parameters.MonthsParameters(
        first=first, last=last, keywords=tuple(map(run_parameters.Keyword.parse, keywords))
    )
    periods = run_parameters.months(first, last)
    run = runs.create_run(
        db,
        kind="months",
        name=name,
        parameters=parameters.model_dump(mode="json"),
        mask=mask,
        jobs=[runs.NewJob(JobKind.MONTH, period, {}) for period in periods],
    )
    with db.write() as connection:
        connection.execute(
            update(Run).where(Run.id == run).values(state=state, created_at=NOW, ended_at=NOW + 90)
        )
        if engine:
            runs.note_engine(connection, db, run, engine)
        jobs = dict(connection.execute(select(Job.name, Job.id).where(Job.run_id == run)).all())
        for period, job in jobs.items():
            texts = connection.execute(
                select(Document.id, Document.text).where(
                    Document.period == period, Document.source == "nyt"
                )
            ).all()
            if period in no_data:
                _steps(
                    connection,
                    job,
                    [(DOCUMENTS, StepState.NO_DATA, "no documents stored, no key set")],
                    0,
                )
            elif period in failed:
                _steps(
                    connection,
                    job,
                    [
                        (DOCUMENTS, StepState.COMPLETE, None),
                        ("keywords", StepState.FAILED, "the Text API refused the key"),
                    ],
                    len(texts),
                )
            elif period not in unfinished:
                steps = [
                    (step, StepState.COMPLETE, None) for step in (DOCUMENTS, *parameters.steps)
                ]
                _steps(connection, job, steps, len(texts))
                _findings(connection, job, texts, parameters.keywords, shift)
            ended = (
                State.FAILED
                if period in failed
                else State.QUEUED
                if period in unfinished
                else State.DONE
            )
            connection.execute(update(Job).where(Job.id == job).values(state=ended))
    return run


def _steps(
    connection: Connection,
    job: int,
    steps: list[tuple[str, StepState, str | None]],
    documents: int,
) -> None:
    connection.execute(
        insert(JobStep),
        [
            {
                "job_id": job,
                "step": step,
                "state": state,
                "reason": reason,
                "documents": documents,
                "at": NOW,
            }
            for step, state, reason in steps
        ],
    )


def _findings(
    connection: Connection,
    job: int,
    texts: Sequence[Any],
    keywords: Sequence[run_parameters.Keyword],
    shift: float,
) -> None:
    for keyword in keywords:
        mentions: list[dict[str, Any]] = []
        pairs, names = Counter[str](), Counter[str]()
        for document, text in texts:
            for position, sentence in enumerate(sentences(text), 1):
                held = [term for term in keyword.terms if pattern(term).search(sentence)]
                polarity = max(-1.0, min(1.0, mood(sentence) + shift))
                mentions += [
                    {
                        "job_id": job,
                        "document_id": document,
                        "keyword": keyword.name,
                        "term": term,
                        "position": position,
                        "sentence": sentence,
                        "polarity": polarity,
                    }
                    for term in held
                ]
                if held:
                    words = sentence.lower().rstrip(".").split()
                    pairs.update({f"{a} {b}" for a, b in pairwise(words) if len(a) > 3 < len(b)})
                    names.update(
                        word.strip(".,:;?!") for word in sentence.split()[1:] if word[:1].isupper()
                    )
        if mentions:
            connection.execute(insert(Mention), mentions)
        best = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:3]
        if best:
            connection.execute(
                insert(Phrase),
                [
                    {
                        "job_id": job,
                        "keyword": keyword.name,
                        "rank": rank,
                        "phrase": phrase,
                        "count": count,
                    }
                    for rank, (phrase, count) in enumerate(best, 1)
                ],
            )
        _entities(connection, job, keyword.name, "", names)


def _entities(
    connection: Connection, job: int, keyword: str, period: str, names: Counter[str]
) -> None:
    kinds = ("PERSON", "ORG", "GPE")
    rows = [
        {
            "job_id": job,
            "keyword": keyword,
            "period": period,
            "type": kinds[len(name) % 3],
            "name": name,
            "rank": rank,
            "count": count,
            "spellings": [name],
        }
        for rank, (name, count) in enumerate(
            sorted(names.items(), key=lambda i: (-i[1], i[0]))[:25], 1
        )
        if name
    ]
    if rows:
        connection.execute(insert(Entity), rows)


def handles_run(
    db: Database, handles: Sequence[str], *, dead: Sequence[str] = (), name: str | None = None
) -> int:
    """A run over the stored posts of some accounts."""
    parameters = run_parameters.HandlesParameters()
    run = runs.create_run(
        db,
        kind="handles",
        name=name,
        parameters=parameters.model_dump(mode="json"),
        jobs=[runs.NewJob(JobKind.HANDLE, f"@{handle}", {}) for handle in (*handles, *dead)],
    )
    with db.write() as connection:
        connection.execute(
            update(Run)
            .where(Run.id == run)
            .values(state=State.DONE, created_at=NOW, ended_at=NOW + 9)
        )
        for job, job_name in connection.execute(
            select(Job.id, Job.name).where(Job.run_id == run)
        ).all():
            connection.execute(update(Job).where(Job.id == job).values(state=State.DONE))
            handle = job_name[1:]
            posts = connection.execute(
                select(Document.id, Document.text, Document.period).where(Document.handle == handle)
            ).all()
            if handle in dead:
                _steps(
                    connection,
                    job,
                    [(DOCUMENTS, StepState.NO_DATA, "there is no such account")],
                    0,
                )
                continue
            _steps(
                connection,
                job,
                [(s, StepState.COMPLETE, None) for s in (DOCUMENTS, *parameters.steps)],
                len(posts),
            )
            connection.execute(
                insert(PostPolarity),
                [
                    {"job_id": job, "document_id": document, "polarity": mood(text)}
                    for document, text, _ in posts
                ],
            )
            names = Counter(
                w.strip(".,:;?!#@") for _, t, _ in posts for w in t.split()[1:] if w[:1].isupper()
            )
            _entities(connection, job, "", "", names)
            pairs = Counter(" ".join(p) for _, t, _ in posts for p in pairwise(t.split()))
            connection.execute(
                insert(Phrase),
                [
                    {"job_id": job, "keyword": "", "rank": rank, "phrase": phrase, "count": count}
                    for rank, (phrase, count) in enumerate(pairs.most_common(5), 1)
                ],
            )
            connection.execute(
                insert(Summary),
                [{"job_id": job, "keyword": "", "summary": " ".join(t for _, t, _ in posts[:3])}],
            )
    return run


def trainings_run(db: Database, network: str, learning_rates: Sequence[float]) -> int:
    """A sweep of trainings with their epochs and predictions; the last is still going."""
    data = "digits" if network == "feedforward" else "sine"
    parameters = run_parameters.TrainingParameters(
        network=network, data=data, options={"hidden": [30], "seed": 1}
    )  # type: ignore[arg-type]
    run = runs.create_run(
        db,
        kind="training",
        name=None,
        parameters=parameters.model_dump(mode="json"),
        jobs=[
            runs.NewJob(JobKind.TRAINING, f"{network} learning-rate={r}", {"learning_rate": r})
            for r in learning_rates
        ],
    )
    with db.write() as connection:
        connection.execute(
            update(Run)
            .where(Run.id == run)
            .values(state=State.DONE, created_at=NOW, ended_at=NOW + 9)
        )
        for number, job in enumerate(
            connection.scalars(select(Job.id).where(Job.run_id == run)).all()
        ):
            connection.execute(update(Job).where(Job.id == job).values(state=State.DONE))
            told = network == "feedforward"
            connection.execute(
                insert(Epoch),
                [
                    {
                        "job_id": job,
                        "epoch": e,
                        "train_loss": 1 / (e + number),
                        "validation_loss": 1.2 / (e + number),
                        "accuracy": 0.9 + e / 1000 if told else None,
                        "seconds": 0.1,
                    }
                    for e in range(1, 31)
                ],
            )
            connection.execute(
                insert(Training),
                [
                    {
                        "job_id": job,
                        "train_rmse": 0.01 * (number + 1),
                        "validation_rmse": 0.02 * (number + 1),
                        "accuracy": 0.95 - number / 100 if told else None,
                        "baseline_mean": None if told else 0.705,
                        "baseline_last": None if told else 0.68,
                        "baseline_recurrence": None if told else 1e-15,
                        "remarks": [],
                    }
                ],
            )
            if told:
                said = [
                    ("test", i, i % 10, (i + 1) % 10 if i % 97 == 0 else i % 10) for i in range(299)
                ]
            else:
                said = [
                    (split, i, math.sin(i), math.sin(i) * 0.97)
                    for split, span in (("train", range(50, 150)), ("validation", range(150, 200)))
                    for i in span
                ]
            connection.execute(
                insert(Prediction),
                [
                    {
                        "job_id": job,
                        "split": split,
                        "index": i,
                        "actual": actual,
                        "predicted": predicted,
                    }
                    for split, i, actual, predicted in said
                ],
            )
    return run
