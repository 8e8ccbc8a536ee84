"""Pictures of trainings, phrases, estimates and archives: their marks are the rows."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from reports.data.missing_days import DayRange
from reports.data.tables.phrases import PhraseRow
from reports.data.tables.trainings import EpochRow, PredictionRow
from reports.figures import archive, code_trainings, phrases, style, trainings
from reports.figures.code_estimates import CategoryPanel, EstimatedShare, estimates_spec
from reports.figures.spec import Subject
from tests.figures_kit import areas, chart, draw, heat, shapes, texts, titles, values
from tests.unit.test_figures_series import row


def prediction(index: int, actual: float, predicted: float | None) -> PredictionRow:
    return PredictionRow(1, "a", "test", index, actual, predicted)


def test_losses_are_drawn_by_epoch_as_powers_of_ten() -> None:
    epochs = [EpochRow(1, "j", e, 1 / e, 2 / e, None, 0.1) for e in (1, 2, 4)]
    spec = trainings.course_spec("j", epochs, name="j")
    training, validation = chart(spec).layers
    logarithms = [(e, pytest.approx(-math.log10(e))) for e in (1, 2, 4)]
    assert values(training.marks) == logarithms
    assert validation.marks[0].value == pytest.approx(math.log10(2))
    assert (training.name, validation.name) == ("training", "validation")
    assert chart(spec).values.format(-1.0) == "0.1"
    assert titles(draw(spec))["epochs.train_loss.j.4"] == "epoch 4: train loss 0.25"
    assert spec is not None
    assert len(spec.picture.panels) == 1
    assert trainings.course_spec("j", [], name="j") is None


def test_a_loss_past_all_numbers_leaves_a_gap_and_one_of_zero_has_an_even_scale() -> None:
    losses = [1.0, None, 1e300, 0.0]
    epochs = [EpochRow(1, "j", e, loss, None, 0.5, 0.1) for e, loss in enumerate(losses, 1)]
    spec = trainings.course_spec("j", epochs, name="j")
    assert values(chart(spec).layers[0].marks) == [(1, 1.0), (2, None), (3, None), (4, 0.0)]
    assert chart(spec, 1).title == "Accuracy on the test split"
    assert len(shapes(draw(spec), "epochs.")) == 2 + 4


def test_actual_and_predicted_stand_at_their_place_in_the_series() -> None:
    predictions = [PredictionRow(1, "j", "train", i, math.sin(i), 0.5) for i in (50, 51)]
    actual, predicted = chart(trainings.sequence_spec("x", predictions)).layers
    assert values(actual.marks) == [(50, math.sin(50)), (51, math.sin(51))]
    assert values(predicted.marks) == [(50, 0.5), (51, 0.5)]


def test_the_confusion_matrix_has_actual_classes_as_rows_and_right_ones_grey() -> None:
    pairs = [(0, 0), (0, 1), (0, 1), (2, 2)]
    predictions = [prediction(i, a, p) for i, (a, p) in enumerate(pairs)]
    matrix = trainings.confusion_matrix(predictions)
    assert np.array_equal(matrix, [[1, 2, 0], [0, 0, 0], [0, 0, 1]])
    panel = heat(trainings.confusion_spec("x", predictions))
    assert values(panel.rows["0"]) == [("0", None), ("1", 2), ("2", 0)]
    assert [mark.label for mark in panel.rows["0"]] == ["1", "2", ""]
    cells = shapes(draw(panel), "confusions.0")
    assert [cell.look["fill"] for cell in cells] == [style.GAP, "#d94801", "#fff5eb"]


def test_classes_that_are_none_are_left_out_of_the_matrix() -> None:
    odd = (1e308, -1.0, None, 256.0)
    predictions = [prediction(number, 0.0, value) for number, value in enumerate(odd)]
    predictions += [prediction(8, 1.0, 1.0), prediction(9, 1.0, 0.0)]
    assert trainings.confusion_matrix(predictions).tolist() == [[0, 0], [1, 1]]


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


EVALUATION = {
    "name": "tone",
    "codes": ["good", "bad"],
    "confusions": [[5, 1], [2, 9]],
    "texts": 17,
    "curve": [
        {"texts": 100, "accuracy": interval(0.6), "macro_f1": interval(0.5)},
        {"texts": 1000, "accuracy": interval(0.8), "macro_f1": interval(0.7)},
    ],
    "majority_accuracy": interval(0.55),
    "majority_macro_f1": interval(0.3),
    "calibration": {"error": 0.04, "bins": [{"probability": 0.5, "correct": 0.6}]},
}


def test_a_learning_curve_has_its_bands_and_what_the_most_frequent_code_reaches() -> None:
    spec = code_trainings.course_spec("x", EVALUATION)
    accuracy, usual, *_ = chart(spec).layers
    assert values(accuracy.marks) == [(2.0, 0.6), (3.0, 0.8)]
    assert (accuracy.marks[0].low, accuracy.marks[0].high) == (0.5, 0.7)
    assert values(usual.marks) == [(2.0, 0.55), (3.0, 0.55)]
    assert usual.is_dashed
    assert {"100", "1,000"} <= set(texts(draw(spec)))
    _, calibration = chart(spec, 1).layers
    assert values(calibration.marks) == [(0.5, 0.6)]
    panel = heat(code_trainings.confusion_spec("x", EVALUATION))
    assert panel.rows["bad"][0].title == "people bad, network good: 2"


def phrase(period: str, text: str, count: int) -> PhraseRow:
    return PhraseRow(1, period, "covid", 1, text, count)


def test_phrases_stand_in_the_order_in_which_they_came_up_and_blank_is_no_zero() -> None:
    rows = [phrase("2020-01", "old", 4), phrase("2020-03", "new", 2), phrase("2020-03", "old", 1)]
    chosen = phrases.choose(rows)
    assert list(chosen.items()) == [("old", {"2020-01": 4, "2020-03": 1}), ("new", {"2020-03": 2})]


def test_only_so_many_phrases_are_kept_the_lasting_ones_first() -> None:
    rows = [phrase("2020-01", "once", 50), *(phrase(f"2020-0{n}", "twice", 1) for n in (1, 2))]
    assert list(phrases.choose(rows, most=1)) == ["twice"]


def test_cells_of_phrases_say_their_count_and_gaps_are_hatched() -> None:
    subject = Subject("“covid”", "covid", style.Range("2020-01", "2020-03"))
    rows = [
        PhraseRow(1, "2020-01", "covid", 1, "old", 4),
        PhraseRow(1, "2020-03", "covid", 1, "new", 2),
    ]
    months = [row("2020-01", 9), row("2020-02", None), row("2020-03", 9)]
    spec = phrases.phrases_spec(subject, rows, months, kept=3)
    panel = heat(spec)
    assert values(panel.rows["old"]) == [("2020-01", 4)]
    assert panel.gaps == {"old": ["2020-02"], "new": ["2020-02"]}
    assert panel.high == 10  # the cell of a phrase in few documents is not dark
    root = draw(spec)
    assert {"4", "2", "old", "new"} <= set(texts(root))
    assert titles(root)["phrases.2020-01.covid.old"] == "January 2020: “old” in 4 documents"
    assert len(areas(root, "url(#gap)")) == 3


def test_estimated_shares_have_a_row_for_each_category_or_a_panel_over_the_periods() -> None:
    whole = EstimatedShare("", 0.5, 0.4, 0.6)
    panels = [CategoryPanel("good", whole, ()), CategoryPanel("bad", whole, ())]
    rows = chart(estimates_spec("codes-x", "tone", panels))
    assert rows.names == ["good", "bad"]
    (first, _) = rows.layers[0].marks
    assert (first.low, first.value, first.high, first.label) == (0.4, 0.5, 0.6, "50.0 %")
    assert first.title == "good: 50.0 % (40.0 % to 60.0 %)"
    march = EstimatedShare("March 2020", 0.3, 0.2, 0.45)
    panels = [CategoryPanel("good", whole, (march,)), CategoryPanel("bad", whole, (march,))]
    spec = estimates_spec("codes-x", "tone", panels)
    good, bad = chart(spec), chart(spec, 1)
    assert (good.names, good.rules) == (["March 2020"], (0.0, 0.5))
    assert good.values == bad.values
    assert len(titles(draw(spec))) == 2
    assert estimates_spec("codes-x", "tone", []) is None


def test_an_archive_has_its_documents_a_day_its_missing_days_and_its_bulk_days() -> None:
    span = archive.choose_span("2020-01", "2020-02")
    counts = [("2020-01-01", 40, 1), ("2020-01-02", 20, 1)]
    missing = [DayRange(date(2020, 1, 5), date(2020, 1, 7))]
    spec = archive.archive_spec(counts, [(date(2020, 1, 3), 900)], missing, span)
    (bars,) = chart(spec).layers
    assert values(bars.marks) == [("2020-01-01", 40), ("2020-01-02", 20)]
    assert chart(spec).gaps == ["2020-01-05", "2020-01-06", "2020-01-07"]
    assert chart(spec).bulk == ["2020-01-03"]
    assert len(areas(draw(spec), style.VERMILLION)) == 1
    assert "a triangle marks a bulk day" in spec.caption
    long = archive.choose_span("1900-01", "2020-12")
    assert (long.first, long.last) == ("1900", "2020")
