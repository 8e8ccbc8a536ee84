"""A feed-forward network of any number of layers.

Layer ``l`` computes ``z = a W^T + b`` and ``a' = f(z)``; rows are samples. All weights and biases
lie in one flat array, ``parameters``, their derivatives in another, ``gradient``; ``weights[l]``
``(out, in)`` and ``biases[l]`` ``(out,)`` are views.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from networks.errors import NetworkError
from networks.functions import (
    ACTIVATIONS,
    INITIALISERS,
    OUTPUT_ACTIVATIONS,
    Array,
    look_up,
    look_up_loss,
)


class FeedForward:
    """Layers of *sizes*, input first; hidden ones with *activation*, the last with *output*.

    *dtype* is float32 or float64. Parameters are zero until `initialise` or until they are loaded.
    Raises NetworkError for unknown names, sizes below 1, and a *loss* that does not fit *output*.
    """

    kind = "feedforward"
    # No hidden state is carried between mini-batches.
    carry = False

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
        self.loss = look_up_loss(loss, output)
        self._activation = look_up(ACTIVATIONS, activation, "activation")
        self._output = look_up(OUTPUT_ACTIVATIONS, output, "output")

        shapes = [(size_out, size_in) for size_in, size_out in pairwise(self.sizes)]
        count = sum(size_out * size_in + size_out for size_out, size_in in shapes)
        self.parameters: Array = np.zeros(count, self.dtype)
        self.gradient: Array = np.zeros(count, self.dtype)
        self.weights, self.biases = _split_layers(self.parameters, shapes)
        self._weight_gradients, self._bias_gradients = _split_layers(self.gradient, shapes)
        self._buffers: dict[int, tuple[list[Array], Array]] = {}

    def initialise(self, initialiser: str, generator: np.random.Generator) -> None:
        """Draw the weights; biases become 0, or with ``normal`` standard normal as well."""
        draw = look_up(INITIALISERS, initialiser, "initialiser")
        for weights, biases in zip(self.weights, self.biases, strict=True):
            weights[...] = draw(weights.shape, generator)
            biases[...] = (
                generator.standard_normal(biases.shape) if initialiser == "normal" else 0.0
            )

    def forward(self, x: Array) -> Array:
        """Return the outputs ``(rows, outputs)`` for *x* ``(rows, inputs)``."""
        a = x
        last_layer = len(self.weights) - 1
        for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = a @ weights.T
            z += biases
            a = self._output(z, z) if layer == last_layer else self._activation.value(z, z)

        return a

    def backpropagate(self, x: Array, y: Array, outputs: Array) -> None:
        """Fill ``gradient`` with the derivative of the mean loss over these rows, and *outputs*.

        *x* is ``(rows, inputs)``; *y* and *outputs* are ``(rows, outputs)``; all of the network's
        dtype.
        """
        # np.dot computes the product of np.matmul half a microsecond sooner, which counts at ten
        # rows a time; only for a large transposed result np.matmul is the faster one.
        weights, biases, activate = self.weights, self.biases, self._activation.value
        hidden, ones = self._buffers_for(len(x))

        a = x
        for layer, buffer in enumerate(hidden):
            z = np.dot(a, weights[layer].T, out=buffer)
            z += biases[layer]
            a = activate(z, z)

        np.dot(a, weights[-1].T, out=outputs)
        outputs += biases[-1]
        self._output(outputs, outputs)

        delta = self.loss.gradient(outputs, y)
        for layer in range(len(hidden), 0, -1):
            a = hidden[layer - 1]
            np.dot(delta.T, a, out=self._weight_gradients[layer])
            np.dot(ones, delta, out=self._bias_gradients[layer])
            delta = np.dot(delta, weights[layer])
            delta *= self._activation.derivative(a)

        np.matmul(delta.T, x, out=self._weight_gradients[0])
        np.dot(ones, delta, out=self._bias_gradients[0])

    def _buffers_for(self, row_count: int) -> tuple[list[Array], Array]:
        """Return buffers for the hidden layers' values, and ones to sum rows with."""
        if row_count not in self._buffers:
            hidden = [np.empty((row_count, size), self.dtype) for size in self.sizes[1:-1]]
            self._buffers[row_count] = hidden, np.ones(row_count, self.dtype)

        return self._buffers[row_count]

    def named_parameters(self) -> dict[str, Array]:
        """Return views of the parameters: ``weights1`` ``(out, in)``, …, ``biases1`` and so on."""
        weights = {f"weights{layer}": array for layer, array in enumerate(self.weights, start=1)}
        biases = {f"biases{layer}": array for layer, array in enumerate(self.biases, start=1)}
        return weights | biases

    def config(self) -> dict[str, Any]:
        """Return the kind and the arguments that make this network again, its parameters aside."""
        sizes = list(self.sizes)
        return {"kind": self.kind, "sizes": sizes, "dtype": self.dtype.name, **self.names}


def _split_layers(flat: Array, shapes: list[tuple[int, int]]) -> tuple[list[Array], list[Array]]:
    """Return views of the weights and of the biases of every layer."""
    weights, biases, start = [], [], 0
    for size_out, size_in in shapes:
        middle, end = start + size_out * size_in, start + size_out * size_in + size_out
        weights.append(flat[start:middle].reshape(size_out, size_in))
        biases.append(flat[middle:end])
        start = end

    return weights, biases
