"""Flower beside a real worker: what it shows, to whom, and after the broker was away."""

from __future__ import annotations

import ast
import base64
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.stack import valkey
from cli.stack.ports import http_answers
from cli.stack.supervised_process import SupervisedProcess
from cli.stack.worker import APPLICATION
from core.broker import queue_length, redis_client
from core.settings import Settings, environment
from models.database import Database
from models.run_transitions import cancel_run
from producers.imports import import_paths
from producers.submit import submit_run
from tests.e2e_kit import dispatch_to_workers, run_to_its_end, write_archive
from tests.ports import reserved_port
from tests.services import child_process, wait_until

MONTHS = MonthsParameters(first="2020-01", last="2020-02", keywords=(Keyword.parse("covid"),))
KEY = "textapi-key-nobody-may-see"


class Flower:
    """Flower's pages, asked as its user."""

    def __init__(self, port: int, password: str) -> None:
        self.port = port
        self._basic = "Basic " + base64.b64encode(f"tidings:{password}".encode()).decode()

    def get(self, path: str, *, authorized: bool = True) -> tuple[int, str]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(
                "GET", path, headers={"Authorization": self._basic} if authorized else {}
            )
            response = connection.getresponse()
            return response.status, response.read().decode()

    def post(self, path: str) -> int:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request("POST", path, headers={"Authorization": self._basic})
            return connection.getresponse().status

    def json(self, path: str) -> Any:
        status, body = self.get(path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def tasks(self, state: str = "SUCCESS") -> set[tuple[str, int, str]]:
        """Name, run and job of every task in that state."""
        tasks = set()
        for task in self.json("/api/tasks?limit=1000").values():
            if task["state"] == state:
                arguments = ast.literal_eval(task["kwargs"])
                tasks.add((task["name"], arguments["run"], arguments["name"]))

        return tasks


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[SupervisedProcess, str]]:
    """A Valkey of the test's own, which can be killed and started again."""
    folder, port, password = tmp_path / "valkey", reserved_port(), secrets.token_urlsafe(8)
    configuration = valkey.configure(folder, port=port, password=password)
    url = valkey.address(port, password)
    with child_process(
        "valkey", [str(valkey.binary()), str(configuration)], dict(os.environ), folder
    ) as child:
        wait_until(lambda: valkey.answers(url), what="the start of Valkey")
        yield child, url


@pytest.fixture
def watched(
    stub_settings: Settings, broker: tuple[SupervisedProcess, str], tmp_path: Path
) -> Settings:
    settings = Settings(
        **(
            stub_settings.model_dump(exclude_none=True)
            | {"redis_url": broker[1], "textapi_key": KEY}
        )
    )
    db = Database(settings.database)
    headlines = {f"2020-0{month}-10": ["Covid Is Back", "A Quiet Day"] for month in (1, 2)}
    import_paths(
        db, [write_archive(tmp_path / "archive", headlines)], source=None, handle=None, columns={}
    )
    db.close()
    return settings


@pytest.fixture
def flower(watched: Settings) -> Iterator[Flower]:
    port, password = reserved_port(), secrets.token_urlsafe(8)
    command = [
        sys.executable,
        "-P",
        "-m",
        "celery",
        "-A",
        APPLICATION,
        "flower",
        "--address=127.0.0.1",
        f"--port={port}",
        "--read-only",
    ]
    variables = environment(watched) | {"FLOWER_BASIC_AUTH": f"tidings:{password}"}
    with child_process("flower", command, variables, watched.home) as child:
        wait_until(
            lambda: child.describe_end() or http_answers(f"http://127.0.0.1:{port}/healthcheck"),
            seconds=60,
            what=f"Flower's start ({child.log})",
        )
        yield Flower(port, password)


@pytest.mark.thorough
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_flower_shows_what_is_done_to_its_user_alone_and_goes_on_after_a_restart_of_the_broker(
    watched: Settings,
    flower: Flower,
    broker: tuple[SupervisedProcess, str],
    start_worker: Callable[..., SupervisedProcess],
) -> None:
    worker = start_worker(watched)
    run = run_to_its_end(watched, MONTHS)
    expected = {("month", run, "2020-01"), ("month", run, "2020-02"), ("report", run, "report")}
    wait_until(lambda: flower.tasks() == expected, what="three tasks that can be read")
    for page in (
        "/workers",
        "/tasks",
        "/broker",
        "/api/tasks",
        "/api/workers",
        "/api/queues/length",
    ):
        assert flower.get(page, authorized=False)[0] == 401, page
        assert flower.get(page)[0] == 200, page

    head = flower.get("/tasks")[1].partition("<thead>")[2].partition("</thead>")[0].lower()
    assert head.index("kwargs") < head.index(
        "state"
    )  # which month or account it is stands in the list
    tasks = flower.json("/api/tasks?limit=1000")
    results = [task["result"] for task in tasks.values() if task["state"] == "SUCCESS"]
    assert f"'run {run}: 3 of 3 jobs ended'" in results
    # What Flower shows is found in the log.
    log = worker.log.read_text()
    assert all(f"task={task}" in log for task in tasks)

    status, metrics = flower.get("/metrics")
    assert status == 200
    assert 'flower_events_total{task="month",type="task-succeeded"' in metrics

    (name,) = flower.json("/api/workers?refresh=1&status=1")
    assert flower.json("/api/workers")[name]["stats"]["pool"]["max-concurrency"] == 2
    assert flower.post(f"/api/worker/shutdown/{name}") == 403
    assert worker.describe_end() is None
    hidden = [KEY, str(urlsplit(str(watched.redis_url)).password)]
    pages = [
        f"/worker/{name}",
        "/workers",
        "/broker",
        "/api/workers",
        "/api/tasks",
        "/tasks",
        "/metrics",
    ]
    assert [
        (page, secret) for page in pages for secret in hidden if secret in flower.get(page)[1]
    ] == []

    child, url = broker
    os.kill(child.pid or 0, signal.SIGKILL)
    wait_until(child.describe_end, what="the end of Valkey")
    child.start()
    wait_until(lambda: valkey.answers(url), what="Valkey's return")
    second = run_to_its_end(watched, MONTHS)
    wait_until(
        lambda: ("month", second, "2020-02") in flower.tasks(),
        seconds=60,
        what="a task after the restart",
    )

    worker.terminate()
    worker.wait()
    db = Database(watched.database)
    waiting = submit_run(db, AccountsParameters(source="x"), ["nasa", "esa"])
    dispatch_to_workers(db, watched)
    lengths = {
        queue["name"]: queue["messages"]
        for queue in flower.json("/api/queues/length")["active_queues"]
    }
    with redis_client(watched) as client:
        assert lengths["text"] == queue_length(client, "text") == 2

    cancel_run(db, waiting)
    db.close()
