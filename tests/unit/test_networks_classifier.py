"""The classifier without hidden layers: derivatives, the minimum, ordered classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.classifier import (
    Classifier,
    first_classifier,
    fit_classifier,
    measure_loss,
    minimise,
)
from networks.errors import NetworkError
from networks.sparse import SparseRows


def make_rows(dense: np.ndarray) -> SparseRows:
    numbers, columns = np.nonzero(dense)
    counts = np.bincount(numbers, minlength=len(dense))
    starts = np.concatenate(([0], np.cumsum(counts)))
    return SparseRows(
        columns.astype(np.int32), dense[numbers, columns], starts, width=dense.shape[1]
    )


def draw(seed: int, classes: int, samples: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return rows that are mostly zeros, some of them empty, and classes that depend on them."""
    generator = np.random.default_rng(seed)
    dense = generator.normal(size=(samples, 7)) * (generator.random((samples, 7)) < 0.4)
    scores = dense @ generator.normal(size=(7, classes)) + generator.gumbel(size=(samples, classes))
    labels = scores.argmax(axis=1)
    labels[:classes] = range(classes)
    return dense, labels


def loss_of(
    classifier: Classifier, dense: np.ndarray, labels: np.ndarray, weight_decay: float
) -> float:
    """Return the loss by its definition."""
    probabilities = classifier.classify(classifier.score(make_rows(dense)))
    penalty = weight_decay / 2 * float(np.sum(classifier.weights**2))
    return measure_loss(probabilities, labels) * len(labels) + penalty


@pytest.mark.parametrize("is_ordered", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_no_step_from_the_minimum_lowers_the_loss(seed: int, is_ordered: bool) -> None:
    dense, labels = draw(seed, 3)
    start = first_classifier(7, labels, 3, is_ordered=is_ordered)
    fitted = fit_classifier(make_rows(dense), labels, 0.5, start)
    least = loss_of(fitted, dense, labels, 0.5)
    assert least < loss_of(start, dense, labels, 0.5)

    generator = np.random.default_rng(seed)
    for _ in range(200):
        other = Classifier(
            fitted.weights + generator.normal(size=fitted.weights.shape) * 0.01,
            fitted.biases + generator.normal(size=fitted.biases.shape) * 0.01,
            is_ordered,
        )
        assert loss_of(other, dense, labels, 0.5) > least - 1e-6


@pytest.mark.parametrize("weight_decay", [0.1, 1.0, 10.0])
def test_the_weights_are_those_of_scikit_learn(weight_decay: float) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    dense, labels = draw(4, 3)
    start = first_classifier(7, labels, 3, is_ordered=False)
    fitted = fit_classifier(make_rows(dense), labels, weight_decay, start)
    oracle = linear_model.LogisticRegression(C=1 / weight_decay, tol=1e-10, max_iter=10_000)
    oracle.fit(dense, labels)
    assert pytest.approx(oracle.coef_, abs=2e-4) == fitted.weights.T
    probabilities = fitted.classify(fitted.score(make_rows(dense)))
    assert probabilities == pytest.approx(oracle.predict_proba(dense), abs=1e-4)


def test_ordered_classes_have_thresholds_that_go_up_and_one_output() -> None:
    generator = np.random.default_rng(0)
    dense = generator.normal(size=(400, 2))
    labels = np.digitize(dense[:, 0] + generator.logistic(size=400) * 0.2, [-1.0, 0.0, 1.0])
    start = first_classifier(2, labels, 4, is_ordered=True)
    fitted = fit_classifier(make_rows(dense), labels, 0.01, start)
    assert fitted.weights.shape == (2, 1)
    assert fitted.classify(fitted.score(make_rows(dense))).shape == (400, 4)
    assert np.all(np.diff(fitted.biases) > 0)
    # The thresholds are in units of the noise's scale.
    assert fitted.biases / fitted.weights[0, 0] == pytest.approx([-1, 0, 1], abs=0.2)


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_probabilities_are_of_one_row_whatever_stands_beside_it(
    seed: int, is_ordered: bool
) -> None:
    dense, _ = draw(seed, 3, samples=12)
    generator = np.random.default_rng(seed)
    outputs = 1 if is_ordered else 3
    biases = np.sort(generator.normal(size=2 if is_ordered else 3))
    classifier = Classifier(generator.normal(size=(7, outputs)), biases, is_ordered)
    rows = make_rows(dense)
    probabilities = classifier.classify(classifier.score(rows))
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(12))

    chosen = generator.permutation(12)[:5]
    alone = classifier.classify(classifier.score(rows.select(chosen)))
    assert np.array_equal(alone, probabilities[chosen])


def test_the_minimum_of_a_narrow_valley_is_found() -> None:
    # Rosenbrock's function has its minimum at (1, 1).
    def measure(place: np.ndarray) -> tuple[float, np.ndarray]:
        x, y = place
        value = (1 - x) ** 2 + 100 * (y - x * x) ** 2
        return value, np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])

    assert minimise(measure, np.array([-1.2, 1.0]), 1e-8) == pytest.approx([1, 1], abs=1e-6)


def test_one_class_alone_is_refused() -> None:
    dense, _ = draw(1, 2)
    labels = np.zeros(60, np.int64)
    start = first_classifier(7, labels, 2, is_ordered=False)
    with pytest.raises(NetworkError, match="there is one class only"):
        fit_classifier(make_rows(dense), labels, 1.0, start)
