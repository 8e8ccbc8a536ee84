"""Seconds per epoch and accuracy of a 784-30-10 network on MNIST, beside other programs.

    OPENBLAS_NUM_THREADS=1 python bench/networks_feedforward.py FOLDER [--rounds 5] [--precision 32]

FOLDER (or the environment variable TIDINGS_REAL_DATA, whose folder ``digits`` is taken) holds
MNIST's four IDX files. All programs use mini-batches of 10, quadratic loss, sigmoid units and plain
gradient descent at rate 3 from the same weights, on one thread. They take turns, one epoch each, so
that other load on the machine affects all. Printed are the median of the epochs' processor seconds
and the accuracy after the rounds. PyTorch and scikit-learn are no part of this project; a program
that is not installed is left out (``pip install torch scikit-learn``).

scikit-learn has neither the quadratic loss nor sigmoid outputs for classes: it runs with its
cross-entropy and rate 0.5, the same layers, batch and precision.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # only has an effect before numpy is imported

import numpy as np  # noqa: E402 - see above

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from networks.data import Data  # noqa: E402 - as numpy
from networks.files import read_images  # noqa: E402
from networks.functions import Array  # noqa: E402
from networks.optimizers import SGD  # noqa: E402
from networks.presets import build_network, resolve_options  # noqa: E402
from networks.training import train_batches  # noqa: E402

BATCH, RATE = 10, 3.0
Weights = list[tuple[Array, Array]]
Contender = tuple[Callable[[], object], Callable[[Array], Array]]  # one epoch; outputs for rows


def main() -> None:
    parser = argparse.ArgumentParser(description="MNIST, 784-30-10, one thread.")
    parser.add_argument(
        "folder", nargs="?", default=os.environ.get("TIDINGS_REAL_DATA", "") + "/digits"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", type=int, choices=(32, 64), default=32)
    arguments = parser.parse_args()
    np.seterr(over="ignore")  # the per-sample program's plain sigmoid overflows, as its model did
    options = resolve_options(
        "feedforward", {"preset": "tutorial", "precision": arguments.precision}
    )
    data = read_images(arguments.folder, dtype=options.dtype)
    network = build_network(options, data.input_size, data.output_size, np.random.default_rng(1))
    start = [(w.copy(), b.copy()) for w, b in zip(network.weights, network.biases, strict=True)]

    def ours() -> Contender:
        generator, optimizer = np.random.default_rng(2), SGD(network.parameters)
        return lambda: train_batches(
            network, optimizer, data.train, options, RATE, generator=generator
        ), network.forward

    makers: dict[str, Callable[[], Contender]] = {
        "per-sample numpy program": lambda: per_sample(data, start),
        "ours": ours,
    }
    if importlib.util.find_spec("torch"):
        makers["PyTorch autograd"] = lambda: torch_autograd(data, start)
        makers["PyTorch, gradients by hand"] = lambda: torch_by_hand(data, start)
    else:
        print("PyTorch is not installed here: left out (pip install torch)")
    if importlib.util.find_spec("sklearn"):
        makers["scikit-learn"] = lambda: scikit(data)
    else:
        print("scikit-learn is not installed here: left out (pip install scikit-learn)")
    report({name: maker() for name, maker in makers.items()}, data, arguments.rounds)
    if importlib.util.find_spec("torch"):
        print(
            "largest relative difference of our gradient from PyTorch's (float64): "
            f"{torch_agreement():.1e}"
        )


def report(contenders: dict[str, Contender], data: Data, rounds: int) -> None:
    assert data.test is not None
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, (epoch, _outputs) in contenders.items():
            began = time.process_time()
            epoch()
            seconds[name].append(time.process_time() - began)
    ours = statistics.median(seconds["ours"])
    print(
        f"{rounds} rounds of one epoch each, {data.train.x.dtype}, {len(data.train)} samples, "
        f"batch {BATCH}, one thread"
    )
    print(f"{'':28}{'s an epoch':>12}{'best':>9}{'of ours':>9}{'accuracy':>10}")
    for name, (_epoch, outputs) in contenders.items():
        median = statistics.median(seconds[name])
        right = np.mean(outputs(data.test.x).argmax(axis=1) == data.test.y.argmax(axis=1))
        print(f"{name:28}{median:12.3f}{min(seconds[name]):9.3f}{median / ours:9.1f}{right:10.4f}")


def batches(data: Data, generator: np.random.Generator) -> Iterator[Array]:
    order = generator.permutation(len(data.train))
    return (order[at : at + BATCH] for at in range(0, len(order), BATCH))


def per_sample(data: Data, start: Weights) -> Contender:
    """Sample by sample, as a learner writes it: column vectors, their gradients summed."""
    weights, biases = [w.copy() for w, _ in start], [b.copy()[:, None] for _, b in start]
    samples = [(x[:, None], y[:, None]) for x, y in zip(data.train.x, data.train.y, strict=True)]
    generator = np.random.default_rng(2)

    def sigmoid(z: Array) -> Array:
        return 1.0 / (1.0 + np.exp(-z))

    def gradient(x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        activations, zs = [x], []
        for w, b in zip(weights, biases, strict=True):
            zs.append(np.dot(w, activations[-1]) + b)
            activations.append(sigmoid(zs[-1]))
        by_weights, by_biases = (
            [np.zeros_like(w) for w in weights],
            [np.zeros_like(b) for b in biases],
        )
        delta = (activations[-1] - y) * sigmoid(zs[-1]) * (1 - sigmoid(zs[-1]))
        by_biases[-1], by_weights[-1] = delta, np.dot(delta, activations[-2].T)
        for layer in range(2, len(weights) + 1):
            slope = sigmoid(zs[-layer]) * (1 - sigmoid(zs[-layer]))
            delta = np.dot(weights[-layer + 1].T, delta) * slope
            by_biases[-layer], by_weights[-layer] = delta, np.dot(delta, activations[-layer - 1].T)
        return by_weights, by_biases

    def epoch() -> None:
        nonlocal weights, biases
        for rows in batches(data, generator):
            sum_w, sum_b = [np.zeros_like(w) for w in weights], [np.zeros_like(b) for b in biases]
            for row in rows:
                by_weights, by_biases = gradient(*samples[row])
                sum_w = [total + one for total, one in zip(sum_w, by_weights, strict=True)]
                sum_b = [total + one for total, one in zip(sum_b, by_biases, strict=True)]
            weights = [
                w - (RATE / len(rows)) * total for w, total in zip(weights, sum_w, strict=True)
            ]
            biases = [
                b - (RATE / len(rows)) * total for b, total in zip(biases, sum_b, strict=True)
            ]

    def outputs(x: Array) -> Array:
        a = x.T
        for w, b in zip(weights, biases, strict=True):
            a = sigmoid(w @ a + b)
        return a.T

    return epoch, outputs


def torch_autograd(data: Data, start: Weights) -> Contender:
    import torch  # noqa: PLC0415 - may be missing

    torch.set_num_threads(1)
    layers = [torch.nn.Linear(w.shape[1], w.shape[0]) for w, _ in start]
    model = torch.nn.Sequential(layers[0], torch.nn.Sigmoid(), layers[1], torch.nn.Sigmoid())
    model.to(torch.from_numpy(data.train.x).dtype)
    with torch.no_grad():
        for layer, (w, b) in zip(layers, start, strict=True):
            layer.weight.copy_(torch.from_numpy(w))
            layer.bias.copy_(torch.from_numpy(b))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    x, y = torch.from_numpy(data.train.x), torch.from_numpy(data.train.y)
    torch.manual_seed(2)

    def epoch() -> None:
        order = torch.randperm(len(x))
        for at in range(0, len(x), BATCH):
            rows = order[at : at + BATCH]
            optimizer.zero_grad()
            loss = ((model(x[rows]) - y[rows]) ** 2).sum() / (2 * len(rows))
            loss.backward()
            optimizer.step()

    def outputs(x: Array) -> Array:
        with torch.no_grad():
            return np.asarray(model(torch.from_numpy(x)).numpy())

    return epoch, outputs


def torch_by_hand(data: Data, start: Weights) -> Contender:
    import torch  # noqa: PLC0415 - may be missing

    torch.set_num_threads(1)
    (w1, b1), (w2, b2) = [
        (torch.from_numpy(w.copy()), torch.from_numpy(b.copy())) for w, b in start
    ]
    x, y = torch.from_numpy(data.train.x), torch.from_numpy(data.train.y)
    torch.manual_seed(2)

    def epoch() -> None:
        with torch.no_grad():
            order = torch.randperm(len(x))
            for at in range(0, len(x), BATCH):
                rows = order[at : at + BATCH]
                batch = x[rows]
                hidden = torch.addmm(b1, batch, w1.T).sigmoid_()
                out = torch.addmm(b2, hidden, w2.T).sigmoid_()
                delta2 = (out - y[rows]) * out * (1 - out)
                delta1 = (delta2 @ w2) * hidden * (1 - hidden)
                step = -RATE / len(rows)
                w2.addmm_(delta2.T, hidden, alpha=step)
                b2.add_(delta2.sum(0), alpha=step)
                w1.addmm_(delta1.T, batch, alpha=step)
                b1.add_(delta1.sum(0), alpha=step)

    def outputs(x: Array) -> Array:
        hidden = torch.addmm(b1, torch.from_numpy(x), w1.T).sigmoid_()
        return np.asarray(torch.addmm(b2, hidden, w2.T).numpy())

    return epoch, outputs


def scikit(data: Data) -> Contender:
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 - may be missing

    model = MLPClassifier(
        (30,), activation="logistic", solver="sgd", alpha=0.0, batch_size=BATCH,
        learning_rate_init=0.5, momentum=0.0, random_state=2,
    )  # fmt: skip
    labels = data.train.y.argmax(axis=1)
    return lambda: model.partial_fit(
        data.train.x, labels, classes=np.arange(10)
    ), model.predict_proba


def torch_agreement() -> float:
    """Return the largest relative difference of our gradients from autograd's, for all losses."""
    import torch  # noqa: PLC0415 - may be missing

    generator, worst = np.random.default_rng(3), 0.0
    activations = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
    for name, activation in activations.items():
        for loss in ("quadratic", "cross-entropy"):
            options = resolve_options(
                "feedforward",
                {
                    "hidden": (20, 15),
                    "activation": name,
                    "loss": loss,
                    "precision": 64,
                    "initialiser": "glorot",
                },
            )
            network = build_network(options, 12, 4, generator)
            x, y = generator.standard_normal((10, 12)), np.eye(4)[generator.integers(0, 4, 10)]
            network.backpropagate(x, y, np.empty_like(y))
            parameters = {
                key: torch.tensor(array, requires_grad=True)
                for key, array in network.named_parameters().items()
            }
            a = torch.from_numpy(x)
            for layer in (1, 2, 3):
                z = a @ parameters[f"weights{layer}"].T + parameters[f"biases{layer}"]
                a = activation(z) if layer < 3 else z
            if loss == "quadratic":
                value = ((torch.sigmoid(a) - torch.from_numpy(y)) ** 2).sum() / 20
            else:
                value = torch.nn.functional.cross_entropy(a, torch.from_numpy(y))
            value.backward()
            order = [
                parameters[f"{kind}{layer}"].grad.numpy().ravel()
                for layer in (1, 2, 3)
                for kind in ("weights", "biases")
            ]
            theirs = np.concatenate(order)
            worst = max(
                worst, float(np.max(np.abs(network.gradient - theirs)) / np.max(np.abs(theirs)))
            )
    return worst


if __name__ == "__main__":
    main()
