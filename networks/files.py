"""Reading files of images and columns of numbers.

Handwritten digits come as a folder with MNIST's four IDX files (``.gz`` or not), as an ``.npz`` or
as ``mnist.pkl.gz``.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from networks.data import Data, are_numbers, prepare_images, split_images
from networks.errors import NetworkError
from networks.functions import Array
from networks.pickled_arrays import read_pickled_arrays

# A compressed file may unpack to this many times its size (MNIST's pickle takes 13 times), a small
# one always to 64 MB, and none to more than 1 GB.
MAX_UNPACKED_RATIO = 30
MIN_UNPACKED_BYTES = 2**26
MAX_UNPACKED_BYTES = 2**30

# An IDX file has two zero bytes, the type's code, the number of dimensions, each of them in four
# bytes, and the values, all big-endian.
_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_FORMATS = "a folder with MNIST's four IDX files, an .npz, or mnist.pkl.gz"


def read_images(path: str | Path, *, dtype: DTypeLike) -> Data:
    """Read images and labels, split and scaled as `prepare_images` does.

    A folder holds the four IDX files under MNIST's names. An ``.npz`` holds ``x_train, y_train,
    x_test, y_test`` (and ``x_validation, y_validation``), or ``x, y``, which are then split. A
    ``.pkl`` or ``.pkl.gz`` holds three pairs (train, validation, test). Raises NetworkError for
    any other content, or if images and labels do not fit together.
    """
    path = Path(path)
    if path.is_dir():
        train_images = read_idx(_find_idx_file(path, "train-images"))
        train_labels = read_idx(_find_idx_file(path, "train-labels"))
        test_images = read_idx(_find_idx_file(path, "t10k-images"))
        test_labels = read_idx(_find_idx_file(path, "t10k-labels"))
        return prepare_images((train_images, train_labels), (test_images, test_labels), dtype=dtype)

    if path.name.endswith(".npz"):
        return _read_npz_images(path, dtype)
    if path.name.endswith((".pkl", ".pkl.gz")):
        return _read_pickled_images(path, dtype)

    reason = "is no set of images" if path.exists() else "does not exist"
    raise NetworkError(f"{path} {reason}: give {_FORMATS}")


def read_inputs(path: str | Path) -> Array:
    """Read images without labels ``(n, features)``, not scaled.

    They are an IDX file, the array ``x`` of an ``.npz``, or the test set of a folder. Raises
    NetworkError where there are none.
    """
    path = Path(path)
    if path.is_dir():
        path = _find_idx_file(path, "t10k-images")
    if path.name.endswith(".npz"):
        arrays = _read_npz(path)
        x = arrays.get("x", arrays.get("x_test"))
        if x is None:
            raise NetworkError(
                f"{path} holds {', '.join(sorted(arrays))}: give the images as an array called x"
            )
    else:
        x = read_idx(path)

    if x.ndim < 2 or len(x) == 0 or not are_numbers(x):
        raise NetworkError(f"{path} holds {x.dtype} of shape {x.shape}: give images, one per row")

    return x.reshape(len(x), -1)


def read_idx(path: str | Path) -> Array:
    """Return the array in an IDX file, compressed by gzip or not.

    Raises NetworkError for a file that is cut short or no IDX file.
    """
    raw = _read_bytes(Path(path))
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in _IDX_TYPES or len(raw) < 4 + 4 * raw[3]:
        raise NetworkError(f"{path} is no IDX file: give {_FORMATS}")

    start = 4 + 4 * raw[3]
    shape = np.frombuffer(raw, ">u4", count=raw[3], offset=4).tolist()
    dtype = np.dtype(_IDX_TYPES[raw[2]])
    size = math.prod(shape) * dtype.itemsize
    if len(raw) - start != size:
        raise NetworkError(
            f"{path} holds {len(raw) - start} bytes of values, its header says {size}: "
            "download it again"
        )

    array = np.frombuffer(raw, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def read_column(path: str | Path, column: str) -> list[float | None]:
    """Return the numbers of one column of a CSV with a header; an empty cell is a gap (None).

    Raises NetworkError if the file, the column or a number cannot be read; it names the line.
    """
    try:
        text = _read_bytes(Path(path)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NetworkError(
            f"{path} is not in UTF-8 (byte {error.start}): save it as UTF-8"
        ) from error

    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = [heading.strip() for heading in reader.fieldnames or []]
    reader.fieldnames = columns
    if column not in columns:
        raise NetworkError(
            f"{path} has no column {column!r}: it has {', '.join(columns) or 'no header'}"
        )

    try:
        return [
            _parse_number(record[column], f"{path}, line {reader.line_num}") for record in reader
        ]
    except csv.Error as error:
        raise NetworkError(
            f"{path} cannot be read as CSV at line {reader.line_num} ({error}): repair it"
        ) from error


def _parse_number(cell: str | None, location: str) -> float | None:
    if cell is None or not cell.strip():
        return None

    try:
        parsed = float(cell)
    except ValueError:
        parsed = math.nan

    if not math.isfinite(parsed):
        raise NetworkError(
            f"{location}: {cell!r} is no finite number; leave the cell empty for a gap"
        )

    return parsed


def _read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, uncompressed if they are gzip's."""
    try:
        raw = path.read_bytes()
        if raw[:2] != b"\x1f\x8b":
            return raw

        limit = _max_unpacked_bytes(len(raw))
        with gzip.open(io.BytesIO(raw)) as file:
            unpacked = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "its compressed content is damaged"
        raise NetworkError(f"{path} cannot be read ({reason}): give a readable file") from error

    if len(unpacked) > limit:
        raise NetworkError(f"{path} unpacks to more than {limit:,} bytes: give a smaller file")

    return unpacked


def _max_unpacked_bytes(size: int) -> int:
    """Return to how many bytes a compressed file of *size* bytes may unpack."""
    return min(MAX_UNPACKED_BYTES, max(MIN_UNPACKED_BYTES, MAX_UNPACKED_RATIO * size))


def _find_idx_file(folder: Path, stem: str) -> Path:
    paths = sorted(folder.glob(f"{stem}*idx*"))
    if not paths:
        raise NetworkError(f"{folder} has no file {stem}-idx…: give {_FORMATS}")
    return paths[0]


def _read_npz(path: Path) -> dict[str, Array]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            _check_unpacked_size(path, arrays.zip)
            return dict(arrays)
    except NetworkError:
        raise
    except TypeError:
        # A single array is no archive.
        raise NetworkError(
            f"{path} is a single array, a .npy by another name: give {_FORMATS}"
        ) from None
    # These are the errors that np.load raises for damaged files.
    except (
        *(OSError, ValueError, EOFError, KeyError, AttributeError, TypeError, MemoryError),
        *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError),
    ) as error:
        raise NetworkError(
            f"{path} is no .npz of plain arrays ({type(error).__name__}): give {_FORMATS}"
        ) from error


def _check_unpacked_size(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise NetworkError if an .npz says that it unpacks to too much; none unpacks to more."""
    limit = _max_unpacked_bytes(path.stat().st_size)
    if sum(member.file_size for member in archive.infolist()) > limit:
        raise NetworkError(f"{path} unpacks to more than {limit:,} bytes: give a smaller file")


def _read_npz_images(path: Path, dtype: DTypeLike) -> Data:
    arrays = _read_npz(path)
    if {"x_train", "y_train", "x_test", "y_test"} <= arrays.keys():
        validation = None
        if {"x_validation", "y_validation"} <= arrays.keys():
            validation = arrays["x_validation"], arrays["y_validation"]

        return prepare_images(
            (arrays["x_train"], arrays["y_train"]),
            (arrays["x_test"], arrays["y_test"]),
            validation=validation,
            dtype=dtype,
        )

    if {"x", "y"} <= arrays.keys():
        return split_images(arrays["x"], arrays["y"], dtype=dtype)

    raise NetworkError(
        f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}: "
        "give x_train, y_train, x_test and y_test"
    )


def _read_pickled_images(path: Path, dtype: DTypeLike) -> Data:
    match read_pickled_arrays(_read_bytes(path)):
        case (
            [np.ndarray() as x_train, np.ndarray() as y_train],
            [np.ndarray() as x_validation, np.ndarray() as y_validation],
            [np.ndarray() as x_test, np.ndarray() as y_test],
        ):
            return prepare_images(
                (x_train, y_train),
                (x_test, y_test),
                validation=(x_validation, y_validation),
                dtype=dtype,
            )

    raise NetworkError(
        f"{path} does not hold three pairs of images and labels (train, validation, test)"
    )
