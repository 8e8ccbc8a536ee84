"""Values are read from what was drawn, so a wrong month, a dropped gap or a shifted axis fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.data.tables.periods import PeriodRow
from reports.figures import comparison, polarity, series, style
from reports.figures.distinctive import distinctive_figure
from reports.figures.entities import TopNames, entities_spec
from reports.figures.spec import Subject


def row(
    period: str, mentions: int | None, *, documents: int = 100, mean: float | None = None
) -> PeriodRow:
    share = None if mentions is None else mentions / documents
    bounds = (None, None) if mean is None or (mentions or 0) < 2 else (mean - 0.1, mean + 0.1)
    state = "no-data" if mentions is None else "complete"
    return PeriodRow(
        1, period, None, "covid", None, state, documents, mentions, mentions, share,
        None if share is None else max(0.0, share - 0.02),
        None if share is None else share + 0.02, mean, *bounds, period,
    )  # fmt: skip


def day(text: str) -> float:
    return float((date.fromisoformat(text) - date(1970, 1, 1)).days)


ROWS = [
    row("2019-12", 3, mean=0.5),
    row("2020-01", None),
    row("2020-02", 0),
    row("2020-03", 12, mean=-0.25),
    row("2020-04", 40, mean=0.1),
]
SPAN = style.Range("2019-12", "2020-04")
SUBJECT = Subject("covid", "covid", SPAN)


@pytest.fixture
def ax() -> Iterator[Axes]:
    with style.house_style():
        yield Figure().add_subplot()


def test_each_month_has_a_bar_of_its_mentions_in_the_middle_of_the_month(ax: Axes) -> None:
    series.draw_counts(ax, ROWS, span=SPAN, unit="mentions")
    (bars,) = [c for c in ax.containers if c.get_label() == "mentions"]
    drawn = [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in bars]
    assert drawn == [
        (day("2019-12-16"), 3),
        (day("2020-02-16"), 0),
        (day("2020-03-16"), 12),
        (day("2020-04-16"), 40),
    ]


def test_a_month_without_data_is_hatched_from_its_first_day_to_its_last(ax: Axes) -> None:
    series.draw_counts(ax, ROWS, span=SPAN, unit="mentions")
    (gap,) = [patch for patch in ax.patches if patch.get_label() == "_gap"]
    assert (gap.get_x(), gap.get_x() + gap.get_width()) == (day("2020-01-01"), day("2020-02-01"))
    assert gap.get_hatch()


def test_a_stretch_of_gaps_is_hatched_as_one_up_to_the_end_of_the_calendar(ax: Axes) -> None:
    style.mark_gaps(ax, ["9999-12", "2020-01", "9999-11", "2020-02", "2020-04"])
    hatched = [(gap.get_x(), gap.get_x() + gap.get_width()) for gap in ax.patches]
    assert hatched == [
        (day("2020-01-01"), day("2020-03-01")),
        (day("2020-04-01"), day("2020-05-01")),
        (day("9999-11-01"), day("9999-12-31") + 1),
    ]


def test_a_true_zero_is_a_ring_at_zero_and_no_gap(ax: Axes) -> None:
    series.draw_counts(ax, ROWS, span=SPAN, unit="mentions")
    (ring,) = [line for line in ax.lines if line.get_label() == "_zero"]
    assert list(zip(ring.get_xdata(), ring.get_ydata(), strict=True)) == [(day("2020-02-16"), 0)]


def test_months_with_fewer_than_five_mentions_are_drawn_lighter(ax: Axes) -> None:
    series.draw_counts(ax, ROWS, span=SPAN, unit="mentions")
    opacities = [bar.get_facecolor()[3] for bar in ax.containers[0]]
    assert opacities == [style.FAINT, style.FAINT, 1.0, 1.0]


def test_the_axis_shows_every_month_from_the_first_day_of_the_first_to_the_last_of_the_last(
    ax: Axes,
) -> None:
    series.draw_counts(ax, ROWS, span=SPAN, unit="mentions")
    assert ax.get_xlim() == (day("2019-12-01"), day("2020-05-01"))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [
        "Dec\n2019",
        "Jan\n2020",
        "Feb",
        "Mar",
        "Apr",
    ]
    assert list(ax.get_xticks()) == [day(f"{month}-16") for month in SPAN]
    assert ax.get_ylabel() == "mentions a month"


def test_shares_have_their_intervals_and_the_gap_has_none(ax: Axes) -> None:
    series.draw_share(ax, ROWS, span=SPAN)
    (dots,) = [c for c in ax.collections if c.get_label() == "share"]
    assert dots.get_offsets().tolist() == [
        [day("2019-12-16"), 0.03], [day("2020-02-16"), 0.0],
        [day("2020-03-16"), 0.12], [day("2020-04-16"), 0.4],
    ]  # fmt: skip
    ends = [tuple(line.get_ydata()) for line in ax.lines if line.get_label() == "_interval"]
    assert ends == [
        (pytest.approx(0.01), pytest.approx(0.05)),
        (0, 0.02),
        (pytest.approx(0.10), pytest.approx(0.14)),
        (pytest.approx(0.38), pytest.approx(0.42)),
    ]


def test_no_line_joins_the_means_of_gaps_of_months_without_a_mention_and_of_few(ax: Axes) -> None:
    few = row("2020-05", 1, mean=0.9)
    rows = [*ROWS, few, row("2020-06", 9, mean=0.2), row("2020-07", 8, mean=0.3)]
    polarity.draw_polarity(ax, rows, span=style.Range("2019-12", "2020-07"))
    lines = [
        (list(line.get_xdata()), list(line.get_ydata()))
        for line in ax.lines
        if line.get_label() == "mean"
    ]
    assert lines == [
        ([day("2020-03-16"), day("2020-04-16")], [-0.25, 0.1]),
        ([day("2020-06-16"), day("2020-07-16")], [0.2, 0.3]),
    ]
    gaps = [patch.get_x() for patch in ax.patches if patch.get_label() == "_gap"]
    assert gaps == [day("2020-01-01")]


def test_a_mean_of_few_is_a_small_faint_dot_without_an_interval(ax: Axes) -> None:
    polarity.draw_polarity(ax, ROWS, span=SPAN)
    (dots,) = [c for c in ax.collections if c.get_label() == "months"]
    assert [color[3] for color in dots.get_facecolors()] == [style.FAINT, 1.0, 1.0]
    first, *others = dots.get_sizes()
    assert [first < size for size in others] == [True, True]
    intervals = [line.get_xdata()[0] for line in ax.lines if line.get_label() == "_interval"]
    assert intervals == [day("2020-03-16"), day("2020-04-16")]


def test_a_caption_names_the_figures_along_the_lower_edge_only_where_there_are_some() -> None:
    for years, is_printed in ((2, True), (3, False)):
        span = style.Range("2018-01", f"{2017 + years}-12")
        rows = [row(period, 8, mean=0.1) for period in span]
        spec = polarity.overall_spec(Subject("covid", "covid", span), rows)
        assert spec is not None
        assert ("figures along the lower edge" in spec.caption) is is_printed
        with style.house_style():
            (ax,) = spec.draw().axes  # type: ignore[union-attr]

        assert bool(ax.texts) is is_printed


def test_a_caption_says_what_the_upright_lines_are_only_where_there_are_some() -> None:
    without = [replace(each, polarity_low=None, polarity_high=None) for each in ROWS]
    captions = []
    for rows in (ROWS, without):
        spec = polarity.overall_spec(SUBJECT, rows)
        assert spec is not None
        captions.append("how far other days like these would move it" in spec.caption)

    assert captions == [True, False]


def test_a_phone_has_a_narrow_picture_of_a_chart_whose_counts_stand_below_the_title() -> None:
    spec = series.mentions_spec(SUBJECT, ROWS)
    narrow = spec.narrow
    assert narrow is not None
    assert (narrow.name, narrow.narrow) == (f"{spec.name}-narrow", None)
    assert narrow.data != spec.data
    figure = spec.draw()
    assert isinstance(figure, Figure)
    counted = figure.axes[0].get_title(loc="right")
    style.make_narrow(figure)
    assert figure.get_figwidth() == style.NARROW
    assert figure.axes[0].get_title(loc="left").splitlines()[1:] == [counted]
    assert f'width="{style.NARROW * 72:g}pt"'.encode() in narrow.render()


def test_the_legend_of_six_subjects_is_whole_on_a_phone() -> None:
    subjects = {f"subject {number}": ROWS for number in range(6)}
    spec = comparison.lines_spec(subjects, span=SPAN, column="share")
    assert spec is not None
    assert spec.narrow is not None
    figure = spec.narrow.draw()
    assert isinstance(figure, Figure)
    style.make_narrow(figure)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 6
    assert legend.get_window_extent().x1 <= figure.bbox.x1


def test_bars_in_rows_are_below_each_other_on_a_phone_with_labels_in_lines() -> None:
    named = "Centre for Disease Control and Prevention"
    top = TopNames({"PERSON": [("Quist", 9)], "ORG": [(named, 4)]}, 0)
    spec = entities_spec(SUBJECT, top, unit="documents", in_title_case=False)
    assert spec is not None
    assert spec.narrow is not None
    figure = spec.narrow.draw()
    assert isinstance(figure, Figure)
    style.make_narrow(figure)
    assert [ax.get_gridspec().ncols for ax in figure.axes] == [1, 1]
    (label,) = figure.axes[1].get_yticklabels()
    assert label.get_text().splitlines() == ["Centre for Disease Control and", "Prevention"]


def test_the_title_of_bars_in_rows_begins_at_the_edge_of_a_phone() -> None:
    with style.house_style():
        figure = distinctive_figure(SUBJECT, ["a", "b"], [30.0, -20.0], compared_with="others")
        style.make_narrow(figure)

    assert figure.axes[0].get_title(loc="left") == ""
    lines = ["Words that stand out: covid", "against others"]
    assert figure.get_suptitle().splitlines() == lines


def test_lines_of_several_subjects_leave_out_means_of_few(ax: Axes) -> None:
    rows = [row("2020-01", 9, mean=0.1), row("2020-02", 1, mean=0.9), row("2020-03", 9, mean=0.2)]
    span = style.Range("2020-01", "2020-03")
    comparison.draw_lines(ax, {"covid": rows}, span=span, column="polarity_mean")
    joined = [list(line.get_ydata()) for line in ax.lines if line.get_label() in {"covid", "_more"}]
    assert joined == [[0.1], [0.2]]
    (few,) = [dots for dots in ax.collections if dots.get_label() == "_few"]
    assert few.get_offsets()[:, 1].tolist() == [0.9]
    assert few.get_alpha() == style.FAINT


def test_the_line_over_all_months_holds_every_year() -> None:
    rows = [
        row(f"{year}-{month:02}", 10, mean=0.1)
        for year in (2019, 2020, 2021)
        for month in range(1, 13)
    ]
    with style.house_style():
        subject = Subject("covid", "covid", style.Range("2019-01", "2021-12"))
        figure = polarity.overall_figure(subject, rows, unit="mentions")

    (line,) = [line for line in figure.axes[0].lines if line.get_label() == "mean"]
    assert len(line.get_xdata()) == 36
    assert line.get_xdata()[0] == day("2019-01-16")


def test_n_is_written_under_each_counted_month(ax: Axes) -> None:
    polarity.print_n(ax, ROWS, span=SPAN)
    assert [(text.get_position()[0], text.get_text()) for text in ax.texts] == [
        (day("2019-12-16"), "3"),
        (day("2020-02-16"), "0"),
        (day("2020-03-16"), "12"),
        (day("2020-04-16"), "40"),
    ]


@pytest.mark.parametrize(("first", "last", "labels"), [
    ("2020-01", "2021-12", ["Jan\n2020", "Apr", "Jul", "Oct", "Jan\n2021", "Apr", "Jul", "Oct"]),
    ("2020-11", "2021-02", ["Nov\n2020", "Dec", "Jan\n2021", "Feb"]),
    ("2001-01", "2012-12", [str(year) for year in range(2001, 2013)]),
])  # fmt: skip
def test_ticks_name_as_many_months_as_have_room(first: str, last: str, labels: list[str]) -> None:
    assert [label for _, label in style.ticks(style.Range(first, last))] == labels


def test_equal_data_make_equal_bytes() -> None:
    def drawn() -> list[bytes]:
        with style.house_style():
            forms = (style.to_svg, style.to_png)
            return [form(series.mentions_figure(SUBJECT, ROWS)) for form in forms]

    assert drawn() == drawn()


def test_a_dollar_in_a_name_is_a_dollar() -> None:
    with style.house_style(["a $b$ c"]):
        figure = series.mentions_figure(Subject("$\\frac{$", "x", SPAN), ROWS)
        assert b"<svg" in style.to_svg(figure)


def test_a_run_of_nothing_but_gaps_can_be_drawn() -> None:
    with style.house_style():
        subject = Subject("x", "x", style.Range("2020-01", "2020-01"))
        figure = series.mentions_figure(subject, [row("2020-01", None)])
        assert style.to_png(figure).startswith(b"\x89PNG")
