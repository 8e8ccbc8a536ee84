"""What a run will ask, before it asks: documents, calls, time at the limits, the binding limit."""

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

from analysis.data import MonthData, PostData
from analysis.parameters import (
    HandlesParameters,
    MonthsParameters,
    SearchParameters,
    TextParameters,
    TrainingParameters,
    read_parameters,
)
from analysis.pipelines import JOB_KINDS, PIPELINES
from analysis.search import find_matching_posts
from core.enums import JobKind
from core.errors import UsageError
from core.quantities import quantity
from core.rate_limit_notation import LONG_WINDOW_SECONDS, Window, parse_limits
from core.settings import Settings
from models.crawls import COMPLETE, read_crawl
from models.database import Database
from models.documents import (
    DocumentScope,
    DocumentText,
    count_documents,
    documents_by_id,
    list_documents,
)
from models.origins import stored_periods
from models.runs import get_run
from models.tables import Call, Job
from producers.dry_run import DryRunFetcher, MentionBuffer, run_dry
from producers.submit import jobs_of
from sources.registry import account_source, search_source, source_named
from sources.source import Archive, PostReader, Source
from textapi.messages import SERVICE

OUR_ENGINE = "tidings"  # engines whose names begin so match keywords as the dry run does

PostParameters = HandlesParameters | SearchParameters
OnProgress = Callable[[int, int], None]


@dataclass
class Plan:
    """The figures of `tidings plan`.

    *exact* says whether the calls will be just these where nothing fails. *needed_by_operation*
    and *by_operation* are the calls in all and those still to be made, to sources as well.
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
    parameters: TextParameters,
    names: Sequence[str],
    *,
    engine: str,
    settings: Settings,
    newest_documents: Mapping[str, int] | None = None,
    on_progress: OnProgress = lambda _done, _jobs: None,
) -> Plan:
    """Count what a run will ask; nothing is asked.

    *names* are its handles or terms. *newest_documents* are those of the jobs that have settled
    their documents, by the jobs' names. *on_progress* gets the number of jobs that are through, and
    that of all.
    """
    planner = _Planner(db, engine, settings, newest_documents or {}, on_progress)

    if isinstance(parameters, MonthsParameters):
        asyncio.run(planner.plan_months(parameters))
    else:
        asyncio.run(planner.plan_posts(parameters, names))

    return planner.finish()


def plan_submitted_run(
    db: Database,
    run_id: int,
    *,
    engine: str,
    settings: Settings,
    on_progress: OnProgress = lambda _done, _jobs: None,
) -> Plan:
    """Count what a submitted run needs. Raises `NotFound`, and `UsageError` for a training."""
    with db.read() as connection:
        parameters = read_parameters(get_run(connection, run_id).parameters)
        jobs = connection.execute(
            select(Job.name, Job.newest_document).where(
                Job.run_id == run_id, Job.kind != JobKind.REPORT
            )
        ).all()

    if isinstance(parameters, TrainingParameters):
        raise UsageError(f"run {run_id} trains networks: it asks nothing")

    newest_documents = {name: newest for name, newest in jobs if newest is not None}
    return plan_run(
        db,
        parameters,
        [name for name, _ in jobs],
        engine=engine,
        settings=settings,
        newest_documents=newest_documents,
        on_progress=on_progress,
    )


def call_counts(db: Database, run_id: int) -> dict[str, dict[str, int]]:
    """Return what a run has asked so far, by operation. Raises `NotFound`."""
    columns = (Call.calls, Call.retries, Call.maybe_twice, Call.answers_reused)

    with db.read() as connection:
        get_run(connection, run_id)
        rows = connection.execute(
            select(Call.operation, *(func.sum(column) for column in columns))
            .where(Call.run_id == run_id)
            .group_by(Call.operation)
            .order_by(Call.operation)
        ).all()

    names = [column.key for column in columns]
    return {operation: dict(zip(names, map(int, sums), strict=True)) for operation, *sums in rows}


class _Planner:
    """Runs the steps of each job dry, and counts what sources are asked."""

    def __init__(
        self,
        db: Database,
        engine: str,
        settings: Settings,
        newest_documents: Mapping[str, int],
        on_progress: OnProgress,
    ) -> None:
        self._db, self._settings, self._on_progress = db, settings, on_progress
        self._newest_documents = newest_documents
        self._is_our_engine = engine.startswith(OUR_ENGINE)
        self._fetcher = DryRunFetcher(db, engine)
        self._source_calls: Counter[tuple[str, str]] = Counter()  # by source and operation
        self._plan = Plan(exact=self._is_our_engine)

    async def plan_months(self, parameters: MonthsParameters) -> None:
        """Count a run over months; no more than a month's mentions are held."""
        sources = list(map(source_named, parameters.sources))
        jobs = jobs_of(parameters, ())
        with self._db.read() as connection:
            periods = stored_periods(connection, parameters.sources)
        missing_months = 0

        for done, job in enumerate(jobs):
            self._on_progress(done, len(jobs))
            scope = self._scope(parameters, job.kind, job.name)
            stored = self._count(scope.of_all_kinds) if job.name in periods else 0
            is_fetched = [self._count_fetch(source, job.name) for source in sources]
            if not stored and not any(is_fetched):
                missing_months += 1
            if stored:
                self._plan.documents += self._count(scope)
                mentions = MentionBuffer(self._db)
                data = MonthData(
                    *(self._db, scope, parameters.keywords, parameters),
                    *(mentions, parameters.mask_keyword),
                )
                await run_dry(self._fetcher, PIPELINES[job.kind], parameters.steps, data)

        self._remark_on_months(sources, missing_months)

    async def plan_posts(self, parameters: PostParameters, names: Sequence[str]) -> None:
        """Count a run over accounts or terms; the posts of one of them are held at a time."""
        subjects: Counter[Source] = Counter()

        for done, name in enumerate(names):
            self._on_progress(done, len(names))
            source, operation = self._post_source(parameters, name)
            if source is not None:
                subjects[source] += 1
                self._source_calls[source.name, operation] += 1

            data = PostData(self._posts(parameters, name), parameters)
            self._plan.documents += len(data.posts)
            pipeline = PIPELINES[JOB_KINDS[parameters.kind]]
            await run_dry(self._fetcher, pipeline, parameters.steps, data)

        self._remark_on_posts(subjects, parameters.limit)

    def finish(self) -> Plan:
        """Return the plan with its sums and its time."""
        plan = self._plan
        needed = Counter(self._source_calls)
        to_make = Counter(self._source_calls)

        for operation, calls in self._fetcher.calls_needed.items():
            needed[SERVICE, operation] += calls
            to_make[SERVICE, operation] += self._fetcher.calls_to_make[operation]

        plan.calls_needed = needed.total()
        plan.calls_to_make = to_make.total()
        plan.calls_answered = plan.calls_needed - plan.calls_to_make
        for service, operation in sorted(needed):
            plan.needed_by_operation[operation] = needed[service, operation]
            plan.by_operation[operation] = to_make[service, operation]

        self._find_binding_limit(to_make)
        return plan

    def _find_binding_limit(self, to_make: Counter[tuple[str, str]]) -> None:
        plan = self._plan
        calls_by_service: Counter[str] = Counter()
        for (service, _), calls in to_make.items():
            calls_by_service[service] += calls

        for service, calls in sorted(calls_by_service.items()):
            windows = parse_limits(getattr(self._settings, f"{service}_limits"))
            seconds, limit = time_at_limits(windows, calls)
            if limit and seconds > plan.seconds:
                plan.seconds, plan.binding_limit, plan.binding_service = seconds, limit, service

        if plan.binding_limit:
            ends_at = datetime.fromtimestamp(time.time() + plan.seconds, UTC)
            plan.ends_at = ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _scope(self, parameters: TextParameters, kind: JobKind, name: str) -> DocumentScope:
        return DocumentScope.of_job(
            kind=kind,
            name=name,
            parameters=parameters.model_dump(),
            newest_document=self._newest_documents.get(name),
        )

    def _count(self, scope: DocumentScope) -> int:
        with self._db.read() as connection:
            return count_documents(connection, scope)

    def _count_fetch(self, source: Source, period: str) -> bool:
        """Count the call that fetches a month of an archive; return whether it is made."""
        archive = source.archive
        if archive is None or not source.is_available(self._settings):
            return False
        if not self._is_to_be_fetched(source.name, archive, period):
            return False
        self._source_calls[source.name, archive.operation] += 1
        return True

    def _is_to_be_fetched(self, name: str, archive: Archive, period: str) -> bool:
        if period in self._newest_documents:
            return False
        with self._db.read() as connection:
            stored = count_documents(connection, DocumentScope(JobKind.MONTH, period, (name,)))
            crawl = read_crawl(connection, name, period)
        return archive.is_to_be_fetched(
            period,
            stored=stored,
            complete=crawl is not None and crawl.state == COMPLETE,
            fetched_at=crawl.at if crawl else None,
            now=time.time(),
        )

    def _post_source(self, parameters: PostParameters, name: str) -> tuple[Source | None, str]:
        if isinstance(parameters, HandlesParameters):
            handle = name.removeprefix("@")
            source = account_source(handle, parameters.source, self._settings)
            reader: PostReader | None = source.account if source else None
        else:
            source = search_source(parameters.source, self._settings)
            reader = source.search if source else None
        return source, reader.operation if reader else ""

    def _posts(self, parameters: PostParameters, name: str) -> list[DocumentText]:
        with self._db.read() as connection:
            if isinstance(parameters, HandlesParameters):
                scope = self._scope(parameters, JobKind.HANDLE, name)
                return list_documents(connection, scope)
            newest = self._newest_documents.get(name)
            ids = find_matching_posts(connection, name, parameters.source)
            return documents_by_id(
                connection, sorted(i for i in ids if newest is None or i <= newest)
            )

    def _remark_on_months(self, sources: Sequence[Source], missing_months: int) -> None:
        remarks = self._plan.remarks
        if missing_months:
            keys = [source.key_variable for source in sources if source.key_variable]
            advice = f", or set {' or '.join(keys)}" if keys else ""
            remarks.append(
                f"{quantity(missing_months, 'month')} without documents will end as no-data: "
                f"import them{advice}"
            )
        if months_to_fetch := self._source_calls.total():
            remarks.append(
                f"to be fetched first: {quantity(months_to_fetch, 'month')}; "
                "what is asked of their texts is not counted"
            )
            self._plan.exact = False
        if not self._is_our_engine:
            remarks.append(
                f"{self._fetcher.engine} is not our engine: keyword calls are exact, "
                "the others are estimated with our own matcher"
            )

    def _remark_on_posts(self, subjects: Counter[Source], limit: int | None) -> None:
        remarks = self._plan.remarks
        for source, count in subjects.items():
            remarks.append(
                f"{source.name} is asked for {count:,}, a call at least for each: "
                "what is new is not counted"
            )
            self._plan.exact = False

        for source, count in subjects.items():
            if price := source.price_per_post(self._settings):
                remarks.append(_price_remark(source, count, limit, price))

        if not self._is_our_engine:
            remarks.append(
                f"{self._fetcher.engine} is not our engine: "
                "summaries of summaries are estimated with our own"
            )


def _price_remark(source: Source, subjects: int, limit: int | None, price: float) -> str:
    if limit is None:
        return f"a post read of {source.name} costs {price:g}: --limit bounds how many are read"
    posts = limit * subjects
    return f"{source.name}: at most {quantity(posts, 'post')}, for {posts * price:,.2f}"


def time_at_limits(windows: Sequence[Window], calls: int) -> tuple[float, str | None]:
    """Return the seconds until the last of *calls* may be made, and the limit that binds.

    A window's worth of calls may be made as soon as the shorter windows allow it, the next when
    the window is over. Returns 0 and None where no limit binds.
    """
    seconds, binding, longest = 0.0, None, 0.0

    for window in sorted(windows, key=lambda window: window.seconds, reverse=True):
        full_windows = max(math.ceil(calls / window.calls) - 1, 0)
        calls -= full_windows * window.calls
        spent = float(full_windows * window.seconds)
        if window.seconds < LONG_WINDOW_SECONDS:
            spent += calls / window.calls * window.seconds  # calls are spaced in a short window
        if spent > longest:
            binding, longest = str(window), spent
        seconds += spent

    return seconds, binding
