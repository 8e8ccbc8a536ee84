"""A feed-forward network of any number of layers.

Layer ``l`` computes ``z = a W^T + b`` and ``a' = f(z)``; rows are samples. All weights and biases lie in one flat
array, ``parameters``, their derivatives in another, ``gradient``; ``weights[l]`` ``(out, in)`` and ``biases[l]``
``(out,)`` are views.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from networks.errors import NetworkError
from networks.functions import ACTIVATIONS, INITIALISERS, OUTPUTS, Array, cost, named

KIND = "feedforward"


class FeedForward:
    """Layers of the given *sizes* (input first), hidden ones with *activation*, the last with *output*.

    *dtype* is float32 or float64. Parameters are zero until `initialise` or until they are loaded.
    Raises NetworkError for unknown names, sizes below 1, and a *loss* that does not go with *output*.
    """

    carry = False  # no state goes from one mini-batch to the next

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: str = "sigmoid",
        output: str = "softmax",
        loss: str = "cross-entropy",
        dtype: Any = np.float32,
    ) -> None:
        if len(sizes) < 2 or min(sizes) < 1:
            raise NetworkError(
                f"layers {tuple(sizes)} make no network: give two or more sizes, each at least 1"
            )
        self.sizes = tuple(int(size) for size in sizes)
        self.names = {"activation": activation, "output": output, "loss": loss}
        self.dtype = np.dtype(dtype)
        self.cost = cost(loss, output)
        self._activation = named(ACTIVATIONS, activation, "activation")
        self._output = named(OUTPUTS, output, "output")
        shapes = [(out, in_) for in_, out in pairwise(self.sizes)]
        count = sum(out * in_ + out for out, in_ in shapes)
        self.parameters: Array = np.zeros(count, self.dtype)
        self.gradient: Array = np.zeros(count, self.dtype)
        self.weights, self.biases = _views(self.parameters, shapes)
        self._weight_gradients, self._bias_gradients = _views(self.gradient, shapes)
        self._buffers: dict[int, tuple[list[Array], Array]] = {}

    def initialise(self, initialiser: str, generator: np.random.Generator) -> None:
        """Draw the weights; the biases become 0, or standard normal with ``normal``, as in the tutorial."""
        draw = named(INITIALISERS, initialiser, "initialiser")
        for weights, biases in zip(self.weights, self.biases, strict=True):
            weights[...] = draw(weights.shape, generator)
            biases[...] = (
                generator.standard_normal(biases.shape) if initialiser == "normal" else 0.0
            )

    def outputs(self, x: Array) -> Array:
        """What the network says of *x* ``(rows, inputs)``: ``(rows, outputs)``."""
        a = x
        last = len(self.weights) - 1
        for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = a @ weights.T
            z += biases
            a = self._output(z, z) if layer == last else self._activation.value(z, z)
        return a

    def backpropagate(self, x: Array, y: Array, outputs: Array) -> None:
        """Fill ``gradient`` with the derivative of the mean cost over these rows, and *outputs* with what was said.

        *x* is ``(rows, inputs)``; *y* and *outputs* are ``(rows, outputs)``; all of the network's dtype.
        """
        # np.dot is np.matmul's product, half a microsecond sooner, which counts at ten rows a time; only with a large
        # transposed result np.matmul is the faster one.
        weights, biases, value = self.weights, self.biases, self._activation.value
        hidden, ones = self._room(len(x))
        a = x
        for layer, room in enumerate(hidden):
            z = np.dot(a, weights[layer].T, out=room)
            z += biases[layer]
            a = value(z, z)
        np.dot(a, weights[-1].T, out=outputs)
        outputs += biases[-1]
        self._output(outputs, outputs)

        delta = self.cost.delta(outputs, y)
        for layer in range(len(hidden), 0, -1):
            a = hidden[layer - 1]
            np.dot(delta.T, a, out=self._weight_gradients[layer])
            np.dot(ones, delta, out=self._bias_gradients[layer])
            delta = np.dot(delta, weights[layer])
            delta *= self._activation.slope(a)
        np.matmul(delta.T, x, out=self._weight_gradients[0])
        np.dot(ones, delta, out=self._bias_gradients[0])

    def _room(self, rows: int) -> tuple[list[Array], Array]:
        """LoadShedder for the hidden layers' values, and ones to sum rows with; made once for each number of rows."""
        if rows not in self._buffers:
            hidden = [np.empty((rows, size), self.dtype) for size in self.sizes[1:-1]]
            self._buffers[rows] = hidden, np.ones(rows, self.dtype)
        return self._buffers[rows]

    def arrays(self) -> dict[str, Array]:
        """The parameters by name, as views: ``weights1`` ``(out, in)``, ``biases1`` and so on."""
        return {
            f"{kind}{layer}": view
            for kind, views in (("weights", self.weights), ("biases", self.biases))
            for layer, view in enumerate(views, start=1)
        }

    def description(self) -> dict[str, Any]:
        """What it takes to make this network again, but for its parameters."""
        return {"kind": KIND, "sizes": list(self.sizes), "dtype": self.dtype.name, **self.names}

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> FeedForward:
        """The network that `description` described, its parameters zero."""
        return cls(**{key: value for key, value in description.items() if key != "kind"})


def _views(flat: Array, shapes: list[tuple[int, int]]) -> tuple[list[Array], list[Array]]:
    """Cut *flat* into weights and biases, layer by layer."""
    weights, biases, start = [], [], 0
    for out, in_ in shapes:
        middle, end = start + out * in_, start + out * in_ + out
        weights.append(flat[start:middle].reshape(out, in_))
        biases.append(flat[middle:end])
        start = end
    return weights, biases
