"""The documents of a job: they are fetched from a service, if it has any, counted, and settled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

from analysis.kinds.kind import CrawlTarget, DocumentKind
from analysis.kinds.posts import PostsParameters
from analysis.languages import settle_languages
from analysis.scan_quality import describe_scans, measure_period
from analysis.steps import keywords, polarity
from core.enums import DOCUMENTS, StepState, TextPart
from core.errors import ServiceUnavailable
from models.documents import DocumentScope, count_documents, list_documents, with_counts
from models.imports import left_out_remark
from models.jobs import remark_on_step, unfrozen_names
from models.suppression_list import is_suppressed
from sources.base import AccountGone
from sources.source import Source
from workers.context import JobContext
from workers.crawling import STORED_ALONE, crawl, link_stored
from workers.fetching import SliceOverError, fetch_month
from workers.outcomes import Again, NoData, Outcome


async def collect_documents(
    job: JobContext, kind: DocumentKind[Any], parameters: Any
) -> Outcome | None:
    """Record which documents belong to the job; return an outcome if that ends the slice."""
    archives = kind.archives(parameters)
    if archives:
        return await _collect_month(job, archives, parameters.steps)

    return await _collect_posts(job, kind, parameters)


async def _collect_month(
    job: JobContext, archives: Sequence[Source], steps: Sequence[str]
) -> Outcome | None:
    period = job.claim.name
    months = list(product(archives, job.claim.scope.months))
    try:
        reasons = await _fetch_all(job, months)
    except SliceOverError:
        return Again()

    scope = await job.freeze_documents()
    await job.in_database_thread(partial(settle_languages, job.db, scope))
    all_documents = await job.read(count_documents, scope.of_all_kinds)

    reason = None
    if len(reasons) == len(months):
        reason = _join_remarks(reasons)
    elif not all_documents and scope.text_part == TextPart.ABSTRACT:
        reason = f"no document of {period} has an abstract"
    elif not all_documents:
        reason = f"the archive has no documents of {period}"

    if reason:
        await job.record_no_data(steps, reason)
        return NoData(reason)

    documents = await job.read(count_documents, scope)
    left_out = [await job.read(left_out_remark, month, source.name) for source, month in months]
    quality = None
    if any(source.archive is not None and source.archive.is_scanned for source in archives):
        quality = await job.in_database_thread(partial(measure_period, job.db, scope))

    remark = _join_remarks([*reasons, describe_scans(quality) if quality else None, *left_out])
    complete = job.step_change(
        *(DOCUMENTS, StepState.COMPLETE, documents, remark),
        dictionary_share=quality.share if quality else None,
    )
    await job.write(complete, progress=True)
    return None


async def _fetch_all(job: JobContext, months: Sequence[tuple[Source, str]]) -> list[str]:
    """Store each month of an archive; return why archives without the month lack it."""
    reasons = []
    for source, month in months:
        reason = await fetch_month(job, source, month)
        if reason:
            reasons.append(reason if len(months) == 1 else f"{source.label}: {reason}")

    return reasons


async def _collect_posts(
    job: JobContext, kind: DocumentKind[Any], parameters: PostsParameters
) -> Outcome | None:
    handle = job.claim.scope.handle
    if handle is not None and await job.read(is_suppressed, handle):
        reason = (
            f"@{handle} was forgotten on request: "
            f"`tidings forget --handle {handle} --lift` lets it come back"
        )
        await job.record_no_data(parameters.steps, reason)
        return NoData(reason)

    target = kind.crawl_target(job.claim.name, parameters, job.runtime.settings)
    fetched = await _fetch_posts(job, target, parameters.limit) if target else _FetchedPosts()
    if fetched is None:
        return Again()

    is_linked = job.claim.scope.is_linked
    if is_linked:
        await link_stored(job, kind, parameters)

    if target is None and not is_linked:
        scope = await _freeze_stored(job, kind, parameters)
    else:
        scope = await job.freeze_documents()

    await job.in_database_thread(partial(settle_languages, job.db, scope))
    posts = await job.read(list_documents, scope)
    if posts:
        about_documents = await job.read(kind.describe_documents, job.claim.job_id)
        remark = with_counts(_join_remarks([about_documents, fetched.remark]), posts)
        complete = job.step_change(
            DOCUMENTS, StepState.COMPLETE, len(posts), remark, fetch_remark=fetched.remark
        )
        await job.write(complete, progress=True)
        return None

    if fetched.away is not None:
        raise fetched.away

    reason = fetched.remark or _no_posts(job, parameters.source, target)
    await job.record_no_data(parameters.steps, reason)
    return NoData(reason, fetched.state)


async def _freeze_stored(
    job: JobContext, kind: DocumentKind[Any], parameters: PostsParameters
) -> DocumentScope:
    """Freeze the documents of an account without a service; return which documents they are.

    The first such job freezes them for all such jobs of its run: none waits for another one.
    """
    scope = await job.document_scope()
    if scope.newest_document is not None:
        return scope

    settings = job.runtime.settings
    stored_alone = []
    for job_name in await job.read(unfrozen_names, job.claim):
        if kind.crawl_target(job_name, parameters, settings) is None:
            stored_alone.append(job_name)

    return await job.freeze_with(stored_alone)


@dataclass(frozen=True)
class _FetchedPosts:
    """How the fetching of posts ended, for the reader."""

    remark: str | None = None

    # The state of an account that has no posts.
    state: str = StepState.NO_DATA

    # The error that kept the service from answering.
    away: ServiceUnavailable | None = None


async def _fetch_posts(
    job: JobContext, target: CrawlTarget, limit: int | None
) -> _FetchedPosts | None:
    """Store new posts; return None if the slice ended first.

    A service that stays away is no error if posts are stored. Raises `ServiceUnavailable` as long
    as the job has patience.
    """
    try:
        crawled = await crawl(job, target, limit)
    except AccountGone as gone:
        return _FetchedPosts(str(gone), gone.state)
    except ServiceUnavailable as error:
        if not await job.patience_is_over():
            raise

        return _FetchedPosts(f"{STORED_ALONE}, since {error}", away=error)

    if not crawled.finished:
        return None

    left_out = await job.read(left_out_remark, job.claim.name, target.source.name)
    return _FetchedPosts(_join_remarks([crawled.remark, left_out]))


def _no_posts(job: JobContext, source: str | None, target: CrawlTarget | None) -> str:
    source_note = f" as documents of {source}" if source else ""
    advice = ": import them"
    if target is not None:
        advice = f", and {target.source.name} has none: is it written correctly?"

    return f"no posts of {job.claim.name} are stored{source_note}{advice}"


async def closing_remark(job: JobContext, kind: DocumentKind[Any], parameters: Any) -> str | None:
    """Return what a reader should know about a job that is done."""
    unread = await job.read(remark_on_step, job.claim.job_id, polarity.NAME)
    if kind.archives(parameters):
        remark = await job.read(remark_on_step, job.claim.job_id, keywords.NAME)
        return _join_remarks([remark, unread])

    remark = await job.read(remark_on_step, job.claim.job_id, DOCUMENTS)
    if kind.crawl_target(job.claim.name, parameters, job.runtime.settings) is None:
        return _join_remarks([STORED_ALONE, remark, unread])

    return _join_remarks([remark, unread])


def _join_remarks(remarks: Iterable[str | None]) -> str | None:
    return "; ".join(filter(None, remarks)) or None
