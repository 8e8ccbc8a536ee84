"""The registry of reports: `Kind.report` names the report of a kind of run."""

from __future__ import annotations

from reports.kinds.months import MONTHS
from reports.kinds.portraits import PORTRAITS
from reports.kinds.trainings import TRAININGS

REPORT_KINDS = {"months": MONTHS, "portraits": PORTRAITS, "trainings": TRAININGS}
