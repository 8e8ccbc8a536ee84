"""Six hundred months of newspapers are filled in at the limit, while processes are killed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import State
from models.database import migrate
from models.tables import Job
from producers.plan import plan_run
from tests.chaos.fleet import Fleet, Outcome, running_fleet
from tests.feeds_kit import service
from tests.loc_kit import Library
from textapi.messages import Engine

MONTHS, PAGES, KILLS = 600, 2, 20
# Of searches and of texts each; the public service has 20 a minute.
A_SECOND = 20
NEWSPAPERS = MonthsParameters(
    first="1900-01",
    last="1949-12",
    keywords=(Keyword.parse("harbour"), Keyword.parse("wheat")),
    sources=("loc",),
    steps=("keywords",),
)

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]


def kill_one(fleet: Fleet, run: int, chosen: random.Random) -> bool:
    """Kill the process of a job that runs."""
    with fleet.db.read() as connection:
        running = select(Job.owner).where(Job.run_id == run, Job.state == State.RUNNING)
        owners = [owner for owner in connection.scalars(running) if owner]

    if not owners:
        return False

    with suppress(ProcessLookupError):
        os.kill(int(chosen.choice(owners).split(":")[-2]), signal.SIGKILL)
        return True

    return False


def fill_in(folder: Path, kills: int) -> tuple[Outcome, Library, Counter[str]]:
    """Run all months with so many kills; return what came of it and what was planned."""
    library, chosen = Library(PAGES), random.Random(kills)
    database = f"sqlite:///{folder / 'loc.db'}"
    folder.mkdir()
    migrate(database)
    addresses = {"loc_limits": f"{A_SECOND}/s"}
    with (
        service(library) as url,
        running_fleet(
            folder / "home", database, loc_url=url, loc_text_url=url, **addresses
        ) as fleet,
    ):
        engine = Engine(str(fleet.settings.textapi_url).removeprefix("http://"))
        plan = plan_run(fleet.db, NEWSPAPERS, (), engine=engine, settings=fleet.settings)
        began = time.monotonic()
        run = fleet.submit_parameters(NEWSPAPERS)
        done = 0
        while done < kills and not fleet.tend(chosen.uniform(1.0, 3.0)):
            done += kill_one(fleet, run, chosen)

        fleet.finish(500)
        print(f"{done} kills, {time.monotonic() - began:.0f} s")  # noqa: T201
        assert done == kills
        return fleet.outcome(run), library, Counter(plan.by_operation)


def most_in_a_second(times: Sequence[float]) -> int:
    """The most calls that began within a second."""
    return max(
        sum(start <= moment < start + 1 for moment in times[index : index + 3 * A_SECOND])
        for index, start in enumerate(times)
    )


def test_six_hundred_months_are_filled_in_at_the_limit_whatever_is_killed(tmp_path: Path) -> None:
    undisturbed, library, planned = fill_in(tmp_path / "a", 0)
    disturbed, killed_library, _ = fill_in(tmp_path / "b", KILLS)
    print(planned)  # noqa: T201
    for asked in (library, killed_library):
        by_operation = Counter(operation for operation, _ in asked.times)
        most = {
            operation: most_in_a_second([at for named, at in asked.times if named == operation])
            for operation in by_operation
        }
        again = sum(asked.asked.values()) - len(asked.asked)
        print(f"{dict(by_operation)}, most in a second {most}, asked again {again}")  # noqa: T201
        assert max(most.values()) <= A_SECOND

    assert set(library.asked.values()) == {1}
    assert Counter(operation for operation, _ in library.times) == {
        "search": MONTHS,
        "text": MONTHS * PAGES,
    }
    assert disturbed.exports == undisturbed.exports
    # What a killed process had in hand: a call of each of its jobs.
    assert sum(killed_library.asked.values()) - MONTHS * (1 + PAGES) <= 2 * KILLS
