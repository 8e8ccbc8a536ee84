"""Trainings: their progress, their results, and the weights of a finished one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from core.errors import NotFound, UsageError
from models.bulk import store_row
from models.database import Database
from models.jobs import Claim
from models.results import replace_rows
from models.runs import get_run
from models.tables import Epoch, Job, Prediction, Training


@dataclass(frozen=True)
class TrainedNetwork:
    """A finished training; *options* are its job's, *parameters* those that its run shares."""

    job: str
    options: dict[str, Any]
    parameters: dict[str, Any]
    weights: bytes


def read_progress(connection: Connection, job_id: int) -> tuple[bytes | None, bool]:
    """Return the last checkpoint, if any, and whether the training is finished."""
    training = connection.execute(
        select(Training.checkpoint, Training.weights.is_not(None).label("finished")).where(
            Training.job_id == job_id
        )
    ).one_or_none()
    return (training.checkpoint, bool(training.finished)) if training else (None, False)


def store_epochs(
    connection: Connection, db: Database, claim: Claim, epochs: Sequence[Mapping[str, Any]]
) -> None:
    """Store the figures of *epochs*; call it after `fence`, with what continues from them."""
    if not epochs:
        return

    table = db.upsert(Epoch)
    figures = ("train_loss", "validation_loss", "accuracy", "seconds")
    connection.execute(
        table.on_conflict_do_update(
            index_elements=["job_id", "epoch"],
            set_={column: table.excluded[column] for column in figures},
        ),
        [{"job_id": claim.job_id, **epoch} for epoch in epochs],
    )


def store_checkpoint(connection: Connection, db: Database, claim: Claim, checkpoint: bytes) -> None:
    """Store what continues after the last stored epoch; call it after `fence`."""
    key = {"job_id": claim.job_id}
    store_row(connection, db, Training, key, {"checkpoint": checkpoint}, remarks=[])


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
    """Replace the checkpoint by the result; call it after `fence`.

    *figures* are columns of `Training`.
    """
    replace_rows(connection, claim.job_id, Prediction, predictions)
    result = {"weights": weights, "checkpoint": None, "remarks": list(remarks), **figures}
    store_row(connection, db, Training, {"job_id": claim.job_id}, result)


def get_trained_network(
    connection: Connection, run_id: int, job: str | None = None
) -> TrainedNetwork:
    """Return the finished training called *job*, or the only one of the run.

    Raises `NotFound` if there is none, `UsageError` if there are several to choose from.
    """
    run = get_run(connection, run_id)
    trainings = connection.execute(
        select(Job.name, Job.id, Job.options)
        .join(Training, Training.job_id == Job.id)
        .where(Job.run_id == run_id, Training.weights.is_not(None))
        .order_by(Job.id)
    ).all()
    if not trainings and "network" not in run.parameters:
        raise UsageError(
            f"run {run_id} is no training, it has no weights: `tidings runs` lists what each run is"
        )

    if not trainings:
        raise NotFound(
            f"no training of run {run_id} is finished: `tidings status {run_id}` shows its progress"
        )

    trainings_by_name = {training.name: training for training in trainings}
    training_names = ", ".join(map(repr, trainings_by_name))
    if job is None and len(trainings) > 1:
        raise UsageError(
            f"run {run_id} has {len(trainings)} trained networks: name one by --job, of "
            f"{training_names}"
        )

    training = trainings[0] if job is None else trainings_by_name.get(job)
    if training is None:
        raise NotFound(f"run {run_id} has no trained network {job!r}: it has {training_names}")

    weights = connection.scalar(select(Training.weights).where(Training.job_id == training.id))
    assert weights is not None  # noqa: S101 - it was selected for having them
    return TrainedNetwork(training.name, training.options, run.parameters, weights)
