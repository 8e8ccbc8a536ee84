"""Networks and unfinished trainings as ``.npz`` bytes: arrays, a version, and JSON for the rest; never a pickle.

Equal content gives equal bytes.
"""

from __future__ import annotations

import io
import json
import os
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
_META = "meta"


def pack(meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """*arrays* and, as JSON, *meta* (plain values), as the bytes of an ``.npz`` file."""
    text = json.dumps({"version": VERSION, **meta}, sort_keys=True)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{_META: np.array(text)}, **arrays)
    return buffer.getvalue()


def unpack(stored: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """What `pack` packed. Raises NetworkError for anything that is not such bytes, of this version."""
    try:
        with np.load(io.BytesIO(stored), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(str(arrays.pop(_META)))
        version = meta["version"]
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise NetworkError(
            f"these bytes are no network of ours ({type(error).__name__}): give what a training wrote"
        ) from error
    if version != VERSION:
        raise NetworkError(
            f"the weights are of version {version}, this program reads {VERSION}: train again, or use its version"
        )
    return meta, arrays


def network_bytes(network: FeedForward | Recurrent, scaling: Scaling) -> bytes:
    """The network's weights by name, its description and the scaling of its inputs."""
    meta = {
        "network": network.description(),
        "scaling": {"shift": scaling.shift, "scale": scaling.scale},
    }
    return pack(meta, network.arrays())


def load_network(stored: bytes | str | os.PathLike[str]) -> tuple[FeedForward | Recurrent, Scaling]:
    """The network in these bytes or in the file of this name, and the scaling its inputs need.

    Raises NetworkError for what is no such file, another version, or arrays that are not the network's.
    """
    if not isinstance(stored, bytes):
        try:
            with open(stored, "rb") as file:  # noqa: PTH123 - a name or a path, as it comes
                stored = file.read()
        except OSError as error:
            raise NetworkError(
                f"{stored!s} cannot be read ({error.strerror}): give the file of a trained network"
            ) from error
    meta, arrays = unpack(stored)
    try:
        description = meta["network"]
        kinds: dict[str, type[FeedForward | Recurrent]] = {
            "feedforward": FeedForward,
            "recurrent": Recurrent,
        }
        network = kinds[description["kind"]].from_description(description)
        scaling = Scaling(**meta["scaling"])
    except (KeyError, TypeError) as error:
        raise NetworkError(
            f"the file does not describe a network ({error}): give what a training wrote"
        ) from error
    fill(network.arrays(), arrays)
    return network, scaling


def fill(targets: Mapping[str, Array], arrays: Mapping[str, Array]) -> None:
    """Copy *arrays* into *targets* of the same names, shapes and precision. Raises NetworkError where these differ."""
    wanted = {name: (array.shape, array.dtype.name) for name, array in targets.items()}
    found = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}
    if wanted != found:
        raise NetworkError(
            f"the stored arrays are {found}, the network's {wanted}: they belong to another network"
        )
    for name, target in targets.items():
        target[...] = arrays[name]
