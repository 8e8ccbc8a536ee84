"""What a step is, what it needs, does and stores, and what a pipeline of steps is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection

from analysis.fetcher import Fetcher
from core.enums import DOCUMENTS, StepState
from language_models import completion
from models.results import replace_rows
from models.tables import Base
from textapi import messages
from textapi.requests import AnswerKey, KeywordKey

Rows = Mapping[type[Base], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class BadAnswers:
    """Answers in the ledger that are so bad that the step fails, and the reason."""

    reason: str
    keys: Collection[KeywordKey]


@dataclass(frozen=True)
class StepResult:
    """The result of a step: how many documents it worked on, and its rows by table.

    The rows lack `job_id`, which is added when they are stored. *remark* says what a complete step
    left out, *no_data_reason* why there was nothing to work on.
    """

    documents: int
    rows: Rows
    no_data_reason: str | None = None
    remark: str | None = None
    bad_answers: BadAnswers | None = None

    # The keys of the answers that are refusals.
    refused: tuple[AnswerKey, ...] = ()

    @property
    def state(self) -> StepState:
        """The state of the step."""
        return StepState.NO_DATA if self.no_data_reason else StepState.COMPLETE

    @property
    def reason(self) -> str | None:
        """What a reader of the coverage should know."""
        return self.no_data_reason or self.remark


@dataclass(frozen=True)
class NotReady:
    """A step needs the work of other jobs of the run, which is not done yet.

    *are_documents* says that nothing but their documents is needed.
    """

    reason: str
    are_documents: bool = True


def store_rows(connection: Connection, job_id: int, rows: Rows) -> None:
    """Replace the job's rows in each table."""
    for table, table_rows in rows.items():
        replace_rows(connection, job_id, table, table_rows)


class StoreRows(Protocol):
    """Stores the rows of a step for a job."""

    def __call__(self, connection: Connection, job_id: int, rows: Rows) -> None:
        """Replace the rows that the job has."""


@dataclass(frozen=True)
class Step:
    """One step of a pipeline.

    *run* gets the job's data (`MonthData` or `PostData`) and a fetcher, and stores nothing.
    *needs* names the steps whose rows it reads; steps that need none of each other run at once.
    *tables* hold its rows, which go when a document of the job is erased.
    """

    name: str
    run: Callable[[Any, Fetcher], Awaitable[StepResult | NotReady]]
    tables: tuple[type[Base], ...]
    needs: tuple[str, ...] = ()
    makes_calls: bool = True

    # Whether the run's coder does it, which makes calls if it is a model.
    is_by_coder: bool = False
    store: StoreRows = store_rows

    def service(self, data: Any) -> str | None:
        """Return the service that it asks about a job's data; None if it asks none."""
        if self.is_by_coder:
            return completion.SERVICE if data.options.has_model_coder else None
        return messages.SERVICE if self.makes_calls else None


@dataclass(frozen=True)
class Pipeline:
    """The steps of a kind of job in their order; *optional* steps run only if they are named."""

    steps: tuple[Step, ...]
    optional: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all steps."""
        return tuple(step.name for step in self.steps)

    @property
    def default_names(self) -> tuple[str, ...]:
        """The names of the steps that are done by default."""
        return tuple(step_name for step_name in self.names if step_name not in self.optional)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of a job in the order of work: its documents, then the steps."""
        return (DOCUMENTS, *self.names)

    def sort_names(self, names: Collection[str]) -> tuple[str, ...]:
        """Return *names* in the order of work. Raises ValueError for what is no step."""
        unknown = [step_name for step_name in names if step_name not in self.names]
        if unknown:
            raise ValueError(f"there is no step {unknown[0]}: choose of {', '.join(self.names)}")

        return tuple(step_name for step_name in self.names if step_name in names)

    def select(self, names: Collection[str], completed: Collection[str] = ()) -> list[Step]:
        """Return the steps called *names* that are not *completed*, in the order of work."""
        return [step for step in self.steps if step.name in names and step.name not in completed]

    def stages(self, steps: Sequence[Step]) -> Iterator[list[Step]]:
        """Yield *steps* in groups that can run at once: each needs none of its own group."""
        remaining = list(steps)

        while remaining:
            unfinished = {step.name for step in remaining}
            stage = [step for step in remaining if unfinished.isdisjoint(step.needs)]
            yield stage
            remaining = [step for step in remaining if step not in stage]
