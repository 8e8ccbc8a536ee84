"""``tidings stored``: what the database holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli import context
from cli.messages import inform, show
from cli.options import Json
from core.printing import printable
from core.quantities import quantity

if TYPE_CHECKING:
    from models.inventory import HandleInventory, Inventory, MonthRange, SourceInventory
    from models.origins import StoredName
    from reports.data.stored_days import StoredDays

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
        inventory = take_inventory(db)
        days = {source.source: judge_stored_days(db, source.source) for source in inventory.sources}

    if as_json:
        print(json.dumps(_as_json(inventory, days)))
        return

    if inventory.sources:
        _show_sources(inventory)
        for source, stored_days in days.items():
            _show_days(source, stored_days)

        for field, heading in HEADINGS.items():
            _show_names(heading, inventory.names[field])

        _show_handles(inventory.handles)
    else:
        inform("no document is stored: `tidings import FILES` reads some")

    _show_imports(inventory.imports)


def _as_json(inventory: Inventory, days: Mapping[str, StoredDays]) -> dict[str, Any]:
    handles = inventory.handles
    return {
        "documents": inventory.documents,
        "sources": [_source_as_json(source, days[source.source]) for source in inventory.sources],
        "names": {field: _names_as_json(entries) for field, entries in inventory.names.items()},
        "handles": {
            "handles": handles.handles,
            "documents": handles.documents,
            "most": _names_as_json(handles.most),
        },
        "imports": [dict(record) for record in inventory.imports],
    }


def _source_as_json(source: SourceInventory, days: StoredDays) -> dict[str, Any]:
    bulk_days = []
    for bulk_day in days.bulk_days:
        bulk_days.append(
            {
                "day": bulk_day.date.isoformat(),
                "documents": bulk_day.documents,
                "full_day": bulk_day.full_day,
            }
        )

    first_month, last_month = source.range or (None, None)
    return {
        "source": source.source,
        "documents": source.documents,
        "undated": source.undated,
        "first": first_month,
        "last": last_month,
        "months": dict(source.months),
        "gaps": [list(gap) for gap in source.gaps],
        "bulk_days": bulk_days,
        "missing_days": [[str(day) for day in stretch] for stretch in days.missing_days],
    }


def _names_as_json(entries: Sequence[StoredName]) -> list[dict[str, Any]]:
    return [{"name": entry.name or None, "documents": entry.documents} for entry in entries]


def _show_sources(inventory: Inventory) -> None:
    show(
        f"{'source':<12}{'documents':>12}  {'first':<9}{'last':<9}{'months':>6}  without a document"
    )
    for source in inventory.sources:
        first_month, last_month = source.range or ("-", "-")
        counts = f"{source.documents:>12,}  {first_month:<9}{last_month:<9}{len(source.months):>6,}"
        show(f"{printable(source.source):<12}{counts}  {_describe_gaps(source)}".rstrip())


def _describe_gaps(source: SourceInventory) -> str:
    gaps = source.gaps
    parts = [_format_range(gap) for gap in gaps[:SHOWN]]
    if len(gaps) > SHOWN:
        parts.append(f"and {len(gaps) - SHOWN:,} more gaps")
    if source.undated:
        parts.append(f"of no month: {quantity(source.undated, 'document')}")

    return ", ".join(parts)


def _format_range(gap: MonthRange) -> str:
    return gap.first if gap.first == gap.last else f"{gap.first}..{gap.last}"


def _show_days(source: str, days: StoredDays) -> None:
    """Show the largest bulk days of a source and its longest stretches of missing days."""
    if days.bulk_days:
        largest = sorted(days.bulk_days, key=lambda bulk_day: -bulk_day.documents)
        show(f"{printable(source)}: {quantity(len(largest), 'bulk day')}")
        for bulk_day in largest[:SHOWN_DAYS]:
            documents = quantity(bulk_day.documents, "document")
            show(f"  {bulk_day.date}  {documents}; a full day has {bulk_day.full_day:,}")

        _show_more(len(largest) - SHOWN_DAYS)

    if days.missing_days:
        longest = sorted(days.missing_days, key=lambda stretch: -stretch.days)
        missing = sum(stretch.days for stretch in longest)
        show(f"{printable(source)}: {quantity(missing, 'missing day')}")
        for stretch in longest[:SHOWN_DAYS]:
            is_one = stretch.first == stretch.last
            show(f"  {stretch.first}" if is_one else f"  {stretch.first}..{stretch.last}")

        _show_more(len(longest) - SHOWN_DAYS)


def _show_more(more: int) -> None:
    if more > 0:
        show(f"  and {more:,} more")


def _show_names(heading: str, entries: Sequence[StoredName]) -> None:
    named = [entry for entry in entries if entry.name]
    if not named:
        return

    show()
    show(f"{heading}: {len(named):,}")
    _show_counts(named)
    unknown = sum(entry.documents for entry in entries if not entry.name)
    if unknown:
        show(f"  {unknown:>12,}  (not known)")


def _show_handles(handles: HandleInventory) -> None:
    if handles.handles:
        show()
        show(f"accounts: {handles.handles:,}, with {quantity(handles.documents, 'post')}")
        _show_counts(
            [entry._replace(name=f"@{entry.name}") for entry in handles.most], handles.handles
        )


def _show_counts(entries: Sequence[StoredName], all_entries: int | None = None) -> None:
    for entry in entries[:SHOWN]:
        show(f"  {entry.documents:>12,}  {_shorten(entry.name)}")

    more = (all_entries or len(entries)) - SHOWN
    if more > 0:
        show(f"  {'':>12}  and {more:,} more")


def _shorten(text: str) -> str:
    escaped = printable(text)
    return escaped if len(escaped) <= LONGEST_NAME else f"{escaped[: LONGEST_NAME - 1]}…"


def _show_imports(imports: Sequence[Mapping[str, Any]]) -> None:
    if not imports:
        return

    show()
    show(
        f"{'import':>6}  {'when':<18}{'read':>12}{'new':>12}  {'source':<12}file, month or account"
    )
    for record in imports[:SHOWN]:
        at = f"{datetime.fromtimestamp(record['at'], UTC):%Y-%m-%d %H:%M}"
        counts = f"{record['read']:>12,}{record['added']:>12,}"
        source = printable(record["source"])
        show(f"{record['import']:>6}  {at:<18}{counts}  {source:<12}{_shorten(record['path'])}")

    if len(imports) > SHOWN:
        show(f"{'':>6}  and {len(imports) - SHOWN:,} older ones")
