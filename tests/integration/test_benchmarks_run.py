"""Benchmarks run: they use the inside of the project, which a rename may change under them."""

from __future__ import annotations

import json
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


def test_the_benchmark_of_asking_measures_all_five_ways() -> None:
    options = ("--calls", "20", "--rounds", "1", "--processes", "1")
    lines = run_program(RUN, str(BENCH / "asking.py"), *options)

    assert [line.split("  ")[0] for line in lines] == [
        "bare aiohttp loop",
        "bare loop, answers in a file",
        "client",
        "client under a distant limit",
        "whole path, answers stored",
    ]


def test_the_benchmark_of_the_ledger_measures_the_tables_that_a_worker_fills() -> None:
    options = ("--documents", "4800", "--databases", "sqlite", "--json")
    lines = run_program(RUN, str(BENCH / "ledger.py"), *options)

    figures = {figure["figure"].strip(): figure for figure in map(json.loads, lines)}
    for terms in (1, 5):
        of_tables = 0.0
        for name, figure in figures.items():
            if name.endswith(f", {terms} term(s), sqlite") and figure["note"].startswith("ledger"):
                of_tables += figure["median"]

        ledger = figures[f"ledger, {terms} term(s), sqlite"]
        assert ledger["floor"] == 8
        assert ledger["median"] == pytest.approx(of_tables)

    assert figures["mentions, 5 term(s), sqlite"]["note"].startswith("no ledger")
