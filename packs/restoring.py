"""A packed run in a database of its own: its rows are loaded, and its answers repeat its steps."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.network import CodeNetwork
from analysis.codebooks.stored import keep_codebook
from analysis.data import MonthData, PostData
from analysis.step import NotReady, Step, StepResult
from analysis.steps import codes
from core.enums import DOCUMENTS, State, StepState, TextPart
from core.errors import BadInput
from core.prices import parse_price
from core.progress import track
from models.database import Database
from models.documents import text_part_of
from models.origins import CountKey, add_to_counts, count_key, find_or_add_origins, origin_key
from models.tables import Document, DocumentDetails, Job, JobDocument, JobStep, Run, RunEngine
from packs import contents, rows
from packs.answers import ReplayingFetcher, load_answers
from packs.archive import PackFile
from packs.coding_network import (
    NETWORK_FILE,
    code_job,
    give_network,
    name_coder_of_run,
    read_packed_network,
)
from packs.contents import NO_TEXTS, PackedDocument, PackedRun, hash_text
from packs.jobs import (
    StepStates,
    in_order_of_submission,
    is_coded_by_network,
    load_data,
    steps_to_repeat,
)
from packs.row_source import RowSource
from packs.rows import find_id, insert_rows, load_rows
from packs.samples import SampleChecks, check_samples
from reports.data.queries import in_batches
from reports.data.run_data import RunData, RunJob, load_run

# The PNG file of a mask may have so many bytes.
LARGEST_MASK = 5 * 2**20
#: Code that expects well-formed answers raises one of these errors for malformed ones.
MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

# No document of a pack was stored later.
_LATEST = 2**31 - 1


@dataclass
class Restored:
    """A run as its pack reproduces it."""

    data: RunData
    #: How the steps ended and which engine answered them, by job and step.
    steps: Mapping[tuple[str, str], Any]
    #: The contradictions, by the file of the pack.
    conflicts: dict[str, str] = field(default_factory=dict)
    #: The network that codes the texts again; None if the pack has no texts or none that can.
    network: CodeNetwork | None = None
    #: Why no network codes them, though one did.
    why_no_network: str | None = None
    samples: SampleChecks = field(default_factory=SampleChecks)

    def states(self, job: RunJob) -> StepStates:
        """Return how the steps of a job ended, by the pack."""
        return {step: line.state for (name, step), line in self.steps.items() if name == job.name}


def restore(db: Database, pack: PackFile, run: PackedRun, source: RowSource) -> Restored:
    """Write the pack's run to the empty *db* and repeat its steps.

    Without texts only the step of polarities is repeated: sentences come from the pack's table of
    mentions, and polarities of posts from its table of documents. If documents are left out by
    their texts, no step is repeated. A training has only its jobs. Raises `BadInput`, which names
    what is malformed.
    """
    jobs = _read_jobs(source, run)
    _write_run(db, pack, run, jobs)
    run_data = load_run(db, run.number)
    steps = {(line.job, line.step): line for _, line in source.lines(rows.STEPS)}
    restored = Restored(run_data, steps)
    if problem := _find_conflict(run, restored):
        restored.conflicts[rows.JOBS.file_name] = problem

    if run_data.kind.has_documents:
        _restore_texts(pack, run, source, restored, jobs)

    return restored


def _restore_texts(
    pack: PackFile, run: PackedRun, source: RowSource, restored: Restored, jobs: list[Any]
) -> None:
    """Write the documents of a run over texts, its codes, and the results of its steps."""
    run_data = restored.data
    db = run_data.db
    ids = {"job": {job.name: job.id for job in run_data.jobs}}
    ids["document"] = _write_documents(run, source, run_data)
    _write_stand_ins(run_data, jobs, first_id=len(ids["document"]) + 1)
    _take_network(pack, run, restored)

    repeated = _find_repeated_steps(restored, run)
    recorded = (
        (location, line)
        for location, line in source.lines(rows.STEPS)
        if (line.job, line.step) not in repeated
    )
    load_rows(db, rows.STEPS, recorded, ids)
    if not run.texts and not run_data.selection:
        if run_data.kind.has_mentions:
            load_rows(db, rows.MENTIONS, source.mentions(), ids)
        else:
            load_rows(db, rows.POLARITIES, source.polarities(run_data), ids)

    ids["codebook"] = _keep_codebooks(db, source)
    for packed in (rows.STRATA, rows.UNITS, rows.LOOKS):
        load_rows(db, packed, source.lines(packed), ids, run_id=run.number)

    asyncio.run(_repeat_steps(pack, run, restored))

    coders = {name_coder_of_run(run_data)} if restored.network is not None else set()
    if run_data.parameters.has_model_coder and codes.NAME in {step for _, step in repeated}:
        coders.add(run_data.parameters.coder)

    hashes = {codebook_hash[:12]: codebook_hash for codebook_hash in ids["codebook"]}
    given = ((at, line) for at, line in source.codes(hashes) if line.coder not in coders)
    load_rows(db, rows.CODES, given, ids, run_id=run.number, at=0.0)

    restored.samples = check_samples(run_data, has_texts=run.texts)
    if restored.samples.problem is not None:
        restored.conflicts[rows.STRATA.file_name] = restored.samples.problem


def _take_network(pack: PackFile, run: PackedRun, restored: Restored) -> None:
    """Let the network of the pack code the texts again, if there are any."""
    if name_coder_of_run(restored.data) is None:
        return
    if not run.texts:
        restored.why_no_network = NO_TEXTS
        return

    try:
        restored.network = read_packed_network(restored.data, pack)
    except BadInput as error:
        restored.why_no_network = str(error)
    else:
        if restored.network is None:
            restored.why_no_network = "the network is not in the pack"


def _find_conflict(run: PackedRun, restored: Restored) -> str | None:
    """Return how the jobs contradict the run or themselves; None if they do not."""
    parameters = restored.data.parameters
    if restored.data.kind.has_mentions:
        months = restored.data.kind.job_names(parameters, ())
        if sorted(job.name for job in restored.data.jobs) != months:
            return f": its jobs are not the {restored.data.kind.job_nouns} of {contents.RUN}"

    steps_of_run = getattr(parameters, "steps", ())
    for job in restored.data.jobs:
        states = restored.states(job)
        has_documents = states.get(DOCUMENTS) == StepState.COMPLETE
        if job.state == State.DONE and has_documents and not states.keys() >= {*steps_of_run}:
            return f": {job.name} is done, and not all of its steps are"
        if not states.keys() <= {DOCUMENTS, *steps_of_run}:
            return f": {job.name} has a step that {contents.RUN} does not name"

    engines = {line.engine for line in restored.steps.values() if line.engine}
    if not engines <= {*run.engines, getattr(parameters, "coder", None)}:
        return f": a step has an engine that {contents.RUN} does not name"

    return None


def _read_jobs(source: RowSource, run: PackedRun) -> list[Any]:
    """Return the lines of the jobs. Raises `BadInput` where one does not fit the run."""
    kind = run.run_kind
    jobs: dict[str, Any] = {}

    for location, job in source.lines(rows.JOBS):
        if job.name in jobs or not kind.is_job_name(job.name) or job.kind != kind.job_kind:
            raise BadInput(f"{location}: it is no job of such a run")

        jobs[job.name] = job

    return list(jobs.values())


def _write_run(db: Database, pack: PackFile, run: PackedRun, jobs: list[Any]) -> None:
    packed_fields = ("name", "kind", "state", "reason", "parameters", "created_at", "ended_at")
    run_row = {
        "id": run.number,
        **run.model_dump(include={*packed_fields}),
        "currency": _currency_of(run),
        "mask": pack.read(contents.MASK, LARGEST_MASK) if contents.MASK in pack.names else None,
    }
    engine_rows = []
    for engine in run.engines:
        languages = run.engine_languages.get(engine)
        written = None if languages is None else ",".join(languages)
        engine_rows.append({"run_id": run.number, "engine": engine, "languages": written})

    parameters = run.run_kind.read_parameters(run.parameters)
    job_rows = []
    for job_id, job in enumerate(jobs, start=1):
        job_row = {"id": job_id, "run_id": run.number, "queue": run.run_kind.queue, "due_at": 0.0}
        job_row |= job.model_dump(exclude=set(rows.JOBS.added))
        job_row |= run.run_kind.scope(job.name, parameters).job_columns
        job_rows.append(job_row | {"newest_document": _LATEST if job.frozen else None})

    insert_rows(db, Run, [run_row], contents.RUN)
    insert_rows(db, RunEngine, engine_rows, contents.RUN)
    insert_rows(db, Job, job_rows, rows.JOBS.file_name)


def _currency_of(run: PackedRun) -> str | None:
    """Return the currency in which a language model was paid; None if none was."""
    model = getattr(run.run_kind.read_parameters(run.parameters), "model", None)
    return parse_price(model.price).currency or None if model is not None else None


def _write_documents(run: PackedRun, source: RowSource, run_data: RunData) -> dict[str, int]:
    """Write the documents, their counts, and which searches found them; return their ids.

    The texts of a run that read abstracts are abstracts; a pack has no headlines then.
    """
    db = run_data.db
    reads_abstracts = text_part_of(run.parameters) == TextPart.ABSTRACT
    job_ids = {job.name: job.id for job in run_data.jobs}
    ids: dict[str, int] = {}
    counts: Counter[CountKey] = Counter()
    last_identity = ""

    for batch in in_batches(source.documents()):
        document_rows, details, links = [], [], []
        keys = [origin_key(document.model_dump()) for _, document in batch]
        with db.write() as connection:
            origins = find_or_add_origins(connection, db, keys)

        for (location, document), key in zip(batch, keys, strict=True):
            if document.identity <= last_identity:
                raise BadInput(f"{location}: it is not in the order of identities")

            last_identity = document.identity
            document_id = ids[last_identity] = len(ids) + 1
            row = _document_row(document, location, texts=run.texts)
            document_rows.append({"id": document_id, "origin_id": origins[key], **row})
            counts[count_key(document_rows[-1])] += 1
            for job_name in document.jobs:
                job_id = find_id(job_ids, job_name, location)
                links.append({"job_id": job_id, "document_id": document_id})

            if reads_abstracts or document.tags is not None:
                abstract = row["text"] if reads_abstracts else None
                tags = None if document.tags is None else list(document.tags)
                details.append({"document_id": document_id, "abstract": abstract, "tags": tags})

        for table, table_rows in (
            (Document, document_rows),
            (DocumentDetails, details),
            (JobDocument, links),
        ):
            insert_rows(db, table, table_rows, contents.DOCUMENTS)

    with db.write() as connection:
        add_to_counts(connection, db, counts)

    return ids


def _document_row(document: PackedDocument, location: str, *, texts: bool) -> dict[str, Any]:
    text = document.text or ""
    if texts and hash_text(text) != document.sha256:
        raise BadInput(f"{location}: the text is not the one that was hashed")

    at = document.published_at
    packed_fields = {"identity", "source", "handle", "published_at", "address", "full_stop_added"}
    row = document.model_dump(include=packed_fields | {"repost", "language_code"})
    return row | {"period": None if at is None else f"{at:%Y-%m}", "text": text}


def _write_stand_ins(run_data: RunData, jobs: list[Any], *, first_id: int) -> None:
    """Write a document without a text for each day on which an outlet had documents.

    The documents have no section or material, so that a run that chose some reads none of them.
    They tell days without a document of its choice from days without any document.
    """
    if not run_data.kind.has_mentions:
        return

    source = run_data.month_parameters.sources[0]
    document_rows: list[dict[str, Any]] = []
    with run_data.db.write() as connection:
        for job in jobs:
            keys = [origin_key({"outlet": outlet}) for outlet in job.stored_days]
            origins = find_or_add_origins(connection, run_data.db, keys)
            (month,) = run_data.kind.scope(job.name, run_data.parameters).months
            for key, days in zip(keys, job.stored_days.values(), strict=True):
                for day in days:
                    document_id = first_id + len(document_rows)
                    document_row = {
                        "id": document_id,
                        "identity": f"stand-in:{document_id}",
                        "source": source,
                        "handle": None,
                        "published_at": datetime.fromisoformat(f"{month}-{day:02}"),
                        "period": month,
                        "text": "",
                        "origin_id": origins[key],
                    }
                    document_rows.append(document_row)

    insert_rows(run_data.db, Document, document_rows, rows.JOBS.file_name)


def _keep_codebooks(db: Database, source: RowSource) -> dict[str, int]:
    """Write the codebooks of the pack; return their ids by their hashes."""
    ids = {}
    for _, line in source.lines(rows.CODEBOOKS):
        codebook = Codebook.model_validate(line.content)
        with db.write() as connection:
            ids[codebook.hash.hex()] = keep_codebook(connection, db, codebook)

    return ids


def _find_repeated_steps(restored: Restored, run: PackedRun) -> set[tuple[str, str]]:
    """Return the steps that answers, or a network, repeat, by job and step."""
    repeated = set()
    for job in restored.data.jobs:
        states = restored.states(job)
        for step in steps_to_repeat(restored.data, states, texts=run.texts):
            repeated.add((job.name, step.name))

        if restored.network is not None and is_coded_by_network(restored.data, states):
            repeated.add((job.name, codes.NAME))

    return repeated


async def _repeat_steps(pack: PackFile, run: PackedRun, restored: Restored) -> None:
    """Repeat the steps of all jobs and store their rows as a worker does."""
    run_data = restored.data
    answers_by_step: dict[str, dict[bytes, Any]] = {}
    unread: dict[str, set[bytes]] = {}

    for job in track("repeating the steps", in_order_of_submission(run_data)):
        states = restored.states(job)
        steps = steps_to_repeat(run_data, states, texts=run.texts)
        is_coded = restored.network is not None and is_coded_by_network(run_data, states)
        if not steps and not is_coded:
            continue

        job_data = give_network(await load_data(run_data, job), restored.network)
        for step in steps:
            if step.name not in answers_by_step:
                file_name = contents.answers_file(step.name)
                with pack.open(file_name) as file:
                    answers_by_step[step.name] = load_answers(file, file_name)

                unread[step.name] = set(answers_by_step[step.name])

            answers = answers_by_step[step.name]
            unread[step.name] -= await _repeat_step(restored, job, step, job_data, answers)

        if is_coded:
            try:
                coded = await code_job(job_data)
            except MALFORMED as error:
                raise BadInput(f"{NETWORK_FILE}: the network is malformed ({error!r})") from error

            _store(restored, job, codes.STEP, coded)

    for step_name, keys in unread.items():
        if keys:
            problem = f": no step reads {len(keys):,} of its answers, {min(keys).hex()} the first"
            restored.conflicts[contents.answers_file(step_name)] = problem


async def _repeat_step(
    restored: Restored,
    job: RunJob,
    step: Step,
    job_data: MonthData | PostData,
    answers: Mapping[bytes, Any],
) -> set[bytes]:
    """Repeat a step by its answers and store its rows; return the keys that it read."""
    engine = restored.steps[job.name, step.name].engine or ""
    fetcher = ReplayingFetcher(engine, answers, restored.data.engine_languages.get(engine))
    try:
        result = await step.run(job_data, fetcher)
    except MALFORMED as error:
        raise BadInput(
            f"{contents.answers_file(step.name)}: an answer for {job.name} lacks or is malformed "
            f"({error!r})"
        ) from error

    if isinstance(result, NotReady):
        raise BadInput(f"{job.name} cannot be done again: {result.reason}")

    _store(restored, job, step, result)
    return fetcher.keys_read


def _store(restored: Restored, job: RunJob, step: Step, result: StepResult) -> None:
    step_row = {"job_id": job.id, "step": step.name, "state": result.state, "reason": result.reason}
    step_row["at"] = restored.steps[job.name, step.name].at
    with restored.data.db.write() as connection:
        step.store(connection, job_id=job.id, rows=result.rows)
        connection.execute(insert(JobStep), [{**step_row, "documents": result.documents}])
