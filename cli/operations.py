"""Run the parts of Tidings: ``tidings demo``, ``up``, ``textapi``, ``migrate``, ``doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from cli.context import load_settings
from cli.messages import inform, show_listing
from cli.options import Json
from core.errors import BadInput


def demo(
    out: Annotated[Path, Option(help="The folder of the report.")] = Path("report"),
) -> None:
    """Show the whole pipeline on texts that ship with the project; prints where the report is.

    It has a home of its own, .tidings in the folder of the report: nothing of it is among your
    documents and runs. In that folder, `tidings runs` lists the demo's. It calls no service: keys
    and addresses that are set do not hold for it.
    """
    from cli.demo import demo_settings, run_demo

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"--out {out} cannot be made ({error.strerror}): choose another folder"
        ) from error

    raise typer.Exit(run_demo(demo_settings(out), out))


def up(
    workers: Annotated[
        int | None, Option(min=1, help="Jobs at a time; by default one a core.")
    ] = None,
    flower: Annotated[
        bool, Option("--flower", help="Start Flower too, to watch the workers.")
    ] = False,
) -> None:
    """Start everything on this machine and keep it running; Ctrl-C ends it cleanly.

    In the background (`tidings up &`) it ends with `kill PID`, as Ctrl-C does: the calls under
    way are waited for. The PID is in the file stack.lock of TIDINGS_HOME.
    """
    from cli.stack.run import run_in_foreground

    run_in_foreground(load_settings(), workers=workers, flower=flower)


def textapi(
    host: Annotated[str, Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Option(min=0, max=65535, help="The port.")] = 8765,
    workers: Annotated[int, Option(min=1, help="Processes.")] = 1,
) -> None:
    """Serve the Text API; keys are read from TIDINGS_TEXTAPI_KEYS."""
    from textapi.server.app import serve

    serve(load_settings(), host, port, workers)


def migrate(
    revision: Annotated[str, Argument(help="head, base or a revision.")] = "head",
) -> None:
    """Bring the database's tables up to date."""
    from models.database import migrate as migrate_database

    migrate_database(load_settings().database, revision)
    inform("the database's tables are up to date")


def doctor(as_json: Json = False) -> None:
    """Check every part of the stack; the exit status is 0 when all of them work."""
    from cli.doctor import PartCheck, examine

    checks = examine(load_settings())
    show_listing(checks, PartCheck.describe, as_json=as_json)
    raise typer.Exit(int(any(check.problem for check in checks)))
