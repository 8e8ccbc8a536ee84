"""Weights go to bytes and back, with shapes and a version; other bytes are refused."""

from __future__ import annotations

import io

import numpy as np
import pytest

from networks.data import Scaling
from networks.errors import NetworkError
from networks.feedforward import FeedForward
from networks.recurrent import Recurrent
from networks.storage import dump_network, load_network, pack, unpack


@pytest.mark.parametrize(
    "network",
    [
        FeedForward(
            (4, 3, 2), activation="tanh", output="sigmoid", loss="cross-entropy", dtype=np.float32
        ),
        Recurrent(2, 3, 1, activation="relu", truncate=4, carry=True, dtype=np.float64),
    ],
)
def test_a_network_comes_back_as_it_was(network: FeedForward | Recurrent) -> None:
    network.initialise("normal", np.random.default_rng(1))
    stored = dump_network(network, Scaling(0.5, 2.0))
    again, scaling = load_network(stored)
    assert type(again) is type(network)
    assert again.config() == network.config()
    assert np.array_equal(again.parameters, network.parameters)
    assert scaling == Scaling(0.5, 2.0)
    assert dump_network(again, scaling) == stored


def test_weights_can_be_read_by_numpy_without_pickle() -> None:
    network = FeedForward((4, 3, 2))
    with np.load(io.BytesIO(dump_network(network, Scaling())), allow_pickle=False) as file:
        assert {name: file[name].shape for name in file.files if name != "meta"} == {
            "weights1": (3, 4),
            "weights2": (2, 3),
            "biases1": (3,),
            "biases2": (2,),
        }


def test_weights_of_another_shape_are_refused() -> None:
    meta, arrays = unpack(dump_network(FeedForward((4, 3, 2)), Scaling()))
    arrays["weights1"] = np.zeros((4, 3), np.float32)
    with pytest.raises(NetworkError, match="belong to another network"):
        load_network(pack(meta, arrays))


def test_another_version_is_refused_by_its_number() -> None:
    with pytest.raises(NetworkError, match="version 7, this program reads 1"):
        unpack(pack({"version": 7}, {}))


def objects() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, meta=np.array([{}], dtype=object), allow_pickle=True)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "stored", [b"", b"nonsense", dump_network(FeedForward((4, 2)), Scaling())[:200], objects()]
)
def test_other_bytes_are_refused(stored: bytes) -> None:
    with pytest.raises(NetworkError, match="are no trained network"):
        load_network(stored)


def test_bytes_that_describe_no_network_are_refused() -> None:
    with pytest.raises(NetworkError, match="does not describe a network"):
        load_network(pack({"network": {"kind": "transformer"}}, {}))
