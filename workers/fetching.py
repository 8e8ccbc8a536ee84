"""Documents from a source's service: its client, the fetching of months, and the storing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from analysis.kinds.stored_months import StoredMonth, read_stored_month
from core.errors import ServiceBadAnswer, ServiceRefused, ServiceUnavailable, SettingsError
from core.metrics import take_waited
from core.ratelimit import LimitedCall, Limiter, credential_of
from core.ratelimit.notation import NO_WEIGHTS, Weights
from core.service_client import ServiceClient
from models.crawls import COMPLETE, OPEN, count_attempt, move_crawl
from models.documents import insert_documents
from models.imports import continue_import, count_import, restart_import
from producers.imports import document_rows
from sources.base import Empty, Item, LeftOut, SourceDocument
from sources.source import Archive, CrawlRequest, ReadPages, Source
from workers.context import JobContext

BATCH = 1000


class SliceOverError(Exception):
    """A time slice has ended before a month was read to its end."""


@dataclass(frozen=True)
class CountingLimiter:
    """A service's shared rate limit that counts every attempt for the job's run."""

    limiter: Limiter
    job: JobContext
    service: str
    credential: str
    operation: str

    @asynccontextmanager
    async def call(self, weights: Weights = NO_WEIGHTS) -> AsyncIterator[LimitedCall]:
        """Wait for a permit, and count the attempt that is made inside."""
        async with self.limiter.call(weights) as call:
            began, waited = time.monotonic(), take_waited()
            is_answered, unanswered = False, None

            try:
                yield call
                is_answered = True
            except ServiceUnavailable as error:
                unanswered = str(error)
                raise
            finally:
                counting = asyncio.to_thread(
                    count_attempt,
                    self.job.db,
                    self.job.claim.run_id,
                    service=self.service,
                    credential=self.credential,
                    operation=self.operation,
                    seconds=time.monotonic() - began,
                    waited=waited,
                    unanswered=unanswered,
                    is_answered=is_answered,
                )
                await asyncio.shield(counting)

    async def open_circuit(self, seconds: float) -> None:
        """Let no process call for *seconds*."""
        await self.limiter.open_circuit(seconds)


def service_client(job: JobContext, source: Source, subject: str, operation: str) -> ServiceClient:
    """Return the client that asks a source's service for *subject* (a handle, term or month).

    It passes the service's rate limit, and every attempt is counted for the job's run.
    """
    service, settings = source.service, job.runtime.settings
    if service is None:
        raise SettingsError(f"{source.label} has no service that could be asked")

    key = source.key(settings)
    server = service.server_of(subject) if service.server_of else None
    limiter = job.runtime.rate_limiters.get(
        source.name, key or server, getattr(settings, service.limits)
    )
    credential = credential_of(key or server)

    return ServiceClient(
        service=source.name,
        base_url=(service.url and getattr(settings, service.url)) or f"https://{server}",
        session=job.runtime.session,
        limiter=CountingLimiter(limiter, job, source.name, credential, operation),
        headers={"Authorization": f"Bearer {key}"} if key and service.bearer else {},
        secrets=(key,) if key else (),
    )


@asynccontextmanager
async def bad_answers_wait() -> AsyncIterator[None]:
    """Let the job try again after an incomplete answer, as long as its patience lasts."""
    try:
        yield
    except ServiceBadAnswer as error:
        raise ServiceUnavailable(str(error), service=error.service) from None


async def fetch_month(job: JobContext, source: Source, period: str) -> str | None:
    """Store an archive's month unless it is complete; return why there is nothing to work on.

    Raises `SliceOverError` where the slice ends before the month does, and what the archive's
    reader and the limiter raise. A month that cannot exist is a returned reason instead.
    """
    archive = source.archive
    if archive is None:
        return f"{source.label} has no months"

    month = await job.read(read_stored_month, source, period)
    if not month.is_to_be_fetched(archive, time.time()):
        return None

    if not source.fetches_months(job.runtime.settings):
        if month.has_documents and (month.crawl is None or month.is_complete):
            return None

        part = "only a part of the documents" if month.has_documents else "no documents"
        advice = f", or set {source.key_variable} to have them fetched" if archive.fetch else ""
        return f"{part} of {period} are stored: import them{advice}"

    try:
        async with bad_answers_wait():
            if archive.pages is not None:
                await _read_pages(job, source, archive.pages, month)
            else:
                await _fetch(job, source, archive, period)
    except ServiceRefused as refused:
        if refused.status is not None:
            raise

        # The month was refused without a call, because it cannot exist.
        return str(refused)

    return None


async def _read_pages(
    job: JobContext, source: Source, pages: ReadPages, month: StoredMonth
) -> None:
    """Store a month page by page, from where it was left. Raises `SliceOverError`."""
    period, archive = month.period, source.archive
    assert archive is not None  # noqa: S101 - its months are read
    crawl = month.crawl

    def client_of(subject: str) -> ServiceClient:
        operation = archive.operation if subject == period else subject
        return service_client(job, source, subject, operation)

    request = CrawlRequest(
        subject=period,
        client=client_of(period),
        client_of=client_of,
        settings=job.runtime.settings,
        cursor=crawl.cursor if crawl is not None and crawl.state == OPEN else None,
    )
    async with aclosing(pages(request)) as read:  # type: ignore[type-var]
        async for page in read:
            state = OPEN if page.end is None else COMPLETE
            stored = store_with_place(
                job, source.name, period, page.items, state=state, cursor=page.cursor
            )
            await job.write(stored, progress=True)
            if page.end is None and job.slice_is_over:
                raise SliceOverError


async def _fetch(job: JobContext, source: Source, archive: Archive, period: str) -> None:
    assert archive.fetch is not None  # noqa: S101 - its service is available
    assert archive.read is not None  # noqa: S101 - what is fetched can be read
    client = service_client(job, source, period, archive.operation)
    store = partial(store_with_place, job, source.name, period)

    key = source.key(job.runtime.settings)
    async with archive.fetch(period, client=client, key=key) as file:
        await job.write(partial(restart_import, path=period, source=source.name))
        items = archive.read(file)
        while batch := await asyncio.to_thread(list, islice(items, BATCH)):
            await job.write(store(batch, state=OPEN), progress=True)

    await job.write(store([], state=COMPLETE))


def store_with_place(
    job: JobContext,
    source: str,
    subject: str,
    items: Sequence[Item],
    *,
    state: str,
    handle: str | None = None,
    cursor: Mapping[str, Any] | None = None,
    found_by: int | None = None,
) -> Callable[[Connection], None]:
    """Return the change that stores *items* together with the place that the crawl has reached.

    It counts unusable items. Documents are stored under *handle*, unless it is None, and linked to
    the search's job *found_by*.
    """
    documents = document_rows([item for item in items if isinstance(item, SourceDocument)])
    if handle is not None:
        for document in documents:
            document["handle"] = handle

    empty = sum(isinstance(item, Empty) for item in items)
    named = [f"document {item.index}: {item.why}" for item in items if isinstance(item, LeftOut)]

    def change(connection: Connection) -> None:
        added = 0
        if items:
            import_id = continue_import(connection, path=subject, source=source)
            stored = insert_documents(
                connection, job.db, documents, job_id=found_by, import_id=import_id
            )
            added = stored.added
            count_import(
                connection,
                import_id,
                read=len(documents),
                added=added,
                empty=empty,
                left_out=len(named),
                named=named,
            )

        move_crawl(connection, job.db, source, subject, state=state, documents=added, cursor=cursor)

    return change
