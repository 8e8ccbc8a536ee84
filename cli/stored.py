"""``tidings stored``: what the database holds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

from cli import context
from cli.messages import format_minute, inform, show, show_json
from cli.options import Json
from core.printing import printable
from core.quantities import quantity

if TYPE_CHECKING:
    from models.imports import ImportListing
    from models.inventory import NameListing, SourceListing

# A list shows this many entries; JSON has all.
SHOWN = 20

LONGEST_NAME = 60

# A table of a source shows so many bulk days and stretches of missing days.
SHOWN_DAYS = 5

# The headings of the fields of an origin, with the option that selects by it.
HEADINGS = {
    "outlet": "outlets (--outlet)",
    "section": "sections (--section)",
    "desk": "desks",
    "material": "kinds (--material)",
    "language": "languages",
}


def stored(as_json: Json = False) -> None:
    """List what is stored: sources, months and gaps, outlets, sections, accounts, imports.

    Of archives it lists bulk days, which have more than three times the documents of a full day,
    and missing days. Lists show the twenty with the most documents, or the newest; --json has all,
    and the number of documents of each month.
    """
    from models.inventory import take_inventory
    from reports.data.stored_days import judge_stored_days

    with closing(context.open_database()) as db:
        listing = take_inventory(db)
        for source in listing.sources:
            judge_stored_days(db, source)

    if as_json:
        show_json(listing)
        return

    if listing.sources:
        _show_sources(listing.sources)
        for source in listing.sources:
            _show_days(source)

        for field, heading in HEADINGS.items():
            _show_names(heading, listing.names[field])

        handles = listing.handles
        if handles.handles:
            show()
            show(f"accounts: {handles.handles:,}, with {quantity(handles.documents, 'post')}")
            _show_counts(handles.most, handles.handles, sign="@")
    else:
        inform("no document is stored: `tidings import FILES` reads some")

    _show_imports(listing.imports)


def _show_sources(sources: Sequence[SourceListing]) -> None:
    show(
        f"{'source':<12}{'documents':>12}  {'first':<9}{'last':<9}{'months':>6}  without a document"
    )
    for source in sources:
        months = f"{source.first or '-':<9}{source.last or '-':<9}{len(source.months):>6,}"
        counts = f"{source.documents:>12,}  {months}"
        show(f"{printable(source.source):<12}{counts}  {_describe_gaps(source)}".rstrip())


def _describe_gaps(source: SourceListing) -> str:
    parts = list(map(_format_range, source.gaps[:SHOWN]))
    if len(source.gaps) > SHOWN:
        parts.append(f"and {len(source.gaps) - SHOWN:,} more gaps")
    if source.undated:
        parts.append(f"of no month: {quantity(source.undated, 'document')}")

    return ", ".join(parts)


def _format_range(ends: Sequence[str]) -> str:
    return "..".join(dict.fromkeys(ends))


def _show_days(source: SourceListing) -> None:
    """Show the largest bulk days of a source and its longest stretches of missing days."""
    bulk_days = []
    for bulk_day in sorted(source.bulk_days, key=lambda bulk_day: -bulk_day.documents):
        documents = quantity(bulk_day.documents, "document")
        bulk_days.append(f"  {bulk_day.day}  {documents}; a full day has {bulk_day.full_day:,}")

    longest = sorted(source.missing_days, key=_count_days, reverse=True)
    missing_days = [f"  {_format_range(stretch)}" for stretch in longest]
    days = {
        quantity(len(bulk_days), "bulk day"): bulk_days,
        quantity(sum(map(_count_days, longest)), "missing day"): missing_days,
    }
    for title, lines in days.items():
        if lines:
            show(f"{printable(source.source)}: {title}")
            _show_first(lines, SHOWN_DAYS, len(lines), "  and {:,} more")


def _show_first(lines: Sequence[str], most: int, count: int, more: str) -> None:
    """Show the first lines of a list that has *count*, and how many more there are."""
    for line in lines[:most]:
        show(line)

    if count > most:
        show(more.format(count - most))


def _count_days(stretch: Sequence[str]) -> int:
    first_day, last_day = map(date.fromisoformat, stretch)
    return (last_day - first_day).days + 1


def _show_names(heading: str, entries: Sequence[NameListing]) -> None:
    named = [entry for entry in entries if entry.name]
    if not named:
        return

    show()
    show(f"{heading}: {len(named):,}")
    _show_counts(named, len(named))
    unknown = sum(entry.documents for entry in entries if not entry.name)
    if unknown:
        show(f"  {unknown:>12,}  (not known)")


def _show_counts(entries: Sequence[NameListing], count: int, sign: str = "") -> None:
    lines = [
        f"  {entry.documents:>12,}  {_shorten(f'{sign}{entry.name}')}" for entry in entries[:SHOWN]
    ]
    _show_first(lines, SHOWN, count, f"  {'':>12}  and {{:,}} more")


def _shorten(text: str) -> str:
    escaped = printable(text)
    return escaped if len(escaped) <= LONGEST_NAME else f"{escaped[: LONGEST_NAME - 1]}…"


def _show_imports(imports: Sequence[ImportListing]) -> None:
    if not imports:
        return

    show()
    show(
        f"{'import':>6}  {'when':<18}{'read':>12}{'new':>12}  {'source':<12}file, month or account"
    )
    lines = []
    for record in imports[:SHOWN]:
        counts = f"{record['read']:>12,}{record['added']:>12,}"
        at, source = format_minute(record["at"]), printable(record["source"])
        path = _shorten(record["path"])
        lines.append(f"{record['import']:>6}  {at:<18}{counts}  {source:<12}{path}")

    _show_first(lines, SHOWN, len(imports), f"{'':>6}  and {{:,}} older ones")
