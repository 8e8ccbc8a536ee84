"""The table `calls`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import func, select

from models.tables import Call
from reports.data import export_schema as schema
from reports.data.queries import fetch_all
from reports.data.run_data import RunData


@dataclass(frozen=True, slots=True)
class CallRow:
    """Calls that the run made, by service and operation."""

    run: schema.RunNumber
    service: Annotated[str, "textapi, or the name of a source."]
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


def read_calls(
    run: RunData,
    job_names: Collection[str] | None = None,  # noqa: ARG001 - calls are counted for the whole run
) -> Iterator[CallRow]:
    """Yield a row per service and operation, over all minutes and credentials."""
    counts = (Call.calls, Call.answers_reused, Call.retries, Call.maybe_twice, Call.seconds)
    statement = (
        select(Call.service, Call.operation, *[func.sum(count) for count in counts])
        .where(Call.run_id == run.id)
        .group_by(Call.service, Call.operation)
    )
    call_rows = []
    for service, operation, calls, reused, retries, twice, seconds in fetch_all(run.db, statement):
        finite = schema.finite(seconds)
        call_row = CallRow(
            run=run.id,
            service=service,
            operation=operation,
            calls=int(calls),
            answers_reused=int(reused),
            retries=int(retries),
            maybe_twice=int(twice),
            seconds=None if finite is None else round(finite, 3),
        )
        call_rows.append(call_row)
    yield from CALLS.sort(call_rows)


CALLS = schema.Table("calls", CallRow, read_calls, schema.TEXT_RUNS, key=("service", "operation"))
