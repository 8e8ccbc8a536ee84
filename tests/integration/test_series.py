"""Series of a run: what is read of a month is read once, and every fold has the same sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import Grain, Grouping
from models.database import Database
from reports.data.archive_health import read_archive_health
from reports.data.bulk_days import list_bulk_days
from reports.data.group_counts import count_groups
from reports.data.run_data import RunData, Selection, load_run
from reports.data.tables.periods import PeriodRow, read_grouped_series
from reports.frames import reading
from reports.series.daily import HIT
from reports.series.groupings import Groups
from reports.series.reading import read_daily, read_groups
from tests import report_stories as stories
from tests.groups_kit import Piece, run_months, store_pieces

SECTIONS = ("World", "Sports", "")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunData]:
    """Two months of three sections, with a day on which far more was loaded."""
    db: Database = stories.database(tmp_path_factory.mktemp("cube"))
    pieces = []
    for month, days in (("2020-02", 29), ("2020-03", 31)):
        for day in range(1, days + 1):
            for number in range(60 if (month, day) == ("2020-03", 18) else 6):
                word = "Fog" if number % 3 == day % 3 else "Rain"
                text = f"{word} over the harbour, part {day} of {number}"
                at = f"{month}-{day:02d}"
                pieces.append(Piece(at, text, section=SECTIONS[number % 3], material="News"))

    store_pieces(db, pieces)
    keywords = (Keyword.parse("fog"), Keyword.parse("rain"))
    parameters = MonthsParameters(first="2020-02", last="2020-03", keywords=keywords)
    number = run_months(db, parameters)
    yield load_run(db, number, grouping=Grouping.SECTION)
    db.close()


def test_the_documents_of_a_month_are_read_once_and_then_no_more(run: RunData) -> None:
    reading: list[str] = []

    def note(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM documents" in statement and "origin_id" in statement:
            reading.append(statement)

    event.listen(run.db.engine, "before_cursor_execute", note)
    rows, counted = [], []
    for _ in range(2):
        fresh_run = load_run(run.db, run.id, grouping=Grouping.SECTION)
        rows = list(read_grouped_series(fresh_run))
        count_groups(fresh_run, Grain.WEEK)
        assert [day.documents for day in list_bulk_days(fresh_run)] == [60]
        assert read_archive_health(fresh_run).documents == 60 * 6 + 54
        counted.append(len(reading))

    event.remove(run.db.engine, "before_cursor_execute", note)
    # The second time the frames of both months are stored.
    assert counted == [2, 2]
    assert len(rows) == 2 * 2 * 2 * 4


def test_days_are_the_same_however_many_months_are_counted_at_once(
    run: RunData, monkeypatch: pytest.MonkeyPatch
) -> None:
    months = Groups(Grouping.SECTION, read_groups(run).names)
    at_once = read_daily(run, groups=months)
    monkeypatch.setattr(reading, "_KEPT_DOCUMENTS", 1)
    one_by_one = read_daily(load_run(run.db, run.id), groups=months)
    assert one_by_one.days.equals(at_once.days)
    keys = ["job", *HIT]
    assert one_by_one.hits.sort(keys).equals(at_once.hits.sort(keys))


@pytest.mark.parametrize("grain", list(Grain))
@pytest.mark.parametrize("is_selected", [False, True])
def test_groups_and_periods_of_every_grain_have_the_sums_of_the_months(
    run: RunData, grain: Grain, *, is_selected: bool
) -> None:
    chosen = run
    if is_selected:
        bulk_days = frozenset(day.date for day in list_bulk_days(run))
        chosen = replace(run, selection=Selection(days=bulk_days))

    months, periods = sum_rows(chosen, Grain.MONTH), sum_rows(chosen, grain)
    assert periods == months
    for keyword in ("fog", "rain"):
        together = months[keyword, None]
        groups = [months[keyword, group] for group in read_groups(chosen).names]
        assert [sum(column) for column in zip(*groups, strict=True)] == list(together)
        assert together[0] == 60 * 6 + (54 if not is_selected else -6)


def sum_rows(run: RunData, grain: Grain) -> dict[tuple[str | None, str | None], tuple[int, ...]]:
    sums: dict[tuple[str | None, str | None], tuple[int, ...]] = {}
    for row in read_grouped_series(replace(run, grain=grain)):
        if row.term is None:
            earlier = sums.get((row.keyword, row.group), (0, 0, 0, 0))
            added = counts_of(row)
            sums[row.keyword, row.group] = tuple(
                sum(pair) for pair in zip(earlier, added, strict=True)
            )

    return sums


def counts_of(row: PeriodRow) -> tuple[int, ...]:
    return row.documents, row.matched or 0, row.mentions or 0, row.polarity_n or 0
