"""The state transitions of jobs whose documents are new or were erased."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, select, update

from core.enums import DOCUMENTS, ENDED, State, StepState
from models.bulk import change_in, select_in
from models.database import batched
from models.job_columns import due_columns, ended_columns
from models.jobs import NO_SETBACKS
from models.keyword_answers import delete_answers
from models.runs import LOOK_JOB, engines_of
from models.tables import IS_REPORT, Job, JobStep, Run, SampleLook

# So many looks are at a pilot and what it asks for; a sample that grew once needs no other.
PILOT_LOOKS = 2


def collect_again(
    connection: Connection, job_ids: Sequence[int], options: Mapping[str, Any]
) -> None:
    """Queue ended jobs with *options* to collect their documents again and to do every step.

    Their other options stay, such as the name of an account as it was typed. Call it with the run
    locked, then `reopen_run`. Stored answers are not requested again.
    """
    again = due_columns(State.QUEUED) | NO_SETBACKS | {"newest_document": None}
    change_in(connection, delete(JobStep), JobStep.job_id, job_ids)
    jobs = select_in(connection, select(Job.id, Job.options), Job.id, job_ids)
    rows = [{"job": job.id, "kept": {**job.options, **options}} for job in jobs]
    queued = update(Job).where(Job.id == bindparam("job"))
    if rows:
        connection.execute(queued.values(again | {"options": bindparam("kept")}), rows)


def redo_step(connection: Connection, run_id: int, step: str, job_names: Collection[str]) -> None:
    """Queue jobs of a run that have ended to do a *step* again, and what they lack.

    Call it with the run locked. Stored answers are not requested again.
    """
    again = due_columns(State.QUEUED) | NO_SETBACKS
    for batch in batched(list(job_names)):
        is_chosen = and_(Job.run_id == run_id, ~IS_REPORT, Job.name.in_(batch))
        chosen_jobs = select(Job.id).where(is_chosen)
        step_rows = delete(JobStep).where(JobStep.step == step, JobStep.job_id.in_(chosen_jobs))
        connection.execute(step_rows)
        connection.execute(update(Job).where(is_chosen, Job.state.in_(ENDED)).values(again))


def look_again(connection: Connection, run_id: int) -> None:
    """Queue the job that looks at the run's sample, if it has one, since documents have come.

    The looks at the pilot stay; the others were at a sample of fewer documents. Call it with the
    run locked.
    """
    is_look = and_(Job.run_id == run_id, IS_REPORT, Job.name == LOOK_JOB)
    again = due_columns(State.QUEUED) | NO_SETBACKS
    ended = update(Job).where(is_look, Job.state.in_(ENDED)).values(again)
    if not connection.execute(ended).rowcount:
        return

    coder = select(Run.parameters["coder"].as_string()).where(Run.id == run_id).scalar_subquery()
    is_of_run = and_(SampleLook.run_id == run_id, SampleLook.coder == coder)
    connection.execute(delete(SampleLook).where(is_of_run, SampleLook.number > PILOT_LOOKS))
    connection.execute(update(SampleLook).where(is_of_run).values(outcome=None))


def ask_refused_again(
    connection: Connection, run_id: int, job_names: Collection[str] = ()
) -> set[str]:
    """Queue the ended jobs, of *job_names* or all, that left out refused texts; return their names.

    Their steps are done again: the texts are asked about, and stored answers are read. Call it with
    the run locked, then `reopen_run`.
    """
    is_ended = and_(Job.run_id == run_id, Job.state.in_(ENDED))
    refused = select(Job.id, Job.name, JobStep.refused).join(Job, Job.id == JobStep.job_id)
    if job_names:
        is_ended &= Job.name.in_(job_names)

    steps = connection.execute(refused.where(is_ended, JobStep.refused.is_not(None))).all()
    keys = []
    for step in steps:
        keys += [bytes.fromhex(key) if isinstance(key, str) else tuple(key) for key in step.refused]

    for engine in engines_of(connection, run_id) if keys else ():
        delete_answers(connection, engine, keys)

    again = due_columns(State.QUEUED) | NO_SETBACKS
    job_ids = {step.id for step in steps}
    change_in(connection, delete(JobStep).where(JobStep.step != DOCUMENTS), JobStep.job_id, job_ids)
    change_in(connection, update(Job).values(again), Job.id, job_ids)
    return {step.name for step in steps}


def redo_job(connection: Connection, job_id: int) -> None:
    """Queue a job in any state, because documents of it were erased."""
    connection.execute(update(Job).where(Job.id == job_id).values(due_columns(State.QUEUED)))


def redo_reports(connection: Connection, run_id: int) -> None:
    """Queue the jobs that draw the run's report, because documents that they have read were erased.

    A worker at one of them loses its claim, so that it cannot end the job as failed.
    """
    drawing = update(Job).where(Job.run_id == run_id, IS_REPORT)
    connection.execute(drawing.where(Job.state == State.RUNNING).values(due_columns(State.QUEUED)))


def empty_job(connection: Connection, job_id: int, *, reason: str) -> None:
    """End a job as done without data, because all documents of it were erased."""
    ended = ended_columns(State.DONE, result=StepState.NO_DATA, reason=reason)
    ended |= {"dispatched_at": None, "newest_document": 0}
    connection.execute(update(Job).where(Job.id == job_id).values(ended))
