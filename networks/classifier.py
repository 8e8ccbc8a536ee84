"""A network without hidden layers that classifies sparse rows: multinomial or ordered classes.

Its loss with weight decay is convex, so that the weights are the only minimum: they depend on no
seed and no order of samples. They are found by L-BFGS (Nocedal and Wright, Numerical Optimization,
2006, algorithm 7.5). Sums are made entry by entry, and are the same for any other rows beside.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from networks.errors import NetworkError
from networks.functions import sigmoid, softmax
from networks.sparse import SparseRows

Numbers = NDArray[np.float64]
Classes = NDArray[np.int64]

# L-BFGS keeps so many steps, and ends when no derivative is larger than this share of the samples.
_HISTORY = 10
_MOST_STEPS = 200
_SMALLEST_DERIVATIVE = 1e-5

# A step is long enough if the loss falls by this share of what its slope promises (Armijo, 1966).
_LEAST_DECREASE = 1e-4
_MOST_HALVINGS = 30

_SMALLEST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class Classifier:
    """Weights ``(columns, outputs)`` and biases.

    Multinomial classes have an output and a bias each. Ordered classes have one output, and the
    biases are the thresholds between them (McCullagh, Regression Models for Ordinal Data, 1980).
    """

    weights: Numbers
    biases: Numbers
    is_ordered: bool = False

    def score(self, rows: SparseRows) -> Numbers:
        """Return the outputs ``(rows, outputs)`` without biases."""
        return rows.multiply(self.weights)

    def classify(self, scores: Numbers) -> Numbers:
        """Return the probability of each class ``(rows, classes)`` by the outputs of `score`."""
        if not self.is_ordered:
            return softmax(scores + self.biases)

        below = sigmoid(self.biases - scores)
        return np.diff(below, axis=1, prepend=0.0, append=1.0)


def fit_classifier(
    rows: SparseRows,
    classes: Classes,
    weight_decay: float,
    start: Classifier,
) -> Classifier:
    """Return the classifier of the least loss: cross-entropy, and the squares of the weights.

    The loss is the sum over the samples, and *weight_decay* / 2 times the sum of the squares;
    biases are free. The search begins at *start*, which says how many classes there are, and
    whether they are ordered. Raises NetworkError if there are no two classes.
    """
    if len(np.unique(classes)) < 2:
        raise NetworkError("there is one class only: a classifier needs samples of two at least")

    is_ordered = start.is_ordered
    shape, size = start.weights.shape, start.weights.size
    row_numbers = rows.number_entries()

    def measure(parameters: Numbers) -> tuple[float, Numbers]:
        weights, biases = parameters[:size].reshape(shape), parameters[size:]
        scores = rows.multiply(weights)
        if is_ordered:
            loss, errors, bias_gradient = _measure_ordered(scores[:, 0], biases, classes)
        else:
            loss, errors, bias_gradient = _measure_multinomial(scores, biases, classes)

        loss += weight_decay / 2 * float(np.sum(weights * weights))

        gradient = np.empty(shape)
        for output in range(shape[1]):
            entries = rows.values * errors[row_numbers, output]
            gradient[:, output] = np.bincount(rows.columns, entries, shape[0])

        gradient += weight_decay * weights
        return loss, np.concatenate((gradient.ravel(), bias_gradient))

    biases = _to_steps(start.biases) if is_ordered else start.biases
    parameters = minimise(
        measure,
        np.concatenate((start.weights.ravel(), biases)),
        _SMALLEST_DERIVATIVE * len(classes),
    )
    biases = parameters[size:]
    return Classifier(
        parameters[:size].reshape(shape),
        _to_thresholds(biases) if is_ordered else biases,
        is_ordered,
    )


def first_classifier(
    columns: int, classes: Classes, class_count: int, *, is_ordered: bool
) -> Classifier:
    """Return the classifier that knows how frequent the classes are, and nothing else."""
    counts = np.bincount(classes, minlength=class_count) + 0.5
    shares = counts / counts.sum()
    if not is_ordered:
        return Classifier(np.zeros((columns, class_count)), np.log(shares))

    below = np.cumsum(shares)[:-1]
    return Classifier(np.zeros((columns, 1)), np.log(below / (1 - below)), is_ordered=True)


def _measure_multinomial(
    scores: Numbers, biases: Numbers, classes: Classes
) -> tuple[float, Numbers, Numbers]:
    """Return the loss, its derivatives by the scores, and by the biases."""
    probabilities = softmax(scores + biases)
    samples = np.arange(len(classes))
    loss = measure_loss(probabilities, classes) * len(classes)
    errors = probabilities
    errors[samples, classes] -= 1.0
    return loss, errors, errors.sum(axis=0)


def _measure_ordered(
    scores: Numbers, steps: Numbers, classes: Classes
) -> tuple[float, Numbers, Numbers]:
    """Return the loss, its derivatives by the scores, and by the steps between thresholds."""
    thresholds = _to_thresholds(steps)
    below = np.concatenate(
        (
            np.zeros((len(scores), 1)),
            sigmoid(thresholds - scores[:, None]),
            np.ones((len(scores), 1)),
        ),
        axis=1,
    )
    samples = np.arange(len(classes))
    low, high = below[samples, classes], below[samples, classes + 1]
    probability = np.maximum(high - low, _SMALLEST_PROBABILITY)
    loss = -float(np.sum(np.log(probability)))

    # The derivative of sigmoid s is s (1 - s); it is 0 at the ends, where s is 0 or 1.
    low_slopes, high_slopes = low * (1 - low) / probability, high * (1 - high) / probability
    threshold_gradient: Numbers = np.bincount(classes, -high_slopes, len(thresholds) + 1)[
        :-1
    ].astype(np.float64)
    threshold_gradient += np.bincount(classes, low_slopes, len(thresholds) + 1)[1:]

    step_gradient = np.cumsum(threshold_gradient[::-1])[::-1].copy()
    step_gradient[1:] *= np.exp(steps[1:])
    return loss, (high_slopes - low_slopes)[:, None], step_gradient


def _to_thresholds(steps: Numbers) -> Numbers:
    """Return thresholds that go up: the first, and the logarithms of the steps to the others."""
    return np.cumsum(np.concatenate((steps[:1], np.exp(steps[1:]))))


def _to_steps(thresholds: Numbers) -> Numbers:
    return np.concatenate((thresholds[:1], np.log(np.maximum(np.diff(thresholds), 1e-6))))


def measure_loss(probabilities: Numbers, classes: Classes) -> float:
    """Return the mean cross-entropy of *probabilities* ``(rows, classes)``."""
    assigned = probabilities[np.arange(len(classes)), classes]
    return -float(np.mean(np.log(np.maximum(assigned, _SMALLEST_PROBABILITY))))


def minimise(
    measure: Callable[[Numbers], tuple[float, Numbers]], start: Numbers, smallest_derivative: float
) -> Numbers:
    """Return where *measure*, a function and its gradient, is least, by L-BFGS."""
    parameters = start
    loss, gradient = measure(parameters)
    history: deque[tuple[Numbers, Numbers, float]] = deque(maxlen=_HISTORY)

    for _ in range(_MOST_STEPS):
        if np.max(np.abs(gradient)) <= smallest_derivative:
            break

        direction = _find_direction(gradient, history)
        slope = float(gradient @ direction)
        length = 1.0 if history else min(1.0, 1.0 / float(np.abs(gradient).sum()))

        for _ in range(_MOST_HALVINGS):
            candidate = parameters + length * direction
            new_loss, new_gradient = measure(candidate)
            if new_loss <= loss + _LEAST_DECREASE * length * slope:
                break

            length /= 2
        else:
            # Rounding hides what is left to gain.
            break

        step, change = candidate - parameters, new_gradient - gradient
        curvature = float(step @ change)
        if curvature > 0:
            history.append((step, change, curvature))

        parameters, loss, gradient = candidate, new_loss, new_gradient

    return parameters


def _find_direction(gradient: Numbers, history: deque[tuple[Numbers, Numbers, float]]) -> Numbers:
    direction = -gradient
    shares = []
    for step, change, curvature in reversed(history):
        share = float(step @ direction) / curvature
        direction = direction - share * change
        shares.append(share)

    if history:
        _, change, curvature = history[-1]
        direction = direction * (curvature / float(change @ change))

    for (step, change, curvature), share in zip(history, reversed(shares), strict=True):
        direction = direction + (share - float(change @ direction) / curvature) * step

    return direction
