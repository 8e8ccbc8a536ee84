"""What a training is asked for: two presets for each kind of network, what overrides them, and the network so built."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from networks.errors import NetworkError
from networks.feedforward import FeedForward
from networks.functions import ACTIVATIONS, INITIALISERS, cost, named
from networks.optimizers import CLIPS, OPTIMIZERS, SCHEDULES
from networks.recurrent import Recurrent


@dataclass(frozen=True, kw_only=True)
class Options:
    """All that decides a training but its data. The last five concern a recurrent network and are None for the other.

    *precision* is 32 or 64 bits. *schedule* lets the learning rate fall over the epochs. *patience*: stop after so
    many epochs without a better validation loss and keep the best weights (None: never). *weight_decay* pulls weights
    to zero. *sequence* steps make a window; *truncate* steps are learned from (None: all); gradients are clipped at
    *clip* (None: not) by *clip_by*, ``norm`` or ``value``; with *carry* windows follow one another and hand on the
    hidden state.
    """

    kind: str
    preset: str
    hidden: tuple[int, ...]
    activation: str
    loss: str
    initialiser: str
    optimizer: str
    schedule: str
    learning_rate: float
    weight_decay: float
    batch_size: int
    epochs: int
    precision: int
    seed: int
    patience: int | None = None
    sequence: int | None = None
    truncate: int | None = None
    clip: float | None = None
    clip_by: str | None = None
    carry: bool | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision as numpy calls it."""
        return np.dtype(f"float{self.precision}")

    def as_dict(self) -> dict[str, Any]:
        """The options by name, as plain values (*hidden* as a list), for a table or a page."""
        return {**asdict(self), "hidden": list(self.hidden)}


PRESETS = {
    ("feedforward", "tutorial"): Options(
        kind="feedforward",
        preset="tutorial",
        hidden=(30,),
        activation="sigmoid",
        loss="quadratic",
        initialiser="normal",
        optimizer="sgd",
        schedule="constant",
        learning_rate=3.0,
        weight_decay=0.0,
        batch_size=10,
        epochs=10,
        precision=64,
        seed=0,
    ),
    ("feedforward", "standard"): Options(
        kind="feedforward",
        preset="standard",
        hidden=(30,),
        activation="relu",
        loss="cross-entropy",
        initialiser="he",
        optimizer="sgd",
        schedule="cosine",
        learning_rate=0.2,
        weight_decay=2e-4,
        batch_size=10,
        epochs=30,
        precision=32,
        seed=0,
    ),
    ("recurrent", "tutorial"): Options(
        kind="recurrent",
        preset="tutorial",
        hidden=(100,),
        activation="sigmoid",
        loss="quadratic",
        initialiser="unit-uniform",
        optimizer="sgd",
        schedule="constant",
        learning_rate=1e-4,
        weight_decay=0.0,
        batch_size=1,
        epochs=25,
        precision=64,
        seed=12161,
        sequence=50,
        truncate=5,
        clip=10.0,
        clip_by="value",
        carry=False,
    ),
    ("recurrent", "standard"): Options(
        kind="recurrent",
        preset="standard",
        hidden=(100,),
        activation="tanh",
        loss="quadratic",
        initialiser="orthogonal",
        optimizer="adam",
        schedule="cosine",
        learning_rate=1e-3,
        weight_decay=0.0,
        batch_size=10,
        epochs=300,
        precision=32,
        seed=0,
        sequence=50,
        truncate=None,
        clip=1.0,
        clip_by="norm",
        carry=False,
    ),
}


def options(kind: str, overrides: Mapping[str, Any] | None = None) -> Options:
    """The options for a network of *kind* (``feedforward`` or ``recurrent``): a preset, and what overrides it.

    Names in *overrides* are those of `Options`, with ``-`` or ``_``; values are text as typed or of the right type
    already (``hidden``: ``"30,20"``, 30 or ``[30, 20]``); None means "as the preset has it", ``"none"`` takes an
    optional one away. Raises NetworkError, which names the option, what was given and what it may be.
    """
    given = {
        name.replace("-", "_"): value
        for name, value in (overrides or {}).items()
        if value is not None
    }
    preset = str(given.pop("preset", "standard"))
    if kind not in {known for known, _ in PRESETS}:
        raise NetworkError(f"there is no network called {kind!r}: choose feedforward or recurrent")
    base = PRESETS.get((kind, preset))
    if base is None:
        raise NetworkError(f"there is no preset called {preset!r}: choose standard or tutorial")
    allowed = {field.name for field in fields(Options)} - {"kind", "preset"}
    if kind == "feedforward":
        allowed -= RECURRENT_ONLY
    for name in given:
        if name not in allowed:
            raise NetworkError(
                f"a {kind} network has no option {name.replace('_', '-')!r}: "
                f"there are {', '.join(sorted(allowed)).replace('_', '-')}"
            )
    chosen = replace(base, **{name: _read(name, value) for name, value in given.items()})
    _check(chosen)
    return chosen


RECURRENT_ONLY = {"sequence", "truncate", "clip", "clip_by", "carry"}
OPTIONAL = {"patience", "truncate", "clip"}


def _read(name: str, value: Any) -> Any:
    """*value* in the type that the option *name* has."""
    if name in OPTIONAL and str(value).lower() in {"none", ""}:
        return None
    reader, wanted = _READERS.get(name, (str, "a name"))
    try:
        return reader(value)
    except (ValueError, TypeError, OverflowError):
        raise NetworkError(f"{name.replace('_', '-')} is {value!r}: give {wanted}") from None


def _integer(value: Any) -> int:
    number = int(value)
    if number != float(value):
        raise ValueError(value)
    return number


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _layers(value: Any) -> tuple[int, ...]:
    parts = (
        value.split(",")
        if isinstance(value, str)
        else value
        if isinstance(value, (list, tuple))
        else [value]
    )
    return tuple(_integer(part) for part in parts)


def _yes_or_no(value: Any) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return words[str(value).lower()] if str(value).lower() in words else bool(int(value))


_READERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "hidden": (_layers, "the size of each hidden layer, 30 or 30,20 say"),
    "learning_rate": (_number, "a number"),
    "weight_decay": (_number, "a number"),
    "clip": (_number, "a number, or none"),
    "carry": (_yes_or_no, "yes or no"),
    **dict.fromkeys(
        ("batch_size", "epochs", "precision", "seed", "sequence"), (_integer, "a whole number")
    ),
    **dict.fromkeys(("patience", "truncate"), (_integer, "a whole number, or none")),
}


def _check(chosen: Options) -> None:
    """Raise NetworkError for the first value that cannot be meant."""
    named(ACTIVATIONS, chosen.activation, "activation")
    named(INITIALISERS, chosen.initialiser, "initialiser")
    named(OPTIMIZERS, chosen.optimizer, "optimizer")
    named(SCHEDULES, chosen.schedule, "schedule")
    cost(chosen.loss, output_for(chosen))
    limits: list[tuple[str, bool, str]] = [
        ("hidden", all(size >= 1 for size in chosen.hidden), "sizes of at least 1"),
        ("learning_rate", chosen.learning_rate > 0, "a number above 0"),
        ("weight_decay", 0 <= chosen.weight_decay < 1, "a number from 0 to below 1"),
        ("batch_size", chosen.batch_size >= 1, "1 or more"),
        ("epochs", chosen.epochs >= 1, "1 or more"),
        ("precision", chosen.precision in {32, 64}, "32 or 64"),
        ("seed", chosen.seed >= 0, "0 or more"),
        ("patience", chosen.patience is None or chosen.patience >= 1, "1 or more, or none"),
    ]
    if chosen.kind == "recurrent":
        named(CLIPS, chosen.clip_by or "", "way to clip")
        limits += [
            (
                "hidden",
                len(chosen.hidden) == 1,
                "one size: a recurrent network has one hidden layer",
            ),
            (
                "loss",
                chosen.loss == "quadratic",
                "quadratic: a recurrent network forecasts a number",
            ),
            ("sequence", (chosen.sequence or 0) >= 1, "1 or more"),
            ("truncate", chosen.truncate is None or chosen.truncate >= 1, "1 or more, or none"),
            ("clip", chosen.clip is None or chosen.clip > 0, "a number above 0, or none"),
        ]
    for name, fits, wanted in limits:
        if not fits:
            raise NetworkError(
                f"{name.replace('_', '-')} is {getattr(chosen, name)!r}: give {wanted}"
            )


def output_for(chosen: Options) -> str:
    """The last layer's activation: a plain number for a forecast, softmax for cross-entropy, sigmoid for quadratic."""
    if chosen.kind == "recurrent":
        return "identity"
    return "softmax" if chosen.loss == "cross-entropy" else "sigmoid"


def build(
    chosen: Options, inputs: int, outputs: int, generator: np.random.Generator
) -> FeedForward | Recurrent:
    """The network of these options between *inputs* and *outputs* (`Data` tells both), its weights drawn."""
    network: FeedForward | Recurrent
    if chosen.kind == "recurrent":
        network = Recurrent(
            inputs,
            chosen.hidden[0],
            outputs,
            activation=chosen.activation,
            truncate=chosen.truncate,
            carry=bool(chosen.carry),
            dtype=chosen.dtype,
        )
    else:
        network = FeedForward(
            (inputs, *chosen.hidden, outputs),
            activation=chosen.activation,
            output=output_for(chosen),
            loss=chosen.loss,
            dtype=chosen.dtype,
        )
    network.initialise(chosen.initialiser, generator)
    return network
