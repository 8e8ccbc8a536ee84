"""What `tidings forget` does with documents, by account, name or import."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from rich.console import Console

from analysis.kinds import result_tables
from cli.control import dispatch
from cli.messages import inform, warn
from cli.report_folders import folders_elsewhere, remove_reports
from core.enums import ActKind
from core.quantities import quantity
from core.settings import Settings
from models.acts import record_act
from models.database import Database
from models.erasure import Erased, documents_by_account, documents_named, forget_documents
from models.import_erasure import forget_import, ids_by_import, runs_erased_for
from models.imports import get_import, shares_documents
from models.suppression_list import describe_name, suppress
from textapi.text.sentences import sentences


def erase_documents(
    db: Database, settings: Settings, account: str | None, document: str | None
) -> None:
    """Remove the documents of an account, or one document, for good. Raises `NotFound`."""
    # In one transaction, no import or crawl can come between.
    with db.write() as connection:
        if account:
            ids = documents_by_account(connection, account)
        else:
            ids = documents_named(connection, document or "")

        suppress(connection, db, ids, account)
        subject = describe_name(account, document)
        record_act(connection, ActKind.FORGET, subject, person=settings.person)

    reason = f"{quantity(len(ids), 'document')} forgotten on request, "
    _finish(db, settings, _erase(db, settings, ids, reason, account))


def erase_import(db: Database, settings: Settings, import_number: int) -> None:
    """Remove the documents of an import piece by piece; a new call continues a killed one.

    The record is removed last, so that it can be named until all its documents are gone. Raises
    `NotFound`.
    """
    with db.read() as connection:
        record = get_import(connection, import_number)
        is_shared = shares_documents(connection, import_number)

    reason = f"documents of import {import_number} forgotten on request, "
    erased = Erased()
    with Console(stderr=True, highlight=False).status("forgetting") as status:
        for ids in ids_by_import(db, import_number):
            piece = _erase(db, settings, ids, reason)
            erased.documents += piece.documents
            erased.answers += piece.answers
            status.update(f"forgetting: {quantity(erased.documents, 'document')}")

    # This includes runs whose documents a killed call had erased.
    erased.runs = db.fetch(runs_erased_for, reason)
    remove_reports(settings, erased.runs)
    forget_import(db, import_number, read=record.read, person=settings.person)
    _finish(db, settings, erased)
    if is_shared:
        warn(
            "other imports had documents that were stored already, perhaps by this one: import "
            "their files again, which adds what is missing"
        )


def _erase(
    db: Database,
    settings: Settings,
    ids: Sequence[int],
    reason: str,
    account: str | None = None,
) -> Erased:
    """Remove documents, and the reports that held them."""
    erased = forget_documents(
        db,
        ids,
        sentences=sentences,
        reason=f"{reason}{datetime.now(UTC):%Y-%m-%d}",
        result_tables=result_tables(),
        handle=account,
    )
    remove_reports(settings, erased.runs)
    return erased


def _finish(db: Database, settings: Settings, erased: Erased) -> None:
    """Print what was erased, and let the runs that held it go on without it."""
    answers = f"{quantity(erased.answers, 'answer')} made of them"
    inform(f"forgotten: {quantity(erased.documents, 'document')}, and {answers}")
    if erased.runs:
        runs = ", ".join(map(str, erased.runs))
        inform(f"results and reports that held them are made again: run {runs}")
        dispatch(db, settings)
        name_other_folders(settings, erased.runs)


def name_other_folders(settings: Settings, runs: Collection[int]) -> None:
    """Print which folders made with --out hold erased data: they may be somebody's copy."""
    for folder in folders_elsewhere(settings, runs):
        warn(f"{folder} still holds what is forgotten: remove it, or make its report again")
