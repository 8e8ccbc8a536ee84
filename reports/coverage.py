"""What came of each step of each job, as a grid."""

from __future__ import annotations

from dataclasses import dataclass

from core.enums import Step
from models.database import Database
from reports import results


@dataclass(frozen=True)
class CoverageGrid:
    """A row per job, a column per step."""

    steps: tuple[str, ...]
    jobs: dict[str, dict[str, results.CoverageRow]]


def coverage_grid(db: Database, run_id: int) -> CoverageGrid:
    """Which steps of which jobs are complete, failed, without data, or not reached."""
    jobs: dict[str, dict[str, results.CoverageRow]] = {}
    for row in results.coverage(db, run_id):
        jobs.setdefault(row.job, {})[row.step] = row
    asked_for = {step for steps in jobs.values() for step in steps}
    order = [step.value for step in Step if step.value in asked_for]
    return CoverageGrid(tuple(order), jobs)
