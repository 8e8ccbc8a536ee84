"""Every derivative against central differences, every formula against a value by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.errors import NetworkError
from networks.functions import (
    ACTIVATIONS,
    INITIALISERS,
    LOSSES,
    OUTPUT_ACTIVATIONS,
    identity,
    look_up_loss,
    sigmoid,
    softmax,
)

STEP = 1e-6


def relative(ours: np.ndarray, numeric: np.ndarray) -> float:
    return float(np.max(np.abs(ours - numeric)) / max(np.max(np.abs(numeric)), 1e-12))


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_an_activations_derivative_is_right(name: str) -> None:
    activation = ACTIVATIONS[name]
    z = np.random.default_rng(1).standard_normal((6, 5))
    numeric = (activation.value(z + STEP) - activation.value(z - STEP)) / (2 * STEP)
    assert relative(activation.derivative(activation.value(z)), numeric) < 1e-8


def test_the_identity_returns_its_input() -> None:
    z = np.array([[-2.0, 3.0]])
    assert identity(z).tolist() == [[-2.0, 3.0]]


@pytest.mark.parametrize(("loss", "output"), sorted(LOSSES))
def test_a_losss_gradient_is_its_derivative_by_the_logits(loss: str, output: str) -> None:
    generator = np.random.default_rng(2)
    z, y = generator.standard_normal((4, 3)), np.eye(3)[[0, 2, 1, 1]]
    value, gradient = LOSSES[loss, output]
    numeric = np.zeros_like(z)
    for at in np.ndindex(z.shape):
        above, below = z.copy(), z.copy()
        above[at] += STEP
        below[at] -= STEP
        numeric[at] = (
            value(OUTPUT_ACTIVATIONS[output](above), y)
            - value(OUTPUT_ACTIVATIONS[output](below), y)
        ) / (2 * STEP)

    assert relative(gradient(OUTPUT_ACTIVATIONS[output](z), y), numeric) < 1e-8


def test_losses_have_the_values_of_their_formulas() -> None:
    a, y = np.array([[0.8, 0.2], [0.5, 0.5]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    assert look_up_loss("quadratic", "sigmoid").value(a, y) == pytest.approx((0.08 + 0.5) / 2 / 2)
    assert look_up_loss("cross-entropy", "softmax").value(a, y) == pytest.approx(
        -(math.log(0.8) + math.log(0.5)) / 2
    )
    assert look_up_loss("cross-entropy", "sigmoid").value(a, y) == pytest.approx(
        -(2 * math.log(0.8) + 2 * math.log(0.5)) / 2
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(OUTPUT_ACTIVATIONS))
def test_large_inputs_neither_overflow_nor_change_the_precision(name: str, dtype: type) -> None:
    z = np.array([[-1e4, 0.0, 1e4]], dtype)
    a = OUTPUT_ACTIVATIONS[name](z)
    assert a.dtype == dtype
    assert np.all(np.isfinite(a))
    assert z.tolist() == [[-1e4, 0.0, 1e4]]


@pytest.mark.parametrize(
    "loss_output", [("cross-entropy", "softmax"), ("cross-entropy", "sigmoid")]
)
def test_a_certain_and_wrong_answer_costs_much_but_not_infinitely(
    loss_output: tuple[str, str],
) -> None:
    value = look_up_loss(*loss_output).value(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    assert 30 < value < 100


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.floats(-100, 100))
def test_softmax_sums_to_one_and_ignores_a_shift(values: list[float], shift: float) -> None:
    z = np.array([values])
    assert softmax(z).sum() == pytest.approx(1.0)
    assert np.allclose(softmax(z), softmax(z + shift), atol=1e-6)


def test_sigmoid_has_the_values_of_its_definition() -> None:
    z = np.linspace(-5, 5, 11)[None]
    assert np.allclose(sigmoid(z), 1 / (1 + np.exp(-z)), rtol=1e-14)


def test_an_out_array_receives_the_values() -> None:
    z = np.array([[-1.0, 2.0]])
    for function in OUTPUT_ACTIVATIONS.values():
        out = np.empty_like(z)
        assert function(z, out) is out
        assert np.array_equal(out, function(z))


@pytest.mark.parametrize(
    ("name", "mean", "deviation"),
    [
        ("normal", 0.0, 1.0),
        ("unit-uniform", 0.5, math.sqrt(1 / 12)),
        ("glorot", 0.0, math.sqrt(2 / 500)),
        ("he", 0.0, math.sqrt(2 / 300)),
        ("orthogonal", 0.0, math.sqrt(1 / 300)),
    ],
)
def test_an_initialiser_has_the_deviation_of_its_formula(
    name: str, mean: float, deviation: float
) -> None:
    drawn = INITIALISERS[name]((200, 300), np.random.default_rng(3))
    assert drawn.shape == (200, 300)
    assert drawn.mean() == pytest.approx(mean, abs=0.02)
    assert drawn.std() == pytest.approx(deviation, rel=0.02)


@pytest.mark.parametrize("shape", [(4, 6), (6, 4)])
def test_orthogonal_weights_are_orthonormal_along_the_shorter_side(shape: tuple[int, int]) -> None:
    drawn = INITIALISERS["orthogonal"](shape, np.random.default_rng(4))
    product = drawn @ drawn.T if shape[0] < shape[1] else drawn.T @ drawn
    assert np.allclose(product, np.eye(4), atol=1e-12)


def test_a_loss_that_does_not_go_with_an_output_is_refused() -> None:
    with pytest.raises(
        NetworkError, match="'cross-entropy' does not go with the output 'identity'"
    ):
        look_up_loss("cross-entropy", "identity")
