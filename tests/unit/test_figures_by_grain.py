"""Pictures of days, weeks and years: their places on the axis, and the moving average of days."""

from __future__ import annotations

import pytest

from analysis import grains
from reports.data.tables.periods import PeriodRow
from reports.figures import accounts, over_time, smoothing, style
from reports.figures.spec import Subject
from tests.figures_kit import areas, chart, draw, heat, shapes, values


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


def days(*mentions: int | None) -> list[PeriodRow]:
    """Return ten days of March 2020, or as many as have *mentions*."""
    means = [None if not n else 0.1 * number for number, n in enumerate(mentions)]
    rows = []
    for number, (n, mean) in enumerate(zip(mentions, means, strict=True), start=1):
        rows.append(row(f"2020-03-{number:02d}", n, mean=mean))

    return rows


DAYS = days(1, 0, 3, None, 20, 6, 7, 8, 0, 0)
DAY_SPAN = style.Range("2020-03-01", "2020-03-10")
SUBJECT = Subject("covid", "covid", DAY_SPAN, noun="post")
NOUNS = accounts.Nouns("account", "post")


def test_a_day_has_a_bar_within_its_day_and_a_gap_is_hatched() -> None:
    root = draw(over_time.posts_spec(SUBJECT, DAYS, posts=45))
    (third,) = shapes(root, "periods.mentions.2020-03-03")
    (fifth,) = shapes(root, "periods.mentions.2020-03-05")
    day = (fifth.middle - third.middle) / 2
    assert third.width == pytest.approx(0.78 * day, abs=0.1)
    gap = areas(root, "url(#gap)")[0]
    assert (gap.middle, gap.width) == pytest.approx((third.middle + day, day), abs=0.03)


def test_the_line_of_days_is_the_mean_of_the_counted_days_around() -> None:
    _, line = chart(over_time.posts_spec(SUBJECT, DAYS, posts=45)).layers
    assert values([mark for mark in line.marks if mark.value is not None]) == [
        ("2020-03-04", pytest.approx(37 / 6)),  # the fourth has no data: six days
        ("2020-03-05", pytest.approx(44 / 6)),
        ("2020-03-06", pytest.approx(44 / 6)),
        ("2020-03-07", pytest.approx(41 / 6)),
    ]
    assert not any(mark.row for mark in line.marks)


def test_only_days_have_a_line_that_is_smoothed() -> None:
    span = style.Range("2020-W01", "2020-W20")
    weeks = [row(period, 3) for period in grains.list_periods("2020-W01", "2020-W20")]
    spec = over_time.posts_spec(Subject("covid", "covid", span, noun="post"), weeks, posts=60)
    assert len(chart(spec).layers) == 1
    assert smoothing.explain(span.grain, "share") == ""


def test_days_of_polarity_are_dots_with_the_mean_of_what_is_scored_around() -> None:
    dots, line = chart(over_time.polarity_spec(SUBJECT, DAYS)).layers
    assert len([mark for mark in dots.marks if mark.value is not None]) == 6
    weighed = [0.0, 0.2 * 3, 0.4 * 20, 0.5 * 6, 0.6 * 7]
    first = next(mark for mark in line.marks if mark.value is not None)
    assert (first.position, first.value) == ("2020-03-04", pytest.approx(sum(weighed) / 37))


def test_a_mean_polarity_of_fewer_than_five_mentions_has_no_line() -> None:
    rows = days(1, 0, 1, 1, 0, 1, 0, 0, 0, 0)
    _, line = chart(over_time.polarity_spec(SUBJECT, rows)).layers
    assert {mark.value for mark in line.marks} == {None}


def test_a_week_lies_in_the_middle_of_its_days_and_has_its_mark() -> None:
    weeks = [row("2020-W09", 4, cut_off=True), row("2020-W10", 9)]
    span = style.Range("2020-W09", "2020-W10")
    spec = over_time.posts_spec(Subject("covid", "covid", span, noun="post"), weeks, posts=13)
    assert chart(spec).cut_off == ["2020-W09"]
    first, second = shapes(draw(spec), "periods.mentions.")
    assert first.width == pytest.approx(second.width)
    assert style.middle_day("2020-W10") - style.middle_day("2020-W09") == 7


def test_captions_name_the_periods_and_the_line() -> None:
    spec = over_time.posts_spec(SUBJECT, DAYS, posts=45)
    assert "centred moving average of 7 days" in spec.caption
    assert "per day" in spec.alt
    assert chart(spec).sub == "n = 45 posts · line: 7-day moving average"


def test_keywords_beside_each_other_by_day_are_dots_and_moving_averages() -> None:
    spec = over_time.lines_spec({"covid": DAYS}, span=DAY_SPAN, column="share")
    dots, line = chart(spec).layers
    assert values(dots.marks)[4] == ("2020-03-05", 0.2)
    first = next(mark for mark in line.marks if mark.value is not None)
    assert (first.position, first.value) == ("2020-03-04", pytest.approx(37 / 600))
    assert (dots.name, line.color) == ("covid", dots.color)


def test_accounts_have_a_cell_for_each_period_and_a_blank_one_without_a_post() -> None:
    span = style.Range("2020-W52", "2021-W01")
    rows = [row("2020-W52", 3), row("2020-W53", 0), row("2021-W01", 5, cut_off=True)]
    panel = heat(accounts.posts_spec({"@a": rows, "@b": rows[2:]}, span, NOUNS))
    assert values(panel.rows["@a"]) == [("2020-W52", 3), ("2020-W53", None), ("2021-W01", 5)]
    assert [mark.label for mark in panel.rows["@a"]] == ["", "", "†"]
    assert panel.gaps == {"@a": [], "@b": ["2020-W52", "2020-W53"]}
    assert panel.high == 5
    root = draw(panel)
    assert len(areas(root, "url(#gap)")) == 2  # one stretch, and the legend
    assert len(shapes(root, "periods.mentions")) == 3


def test_the_moods_of_accounts_have_a_scale_that_is_even_around_zero() -> None:
    span = style.Range("2020-01", "2020-02")
    rows = [row("2020-01", 9, mean=-0.4), row("2020-02", 9, mean=0.1)]
    panel = heat(accounts.polarity_spec({"@a": rows}, span, NOUNS))
    assert (panel.low, panel.high) == (-0.4, 0.4)
    assert [mark.value for mark in panel.rows["@a"]] == [-0.4, 0.1]
    assert accounts.polarity_spec({"@a": [row("2020-01", 9)]}, span, NOUNS) is None


@pytest.mark.parametrize("most", [3, 9, 12])
@pytest.mark.parametrize(("first", "last"), [("0001-01", "9999-12"), ("0001", "9999")])
def test_an_axis_over_the_whole_calendar_has_labels_for_which_there_is_room(
    first: str, last: str, most: int
) -> None:
    assert 1 <= len(style.ticks(style.Range(first, last), most)) <= most
