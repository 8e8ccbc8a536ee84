"""A recurrent network with one hidden layer that reads a window and predicts the next value.

    h_t = f(h_{t-1} U + x_t V + b)        t = 1 … T, the same U, V and b at every step
    output = h_T W + c

``U``, ``V`` and ``b`` lie under one another in one matrix, ``cell`` ``(hidden + inputs + 1,
hidden)``, so that a step is one product, ``f([h_{t-1}, x_t, 1] cell)``, and the derivative by all
three over all steps is one product as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from networks.errors import NetworkError
from networks.functions import ACTIVATIONS, INITIALISERS, Array, look_up, look_up_loss


class Recurrent:
    """*inputs* numbers a step, *hidden* units, *outputs* numbers at the end of a window.

    *truncate* is the number of last steps through which errors go back (None: all). With *carry*
    a mini-batch starts from the hidden state that the last one ended with (row by row) until
    `reset_state`; else from zero. Raises NetworkError for unknown names and numbers below 1.
    """

    kind = "recurrent"

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        *,
        activation: str = "tanh",
        truncate: int | None = None,
        carry: bool = False,
        dtype: Any = np.float32,
    ) -> None:
        if min(inputs, hidden, outputs) < 1:
            raise NetworkError(
                f"sizes {inputs}, {hidden}, {outputs} make no network: each must be at least 1"
            )

        if truncate is not None and truncate < 1:
            raise NetworkError(
                f"truncating at {truncate} steps leaves nothing to learn from: "
                "give 1 or more, or none"
            )

        self.sizes = (inputs, hidden, outputs)
        self.names = {"activation": activation, "truncate": truncate, "carry": carry}
        self.truncate = truncate
        self.carry = carry
        self.hidden_state: Array | None = None
        self.dtype = np.dtype(dtype)
        self.loss = look_up_loss("quadratic", "identity")
        self._activation = look_up(ACTIVATIONS, activation, "activation")

        count = (hidden + inputs + 1) * hidden + (hidden + 1) * outputs
        self.parameters: Array = np.zeros(count, self.dtype)
        self.gradient: Array = np.zeros(count, self.dtype)
        self._weights = _split_weights(self.parameters, self.sizes)
        self._gradients = _split_weights(self.gradient, self.sizes)
        self._buffers: dict[tuple[int, int], _Buffers] = {}

    def initialise(self, initialiser: str, generator: np.random.Generator) -> None:
        """Draw ``U``, ``V`` and ``W`` by *initialiser*; the biases become 0."""
        draw = look_up(INITIALISERS, initialiser, "initialiser")
        self.parameters[...] = 0.0
        parameters = self.named_parameters()
        for weights_name in ("recurrent_weights", "input_weights", "output_weights"):
            transposed = parameters[weights_name].T
            transposed[...] = draw(transposed.shape, generator)

    def reset_state(self) -> None:
        """Start the next mini-batch from a hidden state of zero."""
        self.hidden_state = None

    def forward(self, x: Array) -> Array:
        """Return the outputs ``(rows, outputs)`` for windows *x* ``(rows, steps, inputs)``."""
        return self.forward_from(x, np.zeros((len(x), self.sizes[1]), self.dtype))[0]

    def forward_from(self, x: Array, hidden_state: Array) -> tuple[Array, Array]:
        """Return the outputs from *hidden_state* ``(rows, hidden)``, and the last hidden state."""
        parameters = self.named_parameters()
        driven = x @ parameters["input_weights"] + parameters["biases"]
        for step in range(x.shape[1]):
            z = hidden_state @ parameters["recurrent_weights"]
            z += driven[:, step]
            hidden_state = self._activation.value(z, z)

        outputs = hidden_state @ parameters["output_weights"] + parameters["output_biases"]
        return outputs, hidden_state

    def backpropagate(self, x: Array, y: Array, outputs: Array) -> None:
        """Fill ``gradient`` with the derivative of the mean loss over these rows, and *outputs*.

        *x* is ``(rows, steps, inputs)``; *y* and *outputs* are ``(rows, outputs)``; all of the
        network's dtype. With ``truncate`` the state that many steps before the end is a constant.
        """
        # np.dot computes the product of np.matmul half a microsecond sooner, a hundred times.
        row_count, steps, inputs = x.shape
        hidden = self.sizes[1]
        w, g = self._weights, self._gradients
        depth = min(self.truncate or steps, steps)
        buffers = self._buffers_for(row_count, steps, depth)

        buffers.states[:steps, :, hidden : hidden + inputs] = x.transpose(1, 0, 2)
        buffers.hidden[0][...] = 0.0 if self.hidden_state is None else self.hidden_state
        activate, z = self._activation.value, buffers.z
        for joined, following in zip(buffers.joined, buffers.hidden[1:], strict=True):
            np.dot(joined, w.cell, out=z)
            activate(z, following)

        last_hidden = buffers.hidden[-1]
        np.dot(last_hidden, w.output, out=outputs)
        outputs += w.output_biases
        if self.carry:
            self.hidden_state = last_hidden.copy()

        delta = self.loss.gradient(outputs, y)
        np.dot(last_hidden.T, delta, out=g.output)
        np.add.reduce(delta, axis=0, out=g.output_biases)
        derivatives = self._activation.derivative(buffers.states[-depth:, :, :hidden])
        recurrent_weights = np.ascontiguousarray(w.cell[:hidden].T)
        deltas = buffers.deltas
        np.dot(delta, w.output.T, out=deltas[-1])
        deltas[-1] *= derivatives[-1]
        for step in range(depth - 1, 0, -1):
            previous_delta = np.dot(deltas[step], recurrent_weights, out=deltas[step - 1])
            previous_delta *= derivatives[step - 1]

        read = buffers.states[steps - depth : steps].reshape(depth * row_count, -1)
        np.dot(read.T, deltas.reshape(depth * row_count, hidden), out=g.cell)

    def _buffers_for(self, row_count: int, steps: int, depth: int) -> _Buffers:
        """Return buffers for one mini-batch, the same for each batch of one shape."""
        if (row_count, steps) not in self._buffers:
            inputs, hidden, _ = self.sizes
            states = np.ones((steps + 1, row_count, hidden + inputs + 1), self.dtype)
            self._buffers[row_count, steps] = _Buffers(
                states=states,
                joined=list(states[:-1]),
                hidden=list(states[:, :, :hidden]),
                z=np.empty((row_count, hidden), self.dtype),
                deltas=np.empty((depth, row_count, hidden), self.dtype),
            )

        return self._buffers[row_count, steps]

    def named_parameters(self) -> dict[str, Array]:
        """Return views of the parameters: ``(hidden, hidden)``, ``(inputs, hidden)`` and so on."""
        inputs, hidden, _ = self.sizes
        w = self._weights
        return {
            "recurrent_weights": w.cell[:hidden],
            "input_weights": w.cell[hidden : hidden + inputs],
            "biases": w.cell[-1],
            "output_weights": w.output,
            "output_biases": w.output_biases,
        }

    def config(self) -> dict[str, Any]:
        """Return the kind and the arguments that make this network again, its parameters aside."""
        inputs, hidden, outputs = self.sizes
        sizes = {"inputs": inputs, "hidden": hidden, "outputs": outputs}
        return {"kind": self.kind, **sizes, "dtype": self.dtype.name, **self.names}


class _Weights(NamedTuple):
    # The shape is (hidden + inputs + 1, hidden).
    cell: Array

    # The shape is (hidden, outputs).
    output: Array

    # The shape is (outputs,).
    output_biases: Array


class _Buffers(NamedTuple):
    # The shape is (steps + 1, rows, hidden + inputs + 1); a step holds [h_t, x_{t+1}, 1].
    states: Array

    # These views of the steps have all columns.
    joined: list[Array]

    # These views of the steps have the hidden columns alone.
    hidden: list[Array]

    # The shape is (rows, hidden).
    z: Array

    # The loss's derivative by each step's z has the shape (depth, rows, hidden).
    deltas: Array


def _split_weights(flat: Array, sizes: tuple[int, int, int]) -> _Weights:
    inputs, hidden, outputs = sizes
    middle = (hidden + inputs + 1) * hidden
    end = middle + hidden * outputs
    return _Weights(
        flat[:middle].reshape(hidden + inputs + 1, hidden),
        flat[middle:end].reshape(hidden, outputs),
        flat[end:],
    )
