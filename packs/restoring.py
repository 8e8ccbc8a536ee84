"""A packed run in a database of its own, where its steps are done again from its answers."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import insert, select

from analysis.kinds.kind import Unit
from analysis.kinds.months import PERIOD
from analysis.options import FrozenModel
from analysis.step import NotReady, Step, StepResult
from core.enums import DOCUMENTS, State, StepState
from core.errors import BadInput
from models.database import Database
from models.origins import (
    ORIGIN_FIELDS,
    CountKey,
    OriginKey,
    add_to_counts,
    count_key,
    find_or_add_origins,
    origin_key,
)
from models.tables import (
    UNKNOWN_ORIGIN,
    Base,
    Call,
    Document,
    Job,
    JobDocument,
    JobStep,
    Label,
    Mention,
    Origin,
    PostPolarity,
    Run,
    RunEngine,
)
from packs import contents
from packs.answers import ReplayingFetcher, load_answers
from packs.archive import PackFile
from packs.contents import PackedDocument, PackedJob, PackedRun, hash_text, read_lines
from packs.derived import answers_file
from packs.jobs import in_order_of_submission, load_data, steps_to_verify
from reports.data.queries import fetch_all, in_batches
from reports.data.run_data import RunData, RunJob, documents_condition, load_run

MENTIONS_FILE = f"{contents.EXPORTS}/mentions.jsonl"
DOCUMENTS_FILE = f"{contents.EXPORTS}/documents.jsonl"
LABELS_FILE = f"{contents.EXPORTS}/labels.jsonl"
CALLS_FILE = f"{contents.EXPORTS}/calls.jsonl"
LARGEST_MASK = 5 * 2**20  # bytes
#: what malformed answers make code raise that expects well-formed ones
MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

_LATEST = 2**31 - 1  # no document of a pack was stored later

Ids = Mapping[str, int]  # of documents, by identity


class _Mention(FrozenModel, extra="ignore"):
    """What is read of a line of ``exports/mentions.jsonl``."""

    period: str
    document: str
    keyword: str
    term: str
    position: contents.Number
    sentence: str


class _Label(FrozenModel, extra="ignore"):
    """What is read of a line of ``exports/labels.jsonl``."""

    document: str
    keyword: str
    position: contents.Number
    coder: str
    label: Annotated[int, Field(ge=-1, le=1)] | None


class _Call(FrozenModel, extra="ignore"):
    """What is read of a line of ``exports/calls.jsonl``."""

    service: str
    operation: str
    calls: contents.Number
    answers_reused: contents.Number
    retries: contents.Number
    maybe_twice: contents.Number
    seconds: float | None


class _Document(FrozenModel, extra="ignore"):
    """What is read of a line of ``exports/documents.jsonl``."""

    document: str
    polarity: float | None


@dataclass
class Restored:
    """A run as its pack gives it again."""

    data: RunData
    #: as the pack has them, by the id that each has in the database
    jobs: dict[int, PackedJob]
    #: what does not fit together, by the file of the pack
    conflicts: dict[str, str] = field(default_factory=dict)


def restore(db: Database, pack: PackFile, run: PackedRun) -> Restored:
    """Write the pack's run to the empty *db* and do its steps again.

    Without texts only polarities are done again: sentences are those of the pack's table of
    mentions, and posts have the polarities of its table of documents. Where documents are left out
    by what their texts are like, nothing is. Of a training there are the jobs alone. Raises
    `BadInput`, which names what is malformed.
    """
    packed_jobs = _read_jobs(pack, run)
    _write_run(db, pack, run, packed_jobs)
    data = load_run(db, run.number)
    ids_of_jobs = map(attrgetter("id"), in_order_of_submission(data))
    restored = Restored(data, dict(zip(ids_of_jobs, packed_jobs, strict=True)))
    if problem := _find_conflict(run, restored):
        restored.conflicts[contents.JOBS] = problem

    if data.kind.has_documents:
        _restore_texts(db, pack, run, restored)
    return restored


def _restore_texts(db: Database, pack: PackFile, run: PackedRun, restored: Restored) -> None:
    """Write the documents of a run over texts, and what its steps make of them."""
    data = restored.data
    ids = _write_documents(db, pack, run, data)
    _write_stand_ins(db, data, restored.jobs, first_id=len(ids) + 1)

    _insert(db, JobStep, _recorded_steps(restored, run))
    follows_without_texts = not run.texts and not data.selection
    if follows_without_texts and data.kind.unit == Unit.MENTION:
        _insert(db, Mention, _given_mentions(pack, data, ids))
    if follows_without_texts and data.kind.unit == Unit.POST:
        _insert(db, PostPolarity, _given_polarities(pack, data))
    asyncio.run(_repeat_steps(pack, run, restored))

    if data.kind.unit == Unit.MENTION and (run.texts or follows_without_texts):
        _insert(db, Label, _given_labels(pack, run, ids))
    _insert(db, Call, _given_calls(pack, run))


def _find_conflict(run: PackedRun, restored: Restored) -> str | None:
    """Return in what the jobs contradict the run or themselves; None where they do not."""
    parameters = restored.data.parameters
    if restored.data.kind.unit == Unit.MENTION:
        months = restored.data.kind.job_names(parameters, ())
        if sorted(job.name for job in restored.jobs.values()) != months:
            return f": its jobs are not the months of {contents.RUN}"

    steps_of_run = getattr(parameters, "steps", ())
    for number, job in enumerate(restored.jobs.values(), start=1):
        place = f", line {number}: {job.name}"
        states = {step.step: step.state for step in job.steps}
        has_documents = states.get(DOCUMENTS) == StepState.COMPLETE
        if job.state == State.DONE and has_documents and not states.keys() >= {*steps_of_run}:
            return f"{place} is done, and not all of its steps are"
        if not states.keys() <= {DOCUMENTS, *steps_of_run}:
            return f"{place} has a step that {contents.RUN} does not name"
        engines = {step.engine for step in job.steps if step.engine}
        if not engines <= {*run.engines}:
            return f"{place} has an engine that {contents.RUN} does not name"
    return None


def _read_jobs(pack: PackFile, run: PackedRun) -> list[PackedJob]:
    """Return the jobs of the pack. Raises `BadInput` where one does not fit the run."""
    kind = run.run_kind
    names: set[str] = set()
    jobs = []

    for place, job in lines_of(pack, contents.JOBS, PackedJob):
        is_period = kind.unit != Unit.MENTION or PERIOD.fullmatch(job.name)
        steps = {step.step for step in job.steps}
        is_malformed = job.name in names or not is_period or len(steps) < len(job.steps)
        if is_malformed or job.kind != kind.job_kind:
            raise BadInput(f"{place}: it is no job of such a run")
        names.add(job.name)
        jobs.append(job)
    return jobs


def _write_run(db: Database, pack: PackFile, run: PackedRun, jobs: Sequence[PackedJob]) -> None:
    row = {
        "id": run.number,
        "name": run.name,
        "kind": run.kind,
        "state": run.state,
        "reason": run.reason,
        "parameters": run.parameters,
        "mask": pack.read(contents.MASK, LARGEST_MASK) if contents.MASK in pack.names else None,
        "created_at": run.created_at,
        "ended_at": run.ended_at,
    }
    _insert(db, Run, [row])
    _insert(db, RunEngine, [{"run_id": run.number, "engine": engine} for engine in run.engines])

    rows = []
    for number, job in enumerate(jobs, start=1):
        job_row = {
            "id": number,
            "run_id": run.number,
            "kind": job.kind,
            "name": job.name,
            "queue": run.run_kind.queue,
            "options": job.options,
            "state": job.state,
            "result": job.result,
            "reason": job.reason,
            "due_at": 0.0,
            "newest_document": _LATEST if job.frozen else None,
        }
        rows.append(job_row)
    _insert(db, Job, rows)


def _write_documents(db: Database, pack: PackFile, run: PackedRun, data: RunData) -> dict[str, int]:
    """Write the documents, their counts, and which searches found them; return their ids."""
    ids: dict[str, int] = {}
    counts: Counter[CountKey] = Counter()
    job_ids = {job.name: job.id for job in data.jobs}
    links: list[dict[str, int]] = []
    origin_ids: dict[OriginKey, int] = {origin_key({}): UNKNOWN_ORIGIN}

    def rows() -> Iterator[dict[str, Any]]:
        last = ""
        for place, document in lines_of(pack, contents.DOCUMENTS, PackedDocument):
            if document.identity <= last:
                raise BadInput(f"{place}: it is not in the order of identities")
            last = document.identity
            ids[last] = len(ids) + 1
            for name in document.jobs:
                job_id = _find(job_ids, name, place)
                links.append({"job_id": job_id, "document_id": ids[last]})
            key = origin_key(document.model_dump())
            origin_id = origin_ids.setdefault(key, len(origin_ids) + UNKNOWN_ORIGIN)
            row = _document_row(document, ids[last], place, texts=run.texts)
            row["origin_id"] = origin_id
            counts[count_key(row)] += 1
            yield row

    _insert(db, Document, rows())
    with db.write() as connection:
        add_to_counts(connection, db, counts)
    _insert(db, Origin, _origin_rows(origin_ids))
    _insert(db, JobDocument, links)
    return ids


def _write_stand_ins(
    db: Database, data: RunData, jobs: Mapping[int, PackedJob], *, first_id: int
) -> None:
    """Write a document without a text for each day on which an outlet had any.

    They are of no section or material, so that a run that chose some reads none of them; they tell
    days without a document of its choice from days without any.
    """
    if data.kind.unit != Unit.MENTION:
        return
    source = data.month_parameters.sources[0]
    rows: list[dict[str, Any]] = []
    with db.write() as connection:
        for job in jobs.values():
            keys = [origin_key({"outlet": outlet}) for outlet in job.stored_days]
            origins = find_or_add_origins(connection, db, keys)
            for key, days in zip(keys, job.stored_days.values(), strict=True):
                for day in days:
                    at = datetime.fromisoformat(f"{job.name}-{day:02}")
                    number = first_id + len(rows)
                    row = {"id": number, "identity": f"stand-in:{number}", "handle": None}
                    row |= {"source": source, "published_at": at, "period": job.name}
                    rows.append(row | {"text": "", "origin_id": origins[key]})
    _insert(db, Document, rows)


def _origin_rows(ids: Mapping[OriginKey, int]) -> Iterator[dict[str, Any]]:
    """Yield the origins but the one that every database has."""
    for key, number in ids.items():
        if number != UNKNOWN_ORIGIN:
            yield {"id": number, **dict(zip(ORIGIN_FIELDS, key, strict=True))}


def _document_row(
    document: PackedDocument, number: int, place: str, *, texts: bool
) -> dict[str, Any]:
    text = document.text or ""
    if texts and hash_text(text) != document.sha256:
        raise BadInput(f"{place}: the text is not the one that was hashed")
    at = document.published_at
    return {
        "id": number,
        "identity": document.identity,
        "source": document.source,
        "handle": document.handle,
        "author_id": None,
        "published_at": at,
        "period": None if at is None else f"{at:%Y-%m}",
        "address": document.address,
        "text": text,
        "import_id": None,
        "repost": document.repost,
    }


def _recorded_steps(restored: Restored, run: PackedRun) -> Iterator[dict[str, Any]]:
    """Yield the outcome of the steps that are not done again."""
    for job_id, job in restored.jobs.items():
        repeated = {step.name for step in _steps_to_repeat(restored, run, job)}
        for step in job.steps:
            if step.step not in repeated:
                row = {"step": step.step, "state": step.state, "reason": step.reason}
                yield {"job_id": job_id, **row, "documents": step.documents, "at": step.at}


def _steps_to_repeat(restored: Restored, run: PackedRun, job: PackedJob) -> list[Step]:
    return steps_to_verify(job, texts=run.texts, selected=bool(restored.data.selection))


def _given_mentions(pack: PackFile, data: RunData, ids: Ids) -> Iterator[dict[str, Any]]:
    """Yield the mentions of the pack's table, without polarities."""
    job_ids = {job.name: job.id for job in data.jobs}
    for place, line in lines_of(pack, MENTIONS_FILE, _Mention):
        yield {
            "job_id": _find(job_ids, line.period, place),
            "document_id": _find(ids, line.document, place),
            "keyword": line.keyword,
            "term": line.term,
            "position": line.position,
            "sentence": line.sentence,
            "polarity": None,
        }


def _given_polarities(pack: PackFile, data: RunData) -> Iterator[dict[str, Any]]:
    """Yield the polarities of posts of the pack's table, for each job that has the post."""
    polarities: dict[str, float] = {}
    for _, line in lines_of(pack, DOCUMENTS_FILE, _Document):
        if line.polarity is not None:
            polarities[line.document] = line.polarity

    for job in data.jobs:
        of_job = select(Document.id, Document.identity).where(documents_condition(data, job))
        for number, identity in fetch_all(data.db, of_job):
            if identity in polarities:
                polarity_of_post = polarities[identity]
                yield {"job_id": job.id, "document_id": number, "polarity": polarity_of_post}


def _given_labels(pack: PackFile, run: PackedRun, ids: Ids) -> Iterator[dict[str, Any]]:
    """Yield the labels of the pack's table, which people gave."""
    for place, line in lines_of(pack, LABELS_FILE, _Label):
        yield {
            "run_id": run.number,
            "document_id": _find(ids, line.document, place),
            "keyword": line.keyword,
            "position": line.position,
            "coder": line.coder,
            "value": line.label,
            "at": 0.0,
        }


def _given_calls(pack: PackFile, run: PackedRun) -> Iterator[dict[str, Any]]:
    """Yield what was asked of services, which nothing else in a pack tells."""
    for _, line in lines_of(pack, CALLS_FILE, _Call):
        seconds = math.inf if line.seconds is None else line.seconds
        row = line.model_dump() | {"run_id": run.number, "seconds": seconds}
        yield row | {"credential": "", "minute": 0}


async def _repeat_steps(pack: PackFile, run: PackedRun, restored: Restored) -> None:
    """Do the steps of all jobs again, and store their rows as a worker does."""
    data = restored.data
    answers_by_step: dict[str, dict[bytes, Any]] = {}
    unread: dict[str, set[bytes]] = {}

    for job in in_order_of_submission(data):
        packed_job = restored.jobs[job.id]
        steps = _steps_to_repeat(restored, run, packed_job)
        records = {step.step: step for step in packed_job.steps}
        job_data = await load_data(data, job) if steps else None
        for step in steps:
            name = answers_file(step.name)
            if step.name not in answers_by_step:
                with pack.open(name) as file:
                    answers_by_step[step.name] = load_answers(file, name)
                unread[step.name] = set(answers_by_step[step.name])

            engine = records[step.name].engine or ""
            fetcher = ReplayingFetcher(engine, answers_by_step[step.name])
            try:
                result = await step.run(job_data, fetcher)
            except MALFORMED as error:
                raise BadInput(
                    f"{name}: an answer for {job.name} lacks or is malformed ({error!r})"
                ) from error
            if isinstance(result, NotReady):
                raise BadInput(f"{contents.JOBS}: {job.name} cannot be done again: {result.reason}")
            unread[step.name] -= fetcher.keys_read
            _store(data, job, step, result, at=records[step.name].at)

    for step_name, keys in unread.items():
        if keys:
            problem = f": no step reads {len(keys):,} of its answers, {min(keys).hex()} the first"
            restored.conflicts[answers_file(step_name)] = problem


def _store(data: RunData, job: RunJob, step: Step, result: StepResult, *, at: float) -> None:
    row = {"job_id": job.id, "step": step.name, "state": result.state, "reason": result.reason}
    row["at"] = at
    with data.db.write() as connection:
        step.store(connection, job_id=job.id, rows=result.rows)
        connection.execute(insert(JobStep), [{**row, "documents": result.documents}])


def _insert(db: Database, table: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    for batch in in_batches(rows):
        with db.write() as connection:
            connection.execute(insert(table), batch)


def lines_of(
    pack: PackFile, name: str, kind: type[contents.Line]
) -> Iterator[tuple[str, contents.Line]]:
    """Yield the lines of a file of the pack, each with its place for a message."""
    with pack.open(name) as file:
        for number, line in enumerate(read_lines(file, name, kind), start=1):
            yield f"{name}, line {number}", line


def _find(ids: Ids, name: str, place: str) -> int:
    if name not in ids:
        raise BadInput(f"{place}: {name[:100]!r} is not in the pack")
    return ids[name]
