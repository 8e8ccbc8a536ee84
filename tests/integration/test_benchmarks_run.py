"""Benchmarks run: they use the inside of the project, which a rename may change under them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.command_kit import python_script

pytestmark = pytest.mark.thorough

BENCH = Path(__file__).parents[2] / "bench"
IMPORT_ALL = """
import runpy, sys
folder, *paths = sys.argv[1:]
sys.path.insert(0, folder)
for path in paths:
    runpy.run_path(path)
"""
RUN = """
import runpy, sys
folder, path, *options = sys.argv[1:]
sys.path.insert(0, folder)
sys.argv = [path, *options]
runpy.run_path(path, run_name="__main__")
"""


def run_program(program: str, *arguments: str) -> list[str]:
    """Run a Python program and return the lines that it prints."""
    command = python_script(program, BENCH, *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_benchmark_finds_what_it_imports() -> None:
    run_program(IMPORT_ALL, *map(str, sorted(BENCH.glob("*.py"))))


def test_the_benchmark_of_memory_measures_its_parts_and_the_ledger() -> None:
    options = ("--documents", "480", "960", "--json")
    lines = run_program(RUN, str(BENCH / "memory.py"), *options)

    figures = {figure["figure"].strip(): figure for figure in map(json.loads, lines)}
    assert {"growth of fill", "growth of work", "growth of export"} <= figures.keys()
    notes = [figures[f"work, {size} documents"]["note"] for size in (480, 960)]
    assert all(
        re.fullmatch(r"\d+ calls, \d+\.\d\d bytes of ledger a document", note) for note in notes
    )


def test_the_benchmark_of_months_measures_runs_and_their_plan() -> None:
    options = ("--documents", "20", "--rounds", "1", "--processes", "1")
    lines = run_program(RUN, str(BENCH / "months.py"), *options)

    assert [re.split("  +", line)[0] for line in lines] == [
        "24 months",
        "24 months, sentences end at white space",
        "24 months again",
        "24 months again, processor time",
        "plan, processor time",
    ]
