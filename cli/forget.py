"""``tidings forget``: erase a run, a document, an account or an import, with what came of it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from cli import context
from cli.control import dispatch
from cli.messages import inform, warn
from cli.options import check_utf8, parse_import, parse_run
from core.enums import ActKind
from core.errors import NotFound, UsageError
from core.quantities import quantity

if TYPE_CHECKING:
    from core.settings import Settings
    from models.database import Database
    from models.erasure import Erased


def forget(
    run: Annotated[
        int | None,
        Argument(metavar="[RUN]", parser=parse_run, help="A run, with its results and its report."),
    ] = None,
    handle: Annotated[
        str | None,
        Option(callback=check_utf8, help="An account: all its posts, and its portraits."),
    ] = None,
    document: Annotated[
        str | None,
        Option(callback=check_utf8, help="A document, by its name in exports: nyt:…"),
    ] = None,
    import_number: Annotated[
        int | None,
        Option(
            "--import",
            metavar="N",
            parser=parse_import,
            help="The documents that an import stored; `tidings stored` lists imports.",
        ),
    ] = None,
    lift: Annotated[
        bool, Option("--lift", help="Let a forgotten account or document come back.")
    ] = False,
) -> None:
    """Remove a run, an account, a document or an import, and all that was derived from it.

    Reports that held it are made again. Accounts and documents stay away: no import and no crawl
    brings them back, until --lift. What an import stored may be imported again.
    """
    if [run, handle, document, import_number].count(None) != 3:
        raise UsageError(
            "say what to forget: RUN, or --handle H, or --document D, or --import N, and one of "
            "them alone"
        )

    if lift and run is not None:
        raise UsageError("--lift is for accounts and documents: a run is submitted anew")
    if lift and import_number is not None:
        raise UsageError("--lift is for accounts and documents: import the file again")

    from sources.base import fold_handle
    from sources.registry import parse_handle

    account = fold_handle(None if handle is None else parse_handle(handle))
    if handle is not None and account is None:
        raise UsageError("--handle is empty: name an account")

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        if lift:
            _lift(db, settings, account, document)
        elif run is not None:
            _forget_run(db, settings, run)
        elif import_number is not None:
            _forget_import(db, settings, import_number)
        else:
            _forget_documents(db, settings, account, document)

    if not lift:
        _remove_leftovers(settings)


def _forget_run(db: Database, settings: Settings, run: int) -> None:
    from cli.report_folders import remove_reports
    from models.erasure import forget_run
    from models.runs import get_run

    with db.read() as connection:
        get_run(connection, run)

    remove_reports(settings, [run])
    forget_run(db, run, person=settings.person)
    inform(f"run {run} is forgotten, with its results and its report")
    _name_other_folders(settings, [run])


def _forget_documents(
    db: Database, settings: Settings, account: str | None, document: str | None
) -> None:
    from analysis.kinds import result_tables
    from cli.report_folders import remove_reports
    from models.acts import record_act
    from models.erasure import documents_by_account, documents_named, forget_documents
    from models.suppression_list import suppress
    from textapi.text.sentences import sentences

    # In one transaction, no import or crawl can come between.
    with db.write() as connection:
        if account:
            ids = documents_by_account(connection, account)
        else:
            ids = documents_named(connection, document or "")

        suppress(connection, db, ids, account)
        subject = _describe_erased(account, document)
        record_act(connection, ActKind.FORGET, subject, person=settings.person)

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
    remove_reports(settings, erased.runs)

    _tell_erased(db, settings, erased)


def _forget_import(db: Database, settings: Settings, import_number: int) -> None:
    """Remove the documents of an import piece by piece; a new call continues a killed one.

    The record is removed last, so that it can be named until all its documents are gone.
    """
    from rich.console import Console

    from analysis.kinds import result_tables
    from cli.report_folders import remove_reports
    from models.erasure import Erased, forget_documents
    from models.import_erasure import forget_import, ids_by_import, runs_erased_for
    from models.imports import get_import, shares_documents
    from textapi.text.sentences import sentences

    with db.read() as connection:
        record = get_import(connection, import_number)
        is_shared = shares_documents(connection, import_number)

    reason = f"documents of import {import_number} forgotten on request, "

    erased = Erased()
    with Console(stderr=True, highlight=False).status("forgetting") as status:
        for ids in ids_by_import(db, import_number):
            piece = forget_documents(
                db,
                ids,
                sentences=sentences,
                reason=f"{reason}{datetime.now(UTC):%Y-%m-%d}",
                result_tables=result_tables(),
            )
            remove_reports(settings, piece.runs)
            erased.documents += piece.documents
            erased.answers += piece.answers
            status.update(f"forgetting: {quantity(erased.documents, 'document')}")

    with db.read() as connection:
        # This includes runs whose documents a killed call had erased.
        erased.runs = runs_erased_for(connection, reason)

    remove_reports(settings, erased.runs)
    forget_import(db, import_number, read=record.read, person=settings.person)
    _tell_erased(db, settings, erased)
    if is_shared:
        warn(
            "other imports had documents that were stored already, perhaps by this one: import "
            "their files again, which adds what is missing"
        )


def _tell_erased(db: Database, settings: Settings, erased: Erased) -> None:
    """Print what was erased, and let the runs that held it go on without it."""
    answers = f"{quantity(erased.answers, 'answer')} made of them"
    inform(f"forgotten: {quantity(erased.documents, 'document')}, and {answers}")
    if erased.runs:
        runs = ", ".join(map(str, erased.runs))
        inform(f"results and reports that held them are made again: run {runs}")
        dispatch(db, settings)
        _name_other_folders(settings, erased.runs)


def _describe_erased(account: str | None, document: str | None) -> str:
    """Return what acts say was erased: a hash, which tells nobody the name."""
    from models.suppression_list import describe_name

    if account is not None:
        return describe_name("account", account)

    return describe_name("document", document or "")


def _lift(db: Database, settings: Settings, account: str | None, document: str | None) -> None:
    from models.acts import record_act
    from models.suppression_list import unsuppress

    subject = document or f"@{account}"
    with db.write() as connection:
        if not unsuppress(connection, handle=account, document=document):
            raise NotFound(f"{subject} was not forgotten")

        erased = _describe_erased(account, document)
        record_act(connection, ActKind.LIFT, erased, person=settings.person)

    inform(f"{subject} may come back: import it or have it fetched again")


def _remove_leftovers(settings: Settings) -> None:
    """Remove the texts that killed commands left, and name the folders of running commands."""
    from core.scratch import remove_leftovers

    for folder in remove_leftovers(settings.home):
        warn(f"{folder} may hold what is forgotten until the `pack` or `verify` at work there ends")


def _name_other_folders(settings: Settings, runs: Collection[int]) -> None:
    """Print which folders made with --out hold erased data: they may be somebody's copy."""
    from cli.report_folders import folders_elsewhere

    for folder in folders_elsewhere(settings, runs):
        warn(f"{folder} still holds what is forgotten: remove it, or make its report again")
