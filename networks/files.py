"""Reading files of pictures and columns of numbers.

Handwritten digits come as a folder with MNIST's four IDX files (``.gz`` or not), as an ``.npz`` or as ``mnist.pkl.gz``.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from networks.data import Data, pictures, shuffled_pictures
from networks.errors import NetworkError
from networks.functions import Array
from networks.pickled_arrays import read_pickled_arrays

# IDX: two zero bytes, the type's code, the number of dimensions, each of them in four bytes, the values; big-endian.
_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_IDX_NAMES = {
    "train_x": "train-images",
    "train_y": "train-labels",
    "test_x": "t10k-images",
    "test_y": "t10k-labels",
}
_FORMS = "a folder with MNIST's four IDX files, an .npz, or mnist.pkl.gz"


def read_pictures(path: str | Path, *, dtype: DTypeLike) -> Data:
    """The pictures and labels at *path*, split and scaled as `pictures` says.

    A folder holds the four IDX files under MNIST's names. An ``.npz`` holds ``x_train, y_train, x_test, y_test`` (and
    ``x_validation, y_validation``), or ``x, y``, which are then split. A ``.pkl`` or ``.pkl.gz`` holds three pairs
    (train, validation, test). Raises NetworkError where it is none of these or does not fit together.
    """
    path = Path(path)
    if path.is_dir():
        parts = {part: read_idx(_idx_file(path, stem)) for part, stem in _IDX_NAMES.items()}
        return pictures(
            (parts["train_x"], parts["train_y"]), (parts["test_x"], parts["test_y"]), dtype=dtype
        )
    if path.name.endswith(".npz"):
        return _pictures_of_npz(path, dtype)
    if path.name.endswith((".pkl", ".pkl.gz")):
        return _pictures_of_pickle(path, dtype)
    reason = "is no set of pictures" if path.exists() else "is not there"
    raise NetworkError(f"{path} {reason}: give {_FORMS}")


def read_inputs(path: str | Path) -> Array:
    """Pictures without labels ``(n, features)``, not scaled.

    They are an IDX file, an ``.npz`` with ``x``, or the test set of a folder. Raises NetworkError where there are none.
    """
    path = Path(path)
    if path.is_dir():
        path = _idx_file(path, _IDX_NAMES["test_x"])
    if path.name.endswith(".npz"):
        arrays = _read_npz(path)
        x = arrays.get("x", arrays.get("x_test"))
        if x is None:
            raise NetworkError(
                f"{path} holds {', '.join(sorted(arrays))}: give the pictures as an array called x"
            )
    else:
        x = read_idx(path)
    if x.ndim < 2 or len(x) == 0 or x.dtype.kind not in "buif":
        raise NetworkError(f"{path} holds {x.dtype} of shape {x.shape}: give pictures, one a row")
    return x.reshape(len(x), -1)


def read_idx(path: str | Path) -> Array:
    """The array in an IDX file, compressed by gzip or not. Raises NetworkError where it is cut short or no IDX."""
    raw = _read(Path(path))
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in _IDX_TYPES or len(raw) < 4 + 4 * raw[3]:
        raise NetworkError(f"{path} is no IDX file: give {_FORMS}")
    start = 4 + 4 * raw[3]
    shape = tuple(int(size) for size in np.frombuffer(raw, ">u4", count=raw[3], offset=4))
    dtype = np.dtype(_IDX_TYPES[raw[2]])
    wanted = math.prod(shape) * dtype.itemsize
    if len(raw) - start != wanted:
        raise NetworkError(
            f"{path} holds {len(raw) - start} bytes of values, its header says {wanted}: fetch it again"
        )
    return (
        np.frombuffer(raw, dtype, offset=start)
        .reshape(shape)
        .astype(dtype.newbyteorder("="), copy=False)
    )


def read_column(path: str | Path, column: str) -> list[float | None]:
    """The numbers of one column of a CSV with a header; an empty cell is a gap (None).

    Raises NetworkError where the file, the column or a number cannot be read; it names the line.
    """
    try:
        text = _read(Path(path)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NetworkError(
            f"{path} is not in UTF-8 (byte {error.start}): save it as UTF-8"
        ) from error
    rows = csv.DictReader(io.StringIO(text, newline=""))
    names = [name.strip() for name in rows.fieldnames or []]
    rows.fieldnames = names
    if column not in names:
        raise NetworkError(
            f"{path} has no column {column!r}: it has {', '.join(names) or 'no header'}"
        )
    try:
        return [_cell(row[column], f"{path}, line {rows.line_num}") for row in rows]
    except csv.Error as error:
        raise NetworkError(
            f"{path} cannot be read as CSV at line {rows.line_num} ({error}): repair it"
        ) from error


def _cell(text: str | None, where: str) -> float | None:
    if text is None or not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise NetworkError(
            f"{where}: {text!r} is no finite number; leave the cell empty where there is none"
        )
    return number


def _read(path: Path) -> bytes:
    """The bytes of a file, uncompressed where they are gzip's."""
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        reason = (
            error.strerror
            if isinstance(error, OSError) and error.strerror
            else "its compressed content is damaged"
        )
        raise NetworkError(f"{path} cannot be read ({reason}): give a readable file") from error


def _idx_file(folder: Path, stem: str) -> Path:
    found = sorted(
        path for path in folder.iterdir() if path.name.startswith(stem) and "idx" in path.name
    )
    if not found:
        raise NetworkError(f"{folder} has no file {stem}-idx…: give {_FORMS}")
    return found[0]


def _read_npz(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise NetworkError(
            f"{path} is no .npz of plain arrays ({type(error).__name__}): give {_FORMS}"
        ) from error


def _pictures_of_npz(path: Path, dtype: DTypeLike) -> Data:
    arrays = _read_npz(path)

    def pair(part: str) -> tuple[Array, Array]:
        return arrays[f"x_{part}"], arrays[f"y_{part}"]

    if {"x_train", "y_train", "x_test", "y_test"} <= arrays.keys():
        has_validation = {"x_validation", "y_validation"} <= arrays.keys()
        return pictures(
            pair("train"),
            pair("test"),
            validation=pair("validation") if has_validation else None,
            dtype=dtype,
        )
    if {"x", "y"} <= arrays.keys():
        return shuffled_pictures(arrays["x"], arrays["y"], dtype=dtype)
    raise NetworkError(
        f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}: give x_train, y_train, x_test and y_test"
    )


def _pictures_of_pickle(path: Path, dtype: DTypeLike) -> Data:
    content = read_pickled_arrays(_read(path))
    train, validation, test = _three_pairs(path, content)
    return pictures(train, test, validation=validation, dtype=dtype)


def _three_pairs(path: Path, content: Any) -> list[tuple[Array, Array]]:
    try:
        pairs = [(x, y) for x, y in content]
    except (TypeError, ValueError):
        pairs = []
    if len(pairs) != 3 or not all(
        isinstance(array, np.ndarray) for pair in pairs for array in pair
    ):
        raise NetworkError(
            f"{path} does not hold three pairs of pictures and labels (train, validation, test)"
        )
    return pairs
