"""The metrics of a real worker, against the counts of the service and of the database."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from cli.stack.supervised_process import SupervisedProcess
from core.settings import Settings
from models.database import Database
from models.tables import Call
from producers.imports import import_paths
from tests.e2e_kit import Stub, run_to_its_end, write_archive
from tests.ops_kit import documented_metrics, names_and_labels
from tests.ports import reserved_port
from tests.services import wait_until
from workers.metrics import SHARED

PARAMETERS = MonthsParameters(first="2020-01", last="2020-03", keywords=(Keyword.parse("covid"),))
ONE_DATABASE = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)  # the same on both
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def measured(stub_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a worker that serves metrics, with an archive in the database."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    headlines = {
        f"2020-0{month}-1{day}": [f"Covid Day {day} of {month}"]
        for month in (1, 2, 3)
        for day in range(5)
    }
    with_metrics = stub_settings.model_copy(
        update={"metrics_port": reserved_port(), "textapi_limits": "40/s"}
    )
    db = Database(stub_settings.database)
    import_paths(
        db, [write_archive(tmp_path / "archive", headlines)], source=None, handle=None, columns={}
    )
    db.close()
    return with_metrics


def page(settings: Settings) -> str:
    with urlopen(f"http://127.0.0.1:{settings.metrics_port}/metrics") as response:
        return str(response.read().decode())


def samples(settings: Settings) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page(settings))
        for sample in family.samples
    }


def sums_by(values: Samples, name: str, label: str) -> dict[str, float]:
    summed: Counter[str] = Counter()
    for (its_name, labels), value in values.items():
        if its_name == name:
            summed[dict(labels)[label]] += value

    return dict(summed)


def count_jobs(values: Samples, state: str) -> float:
    return sum(
        v
        for (name, labels), v in values.items()
        if name == "tidings_jobs" and dict(labels)["state"] == state
    )


@pytest.mark.thorough
@ONE_DATABASE
def test_calls_waits_and_reuse_are_counted_over_all_processes_and_survive_a_killed_one(
    measured: Settings, stub: Stub, start_worker: Callable[..., SupervisedProcess]
) -> None:
    stub.faults(error_500=0.3)
    worker = start_worker(measured, reconcile_seconds=1)
    run_to_its_end(measured, PARAMETERS)
    wait_until(
        lambda: count_jobs(samples(measured), "done") == 4,
        seconds=60,  # the report is drawn first
        what="the jobs in the gauges",
    )
    values, counts = samples(measured), stub.counts()
    assert sums_by(values, "tidings_calls_total", "service") == {"textapi": counts["calls"]}
    outcomes = sums_by(values, "tidings_calls_total", "outcome")
    assert outcomes["answered"] == counts["answered"]
    assert outcomes.get("unavailable", 0) == counts["calls"] - counts["answered"]

    for process in psutil.Process(worker.pid).children():
        os.kill(process.pid, signal.SIGKILL)

    stub.faults()
    run_to_its_end(measured, PARAMETERS)
    wait_until(
        lambda: count_jobs(samples(measured), "done") == 8,
        seconds=60,
        what="the jobs in the gauges",
    )
    values = samples(measured)
    assert sums_by(values, "tidings_calls_total", "service") == {
        "textapi": counts["calls"]
    }  # nothing was asked again
    db = Database(measured.database)
    with db.read() as connection:
        reused = connection.execute(
            select(Call.operation, func.sum(Call.answers_reused)).group_by(Call.operation)
        ).all()

    db.close()
    assert sums_by(values, "tidings_answers_reused_total", "operation") == {
        row[0]: float(row[1]) for row in reused if row[1]
    }
    assert sums_by(values, "tidings_limit_wait_seconds_total", "service")["textapi"] > 0


@pytest.mark.thorough
def test_gauges_are_of_the_whole_system_and_absent_when_the_database_is_away(
    measured: Settings, stub: Stub, start_worker: Callable[..., SupervisedProcess]
) -> None:
    stub.faults(status=503, retry_after=3600)
    start_worker(measured, workers=3, reconcile_seconds=1)
    wait_until(
        lambda: sums_by(samples(measured), "tidings_slots", "queue").get("text") == 3,
        what="the first look",
    )
    values = samples(measured)
    assert values["tidings_stack_up", ()] == 1
    assert sums_by(values, "tidings_oldest_due_seconds", "queue") == {
        "text": 0,
        "training": 0,
        "reports": 0,
    }
    assert sums_by(values, "tidings_queue_messages", "queue") == {
        "text": 0,
        "training": 0,
        "reports": 0,
    }
    assert count_jobs(values, "waiting") == 0
    if "sqlite" in measured.database:
        Path(measured.database.removeprefix("sqlite:///")).rename(measured.home / "elsewhere.db")
        Path(measured.database.removeprefix("sqlite:///")).mkdir()
        wait_until(
            lambda: samples(measured)["tidings_stack_up", ()] == 0, what="the look that fails"
        )
        assert not any(name == "tidings_jobs" for name, _ in samples(measured))


@pytest.mark.thorough
@ONE_DATABASE
def test_metrics_are_on_loopback_and_leave_no_file(
    measured: Settings,
    start_worker: Callable[..., SupervisedProcess],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    worker = start_worker(measured)
    assert len(list(tmp_path.glob("tidings-metrics-*"))) == 1
    listening = {c.laddr for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    assert {address.ip for address in listening if address.port == measured.metrics_port} == {
        "127.0.0.1"
    }
    worker.terminate()
    worker.wait()
    assert list(tmp_path.glob("tidings-metrics-*")) == []


@pytest.mark.thorough
@ONE_DATABASE
def test_a_port_in_use_is_reported_and_ends_the_worker(
    measured: Settings, start_worker: Callable[..., SupervisedProcess]
) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", measured.metrics_port or 0))
        other.listen()
        with pytest.raises(
            AssertionError, match=r"TIDINGS_METRICS_PORT: 127\.0\.0\.1:\d+ cannot be listened on"
        ):
            start_worker(measured)


@pytest.mark.thorough
@ONE_DATABASE
def test_dashboard_and_alerts_name_only_metrics_and_labels_that_a_worker_serves(
    measured: Settings, stub: Stub, start_worker: Callable[..., SupervisedProcess]
) -> None:
    start_worker(measured)
    stub.faults(error_500=0.3)
    run_to_its_end(measured, PARAMETERS)
    run_to_its_end(measured, PARAMETERS)  # the same again: answers are reused
    served: dict[str, set[str]] = {}
    for name, labels in samples(measured):
        served.setdefault(name, set()).update(label for label, _ in labels)

    # What is shared is of open runs, and of services and purses that were used lately.
    served |= {name: set(labels) for name, (_, labels) in SHARED.items()}
    assert documented_metrics() == served
    named = names_and_labels()
    assert named
    assert set(named) <= set(served)
    for name, labels in named.items():
        assert labels <= served[name], name


@pytest.mark.thorough
@ONE_DATABASE
def test_no_secret_is_in_the_metrics(
    measured: Settings, start_worker: Callable[..., SupervisedProcess]
) -> None:
    secret = "never-to-be-seen-8f3a"
    with_key = Settings(
        **(json.loads(measured.model_dump_json(exclude_none=True)) | {"textapi_key": secret})
    )
    start_worker(with_key)
    run_to_its_end(with_key, PARAMETERS)
    assert "tidings_calls_total" in page(with_key)
    assert secret not in page(with_key)
