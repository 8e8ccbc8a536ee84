"""Activations, costs and initialisers: small pure functions, and dictionaries from name to function.

Shapes: ``z``, ``a`` and ``y`` are ``(rows, units)``, one row per sample. ``docs/networks.md`` derives each formula.
An ``out`` array may be given to spare an allocation (it may be the input itself); without it nothing is changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from networks.errors import NetworkError

Array: TypeAlias = NDArray[Any]  # of float32 or float64: whatever the network was made with


# numpy takes an array of no dimensions twice as fast as a Python number: with small mini-batches that matters.
_HALF: dict[Any, Array] = {
    np.dtype(dtype): np.array(0.5, dtype) for dtype in (np.float32, np.float64)
}
_ONE: dict[Any, Array] = {
    np.dtype(dtype): np.array(1.0, dtype) for dtype in (np.float32, np.float64)
}

# Activations -----------------------------------------------------------------------------------------------------


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """``1 / (1 + exp(-z))``, written ``(1 + tanh(z / 2)) / 2``, which cannot overflow."""
    half = _HALF[z.dtype]
    a: Array = np.multiply(z, half, out=out)
    np.tanh(a, out=a)
    a += _ONE[z.dtype]
    a *= half
    return a


def sigmoid_slope(a: Array) -> Array:
    """``s'(z) = s(z) (1 - s(z))``, from ``a = s(z)``."""
    slope: Array = np.subtract(_ONE[a.dtype], a)
    slope *= a
    return slope


def tanh(z: Array, out: Array | None = None) -> Array:
    """The hyperbolic tangent."""
    return np.asarray(np.tanh(z, out=out))


def tanh_slope(a: Array) -> Array:
    """``tanh'(z) = 1 - tanh(z)^2``, from ``a = tanh(z)``."""
    slope: Array = np.multiply(a, a)
    np.subtract(_ONE[a.dtype], slope, out=slope)
    return slope


def relu(z: Array, out: Array | None = None) -> Array:
    """``max(z, 0)`` (Nair and Hinton, 2010)."""
    return np.asarray(np.maximum(z, 0.0, out=out))


def relu_slope(a: Array) -> Array:
    """1 where ``a = max(z, 0)`` is positive, else 0; at the corner itself 0 is taken."""
    return (a > 0.0).astype(a.dtype)


def identity(z: Array, out: Array | None = None) -> Array:
    """``z`` itself: the output of a network that forecasts a number."""
    if out is None:
        return z.copy()
    if out is not z:
        out[...] = z
    return out


def identity_slope(a: Array) -> Array:
    """1 everywhere."""
    return np.ones_like(a)


def softmax(z: Array, out: Array | None = None) -> Array:
    """``exp(z_j) / sum_k exp(z_k)`` in each row, the row's maximum subtracted first so that ``exp`` cannot overflow."""
    a = np.subtract(z, np.maximum.reduce(z, axis=1, keepdims=True), out=out)
    np.exp(a, out=a)
    a /= np.add.reduce(a, axis=1, keepdims=True)
    return a


class Activation(NamedTuple):
    """``value(z, out)`` and, for those that work on each entry alone, ``slope(a)``: the derivative from the value."""

    value: Callable[..., Array]
    slope: Callable[[Array], Array]


# What a hidden layer may use.
ACTIVATIONS = {
    "sigmoid": Activation(sigmoid, sigmoid_slope),
    "tanh": Activation(tanh, tanh_slope),
    "relu": Activation(relu, relu_slope),
}

# What the last layer may use; softmax has no slope of its own, see `quadratic_softmax_delta`.
OUTPUTS: dict[str, Callable[..., Array]] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "identity": identity,
    "softmax": softmax,
}


# Costs: the mean over the rows of each row's loss, and its derivative by the last layer's z --------------------------


def quadratic(a: Array, y: Array) -> float:
    """Mean over rows of ``|a - y|^2 / 2`` (Nielsen, Neural Networks and Deep Learning, eq. 6)."""
    difference = a - y
    return float(np.sum(difference * difference, dtype=np.float64)) / (2 * len(a))


def categorical_cross_entropy(a: Array, y: Array) -> float:
    """Mean over rows of ``-sum_j y_j ln a_j``; *a* is kept off 0 by the precision's own epsilon."""
    return -float(np.sum(y * np.log(_inside(a)), dtype=np.float64)) / len(a)


def binary_cross_entropy(a: Array, y: Array) -> float:
    """Mean over rows of ``-sum_j [y_j ln a_j + (1 - y_j) ln(1 - a_j)]`` (Nielsen, eq. 63)."""
    a = _inside(a)
    return -float(np.sum(y * np.log(a) + (1.0 - y) * np.log(1.0 - a), dtype=np.float64)) / len(a)


def _inside(a: Array) -> Array:
    epsilon = np.finfo(a.dtype).eps
    return np.clip(a, epsilon, 1.0 - epsilon)


def plain_delta(a: Array, y: Array) -> Array:
    """``(a - y) / rows``: where the output's slope cancels (cross-entropy with softmax or sigmoid)."""
    delta: Array = np.subtract(a, y)
    delta *= _share(len(a), a.dtype)
    return delta


@lru_cache
def _share(rows: int, dtype: Any) -> Array:
    return np.array(1.0 / rows, dtype)


def quadratic_softmax_delta(a: Array, y: Array) -> Array:
    """``a_j (g_j - sum_k g_k a_k) / rows``, ``g = a - y``: softmax's Jacobian times the quadratic loss's gradient."""
    delta = plain_delta(a, y)
    delta -= np.add.reduce(delta * a, axis=1, keepdims=True)
    delta *= a
    return delta


class Cost(NamedTuple):
    """``value(a, y)``, the mean over rows, and ``delta(a, y)``, its derivative by the last layer's ``z``."""

    value: Callable[[Array, Array], float]
    delta: Callable[[Array, Array], Array]


def _quadratic_after(slope: Callable[[Array], Array]) -> Cost:
    def delta(a: Array, y: Array) -> Array:
        delta = plain_delta(a, y)
        delta *= slope(a)
        return delta

    return Cost(quadratic, delta)


COSTS = {
    ("quadratic", "sigmoid"): _quadratic_after(sigmoid_slope),
    ("quadratic", "tanh"): _quadratic_after(tanh_slope),
    ("quadratic", "relu"): _quadratic_after(relu_slope),
    ("quadratic", "identity"): Cost(quadratic, plain_delta),
    ("quadratic", "softmax"): Cost(quadratic, quadratic_softmax_delta),
    ("cross-entropy", "softmax"): Cost(categorical_cross_entropy, plain_delta),
    ("cross-entropy", "sigmoid"): Cost(binary_cross_entropy, plain_delta),
}


# Initialisers: weights of shape (units out, units in) --------------------------------------------------------------


def normal(shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Standard normal: what the tutorial draws, too wide for large layers."""
    return generator.standard_normal(shape)


def unit_uniform(shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Uniform between 0 and 1: what the recurrent tutorial draws; it saturates the units."""
    return generator.random(shape)


def glorot(shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Normal of variance ``2 / (in + out)`` (Glorot and Bengio, 2010, eq. 12)."""
    return generator.standard_normal(shape) * math.sqrt(2.0 / sum(shape))


def he(shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Normal of variance ``2 / in``, for ReLU (He et al., 2015, eq. 10)."""
    return generator.standard_normal(shape) * math.sqrt(2.0 / shape[1])


def orthogonal(shape: tuple[int, int], generator: np.random.Generator) -> Array:
    """Rows or columns orthonormal: the Q of a normal matrix (Saxe et al., 2014), signs made unique by R's diagonal."""
    tall = generator.standard_normal((max(shape), min(shape)))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diagonal(r))
    return np.asarray(q if shape[0] >= shape[1] else q.T)


INITIALISERS: dict[str, Callable[[tuple[int, int], np.random.Generator], Array]] = {
    "normal": normal,
    "unit-uniform": unit_uniform,
    "glorot": glorot,
    "he": he,
    "orthogonal": orthogonal,
}


def named(table: dict[str, Any], name: str, what: str) -> Any:
    """The entry of *table* called *name*. Raises NetworkError, which lists the names there are."""
    if name not in table:
        raise NetworkError(
            f"there is no {what} called {name!r}: choose one of {', '.join(sorted(table))}"
        )
    return table[name]


def cost(loss: str, output: str) -> Cost:
    """The cost of *loss* after the activation *output*. Raises NetworkError where the two do not go together."""
    if (loss, output) not in COSTS:
        raise NetworkError(
            f"the loss {loss!r} does not go with the output {output!r}: "
            "choose quadratic, or cross-entropy with an output of softmax or sigmoid"
        )
    return COSTS[loss, output]
