"""Networks and checkpoints as the bytes of ``.npz`` files: arrays, and JSON for the rest.

Equal content gives equal bytes; there is no pickle in them.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from networks.data import Scaling
from networks.errors import NetworkError
from networks.feedforward import FeedForward
from networks.functions import Array
from networks.recurrent import Recurrent

VERSION = 1
Network = FeedForward | Recurrent
_NETWORKS: dict[str, type[Network]] = {FeedForward.kind: FeedForward, Recurrent.kind: Recurrent}
_META = "meta"


def pack(meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Return *arrays* and, as JSON, *meta* (plain values), as the bytes of an ``.npz`` file."""
    text = json.dumps({"version": VERSION, **meta}, sort_keys=True)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{_META: np.array(text)}, **arrays)
    return buffer.getvalue()


def unpack(stored: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what `pack` packed. Raises NetworkError for other bytes and other versions."""
    try:
        with np.load(io.BytesIO(stored), allow_pickle=False) as file:
            arrays = dict(file)

        meta = json.loads(str(arrays.pop(_META)))
        version = meta["version"]
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise NetworkError(
            f"these bytes are no trained network ({type(error).__name__}): "
            "give the file that `tidings export RUN weights` wrote"
        ) from error

    if version != VERSION:
        raise NetworkError(
            f"the weights are of version {version}, this program reads {VERSION}: "
            "train again, or use its version"
        )

    return meta, arrays


def dump_network(network: Network, scaling: Scaling) -> bytes:
    """Return the network's parameters by name, its configuration and the scaling of its inputs."""
    scale = {"shift": scaling.shift, "scale": scaling.scale}
    return pack({"network": network.config(), "scaling": scale}, network.named_parameters())


def load_network(stored: bytes) -> tuple[Network, Scaling]:
    """Return the network in these bytes, and the scaling that its inputs need.

    Raises NetworkError for other bytes, another version, or arrays that are not the network's.
    """
    meta, arrays = unpack(stored)
    try:
        config = dict(meta["network"])
        network = _NETWORKS[config.pop("kind")](**config)
        scaling = Scaling(**meta["scaling"])
    except (KeyError, TypeError) as error:
        raise NetworkError(
            f"the file does not describe a network ({error}): "
            "give the file that `tidings export RUN weights` wrote"
        ) from error

    copy_arrays(arrays, network.named_parameters())
    return network, scaling


def copy_arrays(arrays: Mapping[str, Array], targets: Mapping[str, Array]) -> None:
    """Copy *arrays* into *targets*. Raises NetworkError if names, shapes or precisions differ."""
    stored, expected = _describe(arrays), _describe(targets)
    if stored != expected:
        raise NetworkError(
            f"the stored arrays are {stored}, the network's {expected}: "
            "they belong to another network"
        )

    for array_name, target in targets.items():
        target[...] = arrays[array_name]


def _describe(arrays: Mapping[str, Array]) -> dict[str, tuple[tuple[int, ...], str]]:
    return {array_name: (array.shape, array.dtype.name) for array_name, array in arrays.items()}
