"""The lines that a worker logs: one an event, with its run, job and step, and no secret."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.stack.supervised_process import SupervisedProcess
from core.logs import configure, get_logger, job_context, step_context
from core.settings import Settings
from models.database import Database
from producers.imports import import_paths
from producers.submit import submit_run
from tests.e2e_kit import Stub, dispatch_to_workers, run_to_its_end, write_archive
from tests.services import wait_until

KEY = "textapi-key-nobody-may-see"
ONE_DATABASE = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)  # where it makes no difference
HEADLINES = {f"2020-0{month}-10": ["Covid Is Back", "A Quiet Day"] for month in (1, 2)}
MONTHS = MonthsParameters(first="2020-01", last="2020-02", keywords=(Keyword.parse("covid"),))


@pytest.fixture
def logged(stub_settings: Settings, tmp_path: Path) -> Settings:
    given = Settings(
        **(stub_settings.model_dump(exclude_none=True) | {"log_format": "json", "textapi_key": KEY})
    )
    db = Database(given.database)
    import_paths(
        db, [write_archive(tmp_path / "archive", HEADLINES)], source=None, handle=None, columns={}
    )
    db.close()
    return given


def lines(worker: SupervisedProcess) -> list[dict[str, Any]]:
    """The lines since the worker was ready; each has to be JSON."""
    written = worker.log.read_text().splitlines()
    ready = next(number for number, line in enumerate(written) if "ready." in line)
    return [json.loads(line) for line in written[ready:]]


@pytest.mark.thorough
@ONE_DATABASE
def test_each_line_of_a_job_tells_run_job_and_step(
    logged: Settings, start_worker: Callable[..., SupervisedProcess]
) -> None:
    worker = start_worker(logged)
    run = run_to_its_end(logged, MONTHS)
    second = run_to_its_end(logged, MONTHS)

    def ended() -> set[tuple[int, str, bool]]:
        return {
            (line["run"], line["job"], "step" in line)
            for line in lines(worker)
            if line["event"] == "job ended"
        }

    # A job has ended in the database before its line is written.
    last_jobs = {(run, "2020-01", False), (second, "2020-02", False)}
    wait_until(lambda: last_jobs <= ended(), what="the lines of the ends of jobs")
    ours = [
        line
        for line in lines(worker)
        if line["logger"].startswith(("workers.", "core.")) and "job" in line
    ]
    steps = {
        (line["run"], line["job"], line["step"]) for line in ours if line["event"] == "step ended"
    }
    wanted = ("documents", "keywords", "polarity", "phrases", "entities", "distinctive")
    assert steps == {
        (r, month, step)
        for r in (run, second)
        for month in ("2020-01", "2020-02")
        for step in wanted
    }
    assert all(line["level"] == "info" and line["timestamp"].endswith("Z") for line in ours)
    assert all(line["worker"].endswith("@test") for line in lines(worker))
    tasks = {line["task"] for line in ours}
    received = [line["event"] for line in lines(worker) if line["event"].endswith("received")]
    assert {task for task in tasks if any(task in event for event in received)} == tasks


@pytest.mark.thorough
@ONE_DATABASE
def test_a_job_that_fails_or_waits_says_in_which_step(
    logged: Settings, stub: Stub, start_worker: Callable[..., SupervisedProcess]
) -> None:
    worker = start_worker(logged)
    stub.faults(status=401)
    refused = run_to_its_end(logged, MONTHS)
    failed: list[dict[str, Any]] = []

    def fails() -> set[tuple[int, str, str]]:
        failed[:] = [line for line in lines(worker) if line["event"] == "job failed"]
        return {(line["run"], line["job"], line["step"]) for line in failed}

    both = {(refused, month, "keywords") for month in ("2020-01", "2020-02")}
    # A job has ended in the database before its line is written.
    wait_until(lambda: fails() == both, what="the lines of two jobs that failed")
    assert all("TIDINGS_TEXTAPI_KEY" in line["why"] for line in failed)
    stub.faults(status=500)
    db = Database(logged.database)
    waiting = submit_run(db, MONTHS, ())
    dispatch_to_workers(db, logged)
    db.close()

    def waits() -> set[tuple[str, str]]:
        return {
            (line["job"], line["step"])
            for line in lines(worker)
            if line["event"] == "job waits" and line["run"] == waiting
        }

    wait_until(
        lambda: waits() == {("2020-01", "keywords"), ("2020-02", "keywords")},
        what="two jobs that wait",
    )


@pytest.mark.thorough
def test_no_secret_is_in_any_line(
    logged: Settings, stub: Stub, start_worker: Callable[..., SupervisedProcess]
) -> None:
    worker = start_worker(logged.model_copy(update={"log_level": "DEBUG"}))
    run_to_its_end(logged, MONTHS)
    stub.faults(status=401)
    run_to_its_end(logged, MONTHS.model_copy(update={"keywords": (Keyword.parse("quiet"),)}))
    wait_until(lambda: "job failed" in worker.log.read_text(), what="the line of a failed job")
    written = worker.log.read_text()
    secrets = [KEY, urlsplit(logged.redis_url).password, urlsplit(logged.database).password]
    assert [secret for secret in secrets if secret and secret in written] == []


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def write_lines(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    restored_logging: None,  # noqa: ARG001
) -> Callable[[str], str]:
    """Configure logging in the format given, and write lines as a job would; returns the lines."""

    async def story() -> None:
        @step_context("phrases")
        async def phrases() -> None:
            get_logger("story").info("asked", calls=3)

        await phrases()
        get_logger("story").warning("after")

    def write(log_format: str) -> str:
        configure(Settings(home=tmp_path, log_format=log_format))
        with job_context(run=7, job="2020-03"):
            asyncio.run(story())

        logging.getLogger("library").warning("no job")
        return capsys.readouterr().err

    return write


def test_json_is_an_object_a_line(write_lines: Callable[[str], str]) -> None:
    found = [json.loads(line) for line in write_lines("json").splitlines()]
    assert [line["event"] for line in found] == ["asked", "step ended", "after", "no job"]
    assert {key: found[0][key] for key in ("run", "job", "step", "calls", "level")} == {
        "run": 7, "job": "2020-03", "step": "phrases", "calls": 3, "level": "info",
    }  # fmt: skip
    assert found[1]["step"] == "phrases"
    assert (found[2]["job"], "step" in found[2]) == ("2020-03", False)
    assert "run" not in found[3]


@pytest.mark.usefixtures("restored_logging")
def test_steps_at_once_name_themselves_and_a_failed_one_is_named_afterwards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work() -> None:
        both_run = asyncio.Barrier(2)

        @step_context("entities")
        async def entities() -> None:
            await both_run.wait()
            get_logger("story").info("entities are counted")
            await asyncio.sleep(60)

        @step_context("phrases")
        async def phrases() -> None:
            await both_run.wait()
            get_logger("story").info("phrases are counted")
            raise ValueError

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(entities())
            tasks.create_task(phrases())

    configure(Settings(home=tmp_path, log_format="json"))
    with job_context(run=7, job="2020-03"):
        with pytest.raises(ExceptionGroup):
            asyncio.run(work())

        get_logger("story").error("job failed")

    with job_context(run=7, job="2020-04"):
        get_logger("story").info("job ended")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    steps = {line["event"]: line.get("step") for line in lines}
    assert steps == {
        "entities are counted": "entities",
        "phrases are counted": "phrases",
        "job failed": "phrases",
        "job ended": None,
    }


def test_console_lines_say_the_same_to_people(write_lines: Callable[[str], str]) -> None:
    first, *_, last = write_lines("console").splitlines()
    assert "asked" in first
    assert all(part in first for part in ("run=7", "job=2020-03", "step=phrases", "calls=3"))
    assert "run=" not in last
