"""Submitting a run: its parameters become a run with its jobs, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from analysis.kinds import kind_named
from analysis.options import TextOptions
from core.enums import QUEUE_REPORTS, JobKind
from core.errors import UsageError
from core.prices import Money, parse_price
from models.database import Database
from models.runs import LOOK_JOB, NewJob, create_run


def submit_run(
    db: Database,
    parameters: Any,
    names: Sequence[str],
    *,
    name: str | None = None,
    max_calls: int | None = None,
    max_cost: Money | None = None,
    mask: bytes | None = None,
    with_report: bool = True,
    person: str | None = None,
    purse: str | None = None,
    on_equal: Callable[[int], None] | None = None,
) -> int:
    """Write the run and its jobs and return its id. *names* are the names of its subjects.

    *person* and *purse* are charged what it costs. With *on_equal* an equal run is taken, as
    `create_run` says. Raises `UsageError` if *max_cost* is a cap on nothing, or if there is no such
    purse.
    """
    currency = check_cap(parameters, max_cost)
    jobs = kind_named(parameters.kind).new_jobs(parameters, names)
    if isinstance(parameters, TextOptions) and (parameters.half_width or parameters.find):
        jobs.append(NewJob(JobKind.REPORT, LOOK_JOB, {}, QUEUE_REPORTS))

    return create_run(
        db,
        kind=parameters.kind,
        name=name,
        parameters=parameters.model_dump(mode="json"),
        jobs=jobs,
        max_calls=max_calls,
        max_cost=None if max_cost is None else max_cost.micro,
        currency=currency,
        mask=mask,
        with_report=with_report,
        person=person,
        purse=purse,
        on_equal=on_equal,
    )


def check_cap(parameters: Any, max_cost: Money | None) -> str | None:
    """Return the currency in which a run pays a language model; None if it pays none.

    Raises `UsageError` if *max_cost* is in another one, or a cap on nothing.
    """
    model = parameters.model if isinstance(parameters, TextOptions) else None
    price = parse_price("" if model is None else model.price)
    if max_cost is not None and price.is_free:
        raise UsageError(
            f"--max-cost {max_cost}: such a run costs nothing; set TIDINGS_MODEL_PRICE if a "
            "language model codes it, or leave the cap out"
        )

    if max_cost is not None and max_cost.currency != price.currency:
        raise UsageError(
            f"--max-cost {max_cost}: TIDINGS_MODEL_PRICE is in {price.currency}: give the cap in "
            "it, too"
        )

    return price.currency or None
