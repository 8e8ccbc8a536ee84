"""The groups of documents of a run of months: by outlet, section or kind."""

from __future__ import annotations

from sqlalchemy.orm import InstrumentedAttribute

from core.enums import Grouping
from models.tables import Origin

# This group has the documents without a known outlet, section or kind.
NOT_KNOWN = "not known"

# The group's name; None stands for all documents together.
Group = str | None

_COLUMNS = {
    Grouping.OUTLET: Origin.outlet,
    Grouping.SECTION: Origin.section,
    Grouping.KIND: Origin.material,
}


def origin_column(grouping: Grouping) -> InstrumentedAttribute[str]:
    """Return the column of `Origin` by which documents are grouped."""
    return _COLUMNS[grouping]


def name_group(stored: str) -> str:
    """Return the name of the group of documents that have *stored* in that column."""
    return stored or NOT_KNOWN
