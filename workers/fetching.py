"""Documents that are not stored yet, fetched from the service that has them and stored under the fence."""

from __future__ import annotations

import asyncio
import calendar
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection

from core.errors import ServiceBadAnswer, ServiceRefused, ServiceUnavailable
from core.limits import credential_of
from models.crawls import COMPLETE, OPEN, Crawled, count_attempt, move_crawl, read_crawl
from models.documents import archive_size, insert_documents
from producers.imports import row_of
from sources.base import NYT, Document, Gate
from sources.nyt import fetched_month, read_archive
from sources.web import Web
from workers.jobs import Job

DAY = 86400.0
BATCH = 1000


@dataclass(frozen=True)
class CountingGate:
    """A service's shared limit, through which every attempt is counted for the job's run."""

    gate: Gate
    job: Job
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

    async def close(self, seconds: float) -> None:
        """Let nobody call for so long."""
        await self.gate.close(seconds)

    def _count(self, seconds: float) -> None:
        count_attempt(
            self.job.db,
            self.job.claim.run_id,
            service=self.service,
            credential=self.credential,
            operation=self.operation,
            seconds=seconds,
        )


def web_of(
    job: Job, service: str, base_url: str, limits: str, *, key: str | None, operation: str, bearer: bool = False
) -> Web:
    """*service* to be asked for this job: behind its limit, every attempt counted. *key* also tells limits apart."""
    gate = CountingGate(job.runtime.gate(service, key, limits), job, service, credential_of(key), operation)
    return Web(
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


async def fetch_month(job: Job, period: str) -> str | None:
    """See that the archive's month is stored, whole; why there is nothing to work on, where that is so.

    Fetched are months of which nothing is stored or only a part, and the running month again after a day. Raises
    what `sources.nyt.fetched_month` and the limit raise, but for a month that cannot be there, which is the reason.
    """
    crawled = await job.reading(read_crawl, NYT, period)
    stored = await job.reading(archive_size, period)
    if not _is_wanted(period, stored, crawled, time.time()):
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


def _is_wanted(period: str, stored: int, crawled: Crawled | None, now: float) -> bool:
    year, month = int(period[:4]), int(period[5:])
    last_day = datetime(year, month, calendar.monthrange(year, month)[1], tzinfo=UTC)
    settled = last_day.timestamp() + 2 * DAY  # New York is behind UTC, and the archive behind New York
    if crawled is None:
        return not stored or now < settled
    return crawled.state != COMPLETE or (crawled.at < settled and now >= crawled.at + DAY)


async def _fetch(job: Job, period: str, key: SecretStr) -> None:
    secret, settings = key.get_secret_value(), job.runtime.settings
    web = web_of(job, NYT, settings.nyt_url, settings.nyt_limits, key=secret, operation="archive")
    async with fetched_month(period, web=web, key=secret) as file:
        documents = (item for item in read_archive(file) if isinstance(item, Document))
        while rows := await asyncio.to_thread(_next_rows, documents):
            await job.writing(stored_with_place(job, NYT, period, rows, state=OPEN), progress=bool(rows))
    await job.writing(stored_with_place(job, NYT, period, [], state=COMPLETE))


def stored_with_place(
    job: Job,
    source: str,
    subject: str,
    rows: Sequence[dict[str, Any]],
    *,
    state: str,
    cursor: Mapping[str, Any] | None = None,
    found_by: int | None = None,
) -> Callable[[Connection], None]:
    """The change that stores what was read together with the place that was reached; *found_by* a search's job."""

    def change(connection: Connection) -> None:
        added = insert_documents(connection, job.db, rows, job_id=found_by)
        move_crawl(connection, job.db, source, subject, state=state, documents=added, cursor=cursor)

    return change


def _next_rows(documents: Iterator[Document]) -> list[dict[str, Any]]:
    return [row_of(document) for document in islice(documents, BATCH)]
