"""Who pays for what, and who did what: ``tidings costs``, ``acts``."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from cli import context
from cli.messages import format_amount, inform, show, show_json, show_listing
from cli.options import Json, parse_run, read_money, read_name
from core.enums import PayerKind
from core.errors import UsageError
from core.prices import Money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.acts import ActListing
    from models.bills import CostListing

# The newest acts that are listed.
MOST_ACTS = 200


def costs(
    person: Annotated[
        str | None, Option(metavar="NAME", parser=read_name, help="Of this person alone.")
    ] = None,
    purse: Annotated[
        str | None, Option(metavar="GRANT", parser=read_name, help="Of this purse alone.")
    ] = None,
    cap: Annotated[
        Money | None,
        Option(
            parser=read_money,
            metavar="50USD",
            help="Let all runs of the person or the purse together cost no more, what is spent "
            "counted; it makes the purse if there is none.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what runs cost, by person, purse, month and model, or set the cap of one who pays."""
    from models.bills import read_costs
    from models.payers import cap_payer

    settings = context.load_settings()
    with closing(context.open_database(settings, create=cap is not None)) as db:
        if cap is not None:
            if (person is None) == (purse is None):
                raise UsageError("--cap is of --person NAME or of --purse GRANT: give one of them")

            kind = PayerKind.PERSON if purse is None else PayerKind.PURSE
            cap_payer(db, kind, person or purse or "", cap, person=settings.person)

        listing = db.fetch(read_costs, person, purse)

    if as_json:
        show_json(listing)
    else:
        _print_costs(listing)


def _print_costs(listing: CostListing) -> None:
    if not listing.payers and not listing.bills:
        inform("nothing was called and nobody pays yet")

    for payer in listing.payers:
        charged = format_amount(payer.charged, payer.currency)
        cap = "" if payer.cap is None else f" of at most {format_amount(payer.cap, payer.currency)}"
        show(f"{payer.kind} {payer.name}: charged {charged}{cap}")

    heads = ("month", "person", "purse", "service", "model", "calls", "reused", "charged")
    table: list[tuple[str, ...]] = [heads]
    for bill in listing.bills:
        names = (bill.person, bill.purse, bill.service, bill.model)
        counts = (f"{bill.calls:,}", f"{bill.answers_reused:,}")
        charged = format_amount(bill.charged, bill.currency) if bill.currency else ""
        table.append((bill.month, *(name or "-" for name in names), *counts, charged))

    if listing.payers and listing.bills:
        show()

    # Cells stand in columns; the last three are numbers.
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table if listing.bills else ():
        cells = [f"{cell:<{width}}" for cell, width in zip(row[:-3], widths[:-3], strict=True)]
        cells += [f"{cell:>{width}}" for cell, width in zip(row[-3:], widths[-3:], strict=True)]
        show("  ".join(cells).rstrip())


def acts(
    run: Annotated[
        int | None,
        Argument(metavar="[RUN]", parser=parse_run, help="What was done to this run alone."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List what people did, newest first: runs, caps, limits, codes and what was forgotten.

    Nothing is ever removed from the list: the database refuses it.
    """
    from models.acts import list_acts

    subject = None if run is None else f"run {run}"
    with closing(context.open_database()) as db, db.read() as connection:
        listed = list_acts(connection, subject, limit=MOST_ACTS)

    show_listing(
        listed, _describe_act, as_json=as_json, if_empty="nothing was done by a person yet"
    )


def _describe_act(act: ActListing) -> Iterator[str]:
    at = f"{datetime.fromtimestamp(act.at, UTC):%Y-%m-%d %H:%M:%S}"
    details = f": {act.details}" if act.details else ""
    yield f"{at}  {act.person}  {act.act} {act.subject}{details}"
