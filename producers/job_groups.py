"""Jobs of a run summed up by state or by reason, and the failed jobs of all runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from sqlalchemy import Connection, func, select

from core.enums import State
from core.printing import printable
from core.quantities import quantity
from models.tables import Job, Run

# So many reasons of failed jobs are listed.
MOST_FAILURES = 50

# So many jobs or ranges of jobs are named.
_MOST_NAMES = 12

_COLUMNS = (Job.name, Job.state, Job.result, Job.reason, Job.first_day, Job.last_day)
# What is no period comes last, on every database.
_ORDER = (Job.first_day.is_(None), Job.first_day, Job.id)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class JobGroup:
    """Jobs of a run in one state: how many, which, and the reason that most of them give."""

    state: str
    jobs: int
    names: str
    reason: str | None


@dataclass(frozen=True)
class FailureListing:
    """Jobs of a run that failed for one reason; the newest failure is the first."""

    run: Annotated[int, "Number of the run."]
    name: Annotated[str | None, "Name of the run."]
    reason: Annotated[str | None, "Why they failed."]
    jobs: Annotated[int, "How many jobs."]
    names: Annotated[str, "The jobs, periods in a row as `2020-03..2020-06`; many are cut."]
    last_at: Annotated[float, "When the last of them failed, in seconds since 1970, UTC."]


def group_jobs(connection: Connection, run_id: int, *, only_failed: bool) -> list[JobGroup]:
    """Return the jobs of a run by state, or its failed jobs by reason."""
    jobs = select(*_COLUMNS).where(Job.run_id == run_id).order_by(*_ORDER)
    if only_failed:
        jobs = jobs.where(Job.state == State.FAILED)

    rows_by_key: dict[tuple[str, str | None], list[Any]] = defaultdict(list)
    for row in connection.execute(jobs):
        key = (row.result or row.state, row.reason if only_failed else None)
        rows_by_key[key].append(row)

    return [
        JobGroup(state, len(rows), name_jobs(rows), _name_reason(rows))
        for (state, _), rows in rows_by_key.items()
    ]


def _name_reason(rows: Sequence[Any]) -> str | None:
    """Return the most frequent reason of jobs, and how many others there are."""
    telling = [row for row in rows if row.result or row.state != State.DONE]
    reasons = Counter(row.reason for row in telling if row.reason)
    if not reasons:
        return None

    others = len(reasons) - 1
    (reason, _), *_ = reasons.most_common(1)
    return f"{reason} (and {quantity(others, 'other reason')})" if others else str(reason)


def name_jobs(rows: Sequence[Any]) -> str:
    """Return the names of jobs, given in the order of their days; periods in a row as ranges."""
    ranges: list[list[Any]] = []
    for row in rows:
        last_day = ranges[-1][-1].last_day if ranges else None
        if last_day is not None and row.first_day == last_day + _DAY:
            ranges[-1].append(row)
        else:
            ranges.append([row])

    ends = [dict.fromkeys((jobs[0].name, jobs[-1].name)) for jobs in ranges[:_MOST_NAMES]]
    names = ", ".join(printable("..".join(names)) for names in ends)
    more = sum(map(len, ranges[_MOST_NAMES:]))
    return f"{names} and {more:,} more" if more else names


def list_failures(connection: Connection) -> list[FailureListing]:
    """Return the failed jobs of all runs by run and reason, the newest first."""
    last_at = func.max(Job.ended_at)
    failed = (
        select(Job.run_id, Run.name, Job.reason, func.count(), last_at)
        .join(Run, Run.id == Job.run_id)
        .where(Job.state == State.FAILED)
        .group_by(Job.run_id, Run.name, Job.reason)
        .order_by(last_at.desc(), Job.run_id.desc(), Job.reason)
        .limit(MOST_FAILURES)
    )
    failures = []
    for run_id, name, reason, count, at in connection.execute(failed).all():
        is_of_group = (Job.state == State.FAILED, Job.reason.is_not_distinct_from(reason))
        jobs = select(*_COLUMNS).where(Job.run_id == run_id, *is_of_group)
        rows = connection.execute(jobs.order_by(*_ORDER)).all()
        failures.append(FailureListing(run_id, name, reason, count, name_jobs(rows), at or 0.0))

    return failures
