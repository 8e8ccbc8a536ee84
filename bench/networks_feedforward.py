"""Seconds per epoch and accuracy of a 784-30-10 network on MNIST, beside other programs.

    python bench/networks_feedforward.py [--folder FOLDER] [--rounds 5] [--precision 32]

FOLDER (by default `digits` in the folder that TIDINGS_REAL_DATA names) holds MNIST's four IDX
files. All programs use mini-batches of 10, quadratic loss, sigmoid units and plain gradient descent
at rate 3 from the same weights, on one thread. They take turns, one epoch each. Printed are the
processor seconds of an epoch and the accuracy after the rounds. PyTorch is no part of this project;
a program that is not installed is left out.

scikit-learn has neither the quadratic loss nor sigmoid outputs for classes: it runs with its
cross-entropy and rate 0.5, the same layers, batch and precision.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import harness
import numpy as np

from networks.data import Data
from networks.feedforward import FeedForward
from networks.files import read_images
from networks.functions import Array
from networks.optimizers import SGD
from networks.presets import Options, build_network, resolve_options
from networks.training import train_batches

BATCH, RATE = 10, 3.0
Weights = list[tuple[Array, Array]]


@dataclass(frozen=True)
class Contender:
    """A program that trains a network of its own."""

    train_epoch: Callable[[], object]
    outputs: Callable[[Array], Array]  # of the network, for rows of inputs


def main() -> None:
    options = harness.parse_options(__doc__, folder="", rounds=5, precision=32)
    folder = harness.real_data(options.folder, "digits")
    has_torch = harness.is_installed("torch", "torch")
    np.seterr(over="ignore")  # the per-sample program's plain sigmoid overflows, as its model did

    preset = {"preset": "tutorial", "precision": options.precision}
    network_options = resolve_options("feedforward", preset)
    data = read_images(folder, dtype=network_options.dtype)
    network = build_network(
        network_options, data.input_size, data.output_size, np.random.default_rng(1)
    )
    assert isinstance(network, FeedForward)
    start = [(w.copy(), b.copy()) for w, b in zip(network.weights, network.biases, strict=True)]

    contenders = {
        "per-sample numpy program": per_sample(data, start),
        "ours": ours(data, network, network_options),
    }
    if has_torch:
        contenders["PyTorch autograd"] = torch_autograd(data, start)
        contenders["PyTorch, gradients by hand"] = torch_by_hand(data, start)

    if harness.is_installed("sklearn", "scikit-learn"):
        contenders["scikit-learn"] = scikit(data)

    compare(contenders, data, options.rounds)
    if has_torch:
        difference = torch_agreement()
        harness.print_figure("our gradient's largest relative difference", [difference], "")


def compare(contenders: dict[str, Contender], data: Data, rounds: int) -> None:
    """Train the contenders in turn and print their seconds and accuracy."""
    assert data.test is not None
    labels = data.test.y.argmax(axis=1)
    epochs = {
        name: harness.timed(contender.train_epoch, time.process_time)
        for name, contender in contenders.items()
    }
    seconds = harness.take_turns(epochs, rounds=rounds)

    work = f"{rounds} epochs of {len(data.train):,} samples, {data.train.x.dtype}, one thread"
    harness.remark(work)
    for name, contender in contenders.items():
        accuracy = np.mean(contender.outputs(data.test.x).argmax(axis=1) == labels)
        harness.print_figure(
            name,
            seconds[name],
            "s an epoch",
            floor=median(seconds["ours"]),
            floor_name="ours",
            note=f"accuracy {accuracy:.4f}",
        )


def ours(data: Data, network: FeedForward, options: Options) -> Contender:
    generator, optimizer = np.random.default_rng(2), SGD(network.parameters)
    train_epoch = partial(
        train_batches, network, optimizer, data.train, options, RATE, generator=generator
    )
    return Contender(train_epoch, network.forward)


def train_epochs(step: Callable[[Any, Any], object], x: Any, y: Any) -> Callable[[], None]:
    return harness.epochs(step, x, y, size=BATCH, generator=np.random.default_rng(2))


def sigmoid(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


def per_sample(data: Data, start: Weights) -> Contender:
    """Sample by sample, as a learner writes it: column vectors, their gradients summed."""
    weights, biases = [w.copy() for w, _ in start], [b.copy()[:, None] for _, b in start]

    def gradient(x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        activations, zs = [x], []
        for w, b in zip(weights, biases, strict=True):
            zs.append(np.dot(w, activations[-1]) + b)
            activations.append(sigmoid(zs[-1]))

        by_weights = [np.zeros_like(w) for w in weights]
        by_biases = [np.zeros_like(b) for b in biases]
        delta = (activations[-1] - y) * sigmoid(zs[-1]) * (1 - sigmoid(zs[-1]))
        by_biases[-1], by_weights[-1] = delta, np.dot(delta, activations[-2].T)

        for layer in range(2, len(weights) + 1):
            slope = sigmoid(zs[-layer]) * (1 - sigmoid(zs[-layer]))
            delta = np.dot(weights[-layer + 1].T, delta) * slope
            by_biases[-layer], by_weights[-layer] = delta, np.dot(delta, activations[-layer - 1].T)

        return by_weights, by_biases

    def step(x: Array, y: Array) -> None:
        nonlocal weights, biases
        sum_w, sum_b = [np.zeros_like(w) for w in weights], [np.zeros_like(b) for b in biases]
        for row, target in zip(x, y, strict=True):
            by_weights, by_biases = gradient(row[:, None], target[:, None])
            sum_w = [total + part for total, part in zip(sum_w, by_weights, strict=True)]
            sum_b = [total + part for total, part in zip(sum_b, by_biases, strict=True)]

        rate = RATE / len(x)
        weights = [w - rate * total for w, total in zip(weights, sum_w, strict=True)]
        biases = [b - rate * total for b, total in zip(biases, sum_b, strict=True)]

    def outputs(x: Array) -> Array:
        a = x.T
        for w, b in zip(weights, biases, strict=True):
            a = sigmoid(w @ a + b)

        return a.T

    return Contender(train_epochs(step, data.train.x, data.train.y), outputs)


def torch_autograd(data: Data, start: Weights) -> Contender:
    import torch  # noqa: PLC0415 - may be missing

    layers = [torch.nn.Linear(w.shape[1], w.shape[0]) for w, _ in start]
    model = torch.nn.Sequential(layers[0], torch.nn.Sigmoid(), layers[1], torch.nn.Sigmoid())
    model.to(torch.from_numpy(data.train.x).dtype)
    with torch.no_grad():
        for layer, (w, b) in zip(layers, start, strict=True):
            layer.weight.copy_(torch.from_numpy(w))
            layer.bias.copy_(torch.from_numpy(b))

    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def step(x: Any, y: Any) -> None:
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).sum() / (2 * len(x))
        loss.backward()
        optimizer.step()

    def outputs(x: Array) -> Array:
        with torch.no_grad():
            return np.asarray(model(torch.from_numpy(x)).numpy())

    x, y = torch.from_numpy(data.train.x), torch.from_numpy(data.train.y)
    return Contender(train_epochs(step, x, y), outputs)


def torch_by_hand(data: Data, start: Weights) -> Contender:
    import torch  # noqa: PLC0415 - may be missing

    (w1, b1), (w2, b2) = [
        (torch.from_numpy(w.copy()), torch.from_numpy(b.copy())) for w, b in start
    ]

    @torch.no_grad()
    def step(x: Any, y: Any) -> None:
        hidden = torch.addmm(b1, x, w1.T).sigmoid_()
        out = torch.addmm(b2, hidden, w2.T).sigmoid_()
        delta2 = (out - y) * out * (1 - out)
        delta1 = (delta2 @ w2) * hidden * (1 - hidden)

        rate = RATE / len(x)
        w2.addmm_(delta2.T, hidden, alpha=-rate)
        b2.add_(delta2.sum(0), alpha=-rate)
        w1.addmm_(delta1.T, x, alpha=-rate)
        b1.add_(delta1.sum(0), alpha=-rate)

    def outputs(x: Array) -> Array:
        hidden = torch.addmm(b1, torch.from_numpy(x), w1.T).sigmoid_()
        return np.asarray(torch.addmm(b2, hidden, w2.T).numpy())

    x, y = torch.from_numpy(data.train.x), torch.from_numpy(data.train.y)
    return Contender(train_epochs(step, x, y), outputs)


def scikit(data: Data) -> Contender:
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 - may be missing

    model = MLPClassifier(
        (30,), activation="logistic", solver="sgd", alpha=0.0, batch_size=BATCH,
        learning_rate_init=0.5, momentum=0.0, random_state=2,
    )  # fmt: skip
    labels = data.train.y.argmax(axis=1)
    train_epoch = partial(model.partial_fit, data.train.x, labels, classes=np.arange(10))
    return Contender(train_epoch, model.predict_proba)


def torch_agreement() -> float:
    """Return the largest relative difference of our gradients from autograd's, in float64.

    Over every activation with every loss.
    """
    generator, worst = np.random.default_rng(3), 0.0

    for activation in ("sigmoid", "tanh", "relu"):
        for loss in ("quadratic", "cross-entropy"):
            overrides = {
                "hidden": (20, 15),
                "activation": activation,
                "loss": loss,
                "precision": 64,
                "initialiser": "glorot",
            }
            network = build_network(resolve_options("feedforward", overrides), 12, 4, generator)
            assert isinstance(network, FeedForward)
            x, y = generator.standard_normal((10, 12)), np.eye(4)[generator.integers(0, 4, 10)]
            network.backpropagate(x, y, np.empty_like(y))

            theirs = torch_gradient(network, activation, loss, x, y)
            difference = np.max(np.abs(network.gradient - theirs)) / np.max(np.abs(theirs))
            worst = max(worst, float(difference))

    return worst


def torch_gradient(network: FeedForward, activation: str, loss: str, x: Array, y: Array) -> Array:
    """Return autograd's gradient of *loss* in the order of our parameters."""
    import torch  # noqa: PLC0415 - may be missing

    parameters = {
        name: torch.tensor(array, requires_grad=True)
        for name, array in network.named_parameters().items()
    }
    a = torch.from_numpy(x)
    for layer in (1, 2, 3):
        z = a @ parameters[f"weights{layer}"].T + parameters[f"biases{layer}"]
        a = getattr(torch, activation)(z) if layer < 3 else z

    if loss == "quadratic":
        value = ((torch.sigmoid(a) - torch.from_numpy(y)) ** 2).sum() / 20
    else:
        value = torch.nn.functional.cross_entropy(a, torch.from_numpy(y))

    value.backward()

    gradients = []
    for layer in (1, 2, 3):
        for kind in ("weights", "biases"):
            gradients.append(parameters[f"{kind}{layer}"].grad.numpy().ravel())

    return np.concatenate(gradients)


if __name__ == "__main__":
    harness.use_one_thread()
    main()
