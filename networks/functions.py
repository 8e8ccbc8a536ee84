"""Activations, losses and initialisers: small pure functions, and tables from name to function.

``z`` is what a layer computes before its activation (the last layer's are the logits), ``a`` the
activation's value and ``y`` the targets, each ``(rows, units)`` with one row per sample. With *out*
a value is written there; *out* may be the input. ``docs/networks.md`` derives each formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from networks.errors import NetworkError

T = TypeVar("T")
# The numbers have the network's precision, float32 or float64.
Array: TypeAlias = NDArray[Any]
Derivative: TypeAlias = Callable[[Array], Array]
Initialiser: TypeAlias = Callable[[tuple[int, int], np.random.Generator], Array]


@lru_cache
def _scalar(scalar: float, dtype: Any) -> Array:
    """Return *scalar* as an array without dimensions, which numpy takes faster than a number."""
    return np.array(scalar, dtype)


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """Return ``1 / (1 + exp(-z))``, as ``(1 + tanh(z / 2)) / 2``, which cannot overflow."""
    half = _scalar(0.5, z.dtype)
    a: Array = np.multiply(z, half, out=out)
    np.tanh(a, out=a)
    a += _scalar(1.0, z.dtype)
    a *= half
    return a


def sigmoid_derivative(a: Array) -> Array:
    """Return ``s'(z) = s(z) (1 - s(z))``, from ``a = s(z)``."""
    derivative: Array = np.subtract(_scalar(1.0, a.dtype), a)
    derivative *= a
    return derivative


def tanh(z: Array, out: Array | None = None) -> Array:
    """Return the hyperbolic tangent."""
    return np.asarray(np.tanh(z, out=out))


def tanh_derivative(a: Array) -> Array:
    """Return ``tanh'(z) = 1 - tanh(z)^2``, from ``a = tanh(z)``."""
    derivative: Array = np.multiply(a, a)
    np.subtract(_scalar(1.0, a.dtype), derivative, out=derivative)
    return derivative


def relu(z: Array, out: Array | None = None) -> Array:
    """Return ``max(z, 0)`` (Nair and Hinton, 2010)."""
    return np.asarray(np.maximum(z, 0.0, out=out))


def relu_derivative(a: Array) -> Array:
    """Return 1 where ``a = max(z, 0)`` is positive, else 0, also at the corner."""
    return (a > 0.0).astype(a.dtype)


def identity(z: Array, out: Array | None = None) -> Array:
    """Return ``z`` itself: the output of a network that forecasts a number."""
    return np.asarray(np.positive(z, out=out))


def softmax(z: Array, out: Array | None = None) -> Array:
    """Return ``exp(z_j) / sum_k exp(z_k)``, less the row's maximum so that it cannot overflow."""
    a = np.subtract(z, np.maximum.reduce(z, axis=1, keepdims=True), out=out)
    np.exp(a, out=a)
    a /= np.add.reduce(a, axis=1, keepdims=True)
    return a


class Activation(NamedTuple):
    """``value(z, out)``, and ``derivative(a)`` by ``z``, from the value."""

    value: Callable[..., Array]
    derivative: Derivative


# Hidden layers have one of these activations.
ACTIVATIONS = {
    "sigmoid": Activation(sigmoid, sigmoid_derivative),
    "tanh": Activation(tanh, tanh_derivative),
    "relu": Activation(relu, relu_derivative),
}

# The last layer has one of these. The derivative of softmax is part of
# `quadratic_softmax_gradient`.
OUTPUT_ACTIVATIONS: dict[str, Callable[..., Array]] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "identity": identity,
    "softmax": softmax,
}


def quadratic(a: Array, y: Array) -> float:
    """Return the mean of ``|a - y|^2 / 2`` (Nielsen, Neural Networks and Deep Learning, eq. 6)."""
    difference = a - y
    return float(np.sum(difference * difference, dtype=np.float64)) / (2 * len(a))


def categorical_cross_entropy(a: Array, y: Array) -> float:
    """Return the mean of ``-sum_j y_j ln a_j``; *a* is clipped by the precision's epsilon."""
    return -float(np.sum(y * np.log(_clip(a)), dtype=np.float64)) / len(a)


def binary_cross_entropy(a: Array, y: Array) -> float:
    """Return the mean of ``-sum_j [y_j ln a_j + (1 - y_j) ln(1 - a_j)]`` (Nielsen, eq. 63)."""
    a = _clip(a)
    return -float(np.sum(y * np.log(a) + (1.0 - y) * np.log(1.0 - a), dtype=np.float64)) / len(a)


def _clip(a: Array) -> Array:
    epsilon = np.finfo(a.dtype).eps
    return np.clip(a, epsilon, 1.0 - epsilon)


def difference_gradient(a: Array, y: Array) -> Array:
    """Return ``(a - y) / rows``, where the output's derivative cancels or is 1."""
    gradient: Array = np.subtract(a, y)
    gradient *= _scalar(1.0 / len(a), a.dtype)
    return gradient


def quadratic_gradient(derivative: Derivative, a: Array, y: Array) -> Array:
    """Return ``(a - y) f'(z) / rows``, where *derivative* gives ``f'(z)`` from ``a = f(z)``."""
    gradient = difference_gradient(a, y)
    gradient *= derivative(a)
    return gradient


def quadratic_softmax_gradient(a: Array, y: Array) -> Array:
    """Return ``a_j (g_j - sum_k g_k a_k) / rows``, ``g = a - y``: by softmax's Jacobian."""
    gradient = difference_gradient(a, y)
    gradient -= np.add.reduce(gradient * a, axis=1, keepdims=True)
    gradient *= a
    return gradient


class Loss(NamedTuple):
    """``value(a, y)``, the mean over rows, and ``gradient(a, y)``, its derivative by the logits."""

    value: Callable[[Array, Array], float]
    gradient: Callable[[Array, Array], Array]


LOSSES = {
    ("quadratic", "sigmoid"): Loss(quadratic, partial(quadratic_gradient, sigmoid_derivative)),
    ("quadratic", "tanh"): Loss(quadratic, partial(quadratic_gradient, tanh_derivative)),
    ("quadratic", "relu"): Loss(quadratic, partial(quadratic_gradient, relu_derivative)),
    ("quadratic", "identity"): Loss(quadratic, difference_gradient),
    ("quadratic", "softmax"): Loss(quadratic, quadratic_softmax_gradient),
    ("cross-entropy", "softmax"): Loss(categorical_cross_entropy, difference_gradient),
    ("cross-entropy", "sigmoid"): Loss(binary_cross_entropy, difference_gradient),
}


def normal(shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Draw from a standard normal, as in the tutorial; too wide for large layers."""
    return generator.standard_normal(shape)


def unit_uniform(shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Draw uniformly between 0 and 1, as in the recurrent tutorial; it saturates the units."""
    return generator.random(shape)


def glorot(shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Draw from a normal of variance ``2 / (in + out)`` (Glorot and Bengio, 2010, eq. 12)."""
    return generator.standard_normal(shape) * math.sqrt(2.0 / sum(shape))


def he(shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Draw from a normal of variance ``2 / in``, for ReLU (He et al., 2015, eq. 10)."""
    return generator.standard_normal(shape) * math.sqrt(2.0 / shape[1])


def orthogonal(shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Draw orthonormal rows or columns: Q of a normal matrix (Saxe et al., 2014), signed by R."""
    q, r = np.linalg.qr(generator.standard_normal((max(shape), min(shape))))
    q *= np.sign(np.diagonal(r))
    return np.asarray(q if shape[0] >= shape[1] else q.T)


# Weights are of shape (units out, units in).
INITIALISERS: dict[str, Initialiser] = {
    "normal": normal,
    "unit-uniform": unit_uniform,
    "glorot": glorot,
    "he": he,
    "orthogonal": orthogonal,
}


def look_up(table: Mapping[str, T], name: str, kind: str) -> T:
    """Return the entry of *table* called *name*. Raises NetworkError, which lists the names."""
    if name not in table:
        choices = ", ".join(sorted(table))
        raise NetworkError(f"there is no {kind} called {name!r}: choose one of {choices}")

    return table[name]


def look_up_loss(loss: str, output: str) -> Loss:
    """Return *loss* for the output activation *output*. Raises NetworkError if they do not fit."""
    if (loss, output) not in LOSSES:
        raise NetworkError(
            f"the loss {loss!r} does not go with the output {output!r}: "
            "choose quadratic, or cross-entropy with an output of softmax or sigmoid"
        )

    return LOSSES[loss, output]
