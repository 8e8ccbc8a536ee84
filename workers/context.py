"""A job at work: what its steps are given, and how they end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from core.enums import Step, StepState
from models.database import Database
from models.documents import newest_document
from models.jobs import Claim, fence, freeze_documents, newest_document_of, set_step, steps_done
from workers.runtime import Runtime

T = TypeVar("T")


class SliceEnded(Exception):
    """The slice is over and the job is not: it is queued again, and others get their turn."""


@dataclass
class JobContext:
    """A claimed job with the means to do it. Steps call `check` before anything long."""

    runtime: Runtime
    claim: Claim
    ends_at: float  # time.monotonic() at which the slice is over
    stopped: bool = field(default=False)  # the run was paused

    @property
    def db(self) -> Database:
        """The database."""
        return self.runtime.db

    @property
    def is_over(self) -> bool:
        """Whether nothing new should be begun in this slice."""
        return self.stopped or time.monotonic() >= self.ends_at

    def check(self) -> None:
        """Raises `SliceEnded` where the slice is over."""
        if self.is_over:
            raise SliceEnded

    async def reading(self, query: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Run ``query(connection, *arguments, **named)`` in a thread: the loop goes on meanwhile."""

        def read() -> T:
            with self.db.read() as connection:
                return query(connection, *arguments, **named)

        return await asyncio.to_thread(read)

    async def writing(self, *changes: Callable[[Connection], None], progress: bool = False) -> None:
        """Run the *changes* in one fenced transaction, in a thread. Raises `LeaseLost`.

        *progress* says that they are new, and no repetition of what an earlier claim did: crashes before do not count.
        """

        def write() -> None:
            with self.db.write() as connection:
                fence(connection, self.claim, progress=progress)
                for change in changes:
                    change(connection)

        await asyncio.to_thread(write)

    async def complete(
        self, step: str, documents: int, *changes: Callable[[Connection], None]
    ) -> None:
        """Make the *changes* and record the step as complete, in one fenced transaction."""
        await self.writing(
            *changes, self.step_is(step, StepState.COMPLETE, documents), progress=True
        )

    async def has_no_data(self, steps: Iterable[Step], reason: str) -> None:
        """Record that there is nothing to work on, for the documents and for every one of *steps*."""
        none = [
            self.step_is(step, StepState.NO_DATA, 0, reason) for step in (Step.DOCUMENTS, *steps)
        ]
        await self.writing(
            lambda connection: freeze_documents(connection, self.claim.job_id, 0), *none
        )

    async def freeze_documents(self) -> int:
        """The job's documents are those stored by now; the id of the newest."""
        newest = await asyncio.to_thread(newest_document, self.db)
        await self.writing(
            lambda connection: freeze_documents(connection, self.claim.job_id, newest)
        )
        return newest

    async def newest_document(self) -> int | None:
        """The id of the newest document that is the job's; None before they are settled."""
        return await self.reading(newest_document_of, self.claim.job_id)

    def step_is(
        self, step: str, state: StepState, documents: int, reason: str | None = None
    ) -> Callable[[Connection], None]:
        """The change that records what came of a step."""
        return lambda connection: set_step(
            connection,
            self.db,
            self.claim,
            step=step,
            state=state,
            documents=documents,
            reason=reason,
        )

    async def done_steps(self) -> dict[str, int]:
        """The steps that are complete, with their numbers of documents."""
        return await self.reading(steps_done, self.claim.job_id)


@dataclass(frozen=True)
class Ended:
    """How a job ended that did not fail."""

    result: str | None = None
    reason: str | None = None
