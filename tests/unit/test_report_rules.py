"""The simple rules that a classifier is compared with."""

from __future__ import annotations

import numpy as np
import pytest

from networks.data import Data, Samples, Scaling
from reports.pages.trainings import simple_rules


def samples(x: list[list[float]], classes: list[int]) -> Samples:
    return Samples(np.array(x), np.eye(3)[classes], np.arange(len(x)))


# means: (0, 1) and (9, 8); no third class
TRAIN = samples([[0, 0], [0, 2], [9, 9], [9, 7], [0, 1]], [0, 0, 1, 1, 0])


def test_rules_are_fitted_to_the_training_set_and_scored_on_the_test_set() -> None:
    # the third example lies nearer to the second class
    test = samples([[1, 1], [8, 8], [5, 6], [0, 0]], [0, 1, 0, 1])
    assert simple_rules(Data(TRAIN, TRAIN, test, Scaling())) == {
        "always the most frequent class": 0.5,
        "the class whose mean picture is nearest": 0.5,
    }


def test_a_class_without_examples_is_never_predicted() -> None:
    test = samples([[0.0, 1.0], [0.1, 0.1]], [0, 0])
    rules = simple_rules(Data(TRAIN, TRAIN, test, Scaling()))
    assert rules["the class whose mean picture is nearest"] == 1.0


def test_without_a_test_set_there_are_no_rules() -> None:
    assert simple_rules(Data(TRAIN, TRAIN, None, Scaling())) == {}


def test_nearest_means_classify_nine_in_ten_of_a_real_set() -> None:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra

    from networks.data import split_images  # noqa: PLC0415

    digits = load_digits()
    rules = simple_rules(split_images(digits.images, digits.target, dtype=np.float32))
    assert rules["the class whose mean picture is nearest"] == pytest.approx(0.893, abs=0.001)
