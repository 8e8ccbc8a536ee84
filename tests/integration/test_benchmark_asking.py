"""A benchmark runs: it uses the inside of a worker, which a rename may change under it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ASKING = Path(__file__).parents[2] / "bench" / "asking.py"


def test_the_benchmark_of_asking_measures_all_four_ways() -> None:
    command = [sys.executable, str(ASKING), "--calls", "20", "--rounds", "1"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603

    assert done.returncode == 0, done.stderr
    assert [line[:44].strip() for line in done.stdout.splitlines()] == [
        "bare aiohttp loop",
        "client",
        "client under a distant limit",
        "whole path, answers stored",
    ]
