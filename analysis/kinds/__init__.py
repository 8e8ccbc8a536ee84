"""The kinds of run. Another one is a module with a `DocumentKind`, and its line here."""

from __future__ import annotations

from typing import Any

from analysis.kinds.accounts import Accounts
from analysis.kinds.feeds import Feeds
from analysis.kinds.kind import DocumentKind, Kind
from analysis.kinds.months import Months
from analysis.kinds.searches import Searches
from analysis.kinds.trainings import Trainings
from models.tables import Base

DOCUMENT_KINDS: tuple[DocumentKind[Any], ...] = (
    Months(),
    Accounts(),
    Searches(),
    Feeds(),
)
KINDS: tuple[Kind[Any], ...] = (*DOCUMENT_KINDS, Trainings())

_BY_NAME = {kind.name: kind for kind in KINDS}
_DOCUMENT_KINDS_BY_NAME = {kind.name: kind for kind in DOCUMENT_KINDS}


def kind_named(name: str) -> Kind[Any]:
    """Return the kind of run of that name. Raises `KeyError`."""
    return _BY_NAME[name]


def document_kind_named(name: str) -> DocumentKind[Any]:
    """Return the kind of run of that name, whose jobs work on documents. Raises `KeyError`."""
    return _DOCUMENT_KINDS_BY_NAME[name]


def result_tables() -> tuple[type[Base], ...]:
    """Return every table that holds rows of a step."""
    tables: dict[type[Base], None] = {}

    for kind in KINDS:
        for step in kind.pipeline.steps:
            tables.update(dict.fromkeys(step.tables))

    return tuple(tables)
