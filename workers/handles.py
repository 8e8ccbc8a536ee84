"""One account, or what people post on one term: summary, phrases, entities, and the polarity of each post."""

from __future__ import annotations

import json
from collections.abc import Sequence

from core.queues import Step, StepState
from models.answers import read_answers
from models.documents import Text, posts_found, posts_of
from models.findings import replace_post_polarities
from models.parameters import HandlesParameters, SearchParameters
from textapi.questions import polarity_key, polarity_questions
from workers.asking import Asker
from workers.jobs import Ended, Job
from workers.texts import Body, count_holding, entities_step, phrases_step, summary_step

NO_DATA = "no-data"


async def work_on_posts(job: Job, parameters: HandlesParameters | SearchParameters) -> Ended:
    """Do what is left of an account's or a search's steps. Raises `SliceEnded` between two of them, or within one."""
    done = await job.done_steps()
    posts = await _posts(job, parameters)
    reason = None
    if Step.DOCUMENTS not in done:
        if not posts:
            reason = f"no posts of {job.claim.name} are stored: import them"
            steps = [Step.DOCUMENTS, *parameters.steps]
            await job.writing(*(job.step_is(step, StepState.NO_DATA, 0, reason) for step in steps))
            return Ended(NO_DATA, reason)
        await job.complete(Step.DOCUMENTS, len(posts))
    steps = [step for step in Step if step in parameters.steps and step not in done]
    if not steps:
        return Ended()
    asker = Asker(job, await job.runtime.textapi().engine())
    body = _body(posts)
    for step in steps:
        job.check()
        if step == Step.SUMMARY:
            await summary_step(job, asker, [body], parameters)
        elif step == Step.PHRASES:
            await phrases_step(job, asker, [body], parameters, lambda phrases: count_holding([posts], phrases))
        elif step == Step.ENTITIES:
            await entities_step(job, asker, [body], parameters)
        elif step == Step.POLARITY:
            await _polarity(job, asker, posts, parameters.text_size)
    return Ended(reason="stored documents only")


async def _posts(job: Job, parameters: HandlesParameters | SearchParameters) -> list[Text]:
    if isinstance(parameters, HandlesParameters):
        return await job.reading(posts_of, job.claim.name.removeprefix("@"), parameters.source)
    return await job.reading(posts_found, job.claim.job_id)


async def _polarity(job: Job, asker: Asker, posts: Sequence[Text], size: int) -> None:
    texts = list(dict.fromkeys(post.text for post in posts))
    await asker.ask(polarity_questions(asker.engine, texts, size))
    keys = {post.id: polarity_key(asker.engine, post.text) for post in posts}
    stored = await job.reading(read_answers, set(keys.values()))
    polarities = {number: float(json.loads(stored[key])) for number, key in keys.items()}
    await job.complete(
        Step.POLARITY, len(posts), lambda connection: replace_post_polarities(connection, job.claim, polarities)
    )


def _body(posts: Sequence[Text]) -> Body:
    by_period: dict[str, list[tuple[int, str]]] = {}
    for post in posts:
        by_period.setdefault(post.period or "", []).append((post.id, post.text))
    return Body("", by_period)
