"""Every process is killed in turn and at random: the run ends as if none had been.

There are 20 rounds where TIDINGS_CHAOS_MINUTES is set (`make chaos-long`).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select

from analysis.kinds.months import MonthsParameters
from core.enums import JobKind, State
from models.database import Database, migrate
from models.tables import Job
from tests.chaos.fleet import IN_HAND, KEYWORDS, WORKERS, Fleet, Outcome, fill, running_fleet
from tests.chaos.postgres import Postgres
from tests.chaos.test_killing import at_work
from tests.services import running_postgres, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]

KILLS = (3, 5)  # in a row, the fewest and the most
VICTIMS = ("a child", "all children", *WORKERS, "valkey", "stub", "postgresql")
ROUNDS = 20 if os.environ.get("TIDINGS_CHAOS_MINUTES") else len(VICTIMS)


class Killer:
    """Kills processes at random and starts them again."""

    def __init__(self, fleet: Fleet, postgres: Postgres, rng: random.Random) -> None:
        self._fleet, self._postgres, self._rng = fleet, postgres, rng
        self.kills: Counter[str] = Counter()
        self.in_flight = 0  # calls that may be made again for what was killed

    def play_round(self, victim: str) -> None:
        """Kill *victim* and others with it several times, as soon as a job is at work again."""
        others = [name for name in VICTIMS if name != victim]
        victims = [victim, *self._rng.sample(others, self._rng.randint(0, 2))]
        for _ in range(self._rng.randint(*KILLS)):
            self._fleet.tend(20.0, until=lambda: bool(at_work(self._fleet)))
            for name in victims:
                self._kill(name)

            self._start_again(victims)

    def _kill(self, victim: str) -> None:
        """Kill it, and count what its processes may have had in flight.

        Answers that wait for the database outlive their claims, and those that a killed service
        sent may not have come.
        """
        children = [child for name in WORKERS for child in self._fleet.children_of(name)]
        if victim in ("a child", "all children"):
            if victim == "a child":
                children = self._rng.sample(children, min(1, len(children)))

            for child in children:
                # It may have ended by itself since it was listed.
                with suppress(psutil.NoSuchProcess):
                    child.kill()
        elif victim == "postgresql":
            self._postgres.kill()
        else:
            if victim in WORKERS:
                children = self._fleet.children_of(victim)

            self._fleet.kill_and_leave(victim)

        self.kills[victim] += 1
        self.in_flight += 0 if victim == "valkey" else len(children) * IN_HAND

    def _start_again(self, victims: list[str]) -> None:
        if "postgresql" in victims:
            self._postgres.start()

        self._fleet.start_all()
        if "stub" in victims:
            wait_until(self._stub_answers, what="the start of the stub")
            self._fleet.behave()

    def _stub_answers(self) -> bool:
        try:
            self._fleet.seen()
        except OSError:
            return False

        return True


def test_rounds_of_kills_of_every_process_fail_no_job_and_repeat_no_more_than_was_in_flight(
    tmp_path: Path, hold: Callable[..., None]
) -> None:
    rng = random.Random(ROUNDS)
    with running_postgres() as url, closing(Postgres(url)) as postgres:
        migrate(url)
        with closing(Database(url, pooled=False)) as db:
            fill(db)

        with running_fleet(tmp_path / "home", url) as fleet:
            killer = Killer(fleet, postgres, rng)
            for number in range(ROUNDS):
                fleet.submit_parameters(_three_months(number))
                killer.play_round(VICTIMS[number % len(VICTIMS)])
                fleet.tend(rng.uniform(0.0, 3.0))

            whole = fleet.submit()
            killer.play_round("all children")
            fleet.finish(240.0)

            outcome = fleet.outcome(whole)
            print(_told(fleet, killer, outcome))  # noqa: T201
            hold(outcome, again=killer.in_flight)


def _three_months(number: int) -> MonthsParameters:
    """Return what a small run is about, whose few jobs are soon at work again after each kill."""
    months = [f"{year}-{month:02}" for year in (2020, 2021) for month in range(1, 13)]
    begin = number % (len(months) - 2)
    return MonthsParameters(first=months[begin], last=months[begin + 2], keywords=KEYWORDS)


def _told(fleet: Fleet, killer: Killer, outcome: Outcome) -> str:
    with fleet.db.read() as connection:
        jobs = select(Job.state, func.count()).where(Job.kind == JobKind.MONTH)
        states = dict(connection.execute(jobs.group_by(Job.state)).all())

    assert set(states) == {State.DONE}
    return (
        f"{ROUNDS} rounds and a last one, kills {dict(killer.kills)}: jobs {states}, "
        f"{outcome.calls} calls, {outcome.again} of at most {killer.in_flight} answered again"
    )
