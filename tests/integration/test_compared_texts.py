"""Runs are compared on the texts that both engines scored."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models.database import Database
from models.tables import Run
from reports.data.run_data import load_run
from reports.figures.figure_store import FigureStore
from reports.pages import comparison
from tests.report_stories import Text, database, months_run, store


def compared(db: Database, runs: list[int], folder: Path) -> list[int]:
    """Return the number of texts of each agreement between the runs."""
    page = comparison.make_page([load_run(db, run) for run in runs], FigureStore(folder))
    return [agreement.n for agreement in page.agreements]


@pytest.mark.parametrize(
    ("second", "expected"), [(["tide"], [4]), (["fog"], []), (["fog", "tide"], [4])]
)
def test_a_sentence_is_compared_where_the_same_terms_are_masked(
    tmp_path: Path, second: list[str], expected: list[int]
) -> None:
    with closing(database(tmp_path)) as db:
        store(db, [Text(f"2020-03-0{n}", f"Tide and fog, day {n}.") for n in range(1, 5)])
        one = months_run(db, "2020-03", "2020-03", ["tide"], engine="vader/1")
        other = months_run(db, "2020-03", "2020-03", second, engine="other/1", shift=0.1)
        assert compared(db, [one, other], tmp_path / "masked") == expected

        parameters: dict[str, Any] = dict(load_run(db, one).parameters.model_dump(mode="json"))
        with db.write() as connection:
            unmasked = parameters | {"mask_keyword": False}
            connection.execute(update(Run).where(Run.id == one).values(parameters=unmasked))

        assert compared(db, [one, other], tmp_path / "unmasked") == []
