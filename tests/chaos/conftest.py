"""The undisturbed run that every disturbed one is held against, and the table of what was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from models.database import Database, migrate
from tests.chaos.fleet import UNHURRIED, Fleet, Outcome, copy_of, fill, running_fleet
from tests.warm_python import executed_processes

# The property of a test's report that carries a row of the table.
ROW = "chaos row"

# The property of one that carries what a hostile server billed.
BILL = "bill"
HEAD = (
    "case                                     calls  answered again  answers  seconds  silence  "
    "exports equal"
)


@pytest.fixture(scope="session", autouse=True)
def _cold_processes() -> Iterator[None]:
    """Execute every process as users do: what it holds and how it dies is what chaos is about."""
    with executed_processes():
        yield


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database that holds the archive and nothing else."""
    path = tmp_path_factory.mktemp("archive") / "filled.db"
    migrate(f"sqlite:///{path}")
    db = Database(f"sqlite:///{path}", pooled=False)
    fill(db)
    db.checkpoint_wal()
    db.close()
    return path


@pytest.fixture(scope="session")
def undisturbed(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What comes of the run when nothing happens to it."""
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    with running_fleet(home, copy_of(filled, home), **UNHURRIED) as fleet:
        fleet.submit()
        fleet.finish()
        outcome = fleet.outcome()

    assert outcome.exports["mentions"].count(b"\n") > 300
    assert outcome.again == 0
    return outcome


@pytest.fixture
def fleet(
    filled: Path,
    tmp_path: Path,
    undisturbed: Outcome,  # noqa: ARG001 - it runs before
    request: pytest.FixtureRequest,
) -> Iterator[Fleet]:
    """A fleet with an archive of its own; a test's parameter changes its settings."""
    home = tmp_path / "home"
    with running_fleet(home, copy_of(filled, home), **getattr(request, "param", {})) as running:
        yield running


@pytest.fixture
def hold(undisturbed: Outcome, request: pytest.FixtureRequest) -> Callable[..., None]:
    """Compares an outcome with the undisturbed one: equal exports, few repeated calls.

    *again* is how many calls may be answered with what had been answered before.
    """

    def compare(outcome: Outcome, *, again: int) -> None:
        name = request.node.name.removeprefix("test_").replace("_", " ")
        rows = [make_row("undisturbed", undisturbed, undisturbed)]
        rows.append(make_row(name, outcome, undisturbed))
        request.node.user_properties.extend((ROW, row) for row in rows)

        for table, expected in undisturbed.exports.items():
            assert outcome.exports[table] == expected, f"{table} differs"

        assert outcome.answers == undisturbed.answers
        assert outcome.again <= again, "more was asked again than had been in flight"

    return compare


def make_row(name: str, outcome: Outcome, against: Outcome) -> str:
    """Return a row for the table at the end."""
    equal = replace(outcome, **_MEASURED) == replace(against, **_MEASURED)
    return (
        f"{name[:40]:40} {outcome.calls:5}  {outcome.again:14}  {outcome.answers:7}  "
        f"{outcome.seconds:7.1f}  {outcome.silence:7.1f}  {'yes' if equal else 'NO'}"
    )


_MEASURED = {"calls": 0, "again": 0, "seconds": 0.0, "silence": 0.0}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was seen; each process of the tests has an undisturbed run of its own."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = [row for report in reports for name, row in report.user_properties if name == ROW]
    if rows:
        terminalreporter.section("what was broken, and what came of it")
        for row in [HEAD, *dict.fromkeys(rows)]:
            terminalreporter.write_line(row)

    bills = [row for report in reports for name, row in report.user_properties if name == BILL]
    if bills:
        terminalreporter.section("what a hostile server billed, in millionths")
        for row in bills:
            terminalreporter.write_line(row)
