"""The folder of a worker's metrics goes with it, however it ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = "from workers.metrics import WorkerMetrics; metrics = WorkerMetrics(); print(); input()"


def start_worker(folder: Path) -> subprocess.Popen[str]:
    worker = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", WORKER],
        env={"TMPDIR": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout
    assert worker.stdout.readline() == "\n"
    return worker


def folders(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("tidings-metrics-*")}


@pytest.mark.thorough
def test_a_worker_removes_the_folders_of_killed_ones_and_leaves_those_of_living_ones(
    tmp_path: Path,
) -> None:
    workers = [start_worker(tmp_path)]
    living = folders(tmp_path)
    workers.append(start_worker(tmp_path))
    (killed,) = folders(tmp_path) - living
    workers[1].send_signal(signal.SIGKILL)
    workers[1].wait(10)
    assert folders(tmp_path) == {*living, killed}

    workers.append(start_worker(tmp_path))
    assert killed not in folders(tmp_path)
    assert len(folders(tmp_path)) == 2
    assert living < folders(tmp_path)
    for worker in workers:
        worker.communicate("\n", timeout=10)
