"""How the report of each kind of run is made, by what `Kind.report` names."""

from __future__ import annotations

from reports.kinds.months import MONTHS
from reports.kinds.portraits import PORTRAITS
from reports.kinds.trainings import TRAININGS

REPORT_KINDS = {"months": MONTHS, "portraits": PORTRAITS, "trainings": TRAININGS}
