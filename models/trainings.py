"""Trainings: how far each is, what came of it, and the weights of a finished one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from core.enums import JobKind, State
from core.errors import LeaseLost, NotFound, UsageError
from models.database import Database
from models.jobs import Claim
from models.runs import get_run
from models.tables import Epoch, Job, Prediction, Run, Training


@dataclass(frozen=True)
class Trained:
    """A finished training: its job's name, the options it had for itself, its run's parameters, its weights."""

    job: str
    options: dict[str, Any]
    parameters: dict[str, Any]
    weights: bytes


def progress_stored(connection: Connection, job_id: int) -> tuple[bytes | None, bool]:
    """The last checkpoint, None where there is none, and whether the training is through."""
    row = connection.execute(
        select(Training.checkpoint, Training.weights.is_not(None).label("through")).where(
            Training.job_id == job_id
        )
    ).one_or_none()
    return (row.checkpoint, bool(row.through)) if row else (None, False)


def store_epochs(
    connection: Connection, db: Database, claim: Claim, epochs: Sequence[Mapping[str, Any]]
) -> None:
    """The figures of *epochs*; call it after `fence`, in the transaction of what goes on from them."""
    if not epochs:
        return
    table = db.upsert(Epoch)
    figures = ("train_loss", "validation_loss", "accuracy", "seconds")
    connection.execute(
        table.on_conflict_do_update(
            index_elements=["job_id", "epoch"],
            set_={name: table.excluded[name] for name in figures},
        ),
        [{"job_id": claim.job_id, **epoch} for epoch in epochs],
    )


def store_checkpoint(connection: Connection, db: Database, claim: Claim, checkpoint: bytes) -> None:
    """All that is needed to go on after the last epoch that is stored; call it after `fence`."""
    _upsert(connection, db, claim, checkpoint=checkpoint)


def store_result(
    connection: Connection,
    db: Database,
    claim: Claim,
    *,
    weights: bytes,
    figures: Mapping[str, float | None],
    remarks: Sequence[str],
    predictions: Sequence[Mapping[str, Any]],
) -> None:
    """What came of a training, in place of its checkpoint; call it after `fence`. *figures*: columns of `Training`."""
    connection.execute(delete(Prediction).where(Prediction.job_id == claim.job_id))
    connection.execute(insert(Prediction), [{"job_id": claim.job_id, **row} for row in predictions])
    _upsert(
        connection, db, claim, weights=weights, checkpoint=None, remarks=list(remarks), **figures
    )


def _upsert(connection: Connection, db: Database, claim: Claim, **values: Any) -> None:
    connection.execute(
        db.upsert(Training)
        .values(job_id=claim.job_id, **{"remarks": [], **values})
        .on_conflict_do_update(index_elements=["job_id"], set_=values)
    )


def run_state(connection: Connection, claim: Claim) -> State:
    """The state of the claim's run: a cheap look, often. Raises `LeaseLost` where the claim is lost (by a cancel)."""
    state = connection.scalar(
        select(Run.state)
        .join(Job, Job.run_id == Run.id)
        .where(
            Job.id == claim.job_id,
            Job.owner == claim.owner,
            Job.claims == claim.number,
            Job.state == State.RUNNING,
        )
    )
    if state is None:
        raise LeaseLost(
            f"job {claim.name} of run {claim.run_id} was cancelled or has another owner now"
        )
    return State(state)


def trained(connection: Connection, run_id: int, job: str | None = None) -> Trained:
    """The finished training of that name, or the run's only one.

    Raises `NotFound` where there is none, `UsageError` where there are several to choose from.
    """
    run = get_run(connection, run_id)
    if run.kind != "training":
        raise UsageError(
            f"run {run_id} is no training, it has no weights: `tidings runs` says what each run is"
        )
    found = connection.execute(
        select(Job.name, Job.id, Job.options)
        .join(Training, Training.job_id == Job.id)
        .where(Job.run_id == run_id, Job.kind == JobKind.TRAINING, Training.weights.is_not(None))
        .order_by(Job.id)
    ).all()
    names = ", ".join(repr(row.name) for row in found)
    if not found:
        raise NotFound(
            f"no training of run {run_id} is through: `tidings status {run_id}` says how far it is"
        )
    if job is None and len(found) > 1:
        raise UsageError(
            f"run {run_id} has {len(found)} trained networks: name one by --job, of {names}"
        )
    chosen = next((row for row in found if job in (None, row.name)), None)
    if chosen is None:
        raise NotFound(f"run {run_id} has no trained network {job!r}: it has {names}")
    weights = connection.scalar(select(Training.weights).where(Training.job_id == chosen.id))
    assert weights is not None  # noqa: S101 - it was chosen for having them
    return Trained(chosen.name, chosen.options, run.parameters, weights)
