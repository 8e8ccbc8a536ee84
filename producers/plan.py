"""What a run would ask, before anything is asked: documents, calls, time at the limits, and the limit that binds."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from core.enums import JobKind
from core.errors import UsageError
from core.rate_limit_notation import LONG_WINDOW_SECONDS, Window, parse_limits
from core.settings import Settings
from models.answers import known_keys
from models.crawls import COMPLETE, Crawled, found_before, read_crawl
from models.database import Database
from models.documents import Text, archive_size, posts_of, texts_of
from models.parameters import (
    HandlesParameters,
    MonthsParameters,
    SearchParameters,
    TrainingParameters,
    months,
    read,
)
from models.runs import get_run
from models.tables import Call, Job
from producers.dry_run import Mentions, requests_of_posts
from producers.months import month_batches, month_days
from producers.posts import stored_matches
from sources.registry import account_source, default_archive, search_source
from sources.source import Source
from textapi.requests import (
    SERVICE,
    ApiRequest,
)

OWN_ENGINE = "tidings"  # engines whose names begin so have the matcher that plan runs itself

Planned = MonthsParameters | HandlesParameters | SearchParameters


@dataclass
class Plan:
    """Figures of `tidings plan`; *exact* says whether the calls will be just these where nothing fails.

    `needed_by_operation` and `by_operation` are the calls in all and those still to be made; what is asked of sources
    is counted with what is asked of the Text API.
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
        """The figures by name."""
        return asdict(self)


class _Planner:
    """Counts questions, each answer wanted once however often it is asked for, and what sources are asked."""

    def __init__(
        self, db: Database, engine: str, settings: Settings, up_to: Mapping[str, int]
    ) -> None:
        self._up_to = (
            up_to  # by the names of jobs that have looked: the newest document that is theirs
        )
        self.plan = Plan(exact=engine.startswith(OWN_ENGINE))
        self._db, self._engine, self._settings = db, engine, settings
        self._needed: Counter[tuple[str, str]] = Counter()  # (service, operation)
        self._to_make: Counter[tuple[str, str]] = Counter()
        self._asked: set[bytes] = set()

    def months(self, parameters: MonthsParameters) -> None:
        """Count a run over months; no more than a day is held."""
        without, archive = 0, default_archive()
        for period in months(parameters.first, parameters.last):
            with self._db.read() as connection:
                stored = archive_size(connection, period, up_to=self._up_to.get(period))
                crawled = read_crawl(connection, archive.name, period)
            if period not in self._up_to:
                without += self._is_without_documents(archive, period, stored, crawled)
            if stored:
                self._month(parameters, period)
        if without:
            self._remark(
                f"{without:,} months without documents will end as no-data: import them, or set {archive.key_variable}"
            )
        if fetched := self._to_fetch(archive.name):
            self._remark(
                f"{fetched:,} months are to be fetched first: what is asked of their texts is not counted"
            )
            self.plan.exact = False
        if not self._engine.startswith(OWN_ENGINE):
            self._remark(
                f"{self._engine} is not our engine: keyword calls are exact, the others are what our own matcher would"
                " lead to"
            )

    def _is_without_documents(
        self, source: Source, period: str, stored: int, crawled: Crawled | None
    ) -> bool:
        """Count the fetching of a month; whether it will have no documents for want of a key."""
        archive = source.archive
        if archive is None or not archive.is_to_be_fetched(
            period,
            stored=stored,
            complete=crawled is not None and crawled.state == COMPLETE,
            fetched_at=crawled.at if crawled else None,
            now=time.time(),
        ):
            return False
        if source.is_available(self._settings):
            self._fetch(source.name, archive.operation)
            return False
        return not stored

    def posts(self, parameters: HandlesParameters | SearchParameters, names: Sequence[str]) -> None:
        """Count a run over accounts or terms; one account's posts are held, as the job that works on it does."""
        crawled: Counter[Source] = Counter()
        for name in names:
            if isinstance(parameters, HandlesParameters):
                handle = name.removeprefix("@")
                source = account_source(handle, parameters.source, self._settings)
                reader = source.account if source else None
                with self._db.read() as connection:
                    posts = posts_of(
                        connection, handle, parameters.source, up_to=self._up_to.get(name)
                    )
            else:
                source = search_source(parameters.source, self._settings)
                reader = source.search if source else None
                posts = _posts_on(self._db, name, parameters.source, self._up_to.get(name))
            if source is not None and reader is not None:
                crawled[source] += 1
                self._fetch(source.name, reader.operation)
            self.plan.documents += len(posts)
            self._add(requests_of_posts(self._engine, posts, parameters))
        for source, subjects in crawled.items():
            self._remark(
                f"{source.name} is asked for {subjects:,}, a call at least for each: what is new is not counted"
            )
            self.plan.exact = False
        for source, subjects in crawled.items():
            if price := source.price_per_post(self._settings):
                self._remark(_price(source.name, subjects, parameters.limit, price))
        if not self._engine.startswith(OWN_ENGINE):
            self._remark(
                f"{self._engine} is not our engine: summaries of summaries are what our own would lead to"
            )

    def finished(self) -> Plan:
        """The plan with its sums and its time."""
        plan, ordered = self.plan, sorted(self._needed)
        plan.calls_needed = self._needed.total()
        plan.calls_to_make = self._to_make.total()
        plan.calls_answered = plan.calls_needed - plan.calls_to_make
        plan.by_operation = {
            operation: self._to_make[service, operation] for service, operation in ordered
        }
        plan.needed_by_operation = {
            operation: self._needed[service, operation] for service, operation in ordered
        }
        for service in sorted({service for service, _ in ordered}):
            windows = parse_limits(getattr(self._settings, f"{service}_limits"))
            seconds, limit = time_at(windows, self._to_fetch(service))
            if limit and seconds > plan.seconds:
                plan.seconds, plan.binding_limit, plan.binding_service = seconds, limit, service
        if plan.binding_limit:
            ends = datetime.fromtimestamp(time.time() + plan.seconds, UTC)
            plan.ends_at = ends.strftime("%Y-%m-%dT%H:%M:%SZ")
        return plan

    def _month(self, parameters: MonthsParameters, period: str) -> None:
        up_to = self._up_to.get(period)
        self._add(month_batches(self._db, self._engine, parameters, period, up_to=up_to))
        found = Mentions(parameters, period)
        for texts in month_days(self._db, parameters, period, up_to=up_to):
            self.plan.documents += len(texts)
            found.add(self._db, self._engine, texts)
        self._add(found.questions(self._engine))

    def _add(self, questions: Iterable[ApiRequest]) -> None:
        for question in questions:
            new = [key for key in question.keys if key not in self._asked]
            if not new:
                continue
            self._asked.update(new)
            with self._db.read() as connection:
                known = known_keys(connection, new)
            self._needed[SERVICE, question.operation] += 1
            self._to_make[SERVICE, question.operation] += len(known) < len(new)

    def _fetch(self, service: str, operation: str) -> None:
        self._needed[service, operation] += 1
        self._to_make[service, operation] += 1

    def _to_fetch(self, service: str) -> int:
        return sum(calls for (of, _), calls in self._to_make.items() if of == service)

    def _remark(self, remark: str) -> None:
        self.plan.remarks.append(remark)


def plan_run(
    db: Database,
    parameters: Planned,
    names: Sequence[str],
    *,
    engine: str,
    settings: Settings,
    up_to: Mapping[str, int] | None = None,
) -> Plan:
    """Count what a run would ask; nothing is asked. *names*: those of its jobs that have no months.

    *up_to*: the newest document of each job that has looked already, by its name.
    """
    planner = _Planner(db, engine, settings, up_to or {})
    if isinstance(parameters, MonthsParameters):
        planner.months(parameters)
    else:
        planner.posts(parameters, names)
    return planner.finished()


def plan_again(db: Database, run_id: int, *, engine: str, settings: Settings) -> Plan:
    """What a run that was submitted needs. Raises `NotFound`, and `UsageError` for one that asks nothing."""
    with db.read() as connection:
        parameters = read(get_run(connection, run_id).parameters)
        jobs = connection.execute(
            select(Job.name, Job.newest_document).where(
                Job.run_id == run_id, Job.kind != JobKind.REPORT
            )
        ).all()
    if isinstance(parameters, TrainingParameters):
        raise UsageError(f"run {run_id} trains networks: it asks nothing")
    up_to = {name: newest for name, newest in jobs if newest is not None}
    return plan_run(
        db, parameters, [name for name, _ in jobs], engine=engine, settings=settings, up_to=up_to
    )


def call_counts(db: Database, run_id: int) -> dict[str, dict[str, int]]:
    """What a run has asked so far, by operation: calls, and of these the retries and those that may be repeated."""
    with db.read() as connection:
        get_run(connection, run_id)
        rows = connection.execute(
            select(
                Call.operation,
                func.sum(Call.calls),
                func.sum(Call.retries),
                func.sum(Call.maybe_twice),
                func.sum(Call.answers_reused),
            )
            .where(Call.run_id == run_id)
            .group_by(Call.operation)
            .order_by(Call.operation)
        ).all()
    names = ("calls", "retries", "maybe_twice", "answers_reused")
    return {
        operation: dict(zip(names, map(int, counts), strict=True)) for operation, *counts in rows
    }


def _price(service: str, subjects: int, limit: int | None, price: float) -> str:
    if limit is None:
        return f"a post read of {service} costs {price:g}: --limit bounds how many are read"
    return (
        f"{service}: at most {limit * subjects:,} posts, which cost {limit * subjects * price:,.2f}"
    )


def _posts_on(db: Database, name: str, source: str | None, up_to: int | None) -> list[Text]:
    with db.read() as connection:
        ids = set(found_before(connection, name))
        after: int | None = 0
        while after is not None:
            after, some = stored_matches(connection, name.removeprefix("search:"), after, source)
            ids.update(some)
        return texts_of(
            connection, sorted(number for number in ids if up_to is None or number <= up_to)
        )


def time_at(windows: Sequence[Window], calls: int) -> tuple[float, str | None]:
    """Seconds until the last of *calls* may be made, and the limit that says so; 0 and None where none does.

    A window's worth of calls may be made as soon as the shorter windows let it, the next when the window is over.
    """
    seconds, binding, most = 0.0, None, 0.0
    for window in sorted(windows, key=lambda window: window.seconds, reverse=True):
        full = max(math.ceil(calls / window.calls) - 1, 0)
        calls -= full * window.calls
        spent = float(full * window.seconds)
        if window.seconds < LONG_WINDOW_SECONDS:
            spent += calls / window.calls * window.seconds  # within a short window calls are spaced
        if spent > most:
            binding, most = str(window), spent
        seconds += spent
    return seconds, binding
