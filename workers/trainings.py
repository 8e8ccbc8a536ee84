"""A training, as a job: slices that go on from a checkpoint to the same weights, bit for bit, as without a break."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from analysis.parameters import TrainingParameters
from core.enums import State
from core.errors import BadInput, TidingsError
from models.jobs import fence
from models.trainings import (
    progress_stored,
    run_state,
    store_checkpoint,
    store_epochs,
    store_result,
)
from networks.errors import NetworkError, TrainingStopped
from networks.presets import build
from networks.results import results
from networks.storage import network_bytes
from networks.training import Epoch, train
from producers.trainings import options_of
from workers.context import Ended, JobContext, SliceEnded
from workers.training_data import training_data

LOOK_SECONDS = 0.4  # between two looks at whether the run was cancelled or paused
STORE_SECONDS = 1.0  # between two checkpoints, longer where they are slow to store …
STORE_SHARE = 20  # … so that storing takes a twentieth of the time at most …
STORE_AT_LEAST_SECONDS = 30.0  # … but no longer than this, where an epoch ends
OVERRUN_SECONDS = 25.0  # an epoch may last so long past its slice: Celery's limit is near


def run_training(job: JobContext, parameters: TrainingParameters) -> Ended:
    """Train for a slice, from the last checkpoint on; at the end store weights, figures and predictions.

    Raises `SliceEnded` where it is not through, `LeaseLost` where the run was cancelled, `BadInput` for data or
    options that do not fit or a loss that is no longer finite.
    """
    with job.db.read() as connection:
        checkpoint, through = progress_stored(connection, job.claim.job_id)
    if through:  # its worker was killed between the result and the job's end
        return Ended()
    options = options_of(parameters, job.claim.options)
    data, remarks = training_data(job.db, parameters, options)
    generator = np.random.default_rng(options.seed)
    network = build(options, data.inputs, data.outputs, generator)
    keeper = _Keeper(job, options.epochs)
    try:
        train(
            network,
            data,
            options,
            generator=generator,
            state=checkpoint,
            on_epoch=keeper.keep,
            should_stop=keeper.should_stop,
        )
    except TrainingStopped:
        raise SliceEnded from None
    except NetworkError as error:
        raise BadInput(str(error)) from None
    found = results(network, data)
    if found.remark:
        remarks.append(found.remark)
    baselines = found.baselines
    with job.db.write() as connection:
        fence(
            connection,
            job.claim,
            progress=True,
            done_units=options.epochs,
            all_units=options.epochs,
        )
        store_epochs(connection, job.db, job.claim, keeper.not_stored())
        store_result(
            connection,
            job.db,
            job.claim,
            weights=network_bytes(network, data.scaling),
            figures={
                "train_rmse": found.train_rmse,
                "validation_rmse": found.validation_rmse,
                "accuracy": found.accuracy,
                "baseline_mean": baselines.mean if baselines else None,
                "baseline_last": baselines.last if baselines else None,
                "baseline_recurrence": baselines.recurrence if baselines else None,
            },
            remarks=remarks,
            predictions=[asdict(prediction) for prediction in found.predictions],
        )
    return Ended()


class _Keeper:
    """Stores epochs with checkpoints as time goes by, and says when to stop."""

    def __init__(self, job: JobContext, epochs: int) -> None:
        self._job, self._all = job, epochs
        self._epochs: list[Epoch] = []  # not stored yet
        self._stored = False  # whether anything was stored in this slice
        self._next_store = (
            0.0  # the first epoch of a slice is stored at once: it proves that the job moves
        )
        self._next_look = 0.0

    def keep(self, epoch: Epoch, checkpoint: Callable[[], bytes]) -> None:
        """Take an epoch. Raises `SliceEnded` where the slice is over."""
        self._epochs.append(epoch)
        over = self._job.slice_is_over
        if epoch.epoch == self._all:
            return  # the result is stored next, with this
        if over or time.monotonic() >= self._next_store:
            self._store(checkpoint())
        if over:
            raise SliceEnded

    def not_stored(self) -> list[dict[str, Any]]:
        """The epochs that came after the last checkpoint."""
        return [asdict(epoch) for epoch in self._epochs]

    def _store(self, checkpoint: bytes) -> None:
        began = time.monotonic()
        done = self._epochs[-1].epoch
        with self._job.db.write() as connection:
            fence(connection, self._job.claim, progress=True, done_units=done, all_units=self._all)
            store_epochs(connection, self._job.db, self._job.claim, self.not_stored())
            store_checkpoint(connection, self._job.db, self._job.claim, checkpoint)
        self._epochs.clear()
        self._stored = True
        now = time.monotonic()
        self._next_store = now + min(
            max(STORE_SECONDS, STORE_SHARE * (now - began)), STORE_AT_LEAST_SECONDS
        )

    def should_stop(self) -> bool:
        """Whether to stop in the middle of an epoch: what it has done since the last checkpoint will be done again.

        Raises `LeaseLost` where the run was cancelled, `TidingsError` where an epoch is too long for any slice.
        """
        now = time.monotonic()
        if now >= self._job.ends_at + OVERRUN_SECONDS:
            if self._stored:
                return True
            raise TidingsError(
                f"one epoch takes longer than {self._job.runtime.settings.slice_seconds + OVERRUN_SECONDS:.0f} s: "
                "choose a larger batch or a smaller network, or raise TIDINGS_SLICE_SECONDS"
            )
        if self._job.stopped:
            return True
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_SECONDS
        with self._job.db.read() as connection:
            return run_state(connection, self._job.claim) == State.PAUSED
