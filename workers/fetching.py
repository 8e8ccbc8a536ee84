"""Documents that are not stored yet, fetched from the service that has them and stored under the fence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection

from core.errors import ServiceBadAnswer, ServiceRefused, ServiceUnavailable
from core.ratelimit import credential_of
from models.crawls import COMPLETE, OPEN, count_attempt, move_crawl, read_crawl
from models.documents import archive_size, count_import, drop_import, insert_documents
from producers.imports import row_of
from producers.months import ARCHIVE, is_to_be_fetched
from sources.base import NYT, Empty, Item, LeftOut, Limiter, SourceDocument
from sources.http_client import HttpClient
from sources.nyt import fetched_month, read_archive
from workers.context import JobContext

BATCH = 1000


@dataclass(frozen=True)
class CountingGate:
    """A service's shared limit, through which every attempt is counted for the job's run."""

    gate: Limiter
    job: JobContext
    service: str
    credential: str
    operation: str

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """One attempt, in its turn."""
        async with self.gate.call():
            began = time.monotonic()
            try:
                yield
            finally:
                await asyncio.shield(asyncio.to_thread(self._count, time.monotonic() - began))

    async def open_circuit(self, seconds: float) -> None:
        """Let nobody call for so long."""
        await self.gate.open_circuit(seconds)

    def _count(self, seconds: float) -> None:
        count_attempt(
            self.job.db,
            self.job.claim.run_id,
            service=self.service,
            credential=self.credential,
            operation=self.operation,
            seconds=seconds,
        )


def http_client_for(
    job: JobContext,
    service: str,
    base_url: str,
    limits: str,
    *,
    key: str | None,
    operation: str,
    bearer: bool = False,
) -> HttpClient:
    """*service* to be asked for this job: behind its limit, every attempt counted. *key* also tells limits apart."""
    gate = CountingGate(
        job.runtime.gate(service, key, limits), job, service, credential_of(key), operation
    )
    return HttpClient(
        service=service,
        base_url=base_url,
        session=job.runtime.session(),
        gate=gate,
        headers={"Authorization": f"Bearer {key}"} if bearer else {},
        secrets=(key,) if bearer and key else (),
    )


@asynccontextmanager
async def bad_answers_wait() -> AsyncIterator[None]:
    """Half an answer is no reason to fail: the job comes back for a whole one, as long as its patience lasts."""
    try:
        yield
    except ServiceBadAnswer as error:
        raise ServiceUnavailable(str(error), service=error.service) from None


async def fetch_month(job: JobContext, period: str) -> str | None:
    """See that the archive's month is stored, whole; why there is nothing to work on, where that is so.

    Fetched are months of which nothing is stored or only a part, and the running month again after a day. Raises
    what `sources.nyt.fetched_month` and the limit raise, but for a month that cannot be there, which is the reason.
    """
    crawled = await job.reading(read_crawl, NYT, period)
    stored = await job.reading(archive_size, period)
    if not is_to_be_fetched(period, stored, crawled, time.time()):
        return None
    key = job.runtime.settings.nyt_key
    if key is None:
        if stored and (crawled is None or crawled.state == COMPLETE):
            return None
        part = "only a part of the documents" if stored else "no documents"
        return f"{part} of {period} are stored: import them, or set TIDINGS_NYT_KEY to have them fetched"
    try:
        async with bad_answers_wait():
            await _fetch(job, period, key)
    except ServiceRefused as refused:
        if refused.status is not None:
            raise
        return str(refused)  # nothing was asked: there is no such month
    return None


async def _fetch(job: JobContext, period: str, key: SecretStr) -> None:
    secret, settings = key.get_secret_value(), job.runtime.settings
    client = http_client_for(
        job, NYT, settings.nyt_url, settings.nyt_limits, key=secret, operation=ARCHIVE
    )
    async with fetched_month(period, client=client, key=secret) as file:
        await job.writing(partial(drop_import, path=period, source=NYT))
        items = read_archive(file)
        while some := await asyncio.to_thread(_next, items):
            await job.writing(stored_with_place(job, NYT, period, some, state=OPEN), progress=True)
    await job.writing(stored_with_place(job, NYT, period, [], state=COMPLETE))


def stored_with_place(
    job: JobContext,
    source: str,
    subject: str,
    items: Sequence[Item],
    *,
    row: Callable[[SourceDocument], dict[str, Any]] = row_of,
    state: str,
    cursor: Mapping[str, Any] | None = None,
    found_by: int | None = None,
) -> Callable[[Connection], None]:
    """The change that stores what was read together with the place that was reached, and counts what was not usable.

    *found_by*: a search's job.
    """
    rows = [row(item) for item in items if isinstance(item, SourceDocument)]
    empty = sum(isinstance(item, Empty) for item in items)
    named = [f"document {item.index}: {item.why}" for item in items if isinstance(item, LeftOut)]

    def change(connection: Connection) -> None:
        added = insert_documents(connection, job.db, rows, job_id=found_by).added
        move_crawl(connection, job.db, source, subject, state=state, documents=added, cursor=cursor)
        if items:
            count_import(
                connection,
                path=subject,
                source=source,
                read=len(rows),
                added=added,
                empty=empty,
                named=named,
            )

    return change


def _next(items: Iterator[Item]) -> list[Item]:
    return list(islice(items, BATCH))
