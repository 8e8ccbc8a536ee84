"""Scatters, terms, phrases, entities, accounts, comparisons, trainings: read from artists."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.data.tables.periods import PeriodRow
from reports.data.tables.trainings import EpochRow, PredictionRow
from reports.figures import (
    accounts,
    comparison,
    entities,
    month_scatter,
    phrases,
    polarity,
    series,
    style,
    terms,
    trainings,
)
from reports.figures.spec import Subject

LINK = "{http://www.w3.org/1999/xlink}href"


def day(text: str) -> float:
    return float((date.fromisoformat(text) - date(1970, 1, 1)).days)


def row(
    period: str, term: str | None, mentions: int | None, share: float | None = None
) -> PeriodRow:
    state = "no-data" if mentions is None else "complete"
    return PeriodRow(
        1,
        period,
        None,
        "c",
        term,
        state,
        50,
        mentions,
        mentions,
        share,
        None,
        None,
        share,
        None,
        None,
        period,
    )


@pytest.fixture
def ax() -> Iterator[Axes]:
    with style.house_style():
        yield Figure().add_subplot()


def label(artists: Iterable[Any], name: str) -> Any:
    (artist,) = [artist for artist in artists if artist.get_label() == name]
    return artist


def test_mentions_lie_within_their_day_side_by_side() -> None:
    assert month_scatter.spread([3, 3, 7, 3, 3]) == [3.125, 3.375, 7.5, 3.625, 3.875]


FEBRUARY = Subject("“x”", "x", style.Range("2020-02", "2020-02"))
SVG = "{http://www.w3.org/2000/svg}"


def draw_month(month: month_scatter.MonthOfPolarities) -> ET.Element:
    with style.house_style():
        svg = month_scatter.draw_month(FEBRUARY, month)
    return ET.fromstring(svg)  # noqa: S314 - our own


def dots(root: ET.Element) -> list[tuple[float, float]]:
    """Return the day and the polarity of each dot; the axes run from 48.4 to 453.9 and so on."""
    uses = [use for use in root.iter(f"{SVG}use") if use.attrib[LINK] == "#dot"]
    places = [(float(use.attrib["x"]), float(use.attrib["y"])) for use in uses]
    days = [1 + (x - 48.4) / (453.9 - 48.4) * 29 for x, _ in places]
    polarities = [1.05 - (y - 23.8) / (181.4 - 23.8) * 2.1 for _, y in places]
    return list(zip(days, polarities, strict=True))


def mean_lines(root: ET.Element) -> list[float]:
    """Return the polarity of each line in the colour of a mean."""
    paths = [path.attrib for path in root.iter(f"{SVG}path")]
    heights = [
        float(path["d"].split()[1].split("H")[0])
        for path in paths
        if path.get("stroke") == style.VERMILLION
    ]
    return [1.05 - (height - 23.8) / (181.4 - 23.8) * 2.1 for height in heights]


def test_each_mention_is_a_dot_on_its_day_and_the_mean_a_line() -> None:
    month = month_scatter.MonthOfPolarities(
        "2020-02", True, (1, 29, 29), (0.5, -0.5, 0.25), 3, 0.0833, -0.1, 0.2
    )
    root = draw_month(month)
    expected = [(1.5, 0.5), (29.25, -0.5), (29.75, 0.25)]
    assert dots(root) == [pytest.approx(dot, abs=0.01) for dot in expected]
    assert mean_lines(root) == [pytest.approx(0.0833, abs=0.001)]


def test_the_band_of_a_months_mean_is_its_interval_and_is_not_there_below_five_mentions() -> None:
    month = month_scatter.MonthOfPolarities("2020-02", True, (1,) * 5, (0.5,) * 5, 5, 0.5, 0.4, 1.2)
    (band,) = [
        path.attrib["d"]
        for path in draw_month(month).iter(f"{SVG}path")
        if path.get("fill") == style.VERMILLION
    ]
    assert band == "M48.4 27.6H453.9V72.6H48.4z"  # from 0.4 to 1, the highest polarity
    assert 'fill="#D55E00"' not in ET.tostring(draw_month(replace(month, n=4)), "unicode")


def test_a_month_without_a_mean_is_hatched_and_has_no_line() -> None:
    month = month_scatter.MonthOfPolarities("2020-02", False, (1,), (0.5,), 1, None, None, None)
    root = draw_month(month)
    assert [path.get("fill") for path in root.iter(f"{SVG}path")].count("url(#gap)") == 1
    assert mean_lines(root) == []
    assert len(dots(root)) == 1


def test_equal_letters_of_a_months_picture_are_one_outline() -> None:
    month = month_scatter.MonthOfPolarities("2020-02", True, (1,), (0.5,), 1, 0.5, None, None)
    root = draw_month(month)
    outlines = [path.attrib["id"] for path in root.iter(f"{SVG}path") if "id" in path.attrib]
    used = [use.attrib[LINK][1:] for use in root.iter(f"{SVG}use")]
    assert len(outlines) == len(set(outlines))
    assert {name for name in used if name != "dot"} == set(outlines)
    assert list(root.iter(f"{SVG}text")) == []


def test_the_png_of_a_month_shows_the_dots_the_mean_and_the_interval_of_its_svg() -> None:
    days = (1, 29, 29, 29, 29)
    polarities = (0.5, -0.5, 0.25, 0.5, 1.0)
    month = month_scatter.MonthOfPolarities("2020-02", True, days, polarities, 5, 0.35, -0.1, 1.2)
    with style.house_style():
        figure = month_scatter.month_figure(FEBRUARY, month)

    (ax,) = figure.axes
    (shown,) = ax.collections
    expected = dots(draw_month(month))
    assert shown.get_offsets().tolist() == [pytest.approx(dot, abs=0.01) for dot in expected]
    assert 0.35 in [line.get_ydata()[0] for line in ax.lines]
    (band,) = ax.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == (-0.1, 1.0)
    assert (ax.get_title("left"), ax.get_title("right")) == (
        "Polarity of “x”, February 2020",
        "n = 5 · mean +0.35",
    )


def test_a_month_of_many_mentions_is_thinned_out_evenly_and_keeps_its_mean_and_n() -> None:
    days, polarities = tuple(range(1, 29)), tuple(number / 100 for number in range(28))
    month = month_scatter.thin_out(
        month_scatter.MonthOfPolarities("2020-02", True, days, polarities, 28, 0.135, 0.1, 0.17), 10
    )
    assert month.days == (1, 4, 7, 10, 13, 16, 19, 22, 25, 28)
    assert month.n == 28
    assert mean_lines(draw_month(month)) == [pytest.approx(0.135, abs=0.001)]


def test_a_month_of_few_mentions_keeps_every_dot() -> None:
    month = month_scatter.MonthOfPolarities(
        "2020-02", True, (1, 2), (0.1, 0.2), 2, 0.15, None, None
    )
    assert month_scatter.thin_out(month, 2) is month


BY_TERM = {
    "coronavirus": [row(f"2020-0{m}", "coronavirus", n) for m, n in ((1, 60), (2, 5), (3, 9))],
    "covid": [row("2020-01", "covid", 0), row("2020-02", "covid", 25), row("2020-03", "covid", 30)],
}  # fmt: skip
TOGETHER = [row("2020-01", None, 60), row("2020-02", None, 30), row("2020-03", None, 39)]


def test_terms_are_stacked_apart_and_marked_together(ax: Axes) -> None:
    terms.draw_terms(ax, BY_TERM, TOGETHER, span=style.Range("2020-01", "2020-03"))
    first, second = (label(ax.containers, term) for term in BY_TERM)
    assert [bar.get_height() for bar in first] == [60, 5, 9]
    assert [(bar.get_y(), bar.get_height()) for bar in second] == [(60, 0), (5, 25), (9, 30)]
    assert list(label(ax.lines, "together, a sentence once").get_ydata()) == [60, 30, 39]


def test_the_month_in_which_a_term_overtakes_another_is_marked(ax: Axes) -> None:
    counts = {"coronavirus": (90, 90, 5, 5), "covid": (10, 10, 80, 90)}
    by_term = {}
    for term, matched in counts.items():
        by_term[term] = [row(f"2020-0{month}", term, n) for month, n in enumerate(matched, 1)]

    together = [row(f"2020-0{month}", None, 100) for month in (1, 2, 3, 4)]
    terms.draw_terms(ax, by_term, together, span=style.Range("2020-01", "2020-04"))
    assert list(label(ax.lines, "_change").get_xdata()) == [day("2020-03-01")] * 2
    assert [text.get_text() for text in ax.texts] == ["\u201ccovid\u201d overtakes"]


def test_the_names_of_changes_stand_at_different_heights(ax: Axes) -> None:
    counts = {"a": (90, 90, 5, 5), "b": (10, 10, 80, 90), "c": (40, 40, 40, 30)}
    by_term = {}
    for term, matched in counts.items():
        by_term[term] = [row(f"2020-0{month}", term, n) for month, n in enumerate(matched, 1)]

    together = [row(f"2020-0{month}", None, 150) for month in (1, 2, 3, 4)]
    terms.draw_terms(ax, by_term, together, span=style.Range("2020-01", "2020-04"))
    heights = [text.xy[1] for text in ax.texts]
    assert len(heights) == len(set(heights)) == 3
    assert max(heights) < ax.get_ylim()[1]


def test_a_lead_of_a_few_documents_is_not_marked(ax: Axes) -> None:
    flicker = {
        "a": [row("2020-01", "a", 9), row("2020-02", "a", 5), row("2020-03", "a", 4)],
        "b": [row("2020-01", "b", 1), row("2020-02", "b", 6), row("2020-03", "b", 6)],
    }
    terms.draw_terms(ax, flicker, TOGETHER, span=style.Range("2020-01", "2020-03"))
    assert not ax.texts


def draw_months(ax: Axes, figure: str, period_rows: Sequence[PeriodRow], span: style.Range) -> None:
    """Draw one of the figures of months."""
    match figure:
        case "counts":
            series.draw_counts(ax, period_rows, span=span, unit="mentions")
        case "polarity":
            polarity.draw_polarity(ax, period_rows, span=span)
        case "terms":
            terms.draw_terms(ax, {"a": period_rows}, period_rows, span=span)
        case _:
            comparison.draw_lines(ax, {"a": period_rows}, span=span, column="mentions")


@pytest.mark.parametrize("draw", ["counts", "polarity", "terms", "lines"])
def test_a_month_with_a_bulk_day_has_a_triangle_in_every_figure_of_months(
    ax: Axes, draw: str
) -> None:
    span = style.Range("2020-01", "2020-03", bulk=("2020-02",))
    draw_months(ax, draw, TOGETHER, span)
    (marks,) = [line for line in ax.lines if line.get_label() == "_bulk"]
    assert list(marks.get_xdata()) == [style.month_number("2020-02")]
    assert "a month with a bulk day" in style.explain_bulk(span)
    assert style.explain_bulk(style.Range("2020-01", "2020-03")) == ""


@pytest.mark.parametrize("draw", ["counts", "polarity", "terms", "lines"])
def test_a_cut_off_month_has_a_dagger_in_every_figure_of_months(ax: Axes, draw: str) -> None:
    span = style.Range("2020-01", "2020-03")
    rows = [replace(TOGETHER[0], cut_off=True), *TOGETHER[1:]]
    draw_months(ax, draw, rows, span)
    daggers = [text.get_position()[0] for text in ax.texts if text.get_text() == "†"]
    assert daggers == [day("2020-01-16")]


def test_a_caption_explains_the_dagger_where_there_is_one() -> None:
    assert (
        "†"
        not in series.mentions_spec(
            Subject("c", "c", style.Range("2020-01", "2020-03")), TOGETHER
        ).caption
    )
    rows = [replace(TOGETHER[0], cut_off=True), *TOGETHER[1:]]
    assert (
        "†: cut off"
        in series.mentions_spec(Subject("c", "c", style.Range("2020-01", "2020-03")), rows).caption
    )


def test_a_cut_off_month_of_an_account_has_a_dagger_in_its_cell(ax: Axes) -> None:
    span = style.Range("2020-01", "2020-02")
    cells = [[3, 4], [5, 6]]
    accounts.draw_calendar(
        ax, ["@a", "@b"], span, cells, [[], []], is_polarity=False, cut_off=[[], ["2020-02"]]
    )
    assert [(text.get_text(), text.get_position()) for text in ax.texts] == [("†", (1, 1))]


def test_phrases_stand_in_the_order_in_which_they_came_up_and_blank_is_no_zero() -> None:
    by_month = {"2020-01": [("old", 4)], "2020-02": [], "2020-03": [("new", 2), ("old", 1)]}
    table = phrases.grid(by_month, span=style.Range("2020-01", "2020-03"))
    assert table.phrases == ("old", "new")
    assert table.counts == ((4, None, 1), (None, None, 2))


def test_only_so_many_phrases_are_kept_the_lasting_ones_first() -> None:
    by_month = {"2020-01": [("once", 50), ("twice", 1)], "2020-02": [("twice", 1)]}
    assert phrases.grid(by_month, span=style.Range("2020-01", "2020-02"), most=1).phrases == (
        "twice",
    )


def test_cells_of_phrases_say_their_count_and_gaps_are_hatched(ax: Axes) -> None:
    table = phrases.PhraseGrid(
        ("old", "new"), ("2020-01", "2020-02", "2020-03"), ((4, None, 1), (None, None, 2))
    )
    phrases.draw_phrases(ax, table, gaps=["2020-02"])
    assert {(text.get_position(), text.get_text()) for text in ax.texts} == {
        ((0, 0), "4"),
        ((2, 0), "1"),
        ((2, 1), "2"),
    }
    gap = label(ax.patches, "_gap")
    assert (gap.get_x(), gap.get_width()) == (0.5, 1)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["old", "new"]


def test_entities_are_bars_with_their_names_and_counts(ax: Axes) -> None:
    entities.draw_entities(ax, ["Biden", "Fauci"], [12, 3], most=12)
    assert [bar.get_width() for bar in ax.containers[0]] == [12, 3]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["Biden", "Fauci"]
    assert [text.get_text() for text in ax.texts] == ["12", "3"]


def test_bars_of_all_types_have_one_scale() -> None:
    by_type = {"PERSON": [("Biden", 88), ("Fauci", 3)], "ORG": [("NASA", 3)]}
    figure = entities.entities_figure(
        Subject("x", "x", style.Range("2020-02", "2020-02")), by_type, unit="times"
    )
    people, organisations = figure.axes
    assert people.get_xlim() == organisations.get_xlim() == pytest.approx((0, 88 * 1.15))
    shares = []
    for panel in (people, organisations):
        shares.append(panel.containers[0][-1].get_width() / panel.get_xlim()[1])

    assert shares[0] == shares[1]


def test_accounts_are_dots_with_intervals_and_n(ax: Axes) -> None:
    silent = accounts.Account("@b", 0, 0, None, None, None)
    accounts.draw_means(ax, [accounts.Account("@a", 60, 50, 0.2, 0.1, 0.3), silent])
    assert [tuple(line.get_xdata()) for line in ax.lines if line.get_label() == "_value"] == [
        (0.2,)
    ]
    assert [tuple(line.get_xdata()) for line in ax.lines if line.get_label() == "_interval"] == [
        (0.1, 0.3)
    ]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["@a  n = 50", "@b  n = 0"]


def test_a_month_without_a_post_is_a_blank_cell(ax: Axes) -> None:
    accounts.draw_calendar(
        ax, ["@a"], style.Range("2020-01", "2020-03"), [[3, None, 5]], [[]], is_polarity=False
    )
    cells = ax.images[0].get_array()
    assert cells.tolist() == [[3, None, 5]]


def test_months_without_data_of_an_account_are_hatched_stretch_by_stretch(ax: Axes) -> None:
    span = style.Range("2020-01", "2020-05")
    gaps = [[], ["2020-01", "2020-02", "2020-05"]]
    cells = [[3, None, 5, 1, 1], [None, None, 4, 2, None]]
    accounts.draw_calendar(ax, ["@a", "@b"], span, cells, gaps, is_polarity=False)
    drawn = [patch for patch in ax.patches if patch.get_label() == "_gap"]
    assert [(gap.get_x(), gap.get_width(), gap.get_y(), gap.get_height()) for gap in drawn] == [
        (-0.5, 2, 0.5, 1),
        (3.5, 1, 0.5, 1),
    ]


def test_classes_that_are_none_are_left_out_of_the_matrix() -> None:
    odd = (1e308, -1.0, None, 256.0)
    predictions = [trainings_row(number, 0.0, value) for number, value in enumerate(odd)]
    predictions += [trainings_row(8, 1.0, 1.0), trainings_row(9, 1.0, 0.0)]
    assert trainings.confusion_matrix(predictions).tolist() == [[0, 0], [1, 1]]


def trainings_row(index: int, actual: float, predicted: float | None) -> PredictionRow:
    return PredictionRow(1, "a", "test", index, actual, predicted)


def test_compared_lines_break_at_gaps(ax: Axes) -> None:
    rows = [row("2020-01", None, 5, 0.1), row("2020-02", None, None), row("2020-03", None, 5, 0.3)]
    comparison.draw_lines(
        ax, {"covid": rows}, span=style.Range("2020-01", "2020-03"), column="share"
    )
    drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines]
    assert drawn == [([day("2020-01-16")], [0.1]), ([day("2020-03-16")], [0.3])]


def test_agreement_is_a_dot_for_each_pair_and_the_line_of_equals(ax: Axes) -> None:
    comparison.draw_agreement(ax, [(0.5, 0.25), (-1.0, -0.5)], names=("a", "b"))
    assert ax.collections[0].get_offsets().tolist() == [[0.5, 0.25], [-1.0, -0.5]]
    assert ax.get_xlim() == ax.get_ylim()


def test_losses_are_drawn_by_epoch_for_training_and_validation(ax: Axes) -> None:
    epochs = [EpochRow(1, "j", e, 1 / e, 2 / e, None, 0.1) for e in (1, 2, 3)]
    trainings.draw_losses(ax, epochs)
    lines = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert lines == {
        "training": [[1, 1], [2, 1 / 2], [3, 1 / 3]],
        "validation": [[1, 2], [2, 1], [3, 2 / 3]],
    }


def test_a_loss_past_all_numbers_leaves_a_gap(ax: Axes) -> None:
    losses = [1.0, None, 0.5]
    trainings.draw_losses(
        ax, [EpochRow(1, "j", e, loss, None, None, 0.1) for e, loss in enumerate(losses, 1)]
    )
    assert [line.get_xydata().tolist() for line in ax.lines] == [[[1, 1]], [[3, 0.5]]]


def test_actual_and_predicted_stand_at_their_place_in_the_series(ax: Axes) -> None:
    predictions = [PredictionRow(1, "j", "train", i, math.sin(i), 0.5) for i in (50, 51)]
    trainings.draw_sequence(ax, predictions)
    assert label(ax.lines, "actual").get_xydata().tolist() == [
        [50, math.sin(50)],
        [51, math.sin(51)],
    ]
    assert label(ax.lines, "predicted").get_xydata().tolist() == [[50, 0.5], [51, 0.5]]


def test_the_confusion_matrix_has_actual_classes_as_rows() -> None:
    predictions = [
        PredictionRow(1, "j", "test", i, a, p)
        for i, (a, p) in enumerate([(0, 0), (0, 1), (0, 1), (2, 2)])
    ]
    assert np.array_equal(
        trainings.confusion_matrix(predictions), [[1, 2, 0], [0, 0, 0], [0, 0, 1]]
    )


def test_compared_shares_have_their_intervals_and_means_of_few_have_none(ax: Axes) -> None:
    few = PeriodRow(
        1,
        "2020-01",
        None,
        "c",
        None,
        "complete",
        50,
        4,
        4,
        0.08,
        0.03,
        0.19,
        0.2,
        -0.3,
        0.7,
        "2020-01",
    )
    many = PeriodRow(
        1,
        "2020-02",
        None,
        "c",
        None,
        "complete",
        50,
        9,
        9,
        0.18,
        0.10,
        0.31,
        0.1,
        0.0,
        0.2,
        "2020-02",
    )
    span = style.Range("2020-01", "2020-02")
    comparison.draw_lines(ax, {"c": [few, many]}, span=span, column="share")
    comparison.draw_lines(ax, {"c": [few, many]}, span=span, column="polarity_mean")
    ends = [tuple(line.get_ydata()) for line in ax.lines if line.get_label() == "_interval"]
    assert ends == [(0.03, 0.19), (0.10, 0.31), (0.0, 0.2)]


def test_each_term_has_its_share_of_the_mentions_of_a_month(ax: Axes) -> None:
    terms.draw_term_shares(ax, BY_TERM, span=style.Range("2020-01", "2020-03"))
    shares = {
        name: [(bar.get_y(), bar.get_height()) for bar in label(ax.containers, name)]
        for name in BY_TERM
    }
    assert shares == {
        "coronavirus": [(0.0, 1.0), (0.0, pytest.approx(5 / 30)), (0.0, pytest.approx(9 / 39))],
        "covid": [
            (1.0, 0.0),
            (pytest.approx(5 / 30), pytest.approx(25 / 30)),
            (pytest.approx(9 / 39), pytest.approx(30 / 39)),
        ],
    }  # fmt: skip
    assert ax.get_xlim() == (day("2020-01-01"), day("2020-04-01"))
    assert ax.get_ylim() == (0, 1)


def test_the_shares_of_a_month_with_few_mentions_are_lighter_and_a_gap_is_hatched(ax: Axes) -> None:
    by_term = {
        "a": [row("2020-01", "a", 3), row("2020-02", "a", None)],
        "b": [row("2020-01", "b", 1), row("2020-02", "b", None)],
    }
    terms.draw_term_shares(ax, by_term, span=style.Range("2020-01", "2020-02"))
    assert {bar.get_facecolor()[3] for container in ax.containers for bar in container} == {
        style.FAINT
    }
    assert label(ax.patches, "_gap").get_x() == day("2020-02-01")
