"""The registry of reports: `Kind.report` names the report of a kind of run."""

from __future__ import annotations

from reports.kinds.months import MONTHS
from reports.kinds.posts import POSTS
from reports.kinds.trainings import TRAININGS

REPORT_KINDS = {"months": MONTHS, "posts": POSTS, "trainings": TRAININGS}
