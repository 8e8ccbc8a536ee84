"""Samples to train on, to validate with and to test with, and how raw values were scaled.

Images with labels become ``x (n, features)``, ``y (n, classes)`` one-hot. A series becomes windows
``x (n, sequence, 1)``, each with the value after it as its target, ``y (n, 1)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from networks.errors import NetworkError
from networks.functions import Array

# The test set does not depend on the training's seed.
SPLIT_SEED = 20200101
# Images ``(n, …)`` have one label each, ``(n,)``.
Labelled = tuple[Array, Array]


@dataclass(frozen=True)
class Scaling:
    """``scaled = (raw - shift) / scale``, of the inputs and of the targets of a series."""

    shift: float = 0.0
    scale: float = 1.0

    def apply(self, raw: Any, dtype: DTypeLike) -> Array:
        """Return the scaled values of *raw* as a contiguous array of *dtype*."""
        scaled = np.array(raw, dtype=dtype, order="C")
        if self.shift:
            scaled -= self.shift
        if self.scale != 1.0:
            scaled /= self.scale

        return scaled

    def undo(self, scaled: Array) -> Array:
        """Return the raw values of *scaled*, in float64."""
        return np.asarray(scaled, dtype=np.float64) * self.scale + self.shift


@dataclass(frozen=True)
class Samples:
    """Inputs *x* and targets *y*; *index* is an image's place in its file, or a target's.

    *x* is an array, or `networks.sparse.SparseRows`, of which each mini-batch becomes an array.
    """

    x: Any
    y: Array
    index: Array

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Data:
    """All samples of a training.

    *series* holds the raw values of a series in float64 (NaN for a gap). *skipped* counts the
    windows of a series that are left out because a value in them is missing.
    """

    train: Samples
    validation: Samples
    test: Samples | None
    scaling: Scaling
    skipped: int = 0
    series: Array | None = None

    @property
    def input_size(self) -> int:
        """The size of the first layer (for a series: numbers per step)."""
        return int(self.train.x.shape[-1])

    @property
    def output_size(self) -> int:
        """The size of the last layer."""
        return int(self.train.y.shape[-1])


def prepare_images(
    train: Labelled, test: Labelled, *, validation: Labelled | None = None, dtype: DTypeLike
) -> Data:
    """Scale images and encode their labels.

    Without *validation* the last sixth of *train* validates (the last 10,000 of MNIST's 60,000).
    Bytes are divided by 255, other numbers by the largest in *train*. Raises NetworkError if
    shapes, labels or numbers do not fit.
    """
    # The first validation image has this index.
    validation_start = 0
    if validation is None:
        images, labels = train
        validation_start = len(images) - len(images) // 6
        train, validation = (
            (images[:validation_start], labels[:validation_start]),
            (images[validation_start:], labels[validation_start:]),
        )

    _check_images("train", *train)
    _check_images("validation", *validation)
    _check_images("test", *test)
    if not np.shape(train[0])[1:] == np.shape(validation[0])[1:] == np.shape(test[0])[1:]:
        raise NetworkError(
            "the images to train, validate and test with differ in size: give images of one size"
        )

    classes = 1 + max(int(np.max(labels)) for _, labels in (train, validation, test))
    images = np.asarray(train[0])
    largest = 255.0 if images.dtype == np.uint8 else float(np.max(np.abs(images)))
    scaling = Scaling(scale=largest or 1.0)

    def encode(labelled: Labelled, start: int = 0) -> Samples:
        images, labels = labelled
        x = scaling.apply(images, dtype).reshape(len(images), -1)
        one_hot = np.eye(classes, dtype=dtype)[np.asarray(labels, dtype=np.int64)]
        return Samples(x, one_hot, np.arange(start, start + len(x)))

    return Data(encode(train), encode(validation, validation_start), encode(test), scaling)


def split_images(images: Any, labels: Any, *, dtype: DTypeLike) -> Data:
    """Shuffle one set, always in the same way, and split it.

    A sixth tests, and a sixth of the rest validates. Raises NetworkError as `prepare_images`.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    _check_images("given", images, labels)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    train, test = np.split(order, [len(order) - len(order) // 6])
    return prepare_images((images[train], labels[train]), (images[test], labels[test]), dtype=dtype)


def _check_images(split: str, images: Any, labels: Any) -> None:
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim < 2 or labels.ndim != 1 or len(images) != len(labels):
        raise NetworkError(
            f"the {split} data has images of shape {images.shape} and labels of shape "
            f"{labels.shape}: give as many labels as images, one number each"
        )

    if len(images) == 0:
        raise NetworkError(
            f"the {split} data is empty: give at least one image (six to train: one validates)"
        )

    if not are_numbers(images) or not np.all(np.isfinite(images)):
        raise NetworkError(
            f"the {split} images are no finite numbers ({images.dtype}): give numbers"
        )

    is_whole = np.can_cast(labels.dtype, np.int64, "same_kind")
    if not is_whole or labels.min() < 0 or labels.max() > 999:
        raise NetworkError(f"the {split} labels are not classes: give whole numbers from 0 to 999")


def are_numbers(array: Array) -> bool:
    """Whether the elements of *array* are real numbers, whatever their size."""
    return np.can_cast(array.dtype, np.float64, "same_kind")


def sample_sine(points: int = 200) -> list[float | None]:
    """Return the sine of 0, 1, 2 and so on."""
    return list(np.sin(np.arange(points, dtype=np.float64)))


def window_series(
    series: Sequence[float | None],
    sequence: int,
    *,
    dtype: DTypeLike,
    standardise: bool = True,
    stride: int = 1,
) -> Data:
    """Cut windows of *sequence* values, one every *stride* values, each to predict the next value.

    The first two thirds of the windows train, the rest validates (200 points and windows of 50:
    those that start at 0 to 99, then 100 to 149). A window with a gap (None) is left out and
    counted. With *standardise* values are scaled to mean 0 and deviation 1 of what the training
    windows hold. Raises NetworkError if too few windows are left.
    """
    # None becomes NaN.
    raw = np.array(series, dtype=np.float64)
    starts = np.arange(0, len(raw) - sequence, stride)
    if len(starts) < 3:
        longest = max((len(raw) - 3) // stride, 1)
        raise NetworkError(
            f"the series has {len(raw)} values, too few for windows of {sequence}: "
            f"choose a sequence of at most {longest}, or give a longer series"
        )

    windows = np.lib.stride_tricks.sliding_window_view(raw, sequence + 1)[starts]
    complete = np.isfinite(windows).all(axis=1)
    training = starts < starts[len(starts) - len(starts) // 3]
    train, validation = np.flatnonzero(complete & training), np.flatnonzero(complete & ~training)
    if min(len(train), len(validation)) == 0:
        raise NetworkError(
            f"gaps leave {len(train)} windows of {sequence} to train and {len(validation)} to "
            "validate: choose a shorter sequence"
        )

    scaling = Scaling()
    if standardise:
        training_values = raw[: starts[training][-1] + sequence + 1]
        scaling = Scaling(
            float(np.nanmean(training_values)), float(np.nanstd(training_values)) or 1.0
        )

    def scale(window_indexes: Array) -> Samples:
        scaled = scaling.apply(windows[window_indexes], dtype)
        x, y = np.ascontiguousarray(scaled[:, :-1, None]), scaled[:, -1:].copy()
        return Samples(x, y, starts[window_indexes] + sequence)

    skipped = int(len(starts) - complete.sum())
    return Data(scale(train), scale(validation), None, scaling, skipped, raw)
