"""The training loop: deterministic, resumed to the last bit, stopped on request or early."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from networks.data import Data, sample_sine, split_images, window_series
from networks.errors import NetworkError, TrainingStopped
from networks.presets import Options, build_network, resolve_options
from networks.training import History, Network, TrainedEpoch, compute_accuracy, train


def make_images(dtype: Any = np.float64) -> Data:
    """Three classes of small images that overlap a little."""
    generator = np.random.default_rng(11)
    labels = generator.integers(0, 3, 240)
    return split_images(generator.random((240, 12)) + np.eye(3, 12)[labels], labels, dtype=dtype)


def prepare(kind: str, **overrides: Any) -> tuple[Options, Data]:
    small = {"hidden": 8, "epochs": 4, **({"sequence": 10} if kind == "recurrent" else {})}
    options = resolve_options(kind, {**small, **overrides})
    if kind == "feedforward":
        return options, make_images(options.dtype)

    stride = options.sequence if options.carry else 1
    return options, window_series(
        sample_sine(),
        options.sequence or 0,
        dtype=options.dtype,
        standardise=False,
        stride=stride or 1,
    )


def run_training(options: Options, data: Data, **arguments: Any) -> tuple[Network, History]:
    generator = np.random.default_rng(options.seed)
    network = build_network(options, data.input_size, data.output_size, generator)
    return network, train(network, data, options, generator=generator, **arguments)


KINDS = [
    ("feedforward", {}),
    ("feedforward", {"preset": "tutorial", "optimizer": "momentum", "learning_rate": 0.5}),
    ("recurrent", {}),
    ("recurrent", {"preset": "tutorial"}),
    ("recurrent", {"carry": True, "batch_size": 4}),
    ("feedforward", {"patience": 2, "optimizer": "adam", "learning_rate": 0.01}),
]


@pytest.mark.parametrize(("kind", "overrides"), KINDS)
def test_equal_seeds_give_equal_weights_and_another_seed_others(
    kind: str, overrides: dict[str, Any]
) -> None:
    options, data = prepare(kind, **overrides)
    once, twice = run_training(options, data), run_training(options, data)
    other, _ = run_training(prepare(kind, **overrides, seed=99)[0], data)
    assert np.array_equal(once[0].parameters, twice[0].parameters)
    assert [epoch.train_loss for epoch in once[1].epochs] == [
        epoch.train_loss for epoch in twice[1].epochs
    ]
    assert not np.array_equal(once[0].parameters, other.parameters)


@pytest.mark.parametrize("after", [1, 3])
@pytest.mark.parametrize(("kind", "overrides"), KINDS)
def test_a_training_resumed_after_a_kill_ends_with_the_same_bits(
    kind: str, overrides: dict[str, Any], after: int
) -> None:
    options, data = prepare(kind, **overrides)
    expected, history = run_training(options, data)
    states: list[bytes] = []

    class Killed(Exception):
        pass

    def kill(epoch: TrainedEpoch, checkpoint: Callable[[], bytes]) -> None:
        states.append(checkpoint())
        if epoch.epoch == after:
            raise Killed

    with pytest.raises(Killed):
        run_training(options, data, on_epoch=kill)

    seen: list[int] = []
    resumed, again = run_training(
        options, data, state=states[-1], on_epoch=lambda epoch, _: seen.append(epoch.epoch)
    )
    assert np.array_equal(resumed.parameters, expected.parameters)
    assert [(e.train_loss, e.validation_loss, e.accuracy) for e in again.epochs] == [
        (e.train_loss, e.validation_loss, e.accuracy) for e in history.epochs
    ]
    assert seen == [epoch.epoch for epoch in history.epochs[after:]]


def test_a_training_stopped_in_the_middle_of_an_epoch_goes_on_from_its_checkpoint() -> None:
    options, data = prepare("feedforward", epochs=6)
    expected, _ = run_training(options, data)
    states: list[bytes] = []
    calls = 0

    def stop_in_the_third_epoch() -> bool:
        nonlocal calls
        calls += 1
        return len(states) == 2

    with pytest.raises(TrainingStopped):
        run_training(
            options,
            data,
            on_epoch=lambda _, checkpoint: states.append(checkpoint()),
            should_stop=stop_in_the_third_epoch,
        )

    assert calls >= 1
    resumed, _ = run_training(options, data, state=states[-1])
    assert np.array_equal(resumed.parameters, expected.parameters)


@pytest.fixture(autouse=True)
def _check_at_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("networks.training.STOP_CHECK_SECONDS", 0.0)


def test_without_a_patience_every_epoch_is_run_and_the_last_weights_stay() -> None:
    _, history = run_training(*prepare("feedforward", epochs=7))
    assert [epoch.epoch for epoch in history.epochs] == [1, 2, 3, 4, 5, 6, 7]
    assert history.best_epoch is None


def test_with_a_patience_it_stops_and_keeps_the_best_weights() -> None:
    options, data = prepare(
        "feedforward",
        epochs=200,
        patience=3,
        learning_rate=2.0,
        weight_decay=0,
        schedule="constant",
    )
    network, history = run_training(options, data)
    losses = [epoch.validation_loss for epoch in history.epochs]
    assert history.best_epoch is not None
    assert len(losses) == history.best_epoch + 3
    assert min(losses) == losses[history.best_epoch - 1]
    assert network.loss.value(
        network.forward(data.validation.x), data.validation.y
    ) == pytest.approx(min(losses))


def test_it_learns_what_can_be_learned() -> None:
    options, data = prepare("feedforward", epochs=30)
    network, history = run_training(options, data)
    assert data.test is not None
    assert history.epochs[-1].accuracy == compute_accuracy(network, data.test)
    assert compute_accuracy(network, data.test) >= 0.85
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss / 2


def test_the_recurrent_network_forecasts_a_sine() -> None:
    options, data = prepare("recurrent", hidden=16, epochs=60, learning_rate=0.01)
    network, history = run_training(options, data)
    error = float(np.sqrt(np.mean((network.forward(data.validation.x) - data.validation.y) ** 2)))
    assert error < 0.02
    assert history.epochs[-1].accuracy is None


def test_the_train_loss_is_the_mean_over_all_samples_where_nothing_is_learned() -> None:
    options, data = prepare(
        "feedforward", epochs=1, batch_size=7, learning_rate=1e-300, weight_decay=0
    )
    network, history = run_training(options, data)
    expected = network.loss.value(network.forward(data.train.x), data.train.y)
    assert history.epochs[0].train_loss == pytest.approx(expected, rel=1e-5)


def test_a_batch_larger_than_the_data_is_the_data() -> None:
    options, data = prepare("feedforward", epochs=2, batch_size=10_000)
    _, history = run_training(options, data)
    assert len(history.epochs) == 2


def test_clipping_bounds_the_steps_of_a_training() -> None:
    options, data = prepare("recurrent", epochs=1, clip=1e-6, optimizer="sgd", learning_rate=1.0)
    start = build_network(options, 1, 1, np.random.default_rng(options.seed)).parameters
    network, _ = run_training(options, data)
    batches = -(-len(data.train) // 10)
    assert 0 < np.linalg.norm(network.parameters - start) <= batches * 1e-6 * 1.1


def test_a_training_that_explodes_says_so_instead_of_warning() -> None:
    options, data = prepare(
        "recurrent", clip="none", activation="relu", learning_rate=1e6, optimizer="sgd", epochs=20
    )
    with pytest.raises(
        NetworkError, match="no longer finite in epoch 1: choose a learning rate below 1e"
    ):
        run_training(options, data)


def test_a_checkpoint_of_another_training_is_refused() -> None:
    options, data = prepare("feedforward")
    states: list[bytes] = []
    run_training(options, data, on_epoch=lambda _, checkpoint: states.append(checkpoint()))
    with pytest.raises(NetworkError, match="other options or data"):
        run_training(prepare("feedforward", hidden=9)[0], data, state=states[0])


def test_a_checkpoint_holds_no_pickle() -> None:
    options, data = prepare("recurrent")
    states: list[bytes] = []
    run_training(options, data, on_epoch=lambda _, checkpoint: states.append(checkpoint()))
    assert b"pickle" not in states[0]
    assert (
        states[0][:2] == b"PK"
    )  # a zip of plain arrays: reading it with allow_pickle=False is tested by resuming


def test_weight_decay_takes_its_share_of_the_weights_before_each_step() -> None:
    options, data = prepare(
        "feedforward",
        epochs=1,
        batch_size=10_000,
        precision=64,
        learning_rate=0.5,
        weight_decay=0.1,
    )
    start = build_network(
        options, data.input_size, data.output_size, np.random.default_rng(options.seed)
    ).parameters
    plain, _ = run_training(
        prepare(
            "feedforward",
            epochs=1,
            batch_size=10_000,
            precision=64,
            learning_rate=0.5,
            weight_decay=0,
        )[0],
        data,
    )
    decayed, _ = run_training(options, data)
    assert np.allclose(decayed.parameters, plain.parameters - 0.5 * 0.1 * start, atol=1e-12)
