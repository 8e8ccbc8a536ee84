"""The intervals of pictures come from blocks of days, those of exports from documents."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.enums import Grain
from models.database import Database
from reports.data.block_intervals import use_block_intervals
from reports.data.run_data import RunData, load_run
from reports.data.tables.periods import PeriodRow, read_series
from reports.stats.intervals import wilson_interval
from tests import report_stories as stories
from tests.report_stories import Text


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunData]:
    db: Database = stories.database(tmp_path_factory.mktemp("blocks"))
    texts = []
    for month in (3, 4, 5):
        for day in range(1, calendar.monthrange(2020, month)[1] + 1):
            # In April one week holds nearly all mentions; in May there is none.
            is_mentioned = day % 3 == 0 if month == 3 else month == 4 and 8 <= day <= 15
            for number in range(5):
                word = "Covid" if is_mentioned and number < 3 else "Rain"
                texts.append(Text(f"2020-{month:02}-{day:02}", f"{word} is item {day} {number}."))

    stories.store(db, texts)
    number = stories.months_run(db, "2020-03", "2020-05", ["covid"])
    yield load_run(db, number)
    db.close()


def rows_of(run: RunData, grain: Grain) -> list[PeriodRow]:
    regrained = replace(run, grain=grain)
    return [row for row in read_series(regrained) if row.term is None]


def test_a_burst_widens_the_interval_of_its_month_and_a_share_of_zero_has_none(
    run: RunData,
) -> None:
    march, april, may = use_block_intervals(run, rows_of(run, Grain.MONTH), Grain.MONTH)
    assert march.share_low is not None
    assert march.share_high is not None
    assert april.share_high is not None
    low, high = wilson_interval(march.matched or 0, march.documents)
    assert march.share_high - march.share_low < 2 * (high - low)
    assert april.share_low == 0.0
    assert april.share_high > 2 * (april.share or 0)
    assert (may.matched, may.share_low, may.share_high) == (0, None, None)


def test_exports_keep_the_intervals_of_documents(run: RunData) -> None:
    rows = rows_of(run, Grain.MONTH)
    use_block_intervals(run, rows, Grain.MONTH)
    for row in rows_of(run, Grain.MONTH):
        low, high = wilson_interval(row.matched or 0, row.documents)
        assert (row.share_low, row.share_high) == (round(low, 6), round(high, 6))


def test_means_have_intervals_within_the_scale_around_them(run: RunData) -> None:
    march, april, _ = use_block_intervals(run, rows_of(run, Grain.MONTH), Grain.MONTH)
    for row in (march, april):
        assert row.polarity_mean is not None
        assert row.polarity_low is not None
        assert row.polarity_high is not None
        assert -1 <= row.polarity_low < row.polarity_mean < row.polarity_high <= 1


@pytest.mark.parametrize("grain", [Grain.DAY, Grain.WEEK])
def test_periods_too_short_for_blocks_have_no_interval(run: RunData, grain: Grain) -> None:
    rows = use_block_intervals(run, rows_of(run, grain), grain)
    assert rows
    assert {(row.share_low, row.polarity_low) for row in rows} == {(None, None)}


def test_a_year_has_one_from_its_days(run: RunData) -> None:
    (year,) = use_block_intervals(run, rows_of(run, Grain.YEAR), Grain.YEAR)
    assert year.share_low is not None
    assert year.share_high is not None
    assert 0 <= year.share_low < (year.share or 0) < year.share_high
