"""Seconds per epoch of a recurrent network on a sine, beside per-sample programs and PyTorch.

    python bench/networks_recurrent.py [--rounds 7] [--precision 32] [--truncate STEPS] [--seeds 5]

Hidden 100 (tanh), windows of 50, mini-batches of 10, plain gradient descent from the same weights,
one thread; without --truncate errors go back through all 50 steps. The programs take turns, one
epoch each; printed are the processor milliseconds of an epoch. Then our standard preset is trained
to its end for some seeds: its seconds and validation RMSE, and the simple forecasts.

There are two per-sample programs. The plain one computes what ours does, window by window and step
by step. The one in the tutorial's layout feeds each step the complete window, zero but for one
place, and sends an error back from each of the 50 steps through --truncate steps (default 5), as
the program that this project replaces did; it minimises the error at every step and is here for its
time alone. PyTorch is no part of this project and left out if it is not installed; scikit-learn has
no recurrent network.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import harness
import numpy as np
from numpy.typing import DTypeLike

from networks.data import Data, sample_sine, window_series
from networks.functions import Array
from networks.optimizers import SGD
from networks.presets import Options, build_network, resolve_options
from networks.recurrent import Recurrent
from networks.results import evaluate
from networks.training import train, train_batches

BATCH, RATE, STEPS, HIDDEN = 10, 0.01, 50, 100
TUTORIAL_DEPTH = 5
NAMES = ("recurrent_weights", "input_weights", "biases", "output_weights", "output_biases")
Parameters = dict[str, Array]
Epoch = Callable[[], object]


def main() -> None:
    options = harness.parse_options(__doc__, rounds=7, precision=32, truncate=0, seeds=5)
    network_options = resolve_options(
        "recurrent",
        {
            "optimizer": "sgd",
            "clip": "none",
            "precision": options.precision,
            "truncate": options.truncate or None,
        },
    )
    data = sine_windows(network_options.dtype)
    network = build_network(network_options, 1, 1, np.random.default_rng(1))
    assert isinstance(network, Recurrent)
    start = {name: array.copy() for name, array in network.named_parameters().items()}
    depth = options.truncate or STEPS

    contenders = {
        "per-sample, tutorial's layout": tutorials_layout(
            data, start, options.truncate or TUTORIAL_DEPTH
        ),
        "per-sample numpy program": per_sample(data, start, depth),
        "ours": ours(data, network, network_options),
    }
    has_torch = harness.is_installed("torch", "torch")
    if has_torch:
        contenders["PyTorch autograd"] = torch_autograd(data, start, depth)
        contenders["PyTorch, gradients by hand"] = torch_by_hand(data, start, depth)

    harness.remark(f"{data.train.x.dtype}, errors go back through {depth} steps, one thread")
    compare(contenders, options.rounds)
    if has_torch:
        difference = torch_agreement(start, depth)
        harness.print_figure("our gradient's largest relative difference", [difference], "")

    train_standard_preset(options.seeds)


def sine_windows(dtype: DTypeLike) -> Data:
    return window_series(sample_sine(), STEPS, dtype=dtype, standardise=False)


def compare(contenders: dict[str, Epoch], rounds: int) -> None:
    """Train the contenders in turn and print their times."""
    epochs = {name: harness.timed(epoch, time.process_time) for name, epoch in contenders.items()}
    seconds = harness.take_turns(epochs, rounds=rounds)

    reference = 1000 * median(seconds["ours"])
    for name, samples in seconds.items():
        times = [1000 * value for value in samples]
        harness.print_figure(name, times, "ms an epoch", floor=reference, floor_name="ours")


def train_standard_preset(seeds: int) -> None:
    """Train the standard preset for some seeds and print its times and errors."""
    errors, seconds = [], []

    for seed in range(seeds):
        options = resolve_options("recurrent", {"seed": seed})
        data = sine_windows(options.dtype)
        generator = np.random.default_rng(seed)
        network = build_network(options, 1, 1, generator)
        work = partial(train, network, data, options, generator=generator)

        seconds.append(harness.timed(work, time.process_time)())
        results = evaluate(network, data)
        assert results.validation_rmse is not None
        errors.append(results.validation_rmse)

    harness.print_figure("standard preset, 300 epochs", seconds, "s")
    simple = results.baselines
    assert simple is not None
    note = f"of simple forecasts: {simple.mean:.2g} mean, {simple.last:.2g} last value"
    harness.print_figure("  its validation RMSE", errors, "", note=note)


def ours(data: Data, network: Recurrent, options: Options) -> Epoch:
    optimizer, generator = SGD(network.parameters), np.random.default_rng(2)
    return partial(
        train_batches, network, optimizer, data.train, options, RATE, generator=generator
    )


def train_epochs(step: Callable[[Any, Any], object], x: Any, y: Any) -> Epoch:
    return harness.epochs(step, x, y, size=BATCH, generator=np.random.default_rng(2))


def per_sample(data: Data, start: Parameters, depth: int) -> Epoch:
    """Window by window, step by step: one vector through time and back."""
    u, v, b, w, c = (start[name].copy() for name in NAMES)

    def add_gradients(sums: list[Array], window: Array, target: Array) -> None:
        states = [np.zeros(HIDDEN, u.dtype)]
        for x in window:
            states.append(np.tanh(np.dot(states[-1], u) + np.dot(x, v) + b))

        error = np.dot(states[-1], w) + c - target
        sums[3] += np.outer(states[-1], error)
        sums[4] += error
        back = np.dot(w, error)
        for step in range(STEPS - 1, STEPS - 1 - depth, -1):
            delta = back * (1 - states[step + 1] ** 2)
            sums[0] += np.outer(states[step], delta)
            sums[1] += np.outer(window[step], delta)
            sums[2] += delta
            back = np.dot(u, delta)

    def step(x: Array, y: Array) -> None:
        sums = [np.zeros_like(part) for part in (u, v, b, w, c)]
        for window, target in zip(x, y, strict=True):
            add_gradients(sums, window, target)

        for part, total in zip((u, v, b, w, c), sums, strict=True):
            np.subtract(part, RATE / len(x) * total, out=part)

    return train_epochs(step, data.train.x, data.train.y)


def tutorials_layout(data: Data, start: Parameters, depth: int) -> Epoch:
    """Each step reads the complete window, zero but for its place, and has its own error."""
    u = start["recurrent_weights"].T.copy()
    v = np.repeat(start["input_weights"].T, STEPS, axis=1)
    w = start["output_weights"].T.copy()

    def add_gradients(sums: list[Array], window: Array, target: Array) -> None:
        states, inputs = [np.zeros((HIDDEN, 1), u.dtype)], []
        for step in range(STEPS):
            fed = np.zeros_like(window)
            fed[step] = window[step]
            inputs.append(fed)
            states.append(np.tanh(np.dot(v, fed) + np.dot(u, states[-1])))

        for step in range(STEPS):
            error = np.dot(w, states[step + 1]) - target
            sums[2] += np.dot(error, states[step + 1].T)
            back = np.dot(w.T, error)
            for earlier in range(step, max(-1, step - depth), -1):
                delta = back * (1 - states[earlier + 1] ** 2)
                sums[0] += np.dot(delta, states[earlier].T)
                sums[1] += np.dot(delta, inputs[earlier].T)
                back = np.dot(u.T, delta)

    def step(x: Array, y: Array) -> None:
        sums = [np.zeros_like(part) for part in (u, v, w)]
        for window, target in zip(x, y, strict=True):
            add_gradients(sums, window, target)

        for part, total in zip((u, v, w), sums, strict=True):
            np.subtract(part, RATE / STEPS / len(x) * total, out=part)

    return train_epochs(step, data.train.x, data.train.y)


def torch_autograd(data: Data, start: Parameters, depth: int) -> Epoch:
    import torch  # noqa: PLC0415 - may be missing

    x, y = torch.from_numpy(data.train.x), torch.from_numpy(data.train.y)
    cell = torch.nn.RNN(1, HIDDEN, batch_first=True).to(x.dtype)
    out = torch.nn.Linear(HIDDEN, 1).to(x.dtype)
    with torch.no_grad():
        cell.weight_hh_l0.copy_(torch.from_numpy(start["recurrent_weights"].T))
        cell.weight_ih_l0.copy_(torch.from_numpy(start["input_weights"].T))
        cell.bias_hh_l0.zero_()
        cell.bias_ih_l0.zero_()
        out.weight.copy_(torch.from_numpy(start["output_weights"].T))
        out.bias.zero_()

    optimizer = torch.optim.SGD([*cell.parameters(), *out.parameters()], lr=RATE)

    def step(x: Any, y: Any) -> None:
        state = None
        optimizer.zero_grad()
        if depth < STEPS:
            with torch.no_grad():
                _, state = cell(x[:, : STEPS - depth])

        _, last = cell(x[:, STEPS - depth :], state)
        loss = ((out(last[0]) - y) ** 2).sum() / (2 * len(x))
        loss.backward()
        optimizer.step()

    return train_epochs(step, x, y)


def torch_by_hand(data: Data, start: Parameters, depth: int) -> Epoch:
    import torch  # noqa: PLC0415 - may be missing

    u, v, b, w, c = (torch.from_numpy(start[name].copy()) for name in NAMES)

    @torch.no_grad()
    def step(x: Any, y: Any) -> None:
        driven = x @ v + b
        states = [torch.zeros(len(x), HIDDEN, dtype=x.dtype)]
        for at in range(STEPS):
            states.append(torch.addmm(driven[:, at], states[-1], u).tanh_())

        delta_out = (torch.addmm(c, states[-1], w) - y) / len(x)
        back = delta_out @ w.T
        deltas = []
        for at in range(STEPS - 1, STEPS - 1 - depth, -1):
            deltas.append(back * (1 - states[at + 1] ** 2))
            back = deltas[-1] @ u.T

        deltas.reverse()

        used = torch.cat(deltas)
        inputs = x[:, STEPS - depth :].transpose(0, 1).reshape(-1, 1)
        w.addmm_(states[-1].T, delta_out, alpha=-RATE)
        c.add_(delta_out.sum(0), alpha=-RATE)
        u.addmm_(torch.cat(states[STEPS - depth : STEPS]).T, used, alpha=-RATE)
        v.addmm_(inputs.T, used, alpha=-RATE)
        b.add_(used.sum(0), alpha=-RATE)

    return train_epochs(step, torch.from_numpy(data.train.x), torch.from_numpy(data.train.y))


def torch_agreement(start: Parameters, depth: int) -> float:
    """Return the largest relative difference of our gradient from autograd's, on one batch."""
    import torch  # noqa: PLC0415 - may be missing

    network = Recurrent(1, HIDDEN, 1, truncate=depth, dtype=np.float64)
    for name, array in network.named_parameters().items():
        array[...] = start[name]

    data = sine_windows(np.float64)
    x, y = data.train.x[:BATCH], data.train.y[:BATCH]
    network.backpropagate(x, y, np.empty_like(y))

    parts = [torch.tensor(network.named_parameters()[name], requires_grad=True) for name in NAMES]
    u, v, b, w, c = parts
    state = torch.zeros(BATCH, HIDDEN, dtype=torch.float64)
    for step in range(STEPS):
        state = torch.tanh(state @ u + torch.from_numpy(x[:, step]) @ v + b)
        if step + 1 == STEPS - depth:
            state = state.detach()

    loss = ((state @ w + c - torch.from_numpy(y)) ** 2).sum() / (2 * BATCH)
    loss.backward()

    theirs = np.concatenate([part.grad.numpy().ravel() for part in parts])
    return float(np.max(np.abs(network.gradient - theirs)) / np.max(np.abs(theirs)))


if __name__ == "__main__":
    harness.use_one_thread()
    main()
