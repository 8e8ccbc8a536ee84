"""A period is cut off where the archive ends within it, whatever a run reads of the archive."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from models.database import Database
from models.tables import Document, JobStep
from reports.data.run_data import load_run
from reports.data.tables.periods import read_periods
from reports.series.reading import list_stored_days
from tests import exports_kit as kit

DAYS_OF_MARCH = 31


def store_march(db: Database, last_day: int, last_day_of_sport: int) -> None:
    """Store five documents of each day, one or more of them of the section Sport."""
    documents: list[dict[str, Any]] = []
    for day in range(1, last_day + 1):
        for number in range(5):
            is_sport = number < 4 and day <= last_day_of_sport
            name = f"{day:02}-{number}"
            published = {"published_at": datetime(2020, 3, day, 12)}  # noqa: DTZ001 - naive UTC
            section = {"section": "Sport" if is_sport else "World"}
            documents.append(
                kit.document(len(documents) + 1, name, "2020-03", **published, **section)
            )

    kit.add(db, Document, *documents)


def is_cut_off(db: Database, **choice: Any) -> bool:
    run, jobs = kit.months(db, "2020-03", "2020-03", steps=("keywords",), **choice)
    kit.add(db, JobStep, *(kit.step(jobs["2020-03"], name) for name in ("documents", "keywords")))
    (row,) = (row for row in read_periods(load_run(db, run)) if row.term is None)
    return row.cut_off


@pytest.mark.parametrize(("last_day", "expected"), [(DAYS_OF_MARCH, False), (18, True)])
def test_all_runs_over_an_archive_have_the_same_periods_cut_off(
    db: Database, last_day: int, *, expected: bool
) -> None:
    # Most of Sport ends on the 18th. Where the archive goes on, it had nothing to tell.
    store_march(db, last_day, last_day_of_sport=18)
    assert is_cut_off(db) is expected
    assert is_cut_off(db, sections=("Sport",)) is expected
    assert is_cut_off(db, sections=("World",)) is expected


def test_a_pack_has_the_days_of_the_documents_that_a_run_does_not_read(db: Database) -> None:
    store_march(db, 2, last_day_of_sport=1)
    run, _ = kit.months(db, "2020-03", "2020-03", steps=("keywords",), sections=("Sport",))
    data = load_run(db, run)
    assert list_stored_days(data, data.jobs[0]) == {"": (1, 2, 2, 2, 2, 2)}
    whole, _ = kit.months(db, "2020-03", "2020-03", steps=("keywords",))
    data = load_run(db, whole)
    assert list_stored_days(data, data.jobs[0]) == {}
