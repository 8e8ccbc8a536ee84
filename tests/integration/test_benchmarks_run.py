"""Benchmarks run: they use the inside of the project, which a rename may change under them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
IMPORT_ALL = """
import runpy, sys
folder, *paths = sys.argv[1:]
sys.path.insert(0, folder)
for path in paths:
    runpy.run_path(path)
"""


def run_python(*arguments: str) -> list[str]:
    """Run a Python program and return the lines that it prints."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_benchmark_finds_what_it_imports() -> None:
    run_python("-c", IMPORT_ALL, str(BENCH), *map(str, sorted(BENCH.glob("*.py"))))


def test_the_benchmark_of_asking_measures_all_five_ways() -> None:
    options = ("--calls", "20", "--rounds", "1", "--processes", "1")
    lines = run_python(str(BENCH / "asking.py"), *options)

    assert [line.split("  ")[0] for line in lines] == [
        "bare aiohttp loop",
        "bare loop, answers in a file",
        "client",
        "client under a distant limit",
        "whole path, answers stored",
    ]


def test_the_benchmark_of_the_ledger_measures_the_tables_that_a_worker_fills() -> None:
    options = ("--documents", "4800", "--databases", "sqlite", "--json")
    lines = run_python(str(BENCH / "ledger.py"), *options)

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
