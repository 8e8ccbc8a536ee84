"""The compose stack on a real Docker engine: faults, exposure, secrets, shutdown of workers.

Some three minutes, with builds and real kills; asked for by ``CONTAINERS=1`` (``make containers``).
"""

from __future__ import annotations

import base64
import http.client
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.kinds.months import Months, MonthsParameters
from analysis.options import Keyword
from cli.stack.run import start_stack
from core.settings import load
from models.database import Database
from producers.imports import import_paths
from producers.submit import submit_run
from reports.data.exports import write
from sources import synthetic
from tests.containers_kit import SECRETS, Compose, docker, engine_answers, secrets_in_layers
from tests.services import wait_until

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("CONTAINERS"), reason="asked for by CONTAINERS=1 (make containers)"
    ),
    pytest.mark.timeout(1800),
]
TABLES = ("mentions", "periods", "phrases", "entities", "documents", "coverage")
FIRST = synthetic.FIRST_MONTH
LAST = "2024-01"  # the next month has no file and would be fetched
MONTHS = f"{FIRST}..{LAST}"
IMAGES = ("tidings-worker", "tidings-reporter", "tidings-server")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """The whole stack with three worker containers and the demo's archive imported."""
    if not engine_answers():
        pytest.fail("no Docker engine answers here")

    folder = tmp_path_factory.mktemp("containers")
    compose = Compose("tidings-test", folder, {}, {"TIDINGS_TEXTAPI_LIMITS": "15/s"})
    shutil.copytree(synthetic.ARCHIVE, folder / "archive", dirs_exist_ok=True)
    try:
        compose("up", "--build", "--detach", "--scale", "worker=3")
        compose.tidings("import", "--source", "nyt", "archive")
        yield compose
    finally:
        compose("down", "--volumes")


def exports_of_the_embedded_stack(folder: Path) -> dict[str, bytes]:
    shutil.copytree(synthetic.ARCHIVE, folder / "archive")
    parameters = MonthsParameters(
        first=FIRST,
        last=LAST,
        keywords=(Keyword.parse(synthetic.KEYWORD),),
        material="News",
    )
    with start_stack(load(home=folder / "home"), workers=2) as settings:
        db = Database(settings.database)
        import_paths(db, [folder / "archive"], source="nyt", handle=None, columns={})
        run = submit_run(db, Months().choose_polarity_engine(db, parameters), ())
        done = "SELECT count(*) FROM jobs WHERE state <> 'done'"

        def is_done() -> bool:
            with db.read() as connection:
                return connection.exec_driver_sql(done).scalar_one() == 0

        wait_until(is_done, seconds=120, what="the embedded run's end")
        contents = {}
        for table in TABLES:
            write(db, run, table, "jsonl", folder / table)
            contents[table] = (folder / table).read_bytes()

        db.close()

    return contents


def kill(stack: Compose, service: str) -> None:
    """Kill the first container of *service* without notice; wait until Docker started it again."""
    container = stack.containers(service)[0]

    def process() -> int:
        return int(docker("inspect", "--format", "{{.State.Pid}}", container))

    killed = process()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: process() not in (0, killed), seconds=60, what=f"a new {service}")


def test_a_run_with_faults_exports_what_the_embedded_stack_exports(
    stack: Compose, tmp_path: Path
) -> None:
    options = ["--keyword", synthetic.KEYWORD, "--material", "News"]
    run = int(stack.tidings("submit", "months", MONTHS, *options).split()[-1])
    asked = f"SELECT coalesce(sum(calls), 0) FROM calls WHERE run_id = {run}"  # noqa: S608
    wait_until(lambda: int(stack.ask_database(asked)) >= 30, seconds=60, what="thirty calls")
    kill(stack, "worker")
    wait_until(lambda: int(stack.ask_database(asked)) >= 80, seconds=60, what="eighty calls")
    kill(stack, "redis")
    wait_until(
        lambda: int(stack.ask_database(asked)) >= 130, seconds=60, what="a hundred and thirty calls"
    )
    kill(stack, "textapi")
    kill(stack, "db")
    stack("up", "--detach", "--wait", "--no-recreate", "db")
    left = f"SELECT count(*) FROM jobs WHERE run_id = {run} AND state <> 'done'"  # noqa: S608

    def all_is_done() -> bool:
        time.sleep(1.0)  # a look costs a process
        return stack.ask_database(left) == "0"

    wait_until(all_is_done, seconds=240, what="the run's end")
    expected = exports_of_the_embedded_stack(tmp_path)
    assert {
        table: stack.tidings("export", str(run), table).encode() for table in TABLES
    } == expected
    page = Path(stack.variables["ARCHIVE"]).parent / stack.tidings("report", str(run)).strip()
    assert page.read_text().startswith("<!doctype html>")


def test_only_flower_can_be_reached_and_only_from_this_machine(stack: Compose) -> None:
    published = docker(
        "ps", "--filter", f"label=com.docker.compose.project={stack.name}", "--format", "{{.Ports}}"
    )
    assert [line for line in published.splitlines() if "->" in line] == [
        f"127.0.0.1:{stack.flower_port}->5555/tcp"
    ]


def test_no_secret_can_be_seen(stack: Compose) -> None:
    stack.tidings("submit", "months", f"{FIRST}..{FIRST}", "--keyword", "harbour", "--wait")
    texts: dict[str, str] = {"logs": stack("logs", "--no-color")}
    for image in IMAGES:
        texts[f"{image}: history"] = docker("history", "--no-trunc", image)
        texts[f"{image}: configuration"] = docker("inspect", image)
        assert secrets_in_layers(image) == set()

    for service in ("worker", "trainer", "reporter", "flower", "textapi", "redis", "db"):
        texts[f"{service}: command lines"] = docker(
            "top", stack.containers(service)[0], "-eo", "pid,args"
        )

    for path in ("/workers", "/tasks", "/broker", "/api/tasks", "/api/task/types", "/metrics"):
        texts[f"flower {path}"] = flower(stack, path)

    def workers_answered() -> bool:
        texts["flower's workers"] = flower(stack, "/api/workers?refresh=1")
        return "broker_url" in texts["flower's workers"]

    wait_until(workers_answered, what="an answer of the workers to Flower")
    name = re.findall(r"celery@[0-9a-f]+", texts["flower's workers"])[0]
    texts["flower, a worker"] = flower(stack, f"/worker/{name}")
    texts["the database"] = stack("exec", "-T", "db", "pg_dump", "--username=tidings", "tidings")
    texts["redis"] = docker(
        "exec", stack.containers("redis")[0], "sh", "-c", "cat /data/appendonlydir/*"
    )
    out = Path(stack.variables["ARCHIVE"]).with_name("out")
    texts["reports"] = "".join(
        file.read_bytes().decode(errors="replace") for file in out.rglob("*") if file.is_file()
    )
    assert "month" in texts["flower /api/tasks"]
    leaks = {
        (where, name)
        for where, text in texts.items()
        for name, secret in SECRETS.items()
        if secret in text
    }
    assert leaks == set()


def flower(stack: Compose, path: str, *, authorized: bool = True) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", stack.flower_port, timeout=30)
    basic = base64.b64encode(f"tidings:{SECRETS['FLOWER_PASSWORD']}".encode()).decode()
    connection.request(
        "GET", path, headers={"Authorization": f"Basic {basic}"} if authorized else {}
    )
    response = connection.getresponse()
    body = response.read().decode(errors="replace")
    connection.close()
    assert response.status == (200 if authorized else 401), body
    return body


def test_flower_requires_the_password(stack: Compose) -> None:
    for path in ("/workers", "/api/tasks", "/api/workers"):
        flower(stack, path, authorized=False)


def test_containers_get_the_secrets_that_they_need_and_no_others(stack: Compose) -> None:
    def known_to(service: str) -> set[str]:
        texts = docker("inspect", "--format", "{{json .Config.Env}}", stack.containers(service)[0])
        return {name for name, secret in SECRETS.items() if secret in texts}

    assert known_to("flower") == {"REDIS_PASSWORD", "FLOWER_PASSWORD"}
    assert known_to("textapi") == {"TIDINGS_TEXTAPI_KEY"}
    assert known_to("db") == {"POSTGRES_PASSWORD"}
    assert known_to("trainer") == {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "TIDINGS_TEXTAPI_KEY"}


def test_nothing_runs_as_root_or_can_write_to_its_image(stack: Compose) -> None:
    for service in ("worker", "trainer", "reporter", "flower", "textapi", "redis", "db"):
        container = stack.containers(service)[0]
        assert docker("exec", container, "id", "-u").strip() != "0"
        assert (
            docker("inspect", "--format", "{{.HostConfig.ReadonlyRootfs}}", container).strip()
            == "true"
        )


def test_a_worker_that_gets_sigterm_releases_its_job_in_time(stack: Compose) -> None:
    options = ["--keyword", "harbour", "--steps", "keywords"]
    run = int(stack.tidings("submit", "months", MONTHS, *options).split()[-1])
    at_work = f"SELECT count(*) FROM jobs WHERE run_id = {run} AND state = 'running'"  # noqa: S608
    wait_until(lambda: int(stack.ask_database(at_work)) >= 2, seconds=60, what="work")
    workers = stack.containers("worker")
    began = time.monotonic()
    stack("stop", "worker")
    assert time.monotonic() - began < 20
    for worker in workers:
        assert (
            docker(
                "inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", worker
            ).strip()
            == "0 false"
        )

    assert stack.ask_database(at_work) == "0"
    stack.tidings("cancel", str(run))
