"""Gradients of both networks against central differences and against per-sample programs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from networks.errors import NetworkError
from networks.feedforward import FeedForward
from networks.functions import LOSSES
from networks.optimizers import SGD
from networks.recurrent import Recurrent


def numeric_gradient(
    loss: Callable[[], float], parameters: np.ndarray, step: float = 1e-6
) -> np.ndarray:
    gradient = np.zeros_like(parameters)
    for at in range(len(parameters)):
        kept = parameters[at]
        parameters[at] = kept + step
        above = loss()
        parameters[at] = kept - step
        gradient[at] = (above - loss()) / (2 * step)
        parameters[at] = kept

    return gradient


def relative(ours: np.ndarray, other: np.ndarray) -> float:
    return float(np.max(np.abs(ours - other)) / np.max(np.abs(other)))


@pytest.mark.parametrize(
    ("activation", "loss", "output"),
    [
        (activation, *pair)
        for activation, pair in product(("sigmoid", "tanh", "relu"), sorted(LOSSES))
    ],
)
def test_a_feedforward_gradient_is_right_for_every_activation_and_loss(
    activation: str, loss: str, output: str
) -> None:
    generator = np.random.default_rng(5)
    network = FeedForward(
        (4, 6, 5, 3), activation=activation, output=output, loss=loss, dtype=np.float64
    )
    network.initialise("normal", generator)
    network.biases[-1][...] += 2.0  # so that no output of ReLU is dead
    x, y = generator.standard_normal((7, 4)), np.eye(3)[generator.integers(0, 3, 7)]
    outputs = np.empty_like(y)
    network.backpropagate(x, y, outputs)
    numeric = numeric_gradient(
        lambda: network.loss.value(network.forward(x), y), network.parameters
    )
    assert relative(network.gradient, numeric) < 1e-6
    assert np.allclose(outputs, network.forward(x), rtol=1e-14)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (2, 3)])
def test_a_recurrent_gradient_is_right_through_all_of_time(
    activation: str, inputs: int, outputs: int
) -> None:
    network, x, y, outputs = recurrent(activation, inputs, outputs)
    network.backpropagate(x, y, outputs)
    numeric = numeric_gradient(
        lambda: network.loss.value(network.forward(x), y), network.parameters
    )
    assert relative(network.gradient, numeric) < 1e-6
    assert np.allclose(outputs, network.forward(x), rtol=1e-12)


@pytest.mark.parametrize("truncate", [1, 3, 11])
def test_a_truncated_gradient_takes_the_earlier_state_as_given(truncate: int) -> None:
    network, x, y, outputs = recurrent("tanh", 2, 2, truncate=truncate)
    cut = x.shape[1] - truncate
    _, given = network.forward_from(x[:, :cut], np.zeros((len(x), 5)))
    network.backpropagate(x, y, outputs)

    def loss() -> float:
        return network.loss.value(network.forward_from(x[:, cut:], given)[0], y)

    assert relative(network.gradient, numeric_gradient(loss, network.parameters)) < 1e-6


def test_truncating_beyond_the_window_is_the_full_gradient() -> None:
    full, x, y, outputs = recurrent("tanh", 1, 1)
    cut, *_ = recurrent("tanh", 1, 1, truncate=99)
    full.backpropagate(x, y, outputs)
    cut.backpropagate(x, y, outputs)
    assert np.array_equal(full.gradient, cut.gradient)


def recurrent(
    activation: str, inputs: int, outputs: int, truncate: int | None = None
) -> tuple[Recurrent, np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(6)
    network = Recurrent(
        inputs, 5, outputs, activation=activation, truncate=truncate, dtype=np.float64
    )
    network.initialise("orthogonal", generator)
    network.parameters += 0.1 * generator.standard_normal(
        len(network.parameters)
    )  # so that no bias is zero
    x, y = generator.standard_normal((4, 12, inputs)), generator.standard_normal((4, outputs))
    return network, x, y, np.empty_like(y)


def test_a_carried_state_goes_from_batch_to_batch_until_it_is_reset() -> None:
    generator = np.random.default_rng(7)
    network = Recurrent(1, 5, 1, carry=True, dtype=np.float64)
    network.initialise("glorot", generator)
    x, y = generator.standard_normal((3, 8, 1)), np.zeros((3, 1))
    whole = network.forward(x)
    first, second, again = np.empty_like(y), np.empty_like(y), np.empty_like(y)
    network.backpropagate(x[:, :4], y, first)
    network.backpropagate(x[:, 4:], y, second)
    assert np.allclose(second, whole, rtol=1e-12)
    network.reset_state()
    network.backpropagate(x[:, :4], y, again)
    assert np.array_equal(again, first)


def test_without_carrying_each_batch_starts_from_zero() -> None:
    network, x, y, outputs = recurrent("tanh", 1, 1)
    again = outputs.copy()
    network.backpropagate(x, y, outputs)
    network.backpropagate(x, y, again)
    assert np.array_equal(again, outputs)


def test_mini_batches_equal_a_program_that_works_sample_by_sample() -> None:
    generator = np.random.default_rng(8)
    network = FeedForward(
        (9, 7, 4), activation="sigmoid", output="sigmoid", loss="quadratic", dtype=np.float64
    )
    network.initialise("normal", generator)
    (w1, w2), (b1, b2) = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
    x, y = generator.random((40, 9)), np.eye(4)[generator.integers(0, 4, 40)]
    optimizer, rate = SGD(network.parameters), 3.0

    def sigmoid(z: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-z))

    for at in range(0, 40, 10):
        network.backpropagate(x[at : at + 10], y[at : at + 10], np.empty((10, 4)))
        optimizer.step(network.parameters, network.gradient, rate)
        sums = [np.zeros_like(part) for part in (w1, b1, w2, b2)]
        for sample, target in zip(x[at : at + 10], y[at : at + 10], strict=True):
            a1 = sigmoid(w1 @ sample + b1)
            a2 = sigmoid(w2 @ a1 + b2)
            d2 = (a2 - target) * a2 * (1 - a2)
            d1 = (w2.T @ d2) * a1 * (1 - a1)
            parts = (np.outer(d1, sample), d1, np.outer(d2, a1), d2)
            sums = [total + part for total, part in zip(sums, parts, strict=True)]

        w1, b1, w2, b2 = (
            part - rate / 10 * total for part, total in zip((w1, b1, w2, b2), sums, strict=True)
        )

    ours = np.concatenate(
        [
            network.weights[0].ravel(),
            network.biases[0],
            network.weights[1].ravel(),
            network.biases[1],
        ]
    )
    theirs = np.concatenate([w1.ravel(), b1, w2.ravel(), b2])
    assert np.abs(ours - theirs).max() < 1e-12


@pytest.mark.parametrize("truncate", [None, 5])
def test_batches_of_windows_equal_a_program_that_works_window_by_window(
    truncate: int | None,
) -> None:
    generator = np.random.default_rng(9)
    network = Recurrent(1, 6, 1, activation="tanh", truncate=truncate, dtype=np.float64)
    network.initialise("glorot", generator)
    parts = {name: array.copy() for name, array in network.named_parameters().items()}
    series = np.sin(np.arange(60.0))
    windows = np.stack([series[at : at + 20] for at in range(40)])[:, :, None]
    targets = series[20:60, None]
    optimizer, rate = SGD(network.parameters), 0.05
    for at in range(0, 40, 10):
        network.backpropagate(windows[at : at + 10], targets[at : at + 10], np.empty((10, 1)))
        optimizer.step(network.parameters, network.gradient, rate)
        sums = {name: np.zeros_like(array) for name, array in parts.items()}
        for window, target in zip(windows[at : at + 10], targets[at : at + 10], strict=True):
            for name, gradient in window_gradient(parts, window, target, truncate or 20).items():
                sums[name] += gradient

        for name, total in sums.items():
            parts[name] -= rate / 10 * total

    assert (
        max(np.abs(array - parts[name]).max() for name, array in network.named_parameters().items())
        < 1e-12
    )


def window_gradient(
    parts: dict[str, np.ndarray], window: np.ndarray, target: np.ndarray, depth: int
) -> dict[str, np.ndarray]:
    states = [np.zeros(6)]
    for x in window:
        states.append(
            np.tanh(
                states[-1] @ parts["recurrent_weights"]
                + x @ parts["input_weights"]
                + parts["biases"]
            )
        )

    error = states[-1] @ parts["output_weights"] + parts["output_biases"] - target
    gradient = {name: np.zeros_like(array) for name, array in parts.items()}
    gradient["output_weights"] += np.outer(states[-1], error)
    gradient["output_biases"] += error
    back = parts["output_weights"] @ error
    for step in range(len(window) - 1, len(window) - 1 - depth, -1):
        delta = back * (1 - states[step + 1] ** 2)
        gradient["recurrent_weights"] += np.outer(states[step], delta)
        gradient["input_weights"] += np.outer(window[step], delta)
        gradient["biases"] += delta
        back = parts["recurrent_weights"] @ delta

    return gradient


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_stays_in_its_precision(dtype: type) -> None:
    network = FeedForward((3, 4, 2), dtype=dtype)
    network.initialise("he", np.random.default_rng(1))
    x, y = np.ones((5, 3), dtype), np.eye(2, dtype=dtype)[[0, 1, 0, 1, 0]]
    outputs = np.empty_like(y)
    network.backpropagate(x, y, outputs)
    assert {network.parameters.dtype, network.gradient.dtype, network.forward(x).dtype} == {
        np.dtype(dtype)
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FeedForward((3,)), "make no network"),
        (lambda: FeedForward((3, 0, 2)), "make no network"),
        (lambda: FeedForward((3, 2), activation="swish"), "no activation called 'swish'"),
        (lambda: Recurrent(1, 0, 1), "make no network"),
        (lambda: Recurrent(1, 5, 1, truncate=0), "leaves nothing to learn from"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        make()
