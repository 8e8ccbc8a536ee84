"""Seconds per epoch of a recurrent network on a sine, beside per-sample programs and PyTorch.

    OPENBLAS_NUM_THREADS=1 python bench/networks_recurrent.py [--rounds 7] [--precision 32]
        [--truncate 5]

Hidden 100 (tanh), windows of 50, mini-batches of 10, plain gradient descent from the same weights,
one thread; without --truncate errors go back through all 50 steps. The programs take turns, one
epoch each, so that other load on the machine affects all; printed is the median of processor time.
Then our standard preset is trained to its end for five seeds: its seconds and validation RMSE, and
the simple forecasts.

There are two per-sample programs. The plain one computes what ours does, window by window and step
by step. The one in the tutorial's layout feeds each step the complete window, zero but for one
place, and sends an error back from each of the 50 steps through --truncate steps (default 5), as
the program that this project replaces did; it minimises the error at every step and is here for its
time alone. PyTorch is no part of this project (``pip install torch``); scikit-learn has no
recurrent network.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # only has an effect before numpy is imported

import numpy as np  # noqa: E402 - see above

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from networks.data import Data, sample_sine, window_series  # noqa: E402 - as numpy
from networks.functions import Array  # noqa: E402
from networks.optimizers import SGD  # noqa: E402
from networks.presets import Options, build_network, resolve_options  # noqa: E402
from networks.recurrent import Recurrent  # noqa: E402
from networks.results import evaluate  # noqa: E402
from networks.training import train, train_batches  # noqa: E402

BATCH, RATE, STEPS, HIDDEN = 10, 0.01, 50, 100
Parts = dict[str, Array]


def main() -> None:
    parser = argparse.ArgumentParser(description="A sine, hidden 100, windows of 50, one thread.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--precision", type=int, choices=(32, 64), default=32)
    parser.add_argument("--truncate", type=int)
    arguments = parser.parse_args()
    options = resolve_options(
        "recurrent",
        {
            "optimizer": "sgd",
            "clip": "none",
            "precision": arguments.precision,
            "truncate": arguments.truncate,
        },
    )
    data = window_series(sample_sine(), STEPS, dtype=options.dtype, standardise=False)
    network = build_network(options, 1, 1, np.random.default_rng(1))
    assert isinstance(network, Recurrent)
    start = {name: array.copy() for name, array in network.named_parameters().items()}
    depth = arguments.truncate or STEPS
    contenders = {
        "per-sample, tutorial's layout": tutorials_layout(data, start, arguments.truncate or 5),
        "per-sample numpy program": per_sample(data, start, depth),
        "ours": ours(data, network, options),
    }
    if importlib.util.find_spec("torch"):
        contenders["PyTorch autograd"] = torch_autograd(data, start, depth)
        contenders["PyTorch, gradients by hand"] = torch_by_hand(data, start, depth)
    else:
        print("PyTorch is not installed here: left out (pip install torch)")
    compare(
        contenders, arguments.rounds, f"{data.train.x.dtype}, errors go back through {depth} steps"
    )
    if importlib.util.find_spec("torch"):
        print(
            "largest relative difference of our gradient from PyTorch's (float64): "
            f"{torch_agreement(start, depth):.1e}"
        )
    standard()


def compare(contenders: dict[str, Callable[[], object]], rounds: int, what: str) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, epoch in contenders.items():
            began = time.process_time()
            epoch()
            seconds[name].append(time.process_time() - began)
    print(f"{rounds} rounds of one epoch each, {what}, 100 windows, batch {BATCH}, one thread")
    print(f"{'':30}{'ms an epoch':>12}{'best':>9}{'of ours':>9}")
    for name, times in seconds.items():
        ratio = statistics.median(times) / statistics.median(seconds["ours"])
        print(
            f"{name:30}{1000 * statistics.median(times):12.2f}{1000 * min(times):9.2f}{ratio:9.1f}"
        )


def standard() -> None:
    print("\nthe standard preset, 300 epochs: seconds, validation RMSE")
    errors, times = [], []
    for seed in range(5):
        options = resolve_options("recurrent", {"seed": seed})
        data = window_series(sample_sine(), STEPS, dtype=options.dtype, standardise=False)
        generator = np.random.default_rng(seed)
        network = build_network(options, 1, 1, generator)
        began = time.process_time()
        train(network, data, options, generator=generator)
        times.append(time.process_time() - began)
        results = evaluate(network, data)
        errors.append(results.validation_rmse)
        print(f"  seed {seed}: {times[-1]:.2f} s, {results.validation_rmse:.2e}")
    print(
        f"  median {statistics.median(times):.2f} s, {statistics.median(errors):.2e}; "
        f"simple forecasts: {results.baselines}"
    )


def ours(data: Data, network: Recurrent, options: Options) -> Callable[[], object]:
    optimizer, generator = SGD(network.parameters), np.random.default_rng(2)
    return lambda: train_batches(network, optimizer, data.train, options, RATE, generator=generator)


def per_sample(data: Data, start: Parts, depth: int) -> Callable[[], object]:
    """Window by window, step by step: one vector through time and back."""
    u, v, b, w, c = (start[name].copy() for name in NAMES)
    generator = np.random.default_rng(2)

    def epoch() -> None:
        order = generator.permutation(len(data.train))
        for at in range(0, len(order), BATCH):
            sums = [np.zeros_like(part) for part in (u, v, b, w, c)]
            rows = order[at : at + BATCH]
            for row in rows:
                window, target = data.train.x[row], data.train.y[row]
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
            for part, total in zip((u, v, b, w, c), sums, strict=True):
                np.subtract(part, RATE / len(rows) * total, out=part)

    return epoch


def tutorials_layout(data: Data, start: Parts, depth: int) -> Callable[[], object]:
    """Each step reads the complete window, zero but for its place, and has its own error."""
    u = start["recurrent_weights"].T.copy()
    v = np.repeat(start["input_weights"].T, STEPS, axis=1)
    w = start["output_weights"].T.copy()
    generator = np.random.default_rng(2)

    def epoch() -> None:
        order = generator.permutation(len(data.train))
        for at in range(0, len(order), BATCH):
            sum_u, sum_v, sum_w = np.zeros_like(u), np.zeros_like(v), np.zeros_like(w)
            rows = order[at : at + BATCH]
            for row in rows:
                window, target = data.train.x[row], data.train.y[row]
                states, inputs = [np.zeros((HIDDEN, 1), u.dtype)], []
                for step in range(STEPS):
                    fed = np.zeros_like(window)
                    fed[step] = window[step]
                    inputs.append(fed)
                    states.append(np.tanh(np.dot(v, fed) + np.dot(u, states[-1])))
                for step in range(STEPS):
                    error = np.dot(w, states[step + 1]) - target
                    sum_w += np.dot(error, states[step + 1].T)
                    back = np.dot(w.T, error)
                    for earlier in range(step, max(-1, step - depth), -1):
                        delta = back * (1 - states[earlier + 1] ** 2)
                        sum_u += np.dot(delta, states[earlier].T)
                        sum_v += np.dot(delta, inputs[earlier].T)
                        back = np.dot(u.T, delta)
            for part, total in zip((u, v, w), (sum_u, sum_v, sum_w), strict=True):
                np.subtract(part, RATE / STEPS / len(rows) * total, out=part)

    return epoch


NAMES = ("recurrent_weights", "input_weights", "biases", "output_weights", "output_biases")


def torch_autograd(data: Data, start: Parts, depth: int) -> Callable[[], object]:
    import torch  # noqa: PLC0415 - may be missing

    torch.set_num_threads(1)
    cell = torch.nn.RNN(1, HIDDEN, batch_first=True)
    out = torch.nn.Linear(HIDDEN, 1)
    cell.to(torch.from_numpy(data.train.x).dtype)
    out.to(torch.from_numpy(data.train.x).dtype)
    with torch.no_grad():
        cell.weight_hh_l0.copy_(torch.from_numpy(start["recurrent_weights"].T))
        cell.weight_ih_l0.copy_(torch.from_numpy(start["input_weights"].T))
        cell.bias_hh_l0.zero_()
        cell.bias_ih_l0.zero_()
        out.weight.copy_(torch.from_numpy(start["output_weights"].T))
        out.bias.zero_()
    optimizer = torch.optim.SGD([*cell.parameters(), *out.parameters()], lr=RATE)
    x, y = torch.from_numpy(data.train.x), torch.from_numpy(data.train.y)
    torch.manual_seed(2)

    def epoch() -> None:
        order = torch.randperm(len(x))
        for at in range(0, len(x), BATCH):
            rows = order[at : at + BATCH]
            batch, state = x[rows], None
            optimizer.zero_grad()
            if depth < STEPS:
                with torch.no_grad():
                    _, state = cell(batch[:, : STEPS - depth])
            _, last = cell(batch[:, STEPS - depth :], state)
            loss = ((out(last[0]) - y[rows]) ** 2).sum() / (2 * len(rows))
            loss.backward()
            optimizer.step()

    return epoch


def torch_by_hand(data: Data, start: Parts, depth: int) -> Callable[[], object]:
    import torch  # noqa: PLC0415 - may be missing

    torch.set_num_threads(1)
    u, v, b, w, c = (torch.from_numpy(start[name].copy()) for name in NAMES)
    x, y = torch.from_numpy(data.train.x), torch.from_numpy(data.train.y)
    torch.manual_seed(2)

    def epoch() -> None:
        with torch.no_grad():
            order = torch.randperm(len(x))
            for at in range(0, len(x), BATCH):
                rows = order[at : at + BATCH]
                batch = x[rows]
                driven = batch @ v + b
                states = [torch.zeros(len(rows), HIDDEN, dtype=x.dtype)]
                for step in range(STEPS):
                    states.append(torch.addmm(driven[:, step], states[-1], u).tanh_())
                delta_out = (torch.addmm(c, states[-1], w) - y[rows]) / len(rows)
                back = delta_out @ w.T
                deltas = []
                for step in range(STEPS - 1, STEPS - 1 - depth, -1):
                    deltas.append(back * (1 - states[step + 1] ** 2))
                    back = deltas[-1] @ u.T
                deltas.reverse()
                used = torch.cat(deltas)
                w.addmm_(states[-1].T, delta_out, alpha=-RATE)
                c.add_(delta_out.sum(0), alpha=-RATE)
                u.addmm_(torch.cat(states[STEPS - depth : STEPS]).T, used, alpha=-RATE)
                v.addmm_(
                    batch[:, STEPS - depth :].transpose(0, 1).reshape(-1, 1).T, used, alpha=-RATE
                )
                b.add_(used.sum(0), alpha=-RATE)

    return epoch


def torch_agreement(start: Parts, depth: int) -> float:
    """The largest relative difference between our gradient and autograd's, on one batch."""
    import torch  # noqa: PLC0415 - may be missing

    network = Recurrent(1, HIDDEN, 1, truncate=depth, dtype=np.float64)
    for name, array in network.named_parameters().items():
        array[...] = start[name]
    data = window_series(sample_sine(), STEPS, dtype=np.float64, standardise=False)
    x, y = data.train.x[:BATCH], data.train.y[:BATCH]
    network.backpropagate(x, y, np.empty_like(y))
    parts = [torch.tensor(network.named_parameters()[name], requires_grad=True) for name in NAMES]
    u, v, b, w, c = parts
    state = torch.zeros(BATCH, HIDDEN, dtype=torch.float64)
    for step in range(STEPS):
        state = torch.tanh(state @ u + torch.from_numpy(x[:, step]) @ v + b)
        if step + 1 == STEPS - depth:
            state = state.detach()
    (((state @ w + c - torch.from_numpy(y)) ** 2).sum() / (2 * BATCH)).backward()
    theirs = np.concatenate([part.grad.numpy().ravel() for part in parts])
    return float(np.max(np.abs(network.gradient - theirs)) / np.max(np.abs(theirs)))


if __name__ == "__main__":
    main()
