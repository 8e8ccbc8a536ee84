"""A recurrent network with one hidden layer that reads a window and says what comes next.

    h_t = f(h_{t-1} U + x_t V + b)        t = 1 … T, the same U, V and b at every step
    output = h_T W + c

``U``, ``V`` and ``b`` lie under one another in one matrix, ``cell`` ``(hidden + inputs + 1, hidden)``, so that a step
is one product, ``f([h_{t-1}, x_t, 1] cell)``, and the derivative of all three over all steps is one product as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from networks.errors import NetworkError
from networks.functions import ACTIVATIONS, INITIALISERS, Array, cost, named

KIND = "recurrent"


class Recurrent:
    """*inputs* numbers a step, *hidden* units, *outputs* numbers at the end of a window.

    *truncate* is the number of steps, counted from the end, through which errors go back (None: all). With *carry* each
    mini-batch starts from the hidden state the last one ended with (row by row) until `reset`; else from zero.
    """

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
                f"truncating at {truncate} steps leaves nothing to learn from: give 1 or more, or none"
            )
        self.sizes = (inputs, hidden, outputs)
        self.names = {"activation": activation, "truncate": truncate, "carry": carry}
        self.truncate = truncate
        self.carry = carry
        self.state: Array | None = None
        self.dtype = np.dtype(dtype)
        self.cost = cost("quadratic", "identity")
        self._activation = named(ACTIVATIONS, activation, "activation")
        count = (hidden + inputs + 1) * hidden + (hidden + 1) * outputs
        self.parameters: Array = np.zeros(count, self.dtype)
        self.gradient: Array = np.zeros(count, self.dtype)
        self._weights = _parts(self.parameters, self.sizes)
        self._gradients = _parts(self.gradient, self.sizes)
        self._buffers: dict[tuple[int, int], _Buffers] = {}

    def initialise(self, initialiser: str, generator: np.random.Generator) -> None:
        """Draw ``U``, ``V`` and ``W`` by *initialiser*; the biases become 0."""
        draw = named(INITIALISERS, initialiser, "initialiser")
        self.parameters[...] = 0.0
        arrays = self.arrays()
        for name in ("recurrent_weights", "input_weights", "output_weights"):
            out_in = arrays[name].T
            out_in[...] = draw(out_in.shape, generator)

    def reset(self) -> None:
        """Forget the carried state."""
        self.state = None

    def outputs(self, x: Array) -> Array:
        """What it says after each window of *x* ``(rows, steps, inputs)``, from state zero: ``(rows, outputs)``."""
        return self.outputs_from(x, np.zeros((len(x), self.sizes[1]), self.dtype))[0]

    def outputs_from(self, x: Array, state: Array) -> tuple[Array, Array]:
        """As `outputs`, from *state* ``(rows, hidden)``, and the state after the last step."""
        arrays = self.arrays()
        driven = x @ arrays["input_weights"] + arrays["biases"]
        for step in range(x.shape[1]):
            z = state @ arrays["recurrent_weights"]
            z += driven[:, step]
            state = self._activation.value(z, z)
        return state @ arrays["output_weights"] + arrays["output_biases"], state

    def backpropagate(self, x: Array, y: Array, outputs: Array) -> None:
        """Fill ``gradient`` with the derivative of the mean cost over these rows, and *outputs* with what was said.

        *x* is ``(rows, steps, inputs)``; *y* and *outputs* are ``(rows, outputs)``; all of the network's dtype.
        With ``truncate`` the state that many steps before the end is taken as given.
        """
        # np.dot rather than np.matmul: the same product, half a microsecond sooner, a hundred times a batch.
        rows, steps, inputs = x.shape
        hidden = self.sizes[1]
        w, g = self._weights, self._gradients
        depth = min(self.truncate or steps, steps)
        room = self._room(rows, steps, depth)

        room.states[:steps, :, hidden : hidden + inputs] = x.transpose(1, 0, 2)
        room.hidden[0][...] = 0.0 if self.state is None else self.state
        value, z = self._activation.value, room.z
        for joined, after in zip(room.joined, room.hidden[1:], strict=True):
            np.dot(joined, w.cell, out=z)
            value(z, after)
        last = room.hidden[-1]
        np.dot(last, w.output, out=outputs)
        outputs += w.output_biases
        if self.carry:
            self.state = last.copy()

        delta = self.cost.delta(outputs, y)
        np.dot(last.T, delta, out=g.output)
        np.add.reduce(delta, axis=0, out=g.output_biases)
        slopes = self._activation.slope(room.states[-depth:, :, :hidden])
        back = np.ascontiguousarray(w.cell[:hidden].T)
        deltas = room.deltas
        np.dot(delta, w.output.T, out=deltas[-1])
        deltas[-1] *= slopes[-1]
        for step in range(depth - 1, 0, -1):
            before = np.dot(deltas[step], back, out=deltas[step - 1])
            before *= slopes[step - 1]
        used = room.states[steps - depth : steps].reshape(depth * rows, -1)
        np.dot(used.T, deltas.reshape(depth * rows, hidden), out=g.cell)

    def _room(self, rows: int, steps: int, depth: int) -> _Buffers:
        """LoadShedder for one mini-batch, made once for each shape (all batches but the last have one)."""
        if (rows, steps) not in self._buffers:
            inputs, hidden, _ = self.sizes
            states = np.ones((steps + 1, rows, hidden + inputs + 1), self.dtype)
            self._buffers[rows, steps] = _Buffers(
                states=states,
                joined=list(states[:-1]),
                hidden=list(states[:, :, :hidden]),
                z=np.empty((rows, hidden), self.dtype),
                deltas=np.empty((depth, rows, hidden), self.dtype),
            )
        return self._buffers[rows, steps]

    def arrays(self) -> dict[str, Array]:
        """The parameters by name, as views: ``(hidden, hidden)``, ``(inputs, hidden)``, ``(hidden,)`` and so on."""
        inputs, hidden, _ = self.sizes
        w = self._weights
        return {
            "recurrent_weights": w.cell[:hidden],
            "input_weights": w.cell[hidden : hidden + inputs],
            "biases": w.cell[-1],
            "output_weights": w.output,
            "output_biases": w.output_biases,
        }

    def description(self) -> dict[str, Any]:
        """What it takes to make this network again, but for its parameters."""
        inputs, hidden, outputs = self.sizes
        sizes = {"inputs": inputs, "hidden": hidden, "outputs": outputs}
        return {"kind": KIND, **sizes, "dtype": self.dtype.name, **self.names}

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> Recurrent:
        """The network that `description` described, its parameters zero."""
        return cls(**{key: value for key, value in description.items() if key != "kind"})


class _Parts(NamedTuple):
    cell: Array  # (hidden + inputs + 1, hidden)
    output: Array  # (hidden, outputs)
    output_biases: Array  # (outputs,)


class _Buffers(NamedTuple):
    states: Array  # (steps + 1, rows, hidden + inputs + 1): [h_t, x_{t+1}, 1]
    joined: list[Array]  # its steps, whole
    hidden: list[Array]  # its steps, the hidden columns alone
    z: Array  # (rows, hidden)
    deltas: Array  # (depth, rows, hidden): the cost's derivative by each step's z


def _parts(flat: Array, sizes: tuple[int, int, int]) -> _Parts:
    inputs, hidden, outputs = sizes
    middle = (hidden + inputs + 1) * hidden
    end = middle + hidden * outputs
    return _Parts(
        flat[:middle].reshape(hidden + inputs + 1, hidden),
        flat[middle:end].reshape(hidden, outputs),
        flat[end:],
    )
