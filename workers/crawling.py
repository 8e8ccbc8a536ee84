"""Posts of an account or on a term: they are read page by page, and stored as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from analysis.kinds.kind import CrawlTarget, DocumentKind
from models.crawls import COMPLETE, OPEN, Crawled, read_crawl
from models.documents import link_documents
from sources.crawl import AT_NEWEST, CUT_SHORT, NO_MORE, REPEATED
from sources.source import CrawlRequest
from workers.context import JobContext
from workers.fetching import bad_answers_wait, service_client, store_with_place

STORED_ALONE = "stored documents only"


@dataclass(frozen=True)
class CrawlResult:
    """How far a crawl came in this time slice."""

    finished: bool
    remark: str | None = None


async def crawl(job: JobContext, target: CrawlTarget, limit: int | None) -> CrawlResult:
    """Read new posts, from where the last crawl ended.

    A crawl that another job left unfinished is read to its end first, then the newer posts. The
    result is unfinished if the time slice ended between two pages. Raises `AccountGone`, or what
    the service's client raises.
    """
    crawled = await job.read(read_crawl, target.source.name, job.claim.name)
    is_of_another_job = (
        crawled is not None
        and crawled.state == OPEN
        and _cursor(crawled).get("job") != job.claim.job_id
    )
    result = await _crawl(job, target, crawled, limit)
    if not (is_of_another_job and result.finished):
        return result

    crawled = await job.read(read_crawl, target.source.name, job.claim.name)
    newer = await _crawl(job, target, crawled, limit)
    return CrawlResult(newer.finished, newer.remark or result.remark)


async def _crawl(
    job: JobContext, target: CrawlTarget, crawled: Crawled | None, limit: int | None
) -> CrawlResult:
    cursor = _cursor(crawled)
    # Posts older than the newest one may be missing.
    is_limited = bool(cursor.get("limited"))
    if is_limited and limit is None and "next" not in cursor:
        cursor = {field: cursor[field] for field in ("account",) if field in cursor}
        is_limited = False

    client_of = partial(service_client, job, target.source, operation=target.reader.operation)
    request = CrawlRequest(
        subject=target.subject,
        client=client_of(target.subject),
        client_of=client_of,
        settings=job.runtime.settings,
        cursor=cursor or None,
        limit=limit,
        outlet=target.outlet,
    )
    # A crawl over several slices is described as one.
    before = cursor.get("before", crawled.documents if crawled else 0)
    is_linked = job.claim.scope.is_linked
    keeps_handles = is_linked or target.reader.posts_name_handle
    end = remark = None
    pages = target.reader.pages(request)
    async with bad_answers_wait(), aclosing(pages):  # type: ignore[type-var]
        async for page in pages:
            end, remark = page.end, page.remark
            is_limited = is_limited or end not in (None, NO_MORE, AT_NEWEST, REPEATED)
            next_cursor = {**page.cursor, "job": job.claim.job_id}
            if is_limited:
                next_cursor["limited"] = True
            if end is None:
                next_cursor["before"] = before

            stored = store_with_place(
                job,
                target.source.name,
                job.claim.name,
                page.items,
                state=_state(end),
                handle=None if keeps_handles else target.subject,
                cursor=next_cursor,
                found_by=job.claim.job_id if is_linked else None,
            )
            await job.write(stored, progress=True)
            if end is None and job.slice_is_over:
                return CrawlResult(finished=False)

    if remark is not None:
        crawled = await job.read(read_crawl, target.source.name, job.claim.name)
        new = (crawled.documents if crawled else 0) - before
        return CrawlResult(finished=True, remark=f"{new:,} new; {remark}")

    return CrawlResult(finished=True, remark=end if end in CUT_SHORT else None)


def _state(end: str | None) -> str:
    if end is None:
        return OPEN
    return COMPLETE if end in (NO_MORE, AT_NEWEST) else end


def _cursor(crawled: Crawled | None) -> Mapping[str, Any]:
    return (crawled.cursor if crawled else None) or {}


async def link_stored(job: JobContext, kind: DocumentKind[Any], parameters: Any) -> None:
    """Link the stored documents of the job, and the documents that equal jobs found before."""
    ids = await job.read(kind.found_by_services, job_name=job.claim.name, parameters=parameters)
    last_id: int | None = 0
    while last_id is not None:
        if ids:
            await job.write(partial(link_documents, db=job.db, job_id=job.claim.job_id, ids=ids))

        last_id, ids = await job.read(
            kind.find_stored, job_name=job.claim.name, parameters=parameters, after=last_id
        )
