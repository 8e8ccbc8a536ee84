"""One account, or what people post on one term: summary, phrases, entities, and the polarity of each post."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.enums import Step, StepState
from core.errors import ServiceBadAnswer, ServiceRefused
from core.logs import step_context
from models.crawls import remark_on_documents
from models.documents import Text, left_out_remark, posts_found, posts_of, with_counts
from models.parameters import HandlesParameters, SearchParameters
from models.results import replace_post_polarities
from models.runs import note_engine
from models.suppression_list import is_suppressed
from producers.posts import OwnWords
from sources.base import AccountGone
from textapi.requests import ApiRequest
from workers.answer_fetcher import AnswerFetcher
from workers.context import Ended, JobContext
from workers.crawling import STORED_ALONE, Subject, account_of, crawl, link_stored, search_of
from workers.texts import (
    Once,
    document_frequency,
    entities_step,
    phrases_step,
    polarities_of,
    summary_step,
)


async def work_on_posts(job: JobContext, parameters: HandlesParameters | SearchParameters) -> Ended:
    """Do what is left of an account's or a search's steps. Raises `SliceEnded` between two of them, or within one."""
    done = await job.done_steps()
    if Step.DOCUMENTS not in done:
        ended = await _documents(job, parameters)
        if ended is not None:
            return ended
    posts = await _posts(job, parameters)
    remark = await job.reading(remark_on_documents, job.claim.job_id)
    if _service(job, parameters) is None:
        remark = "; ".join(filter(None, (STORED_ALONE, remark)))
    steps = [step for step in Step if step in parameters.steps and step not in done]
    if not steps:
        return Ended(reason=remark)
    own = OwnWords.of(posts)
    engine = await job.runtime.textapi().engine()
    await job.writing(lambda connection: note_engine(connection, job.db, job.claim.run_id, engine))
    questions = [
        question for step in steps for question in own.first_requests(step, engine, parameters)
    ]
    asker = await _asked_at_once(job, engine, questions)
    for step in steps:
        job.check()
        if step == Step.SUMMARY:
            await summary_step(job, asker, [own.told], parameters)
        elif step == Step.PHRASES:
            said = [text for _, text in own.said.all_documents]
            await phrases_step(
                job, asker, [own.said], parameters, partial(document_frequency, said)
            )
        elif step == Step.ENTITIES:
            await entities_step(job, asker, [own.said], parameters)
        elif step == Step.POLARITY:
            await _polarity(job, asker, own, parameters.text_size)
    return Ended(reason=remark)


async def _asked_at_once(job: JobContext, engine: str, questions: Sequence[ApiRequest]) -> Once:
    """An asker that has asked *questions*: steps that find their answers there take no time for themselves."""
    asker = Once(AnswerFetcher(job, engine))
    try:
        await asker.ask(questions)
    except (ServiceRefused, ServiceBadAnswer):
        return Once(
            AnswerFetcher(job, engine)
        )  # the step that it belongs to will say so, when those before it are done
    return asker


@step_context(Step.DOCUMENTS)
async def _documents(
    job: JobContext, parameters: HandlesParameters | SearchParameters
) -> Ended | None:
    """Fetch and find the posts and record how many there are; how the job ends, where there are none."""
    if isinstance(parameters, HandlesParameters):
        handle = job.claim.name.removeprefix("@")
        if await job.reading(is_suppressed, handle):
            reason = f"@{handle} was forgotten on request: `tidings forget --handle {handle} --lift` lets it come back"
            await job.has_no_data(parameters.steps, reason)
            return Ended(StepState.NO_DATA, reason)
    subject = _service(job, parameters)
    state, remark = str(StepState.NO_DATA), None
    if subject is not None:
        try:
            remark = await crawl(job, subject, parameters.limit)
        except AccountGone as gone:
            state, remark = gone.state, str(gone)
        else:
            left_out = await job.reading(left_out_remark, subject.name, subject.source)
            remark = "; ".join(filter(None, (remark, left_out))) or None
    if isinstance(parameters, SearchParameters):
        await link_stored(job, parameters.source)
    await job.freeze_documents()
    posts = await _posts(job, parameters)
    if posts:
        remark = with_counts(remark, posts)
        await job.writing(job.step_is(Step.DOCUMENTS, StepState.COMPLETE, len(posts), remark))
        return None
    asked = (
        f", and {subject.source} has none: is it written correctly?" if subject else ": import them"
    )
    of_source = f" as documents of {parameters.source}" if parameters.source else ""
    reason = remark or f"no posts of {job.claim.name} are stored{of_source}{asked}"
    await job.has_no_data(parameters.steps, reason)
    return Ended(state, reason)


def _service(job: JobContext, parameters: HandlesParameters | SearchParameters) -> Subject | None:
    choose = account_of if isinstance(parameters, HandlesParameters) else search_of
    return choose(job, parameters.source)


async def _posts(job: JobContext, parameters: HandlesParameters | SearchParameters) -> list[Text]:
    if isinstance(parameters, HandlesParameters):
        handle, up_to = job.claim.name.removeprefix("@"), await job.newest_document()
        return await job.reading(posts_of, handle, parameters.source, up_to=up_to)
    return await job.reading(posts_found, job.claim.job_id)


@step_context(Step.POLARITY)
async def _polarity(job: JobContext, asker: Once, own: OwnWords, size: int) -> None:
    by_text = await polarities_of(job, asker, own.texts, size)
    polarities = {post.id: by_text[post.text] for post in own.posts}
    await job.complete(
        Step.POLARITY,
        len(own.posts),
        lambda connection: replace_post_polarities(connection, job.claim, polarities),
    )
