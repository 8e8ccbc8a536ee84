"""What a network learns from: samples to train on, to validate with and to test with, and how raw values were scaled.

Pictures with labels become ``x (n, features)``, ``y (n, classes)`` one-hot. A series becomes windows
``x (n, sequence, 1)`` that each predict the value after them, ``y (n, 1)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from networks.errors import NetworkError
from networks.functions import Array

SPLIT_SEED = 20200101  # which of the given samples test is no matter of the training's seed


@dataclass(frozen=True)
class Scaling:
    """``scaled = (raw - shift) / scale``: of the inputs, and for a series of what it predicts as well."""

    shift: float = 0.0
    scale: float = 1.0

    def apply(self, raw: Any, dtype: DTypeLike) -> Array:
        """The scaled values of *raw*, as a contiguous array of *dtype*."""
        scaled = np.array(raw, dtype=dtype, order="C")
        if self.shift:
            scaled -= self.shift
        if self.scale != 1.0:
            scaled /= self.scale
        return scaled

    def undo(self, scaled: Array) -> Array:
        """Raw values again, in float64."""
        return np.asarray(scaled, dtype=np.float64) * self.scale + self.shift


@dataclass(frozen=True)
class Samples:
    """Inputs *x*, wanted outputs *y*, and *index*: where each stood in its file, or in the series what it predicts."""

    x: Array
    y: Array
    index: Array

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Data:
    """All of a training's samples.

    Of a series, *series* holds the values as they were given, in float64 (NaN for a gap), and *skipped* counts the
    windows left out because a value in them is missing.
    """

    train: Samples
    validation: Samples
    test: Samples | None
    scaling: Scaling
    skipped: int = 0
    series: Array | None = None

    @property
    def inputs(self) -> int:
        """Size of the first layer (numbers a step, for a series)."""
        return int(self.train.x.shape[-1])

    @property
    def outputs(self) -> int:
        """Size of the last layer."""
        return int(self.train.y.shape[-1])


def pictures(
    train: tuple[Array, Array],
    test: tuple[Array, Array],
    *,
    validation: tuple[Array, Array] | None = None,
    dtype: DTypeLike,
) -> Data:
    """Data of pictures and labels, each a pair ``(pictures (n, …), labels (n,))``.

    Without *validation* the last sixth of *train* validates (the last 10,000 of MNIST's 60,000). Bytes are divided by
    255, other numbers by the largest in *train*. Raises NetworkError where shapes, labels or numbers do not fit.
    """
    if validation is None:
        cut = len(train[0]) - len(train[0]) // 6
        train, validation, offset = (
            (train[0][:cut], train[1][:cut]),
            (train[0][cut:], train[1][cut:]),
            cut,
        )
    else:
        offset = 0
    parts = {"train": train, "validation": validation, "test": test}
    for name, (x, labels) in parts.items():
        _check_pictures(name, np.asarray(x), np.asarray(labels))
    if len({np.shape(x)[1:] for x, _ in parts.values()}) != 1:
        raise NetworkError(
            "the pictures to train, validate and test with differ in size: give pictures of one size"
        )
    classes = 1 + max(int(np.max(labels)) for _, labels in parts.values())
    x = np.asarray(train[0])
    scaling = Scaling(scale=255.0 if x.dtype == np.uint8 else float(np.max(np.abs(x))) or 1.0)

    def samples(part: tuple[Array, Array], first: int = 0) -> Samples:
        x, labels = part
        one_hot = np.eye(classes, dtype=dtype)[np.asarray(labels, dtype=np.int64)]
        return Samples(
            scaling.apply(x, dtype).reshape(len(x), -1), one_hot, np.arange(first, first + len(x))
        )

    return Data(samples(train), samples(validation, offset), samples(test), scaling)


def _check_pictures(name: str, x: Array, labels: Array) -> None:
    if x.ndim < 2 or labels.ndim != 1 or len(x) != len(labels):
        raise NetworkError(
            f"the {name} data has pictures of shape {x.shape} and labels of shape {labels.shape}: "
            "give as many labels as pictures, one number each"
        )
    if len(x) == 0:
        raise NetworkError(
            f"the {name} data is empty: give at least one picture (six to train, so that one validates)"
        )
    if x.dtype.kind not in "buif" or (x.dtype.kind == "f" and not np.all(np.isfinite(x))):
        raise NetworkError(
            f"the {name} pictures are no finite numbers ({x.dtype}): give numbers only"
        )
    if labels.dtype.kind not in "bui" or labels.min() < 0 or labels.max() > 999:
        raise NetworkError(f"the {name} labels are not classes: give whole numbers from 0 to 999")


def shuffled_pictures(x: Array, labels: Array, *, dtype: DTypeLike) -> Data:
    """Data of one set that has no split of its own.

    It is mixed, always in the same way; a sixth tests, and a sixth of the rest validates. Raises NetworkError as
    `pictures`.
    """
    x, labels = np.asarray(x), np.asarray(labels)
    _check_pictures("given", x, labels)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(x))
    cut = len(x) - len(x) // 6
    kept, held = order[:cut], order[cut:]
    return pictures((x[kept], labels[kept]), (x[held], labels[held]), dtype=dtype)


def sine(points: int = 200) -> list[float | None]:
    """The sine of 0, 1, 2 and so on."""
    return list(np.sin(np.arange(points, dtype=np.float64)))


def with_gaps(values: Sequence[float | None]) -> Array:
    """*values* in float64, NaN where there is none."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def series(
    values: Sequence[float | None],
    sequence: int,
    *,
    dtype: DTypeLike,
    standardise: bool = True,
    stride: int = 1,
) -> Data:
    """Windows of *sequence* values that each predict the next; a window starts every *stride* values.

    The first two thirds of the windows train, the rest validates (200 points and windows of 50: those that start at 0
    to 99, then 100 to 149). A window that holds a gap (None) is left out and counted. With *standardise* values are
    scaled to mean 0 and deviation 1 of what the training windows hold. Raises NetworkError where too few windows are
    left.
    """
    raw = with_gaps(values)
    starts = np.arange(0, len(raw) - sequence, stride)
    if len(starts) < 3:
        raise NetworkError(
            f"the series has {len(raw)} values, too few for windows of {sequence}: "
            f"choose a sequence of at most {max((len(raw) - 3) // stride, 1)}, or give a longer series"
        )
    windows = np.lib.stride_tricks.sliding_window_view(raw, sequence + 1)[starts]
    whole = np.isfinite(windows).all(axis=1)
    training = starts < starts[len(starts) - len(starts) // 3]
    parts = [np.flatnonzero(whole & training), np.flatnonzero(whole & ~training)]
    if min(len(part) for part in parts) == 0:
        raise NetworkError(
            f"gaps leave {len(parts[0])} windows of {sequence} to train and {len(parts[1])} to validate: "
            "choose a shorter sequence"
        )
    seen = raw[: starts[training][-1] + sequence + 1]
    scaling = (
        Scaling(float(np.nanmean(seen)), float(np.nanstd(seen)) or 1.0)
        if standardise
        else Scaling()
    )

    def samples(rows: Array) -> Samples:
        scaled = scaling.apply(windows[rows], dtype)
        return Samples(
            np.ascontiguousarray(scaled[:, :-1, None]),
            scaled[:, -1:].copy(),
            starts[rows] + sequence,
        )

    skipped = int(len(starts) - whole.sum())
    return Data(samples(parts[0]), samples(parts[1]), None, scaling, skipped, raw)
