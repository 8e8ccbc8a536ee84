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
    """All options of a training; only recurrent networks have the last five.

    *precision* is 32 or 64 bits. *schedule* lowers the learning rate over the epochs. After
    *patience* epochs without a better validation loss the training stops and keeps the best weights
    (None: never). *weight_decay* pulls weights to zero. *sequence* is the number of steps of a
    window. Errors go back through the last *truncate* steps (None: all). Gradients are clipped at
    *clip* (None: not) by *clip_by*, ``norm`` or ``value``. With *carry* windows follow one another
    and hand on the hidden state.
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
    def is_recurrent(self) -> bool:
        """Whether the network has a state: it forecasts the next number of a series."""
        return self.kind == Recurrent.kind

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
]
PRESETS = {(options.kind, options.preset): options for options in _PRESETS}
KINDS = tuple(dict.fromkeys(options.kind for options in _PRESETS))
RECURRENT_ONLY = {"sequence", "truncate", "clip", "clip_by", "carry"}


def resolve_options(kind: str, overrides: Mapping[str, Any] | None = None) -> Options:
    """Return the options of a network of *kind*: ``feedforward`` or ``recurrent``.

    *overrides* may name the preset and override its options. Names are those of `Options`, with
    ``-`` or ``_``; values are text as typed or of the right type (``hidden``: ``"30,20"``, 30 or
    ``[30, 20]``). None keeps the preset's value, ``"none"`` removes an optional one. Raises
    NetworkError, which names the option, its value and what it may be.
    """
    chosen: dict[str, Any] = {}
    for option_name, raw in (overrides or {}).items():
        if raw is not None:
            chosen[option_name.replace("-", "_")] = raw

    preset = str(chosen.pop("preset", "standard"))

    if kind not in KINDS:
        raise NetworkError(f"there is no network called {kind!r}: choose {' or '.join(KINDS)}")
    if (kind, preset) not in PRESETS:
        presets = [preset_name for preset_kind, preset_name in PRESETS if preset_kind == kind]
        raise NetworkError(
            f"there is no preset called {preset!r}: choose {' or '.join(sorted(presets))}"
        )

    option_names = {field.name for field in fields(Options)} - {"kind", "preset"}
    if kind != "recurrent":
        option_names -= RECURRENT_ONLY

    for option_name, raw in chosen.items():
        if option_name not in option_names:
            raise NetworkError(
                f"a {kind} network has no option {option_name.replace('_', '-')!r}: "
                f"choose one of {', '.join(sorted(option_names)).replace('_', '-')}"
            )

        chosen[option_name] = _parse(option_name, raw)

    options = replace(PRESETS[kind, preset], **chosen)
    _validate(options)
    return options


def _parse(option_name: str, raw: Any) -> Any:
    """Return *raw* in the type of the option *option_name*."""
    if option_name in {"patience", "truncate", "clip"} and str(raw).lower() in {"none", ""}:
        return None

    parse, expected = _PARSERS.get(option_name, (str, "a name"))
    try:
        return parse(raw)
    except (ValueError, TypeError, OverflowError):
        raise NetworkError(f"{option_name.replace('_', '-')} is {raw!r}: give {expected}") from None


def _parse_integer(raw: Any) -> int:
    integer = int(raw)
    if integer != float(raw):
        raise ValueError(raw)
    return integer


def _parse_number(raw: Any) -> float:
    parsed = float(raw)
    if not math.isfinite(parsed):
        raise ValueError(raw)
    return parsed


def _parse_layers(raw: Any) -> tuple[int, ...]:
    if isinstance(raw, str):
        raw = raw.split(",")
    if not isinstance(raw, (list, tuple)):
        raw = [raw]

    return tuple(map(_parse_integer, raw))


def _parse_yes_or_no(raw: Any) -> bool:
    answer = str(raw).lower()
    if answer in {"true", "yes", "1"}:
        return True
    if answer in {"false", "no", "0"}:
        return False

    raise ValueError(raw)


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


# The name of an option, whether it fits, and what would.
_Limit = tuple[str, bool, str]


def _list_recurrent_limits(options: Options) -> list[_Limit]:
    look_up(CLIPS, options.clip_by or "", "way to clip")
    return [
        ("hidden", len(options.hidden) == 1, "one size: there is one hidden layer"),
        ("loss", options.loss == "quadratic", "quadratic, to forecast a number"),
        ("sequence", (options.sequence or 0) >= 1, "1 or more"),
        ("truncate", options.truncate is None or options.truncate >= 1, "1 or more, or none"),
        ("clip", options.clip is None or options.clip > 0, "a number above 0, or none"),
    ]


def _validate(options: Options) -> None:
    """Raise NetworkError for the first value that is out of range."""
    look_up(ACTIVATIONS, options.activation, "activation")
    look_up(INITIALISERS, options.initialiser, "initialiser")
    look_up(OPTIMIZERS, options.optimizer, "optimizer")
    look_up(SCHEDULES, options.schedule, "schedule")
    look_up_loss(options.loss, choose_output(options))

    limits: list[_Limit] = [
        ("hidden", min(options.hidden, default=1) >= 1, "sizes of at least 1"),
        ("learning_rate", options.learning_rate > 0, "a number above 0"),
        ("weight_decay", 0 <= options.weight_decay < 1, "a number from 0 to below 1"),
        ("batch_size", options.batch_size >= 1, "1 or more"),
        ("epochs", options.epochs >= 1, "1 or more"),
        ("precision", options.precision in {32, 64}, "32 or 64"),
        ("seed", options.seed >= 0, "0 or more"),
        ("patience", options.patience is None or options.patience >= 1, "1 or more, or none"),
    ]
    if options.is_recurrent:
        limits += _list_recurrent_limits(options)

    for option_name, fits, expected in limits:
        if not fits:
            setting = getattr(options, option_name)
            raise NetworkError(f"{option_name.replace('_', '-')} is {setting!r}: give {expected}")


def choose_output(options: Options) -> str:
    """Return the last layer's activation.

    It is the identity for a forecast or a rating, softmax for cross-entropy and sigmoid for a
    quadratic loss.
    """
    if options.kind != FeedForward.kind:
        return "identity"

    return "softmax" if options.loss == "cross-entropy" else "sigmoid"


def build_network(
    options: Options, inputs: int, outputs: int, generator: np.random.Generator
) -> FeedForward | Recurrent:
    """Return a network between *inputs* and *outputs* units, and draw its weights."""
    network: FeedForward | Recurrent
    if options.is_recurrent:
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
