"""What a run counts without its bulk days: days left out are no zeros, and cut no month off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import Grain, Grouping, StepState
from models.database import Database
from reports.data.bulk_days import find_bulk_days
from reports.data.group_counts import count_groups
from reports.data.period_gaps import gaps
from reports.data.run_data import RunData, load_run
from reports.data.tables.keyword_pairs import read_pairs
from reports.data.tables.mentions import MENTIONS
from reports.data.tables.periods import PeriodRow, read_series
from reports.data.variants import read_variants
from reports.data.years import read_years
from tests.groups_kit import Piece, run_months, store_pieces
from tests.report_stories import database

BULK_DAYS = {date(2020, 2, 10), date(2020, 3, 17), date(2020, 4, 1)}
WORDS = ("harbour", "school", "bread", "court", "rail", "snow", "bridge", "market")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(database(tmp_path)) as opened:
        yield opened


def archive() -> list[Piece]:
    """Return eight documents a day, two of fog; in February only a bulk day, of fog alone.

    March ends on the 23rd. The bulk days of March and April are of fog alone too.
    """
    pieces = []
    day = date(2020, 1, 1)
    while day <= date(2020, 4, 30):
        is_collected = day.month != 2 and not date(2020, 3, 24) <= day <= date(2020, 3, 31)
        texts = []
        if day in BULK_DAYS:
            texts = [
                f"Fog and rain over the {WORDS[number % 8]} {number}." for number in range(100)
            ]
        elif is_collected:
            texts = [f"{'Fog' if number < 2 else 'Calm'} {number} {day}." for number in range(8)]

        pieces.extend(Piece(day.isoformat(), text, "Post") for text in texts)
        day += timedelta(days=1)

    return pieces


def runs(
    db: Database, grain: Grain = Grain.MONTH, grouping: Grouping | None = None
) -> tuple[RunData, RunData]:
    """Return the run and its variant without bulk days."""
    store_pieces(db, archive())
    keywords = (Keyword.parse("fog"), Keyword.parse("rain"))
    parameters = MonthsParameters(first="2020-01", last="2020-04", keywords=keywords)
    run = load_run(db, run_months(db, parameters), grain=grain, grouping=grouping)
    assert find_bulk_days(run) == BULK_DAYS
    without = read_variants(run).without_bulk_days
    assert without is not None
    return run, without


def fog_rows(run: RunData) -> dict[str, PeriodRow]:
    rows = read_series(run)
    return {row.period: row for row in rows if (row.keyword, row.term) == ("fog", None)}


def test_months_count_their_other_days_and_a_month_of_bulk_days_alone_has_no_data(
    db: Database,
) -> None:
    run, without = runs(db)
    counted = {}
    for period, row in fog_rows(without).items():
        counted[period] = (row.state, row.documents, row.matched, row.mentions, row.share)

    assert counted == {
        "2020-01": ("complete", 248, 62, 62, 0.25),
        "2020-02": (StepState.NO_DATA, 0, None, None, None),
        "2020-03": ("complete", 176, 44, 44, 0.25),
        "2020-04": ("complete", 232, 58, 58, 0.25),
    }
    assert gaps(list(fog_rows(without).values())) == ["2020-02"]
    assert [row.matched for row in fog_rows(run).values()] == [62, 100, 144, 158]
    mentions = [mention for mention in MENTIONS.read(without) if mention.keyword == "fog"]
    assert len(mentions) == 164
    assert not [mention for mention in mentions if "over the" in mention.text]


def test_a_day_left_out_cuts_no_month_off_and_hides_no_month_that_is(db: Database) -> None:
    run, without = runs(db)
    for data in (run, without):
        cut_off = [period for period, row in fog_rows(data).items() if row.cut_off]
        assert cut_off == ["2020-03"]


def test_by_day_a_day_left_out_is_a_gap_and_no_zero(db: Database) -> None:
    run, without = runs(db, Grain.DAY)
    assert fog_rows(run)["2020-03-17"].matched == 100
    for day in BULK_DAYS:
        row = fog_rows(without)[day.isoformat()]
        assert (row.state, row.documents, row.matched) == (StepState.NO_DATA, 0, None)
        assert not row.cut_off

    assert fog_rows(without)["2020-03-16"].share == 0.25


def test_by_week_and_by_year_the_other_days_count(db: Database) -> None:
    _, without = runs(db, Grain.WEEK)
    week = fog_rows(without)["2020-W12"]
    assert (week.documents, week.matched, week.cut_off) == (48, 12, False)
    (year,) = [row for row in read_years(without) if (row.keyword, row.term) == ("fog", None)]
    assert (year.documents, year.matched) == (656, 164)


def test_pairs_and_groups_count_the_other_days(db: Database) -> None:
    run, without = runs(db, grouping=Grouping.OUTLET)
    (together,) = [pair for pair in read_pairs(run) if pair.names == ("fog", "rain")]
    assert sum(month.counts.both for month in together.months) == 300
    (apart,) = [pair for pair in read_pairs(without) if pair.names == ("fog", "rain")]
    assert sum(month.counts.both for month in apart.months) == 0

    (fog, _) = count_groups(without, Grain.MONTH)
    post = fog.groups["Post"]
    assert (post.total.documents, post.total.matched) == (656, 164)
    assert post.by_period["2020-02"].matched is None
    assert post.months == ["2020-01", "2020-03", "2020-04"]
