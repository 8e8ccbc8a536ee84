"""A packed run in a database of its own: its rows are loaded, and its answers repeat its steps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.network import CodeNetwork
from analysis.codebooks.stored import keep_codebook
from analysis.data import MonthData, PostData
from analysis.step import NotReady, Step
from analysis.steps import codes
from core.enums import DOCUMENTS, State, StepState
from core.errors import BadInput
from core.prices import parse_price
from models.database import Database
from models.tables import Job, JobStep, Run, RunEngine
from packs import contents, rows
from packs.answers import ReplayingFetcher, load_answers
from packs.archive import PackFile
from packs.coding_network import (
    NETWORK_FILE,
    give_network,
    name_coder_of_run,
    read_packed_network,
)
from packs.contents import NO_TEXTS, PackedRun
from packs.documents import load_documents, load_stand_ins
from packs.jobs import (
    StepStates,
    codes_by_network,
    in_order_of_submission,
    load_data,
    steps_to_repeat,
)
from packs.row_source import RowSource
from packs.rows import insert_rows, load_rows
from packs.samples import SampleChecks, check_samples
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
    #: The steps that answers, or a network, repeat, by job.
    repeated: dict[str, list[Step]] = field(default_factory=dict)
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
    ids["document"] = load_documents(run, source, run_data)
    load_stand_ins(run_data, jobs, first_id=len(ids["document"]) + 1)
    _take_network(pack, run, restored)

    by_network = restored.network is not None
    for job in run_data.jobs:
        restored.repeated[job.name] = steps_to_repeat(
            run_data, restored.states(job), texts=run.texts, by_network=by_network
        )

    repeated = {(name, step.name) for name, steps in restored.repeated.items() for step in steps}
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

    asyncio.run(_repeat_steps(pack, restored))

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


def _keep_codebooks(db: Database, source: RowSource) -> dict[str, int]:
    """Write the codebooks of the pack; return their ids by their hashes."""
    ids = {}
    for _, line in source.lines(rows.CODEBOOKS):
        codebook = Codebook.model_validate(line.content)
        with db.write() as connection:
            ids[codebook.hash.hex()] = keep_codebook(connection, db, codebook)

    return ids


async def _repeat_steps(pack: PackFile, restored: Restored) -> None:
    """Repeat the steps of all jobs and store their rows as a worker does."""
    run_data = restored.data
    answers_by_step: dict[str, dict[bytes, Any]] = {}
    unread: dict[str, set[bytes]] = {}

    for job in in_order_of_submission(run_data):
        if not restored.repeated[job.name]:
            continue

        job_data = give_network(await load_data(run_data, job), restored.network)
        for step in restored.repeated[job.name]:
            if step.name not in answers_by_step:
                is_answered = not codes_by_network(run_data, step)
                file_name = contents.answers_file(step.name)
                answers_by_step[step.name] = load_answers(pack, file_name) if is_answered else {}
                unread[step.name] = set(answers_by_step[step.name])

            answers = answers_by_step[step.name]
            unread[step.name] -= await _repeat_step(restored, job, step, job_data, answers)

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
    run_data, recorded = restored.data, restored.steps[job.name, step.name]
    engine = recorded.engine or ""
    fetcher = ReplayingFetcher(engine, answers, run_data.engine_languages.get(engine))
    try:
        result = await step.run(job_data, fetcher)
    except MALFORMED as error:
        if codes_by_network(run_data, step):
            raise BadInput(f"{NETWORK_FILE}: the network is malformed ({error!r})") from error

        raise BadInput(
            f"{contents.answers_file(step.name)}: an answer for {job.name} lacks or is malformed "
            f"({error!r})"
        ) from error

    if isinstance(result, NotReady):
        raise BadInput(f"{job.name} cannot be done again: {result.reason}")

    step_row = {"job_id": job.id, "step": step.name, "state": result.state, "reason": result.reason}
    step_row |= {"at": recorded.at, "documents": result.documents}
    with run_data.db.write() as connection:
        step.store(connection, job_id=job.id, rows=result.rows)
        connection.execute(insert(JobStep), [step_row])

    return fetcher.keys_read
