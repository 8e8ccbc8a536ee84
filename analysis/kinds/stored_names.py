"""The archives and names of a run of months, as the database has them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.printing import printable
from models.database import Database
from models.origins import sources_with_outlets, stored_names, stored_sources
from sources.registry import archives, source_named

if TYPE_CHECKING:
    from analysis.kinds.months import MonthsParameters
    from core.settings import Settings

SHOWN = 20  # names of those there are


def choose_archives(
    db: Database, settings: Settings, parameters: MonthsParameters, remarks: list[str]
) -> MonthsParameters:
    """Return the parameters of a run that names no archive.

    Named outlets may be in any archive, which needs no word. Where the default archive holds
    nothing and cannot be fetched, the archives that are stored are meant, which *remarks* say.
    """
    with db.read() as connection:
        stored = stored_sources(connection)
    names = [archive.name for archive in archives() if archive.name in stored]
    default = parameters.sources[0]
    is_default_there = default in stored or source_named(default).is_available(settings)

    if not names or (is_default_there and not parameters.outlets):
        return parameters
    if not parameters.outlets:
        remarks.append(f"nothing of {default} is stored: the run is of {', '.join(names)}")
    return parameters.model_copy(update={"sources": tuple(names)})


def keep_archives_of_outlets(db: Database, parameters: MonthsParameters) -> MonthsParameters:
    """Return the parameters of a run that names no archive without those that lack its outlets."""
    if not parameters.outlets:
        return parameters
    with db.read() as connection:
        with_outlets = sources_with_outlets(connection, parameters.outlets)
    sources = tuple(name for name in parameters.sources if name in with_outlets)
    return parameters.model_copy(update={"sources": sources}) if sources else parameters


def spell_names(db: Database, settings: Settings, parameters: MonthsParameters) -> MonthsParameters:
    """Return the parameters with outlets, sections and material as they are stored.

    Raises `UsageError` where no stored document is of a name, and none can be fetched, and where an
    option names nothing.
    """
    can_fetch = any(source_named(name).is_available(settings) for name in parameters.sources)
    chosen = {
        "outlet": parameters.outlets,
        "section": parameters.sections,
        "material": () if parameters.material is None else (parameters.material,),
    }

    spelled: dict[str, tuple[str, ...]] = {}
    with db.read() as connection:
        for field, texts in chosen.items():
            names = stored_names(connection, field, sources=parameters.sources) if texts else []
            stored = [each.name for each in names]
            split = split_outlets(texts, stored) if field == "outlet" else texts
            if texts and not any(name.strip() for name in split):
                raise UsageError(f"--{field} names nothing: `tidings stored` lists the names")
            spelled[field] = _spell(field, split, stored, can_fetch=can_fetch)
    return parameters.model_copy(
        update={
            "outlets": spelled["outlet"],
            "sections": spelled["section"],
            "material": next(iter(spelled["material"]), None),
        }
    )


def split_outlets(texts: Sequence[str], stored: Sequence[str]) -> tuple[str, ...]:
    """Return the names in comma-separated *texts*, each once, the longest that are *stored*.

    "Smith, Jones & Co" is one name where such an outlet is stored.
    """
    folded = {name.casefold() for name in stored}
    names: dict[str, None] = {}
    for text in texts:
        parts = text.split(",")
        while parts:
            length = len(parts)
            while length > 1 and ",".join(parts[:length]).strip().casefold() not in folded:
                length -= 1
            if name := ",".join(parts[:length]).strip():
                names[name] = None
            parts = parts[length:]
    return tuple(names)


def _spell(
    field: str, names: Sequence[str], stored: Sequence[str], *, can_fetch: bool
) -> tuple[str, ...]:
    by_folded = {name.casefold(): name for name in reversed(stored)}

    spelled: dict[str, None] = {}
    for name in names:
        if name in stored:
            spelled[name] = None
        elif name.casefold() in by_folded:
            spelled[by_folded[name.casefold()]] = None
        elif stored and not can_fetch:
            near = get_close_matches(name.casefold(), by_folded, n=3)
            by_nearness = dict.fromkeys([*map(by_folded.__getitem__, near), *stored])
            raise UsageError(
                f"--{field} {printable(name)}: no stored document is of it; "
                f"there are {_list_names(list(by_nearness))}"
            )
        else:
            spelled[name] = None
    return tuple(spelled)


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(map(printable, names[:SHOWN]))
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN:,} more"
