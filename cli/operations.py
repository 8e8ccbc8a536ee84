"""Run the parts of Tidings: ``tidings demo``, ``up``, ``textapi``, ``migrate``, ``doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from cli.messages import inform
from core.settings import load


def demo(
    out: Annotated[Path, Option(help="The folder of the report.")] = Path("report"),
) -> None:
    """Show the whole pipeline on texts that ship with the project; prints where the report is."""
    from cli.demo import run_demo

    raise typer.Exit(run_demo(load(), out))


def up(
    workers: Annotated[
        int | None, Option(min=1, help="Jobs at a time; by default one a core.")
    ] = None,
    flower: Annotated[
        bool, Option("--flower", help="Start Flower too, to watch the workers.")
    ] = False,
) -> None:
    """Start everything on this machine and keep it running; Ctrl-C ends it cleanly."""
    from cli.stack.run import run_in_foreground

    run_in_foreground(load(), workers=workers, flower=flower)


def textapi(
    host: Annotated[str, Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Option(min=0, max=65535, help="The port.")] = 8765,
    workers: Annotated[int, Option(min=1, help="Processes.")] = 1,
) -> None:
    """Serve the Text API; keys are read from TIDINGS_TEXTAPI_KEYS."""
    from textapi.server.app import serve

    serve(load(), host, port, workers)


def migrate(
    revision: Annotated[str, Argument(help="head, base or a revision.")] = "head",
) -> None:
    """Bring the database's tables up to date."""
    from models.database import migrate as migrate_database

    migrate_database(load().database, revision)
    inform("the database's tables are up to date")


def doctor() -> None:
    """Check every part of the stack; the exit status is 0 when all of them work."""
    from cli.doctor import examine

    problems = examine(load())
    for part, problem in problems.items():
        print(f"BAD  {part}: {problem}" if problem else f"ok   {part}")
    raise typer.Exit(int(any(problems.values())))
