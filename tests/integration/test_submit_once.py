"""`submit --once` takes the run that is there already, also when two commands submit at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import func, select

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.settings import Settings, environment
from models.database import Database
from models.run_transitions import cancel_run
from models.tables import Run
from producers.submit import submit_run
from producers.trainings import plan_training, submit_training
from tests.command_kit import run_command

PARAMETERS = MonthsParameters(
    first="2023-01", last="2023-03", keywords=(Keyword.parse("comet:ottoline"),)
)


def ignore(_run: int) -> None:
    """Take no notice of the run that was found."""


def submit(db: Database, parameters: Any = PARAMETERS, **options: Any) -> int:
    return submit_run(db, parameters, (), on_equal=ignore, **options)


def count_runs(db: Database) -> int:
    with db.read() as connection:
        return connection.execute(select(func.count()).select_from(Run)).scalar_one()


def test_an_equal_run_is_taken_and_another_is_made(db: Database) -> None:
    run = submit(db, name="Comets")
    assert submit(db, name="Comets") == run
    assert submit(db, name="Other comets") != run
    assert submit(db, PARAMETERS.model_copy(update={"phrases": 4}), name="Comets") != run
    assert submit(db, name="Comets", mask=b"picture") != run
    assert submit_run(db, PARAMETERS, (), name="Comets") not in {run, run + 1}
    assert submit(db, name="Comets") == run


def test_the_accounts_of_a_run_are_compared_too(db: Database) -> None:
    accounts = AccountsParameters()
    both = submit_run(db, accounts, ["ann", "ben"], on_equal=ignore)
    assert submit_run(db, accounts, ["ben", "ann"], on_equal=ignore) == both
    assert submit_run(db, accounts, ["ann"], on_equal=ignore) != both


def test_a_sweep_of_trainings_is_found_again(db: Database) -> None:
    plan = plan_training("recurrent", "sine", {"epochs": "2"}, ["hidden=5,6"])
    run = submit_training(db, *plan, on_equal=ignore)
    assert submit_training(db, *plan, on_equal=ignore) == run
    other = plan_training("recurrent", "sine", {"epochs": "3"}, ["hidden=5,6"])
    assert submit_training(db, *other, on_equal=ignore) != run


def test_a_run_whose_sample_grows_is_found_again(db: Database) -> None:
    grows = PARAMETERS.model_copy(update={"half_width": 0.02})
    run = submit(db, grows)
    assert submit(db, grows) == run
    assert submit(db, PARAMETERS.model_copy(update={"half_width": 0.03})) != run


def test_a_cancelled_run_is_made_anew(db: Database) -> None:
    run = submit(db)
    cancel_run(db, run)
    assert submit(db) == run + 1


def test_commands_that_submit_at_once_make_one_run(db: Database, database_url: str) -> None:
    def submit_alone(_turn: int) -> int:
        with closing(Database(database_url)) as own:
            return submit(own)

    with ThreadPoolExecutor(4) as executor:
        runs = set(executor.map(submit_alone, range(12)))

    assert len(runs) == 1
    assert count_runs(db) == 1


@pytest.mark.parametrize("words", [("months", "2023-01", "--keyword", "comet"), ("handles", "ann")])
def test_the_command_prints_the_same_number_and_says_so(
    settings: Settings, words: tuple[str, ...]
) -> None:
    command, variables = ("submit", *words, "--once"), environment(settings)
    first, second = (run_command(*command, variables=variables) for _ in range(2))
    assert first.stdout.splitlines()[-1] == second.stdout.splitlines()[-1] == "1"
    assert "is there already" not in first.stderr
    assert "run 1 is there already with the same options and name" in second.stderr
    assert run_command(*command[:-1], variables=variables).stdout.splitlines()[-1] == "2"
