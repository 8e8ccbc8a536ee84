"""A packed run in a database of its own: its rows are loaded, and its answers repeat its steps."""

from __future__ import annotations

import asyncio
from typing import Any

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.stored import keep_codebook
from analysis.steps import codes
from core.enums import DOCUMENTS, State, StepState
from core.errors import BadInput
from core.prices import parse_price
from models.database import Database
from models.tables import Job, Run, RunEngine
from packs import contents, rows
from packs.archive import PackReader
from packs.contents import NO_TEXTS, PackedRun
from packs.documents import load_documents, load_stand_ins
from packs.jobs import steps_to_repeat
from packs.repeating import Restored, repeat_steps
from packs.row_source import RowSource
from packs.rows import insert_rows, load_rows
from packs.samples import check_samples
from packs.weights import name_coder_of_run, read_packed_network
from reports.data.run_data import load_run

# The PNG file of a mask may have so many bytes.
LARGEST_MASK = 5 * 2**20
# No document of a pack was stored later.
_LATEST = 2**31 - 1


def restore(db: Database, pack: PackReader, run: PackedRun, source: RowSource) -> Restored:
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
    pack: PackReader, run: PackedRun, source: RowSource, restored: Restored, jobs: list[Any]
) -> None:
    """Write the documents of a run over texts, its codes, and the results of its steps."""
    run_data = restored.data
    db = run_data.db
    ids = {"job": {job.name: job.id for job in run_data.jobs}}
    ids["document"] = load_documents(run, source, run_data, restored.hashes)
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
    for packed in (rows.STRATA, rows.UNITS, rows.LOOKS, rows.SEARCHED):
        load_rows(db, packed, source.lines(packed), ids, run_id=run.number)

    asyncio.run(repeat_steps(pack, restored))

    coders = {name_coder_of_run(run_data)} if restored.network is not None else set()
    if run_data.parameters.has_model_coder and codes.NAME in {step for _, step in repeated}:
        coders.add(run_data.parameters.coder)

    hashes = {codebook_hash[:12]: codebook_hash for codebook_hash in ids["codebook"]}
    given = ((at, line) for at, line in source.codes(hashes) if line.coder not in coders)
    load_rows(db, rows.CODES, given, ids, run_id=run.number, at=0.0)

    restored.samples = check_samples(run_data, has_texts=run.texts)
    if restored.samples.problem is not None:
        restored.conflicts[rows.STRATA.file_name] = restored.samples.problem


def _take_network(pack: PackReader, run: PackedRun, restored: Restored) -> None:
    """Let the network of the pack code the texts again, if there are any."""
    if name_coder_of_run(restored.data) is None:
        return
    if not run.texts:
        restored.why_no_network = NO_TEXTS
        return

    try:
        restored.network = read_packed_network(pack)
    except BadInput as error:
        restored.why_no_network = str(error)


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
        if job.name in jobs or not kind.is_job_name(job.name) or kind.job_kind != job.kind:
            raise BadInput(f"{location}: it is no job of such a run")

        jobs[job.name] = job

    return list(jobs.values())


def _write_run(db: Database, pack: PackReader, run: PackedRun, jobs: list[Any]) -> None:
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
