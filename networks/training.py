"""One loop that trains either network: mini-batches, a callback an epoch, checkpoints that resume to the last bit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from networks.data import Data, Samples
from networks.errors import NetworkError, TrainingStopped
from networks.feedforward import FeedForward
from networks.functions import Array
from networks.optimizers import CLIPS, OPTIMIZERS, SCHEDULES, Optimizer
from networks.presets import Options
from networks.recurrent import Recurrent
from networks.storage import fill, pack, unpack

ASK_EVERY = 0.2  # seconds between two looks at whether to stop
ROWS_AT_ONCE = 1000  # when a network is only asked, not trained

Network = FeedForward | Recurrent


@dataclass(frozen=True)
class Epoch:
    """The figures of one epoch, which counts from 1.

    *train_loss* is the mean over the epoch's mini-batches, each before its own step; *validation_loss* and *accuracy*
    (the fraction of the test samples that are right; None without a test set) are of the weights at the epoch's end.
    """

    epoch: int
    train_loss: float
    validation_loss: float
    accuracy: float | None
    seconds: float


@dataclass
class History:
    """The epochs so far; *best_epoch* is the one whose weights were kept, where a patience was asked for."""

    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int | None = None


def train(
    network: Network,
    data: Data,
    options: Options,
    *,
    generator: np.random.Generator,
    state: bytes | None = None,
    on_epoch: Callable[[Epoch, Callable[[], bytes]], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> History:
    """Train *network* in place, from where it is or from *state*, to the end of ``options.epochs``.

    After each epoch *on_epoch* is called with its figures and with a function that gives the checkpoint to be passed
    as *state* later; the final weights are then the same, bit for bit, as if nothing had happened in between.
    *should_stop* is asked several times a second, between mini-batches; TrainingStopped is raised once it says yes.
    Whatever the two raise themselves goes through. Raises NetworkError where a loss is no longer finite, or *state*
    belongs to another training.
    """
    training = _Training(network, data, options, generator)
    if state is not None:
        training.restore(state)
    stop = _Asker(should_stop)
    while not training.finished:
        epoch = training.run_epoch(stop)
        if on_epoch is not None:
            on_epoch(epoch, training.checkpoint)
    training.keep_best()
    return training.history


class _Asker:
    """Asks *should_stop*, but no more often than is of use."""

    def __init__(self, should_stop: Callable[[], bool] | None) -> None:
        self._should_stop = should_stop
        self._next = 0.0

    def __call__(self) -> None:
        if self._should_stop is None:
            return
        now = time.monotonic()
        if now >= self._next:
            if self._should_stop():
                raise TrainingStopped("the training was asked to stop")
            self._next = now + ASK_EVERY


class _Training:
    """A training between two epochs: the network, the rule's memory, the generator, the history, the best weights."""

    def __init__(
        self, network: Network, data: Data, options: Options, generator: np.random.Generator
    ) -> None:
        self.network = network
        self.data = data
        self.options = options
        self.generator = generator
        self.optimizer = OPTIMIZERS[options.optimizer](network.parameters)
        self.history = History()
        self.best = network.parameters.copy()

    @property
    def finished(self) -> bool:
        done, patience = len(self.history.epochs), self.options.patience
        waited = done - (self.history.best_epoch or 0)
        return done >= self.options.epochs or (
            patience is not None and done > 0 and waited >= patience
        )

    def run_epoch(self, stop: Callable[[], None]) -> Epoch:
        """One pass over the training samples, then the figures."""
        began = time.perf_counter()
        options, done = self.options, len(self.history.epochs)
        rate = options.learning_rate * SCHEDULES[options.schedule](done / options.epochs)
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # a loss that is not finite is told below, once
            train_loss = run_batches(
                self.network,
                self.optimizer,
                self.data.train,
                options,
                rate,
                generator=self.generator,
                stop=stop,
            )
            validation_loss = loss_on(self.network, self.data.validation, stop)
            accuracy = accuracy_on(self.network, self.data.test, stop) if self.data.test else None
        if not (math.isfinite(train_loss) and math.isfinite(validation_loss)):
            raise NetworkError(
                f"the loss is no longer finite in epoch {done + 1}: "
                f"choose a learning rate below {options.learning_rate:g}"
            )
        epoch = Epoch(done + 1, train_loss, validation_loss, accuracy, time.perf_counter() - began)
        self.history.epochs.append(epoch)
        self._note_best(epoch)
        return epoch

    def _note_best(self, epoch: Epoch) -> None:
        if self.options.patience is None:
            return
        best = self.history.best_epoch
        if best is None or epoch.validation_loss < self.history.epochs[best - 1].validation_loss:
            self.history.best_epoch = epoch.epoch
            self.best[...] = self.network.parameters

    def keep_best(self) -> None:
        """With a patience, the best epoch's weights are the result."""
        if self.history.best_epoch is not None:
            self.network.parameters[...] = self.best

    def _arrays(self) -> dict[str, Array]:
        slots = {f"slot_{name}": array for name, array in self.optimizer.slots.items()}
        best = {"best": self.best} if self.options.patience is not None else {}
        return {"parameters": self.network.parameters, **slots, **best}

    def checkpoint(self) -> bytes:
        """All that is needed to go on after the last finished epoch."""
        meta = {
            "network": self.network.description(),
            "options": self.options.as_dict(),
            "generator": self.generator.bit_generator.state,
            "steps": self.optimizer.steps,
            "epochs": [asdict(epoch) for epoch in self.history.epochs],
            "best_epoch": self.history.best_epoch,
        }
        return pack(meta, self._arrays())

    def restore(self, state: bytes) -> None:
        """Go back to where `checkpoint` was called. Raises NetworkError where it was another training's."""
        meta, arrays = unpack(state)
        if (
            meta.get("options") != self.options.as_dict()
            or meta.get("network") != self.network.description()
        ):
            raise NetworkError(
                "the checkpoint belongs to a training with other options or data: start again without it"
            )
        fill(self._arrays(), arrays)
        self.generator.bit_generator.state = meta["generator"]
        self.optimizer.steps = meta["steps"]
        self.history = History([Epoch(**epoch) for epoch in meta["epochs"]], meta["best_epoch"])


def run_batches(
    network: Network,
    optimizer: Optimizer,
    samples: Samples,
    options: Options,
    rate: float,
    *,
    generator: np.random.Generator,
    stop: Callable[[], None] = lambda: None,
) -> float:
    """One pass of mini-batches over *samples* in a new order; the mean loss, each batch's before its step."""
    size = min(options.batch_size, len(samples))
    order = (
        _in_streams(len(samples), size) if network.carry else generator.permutation(len(samples))
    )
    if isinstance(network, Recurrent):
        network.reset()
    x, targets = samples.x, samples.y[order]
    outputs = np.empty_like(targets)
    batch = np.empty((size, *x.shape[1:]), x.dtype)
    parameters, gradient = network.parameters, network.gradient
    clip, limit = CLIPS[options.clip_by or "norm"], options.clip
    keep = 1.0 - rate * options.weight_decay
    for rows, wanted, said in zip(
        _cut(order, size), _cut(targets, size), _cut(outputs, size), strict=True
    ):
        stop()
        taken = batch if len(rows) == size else batch[: len(rows)]
        x.take(rows, axis=0, out=taken, mode="clip")  # any other mode makes a copy first
        network.backpropagate(taken, wanted, said)
        if limit is not None:
            clip(gradient, limit)
        if keep != 1.0:
            parameters *= keep
        optimizer.step(parameters, gradient, rate)
    return network.cost.value(outputs, targets)


def _cut(array: Array, size: int) -> Iterator[Array]:
    """Views of *size* rows at a time, then the rest; by one reshape, which is faster than slice after slice."""
    whole = len(array) // size * size
    yield from array[:whole].reshape(-1, size, *array.shape[1:])
    if whole < len(array):
        yield array[whole:]


def _in_streams(rows: int, size: int) -> Array:
    """An order in which row *i* of each batch of *size* follows row *i* of the one before; the odd rest is left out."""
    return np.arange(rows // size * size).reshape(size, -1).T.ravel()


def outputs_on(
    network: Network, samples: Samples, stop: Callable[[], None] = lambda: None
) -> Array:
    """What *network* says of every sample, some rows at a time; with a carried state window after window."""
    if isinstance(network, Recurrent) and network.carry:
        return _outputs_in_turn(network, samples, stop)
    outputs = np.empty_like(samples.y)
    for start in range(0, len(samples), ROWS_AT_ONCE):
        stop()
        outputs[start : start + ROWS_AT_ONCE] = network.outputs(
            samples.x[start : start + ROWS_AT_ONCE]
        )
    return outputs


def _outputs_in_turn(network: Recurrent, samples: Samples, stop: Callable[[], None]) -> Array:
    outputs, state = np.empty_like(samples.y), np.zeros((1, network.sizes[1]), network.dtype)
    for row in range(len(samples)):
        stop()
        outputs[row], state = network.outputs_from(samples.x[row : row + 1], state)
    return outputs


def loss_on(network: Network, samples: Samples, stop: Callable[[], None] = lambda: None) -> float:
    """The mean loss over *samples*."""
    return network.cost.value(outputs_on(network, samples, stop), samples.y)


def accuracy_on(
    network: Network, samples: Samples, stop: Callable[[], None] = lambda: None
) -> float:
    """The fraction of *samples* whose largest output is at the wanted class."""
    said: Any = outputs_on(network, samples, stop).argmax(axis=1)
    return float(np.mean(said == samples.y.argmax(axis=1)))
