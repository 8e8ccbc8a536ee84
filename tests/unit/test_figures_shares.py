"""The picture of a front page shows the shares, their repeated part, and the marks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures import style
from reports.figures.shares import (
    Share,
    SharePanel,
    count_columns,
    draw_panel,
    has_one_scale,
    shares_specs,
)

SPAN = style.Range("2020-01", "2020-04")
PANEL = SharePanel(
    "covid",
    (
        Share("2020-01", 0.02, 0.02),
        Share("2020-03", 0.2, 0.25),
        Share("2020-04", 0.3, 0.0),
    ),
    gaps=("2020-02",),
    cut_off=("2020-04",),
    bulk=("2020-03",),
)


def day(text: str) -> float:
    return float((date.fromisoformat(text) - date(1970, 1, 1)).days)


@pytest.fixture
def ax() -> Iterator[Axes]:
    with style.house_style():
        yield Figure().add_subplot()


def panel(name: str, *shares: float) -> SharePanel:
    periods = [f"2020-{month:02}" for month in range(1, len(shares) + 1)]
    points = [Share(period, share, share) for period, share in zip(periods, shares, strict=True)]
    return SharePanel(name, tuple(points), (), (), ())


def test_a_pale_bar_is_the_share_and_a_narrow_one_before_it_that_without_repeats(ax: Axes) -> None:
    draw_panel(ax, PANEL, SPAN)
    bars = {container.get_label(): list(container) for container in ax.containers}
    assert [bar.get_height() for bar in bars["all"]] == [0.02, 0.2, 0.3]
    assert [bar.get_height() for bar in bars["distinct"]] == [0.02, 0.25, 0.0]
    assert bars["distinct"][0].get_width() < bars["all"][0].get_width()
    assert bars["all"][0].get_facecolor() != bars["distinct"][0].get_facecolor()
    middles = [bar.get_x() + bar.get_width() / 2 for bar in bars["distinct"]]
    assert middles == [day("2020-01-16"), day("2020-03-16"), day("2020-04-16")]


def test_gaps_bulk_days_and_cut_off_months_are_marked_where_they_are(ax: Axes) -> None:
    draw_panel(ax, PANEL, SPAN)
    (gap,) = [patch for patch in ax.patches if patch.get_label() == "_gap"]
    assert gap.get_x() == day("2020-02-01")
    (bulk,) = [line for line in ax.lines if line.get_label() == "_bulk"]
    assert list(bulk.get_xdata()) == [day("2020-03-16")]
    daggers = [text.get_position()[0] for text in ax.texts if text.get_text() == style.CUT_OFF]
    assert daggers == [day("2020-04-16")]


def test_the_peak_is_a_whole_month_and_the_alternative_text_names_it() -> None:
    assert PANEL.peak is not None
    assert PANEL.peak.period == "2020-03"
    specs = shares_specs([PANEL], SPAN, 1234)
    assert specs is not None
    assert "covid most in March 2020, 20.0 %." in specs[0].alt
    assert specs[0].caption.startswith("Of 1,234 documents in all.")


def test_the_legend_has_the_marks_that_are_drawn_and_no_others() -> None:
    labels = []
    for panels in ([PANEL], [panel("calm", 0.1, 0.2)]):
        specs = shares_specs(panels, SPAN, 9)
        assert specs is not None
        with style.house_style():
            figure = specs[0].draw()

        assert isinstance(figure, Figure)
        labels.append([text.get_text() for text in figure.legends[0].get_texts()])

    assert labels == [
        [
            "share of all documents",
            "without repeats",
            "no data, which is no zero",
            "† first or last days missing",
            "month with a bulk day",
        ],
        ["documents that mention it"],
    ]


@pytest.mark.parametrize(
    ("panels", "periods", "columns"),
    [(1, 4, 1), (3, 4, 3), (10, 12, 3), (2, 24, 2), (3, 24, 1), (6, 24, 2), (10, 60, 2)],
)
def test_panels_stand_beside_each_other_where_they_have_room(
    panels: int, periods: int, columns: int
) -> None:
    assert count_columns(panels, periods) == columns


def test_a_rare_subject_beside_a_common_one_has_a_scale_of_its_own() -> None:
    assert has_one_scale([panel("a", 0.1), panel("b", 0.03)])
    assert not has_one_scale([panel("a", 0.2), panel("b", 0.001)])
    assert has_one_scale([panel("a", 0.2), panel("never", 0.0)])


def test_a_run_without_a_counted_month_has_no_picture() -> None:
    assert shares_specs([panel("nothing")], SPAN, 0) is None


@pytest.mark.parametrize("subjects", [1, 2, 3, 4, 7, 10])
@pytest.mark.parametrize("is_wide", [True, False])
def test_any_number_of_subjects_is_laid_out_without_a_warning(
    subjects: int, *, is_wide: bool, recwarn: pytest.WarningsRecorder
) -> None:
    panels = [panel(f"subject {number}", 0.1, 0.2, 0.05, 0.0) for number in range(subjects)]
    specs = shares_specs(panels, SPAN, 9)
    assert specs is not None
    assert specs[0 if is_wide else 1].render().startswith(b"<?xml")
    assert [str(warning.message) for warning in recwarn] == []
