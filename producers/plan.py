"""The plan of a run: its documents and calls, the time at the limits and the binding limit."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import func, select

from analysis.kinds import document_kind_named, kind_named
from analysis.kinds.coding import describe_coder
from analysis.kinds.kind import DocumentKind
from analysis.options import SAMPLE, SEARCHED
from analysis.steps import codes
from core.errors import UsageError
from core.prices import parse_price
from core.ratelimit.notation import (
    LONG_WINDOW_SECONDS,
    NO_WEIGHTS,
    LimitUnit,
    Window,
    parse_limits,
)
from core.settings import Settings
from language_models import completion
from models.costs import read_prompt_uses
from models.database import Database
from models.documents import text_part_of
from models.runs import NewJob, get_run
from models.shared_settings import with_shared_limits
from models.tables import IS_REPORT, Call, Job, Mention
from producers.dry_run import DryRunFetcher, ResultBuffer, run_dry
from producers.forecast import Forecast
from producers.model_costs import CostPlan, plan_costs
from producers.run_forecasts import forecast_calls
from sources.source import Source
from textapi.engine.summary import LANGUAGES
from textapi.messages import SERVICE, Engine

# Our own engine; those whose names begin with this match keywords as the dry run does.
OUR_ENGINE = Engine("tidings", LANGUAGES)

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class JobTexts:
    """What a dry run found of a job: its documents, and those with a mention, by keyword.

    *mentioning* are documents with any keyword, *mentions* sentences with one, each once a keyword.
    """

    # The month of its documents; "" of an account.
    month: str
    documents: int
    mentioning_by_keyword: Mapping[str, int]
    mentioning: int
    mentions: int


#: It returns how many texts a sample will have that grows until its shares are known.
SizeSample = Callable[[Sequence[JobTexts]], int]


@dataclass
class CallPlan:
    """The calls that a run would make."""

    documents: Annotated[int, "Documents of all jobs."] = 0
    calls_needed: Annotated[int, "Calls that the run needs in all."] = 0
    calls_answered: Annotated[int, "Those of them whose answers are stored."] = 0
    calls_to_make: Annotated[int, "The others."] = 0

    # Calls to sources are among the calls to make.
    by_operation: Annotated[dict[str, int], "Calls to make, by operation."] = field(
        default_factory=dict
    )
    needed_by_operation: Annotated[dict[str, int], "Calls needed, by operation."] = field(
        default_factory=dict
    )
    seconds: Annotated[float, "Time at the limits; 0 if none binds."] = 0.0
    ends_at: Annotated[str | None, "When that time is over, if it began now."] = None
    binding_limit: Annotated[str | None, "The limit that decides the time."] = None
    forecast: Annotated[
        Forecast | None, "When it would be done if it began now; null if nobody can tell."
    ] = None
    binding_service: Annotated[str | None, "The service that it is of."] = None
    exact: Annotated[bool, "Whether the calls will be exactly these if nothing fails."] = True
    model: Annotated[CostPlan | None, "Null if the run asks no language model."] = None
    remarks: Annotated[list[str], "What the figures leave out."] = field(default_factory=list)


@dataclass(frozen=True)
class OperationCalls:
    """The calls of an operation."""

    calls: Annotated[int, "Calls made."] = 0
    retries: Annotated[int, "Those that were repeated after a failure."] = 0
    maybe_twice: Annotated[int, "Those that may have been made twice."] = 0
    answers_reused: Annotated[int, "Answers that were stored already."] = 0


@dataclass(frozen=True)
class PlanComparison:
    """What a run needs, beside what it has asked."""

    run: Annotated[int, "Number of the run."]
    planned: CallPlan
    made: Annotated[dict[str, OperationCalls], "By operation."]


def plan_run(
    db: Database,
    parameters: Any,
    names: Sequence[str],
    *,
    engine: Engine,
    settings: Settings,
    newest_documents: Mapping[str, int] | None = None,
    on_progress: OnProgress = lambda _done, _jobs: None,
    size_sample: SizeSample | None = None,
) -> CallPlan:
    """Count the calls that a run will make, without making any.

    *names* are the names of its subjects. *newest_documents* are the newest documents of the jobs
    that have settled them, by the jobs' names. *size_sample* says how large a sample gets whose
    size the parameters do not tell. *on_progress* gets the number of planned jobs, and
    the number of all jobs.
    """
    kind = document_kind_named(parameters.kind)
    planner = _Planner(db, kind, parameters, engine, settings, size_sample=size_sample)
    jobs = kind.new_jobs(parameters, names)

    async def plan_jobs() -> None:
        for done, job in enumerate(jobs):
            on_progress(done, len(jobs))
            newest = (newest_documents or {}).get(job.name)
            scope = replace(job.scope, newest_document=newest)
            await planner.plan_job(replace(job, scope=scope))

        on_progress(len(jobs), len(jobs))

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
) -> CallPlan:
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


def call_counts(db: Database, run_id: int) -> dict[str, OperationCalls]:
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

    return {operation: OperationCalls(*map(int, sums)) for operation, *sums in sums_by_operation}


def _count_texts(
    job: NewJob, documents: int, mention_rows: Sequence[Mapping[str, Any]]
) -> JobTexts:
    units = {(row["keyword"], row["document_id"], row["position"]) for row in mention_rows}
    pairs = {(keyword, document) for keyword, document, _ in units}
    return JobTexts(
        month=next(iter(job.scope.months), ""),
        documents=documents,
        mentioning_by_keyword=Counter(keyword for keyword, _ in pairs),
        mentioning=len({document for _, document in pairs}),
        mentions=len(units),
    )


class _Planner:
    """Runs the steps of each job dry, and counts the calls to sources."""

    def __init__(
        self,
        db: Database,
        kind: DocumentKind[Any],
        parameters: Any,
        engine: Engine,
        settings: Settings,
        *,
        size_sample: SizeSample | None,
    ) -> None:
        self._db, self._settings = db, with_shared_limits(db, settings)
        self._size_sample = size_sample
        self._texts: list[JobTexts] = []
        self._kind, self._parameters = kind, parameters
        self._is_our_engine = engine.name.startswith(OUR_ENGINE.name)
        self._fetcher = DryRunFetcher(db, engine.name, engine.languages)
        self._model_fetcher = DryRunFetcher(db, parameters.coder or "", service=completion.SERVICE)
        # The calls by source and operation.
        self._source_calls: Counter[tuple[str, str]] = Counter()
        self._asked: Counter[Source] = Counter()
        self._jobs_without_data = 0
        self._plan = CallPlan(exact=self._is_our_engine)

    async def plan_job(self, job: NewJob) -> None:
        """Count the calls of a job; drop the data that it works on afterwards."""
        buffer = ResultBuffer(self._db, text_part_of(vars(self._parameters)))
        planned = self._kind.plan_job(
            self._db, job, self._parameters, settings=self._settings, results=buffer
        )
        for source, operation in planned.source_calls:
            self._asked[source] += 1
            self._source_calls[source.name, operation] += 1

        self._plan.documents += planned.documents
        if planned.data is not None:
            steps = self._kind.pipeline.select(self._parameters.steps)
            fetchers = {SERVICE: self._fetcher, completion.SERVICE: self._model_fetcher}
            await run_dry(fetchers, steps, planned.data, buffer)
            mentions = await buffer.rows(Mention)
            self._texts.append(_count_texts(job, planned.documents, mentions))
        elif not planned.source_calls:
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
            plan.remarks.append(f"{self._fetcher.engine} is not our engine: {self._kind.estimates}")

    def finish(self) -> CallPlan:
        """Return the plan with its sums and its time."""
        plan = self._plan
        calls_needed = Counter(self._source_calls)
        calls_to_make = Counter(self._source_calls)

        self._plan_model()
        for fetcher in (self._fetcher, self._model_fetcher):
            for operation, calls in fetcher.calls_needed.items():
                calls_needed[fetcher.service, operation] += calls
                calls_to_make[fetcher.service, operation] += fetcher.calls_to_make[operation]

        plan.calls_needed = calls_needed.total()
        plan.calls_to_make = calls_to_make.total()
        plan.calls_answered = plan.calls_needed - plan.calls_to_make
        for service, operation in sorted(calls_needed):
            plan.needed_by_operation[operation] = calls_needed[service, operation]
            plan.by_operation[operation] = calls_to_make[service, operation]

        self._find_binding_limit(calls_to_make)
        return plan

    def _plan_model(self) -> None:
        """Plan the tokens and the cost of a language model; of a sample as many as it has texts."""
        parameters, fetcher = self._parameters, self._model_fetcher
        if not parameters.has_model_coder or codes.NAME not in parameters.steps:
            return

        operation = completion.OPERATION
        if parameters.coded_part == SAMPLE:
            size = parameters.sample_size
            if parameters.half_width is not None and self._size_sample is not None:
                size = self._size_sample(self._texts)

            for counts in (fetcher.calls_needed, fetcher.calls_to_make):
                counts[operation] = min(counts[operation], size)

            fetcher.model_requests.limit(size)
            self._plan.exact = False
            self._plan.remarks.append(
                "which texts the sample has is known when the keywords are: the model is asked "
                "about so many at most"
            )

        if parameters.coded_part == SEARCHED:
            self._plan.exact = False
            self._plan.remarks.append(
                "the search ends when its recall is known: the model is asked about so many at most"
            )

        price_text = self._settings.model_price
        with self._db.read() as connection:
            uses = read_prompt_uses(connection, parameters.coder)

        price = parse_price(price_text)
        if parameters.batch:
            price = price.of_batches

        answered = fetcher.calls_needed[operation] - fetcher.calls_to_make[operation]
        costs = plan_costs(fetcher.model_requests, uses, price, price_text)
        self._plan.model = replace(costs, answered=answered)
        if parameters.batch:
            self._plan.remarks.append(
                "what batches ask may take up to a day, and waits for no limit"
            )

        self._plan.remarks.append(
            "the bound is that of one answer about each text: what is refused, cut off or invalid "
            "is asked again, twice at most, and what is not answered, too; --max-cost bounds all"
        )

    def _calls_at_once(self, calls: int) -> int:
        """Return how many of the model's *calls* are no lines of batches."""
        return 0 if self._parameters.batch else calls

    def _model_weights(self) -> Mapping[LimitUnit, float]:
        """Return what a call of the model takes of its limits: as expected, else at most."""
        model = self._plan.model
        if model is None or not model.calls:
            return NO_WEIGHTS

        figures = model.expected or model.bound
        tokens = (figures.tokens_in + figures.tokens_out) / model.calls
        return {LimitUnit.TOKENS: tokens, LimitUnit.COST: figures.cost / model.calls}

    def _find_binding_limit(self, calls_to_make: Counter[tuple[str, str]]) -> None:
        plan = self._plan
        calls_by_service: Counter[str] = Counter()
        for (service, _), calls in calls_to_make.items():
            calls_by_service[service] += calls

        for service, calls in sorted(calls_by_service.items()):
            windows = parse_limits(getattr(self._settings, f"{service}_limits"))
            is_model = service == completion.SERVICE
            seconds, limit = time_at_limits(
                windows,
                self._calls_at_once(calls) if is_model else calls,
                self._model_weights() if is_model else NO_WEIGHTS,
            )
            if limit and seconds > plan.seconds:
                plan.seconds, plan.binding_limit, plan.binding_service = seconds, limit, service

        foretold = forecast_calls(self._db, self._settings, calls_by_service, self._model_weights())
        plan.forecast = foretold if isinstance(foretold, Forecast) else None
        if plan.binding_limit:
            ends_at = datetime.fromtimestamp(time.time() + plan.seconds, UTC)
            plan.ends_at = ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def time_at_limits(
    windows: Sequence[Window], calls: float, weights: Mapping[LimitUnit, float] = NO_WEIGHTS
) -> tuple[float, str | None]:
    """Return the seconds until the last of *calls* may be made, and the limit that binds.

    The calls of a window may be made as soon as the shorter windows allow them, the next calls when
    the window is over. *weights* are what a call takes of windows of tokens and of cost. Returns 0
    and None if no limit binds.
    """
    seconds, binding, longest = 0.0, None, 0.0

    for window in sorted(windows, key=lambda window: window.seconds, reverse=True):
        weight = 1.0 if window.unit == LimitUnit.CALLS else weights.get(window.unit, 0.0)
        if not weight:
            continue

        calls_of_window = window.amount / weight
        full_windows = max(math.ceil(calls / calls_of_window) - 1, 0)
        calls -= full_windows * calls_of_window
        spent = float(full_windows * window.seconds)
        if window.seconds < LONG_WINDOW_SECONDS:
            # Calls are spaced evenly in a short window.
            spent += calls / calls_of_window * window.seconds

        if spent > longest:
            binding, longest = str(window), spent

        seconds += spent

    return seconds, binding
