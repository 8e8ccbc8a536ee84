"""Cross-validation of a network that codes texts: divisions, figures, calibration, features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.coded_text import CodedText
from analysis.codebooks.network import read_network, temper
from analysis.codebooks.network_features import TextFeatures
from analysis.trainings.codes import validation
from analysis.trainings.codes.samples import CodeSample, CodeSamples, divide, find_groups
from analysis.trainings.codes.task import CodesTask
from core.errors import BadInput
from models.codes import UnitKey
from networks.sparse import SparseRows

WORDS = [
    "bridge",
    "council",
    "river",
    "town",
    "market",
    "road",
    "school",
    "morning",
    "harbour",
    "street",
]


def one_column(values: np.ndarray) -> SparseRows:
    count = len(values)
    return SparseRows(np.zeros(count, np.int32), values, np.arange(count + 1), width=1)


def samples_of(classes: np.ndarray, groups: np.ndarray, values: np.ndarray) -> validation.CodedRows:
    order = np.random.default_rng(0).permutation(len(classes))
    return validation.CodedRows(one_column(values), classes, groups, order, 2, is_ordered=False)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2)), min_size=1), st.integers(2, 10))
def test_a_group_is_in_one_part(members: list[tuple[int, int]], parts: int) -> None:
    groups, classes = zip(*members, strict=True)
    part_of_sample = divide(groups, classes, range(len(members)), parts)
    parts_by_group: dict[int, set[int]] = {}
    for group, part in zip(groups, part_of_sample.tolist(), strict=True):
        parts_by_group.setdefault(group, set()).add(part)

    assert all(len(found) == 1 for found in parts_by_group.values())
    # No part has two groups more than another.
    sizes = np.bincount([found.pop() for found in parts_by_group.values()], minlength=parts)
    assert sizes.max() - sizes.min() <= 1


def test_units_of_a_document_and_repeats_are_one_group() -> None:
    texts = [
        (1, "Council opens the bridge"),
        (2, "Tide 3 metres high"),
        (1, "Rain stops the market"),
        (3, "Tide 4 metres high"),
        (4, "Quiet day"),
    ]
    first, second, third, fourth, fifth = find_groups(texts)
    assert first == third
    assert second == fourth
    assert len({first, second, fifth}) == 3


def test_what_only_repeats_would_tell_is_not_learned() -> None:
    """Each group has its own number, which says its class to whoever has read the group."""
    generator = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 3)
    class_of_group = generator.integers(0, 2, 40)
    classes = class_of_group[groups]
    rows = SparseRows(groups.astype(np.int32), np.ones(120), np.arange(121), width=40)
    order = generator.permutation(120)
    samples = validation.CodedRows(rows, classes, groups, order, 2, is_ordered=False)
    predicted = validation.cross_validate(samples).probabilities.argmax(axis=1)
    assert np.mean(predicted == classes) < 0.65

    singles = validation.CodedRows(rows, classes, np.arange(120), order, 2, is_ordered=False)
    predicted = validation.cross_validate(singles).probabilities.argmax(axis=1)
    assert np.mean(predicted == classes) > 0.95


def test_codes_by_chance_are_told_to_be_uncertain() -> None:
    generator = np.random.default_rng(2)
    classes = generator.integers(0, 2, 300)
    whole = validation.cross_validate(
        samples_of(classes, np.arange(300), generator.normal(size=300))
    )
    assert whole.probabilities.max() < 0.65
    calibration = validation.measure_calibration(whole.probabilities, classes)
    assert calibration.error < calibration.error_by_chance + 0.05


def test_probabilities_that_are_too_certain_are_an_error_beyond_chance() -> None:
    generator = np.random.default_rng(3)
    chances = generator.uniform(0.5, 0.8, 2_000)
    classes = (generator.random(2_000) < chances).astype(int)
    honest = np.stack((1 - chances, chances), axis=1)
    calibration = validation.measure_calibration(honest, classes)
    assert calibration.error < 0.05
    assert calibration.error == pytest.approx(calibration.error_by_chance, abs=0.02)

    certain = temper(honest, 0.25)
    assert certain.sum(axis=1) == pytest.approx(np.ones(2_000))
    calibration = validation.measure_calibration(certain, classes)
    assert calibration.error > 5 * calibration.error_by_chance


def test_figures_of_a_worked_matrix() -> None:
    confusions = np.array([[8, 2], [1, 9]])
    assert validation.measure_accuracy(confusions) == pytest.approx(0.85)
    f1 = (2 * 8 / (9 + 10) + 2 * 9 / (11 + 10)) / 2
    assert validation.measure_macro_f1(confusions) == pytest.approx(f1)
    # A class that nobody gave does not count.
    wider = np.zeros((3, 3))
    wider[:2, :2] = confusions
    assert validation.measure_macro_f1(wider) == pytest.approx(f1)


def test_the_interval_widens_where_groups_repeat_a_code() -> None:
    classes = np.tile([0, 1], 100)
    predicted = np.zeros(200, np.int64)
    singles = samples_of(classes, np.arange(200), np.zeros(200))
    clusters = samples_of(classes, classes, np.zeros(200))
    narrow, _ = validation.measure_figures(singles, predicted)
    wide, _ = validation.measure_figures(clusters, predicted)
    assert narrow.value == wide.value == 0.5
    assert narrow.low < 0.5 < narrow.high
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


def test_names_count_and_terms_of_one_text_do_not() -> None:
    texts = [
        CodedText("Obama speaks in Ayr"),
        CodedText("Obama does not sing in Bude"),
        CodedText("They do not sing"),
    ]
    features = TextFeatures.choose(texts, has_valences=False, by_keyword=False)
    assert features.terms == ("! sing", "not", "not sing", "obama")


def test_each_keyword_has_terms_of_its_own() -> None:
    texts = [CodedText("Flood in Ayr", keyword, True) for keyword in ("flood", "flood", "ayr")]
    features = TextFeatures.choose(texts, has_valences=False, by_keyword=True)
    assert {"flood in", "flood: flood in", "{keyword}"} <= set(features.terms)
    assert "ayr: flood in" not in features.terms
    rows, hashes = features.read(texts)
    assert hashes[0] == hashes[1] != hashes[2]
    lengths = np.sqrt(np.bincount(np.repeat([0, 1, 2], np.diff(rows.starts)), rows.values**2))
    assert lengths == pytest.approx(np.ones(3))


def test_a_scale_and_a_rare_variable_are_answered() -> None:
    codebook = Codebook.model_validate(
        {
            "name": "degrees",
            "unit": "document",
            "language": ["en"],
            "variables": [
                {"name": "degree", "question": "?", "type": "scale", "from": "-3", "to": "9"},
                {"name": "rare", "question": "?", "type": "yes-no", "if": "degree = 2"},
            ],
        }
    )
    generator = np.random.default_rng(4)
    coded = []
    for number in range(90):
        words = [*generator.choice(WORDS, 5, replace=False), ("calm", "stir", "storm")[number % 3]]
        codes = {"degree": f"{number % 3}"}
        if number < 9 and number % 3 == 2:
            codes["rare"] = "no"

        text = CodedText(" ".join(words))
        coded.append(CodeSample(UnitKey(number), f"d{number:03}", text, codes, number))

    task = CodesTask(codebook, CodeSamples(coded, 0), None)
    assert len(list(task.work())) == len(task.blocks)
    report = task.finish()
    assert report.accuracy > 0.9

    network = read_network(report.weights)
    answers = list(network.code([CodedText("a storm in town"), CodedText("calm on the river")]))
    assert [answer["degree"].code for answer in answers] == ["2", "0"]
    # Too few texts are coded: the network gives the only code that people gave.
    assert answers[0]["rare"].code == "no"
    assert "rare" not in answers[1]
    assert "rare: 3 coded texts, too few" in " ".join(report.remarks)


def test_variables_on_which_too_few_texts_are_agreed_are_refused_before_any_work() -> None:
    codebook = Codebook.model_validate(
        {
            "name": "calm",
            "unit": "document",
            "variables": [{"name": "calm", "question": "?", "type": "yes-no"}],
        }
    )
    coded = []
    for number in range(45):
        # On the last ten coders are divided evenly, so that they have no code.
        codes = {"calm": ("yes", "no")[number % 2]} if number < 35 else {}
        text = CodedText(f"{WORDS[number % len(WORDS)]} {number}")
        coded.append(CodeSample(UnitKey(number), f"d{number:03}", text, codes, number))

    with pytest.raises(BadInput, match="no variable of calm has two different codes on 40 texts"):
        CodesTask(codebook, CodeSamples(coded, 10), None)


def test_the_learning_curve_has_no_more_texts_than_train_in_the_cross_validation() -> None:
    codebook = Codebook.model_validate(
        {
            "name": "calm",
            "unit": "document",
            "variables": [{"name": "calm", "question": "?", "type": "yes-no"}],
        }
    )
    coded = []
    for number in range(1_900):
        text = CodedText(f"{WORDS[number % len(WORDS)]} {number}")
        codes = {"calm": ("yes", "no")[number % 2]}
        coded.append(CodeSample(UnitKey(number), f"d{number:04}", text, codes, number))

    # Four of five parts train: 1,520 texts.
    task = CodesTask(codebook, CodeSamples(coded, 0), None)
    assert [block.size for block in task.blocks] == [50, 100, 200, 400, 800, 0]


def test_a_training_goes_on_in_whatever_order_the_codes_of_a_text_are_read() -> None:
    questions = [{"name": name, "question": "?", "type": "yes-no"} for name in ("calm", "near")]
    codebook = Codebook.model_validate({"name": "calm", "unit": "document", "variables": questions})
    coded = []
    for number in range(60):
        text = CodedText(f"{WORDS[number % len(WORDS)]} {number}")
        codes = {"calm": ("yes", "no")[number % 2], "near": ("no", "yes")[number % 2]}
        coded.append(CodeSample(UnitKey(number), f"d{number:02}", text, codes, number))

    checkpoint = next(CodesTask(codebook, CodeSamples(coded, 0), None).work())
    again = [replace(sample, codes=dict(reversed([*sample.codes.items()]))) for sample in coded]
    assert CodesTask(codebook, CodeSamples(again, 0), checkpoint).blocks_done == 1
    coded_since = [replace(coded[0], codes={"calm": "no"}), *coded[1:]]
    assert CodesTask(codebook, CodeSamples(coded_since, 0), checkpoint).blocks_done == 0


def test_bytes_that_are_no_network_are_refused() -> None:
    with pytest.raises(BadInput, match="no network that codes texts"):
        read_network(b"PK\x03\x04")
