"""The training loop: mini-batches, and checkpoints that resume to the last bit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TypeAlias

import numpy as np

from networks.data import Data, Samples
from networks.errors import NetworkError, TrainingStopped
from networks.functions import Array
from networks.optimizers import CLIPS, OPTIMIZERS, SCHEDULES, Optimizer
from networks.presets import Options
from networks.recurrent import Recurrent
from networks.storage import Network, copy_arrays, pack, unpack

# Two calls of should_stop are at least this far apart.
STOP_CHECK_SECONDS = 0.2
# A forward pass without training takes at most this many rows.
PREDICTION_ROWS = 1000

CheckStop: TypeAlias = Callable[[], None]


@dataclass(frozen=True)
class TrainedEpoch:
    """The figures of one epoch, which counts from 1.

    *train_loss* is the mean over the epoch's mini-batches, each before its own step.
    *validation_loss* and *accuracy* (the fraction of the test samples classified correctly; None
    without a test set) are of the weights at the epoch's end.
    """

    epoch: int
    train_loss: float
    validation_loss: float
    accuracy: float | None
    seconds: float


@dataclass
class History:
    """The epochs so far; *best_epoch* is the one whose weights are kept, with a patience."""

    epochs: list[TrainedEpoch] = field(default_factory=list)
    best_epoch: int | None = None


def train(
    network: Network,
    data: Data,
    options: Options,
    *,
    generator: np.random.Generator,
    state: bytes | None = None,
    on_epoch: Callable[[TrainedEpoch, Callable[[], bytes]], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> History:
    """Train *network* in place, from its weights or from *state*, to the end of ``options.epochs``.

    After each epoch *on_epoch* is called with its figures and with a function that returns the
    checkpoint to pass as *state* later. The final weights are then the same, bit for bit, as
    without a break. *should_stop* is called several times a second, between mini-batches;
    TrainingStopped is raised once it returns true. Errors of both are passed on. Raises
    NetworkError if a loss is no longer finite, or *state* belongs to another training.
    """
    training = _TrainingState(network, data, options, generator)
    if state is not None:
        training.restore(state)

    check_stop = _never_stop if should_stop is None else _StopCheck(should_stop)
    while not training.finished:
        epoch = training.run_epoch(check_stop)
        if on_epoch is not None:
            on_epoch(epoch, training.checkpoint)

    training.restore_best_weights()
    return training.history


def _never_stop() -> None:
    pass


class _StopCheck:
    """Raises TrainingStopped once *should_stop* returns true, and calls it only now and then."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self._next_call = 0.0

    def __call__(self) -> None:
        now = time.monotonic()
        if now >= self._next_call:
            if self._should_stop():
                raise TrainingStopped("the caller stopped the training")

            self._next_call = now + STOP_CHECK_SECONDS


class _TrainingState:
    """The state of a training between two epochs."""

    def __init__(
        self, network: Network, data: Data, options: Options, generator: np.random.Generator
    ) -> None:
        self.network = network
        self.data = data
        self.options = options
        self.generator = generator
        self.optimizer = OPTIMIZERS[options.optimizer](network.parameters)
        self.history = History()
        self.best_parameters = network.parameters.copy()

    @property
    def finished(self) -> bool:
        count, patience = len(self.history.epochs), self.options.patience
        if count >= self.options.epochs:
            return True
        return patience is not None and 0 < count >= patience + (self.history.best_epoch or 0)

    def run_epoch(self, check_stop: CheckStop) -> TrainedEpoch:
        """Train on every training sample once, then evaluate."""
        started = time.perf_counter()
        network, data, options = self.network, self.data, self.options
        epoch_number = len(self.history.epochs) + 1
        rate = options.learning_rate * SCHEDULES[options.schedule](
            (epoch_number - 1) / options.epochs
        )

        # An infinite loss is reported below.
        with np.errstate(over="ignore", invalid="ignore"):
            train_loss = train_batches(
                network,
                self.optimizer,
                data.train,
                options,
                rate,
                generator=self.generator,
                check_stop=check_stop,
            )
            validation_loss = compute_loss(network, data.validation, check_stop)
            accuracy = compute_accuracy(network, data.test, check_stop) if data.test else None

        if not (math.isfinite(train_loss) and math.isfinite(validation_loss)):
            raise NetworkError(
                f"the loss is no longer finite in epoch {epoch_number}: "
                f"choose a learning rate below {options.learning_rate:g}"
            )

        seconds = time.perf_counter() - started
        epoch = TrainedEpoch(epoch_number, train_loss, validation_loss, accuracy, seconds)
        self.history.epochs.append(epoch)
        if options.patience is not None:
            self._keep_if_best(epoch)

        return epoch

    def _keep_if_best(self, epoch: TrainedEpoch) -> None:
        best = self.history.best_epoch
        if best is None or epoch.validation_loss < self.history.epochs[best - 1].validation_loss:
            self.history.best_epoch = epoch.epoch
            self.best_parameters[...] = self.network.parameters

    def restore_best_weights(self) -> None:
        """With a patience, go back to the weights of the best epoch."""
        if self.history.best_epoch is not None:
            self.network.parameters[...] = self.best_parameters

    def _arrays(self) -> dict[str, Array]:
        arrays = {"parameters": self.network.parameters}
        for slot_name, array in self.optimizer.slots.items():
            arrays[f"slot_{slot_name}"] = array

        if self.options.patience is not None:
            arrays["best"] = self.best_parameters

        return arrays

    def checkpoint(self) -> bytes:
        """Return all that is needed to continue after the last finished epoch."""
        meta = {
            "network": self.network.config(),
            "options": self.options.as_dict(),
            "generator": self.generator.bit_generator.state,
            "steps": self.optimizer.steps,
            "epochs": [asdict(epoch) for epoch in self.history.epochs],
            "best_epoch": self.history.best_epoch,
        }
        return pack(meta, self._arrays())

    def restore(self, state: bytes) -> None:
        """Continue from a `checkpoint`. Raises NetworkError if it is another training's."""
        meta, arrays = unpack(state)
        training = {"network": self.network.config(), "options": self.options.as_dict()}
        if not training.items() <= meta.items():
            raise NetworkError(
                "the checkpoint belongs to a training with other options or data: "
                "start again without it"
            )

        copy_arrays(arrays, self._arrays())
        self.generator.bit_generator.state = meta["generator"]
        self.optimizer.steps = meta["steps"]
        self.history = History(
            [TrainedEpoch(**epoch) for epoch in meta["epochs"]], meta["best_epoch"]
        )


def train_batches(
    network: Network,
    optimizer: Optimizer,
    samples: Samples,
    options: Options,
    rate: float,
    *,
    generator: np.random.Generator,
    check_stop: CheckStop = _never_stop,
) -> float:
    """Train on mini-batches of *samples* in a new order.

    Returns the mean loss over the batches, each before its own step.
    """
    size = min(options.batch_size, len(samples))
    if isinstance(network, Recurrent):
        network.reset_state()
    if network.carry:
        order = _order_in_streams(len(samples), size)
    else:
        order = generator.permutation(len(samples))

    x, targets = samples.x, samples.y[order]
    outputs = np.empty_like(targets)
    buffer = np.empty((size, *x.shape[1:]), x.dtype)
    parameters, gradient = network.parameters, network.gradient
    clip, limit = CLIPS[options.clip_by or "norm"], options.clip
    decay = 1.0 - rate * options.weight_decay

    batches = zip(_split(order, size), _split(targets, size), _split(outputs, size), strict=True)
    for batch_rows, batch_targets, batch_outputs in batches:
        check_stop()
        batch = buffer if len(batch_rows) == size else buffer[: len(batch_rows)]
        # Any other mode makes a copy first.
        x.take(batch_rows, axis=0, out=batch, mode="clip")
        network.backpropagate(batch, batch_targets, batch_outputs)
        if limit is not None:
            clip(gradient, limit)
        if decay != 1.0:
            parameters *= decay

        optimizer.step(parameters, gradient, rate)

    return network.loss.value(outputs, targets)


def _split(array: Array, size: int) -> Iterator[Array]:
    """Yield views of *size* rows, then the rest; one reshape is faster than many slices."""
    end = len(array) // size * size
    yield from array[:end].reshape(-1, size, *array.shape[1:])
    if end < len(array):
        yield array[end:]


def _order_in_streams(row_count: int, size: int) -> Array:
    """Return an order in which row *i* of a batch of *size* follows row *i* of the batch before.

    An incomplete last batch is left out.
    """
    return np.arange(row_count // size * size).reshape(size, -1).T.ravel()


def predict(network: Network, samples: Samples, check_stop: CheckStop = _never_stop) -> Array:
    """Return the outputs for every sample; with a carried state window after window."""
    outputs = np.empty_like(samples.y)
    if isinstance(network, Recurrent) and network.carry:
        hidden_state = np.zeros((1, network.sizes[1]), network.dtype)
        for index, x in enumerate(samples.x):
            check_stop()
            outputs[index], hidden_state = network.forward_from(x[None], hidden_state)

        return outputs

    for start in range(0, len(samples), PREDICTION_ROWS):
        check_stop()
        batch_rows = slice(start, start + PREDICTION_ROWS)
        outputs[batch_rows] = network.forward(samples.x[batch_rows])

    return outputs


def compute_loss(network: Network, samples: Samples, check_stop: CheckStop = _never_stop) -> float:
    """Return the mean loss over *samples*."""
    return network.loss.value(predict(network, samples, check_stop), samples.y)


def compute_accuracy(
    network: Network, samples: Samples, check_stop: CheckStop = _never_stop
) -> float:
    """Return the fraction of *samples* whose largest output is the target's class."""
    predicted = predict(network, samples, check_stop).argmax(axis=1)
    return float(np.mean(predicted == samples.y.argmax(axis=1)))
