"""The tables of a run that are shown and exported: one module for each, or for each group.

A reader yields its rows in short transactions, a month, a job or a batch at a time, so that a run
of a million documents needs no more memory than one of a thousand.
"""

from __future__ import annotations

from typing import Any

from reports.export_schema import Table
from reports.tables.calls import CALLS
from reports.tables.comentions import COMENTIONS
from reports.tables.coverage import COVERAGE
from reports.tables.distinctive import DISTINCTIVE
from reports.tables.documents import DOCUMENTS
from reports.tables.entities import ENTITIES
from reports.tables.labels import LABELS
from reports.tables.mentions import MENTIONS
from reports.tables.periods import PERIODS
from reports.tables.phrases import PHRASES
from reports.tables.summaries import SUMMARIES
from reports.tables.trainings import EPOCHS, PREDICTIONS, TRAININGS

_TABLES: tuple[Table[Any], ...] = (
    *(MENTIONS, PERIODS, PHRASES, ENTITIES, SUMMARIES, DISTINCTIVE, LABELS),
    *(DOCUMENTS, COVERAGE, COMENTIONS),
    *(EPOCHS, PREDICTIONS, TRAININGS, CALLS),
)

TABLES = {table.name: table for table in _TABLES}
