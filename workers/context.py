"""A claimed job with the means to work on it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from analysis.step import Step, StepResult
from core.addresses import without_password
from core.enums import DOCUMENTS, StepState
from core.errors import DatabaseAway, ServiceUnavailable
from core.logs import job_context
from models.database import Database
from models.documents import DocumentScope, newest_document
from models.job_transitions import freeze_together
from models.jobs import (
    Claim,
    fence,
    freeze_documents,
    newest_document_of,
    set_step,
    waited_seconds,
)
from models.outages import end_outage, note_outage
from textapi.requests import AnswerKey
from workers.database_threads import finish
from workers.runtime import Runtime

T = TypeVar("T")


@dataclass
class JobContext:
    """A claimed job, the resources of its process, and the end of its time slice."""

    runtime: Runtime
    claim: Claim

    # The time.monotonic() at which the slice is over.
    ends_at: float

    is_paused: bool = field(default=False, init=False)
    lease_lost: bool = field(default=False, init=False)
    _frozen: DocumentScope | None = field(default=None, init=False)
    _interrupt: Callable[[], object] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._records = self.runtime.database_threads.group(self._record_steps)

    @property
    def db(self) -> Database:
        """The database."""
        return self.runtime.db

    @property
    def slice_is_over(self) -> bool:
        """Whether nothing new should be begun in this slice."""
        return self.is_paused or self.lease_lost or time.monotonic() >= self.ends_at

    def log_context(self) -> AbstractContextManager[None]:
        """Add run and job to every line that is written inside."""
        # The trace is the same in every slice, and another one in every database.
        traced = f"{without_password(self.runtime.settings.database)} {self.claim.job_id}"
        trace = hashlib.blake2b(traced.encode(), digest_size=16).hexdigest()
        return job_context(run=self.claim.run_id, job=self.claim.name, trace=trace)

    def on_interrupt(self, interrupt: Callable[[], object] | None) -> None:
        """Have *interrupt* called, from another thread, at a pause or when the lease is lost."""
        self._interrupt = interrupt

    def pause(self) -> None:
        """End the slice, since the run was paused."""
        if not self.is_paused:
            self.is_paused = True
            self._call_interrupt()

    def lose_lease(self) -> None:
        """End the slice at once, since another worker owns the job."""
        self.lease_lost = True
        self._call_interrupt()

    def _call_interrupt(self) -> None:
        if self._interrupt is not None:
            self._interrupt()

    async def read(self, query: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Run ``query(connection, *arguments, **options)`` in a thread.

        Queries that the jobs of this process submit at the same moment share a transaction.
        """

        def read(connection: Connection) -> T:
            return query(connection, *arguments, **options)

        result: T = await self.runtime.queries.submit(read)
        return result

    async def in_database_thread(self, work: Callable[[], T]) -> T:
        """Do *work* on the database and wait for its end, even if the task is cancelled."""
        return await self.runtime.database_threads.run(work)

    async def write(self, *changes: Callable[[Connection], object], progress: bool = False) -> None:
        """Make the *changes* in one fenced transaction in a thread, and wait for its end.

        *progress* says that the changes are new and not repeated from an earlier claim: earlier
        crashes do not count any more. Raises `LeaseLost`.
        """

        def write() -> None:
            with self.db.write() as connection:
                fence(connection, self.claim, progress=progress)
                for change in changes:
                    change(connection)

        await self.in_database_thread(write)

    async def record_step(self, step: Step, result: StepResult) -> None:
        """Store the rows of a step and record how it ended, in one transaction.

        Steps that end while another is recorded share the next transaction.
        """
        await finish(self._records.submit((step, result)))

    def _record_steps(self, step_results: Sequence[tuple[Step, StepResult]]) -> list[None]:
        with self.db.write() as connection:
            fence(connection, self.claim, progress=True)
            for step, result in step_results:
                step.store(connection, job_id=self.claim.job_id, rows=result.rows)
                outcome = (result.state, result.documents, result.reason)
                self.step_change(step.name, *outcome, refused=result.refused)(connection)

        return [None] * len(step_results)

    async def record_no_data(self, steps: Iterable[str], reason: str) -> None:
        """Record that there is nothing to work on, for the documents and each of *steps*."""
        freeze = partial(freeze_documents, job_id=self.claim.job_id, newest=0)
        step_names = (DOCUMENTS, *steps)
        changes = [
            self.step_change(step_name, StepState.NO_DATA, 0, reason) for step_name in step_names
        ]
        await self.write(freeze, *changes)

    async def freeze_documents(self) -> DocumentScope:
        """Freeze the job's documents at the newest stored one; return which documents they are."""
        newest = await self.in_database_thread(partial(newest_document, self.db))
        await self.write(partial(freeze_documents, job_id=self.claim.job_id, newest=newest))
        return self._scope(newest)

    async def freeze_with(self, job_names: Collection[str]) -> DocumentScope:
        """Freeze the documents of this job and of its run's jobs *job_names*, unless they are."""

        def freeze() -> int:
            return freeze_together(self.db, self.claim, job_names, newest_document(self.db))

        return self._scope(await self.in_database_thread(freeze))

    async def document_scope(self) -> DocumentScope:
        """Return which documents belong to the job; read nothing once they are frozen."""
        if self._frozen is not None:
            return self._frozen
        return self._scope(await self.read(newest_document_of, self.claim.job_id))

    def _scope(self, newest: int | None) -> DocumentScope:
        scope = replace(self.claim.scope, newest_document=newest)
        self._frozen = scope if newest is not None else None
        return scope

    def step_change(
        self,
        step: str,
        state: StepState,
        documents: int,
        reason: str | None = None,
        *,
        fetch_remark: str | None = None,
        dictionary_share: float | None = None,
        refused: Sequence[AnswerKey] = (),
    ) -> Callable[[Connection], None]:
        """Return the change that records the state of a step."""
        return partial(
            set_step,
            db=self.db,
            claim=self.claim,
            step=step,
            state=state,
            documents=documents,
            reason=reason,
            fetch_remark=fetch_remark,
            dictionary_share=dictionary_share,
            refused=refused,
        )

    def note_outage(self, error: ServiceUnavailable, seconds: float = 0.0) -> None:
        """Note that a service has not answered what was asked *seconds* ago."""
        # It is only shown: a database that is away does not matter.
        with suppress(DatabaseAway), self.db.write() as connection:
            note_outage(
                connection,
                self.db,
                self.claim.run_id,
                error.service,
                str(error),
                seconds=seconds,
            )

    def end_outage(self, service: str) -> None:
        """Note that a service has answered, though not with what was asked for."""
        with suppress(DatabaseAway), self.db.write() as connection:
            end_outage(connection, self.claim.run_id, service)

    async def patience_is_over(self) -> bool:
        """Return whether the job has waited for a service as long as the settings allow."""
        waited = partial(waited_seconds, self.db, self.claim)
        _, seconds = await self.in_database_thread(waited)
        return seconds >= self.runtime.settings.patience_seconds
