"""Running things: ``tidings demo``, ``up``, ``textapi``, ``migrate``, ``doctor``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import context


def register(app: typer.Typer) -> None:
    """Give *app* the commands of this file."""
    for command in (demo, up, textapi, migrate, doctor):
        app.command()(command)


def demo(
    out: Annotated[Path, typer.Option(help="The folder of the report.")] = Path("report"),
) -> None:
    """Show the whole pipeline on texts that ship with the project; prints where the report is."""
    from cli.demo import run_demo

    raise typer.Exit(run_demo(context.settings(), out))


def up(
    workers: Annotated[
        int | None, typer.Option(min=1, help="Jobs at a time; by default one a core.")
    ] = None,
    flower: Annotated[
        bool, typer.Option("--flower", help="Start Flower too, to watch the workers.")
    ] = False,
) -> None:
    """Start everything on this machine and keep it running; Ctrl-C ends it cleanly."""
    from cli.stack.run import up as run

    raise typer.Exit(run(context.settings(), workers=workers, flower=flower))


def textapi(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port.")] = 8765,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Serve the Text API; keys are read from TIDINGS_TEXTAPI_KEYS."""
    from textapi.server.app import serve

    serve(context.settings(), host, port, workers)


def migrate(
    revision: Annotated[str, typer.Argument(help="head, base or a revision.")] = "head",
) -> None:
    """Bring the database's tables up to date."""
    from models.database import migrate as run

    run(context.settings().database, revision)
    print("the database's tables are up to date", file=sys.stderr)


def doctor() -> None:
    """Look at every part of the stack; the exit status is 0 when all of them answer."""
    from cli.doctor import examine

    findings = examine(context.settings())
    for part, problem in findings:
        print(
            f"{'ok  ' if problem is None else 'BAD '} {part}" + (f": {problem}" if problem else "")
        )
    raise typer.Exit(int(any(problem for _, problem in findings)))
