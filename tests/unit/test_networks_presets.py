"""Presets are those of the contract, options override them, and nonsense is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from networks.errors import NetworkError
from networks.feedforward import FeedForward
from networks.presets import build, options
from networks.recurrent import Recurrent


def subset(chosen: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: chosen[name] for name in wanted}


def test_the_tutorial_presets_are_the_first_programs_settings() -> None:
    feedforward = {
        "hidden": [30], "activation": "sigmoid", "loss": "quadratic", "initialiser": "normal", "optimizer": "sgd",
        "schedule": "constant", "learning_rate": 3.0, "batch_size": 10, "epochs": 10,
    }  # fmt: skip
    recurrent = {
        "hidden": [100], "sequence": 50, "activation": "sigmoid", "initialiser": "unit-uniform", "optimizer": "sgd",
        "learning_rate": 1e-4, "truncate": 5, "clip": 10.0, "clip_by": "value", "epochs": 25, "seed": 12161,
    }  # fmt: skip
    assert (
        subset(options("feedforward", {"preset": "tutorial"}).as_dict(), feedforward) == feedforward
    )
    assert subset(options("recurrent", {"preset": "tutorial"}).as_dict(), recurrent) == recurrent


def test_the_standard_presets_are_the_default() -> None:
    feedforward, recurrent = options("feedforward"), options("recurrent")
    assert (feedforward.preset, feedforward.loss, feedforward.schedule) == (
        "standard",
        "cross-entropy",
        "cosine",
    )
    assert (feedforward.epochs, feedforward.patience) == (30, None)
    assert (recurrent.activation, recurrent.optimizer, recurrent.truncate) == ("tanh", "adam", None)
    assert (recurrent.batch_size, recurrent.epochs, recurrent.patience) == (10, 300, None)
    assert recurrent.schedule != "constant"


def test_options_override_as_typed_on_a_command_line() -> None:
    chosen = options(
        "feedforward",
        {"hidden": "30,20", "learning-rate": "0.5", "epochs": "3", "patience": "2", "seed": None},
    )
    assert (chosen.hidden, chosen.learning_rate, chosen.epochs, chosen.patience, chosen.seed) == (
        (30, 20),
        0.5,
        3,
        2,
        0,
    )
    chosen = options(
        "recurrent",
        {"hidden": 7, "truncate": "none", "clip": "none", "carry": "yes", "preset": "tutorial"},
    )
    assert (chosen.hidden, chosen.truncate, chosen.clip, chosen.carry) == ((7,), None, None, True)
    assert options("feedforward", {"hidden": [4, 5]}).hidden == (4, 5)


@pytest.mark.parametrize(
    ("kind", "overrides", "words"),
    [
        ("convolutional", {}, "no network called 'convolutional'"),
        ("feedforward", {"preset": "best"}, "no preset called 'best': choose standard or tutorial"),
        ("feedforward", {"sequence": 5}, "feedforward network has no option 'sequence'"),
        ("feedforward", {"momentum": 5}, "has no option 'momentum'"),
        ("feedforward", {"hidden": "30,x"}, "hidden is '30,x': give the size of each hidden layer"),
        ("feedforward", {"hidden": "0"}, "give sizes of at least 1"),
        ("feedforward", {"epochs": "1.5"}, "epochs is '1.5': give a whole number"),
        ("feedforward", {"epochs": 0}, "epochs is 0: give 1 or more"),
        ("feedforward", {"learning-rate": "nan"}, "learning-rate is 'nan': give a number"),
        ("feedforward", {"learning_rate": -1}, "learning-rate is -1.0: give a number above 0"),
        ("feedforward", {"precision": 16}, "precision is 16: give 32 or 64"),
        (
            "feedforward",
            {"activation": "softmax"},
            "no activation called 'softmax': choose one of relu, sigmoid, tanh",
        ),
        ("feedforward", {"optimizer": "lbfgs"}, "no optimizer called 'lbfgs'"),
        ("feedforward", {"loss": "hinge"}, "the loss 'hinge' does not go"),
        ("recurrent", {"hidden": "3,4"}, "one hidden layer"),
        ("recurrent", {"loss": "cross-entropy"}, "cross-entropy"),
        ("recurrent", {"truncate": 0}, "truncate is 0: give 1 or more, or none"),
        ("recurrent", {"clip": 0}, "clip is 0.0: give a number above 0, or none"),
        ("recurrent", {"carry": "perhaps"}, "carry is 'perhaps': give yes or no"),
    ],
)
def test_options_that_make_no_sense_are_named(
    kind: str, overrides: dict[str, Any], words: str
) -> None:
    with pytest.raises(NetworkError, match=words):
        options(kind, overrides)


def test_the_first_and_last_layer_follow_the_data() -> None:
    network = build(options("feedforward", {"hidden": "5,4"}), 64, 10, np.random.default_rng(1))
    assert isinstance(network, FeedForward)
    assert network.sizes == (64, 5, 4, 10)
    assert network.names == {"activation": "relu", "output": "softmax", "loss": "cross-entropy"}
    other = build(options("recurrent", {"precision": 64}), 1, 1, np.random.default_rng(1))
    assert isinstance(other, Recurrent)
    assert (other.sizes, other.dtype) == ((1, 100, 1), np.float64)


def test_the_tutorial_draws_its_biases_too() -> None:
    drawn = build(options("feedforward", {"preset": "tutorial"}), 3, 2, np.random.default_rng(1))
    scaled = build(options("feedforward"), 3, 2, np.random.default_rng(1))
    assert np.all(drawn.arrays()["biases1"] != 0)
    assert np.all(scaled.arrays()["biases1"] == 0)
