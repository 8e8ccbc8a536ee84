"""The options of a training: presets, what overrides them, and the network that they describe."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from networks.errors import NetworkError
from networks.feedforward import FeedForward
from networks.functions import ACTIVATIONS, INITIALISERS, look_up, look_up_loss
from networks.optimizers import CLIPS, OPTIMIZERS, SCHEDULES
from networks.recurrent import Recurrent


@dataclass(frozen=True, kw_only=True)
class Options:
    """All that decides a training but its data; the last five are of recurrent networks alone.

    *precision* is 32 or 64 bits. *schedule* lowers the learning rate over the epochs. *patience*:
    stop after so many epochs without a better validation loss and keep the best weights (None:
    never). *weight_decay* pulls weights to zero. *sequence* is the number of steps of a window;
    errors go back through the last *truncate* steps (None: all); gradients are clipped at *clip*
    (None: not) by *clip_by*, ``norm`` or ``value``; with *carry* windows follow one another and
    hand on the hidden state.
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
    weight_decay: float = 0.0
    batch_size: int = 10
    epochs: int
    precision: int
    seed: int = 0
    patience: int | None = None
    sequence: int | None = None
    truncate: int | None = None
    clip: float | None = None
    clip_by: str | None = None
    carry: bool | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision as a type of numpy."""
        return np.dtype(f"float{self.precision}")

    def as_dict(self) -> dict[str, Any]:
        """Return the options by name as plain values (*hidden* as a list)."""
        return {**asdict(self), "hidden": list(self.hidden)}


_PRESETS = [
    Options(
        kind="feedforward",
        preset="tutorial",
        hidden=(30,),
        activation="sigmoid",
        loss="quadratic",
        initialiser="normal",
        optimizer="sgd",
        schedule="constant",
        learning_rate=3.0,
        epochs=10,
        precision=64,
    ),
    Options(
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
        epochs=30,
        precision=32,
    ),
    Options(
        kind="recurrent",
        preset="tutorial",
        hidden=(100,),
        activation="sigmoid",
        loss="quadratic",
        initialiser="unit-uniform",
        optimizer="sgd",
        schedule="constant",
        learning_rate=1e-4,
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
    Options(
        kind="recurrent",
        preset="standard",
        hidden=(100,),
        activation="tanh",
        loss="quadratic",
        initialiser="orthogonal",
        optimizer="adam",
        schedule="cosine",
        learning_rate=1e-3,
        epochs=300,
        precision=32,
        sequence=50,
        clip=1.0,
        clip_by="norm",
        carry=False,
    ),
    Options(
        kind="polarity",
        preset="standard",
        hidden=(16,),
        activation="tanh",
        loss="quadratic",
        initialiser="glorot",
        optimizer="adam",
        schedule="cosine",
        learning_rate=5e-4,
        weight_decay=0.95,
        batch_size=64,
        epochs=12,
        precision=32,
    ),
]
PRESETS = {(options.kind, options.preset): options for options in _PRESETS}
KINDS = tuple(dict.fromkeys(options.kind for options in _PRESETS))
RECURRENT_ONLY = {"sequence", "truncate", "clip", "clip_by", "carry"}


def resolve_options(kind: str, overrides: Mapping[str, Any] | None = None) -> Options:
    """Return the options of a network of *kind*: ``feedforward``, ``recurrent`` or ``polarity``.

    *overrides* may name the preset and override its options. Names are those of `Options`, with
    ``-`` or ``_``; values are text as typed or of the right type (``hidden``: ``"30,20"``, 30 or
    ``[30, 20]``). None keeps the preset's value, ``"none"`` removes an optional one. Raises
    NetworkError, which names the option, its value and what it may be.
    """
    values: dict[str, Any] = {}
    for name, value in (overrides or {}).items():
        if value is not None:
            values[name.replace("-", "_")] = value
    preset = str(values.pop("preset", "standard"))

    if kind not in KINDS:
        raise NetworkError(f"there is no network called {kind!r}: choose {' or '.join(KINDS)}")
    if (kind, preset) not in PRESETS:
        presets = [name for of_kind, name in PRESETS if of_kind == kind]
        raise NetworkError(
            f"there is no preset called {preset!r}: choose {' or '.join(sorted(presets))}"
        )

    names = {field.name for field in fields(Options)} - {"kind", "preset"}
    if kind != "recurrent":
        names -= RECURRENT_ONLY
    for name, value in values.items():
        if name not in names:
            raise NetworkError(
                f"a {kind} network has no option {name.replace('_', '-')!r}: "
                f"choose one of {', '.join(sorted(names)).replace('_', '-')}"
            )
        values[name] = _parse(name, value)

    options = replace(PRESETS[kind, preset], **values)
    _validate(options)
    return options


def _parse(name: str, value: Any) -> Any:
    """Return *value* in the type of the option *name*."""
    if name in {"patience", "truncate", "clip"} and str(value).lower() in {"none", ""}:
        return None
    parse, expected = _PARSERS.get(name, (str, "a name"))
    try:
        return parse(value)
    except (ValueError, TypeError, OverflowError):
        raise NetworkError(f"{name.replace('_', '-')} is {value!r}: give {expected}") from None


def _parse_integer(value: Any) -> int:
    number = int(value)
    if number != float(value):
        raise ValueError(value)
    return number


def _parse_number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _parse_layers(value: Any) -> tuple[int, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, (list, tuple)):
        value = [value]
    return tuple(map(_parse_integer, value))


def _parse_yes_or_no(value: Any) -> bool:
    word = str(value).lower()
    if word in {"true", "yes", "1"}:
        return True
    if word in {"false", "no", "0"}:
        return False
    raise ValueError(value)


_PARSERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "hidden": (_parse_layers, "the size of each hidden layer, 30 or 30,20 say"),
    "learning_rate": (_parse_number, "a number"),
    "weight_decay": (_parse_number, "a number"),
    "batch_size": (_parse_integer, "a whole number"),
    "epochs": (_parse_integer, "a whole number"),
    "precision": (_parse_integer, "a whole number"),
    "seed": (_parse_integer, "a whole number"),
    "patience": (_parse_integer, "a whole number, or none"),
    "sequence": (_parse_integer, "a whole number"),
    "truncate": (_parse_integer, "a whole number, or none"),
    "clip": (_parse_number, "a number, or none"),
    "carry": (_parse_yes_or_no, "yes or no"),
}


def _validate(options: Options) -> None:
    """Raise NetworkError for the first value that is out of range."""
    look_up(ACTIVATIONS, options.activation, "activation")
    look_up(INITIALISERS, options.initialiser, "initialiser")
    look_up(OPTIMIZERS, options.optimizer, "optimizer")
    look_up(SCHEDULES, options.schedule, "schedule")
    look_up_loss(options.loss, choose_output(options))

    limits = [
        ("hidden", min(options.hidden, default=1) >= 1, "sizes of at least 1"),
        ("learning_rate", options.learning_rate > 0, "a number above 0"),
        ("weight_decay", 0 <= options.weight_decay < 1, "a number from 0 to below 1"),
        ("batch_size", options.batch_size >= 1, "1 or more"),
        ("epochs", options.epochs >= 1, "1 or more"),
        ("precision", options.precision in {32, 64}, "32 or 64"),
        ("seed", options.seed >= 0, "0 or more"),
        ("patience", options.patience is None or options.patience >= 1, "1 or more, or none"),
    ]
    if options.kind == "recurrent":
        look_up(CLIPS, options.clip_by or "", "way to clip")
        limits += [
            ("hidden", len(options.hidden) == 1, "one size: there is one hidden layer"),
            ("loss", options.loss == "quadratic", "quadratic, to forecast a number"),
            ("sequence", (options.sequence or 0) >= 1, "1 or more"),
            ("truncate", options.truncate is None or options.truncate >= 1, "1 or more, or none"),
            ("clip", options.clip is None or options.clip > 0, "a number above 0, or none"),
        ]

    if options.kind == "polarity":
        limits += [
            ("hidden", len(options.hidden) == 1, "one size: the engine has one hidden layer"),
            ("activation", options.activation == "tanh", "tanh, which the engine computes"),
            ("loss", options.loss == "quadratic", "quadratic, to forecast a rating"),
        ]

    for name, fits, expected in limits:
        if not fits:
            value = getattr(options, name)
            raise NetworkError(f"{name.replace('_', '-')} is {value!r}: give {expected}")


def choose_output(options: Options) -> str:
    """Return the last layer's activation.

    It is the identity for a forecast or a rating, softmax for cross-entropy and sigmoid for a
    quadratic loss.
    """
    if options.kind != "feedforward":
        return "identity"
    return "softmax" if options.loss == "cross-entropy" else "sigmoid"


def build_network(
    options: Options, inputs: int, outputs: int, generator: np.random.Generator
) -> FeedForward | Recurrent:
    """Return a network between *inputs* and *outputs* units, and draw its weights."""
    network: FeedForward | Recurrent
    if options.kind == "recurrent":
        network = Recurrent(
            inputs,
            options.hidden[0],
            outputs,
            activation=options.activation,
            truncate=options.truncate,
            carry=bool(options.carry),
            dtype=options.dtype,
        )
    else:
        network = FeedForward(
            (inputs, *options.hidden, outputs),
            activation=options.activation,
            output=choose_output(options),
            loss=options.loss,
            dtype=options.dtype,
        )

    network.initialise(options.initialiser, generator)
    return network
