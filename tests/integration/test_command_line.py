"""``tidings`` as a process: its help, its streams, and what it prints of names from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from analysis.kinds import KINDS
from analysis.kinds.kind import Kind
from cli.help_groups import GROUPS
from cli.main import app

COMMAND = [sys.executable, "-P", "-m", "cli.main"]
HEAVY = ("sqlalchemy", "pydantic_settings", "aiohttp", "celery", "redis", "numpy", "matplotlib")


def tidings(
    *arguments: str | bytes, out: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [*COMMAND, *arguments], stdout=out, stderr=subprocess.PIPE, text=True, check=False
    )


@pytest.fixture
def run() -> str:
    """The number of a queued run whose name would forge a row."""
    name = "evil\x1b[31m\n    9  2020-01-01 00:00  months   done       1 done"
    done = tidings("submit", "months", "2020-03", "--keyword", "covid", "--name", name)
    assert done.stdout == "1\n"
    return "1"


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("command", ["runs", "status"])
def test_the_name_of_a_run_reaches_no_terminal_and_forges_no_row(command: str) -> None:
    shown = tidings(command).stdout
    assert "\x1b" not in shown
    assert r"evil\x1b[31m\n    9  2020-01-01" in shown
    assert not any(line.startswith("    9") for line in shown.splitlines())


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("runs",), ("runs", "--json"), ("export", "1", "coverage", "--format", "csv")],
)
def test_an_output_that_takes_nothing_is_one_line(run: str, arguments: tuple[str, ...]) -> None:
    assert run == "1"
    full = os.open("/dev/full", os.O_WRONLY)
    done = tidings(*arguments, out=full)
    os.close(full)
    message = "tidings: the output cannot be used: No space left on device: make room on its disk\n"
    assert (done.returncode, done.stderr) == (1, message)


@pytest.mark.parametrize(
    "arguments", [("--help",), ("runs",), ("export", "1", "coverage", "--format", "csv")]
)
def test_a_closed_pipe_ends_a_command_without_a_word(run: str, arguments: tuple[str, ...]) -> None:
    assert run == "1"
    reader, writer = os.pipe()
    os.close(reader)
    done = tidings(*arguments, out=writer)
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode in (1, 141)


@pytest.mark.thorough
def test_an_export_to_a_closed_output_is_one_line(run: str) -> None:
    command = f'exec "$@" >&-'  # noqa: F541
    done = subprocess.run(  # noqa: S603 - our own program
        ["/bin/sh", "-c", command, "sh", *COMMAND, "export", run, "coverage"],
        capture_output=True,
        text=True,
        check=False,
    )
    message = "tidings: standard output is closed: name a file with --out\n"
    assert (done.returncode, done.stderr) == (1, message)


@pytest.mark.thorough
def test_a_file_whose_name_is_no_utf8_is_imported_and_a_report_goes_to_such_a_folder(
    run: str, tmp_path: Path
) -> None:
    (tmp_path / "b\udcff.csv").write_text("text,handle,date\nHello,ann,2020-01-01\n")
    done = tidings("import", b"b\xff.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1 document read, 1 of them new")
    made = subprocess.run(  # noqa: S603 - our own program
        [*COMMAND, "report", run, "--out", b"c\xff"], capture_output=True, check=False
    )
    assert made.stdout == b"c\xff/index.html\n"


HELPED = [
    (),
    ("submit", "training", "feedforward"),
    *((name,) for names in GROUPS.values() for name in names if name not in ("plan", "submit")),
    ("submit", "months"),
    ("plan", "handles"),
    ("plan",),
    ("submit",),
]
SHOW_HELP = f"""
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from cli.main import main

for arguments in json.loads(sys.argv[1]):
    sys.argv = ["tidings", *arguments, "--help"]
    out, err, status = io.StringIO(), io.StringIO(), None
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
    loaded = sorted(set({HEAVY!r}) & set(sys.modules))
    print(json.dumps([status, err.getvalue(), loaded, out.getvalue()]))
"""


@pytest.fixture(scope="module")
def helped() -> dict[tuple[str, ...], list[Any]]:
    """What each command shows and loads for its help, one after the other in one process."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-P", "-c", SHOW_HELP, json.dumps(HELPED)],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(HELPED, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("arguments", HELPED, ids=" ".join)
def test_help_loads_nothing_that_takes_long(
    helped: dict[tuple[str, ...], list[Any]], arguments: tuple[str, ...]
) -> None:
    status, error, loaded, shown = helped[arguments]
    # The options of a kind of run are those of its parameters, which stand beside its steps.
    needs_kinds = arguments[:1] in (("plan",), ("submit",)) and "training" not in arguments
    allowed = {"sqlalchemy"} if needs_kinds else set()
    assert (status, error, set(loaded) - allowed) == (0, "", set())
    assert shown.startswith("Usage: tidings")


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("command", ["runs", pytest.param("status", marks=pytest.mark.thorough)])
def test_a_look_at_runs_loads_neither_celery_nor_what_draws(command: str) -> None:
    program = (
        "import sys; from cli.main import main\n"
        "try: main()\n"
        f"finally: print(*sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-P", "-c", program, command], capture_output=True, text=True, check=False
    )
    assert done.stderr == "pydantic_settings sqlalchemy\n"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_help_names_the_steps_of_a_kind(kind: Kind[Any]) -> None:
    if kind.has_documents:
        shown = " ".join(tidings("submit", kind.name, "--help").stdout.split())
        assert f"Comma-separated, of: {', '.join(sorted(kind.pipeline.names))}." in shown


def test_every_command_is_in_one_group_of_the_help() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(get_command(app).commands)
    shown = tidings("--help").stdout
    headings = [line.rstrip(":") for line in shown.splitlines() if line.endswith(":")]
    assert headings == ["Options", *GROUPS]
