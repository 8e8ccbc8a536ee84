"""Posts of an account, or on a term, read from their service page by page: each page is stored with its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.service_client import ServiceClient
from models.crawls import COMPLETE, OPEN, Crawled, found_before, read_crawl
from models.documents import link_documents
from producers.imports import row_of
from producers.posts import OPERATIONS, SEARCH, service_of_handle, service_of_search, stored_matches
from sources import bluesky, mastodon, x
from sources.base import BLUESKY, MASTODON, Page, SourceDocument, X
from sources.crawl import AT_NEWEST, NO_MORE, REPEATED
from workers.context import JobContext
from workers.fetching import bad_answers_wait, http_client_for, stored_with_place

STORED_ALONE = "stored documents only"


@dataclass(frozen=True)
class Subject:
    """What is crawled, and from where."""

    source: str
    name: str  # the job's: "@ann@home.example", "search:tide"
    client: ServiceClient
    query: str = ""  # of a search on X
    handle: str | None = None  # of an account

    def pages(self, cursor: Mapping[str, Any] | None, limit: int | None) -> AsyncIterator[Page]:
        """Its pages from *cursor* on."""
        if self.handle is None:
            return x.search_pages(self.query, client=self.client, cursor=cursor, limit=limit)
        if self.source == X:
            return x.handle_pages(
                self.handle, client=self.client, query=self.query, cursor=cursor, limit=limit
            )
        crawl = bluesky.pages if self.source == BLUESKY else mastodon.pages
        return crawl(self.handle, client=self.client, cursor=cursor, limit=limit)

    def row(self, document: SourceDocument) -> dict[str, Any]:
        """A document as it is stored. An account is found again by the handle that was asked for.

        A Mastodon server may name itself otherwise, and a DID has a handle: all of the feed is the account's anyhow.
        """
        if self.handle is not None and self.source != X:
            document = replace(document, handle=self.handle)
        return row_of(document)


def account_of(job: JobContext, source: str | None) -> Subject | None:
    """What is crawled of a job's handle; None where the stored documents are all there is."""
    handle, settings = job.claim.name.removeprefix("@"), job.runtime.settings
    of = partial(Subject, name=job.claim.name, handle=handle)
    match service_of_handle(handle, source, settings):
        case "mastodon":
            server = mastodon.home_server(handle)
            address = settings.mastodon_url or f"https://{server}"
            client = http_client_for(
                job,
                MASTODON,
                address,
                settings.mastodon_limits,
                key=server,
                operation=OPERATIONS[MASTODON],
            )
            return of(MASTODON, client=client)
        case "bluesky":
            address, limits = settings.bluesky_url, settings.bluesky_limits
            return of(
                BLUESKY,
                client=http_client_for(
                    job, BLUESKY, address, limits, key=None, operation=OPERATIONS[BLUESKY]
                ),
            )
        case "x":
            return of(X, client=_x(job, OPERATIONS[X]), query=settings.x_query)
    return None


def search_of(job: JobContext, source: str | None) -> Subject | None:
    """What is crawled of a job's term; None where no service can be searched."""
    term, settings = job.claim.name.removeprefix("search:"), job.runtime.settings
    if service_of_search(source, settings) is None:
        return None
    words = f'"{term}"' if " " in term else term
    filters = " ".join(
        settings.x_query.replace("from:{handle}", "").replace("{handle}", "").split()
    )
    return Subject(X, job.claim.name, _x(job, SEARCH), query=f"{words} {filters}".strip())


async def crawl(job: JobContext, subject: Subject, limit: int | None) -> str | None:
    """Read what is new, from where the last crawl was left; what is to be said of it, if anything.

    Raises `SliceEnded` between two pages, `AccountGone`, or what asking raises. A crawl that another job left half-way
    is read to its end, and then what is newer.
    """
    crawled = await job.reading(read_crawl, subject.source, subject.name)
    left_by_another = (
        crawled is not None
        and crawled.state == OPEN
        and _cursor(crawled).get("job") != job.claim.job_id
    )
    remark = await _crawl(job, subject, crawled, limit)
    if left_by_another:
        crawled = await job.reading(read_crawl, subject.source, subject.name)
        remark = await _crawl(job, subject, crawled, limit) or remark
    return remark


async def _crawl(
    job: JobContext, subject: Subject, crawled: Crawled | None, limit: int | None
) -> str | None:
    cursor = _cursor(crawled)
    limited = bool(cursor.get("limited"))  # posts older than the newest may be missing
    if limited and limit is None and "next" not in cursor:
        cursor, limited = {name: cursor[name] for name in ("account",) if name in cursor}, False
    found_by = job.claim.job_id if subject.handle is None else None
    end = None
    async with bad_answers_wait(), aclosing(subject.pages(cursor or None, limit)) as pages:  # type: ignore[type-var]
        async for page in pages:
            end = page.end
            limited = limited or end not in (None, NO_MORE, AT_NEWEST, REPEATED)
            state = OPEN if end is None else COMPLETE if end in (NO_MORE, AT_NEWEST) else end
            place = {**page.cursor, "job": job.claim.job_id} | (
                {"limited": True} if limited else {}
            )
            stored = stored_with_place(
                job,
                subject.source,
                subject.name,
                page.items,
                row=subject.row,
                state=state,
                cursor=place,
                found_by=found_by,
            )
            await job.writing(stored, progress=True)
            if end is None:
                job.check()
    return end if end == REPEATED else None


def _cursor(crawled: Crawled | None) -> Mapping[str, Any]:
    return (crawled.cursor if crawled else None) or {}


def _x(job: JobContext, operation: str) -> ServiceClient:
    settings = job.runtime.settings
    assert settings.x_bearer is not None  # noqa: S101 - else no job asks X
    token = settings.x_bearer.get_secret_value()
    return http_client_for(
        job, X, settings.x_url, settings.x_limits, key=token, operation=operation, bearer=True
    )


async def link_stored(job: JobContext, source: str | None) -> None:
    """Link the stored posts that hold the job's term by the keyword rule, and what this search found before."""
    term = job.claim.name.removeprefix("search:")
    ids = await job.reading(found_before, job.claim.name)
    after: int | None = 0
    while after is not None:
        if ids:
            await job.writing(partial(link_documents, db=job.db, job_id=job.claim.job_id, ids=ids))
        after, ids = await job.reading(stored_matches, term, after, source)
