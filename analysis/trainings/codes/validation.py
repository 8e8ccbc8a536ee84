"""How well a classifier codes texts that it has not read: cross-validation, with intervals.

Units of a document and repeats of a text are one group, and a group is never on both sides of a
division. What is chosen (how strongly weights decay, at which temperature probabilities are read)
is chosen for a part without the codes of that part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.codebooks.network import temper
from analysis.trainings.codes.samples import divide
from networks.classifier import (
    Classifier,
    Numbers,
    first_classifier,
    fit_classifier,
)
from networks.sparse import SparseRows

Integers = NDArray[np.int64]

# The weights decay as strongly as predicts best; the first is tried first.
WEIGHT_DECAYS = (10.0, 3.0, 1.0, 0.3, 0.1)

# Probabilities are read at one of these temperatures.
TEMPERATURES = tuple(round(1.1**step, 4) for step in range(-15, 16))

PARTS, PARTS_OF_MANY, MANY = 10, 5, 1_000
BOOTSTRAP_DRAWS = 1_000
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Samples:
    """Rows with their classes and groups; *order* is the one in which a part of them is taken."""

    rows: SparseRows
    classes: Integers
    groups: Integers
    order: Integers
    class_count: int
    is_ordered: bool

    def __len__(self) -> int:
        return len(self.classes)


@dataclass(frozen=True)
class Validation:
    """The probabilities of all samples from classifiers that did not read their groups.

    *weight_decay* and *temperature* are those that predict all of them best.
    """

    probabilities: Numbers
    weight_decay: float
    temperature: float


def fit(samples: Samples, places: Integers, weight_decay: float) -> Classifier:
    """Return the classifier of some samples; it knows the shares alone if all are of one class."""
    return _fit_path(samples, places, [weight_decay])[0]


def _fit_path(
    samples: Samples, places: Integers, weight_decays: Sequence[float]
) -> list[Classifier]:
    """Return a classifier for each of *weight_decays*; each begins at the one before."""
    classes = samples.classes[places]
    classifier = first_classifier(
        samples.rows.shape[1], classes, samples.class_count, is_ordered=samples.is_ordered
    )
    if len(np.unique(classes)) < 2:
        return [classifier] * len(weight_decays)

    rows = samples.rows.select(places)
    classifiers = []
    for weight_decay in weight_decays:
        classifier = fit_classifier(rows, classes, weight_decay, start=classifier)
        classifiers.append(classifier)

    return classifiers


def count_parts(samples: int) -> int:
    """Return into how many parts a cross-validation divides so many samples."""
    return PARTS if samples <= MANY else PARTS_OF_MANY


def cross_validate(samples: Samples, size: int | None = None) -> Validation:
    """Predict each sample from others: from *size* of them, or from all."""
    parts = count_parts(len(samples))
    part_of_sample = divide(
        samples.groups.tolist(), samples.classes.tolist(), samples.order.tolist(), parts
    )
    shape = (len(WEIGHT_DECAYS), len(samples), samples.class_count)
    predicted = np.full(shape, 1 / samples.class_count)
    for part in range(parts):
        tested = np.flatnonzero(part_of_sample == part)
        trained = samples.order[part_of_sample[samples.order] != part][:size]
        if not len(tested) or not len(trained):
            continue

        rows = samples.rows.select(tested)
        for place, classifier in enumerate(_fit_path(samples, trained, WEIGHT_DECAYS)):
            predicted[place, tested] = classifier.classify(classifier.score(rows))

    losses = _measure_losses(predicted, samples.classes)
    probabilities = np.empty(shape[1:])
    for part in range(parts):
        is_tested = part_of_sample == part
        decay, temperature = _choose(losses[:, :, ~is_tested])
        tempered = temper(predicted[decay], TEMPERATURES[temperature])
        probabilities[is_tested] = tempered[is_tested]

    decay, temperature = _choose(losses)
    return Validation(probabilities, WEIGHT_DECAYS[decay], TEMPERATURES[temperature])


def _measure_losses(predicted: Numbers, classes: Integers) -> Numbers:
    """Return the loss of each sample, for each decay and temperature."""
    losses = np.empty((len(predicted), len(TEMPERATURES), len(classes)))
    samples = np.arange(len(classes))
    for decay, probabilities in enumerate(predicted):
        for place, temperature in enumerate(TEMPERATURES):
            tempered = temper(probabilities, temperature)[samples, classes]
            losses[decay, place] = -np.log(np.maximum(tempered, 1e-12))

    return losses


def _choose(losses: Numbers) -> tuple[int, int]:
    """Return the places of the decay and the temperature of the least loss."""
    totals = losses.sum(axis=2)
    decay, temperature = np.unravel_index(int(np.argmin(totals)), totals.shape)
    return int(decay), int(temperature)


def count_confusions(classes: Integers, predicted: Integers, class_count: int) -> Integers:
    """Return how many samples of each class (rows) got each class (columns)."""
    cells = np.bincount(classes * class_count + predicted, minlength=class_count**2)
    return cells.reshape(class_count, class_count)


def measure_accuracy(confusions: Numbers | Integers) -> Numbers:
    """Return the share of correct codes in each of *confusions* ``(…, classes, classes)``."""
    correct = np.trace(confusions, axis1=-2, axis2=-1)
    return np.asarray(correct / np.maximum(confusions.sum(axis=(-2, -1)), 1))


def measure_macro_f1(confusions: Numbers | Integers) -> Numbers:
    """Return the mean F1 of the classes that people or the network gave."""
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    both = confusions.sum(axis=-1) + confusions.sum(axis=-2)
    scores = 2 * hits / np.maximum(both, 1)
    return np.asarray(scores.sum(axis=-1) / np.maximum((both > 0).sum(axis=-1), 1))


def measure_figures(
    samples: Samples, predicted: Integers, seed: int = 0
) -> tuple[Interval, Interval]:
    """Return accuracy and macro-F1 of *predicted*, with the bootstrap of groups (Efron, 1979)."""
    _, group_numbers = np.unique(samples.groups, return_inverse=True)
    group_count = int(np.max(group_numbers)) + 1
    cells = samples.classes * samples.class_count + predicted
    by_group = np.zeros((group_count, samples.class_count**2))
    np.add.at(by_group, (group_numbers, cells), 1.0)

    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(
        group_count, np.full(group_count, 1 / group_count), BOOTSTRAP_DRAWS
    )
    shape = (-1, samples.class_count, samples.class_count)
    confusions = (drawn @ by_group).reshape(shape)
    observed = by_group.sum(axis=0).reshape(shape)
    figures = []
    for measure in (measure_accuracy, measure_macro_f1):
        low, high = np.quantile(measure(confusions), (0.025, 0.975))
        figures.append(Interval(float(measure(observed)[0]), float(low), float(high)))

    return figures[0], figures[1]


@dataclass(frozen=True)
class CalibrationBin:
    """Samples whose codes are about as certain: the mean probability, and the share correct."""

    samples: int
    probability: float
    correct: float


@dataclass(frozen=True)
class Calibration:
    """The expected calibration error, and what a perfectly calibrated network has by chance.

    M. Naeini, G. Cooper and M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning", AAAI 2015; the bins have equal numbers of samples.
    """

    error: float
    error_by_chance: float
    bins: list[CalibrationBin]


def measure_calibration(probabilities: Numbers, classes: Integers, seed: int = 0) -> Calibration:
    """Compare how certain the most probable classes are with how often they are correct."""
    certain = probabilities.max(axis=1)
    correct = (probabilities.argmax(axis=1) == classes).astype(float)
    bin_count = max(1, min(CALIBRATION_BINS, len(classes) // 10))
    bins = np.array_split(np.argsort(certain, kind="stable"), bin_count)
    drawn = np.random.default_rng(seed).random((BOOTSTRAP_DRAWS, len(classes))) < certain

    calibration_bins = []
    errors, chance_errors = [], []
    for members in bins:
        probability, share = float(certain[members].mean()), float(correct[members].mean())
        calibration_bins.append(CalibrationBin(len(members), probability, share))
        weight = len(members) / len(classes)
        errors.append(weight * abs(probability - share))
        chance_errors.append(weight * np.abs(drawn[:, members].mean(axis=1) - probability))

    chance = float(np.mean(np.sum(chance_errors, axis=0)))
    return Calibration(math.fsum(errors), chance, calibration_bins)
