"""``tidings forget``: erase a run, a document, an account or an import, with what came of it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from cli import context
from cli.messages import inform, warn
from cli.options import check_utf8, parse_import, parse_run
from core.enums import ActKind
from core.errors import NotFound, UsageError

if TYPE_CHECKING:
    from core.settings import Settings
    from models.database import Database


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

    from cli.erasing import erase_documents, erase_import, name_other_folders
    from core.scratch import remove_leftovers
    from sources.base import fold_handle
    from sources.registry import parse_handle

    account = fold_handle(None if handle is None else parse_handle(handle))
    if handle is not None and account is None:
        raise UsageError("--handle is empty: name an account")

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        if lift:
            _lift(db, settings, account, document)
            return

        if run is not None:
            _forget_run(db, settings, run)
            name_other_folders(settings, [run])
        elif import_number is not None:
            erase_import(db, settings, import_number)
        else:
            erase_documents(db, settings, account, document)

    for folder in remove_leftovers(settings.home):
        warn(f"{folder} may hold what is forgotten until the `pack` or `verify` at work there ends")


def _forget_run(db: Database, settings: Settings, run: int) -> None:
    from cli.report_folders import remove_reports
    from models.erasure import forget_run
    from models.runs import get_run

    db.fetch(get_run, run)
    remove_reports(settings, [run])
    forget_run(db, run, person=settings.person)
    inform(f"run {run} is forgotten, with its results and its report")


def _lift(db: Database, settings: Settings, account: str | None, document: str | None) -> None:
    from models.acts import record_act
    from models.suppression_list import describe_name, unsuppress

    subject = document or f"@{account}"
    with db.write() as connection:
        if not unsuppress(connection, handle=account, document=document):
            raise NotFound(f"{subject} was not forgotten")

        erased = describe_name(account, document)
        record_act(connection, ActKind.LIFT, erased, person=settings.person)

    inform(f"{subject} may come back: import it or have it fetched again")
