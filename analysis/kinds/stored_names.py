"""The archives and names of a run of months, as the database has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.printing import printable
from models.database import Database
from models.origins import sources_with_outlets, stored_names, stored_sources
from sources.registry import archives, source_named

if TYPE_CHECKING:
    from core.settings import Settings

# An error message lists this many stored names at most.
SHOWN = 20


def choose_archives(
    db: Database,
    settings: Settings,
    default: str,
    outlets: Sequence[str],
    remarks: list[str],
) -> tuple[str, ...]:
    """Return the archives of a run that names none.

    Named outlets may be in any stored archive. If the *default* archive holds nothing and cannot be
    fetched, the run uses the stored archives, and a remark is added to *remarks*.
    """
    with db.read() as connection:
        stored = stored_sources(connection)

    archive_names = tuple(archive.name for archive in archives() if archive.name in stored)
    is_default_there = default in stored or source_named(default).fetches_months(settings)

    if not archive_names or (is_default_there and not outlets):
        return (default,)
    if not outlets:
        remarks.append(f"nothing of {default} is stored: the run is of {', '.join(archive_names)}")

    return archive_names


def keep_archives_of_outlets(
    db: Database, sources: Sequence[str], outlets: Sequence[str]
) -> tuple[str, ...]:
    """Return the *sources* that have one of the outlets, or all if none has."""
    if not outlets:
        return tuple(sources)

    with db.read() as connection:
        outlet_sources = sources_with_outlets(connection, outlets)

    return tuple(source for source in sources if source in outlet_sources) or tuple(sources)


def spell_names(
    db: Database, sources: Sequence[str], typed: Mapping[str, Sequence[str]], *, can_fetch: bool
) -> dict[str, tuple[str, ...]]:
    """Return the outlets, sections and material that were *typed*, as they are stored.

    Raises `UsageError` if a name has no stored document and none can be fetched, and if an option
    names nothing.
    """
    spelled: dict[str, tuple[str, ...]] = {}
    with db.read() as connection:
        for field, texts in typed.items():
            names = stored_names(connection, field, sources=sources) if texts else []
            stored = [stored_name.name for stored_name in names]
            split = split_outlets(texts, stored) if field == "outlet" else texts
            if texts and not any(part.strip() for part in split):
                raise UsageError(f"--{field} names nothing: `tidings stored` lists the names")

            spelled[field] = _spell(field, split, stored, can_fetch=can_fetch)

    return spelled


def split_outlets(texts: Sequence[str], stored: Sequence[str]) -> tuple[str, ...]:
    """Return the names in comma-separated *texts*, each once; prefer the longest *stored* names.

    "Smith, Jones & Co" is one name if such an outlet is stored.
    """
    folded = {outlet.casefold() for outlet in stored}
    outlets: dict[str, None] = {}
    for text in texts:
        parts = text.split(",")
        while parts:
            length = len(parts)
            while length > 1 and ",".join(parts[:length]).strip().casefold() not in folded:
                length -= 1

            if outlet := ",".join(parts[:length]).strip():
                outlets[outlet] = None

            parts = parts[length:]

    return tuple(outlets)


def _spell(
    field: str, names: Sequence[str], stored: Sequence[str], *, can_fetch: bool
) -> tuple[str, ...]:
    stored_by_folded = {name.casefold(): name for name in reversed(stored)}

    spelled: dict[str, None] = {}
    for name in names:
        if name in stored:
            spelled[name] = None
        elif name.casefold() in stored_by_folded:
            spelled[stored_by_folded[name.casefold()]] = None
        elif stored and not can_fetch:
            near = get_close_matches(name.casefold(), stored_by_folded, n=3)
            nearest = [stored_by_folded[folded] for folded in near]
            sorted_names = dict.fromkeys([*nearest, *stored])
            raise UsageError(
                f"--{field} {printable(name)}: no stored document is of it; "
                f"there are {_list_names(list(sorted_names))}"
            )
        else:
            spelled[name] = None

    return tuple(spelled)


def _list_names(names: Sequence[str]) -> str:
    listed = ", ".join(map(printable, names[:SHOWN]))
    return listed if len(names) <= SHOWN else f"{listed} and {len(names) - SHOWN:,} more"
