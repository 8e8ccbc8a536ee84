"""The table `calls`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from sqlalchemy import func, select

from core.prices import MICRO
from models.tables import Call, Run
from reports.data import export_schema as schema
from reports.data.queries import fetch_all
from reports.data.run_data import RunData


@dataclass(frozen=True, slots=True)
class CallRow:
    """Calls that the run made, by service and operation."""

    run: schema.RunNumber
    service: Annotated[str, "textapi, model, or the name of a source."]
    operation: Annotated[str, "What was asked of the service."]
    calls: Annotated[int, "Attempts that were sent, retries among them."]
    answers_reused: Annotated[int, "Answers that were there already and cost no call."]
    retries: Annotated[int, "Attempts after a failed one."]
    maybe_twice: Annotated[
        int, "Calls repeated because nobody knows whether the first was answered."
    ]
    seconds: Annotated[
        float | None, "Time spent waiting for answers, all calls together.", schema.SECONDS
    ]
    tokens_in: Annotated[int | None, "Tokens of the prompts; null if the service counts none."]
    tokens_out: Annotated[int | None, "Tokens of the answers."]
    tokens_cached: Annotated[int | None, "Of `tokens_in`, those that the service had cached."]
    tokens_reasoning: Annotated[int | None, "Of `tokens_out`, those that no answer shows."]
    cost: Annotated[float | None, "What the answered calls cost."]
    charged: Annotated[
        float | None, "The same, and the most that calls without an answer can have cost."
    ]
    currency: Annotated[str | None, "The currency of both; null if nothing is paid."]


def read_calls(
    run: RunData,
    job_names: Collection[str] | None = None,  # noqa: ARG001 - calls are counted for the whole run
) -> Iterator[CallRow]:
    """Yield a row per service and operation, over all minutes and credentials."""
    counts = (Call.calls, Call.answers_reused, Call.retries, Call.maybe_twice, Call.seconds)
    weights = (Call.tokens_in, Call.tokens_out, Call.tokens_cached, Call.tokens_reasoning)
    costs = (Call.cost, Call.charged_cost)
    sums = [func.sum(column).label(column.key) for column in (*counts, *weights, *costs)]
    statement = (
        select(Call.service, Call.operation, *sums)
        .where(Call.run_id == run.id)
        .group_by(Call.service, Call.operation)
    )
    ((currency,),) = fetch_all(run.db, select(Run.currency).where(Run.id == run.id))

    call_rows = []
    for call in fetch_all(run.db, statement):
        finite = schema.finite(call.seconds)
        is_paid = call.charged_cost is not None and currency is not None
        call_row = CallRow(
            run=run.id,
            service=call.service,
            operation=call.operation,
            calls=int(call.calls),
            answers_reused=int(call.answers_reused),
            retries=int(call.retries),
            maybe_twice=int(call.maybe_twice),
            seconds=None if finite is None else round(finite, 3),
            tokens_in=_whole(call.tokens_in),
            tokens_out=_whole(call.tokens_out),
            tokens_cached=_whole(call.tokens_cached),
            tokens_reasoning=_whole(call.tokens_reasoning),
            cost=int(call.cost or 0) / MICRO if is_paid else None,
            charged=int(call.charged_cost) / MICRO if is_paid else None,
            currency=currency if is_paid else None,
        )
        call_rows.append(call_row)

    yield from CALLS.sort(call_rows)


def _whole(total: Any) -> int | None:
    """Return a sum, which PostgreSQL gives as a decimal number."""
    return None if total is None else int(total)


CALLS = schema.Table("calls", CallRow, read_calls, schema.TEXT_RUNS, key=("service", "operation"))
