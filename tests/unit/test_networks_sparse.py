"""Rows of mostly zeros give what dense rows give."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from networks.data import Data, Samples, Scaling
from networks.errors import NetworkError
from networks.feedforward import FeedForward
from networks.presets import build_network
from networks.sparse import SparseRows
from networks.training import compute_loss, train
from tools.news_engine.task import OPTIONS


def sparse(dense: np.ndarray) -> SparseRows:
    rows, columns = np.nonzero(dense)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(dense)))])
    return SparseRows(columns.astype(np.int32), dense[rows, columns], starts, dense.shape[1])


def mostly_zeros(rows: int, columns: int, dtype: str = "float64") -> np.ndarray:
    generator = np.random.default_rng(3)
    dense = generator.standard_normal((rows, columns)) * (generator.random((rows, columns)) < 0.2)
    dense[1] = 0  # a row without any entry
    return dense.astype(dtype)


def test_rows_are_taken_in_any_order_and_several_times() -> None:
    dense = mostly_zeros(9, 7)
    rows = sparse(dense)
    for places in ([4, 1, 4, 8, 0], [1], [1, 1], []):
        out = np.full((len(places), 7), 9.0)
        taken = rows.take(np.array(places, np.int64), axis=0, out=out, mode="clip")
        assert taken is out
        assert np.array_equal(out, dense[places])

    assert np.array_equal(rows[2:5], dense[2:5])
    assert np.array_equal(rows[5:100], dense[5:])
    assert (len(rows), rows.shape, rows.dtype) == (9, (9, 7), np.float64)


def test_selected_rows_and_a_product_are_those_of_dense_rows() -> None:
    dense = mostly_zeros(9, 7)
    rows = sparse(dense)
    for places in ([4, 1, 4, 8, 0], [1], []):
        selected = rows.select(np.array(places, np.int64))
        assert np.array_equal(selected[:], dense[places])

    weights = np.random.default_rng(2).normal(size=(7, 2))
    assert rows.multiply(weights) == pytest.approx(dense @ weights)


@pytest.mark.parametrize(
    ("columns", "values", "starts"),
    [
        ([0, 3], [1.0, 1.0], [0, 2]),  # a column beyond the width
        ([0, -1], [1.0, 1.0], [0, 2]),
        ([0, 1], [1.0], [0, 2]),
        ([0, 1], [1.0, 1.0], [0, 1]),
        ([0, 1], [1.0, 1.0], [0, 2, 1, 2]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    columns: list[int], values: list[float], starts: list[int]
) -> None:
    with pytest.raises(NetworkError, match="give"):
        SparseRows(np.array(columns, np.int32), np.array(values), np.array(starts), 3)


def test_the_gradient_of_a_rating_from_sparse_rows_is_right() -> None:
    dense = mostly_zeros(6, 5)
    generator = np.random.default_rng(1)
    y = generator.standard_normal((6, 1))
    network = FeedForward(
        (5, 4, 1), activation="tanh", output="identity", loss="quadratic", dtype=np.float64
    )
    network.initialise("glorot", generator)
    batch = sparse(dense).take(np.arange(6), axis=0, out=np.empty((6, 5)))
    network.backpropagate(batch, y, np.empty_like(y))
    gradient = network.gradient.copy()
    step = 1e-6
    for at in range(len(network.parameters)):
        kept = network.parameters[at]
        network.parameters[at] = kept + step
        above = compute_loss(network, Samples(sparse(dense), y, np.arange(6)))
        network.parameters[at] = kept - step
        below = compute_loss(network, Samples(sparse(dense), y, np.arange(6)))
        network.parameters[at] = kept
        assert gradient[at] == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-9)


def test_a_training_on_sparse_rows_ends_with_the_weights_of_one_on_dense_rows() -> None:
    options = replace(OPTIONS, hidden=(3,), epochs=4, batch_size=8)
    dense = mostly_zeros(30, 12, "float32")
    y = np.random.default_rng(2).standard_normal((30, 1)).astype(np.float32)
    trained = []
    for x in (dense, sparse(dense)):
        samples = Samples(x, y, np.arange(30))
        generator = np.random.default_rng(0)
        network = build_network(options, 12, 1, generator)
        data = Data(samples, samples, None, Scaling())
        history = train(network, data, options, generator=generator)
        trained.append(network.parameters)
        assert history.epochs[-1].accuracy is None

    assert np.array_equal(*trained)
    assert np.any(trained[0])
