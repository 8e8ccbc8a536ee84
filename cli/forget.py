"""``tidings forget``: a run, a document or an account, with all that was made of it."""

from __future__ import annotations

import shutil
import sys
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli import context
from cli.control import dispatch_to_workers
from core.errors import NotFound, UsageError
from core.settings import Settings
from models.database import Database


def register(app: typer.Typer) -> None:
    """Give *app* the command of this file."""
    app.command()(forget)


def forget(
    run: Annotated[
        int | None, typer.Argument(metavar="[RUN]", help="A run, with its results and its report.")
    ] = None,
    handle: Annotated[
        str | None, typer.Option(help="An account: all its posts, and its portraits.")
    ] = None,
    document: Annotated[
        str | None, typer.Option(help="A document, by its name in exports: nyt:…")
    ] = None,
    lift: Annotated[
        bool, typer.Option("--lift", help="Let a forgotten account or document come back.")
    ] = False,
) -> None:
    """Remove a run, an account or a document, and all that was made of it; the reports that held it are made again.

    Accounts and documents stay away: no import and no crawl brings them back, until --lift.
    """
    if sum(given is not None for given in (run, handle, document)) != 1:
        raise UsageError(
            "say what to forget: RUN, or --handle H, or --document D, and one of them alone"
        )
    if lift and run is not None:
        raise UsageError("--lift is for accounts and documents: a run is submitted anew")
    settings = context.settings()
    with closing(context.database(settings)) as db:
        if lift:
            _lift(db, handle, document)
        elif run is not None:
            _forget_run(db, settings, run)
        else:
            _forget_documents(db, settings, handle, document)


def _forget_run(db: Database, settings: Settings, run: int) -> None:
    from models.erasure import forget_run

    forget_run(db, run)
    _remove_reports(settings, {run})
    print(f"run {run} is forgotten, with its results and its report", file=sys.stderr)


def _forget_documents(
    db: Database, settings: Settings, handle: str | None, document: str | None
) -> None:
    from models.erasure import documents_by_account, documents_named, forget_documents
    from models.tables import Entity, Phrase, Summary
    from sources.base import fold_handle
    from textapi.text.sentences import sentences

    account = fold_handle(handle)
    if handle is not None and account is None:
        raise UsageError("--handle is empty: name an account")
    with db.read() as connection:
        ids = (
            documents_by_account(connection, account)
            if account
            else documents_named(connection, document or "")
        )
    reason = f"{len(ids):,} document{'s' if len(ids) > 1 else ''} forgotten on request, {datetime.now(UTC):%Y-%m-%d}"
    gone = forget_documents(
        db,
        ids,
        sentences=sentences,
        reason=reason,
        result_tables=(Phrase, Entity, Summary),
        handle=account,
    )
    _remove_reports(settings, set(gone.runs))
    print(
        f"forgotten: {gone.documents:,} documents, and {gone.answers:,} answers that quote them",
        file=sys.stderr,
    )
    if gone.runs:
        runs = ", ".join(map(str, gone.runs))
        print(f"results and reports that held them are made again: run {runs}", file=sys.stderr)
        dispatch_to_workers(db, settings)


def _lift(db: Database, handle: str | None, document: str | None) -> None:
    from models.suppression_list import unsuppress
    from sources.base import fold_handle

    what = document or f"@{fold_handle(handle)}"
    with db.write() as connection:
        if not unsuppress(
            connection, handle=fold_handle(handle) if handle else None, document=document
        ):
            raise NotFound(f"{what} was not forgotten")
    print(f"{what} may come back: import it or have it fetched again", file=sys.stderr)


def _remove_reports(settings: Settings, runs: set[int]) -> None:
    """Remove the folders of these runs' reports, and of those that put them beside others."""
    for folder in settings.reports.glob("[0-9]*"):
        numbers = folder.name.split("-")
        if (
            folder.is_dir()
            and all(map(str.isdigit, numbers))
            and not runs.isdisjoint(map(int, numbers))
        ):
            shutil.rmtree(folder)
