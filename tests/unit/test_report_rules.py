"""What a classifier is held against: rules that need no network."""

from __future__ import annotations

import numpy as np
import pytest

from networks.data import Data, Samples, Scaling
from reports.trainings import simple_rules


def samples(x: list[list[float]], classes: list[int]) -> Samples:
    return Samples(np.array(x), np.eye(3)[classes], np.arange(len(x)))


TRAIN = samples(
    [[0, 0], [0, 2], [9, 9], [9, 7], [0, 1]], [0, 0, 1, 1, 0]
)  # means: (0, 1) and (9, 8); no third class


def test_the_rules_learn_from_the_training_split_and_are_counted_on_the_test_split() -> None:
    test = samples(
        [[1, 1], [8, 8], [5, 6], [0, 0]], [0, 1, 0, 1]
    )  # the third lies nearer to the second class
    assert simple_rules(Data(TRAIN, TRAIN, test, Scaling())) == {
        "always the most frequent class": 0.5,
        "the class whose mean picture is nearest": 0.5,
    }


def test_a_class_that_was_never_seen_is_never_said() -> None:
    test = samples([[0.0, 1.0], [0.1, 0.1]], [0, 0])
    assert (
        simple_rules(Data(TRAIN, TRAIN, test, Scaling()))["the class whose mean picture is nearest"]
        == 1.0
    )


def test_without_a_test_split_there_is_nothing_to_say() -> None:
    assert simple_rules(Data(TRAIN, TRAIN, None, Scaling())) == {}


def test_a_real_set_is_told_to_nine_in_ten_by_its_means() -> None:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra

    from networks.data import split_images  # noqa: PLC0415

    digits = load_digits()
    rules = simple_rules(split_images(digits.images, digits.target, dtype=np.float32))
    assert rules["the class whose mean picture is nearest"] == pytest.approx(0.893, abs=0.001)
