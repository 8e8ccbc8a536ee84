"""``tidings forget``: erase a run, a document or an account, with all that was derived from it."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

from typer import Argument, Option

from cli import context
from cli.control import dispatch
from cli.messages import inform
from core.errors import NotFound, UsageError
from core.settings import Settings, load
from models.database import Database
from sources.base import fold_handle


def forget(
    run: Annotated[
        int | None, Argument(metavar="[RUN]", help="A run, with its results and its report.")
    ] = None,
    handle: Annotated[
        str | None, Option(help="An account: all its posts, and its portraits.")
    ] = None,
    document: Annotated[
        str | None, Option(help="A document, by its name in exports: nyt:…")
    ] = None,
    lift: Annotated[
        bool, Option("--lift", help="Let a forgotten account or document come back.")
    ] = False,
) -> None:
    """Remove a run, an account or a document, and all that was derived from it.

    Reports that held it are made again. Accounts and documents stay away: no import and no crawl
    brings them back, until --lift.
    """
    if [run, handle, document].count(None) != 2:
        raise UsageError(
            "say what to forget: RUN, or --handle H, or --document D, and one of them alone"
        )
    if lift and run is not None:
        raise UsageError("--lift is for accounts and documents: a run is submitted anew")
    account = fold_handle(handle)
    if handle is not None and account is None:
        raise UsageError("--handle is empty: name an account")

    settings = load()
    with closing(context.open_database(settings)) as db:
        if lift:
            _lift(db, account, document)
        elif run is not None:
            _forget_run(db, settings, run)
        else:
            _forget_documents(db, settings, account, document)


def _forget_run(db: Database, settings: Settings, run: int) -> None:
    from models.erasure import forget_run

    forget_run(db, run)
    _remove_reports(settings, [run])
    inform(f"run {run} is forgotten, with its results and its report")


def _forget_documents(
    db: Database, settings: Settings, account: str | None, document: str | None
) -> None:
    from analysis.pipelines import result_tables
    from models.erasure import documents_by_account, documents_named, forget_documents
    from textapi.text.sentences import sentences

    with db.read() as connection:
        if account:
            ids = documents_by_account(connection, account)
        else:
            ids = documents_named(connection, document or "")
    noun = "documents" if len(ids) > 1 else "document"
    reason = f"{len(ids):,} {noun} forgotten on request, {datetime.now(UTC):%Y-%m-%d}"
    erased = forget_documents(
        db,
        ids,
        sentences=sentences,
        reason=reason,
        result_tables=result_tables(),
        handle=account,
    )
    _remove_reports(settings, erased.runs)

    answers = f"{erased.answers:,} answers that quote them"
    inform(f"forgotten: {erased.documents:,} documents, and {answers}")
    if erased.runs:
        runs = ", ".join(map(str, erased.runs))
        inform(f"results and reports that held them are made again: run {runs}")
        dispatch(db, settings)


def _lift(db: Database, account: str | None, document: str | None) -> None:
    from models.suppression_list import unsuppress

    name = document or f"@{account}"
    with db.write() as connection:
        if not unsuppress(connection, handle=account, document=document):
            raise NotFound(f"{name} was not forgotten")
    inform(f"{name} may come back: import it or have it fetched again")


def _remove_reports(settings: Settings, runs: Collection[int]) -> None:
    """Remove the folders of the reports of these runs, those of several runs side by side too."""
    for folder in settings.reports.glob("[0-9]*"):
        numbers = folder.name.split("-")
        is_report = folder.is_dir() and all(map(str.isdigit, numbers))
        if is_report and not set(runs).isdisjoint(map(int, numbers)):
            shutil.rmtree(folder)
