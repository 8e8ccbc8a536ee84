"""Windows of a series, their gaps, simple forecasts, and the evaluation of a trained network."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.baselines import fit_baselines
from networks.data import Scaling, prepare_images, sample_sine, window_series
from networks.errors import NetworkError
from networks.feedforward import FeedForward
from networks.recurrent import Recurrent
from networks.results import classify, evaluate, forecast


def test_the_sine_gives_the_windows_of_the_contract() -> None:
    data = window_series(sample_sine(), 50, dtype=np.float64, standardise=False)
    assert (len(data.train), len(data.validation), data.skipped) == (100, 50, 0)
    assert data.train.x.shape == (100, 50, 1)
    assert data.train.index.tolist() == list(range(50, 150))
    assert data.validation.index.tolist() == list(range(150, 200))
    assert np.array_equal(data.validation.x[0, :, 0], np.sin(np.arange(100, 150)))
    assert data.validation.y[0, 0] == math.sin(150)


def test_a_window_with_a_gap_is_left_out_and_counted() -> None:
    values: list[float | None] = [float(value) for value in range(20)]
    values[4] = None
    data = window_series(values, 3, dtype=np.float64)
    assert data.skipped == 4  # those that start at 1, 2, 3 and 4
    assert data.train.index.tolist() == [3, 8, 9, 10, 11, 12, 13, 14]
    assert np.allclose(data.scaling.undo(data.train.x[1, :, 0]), [5, 6, 7])


@given(
    st.lists(st.one_of(st.none(), st.floats(-1e3, 1e3)), min_size=8, max_size=40), st.integers(1, 4)
)
def test_no_window_holds_a_gap_and_every_target_is_the_value_at_its_index(
    values: list[float | None], sequence: int
) -> None:
    try:
        data = window_series(values, sequence, dtype=np.float64)
    except NetworkError as error:
        assert "gaps leave" in str(error)  # noqa: PT017 - not every series can be windowed
        return

    assert len(data.train) + len(data.validation) + data.skipped == len(values) - sequence
    for part in (data.train, data.validation):
        assert np.all(np.isfinite(part.x))
        for window, target, index in zip(
            data.scaling.undo(part.x), data.scaling.undo(part.y), part.index, strict=True
        ):
            assert np.allclose(
                window[:, 0], [values[at] for at in range(index - sequence, index)], atol=1e-6
            )
            assert target[0] == pytest.approx(values[index], abs=1e-6)


def test_the_scaling_is_computed_from_training_windows_only() -> None:
    values = [0.0, 2.0] * 10 + [1000.0] * 9
    data = window_series(values, 2, dtype=np.float64)
    assert (data.scaling.shift, data.scaling.scale) == (1.0, 1.0)


def test_windows_of_a_carried_state_follow_one_another() -> None:
    data = window_series([float(value) for value in range(31)], 3, dtype=np.float64, stride=3)
    assert data.train.index.tolist() == [3, 6, 9, 12, 15, 18, 21]


def test_a_series_too_short_names_the_longest_sequence() -> None:
    with pytest.raises(
        NetworkError, match="24 values, too few for windows of 50: choose a sequence of at most 21"
    ):
        window_series([0.0] * 24, 50, dtype=np.float64)

    assert len(window_series([0.0] * 24, 21, dtype=np.float64).validation) == 1


def test_the_linear_recurrence_of_the_sine_is_exact() -> None:
    fitted = fit_baselines(window_series(sample_sine(), 50, dtype=np.float32, standardise=False))
    assert fitted.coefficients == pytest.approx((2 * math.cos(1), -1.0, 0.0), abs=1e-12)
    assert fitted.recurrence is not None
    assert fitted.recurrence < 1e-13
    assert fitted.mean == pytest.approx(0.705, abs=5e-4)
    assert fitted.last == pytest.approx(0.680, abs=5e-4)
    assert fitted.best()[0] == "recurrence"


def test_simple_forecasts_of_a_line() -> None:
    fitted = fit_baselines(
        window_series([float(value) for value in range(10)], 2, dtype=np.float64)
    )
    # eight targets, 2 to 9; six train (mean 4.5), two validate (8 and 9)
    assert fitted.last == pytest.approx(1.0)
    assert fitted.mean == pytest.approx(math.sqrt((3.5**2 + 4.5**2) / 2))
    assert fitted.recurrence == pytest.approx(0.0, abs=1e-9)


def test_windows_of_one_value_have_no_recurrence() -> None:
    fitted = fit_baselines(window_series([1.0, 2.0, 1.0, 2.0, 1.0, 2.0], 1, dtype=np.float64))
    assert (fitted.recurrence, fitted.coefficients) == (None, None)


def test_the_remark_says_when_a_forecast_does_not_beat_the_simple_ones() -> None:
    data = window_series(sample_sine(60), 10, dtype=np.float64, standardise=False)
    evaluation = evaluate(
        Recurrent(1, 4, 1, dtype=np.float64), data
    )  # all weights are zero, and so are its outputs
    assert evaluation.validation_rmse == pytest.approx(
        float(np.sqrt(np.mean(data.validation.y**2)))
    )
    assert evaluation.remark is not None
    assert "does not beat the best simple forecast, a linear recurrence" in evaluation.remark
    assert [(p.split, p.index) for p in evaluation.predictions] == [
        *(("train", index) for index in data.train.index),
        *(("validation", index) for index in data.validation.index),
    ]
    assert evaluation.predictions[0].actual == math.sin(10)


def test_results_of_images_count_correct_predictions() -> None:
    x, labels = np.eye(3)[[0, 1, 2, 0, 1, 2, 0]], np.array([0, 1, 2, 0, 1, 2, 0])
    data = prepare_images((x, labels), (np.eye(3), np.array([0, 1, 1])), dtype=np.float64)
    network = FeedForward((3, 3), dtype=np.float64)
    network.weights[0][...] = 50 * np.eye(3)  # predicts its input
    evaluation = evaluate(network, data)
    assert evaluation.accuracy == pytest.approx(2 / 3)
    assert [(p.index, p.actual, p.predicted) for p in evaluation.predictions] == [
        (0, 0, 0),
        (1, 1, 1),
        (2, 1, 2),
    ]
    assert evaluation.train_rmse == pytest.approx(0.0, abs=1e-9)
    assert (evaluation.baselines, evaluation.remark) == (None, None)


def test_new_images_are_scaled_as_in_the_training() -> None:
    network = FeedForward((2, 2), dtype=np.float64)
    network.weights[0][...] = [[1, 0], [0, 0]]
    network.biases[0][...] = [0, 0.5]  # class 0 where the first number, scaled, is above a half
    assert classify(network, Scaling(scale=255.0), np.array([[200, 0], [100, 0]])).tolist() == [
        0,
        1,
    ]
    with pytest.raises(NetworkError, match="reads 2 numbers each"):
        classify(network, Scaling(), np.zeros((1, 3)))


def test_a_forecast_goes_one_beyond_the_end_and_leaves_out_gaps() -> None:
    network = Recurrent(1, 1, 1, activation="relu", dtype=np.float64)
    network.named_parameters()["input_weights"][...] = 1.0
    network.named_parameters()["output_weights"][...] = (
        1.0  # predicts the last value, where it is positive once scaled
    )
    forecasts = forecast(network, Scaling(1.0, 2.0), [5.0, 7.0, None, 3.0, 9.0, 4.0], 2)
    assert forecasts == [(2, None, 7.0), (5, 4.0, 9.0), (6, None, 4.0)]


def test_a_forecast_needs_a_whole_window() -> None:
    network = Recurrent(1, 1, 1)
    with pytest.raises(NetworkError, match="gaps leave no 2 values"):
        forecast(network, Scaling(), [1.0, None, 2.0], 2)

    with pytest.raises(NetworkError, match="there are 1 values"):
        forecast(network, Scaling(), [1.0], 2)
