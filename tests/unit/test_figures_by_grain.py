"""Series by day, week and year: values are read from what was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import grains
from reports.data.tables.periods import PeriodRow
from reports.figures import accounts, comparison, polarity, series, smoothing, style, terms
from reports.figures.spec import Subject


def row(
    period: str, mentions: int | None, *, mean: float | None = None, cut_off: bool = False
) -> PeriodRow:
    share = None if mentions is None else mentions / 100
    state = "no-data" if mentions is None else "complete"
    ends = (None, None) if mean is None else (mean - 0.1, mean + 0.1)
    return PeriodRow(
        1, period, None, "covid", None, state, 100, mentions, mentions, share,
        share, share, mean, *ends, None, cut_off,
    )  # fmt: skip


def day(text: str) -> float:
    return float((date.fromisoformat(text) - date(1970, 1, 1)).days)


def days(*mentions: int | None) -> list[PeriodRow]:
    """Return ten days of March 2020, or as many as have *mentions*."""
    means = [None if not n else 0.1 * number for number, n in enumerate(mentions)]
    rows = []
    for number, (n, mean) in enumerate(zip(mentions, means, strict=True), start=1):
        rows.append(row(f"2020-03-{number:02d}", n, mean=mean))

    return rows


DAYS = days(1, 0, 3, None, 20, 6, 7, 8, 0, 0)
DAY_SPAN = style.Range("2020-03-01", "2020-03-10")


@pytest.fixture
def ax() -> Iterator[Axes]:
    with style.house_style():
        yield Figure().add_subplot()


def lines(ax: Axes, label: str) -> list[list[tuple[float, float]]]:
    found = [line for line in ax.lines if line.get_label() == label]
    return [list(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in found]


def test_a_day_has_a_bar_within_its_day_and_a_gap_is_hatched(ax: Axes) -> None:
    series.draw_counts(ax, DAYS, span=DAY_SPAN, unit="mentions")
    (bars,) = [c for c in ax.containers if c.get_label() == "mentions"]
    third = bars[2]
    assert (third.get_x(), third.get_height()) == (pytest.approx(day("2020-03-03") + 0.1), 3)
    assert third.get_width() == pytest.approx(0.8)
    (gap,) = [patch for patch in ax.patches if patch.get_label() == "_gap"]
    assert (gap.get_x(), gap.get_width()) == (day("2020-03-04"), 1)
    assert ax.get_ylabel() == "mentions a day"
    assert ax.get_xlim() == (day("2020-03-01"), day("2020-03-11"))


def test_the_line_of_days_is_the_mean_of_the_counted_days_around(ax: Axes) -> None:
    series.draw_counts(ax, DAYS, span=DAY_SPAN, unit="mentions")
    (line,) = lines(ax, "_smoothed")
    middles = [day(f"2020-03-{number:02d}") + 0.5 for number in (4, 5, 6, 7)]
    # the fourth has no data: each average is of six days
    assert line == [
        (middles[0], pytest.approx(37 / 6)),
        (middles[1], pytest.approx(44 / 6)),
        (middles[2], pytest.approx(44 / 6)),
        (middles[3], pytest.approx(41 / 6)),
    ]


def test_only_days_have_a_line_that_is_smoothed(ax: Axes) -> None:
    weeks = [row(period, 3) for period in grains.list_periods("2020-W01", "2020-W20")]
    series.draw_counts(ax, weeks, span=style.Range("2020-W01", "2020-W20"), unit="mentions")
    assert lines(ax, "_smoothed") == []
    assert smoothing.explain(style.Range("2020-W01", "2020-W20").grain, "share") == ""


def test_days_of_polarity_are_dots_with_the_mean_of_what_is_scored_around(ax: Axes) -> None:
    polarity.draw_polarity(ax, DAYS, span=DAY_SPAN)
    assert lines(ax, "mean") == []
    (dots,) = [c for c in ax.collections if c.get_label() == "days"]
    assert len(dots.get_offsets()) == 6
    (line,) = lines(ax, "_smoothed")
    weighed = [0.0, 0.2 * 3, 0.4 * 20, 0.5 * 6, 0.6 * 7]
    assert line[0] == (day("2020-03-04") + 0.5, pytest.approx(sum(weighed) / 37))
    # an upright line from five mentions on
    assert len(lines(ax, "_interval")) == 4


def test_a_mean_polarity_of_fewer_than_five_mentions_has_no_line(ax: Axes) -> None:
    polarity.draw_polarity(ax, days(1, 0, 1, 1, 0, 1, 0, 0, 0, 0), span=DAY_SPAN)
    assert lines(ax, "_smoothed") == []


def test_a_week_lies_in_the_middle_of_its_days_and_has_its_mark(ax: Axes) -> None:
    weeks = [row("2020-W09", 4, cut_off=True), row("2020-W10", 9)]
    span = style.Range("2020-W09", "2020-W10")
    series.draw_counts(ax, weeks, span=span, unit="mentions")
    (bars,) = [c for c in ax.containers if c.get_label() == "mentions"]
    assert bars[0].get_x() + bars[0].get_width() / 2 == pytest.approx(day("2020-02-24") + 3.5)
    (mark,) = [text for text in ax.texts if text.get_text() == style.CUT_OFF]
    assert mark.get_position()[0] == day("2020-02-24") + 3.5
    assert "days of it are missing, or lie before or after" in series.explain_cut_off(weeks)


def test_captions_name_the_periods_and_the_line() -> None:
    spec = series.mentions_spec(Subject("covid", "covid", DAY_SPAN), DAYS)
    assert "A hatched day has no data" in spec.caption
    assert "centred moving average of 7 days" in spec.caption
    assert "per day" in spec.alt
    figure = series.mentions_figure(Subject("covid", "covid", DAY_SPAN), DAYS)
    subtitles = [ax.get_title(loc="right") for ax in figure.axes]
    assert subtitles[0] == "n = 45 mentions · line: 7-day moving average"
    assert subtitles[1].endswith("· line: 7-day moving average")


def test_keywords_beside_each_other_by_day_are_dots_and_moving_averages(ax: Axes) -> None:
    comparison.draw_lines(ax, {"covid": DAYS}, span=DAY_SPAN, column="share")
    (dots,) = [c for c in ax.collections if c.get_label() == "_days"]
    assert dots.get_offsets().tolist()[3] == [day("2020-03-05") + 0.5, 0.2]
    (line,) = lines(ax, "_smoothed")
    assert line[0] == (day("2020-03-04") + 0.5, pytest.approx(37 / 600))


def test_days_too_few_for_a_line_are_named_all_the_same(ax: Axes) -> None:
    span = style.Range("2020-03-01", "2020-03-03")
    comparison.draw_lines(ax, {"covid": DAYS[:3]}, span=span, column="share")
    assert lines(ax, "_smoothed") == []
    assert ax.get_legend_handles_labels()[1] == ["covid"]


def test_a_word_overtakes_another_by_its_months_whatever_the_grain(ax: Axes) -> None:
    weeks = {"a": [row("2020-W01", 30)], "b": [row("2020-W01", 1)]}
    months = {
        "a": [row("2020-01", 40), row("2020-02", 40), row("2020-03", 1), row("2020-04", 1)],
        "b": [row("2020-01", 1), row("2020-02", 1), row("2020-03", 40), row("2020-04", 40)],
    }
    span = style.Range("2020-W01", "2020-W18")
    terms.draw_terms(ax, weeks, weeks["a"], span=span, months=months)
    (change,) = [line for line in ax.lines if line.get_label() == "_change"]
    assert list(change.get_xdata()) == [day("2020-03-01")] * 2


def test_accounts_have_a_cell_for_each_week(ax: Axes) -> None:
    span = style.Range("2020-W52", "2021-W01")
    accounts.draw_calendar(
        ax, ["@a"], span, [[3, None, 5]], [["2020-W53"]], is_polarity=False, cut_off=[["2021-W01"]]
    )
    (gap,) = [patch for patch in ax.patches if patch.get_label() == "_gap"]
    assert (gap.get_x(), gap.get_width()) == (0.5, 1)
    (mark,) = [text for text in ax.texts if text.get_text() == style.CUT_OFF]
    assert mark.get_position() == (2, 0)
