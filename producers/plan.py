"""The plan of a run: its documents and calls, the time at the limits and the binding limit."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from analysis.kinds import document_kind_named
from analysis.kinds.coding import describe_coder
from analysis.kinds.kind import DocumentKind
from analysis.options import SAMPLE, SEARCHED
from analysis.steps import codes
from core.ratelimit.notation import ONE_CALL
from core.settings import Settings
from language_models import completion
from models.database import Database
from models.documents import text_part_of
from models.runs import NewJob
from models.shared_settings import with_shared_limits
from models.tables import Mention
from producers.dry_run import OUR_ENGINE, DryRunFetcher, ResultBuffer, run_dry
from producers.forecast import Forecast, time_at_limits
from producers.model_costs import CostPlan, plan_model
from producers.run_forecasts import forecast_calls, limits_in_force
from sources.source import Source
from textapi.messages import SERVICE, Engine

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


def plan_run(
    db: Database,
    parameters: Any,
    names: Sequence[str],
    *,
    engine: Engine,
    settings: Settings,
    on_progress: OnProgress = lambda _done, _jobs: None,
    size_sample: SizeSample | None = None,
) -> CallPlan:
    """Count the calls that a run will make, without making any.

    *names* are the names of its subjects. *size_sample* says how large a sample gets whose size the
    parameters do not tell. *on_progress* gets the number of planned jobs, and the number of all
    jobs.
    """
    kind = document_kind_named(parameters.kind)
    planner = _Planner(db, kind, parameters, engine, settings, size_sample=size_sample)
    jobs = kind.new_jobs(parameters, names)

    async def plan_jobs() -> None:
        for done, job in enumerate(jobs):
            on_progress(done, len(jobs))
            await planner.plan_job(job)

        on_progress(len(jobs), len(jobs))

    asyncio.run(plan_jobs())
    planner.add_remarks()
    return planner.finish()


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

        operation, remarks = completion.OPERATION, self._plan.remarks
        if parameters.coded_part == SAMPLE:
            size = parameters.sample_size
            if parameters.half_width is not None and self._size_sample is not None:
                size = self._size_sample(self._texts)

            for counts in (fetcher.calls_needed, fetcher.calls_to_make):
                counts[operation] = min(counts[operation], size)

            fetcher.model_requests.limit(size)
            self._plan.exact = False
            remarks.append(
                "which texts the sample has is known when the keywords are: the model is asked "
                "about so many at most"
            )

        if parameters.coded_part == SEARCHED:
            self._plan.exact = False
            remarks.append(
                "the search ends when its recall is known: the model is asked about so many at most"
            )

        self._plan.model = plan_model(
            self._db,
            fetcher.model_requests,
            parameters,
            self._settings.model_price,
            answered=fetcher.calls_needed[operation] - fetcher.calls_to_make[operation],
        )
        if parameters.batch:
            remarks.append("what batches ask may take up to a day, and waits for no limit")

        remarks.append(
            "the bound is that of one answer about each text: what is refused, cut off or invalid "
            "is asked again, twice at most, and what is not answered, too; --max-cost bounds all"
        )

    def _find_binding_limit(self, calls_to_make: Counter[tuple[str, str]]) -> None:
        plan = self._plan
        calls_by_service: Counter[str] = Counter()
        for (service, _), calls in calls_to_make.items():
            calls_by_service[service] += calls

        model_weights = ONE_CALL if plan.model is None else plan.model.call_weights
        for service, calls in sorted(calls_by_service.items()):
            is_model = service == completion.SERVICE
            seconds, limit = time_at_limits(
                limits_in_force(self._settings, service),
                # Batches wait for no limit.
                0 if is_model and self._parameters.batch else calls,
                model_weights if is_model else ONE_CALL,
            )
            if limit and seconds > plan.seconds:
                plan.seconds, plan.binding_limit, plan.binding_service = seconds, limit, service

        foretold = forecast_calls(self._db, self._settings, calls_by_service, model_weights)
        plan.forecast = foretold if isinstance(foretold, Forecast) else None
        if plan.binding_limit:
            ends_at = datetime.fromtimestamp(time.time() + plan.seconds, UTC)
            plan.ends_at = ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")
