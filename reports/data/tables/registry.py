"""The registry of tables: what a run is shown and exported as."""

from __future__ import annotations

from typing import Any

from reports.data.export_schema import Table
from reports.data.tables.calls import CALLS
from reports.data.tables.codes import AGREEMENT, CODES
from reports.data.tables.collocates import COLLOCATES
from reports.data.tables.comentions import COMENTIONS
from reports.data.tables.concordance import CONCORDANCE
from reports.data.tables.coverage import COVERAGE
from reports.data.tables.distinctive import DISTINCTIVE
from reports.data.tables.documents import DOCUMENTS
from reports.data.tables.entities import ENTITIES
from reports.data.tables.estimates import ESTIMATES
from reports.data.tables.found import FOUND
from reports.data.tables.labels import LABELS
from reports.data.tables.mentions import MENTIONS
from reports.data.tables.overlap import OVERLAP
from reports.data.tables.periods import PERIODS
from reports.data.tables.phrases import PHRASES
from reports.data.tables.summaries import SUMMARIES
from reports.data.tables.trainings import EPOCHS, PREDICTIONS, TRAININGS

_TABLES: tuple[Table[Any], ...] = (
    *(MENTIONS, PERIODS, PHRASES, ENTITIES, SUMMARIES, DISTINCTIVE, LABELS),
    *(DOCUMENTS, COVERAGE, COMENTIONS),
    *(CODES, AGREEMENT, ESTIMATES, FOUND),
    *(EPOCHS, PREDICTIONS, TRAININGS, CALLS),
)

TABLES = {table.name: table for table in _TABLES}

# These are written when they are asked for: no report and no pack holds them.
_ON_REQUEST: tuple[Table[Any], ...] = (COLLOCATES, CONCORDANCE, OVERLAP)

EXPORTED = TABLES | {table.name: table for table in _ON_REQUEST}
