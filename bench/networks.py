"""Seconds per epoch of both networks, beside the per-sample programs that a learner writes.

    python bench/networks.py [--folder FOLDER] [--rounds 5] [--precision 32] [--seeds 5]

Feedforward: 784-30-10 on MNIST, mini-batches of 10, quadratic loss, sigmoid units, plain gradient
descent at rate 3. FOLDER (by default `digits` in the folder that TIDINGS_REAL_DATA names) holds
MNIST's four IDX files; without them this part is left out. scikit-learn has neither the quadratic
loss nor sigmoid outputs for classes: it runs with its cross-entropy and rate 0.5.

Recurrent: a sine, hidden 100 (tanh), windows of 50, mini-batches of 10, plain gradient descent;
errors go back through all 50 steps. Then the standard preset is trained to its end for some seeds:
its seconds and validation RMSE, and the simple forecasts.

The programs start with the same weights, on one thread, and take turns, one epoch each. Printed are
processor seconds of an epoch, and the accuracy after the rounds. That the gradients are right is
for `tests/unit/test_networks_gradients.py`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from typing import TypeVar

import harness
import numpy as np
from sklearn.neural_network import MLPClassifier

from networks.data import Data, sample_sine, window_series
from networks.feedforward import FeedForward
from networks.files import read_images
from networks.functions import Array
from networks.optimizers import SGD
from networks.presets import Options, build_network, resolve_options
from networks.recurrent import Recurrent
from networks.results import evaluate
from networks.training import train, train_batches

BATCH = 10
FEEDFORWARD_RATE, SCIKIT_RATE = 3.0, 0.5
RECURRENT_RATE, STEPS, HIDDEN = 0.01, 50, 100
NAMES = ("recurrent_weights", "input_weights", "biases", "output_weights", "output_biases")

Epoch = Callable[[], object]
Outputs = Callable[[Array], Array]
AnyNetwork = TypeVar("AnyNetwork", FeedForward, Recurrent)


def main() -> None:
    options = harness.parse_options(__doc__, folder="", rounds=5, precision=32, seeds=5)
    # The per-sample program's plain sigmoid overflows.
    np.seterr(over="ignore")

    compare_recurrent(options.rounds, options.precision)
    train_standard_preset(options.seeds)
    if options.folder or "TIDINGS_REAL_DATA" in os.environ:
        compare_feedforward(options.folder, options.rounds, options.precision)


def compare_feedforward(folder: str, rounds: int, precision: int) -> None:
    """Train the programs on MNIST in turn; print their seconds and accuracies."""
    preset = {"preset": "tutorial", "precision": precision}
    network_options = resolve_options("feedforward", preset)
    data = read_images(harness.real_data(folder, "digits"), dtype=network_options.dtype)
    assert data.test is not None
    rng = np.random.default_rng(1)
    network = build_network(network_options, data.input_size, data.output_size, rng)
    assert isinstance(network, FeedForward)

    learners, outputs = train_each_digit(data, network)
    scikit = MLPClassifier(
        (30,),
        activation="logistic",
        solver="sgd",
        alpha=0.0,
        batch_size=BATCH,
        learning_rate_init=SCIKIT_RATE,
        momentum=0.0,
        random_state=2,
    )
    labels = data.train.y.argmax(axis=1)
    epochs: dict[str, Epoch] = {
        "per-sample numpy program": learners,
        "ours": train_ours(data, network, network_options, FEEDFORWARD_RATE),
        "scikit-learn": partial(scikit.partial_fit, data.train.x, labels, classes=np.arange(10)),
    }
    seconds = take_turns(epochs, rounds)

    readings: dict[str, Outputs] = {
        "per-sample numpy program": outputs,
        "ours": network.forward,
        "scikit-learn": scikit.predict_proba,
    }
    test_labels = data.test.y.argmax(axis=1)
    for name, read_outputs in readings.items():
        accuracy = np.mean(read_outputs(data.test.x).argmax(axis=1) == test_labels)
        note = f"accuracy {accuracy:.4f} after {rounds} epochs"
        print_epochs(f"MNIST, {name}", seconds[name], seconds["ours"], note)


def compare_recurrent(rounds: int, precision: int) -> None:
    """Train the programs on the sine in turn; print their seconds."""
    overrides = {"optimizer": "sgd", "clip": "none", "precision": precision}
    network_options = resolve_options("recurrent", overrides)
    data = make_sine_windows(network_options)
    network = build_network(network_options, 1, 1, np.random.default_rng(1))
    assert isinstance(network, Recurrent)

    epochs = {
        "per-sample numpy program": train_each_window(data, network),
        "ours": train_ours(data, network, network_options, RECURRENT_RATE),
    }
    seconds = take_turns(epochs, rounds)
    for name, samples in seconds.items():
        print_epochs(f"sine, {name}", samples, seconds["ours"])


def train_standard_preset(seeds: int) -> None:
    """Train the standard preset for some seeds and print its times and errors."""
    errors, seconds = [], []

    for seed in range(seeds):
        options = resolve_options("recurrent", {"seed": seed})
        data = make_sine_windows(options)
        generator = np.random.default_rng(seed)
        network = build_network(options, 1, 1, generator)
        work = partial(train, network, data, options, generator=generator)

        seconds.append(harness.timed(work, time.process_time)())
        results = evaluate(network, data)
        assert results.validation_rmse is not None
        errors.append(results.validation_rmse)

    harness.print_figure("sine, standard preset, 300 epochs", seconds, "s")
    simple = results.baselines
    assert simple is not None
    note = f"of simple forecasts: {simple.mean:.2g} mean, {simple.last:.2g} last value"
    harness.print_figure("  its validation RMSE", errors, "", note=note)


def make_sine_windows(options: Options) -> Data:
    return window_series(sample_sine(), STEPS, dtype=options.dtype, standardise=False)


def take_turns(epochs: Mapping[str, Epoch], rounds: int) -> dict[str, list[float]]:
    timed = {name: harness.timed(epoch, time.process_time) for name, epoch in epochs.items()}
    return harness.take_turns(timed, rounds=rounds)


def print_epochs(name: str, samples: list[float], ours: list[float], note: str = "") -> None:
    harness.print_figure(
        name, samples, "s an epoch", floor=median(ours), floor_name="ours", note=note
    )


def train_ours(data: Data, network: AnyNetwork, options: Options, rate: float) -> Epoch:
    optimizer, generator = SGD(network.parameters), np.random.default_rng(2)
    return partial(
        train_batches, network, optimizer, data.train, options, rate, generator=generator
    )


def train_by_steps(data: Data, step: Callable[[Array, Array], object]) -> Epoch:
    """Return a function that calls *step* with the mini-batches of an epoch, in a new order."""
    x, y, generator = data.train.x, data.train.y, np.random.default_rng(2)

    def train_epoch() -> None:
        order = generator.permutation(len(x))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            step(x[rows], y[rows])

    return train_epoch


def sigmoid(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


def train_each_digit(data: Data, network: FeedForward) -> tuple[Epoch, Outputs]:
    """Sample by sample, as a learner writes it: column vectors, their gradients summed."""
    weights = [w.copy() for w in network.weights]
    biases = [b.copy()[:, None] for b in network.biases]

    def gradient(x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        activations = [x]
        for w, b in zip(weights, biases, strict=True):
            activations.append(sigmoid(np.dot(w, activations[-1]) + b))

        slopes = [a * (1 - a) for a in activations[1:]]
        deltas = [(activations[-1] - y) * slopes[-1]]
        for w, slope in zip(reversed(weights[1:]), reversed(slopes[:-1]), strict=True):
            deltas.insert(0, np.dot(w.T, deltas[0]) * slope)

        inputs = activations[:-1]
        return [np.dot(d, a.T) for d, a in zip(deltas, inputs, strict=True)], deltas

    def step(x: Array, y: Array) -> None:
        sums_w, sums_b = [np.zeros_like(w) for w in weights], [np.zeros_like(b) for b in biases]
        for row, target in zip(x, y, strict=True):
            by_weights, by_biases = gradient(row[:, None], target[:, None])
            for total, part in zip(sums_w + sums_b, by_weights + by_biases, strict=True):
                total += part  # noqa: PLW2901 - in place

        for part, total in zip(weights + biases, sums_w + sums_b, strict=True):
            part -= FEEDFORWARD_RATE / len(x) * total  # noqa: PLW2901 - in place

    def outputs(x: Array) -> Array:
        a = x.T
        for w, b in zip(weights, biases, strict=True):
            a = sigmoid(w @ a + b)

        return a.T

    return train_by_steps(data, step), outputs


def train_each_window(data: Data, network: Recurrent) -> Epoch:
    """Window by window, step by step: one vector through time and back."""
    start = network.named_parameters()
    u, v, b, w, c = (start[name].copy() for name in NAMES)

    def add_gradients(sums: list[Array], window: Array, target: Array) -> None:
        states = [np.zeros(HIDDEN, u.dtype)]
        for x in window:
            states.append(np.tanh(np.dot(states[-1], u) + np.dot(x, v) + b))

        error = np.dot(states[-1], w) + c - target
        sums[3] += np.outer(states[-1], error)
        sums[4] += error
        back = np.dot(w, error)
        for step in reversed(range(STEPS)):
            delta = back * (1 - states[step + 1] ** 2)
            sums[0] += np.outer(states[step], delta)
            sums[1] += np.outer(window[step], delta)
            sums[2] += delta
            back = np.dot(u, delta)

    def step(x: Array, y: Array) -> None:
        sums = [np.zeros_like(part) for part in (u, v, b, w, c)]
        for window, target in zip(x, y, strict=True):
            add_gradients(sums, window, target)

        for part, total in zip((u, v, b, w, c), sums, strict=True):
            np.subtract(part, RECURRENT_RATE / len(x) * total, out=part)

    return train_by_steps(data, step)


if __name__ == "__main__":
    harness.use_one_thread()
    main()
