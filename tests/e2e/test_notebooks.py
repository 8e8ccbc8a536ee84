"""Each notebook of docs/notebooks runs, and runs again for nothing, also when it was killed."""

from __future__ import annotations

import ast
import gzip
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import tidings
from core.enums import QUEUE_TEXT
from core.processes import take_lock
from core.settings import Settings, load, private_folder, stack_file, stack_lock, write_private
from sources.synthetic import ARCHIVE
from tests.command_kit import python_script
from tests.e2e_kit import Stub
from tests.services import running_worker, wait_until

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

# The folder that the notebooks share.
HOME = "notebooks-home"


def read_cells(notebook: Path) -> list[str]:
    """Return the code of each cell."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_notebook(notebook: Path) -> tuple[dict[str, Any], list[Any]]:
    """Run the cells as a kernel does; return the names that they define, and what is shown."""
    names: dict[str, Any] = {}
    shown = []
    for cell in read_cells(notebook):
        statements = ast.parse(cell).body
        last = statements[-1]
        is_shown = isinstance(last, ast.Expr)
        module = ast.Module(statements[:-1] if is_shown else statements, [])
        exec(compile(module, notebook.name, "exec"), names)  # noqa: S102 - our own page
        if is_shown:
            assert isinstance(last, ast.Expr)
            expression = compile(ast.Expression(last.value), notebook.name, "eval")
            shown.append(eval(expression, names))  # noqa: S307

    return names, shown


@contextmanager
def stack_is_up(settings: Settings) -> Iterator[None]:
    """Say in the home that a stack is up, as `tidings up` does."""
    lock = take_lock(stack_lock(private_folder(settings.home)))
    assert lock is not None
    key = settings.textapi_key
    addresses = {
        "database_url": settings.database,
        "redis_url": settings.redis_url,
        "textapi_url": settings.textapi_url,
        "textapi_key": key.get_secret_value() if key else None,
    }
    write_private(stack_file(settings.home), json.dumps(addresses))
    yield


@pytest.fixture(scope="module")
def workplace(
    tmp_path_factory: pytest.TempPathFactory, _stub: Stub, _valkey: str
) -> Iterator[Path]:
    """A folder to run notebooks in, with a stack whose workers make no reports."""
    folder = tmp_path_factory.mktemp("notebooks")
    settings = load(home=folder / HOME, redis_url=_valkey, textapi_url=_stub.url, textapi_key="k")
    with stack_is_up(settings), running_worker(settings, workers=1, queues=[QUEUE_TEXT]):
        yield folder


def test_there_are_six_notebooks_without_outputs() -> None:
    assert len(NOTEBOOKS) == 6
    for notebook in NOTEBOOKS:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        assert all(not cell.get("outputs") for cell in content["cells"])

    assert tidings.DEMO_ARCHIVE == ARCHIVE


def list_runs(names: Mapping[str, Any]) -> list[int]:
    return [value.number for value in names.values() if isinstance(value, tidings.Run)]


def count_headlines(first: str, last: str, expression: str) -> int:
    """Return how many headlines of the archive match, by code that the project does not share."""
    matching = 0
    for path in sorted(ARCHIVE.glob("*.json.gz")):
        if not first <= path.name[:7] <= last:
            continue

        for document in json.loads(gzip.decompress(path.read_bytes()))["response"]["docs"]:
            headline = document["headline"]
            texts = (headline["main"], headline.get("print_headline"))
            matching += any(re.search(expression, text or "", re.IGNORECASE) for text in texts)

    return matching


@pytest.mark.timeout(600)
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_its_first_cell_to_its_last(
    notebook: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workplace)
    names, shown = run_notebook(notebook)
    assert list_runs(names)
    for displayed in shown:
        assert repr(displayed)

    if notebook == NOTEBOOKS[0]:
        matched = names["shares"]["all"]["matched"].sum()
        assert matched == count_headlines("2024-06", "2024-09", r"\b(ferry|ferries)\b") > 50

    if notebook == NOTEBOOKS[4]:
        (figure,) = (display for display in shown if isinstance(display, tidings.Figure))
        assert figure.name == "shares"


@pytest.mark.timeout(600)
def test_a_notebook_that_is_run_again_has_the_same_runs_and_asks_nothing(
    workplace: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workplace)
    first_names, _ = run_notebook(NOTEBOOKS[2])
    calls = stub.counts()["calls"]
    names, _ = run_notebook(NOTEBOOKS[2])
    assert list_runs(names) == list_runs(first_names)
    assert stub.counts()["calls"] == calls


CELL = """
import tidings

home = tidings.open({home!r}, start=True)
plan = home.months("2023-03..2023-06", keywords={{"wind": None, "strike": None}}, name="Killed")
print(plan.calls, flush=True)
run = plan.submit()
run.wait()
print(run.number, run.status()["calls"], flush=True)
"""


@contextmanager
def running_kernel(workplace: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the cell in a process of its own, which is killed at the end."""
    with subprocess.Popen(  # noqa: S603 - our own script
        python_script(CELL.format(home=str(workplace / HOME))), stdout=subprocess.PIPE, text=True
    ) as kernel:
        yield kernel
        kernel.kill()


@pytest.mark.timeout(600)
def test_a_kernel_that_is_killed_and_started_again_asks_nothing_twice(
    workplace: Path, stub: Stub
) -> None:
    stub.faults(latency=0.3)
    with tidings.open(workplace / HOME) as home:
        numbers = {run["run"] for run in home.runs()}

    planned = []
    for calls_before_kill in (0, 1, 20):
        with running_kernel(workplace) as kernel:
            assert kernel.stdout is not None
            planned.append(int(kernel.stdout.readline()))
            wait_until(
                lambda calls=calls_before_kill: stub.counts()["calls"] >= calls,
                what="the calls of the run",
            )

    stub.faults()
    with running_kernel(workplace) as kernel:
        assert kernel.stdout is not None
        kernel.stdout.readline()
        number, calls = map(int, kernel.stdout.readline().split())

    assert home.run(number).status()["name"] == "Killed"
    assert {run["run"] for run in home.runs()} - numbers == {number}
    assert calls == planned[0] == stub.counts()["calls"] > 20
    assert (stub.counts()["again"], stub.counts()["repeated"]) == (0, 0)
