"""A training job, in slices that continue from a checkpoint to the same weights, bit for bit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from analysis.kinds.trainings import CODES, TrainingParameters
from core.enums import State
from core.errors import BadInput, TidingsError
from models.jobs import fence, get_run_state
from models.trainings import (
    read_progress,
    store_checkpoint,
    store_epochs,
    store_result,
)
from networks.errors import NetworkError, TrainingStopped
from networks.presets import build_network
from networks.results import Results, evaluate
from networks.storage import dump_network
from networks.training import TrainedEpoch, train
from producers.trainings import options_of
from workers.code_trainings import train_codes_for_slice
from workers.context import JobContext
from workers.outcomes import Again, Done, Outcome
from workers.training_data import load_training_data

# The time between two checks whether the run was cancelled or paused.
STATE_CHECK_SECONDS = 0.4

# The time between two checkpoints: at least the first, at most the last of these constants, and in
# between this many times the seconds that storing the last checkpoint took.
CHECKPOINT_SECONDS = 1.0
CHECKPOINT_COST = 20
MAX_CHECKPOINT_SECONDS = 30.0

# An epoch may last this long beyond its slice; Celery's limit is near.
OVERRUN_SECONDS = 25.0


def run_training(job: JobContext) -> Outcome:
    """Train for a slice, from the last checkpoint on; at the end store the result.

    Raises `LeaseLost` if the run was cancelled, `BadInput` for data or options that do not fit and
    for a loss that is no longer finite.
    """
    parameters = TrainingParameters.model_validate(job.claim.parameters)
    checkpoint, finished = job.db.fetch(read_progress, job.claim.job_id)

    # A finished job comes here if its worker was killed between storing the result and ending it.
    train_for_slice = train_codes_for_slice if parameters.network == CODES else _train_for_slice
    if finished or train_for_slice(job, parameters, checkpoint):
        return Done()

    return Again()


def _train_for_slice(
    job: JobContext, parameters: TrainingParameters, checkpoint: bytes | None
) -> bool:
    """Return whether the training is finished and its result stored."""
    options = options_of(parameters, job.claim.options)
    training_data, remarks = load_training_data(job.db, parameters, options)
    generator = np.random.default_rng(options.seed)
    network = build_network(options, training_data.input_size, training_data.output_size, generator)
    writer = CheckpointWriter(job, options.epochs)
    try:
        train(
            network,
            training_data,
            options,
            generator=generator,
            state=checkpoint,
            on_epoch=writer.add_epoch,
            should_stop=writer.should_stop,
        )
    except TrainingStopped:
        return False
    except NetworkError as error:
        raise BadInput(str(error)) from None

    results = evaluate(network, training_data)
    weights = dump_network(network, training_data.scaling)
    if results.remark:
        remarks.append(results.remark)

    claim, epochs = job.claim, options.epochs
    with job.db.write() as connection:
        fence(connection, claim, progress=True, done_units=epochs, all_units=epochs)
        store_epochs(connection, job.db, claim, writer.pending_epochs())
        store_result(
            connection,
            job.db,
            claim,
            weights=weights,
            figures=_figures(results),
            remarks=remarks,
            predictions=[asdict(prediction) for prediction in results.predictions],
        )

    return True


def _figures(results: Results) -> dict[str, float | None]:
    baselines = results.baselines
    return {
        "train_rmse": results.train_rmse,
        "validation_rmse": results.validation_rmse,
        "accuracy": results.accuracy,
        "baseline_mean": baselines.mean if baselines else None,
        "baseline_last": baselines.last if baselines else None,
        "baseline_recurrence": baselines.recurrence if baselines else None,
    }


class CheckpointWriter:
    """Stores epochs with checkpoints from time to time, and decides when the training stops."""

    def __init__(self, job: JobContext, epochs: int) -> None:
        self._job = job
        self._all_epochs = epochs
        self._pending: list[TrainedEpoch] = []
        # Whether a checkpoint was stored in this slice.
        self._has_stored = False
        # A slice's first epoch is stored at once, to prove progress.
        self._next_checkpoint = 0.0
        self._next_state_check = 0.0

    def add_epoch(self, epoch: TrainedEpoch, checkpoint: Callable[[], bytes]) -> None:
        """Store *epoch* now or later. Raises `TrainingStopped` if the slice is over."""
        self._pending.append(epoch)
        if epoch.epoch == self._all_epochs:
            # The last epoch is stored with the result.
            return

        slice_over = self._job.slice_is_over
        if slice_over or time.monotonic() >= self._next_checkpoint:
            self._store(checkpoint())
        if slice_over:
            raise TrainingStopped

    def pending_epochs(self) -> list[dict[str, Any]]:
        """Return the epochs since the last checkpoint."""
        return [asdict(epoch) for epoch in self._pending]

    def _store(self, checkpoint: bytes) -> None:
        started = time.monotonic()
        job, done = self._job, self._pending[-1].epoch
        with job.db.write() as connection:
            fence(connection, job.claim, progress=True, done_units=done, all_units=self._all_epochs)
            store_epochs(connection, job.db, job.claim, self.pending_epochs())
            store_checkpoint(connection, job.db, job.claim, checkpoint)

        self._pending.clear()
        self._has_stored = True

        stored_at = time.monotonic()
        pause = max(CHECKPOINT_SECONDS, CHECKPOINT_COST * (stored_at - started))
        self._next_checkpoint = stored_at + min(pause, MAX_CHECKPOINT_SECONDS)

    def should_stop(self) -> bool:
        """Return whether to stop within an epoch, which the next slice then repeats.

        Raises `LeaseLost` if the run was cancelled, `TidingsError` if an epoch is too long for any
        slice.
        """
        job, now = self._job, time.monotonic()
        if now >= job.ends_at + OVERRUN_SECONDS:
            if self._has_stored:
                return True

            limit = job.runtime.settings.slice_seconds + OVERRUN_SECONDS
            raise TidingsError(
                f"one epoch takes longer than {limit:.0f} s: choose a larger batch or a smaller "
                "network, or raise TIDINGS_SLICE_SECONDS"
            )

        if job.is_paused or job.lease_lost:
            return True
        if now < self._next_state_check:
            return False

        self._next_state_check = now + STATE_CHECK_SECONDS
        return job.db.fetch(get_run_state, job.claim) == State.PAUSED
