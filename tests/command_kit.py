"""Commands that are run in the test's own process, without a stack: no imports, which take 1 s."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from analysis.kinds import document_kind_named
from cli import context
from cli.main import main
from cli.options import RunOptions
from cli.run_options import RunRequest, declare_command
from cli.stack.worker import python_module
from models.database import Database

# Arguments of `tidings` in, its status and standard error out.
Run = Callable[..., tuple[int, str]]


def python_script(program: str, *words: object) -> list[str]:
    """Return the command that runs a program as ``python -c`` does, its imports done if possible.

    Programs that show what is imported, or when, are executed.
    """
    return [*python_module("tests.script"), program, *map(str, words)]


@contextmanager
def closed_databases() -> Iterator[None]:
    """Close the databases that commands open, which leave that to the end of their process."""
    opened: list[Database] = []
    original = context.open_database

    def open_database(*arguments: Any, **named: Any) -> Database:
        opened.append(original(*arguments, **named))
        return opened[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "open_database", open_database)
        try:
            yield
        finally:
            for database in opened:
                database.close()


def run_command(
    *arguments: object, variables: Mapping[str, str] | None = None
) -> CompletedProcess[str]:
    """Run ``tidings`` with these arguments, without a terminal, and more environment *variables*.

    The output is what a file or a pipe would get.
    """
    command = ["tidings", *map(str, arguments)]
    out, err = TextIOWrapper(BytesIO(), "utf-8"), TextIOWrapper(BytesIO(), "utf-8")
    with (
        Path(os.devnull).open(encoding="utf-8") as nothing,
        pytest.MonkeyPatch.context() as patch,
        closed_databases(),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", command)
        patch.setattr(sys, "stdin", nothing)
        for variable, value in (variables or {}).items():
            patch.setenv(variable, value)

        with pytest.raises(SystemExit) as ended:
            main()

    return CompletedProcess(command, int(ended.value.code or 0), _read(out), _read(err))


def typed_request(kind: str, **typed: Any) -> RunRequest[RunOptions]:
    """Return the run that the command of a kind describes with what was *typed*."""
    requests: list[RunRequest[RunOptions]] = []
    declared: Any = declare_command(document_kind_named(kind), RunOptions, requests.append)
    declared(**typed).run()
    return requests[0]


def _read(written: TextIOWrapper) -> str:
    written.seek(0)
    return written.read()
