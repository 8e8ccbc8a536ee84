"""Runs with results, written straight into a database: reports are tested without a pipeline."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from analysis.grains import days_of, list_months
from analysis.kinds import kind_named
from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.kinds.trainings import TrainingParameters
from analysis.options import Keyword
from core.enums import DOCUMENTS, State, StepState
from models import runs
from models.database import Database
from models.documents import DocumentScope, documents_of
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
from tests.databases import new_sqlite
from tests.exports_kit import place_documents
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
    url = new_sqlite(folder / "tidings.db")
    return Database(url, pooled=False)  # nothing is left open that a test forgets to close


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
    imported: dict[str, Any] = {"path": "2020.json", "source": rows[0]["source"], "at": NOW}
    counts = {"read": len(rows) + 3, "added": len(rows), "empty": 1, "left_out": 2}
    with db.write() as connection:
        connection.execute(insert(Document), place_documents(connection, db, rows))
        connection.execute(insert(Import), imported | counts)


def polarity_of(sentence: str) -> float:
    """Return a polarity that depends on the sentence: half are 0, the others -0.8 to 0.8."""
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
    """Add a run of months over the stored documents, with all its steps; return its number."""
    parameters = MonthsParameters(
        first=first, last=last, keywords=tuple(map(Keyword.parse, keywords))
    )
    periods = list_months(first, last)
    jobs: dict[str, dict[str, Any]] = {period: {} for period in periods}
    run = _create(db, parameters, jobs, name=name, mask=mask)
    steps = (DOCUMENTS, *parameters.steps)

    with db.write() as connection:
        _end(connection, run, state=state, ended_at=NOW + 90)
        if engine:
            runs.note_engine(connection, db, run, engine)

        for period, job in _jobs(connection, run).items():
            days = days_of(period)
            of_month = DocumentScope(days=(days[0], days[-1]), sources=("nyt",))
            news = select(Document.id, Document.text).where(documents_of(of_month))
            texts = connection.execute(news).all()
            ended = State.DONE
            if period in no_data:
                reason = "no documents stored, no key set"
                _record(connection, job, [DOCUMENTS], StepState.NO_DATA, 0, reason)
            elif period in failed:
                reason, ended = "the Text API refused the key", State.FAILED
                _record(connection, job, [DOCUMENTS], StepState.COMPLETE, len(texts))
                _record(connection, job, ["keywords"], StepState.FAILED, len(texts), reason)
            elif period in unfinished:
                ended = State.QUEUED
            else:
                _record(connection, job, steps, StepState.COMPLETE, len(texts))
                for keyword in parameters.keywords:
                    _add_results(connection, job, texts, keyword, shift)

            connection.execute(update(Job).where(Job.id == job).values(state=ended))

    return run


def _create(
    db: Database,
    parameters: Any,
    options: Mapping[str, dict[str, Any]],
    *,
    name: str | None = None,
    mask: bytes | None = None,
) -> int:
    """Create a run with a job for each of *options*, by its name."""
    kind = kind_named(parameters.kind)
    return runs.create_run(
        db,
        kind=parameters.kind,
        name=name,
        parameters=parameters.model_dump(mode="json"),
        mask=mask,
        jobs=[kind.new_job(job, parameters, given) for job, given in options.items()],
    )


def _end(
    connection: Connection, run: int, *, state: State = State.DONE, ended_at: float = NOW + 9
) -> None:
    values = {"state": state, "created_at": NOW, "ended_at": ended_at}
    connection.execute(update(Run).where(Run.id == run).values(values))
    connection.execute(update(Job).where(Job.run_id == run).values(state=State.DONE))


def _jobs(connection: Connection, run: int) -> dict[str, int]:
    return dict(connection.execute(select(Job.name, Job.id).where(Job.run_id == run)).all())


def _record(
    connection: Connection,
    job: int,
    steps: Iterable[str],
    state: StepState,
    documents: int,
    reason: str | None = None,
) -> None:
    outcome = {"state": state, "reason": reason, "documents": documents, "at": NOW}
    rows = [{"job_id": job, "step": step} | outcome for step in steps]
    connection.execute(insert(JobStep), rows)


def _add_results(
    connection: Connection,
    job: int,
    texts: Sequence[Any],
    keyword: Keyword,
    shift: float,
) -> None:
    mentions: list[dict[str, Any]] = []
    pairs, names = Counter[str](), Counter[str]()
    for document, text in texts:
        for position, sentence in enumerate(sentences(text), 1):
            terms = [term for term in keyword.terms if pattern(term).search(sentence)]
            if not terms:
                continue

            mention = {
                "job_id": job,
                "document_id": document,
                "keyword": keyword.name,
                "position": position,
                "sentence": sentence,
                "polarity": max(-1.0, min(1.0, polarity_of(sentence) + shift)),
            }
            mentions += [mention | {"term": term} for term in terms]
            words = sentence.lower().rstrip(".").split()
            pairs.update({f"{a} {b}" for a, b in pairwise(words) if len(a) > 3 < len(b)})
            names.update(_names(sentence))

    if mentions:
        connection.execute(insert(Mention), mentions)

    _add_phrases(connection, job, keyword.name, _most_common(pairs, 3))
    _add_entities(connection, job, keyword.name, names)


def _names(text: str) -> list[str]:
    return [word.strip(".,:;?!#@") for word in text.split()[1:] if word[:1].isupper()]


def _most_common(counts: Counter[str], n: int) -> list[tuple[str, int]]:
    """Return the *n* most common entries, ties by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:n]


def _add_phrases(
    connection: Connection, job: int, keyword: str, phrases: Iterable[tuple[str, int]]
) -> None:
    base = {"job_id": job, "keyword": keyword}
    rows = [
        base | {"rank": rank, "phrase": phrase, "count": count}
        for rank, (phrase, count) in enumerate(phrases, 1)
    ]
    if rows:
        connection.execute(insert(Phrase), rows)


def _add_entities(connection: Connection, job: int, keyword: str, names: Counter[str]) -> None:
    types = ("PERSON", "ORG", "GPE")
    base = {"job_id": job, "keyword": keyword, "period": ""}
    rows = [
        base
        | {"type": types[len(name) % 3], "name": name, "rank": rank}
        | {"count": count, "spellings": [name]}
        for rank, (name, count) in enumerate(_most_common(names, 25), 1)
        if name
    ]
    if rows:
        connection.execute(insert(Entity), rows)


def handles_run(
    db: Database, handles: Sequence[str], *, missing: Sequence[str] = (), name: str | None = None
) -> int:
    """Add a run over the stored posts of accounts; those *missing* do not exist."""
    parameters = AccountsParameters()
    jobs = {f"@{handle}": {} for handle in (*handles, *missing)}
    run = _create(db, parameters, jobs, name=name)

    with db.write() as connection:
        _end(connection, run)
        for job_name, job in _jobs(connection, run).items():
            handle = job_name.removeprefix("@")
            if handle in missing:
                reason = "there is no such account"
                _record(connection, job, [DOCUMENTS], StepState.NO_DATA, 0, reason)
                continue

            stored = select(Document.id, Document.text).where(Document.handle == handle)
            posts = connection.execute(stored).all()
            steps = (DOCUMENTS, *parameters.steps)
            _record(connection, job, steps, StepState.COMPLETE, len(posts))

            base = {"job_id": job, "keyword": ""}
            polarities = [
                {"job_id": job, "document_id": document, "polarity": polarity_of(text)}
                for document, text in posts
            ]
            connection.execute(insert(PostPolarity), polarities)
            names, pairs = Counter[str](), Counter[str]()
            for _, text in posts:
                names.update(_names(text))
                pairs.update(map(" ".join, pairwise(text.split())))

            _add_entities(connection, job, "", names)
            _add_phrases(connection, job, "", pairs.most_common(5))
            summary = " ".join(text for _, text in posts[:3])
            connection.execute(insert(Summary), base | {"summary": summary})

    return run


def trainings_run(db: Database, network: str, learning_rates: Sequence[float]) -> int:
    """Add a sweep of trainings with their epochs and predictions."""
    is_classifier = network == "feedforward"
    parameters = TrainingParameters(
        network=network,  # type: ignore[arg-type]
        data="digits" if is_classifier else "sine",
        options={"hidden": [30], "seed": 1},
    )
    jobs = {f"{network} learning-rate={rate}": {"learning_rate": rate} for rate in learning_rates}
    run = _create(db, parameters, jobs)

    with db.write() as connection:
        _end(connection, run)
        for number, job in enumerate(_jobs(connection, run).values()):
            epochs = [
                {
                    "job_id": job,
                    "epoch": epoch,
                    "train_loss": 1 / (epoch + number),
                    "validation_loss": 1.2 / (epoch + number),
                    "accuracy": 0.9 + epoch / 1000 if is_classifier else None,
                    "seconds": 0.1,
                }
                for epoch in range(1, 31)
            ]
            connection.execute(insert(Epoch), epochs)
            training = {
                "job_id": job,
                "train_rmse": 0.01 * (number + 1),
                "validation_rmse": 0.02 * (number + 1),
                "accuracy": 0.95 - number / 100 if is_classifier else None,
                "baseline_mean": None if is_classifier else 0.705,
                "baseline_last": None if is_classifier else 0.68,
                "baseline_recurrence": None if is_classifier else 1e-15,
                "remarks": [],
            }
            connection.execute(insert(Training), training)
            predict = _classify if is_classifier else _forecast
            rows = [{"job_id": job} | prediction for prediction in predict()]
            connection.execute(insert(Prediction), rows)

    return run


def _classify() -> Iterator[dict[str, Any]]:
    for i in range(299):
        predicted = (i + 1) % 10 if i % 97 == 0 else i % 10
        yield {"split": "test", "index": i, "actual": i % 10, "predicted": predicted}


def _forecast() -> Iterator[dict[str, Any]]:
    for i in range(50, 200):
        split = "train" if i < 150 else "validation"
        yield {"split": split, "index": i, "actual": math.sin(i), "predicted": math.sin(i) * 0.97}
