"""The plan of a run: its documents and calls, the time at the limits and the binding limit."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from analysis.kinds import document_kind_named, kind_named
from analysis.kinds.coding import describe_coder
from analysis.kinds.kind import DocumentKind, Unit
from core.errors import UsageError
from core.rate_limit_notation import LONG_WINDOW_SECONDS, Window, parse_limits
from core.settings import Settings
from models.database import Database
from models.documents import text_part_of
from models.runs import get_run
from models.tables import IS_REPORT, Call, Job
from producers.dry_run import DryRunFetcher, ResultBuffer, run_dry
from sources.source import Source
from textapi.messages import SERVICE, Engine
from textapi.text.sentences import LANGUAGES

# Our own engine; those whose names begin with this match keywords as the dry run does.
OUR_ENGINE = Engine("tidings", LANGUAGES)

_ESTIMATES = {
    Unit.MENTION: "keyword calls are exact, the others are estimated with our own matcher",
    Unit.POST: "summaries of summaries are estimated with our own",
}

OnProgress = Callable[[int, int], None]


@dataclass
class Plan:
    """The figures of `tidings plan`.

    *exact* says whether the calls will be exactly these if nothing fails. *needed_by_operation*
    counts all calls, *by_operation* the calls still to be made, to sources as well.
    """

    documents: int = 0
    calls_needed: int = 0
    calls_answered: int = 0
    calls_to_make: int = 0
    by_operation: dict[str, int] = field(default_factory=dict)
    needed_by_operation: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    ends_at: str | None = None
    binding_limit: str | None = None
    binding_service: str | None = None
    exact: bool = True
    remarks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


def plan_run(
    db: Database,
    parameters: Any,
    names: Sequence[str],
    *,
    engine: Engine,
    settings: Settings,
    newest_documents: Mapping[str, int] | None = None,
    on_progress: OnProgress = lambda _done, _jobs: None,
) -> Plan:
    """Count the calls that a run will make, without making any.

    *names* are the names of its subjects. *newest_documents* are the newest documents of the jobs
    that have settled them, by the jobs' names. *on_progress* gets the number of planned jobs, and
    the number of all jobs.
    """
    kind = document_kind_named(parameters.kind)
    planner = _Planner(db, kind, parameters, engine, settings)
    jobs = kind.new_jobs(parameters, names)

    async def plan_jobs() -> None:
        for done, job in enumerate(jobs):
            on_progress(done, len(jobs))
            await planner.plan_job(job.name, (newest_documents or {}).get(job.name))

    asyncio.run(plan_jobs())
    planner.add_remarks()
    return planner.finish()


def plan_submitted_run(
    db: Database,
    run_id: int,
    *,
    engine: Engine,
    settings: Settings,
    on_progress: OnProgress = lambda _done, _jobs: None,
) -> Plan:
    """Count what a submitted run needs. Raises `NotFound`, and `UsageError` for a training."""
    with db.read() as connection:
        run = get_run(connection, run_id)
        jobs = connection.execute(
            select(Job.name, Job.newest_document).where(Job.run_id == run_id, ~IS_REPORT)
        ).all()

    kind = kind_named(run.kind)
    if not kind.has_documents:
        raise UsageError(f"run {run_id} trains networks: it asks nothing")

    newest_documents = {job_name: newest for job_name, newest in jobs if newest is not None}
    return plan_run(
        db,
        kind.read_parameters(run.parameters),
        [kind.subject(job_name) for job_name, _ in jobs],
        engine=engine,
        settings=settings,
        newest_documents=newest_documents,
        on_progress=on_progress,
    )


def call_counts(db: Database, run_id: int) -> dict[str, dict[str, int]]:
    """Return the calls that a run has made so far, by operation. Raises `NotFound`."""
    columns = (Call.calls, Call.retries, Call.maybe_twice, Call.answers_reused)

    with db.read() as connection:
        get_run(connection, run_id)
        sums_by_operation = connection.execute(
            select(Call.operation, *(func.sum(column) for column in columns))
            .where(Call.run_id == run_id)
            .group_by(Call.operation)
            .order_by(Call.operation)
        ).all()

    counts: dict[str, dict[str, int]] = {}
    for operation, *sums in sums_by_operation:
        counts[operation] = {}
        for column, total in zip(columns, sums, strict=True):
            counts[operation][column.key] = int(total)
    return counts


class _Planner:
    """Runs the steps of each job dry, and counts the calls to sources."""

    def __init__(
        self,
        db: Database,
        kind: DocumentKind[Any],
        parameters: Any,
        engine: Engine,
        settings: Settings,
    ) -> None:
        self._db, self._settings = db, settings
        self._kind, self._parameters = kind, parameters
        self._is_our_engine = engine.name.startswith(OUR_ENGINE.name)
        self._fetcher = DryRunFetcher(db, engine.name, engine.languages)
        # The calls by source and operation.
        self._source_calls: Counter[tuple[str, str]] = Counter()
        self._asked: Counter[Source] = Counter()
        self._jobs_without_data = 0
        self._plan = Plan(exact=self._is_our_engine)

    async def plan_job(self, job_name: str, newest_document: int | None) -> None:
        """Count the calls of a job; drop the data that it works on afterwards."""
        buffer = ResultBuffer(self._db, text_part_of(vars(self._parameters)))
        job = self._kind.plan_job(
            self._db,
            job_name,
            self._parameters,
            settings=self._settings,
            results=buffer,
            newest_document=newest_document,
        )
        for source, operation in job.source_calls:
            self._asked[source] += 1
            self._source_calls[source.name, operation] += 1

        self._plan.documents += job.documents
        if job.data is not None:
            steps = self._kind.pipeline.select(self._parameters.steps)
            await run_dry(self._fetcher, steps, job.data, buffer)
        elif not job.source_calls:
            self._jobs_without_data += 1

    def add_remarks(self) -> None:
        """Say what the figures leave out."""
        plan = self._plan
        plan.exact = plan.exact and not self._asked
        plan.remarks += describe_coder(self._parameters)
        plan.remarks += self._kind.describe_plan(
            self._parameters, self._settings, self._asked, self._jobs_without_data
        )
        if not self._is_our_engine:
            plan.remarks.append(
                f"{self._fetcher.engine} is not our engine: {_ESTIMATES[self._kind.unit]}"
            )

    def finish(self) -> Plan:
        """Return the plan with its sums and its time."""
        plan = self._plan
        calls_needed = Counter(self._source_calls)
        calls_to_make = Counter(self._source_calls)

        for operation, calls in self._fetcher.calls_needed.items():
            calls_needed[SERVICE, operation] += calls
            calls_to_make[SERVICE, operation] += self._fetcher.calls_to_make[operation]

        plan.calls_needed = calls_needed.total()
        plan.calls_to_make = calls_to_make.total()
        plan.calls_answered = plan.calls_needed - plan.calls_to_make
        for service, operation in sorted(calls_needed):
            plan.needed_by_operation[operation] = calls_needed[service, operation]
            plan.by_operation[operation] = calls_to_make[service, operation]

        self._find_binding_limit(calls_to_make)
        return plan

    def _find_binding_limit(self, calls_to_make: Counter[tuple[str, str]]) -> None:
        plan = self._plan
        calls_by_service: Counter[str] = Counter()
        for (service, _), calls in calls_to_make.items():
            calls_by_service[service] += calls

        for service, calls in sorted(calls_by_service.items()):
            windows = parse_limits(getattr(self._settings, f"{service}_limits"))
            seconds, limit = time_at_limits(windows, calls)
            if limit and seconds > plan.seconds:
                plan.seconds, plan.binding_limit, plan.binding_service = seconds, limit, service

        if plan.binding_limit:
            ends_at = datetime.fromtimestamp(time.time() + plan.seconds, UTC)
            plan.ends_at = ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def time_at_limits(windows: Sequence[Window], calls: int) -> tuple[float, str | None]:
    """Return the seconds until the last of *calls* may be made, and the limit that binds.

    The calls of a window may be made as soon as the shorter windows allow them, the next calls when
    the window is over. Returns 0 and None if no limit binds.
    """
    seconds, binding, longest = 0.0, None, 0.0

    for window in sorted(windows, key=lambda window: window.seconds, reverse=True):
        full_windows = max(math.ceil(calls / window.calls) - 1, 0)
        calls -= full_windows * window.calls
        spent = float(full_windows * window.seconds)
        if window.seconds < LONG_WINDOW_SECONDS:
            # Calls are spaced evenly in a short window.
            spent += calls / window.calls * window.seconds
        if spent > longest:
            binding, longest = str(window), spent
        seconds += spent

    return seconds, binding
