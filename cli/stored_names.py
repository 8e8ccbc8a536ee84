"""The archives and names of a run of months, as the database has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.messages import printable, warn
from core.errors import UsageError
from sources.registry import archives, source_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from analysis.parameters import MonthsParameters
    from core.settings import Settings
    from models.database import Database

SHOWN = 20  # names of those there are


def choose_archives(
    db: Database, settings: Settings, parameters: MonthsParameters
) -> MonthsParameters:
    """Return the parameters of a run that names no archive.

    Named outlets may be in any archive. Where the default archive holds nothing and cannot be
    fetched, the archives that are stored are meant, which is said.
    """
    from models.origins import stored_sources

    with db.read() as connection:
        stored = stored_sources(connection)
    names = [archive.name for archive in archives() if archive.name in stored]
    default = parameters.sources[0]
    is_default_there = default in stored or source_named(default).is_available(settings)

    if not names or (is_default_there and not parameters.outlets):
        return parameters
    if not is_default_there:
        warn(f"nothing of {default} is stored: the run is of {', '.join(names)}")
    return parameters.model_copy(update={"sources": tuple(names)})


def spell_names(db: Database, settings: Settings, parameters: MonthsParameters) -> MonthsParameters:
    """Return the parameters with outlets, sections and material as they are stored.

    Raises `UsageError` where no stored document is of a name, and none can be fetched.
    """
    can_fetch = any(source_named(name).is_available(settings) for name in parameters.sources)
    chosen = {
        "outlet": parameters.outlets,
        "section": parameters.sections,
        "material": () if parameters.material is None else (parameters.material,),
    }

    spelled: dict[str, tuple[str, ...]] = {}
    with db.read() as connection:
        for field, names in chosen.items():
            spelled[field] = _spell(
                connection, field, names, sources=parameters.sources, can_fetch=can_fetch
            )
    return parameters.model_copy(
        update={
            "outlets": spelled["outlet"],
            "sections": spelled["section"],
            "material": next(iter(spelled["material"]), None),
        }
    )


def _spell(
    connection: Connection,
    field: str,
    names: Sequence[str],
    *,
    sources: Sequence[str],
    can_fetch: bool,
) -> tuple[str, ...]:
    from models.origins import stored_names

    if not names:
        return ()
    stored = [each.name for each in stored_names(connection, field, sources=sources)]
    by_folded = {name.casefold(): name for name in reversed(stored)}

    spelled = []
    for name in names:
        if name in stored:
            spelled.append(name)
        elif name.casefold() in by_folded:
            spelled.append(by_folded[name.casefold()])
        elif stored and not can_fetch:
            raise UsageError(
                f"--{field} {printable(name)}: no stored document is of it; "
                f"there are {_list_names(stored)}"
            )
        else:
            spelled.append(name)
    return tuple(spelled)


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(map(printable, names[:SHOWN]))
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN:,} more"
