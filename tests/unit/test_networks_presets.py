"""Presets are those of the contract, options override them, and bad options are named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from networks.errors import NetworkError
from networks.feedforward import FeedForward
from networks.presets import build_network, resolve_options
from networks.recurrent import Recurrent


def subset(options: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in expected}


def test_the_tutorial_presets_are_the_first_programs_settings() -> None:
    feedforward = {
        "hidden": [30], "activation": "sigmoid", "loss": "quadratic", "initialiser": "normal",
        "optimizer": "sgd", "schedule": "constant", "learning_rate": 3.0, "batch_size": 10,
        "epochs": 10,
    }  # fmt: skip
    recurrent = {
        "hidden": [100], "sequence": 50, "activation": "sigmoid", "initialiser": "unit-uniform",
        "optimizer": "sgd", "learning_rate": 1e-4, "truncate": 5, "clip": 10.0, "clip_by": "value",
        "epochs": 25, "seed": 12161,
    }  # fmt: skip
    assert (
        subset(resolve_options("feedforward", {"preset": "tutorial"}).as_dict(), feedforward)
        == feedforward
    )
    assert (
        subset(resolve_options("recurrent", {"preset": "tutorial"}).as_dict(), recurrent)
        == recurrent
    )


def test_the_standard_presets_are_the_default() -> None:
    feedforward, recurrent = resolve_options("feedforward"), resolve_options("recurrent")
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
    options = resolve_options(
        "feedforward",
        {"hidden": "30,20", "learning-rate": "0.5", "epochs": "3", "patience": "2", "seed": None},
    )
    assert (
        options.hidden,
        options.learning_rate,
        options.epochs,
        options.patience,
        options.seed,
    ) == (
        (30, 20),
        0.5,
        3,
        2,
        0,
    )
    options = resolve_options(
        "recurrent",
        {"hidden": 7, "truncate": "none", "clip": "none", "carry": "yes", "preset": "tutorial"},
    )
    assert (options.hidden, options.truncate, options.clip, options.carry) == (
        (7,),
        None,
        None,
        True,
    )
    assert resolve_options("feedforward", {"hidden": [4, 5]}).hidden == (4, 5)


@pytest.mark.parametrize(
    ("kind", "overrides", "message"),
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
    kind: str, overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(NetworkError, match=message):
        resolve_options(kind, overrides)


def test_the_first_and_last_layer_follow_the_data() -> None:
    network = build_network(
        resolve_options("feedforward", {"hidden": "5,4"}), 64, 10, np.random.default_rng(1)
    )
    assert isinstance(network, FeedForward)
    assert network.sizes == (64, 5, 4, 10)
    assert network.names == {"activation": "relu", "output": "softmax", "loss": "cross-entropy"}
    other = build_network(
        resolve_options("recurrent", {"precision": 64}), 1, 1, np.random.default_rng(1)
    )
    assert isinstance(other, Recurrent)
    assert (other.sizes, other.dtype) == ((1, 100, 1), np.float64)


def test_the_tutorial_draws_its_biases_too() -> None:
    drawn = build_network(
        resolve_options("feedforward", {"preset": "tutorial"}), 3, 2, np.random.default_rng(1)
    )
    scaled = build_network(resolve_options("feedforward"), 3, 2, np.random.default_rng(1))
    assert np.all(drawn.named_parameters()["biases1"] != 0)
    assert np.all(scaled.named_parameters()["biases1"] == 0)
