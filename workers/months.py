"""One month of the archive: its documents, who mentions what, in what mood, in which words, and who else is named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from core.enums import Step, StepState
from core.logs import step_context
from models.answers import read_answers
from models.documents import Text, archive_size, left_out_remark
from models.parameters import Keyword, MonthsParameters
from models.results import (
    add_mentions,
    clear_mentions,
    mention_sentences,
    mentioning_documents,
    set_mention_polarities,
)
from models.runs import note_engine
from producers.bodies import Body
from producers.months import all_terms, mentions_in, month_batches, month_days
from sources.base import NYT
from textapi.requests import keyword_key
from workers.answer_fetcher import AnswerFetcher
from workers.context import Ended, JobContext
from workers.fetching import fetch_month
from workers.texts import (
    document_frequency,
    entities_step,
    phrases_step,
    polarities_of,
    size_of,
    summary_step,
)

MENTIONS_AT_ONCE = 1000  # stored in one transaction: a transaction a day costs more than its rows


async def work_on_month(job: JobContext, parameters: MonthsParameters) -> Ended:
    """Do what is left of a month's steps. Raises `SliceEnded` between two of them, or within one."""
    period = job.claim.name
    done = await job.done_steps()
    if Step.DOCUMENTS not in done:
        reason = await _documents(job, parameters, period)
        if reason:
            return Ended(StepState.NO_DATA, reason)
    steps = [step for step in Step if step in parameters.steps and step not in done]
    if not steps:
        return Ended()
    up_to = await job.newest_document()
    asker = AnswerFetcher(job, await job.runtime.textapi().engine())
    await job.writing(
        lambda connection: note_engine(connection, job.db, job.claim.run_id, asker.engine)
    )
    if Step.KEYWORDS not in done:
        await _keywords(job, asker, parameters, period, up_to)
    bodies = [await _mentioning_body(job, keyword) for keyword in parameters.keywords]
    if Step.POLARITY in steps:
        await _polarity(job, asker, bodies, parameters.text_size)
    if Step.SUMMARY in steps:
        await summary_step(job, asker, bodies, parameters)
    if Step.PHRASES in steps:
        await phrases_step(
            job,
            asker,
            bodies,
            parameters,
            lambda phrases: document_frequency(
                (
                    text.text
                    for texts in month_days(job.db, parameters, period, up_to=up_to)
                    for text in texts
                ),
                phrases,
            ),
        )
    if Step.ENTITIES in steps:
        await entities_step(job, asker, bodies, parameters)
    return Ended()


@step_context(Step.DOCUMENTS)
async def _documents(job: JobContext, parameters: MonthsParameters, period: str) -> str | None:
    """Record how many documents there are; why there are none, where nobody can know of any."""
    reason = await fetch_month(job, period)
    up_to = await job.freeze_documents()
    if not reason and not await job.reading(archive_size, period, up_to=up_to):
        reason = f"the archive has no documents of {period}"
    if reason:
        await job.has_no_data(parameters.steps, reason)
        return reason
    count = await job.reading(archive_size, period, parameters.material, up_to=up_to)
    remark = await job.reading(left_out_remark, period, NYT)
    await job.writing(job.step_is(Step.DOCUMENTS, StepState.COMPLETE, count, remark), progress=True)
    return None


@step_context(Step.KEYWORDS)
async def _keywords(
    job: JobContext,
    asker: AnswerFetcher,
    parameters: MonthsParameters,
    period: str,
    up_to: int | None,
) -> None:
    """Which sentences mention a term: asked for all texts of the month, then read day by day out of the ledger."""
    await asker.ask(month_batches(job.db, asker.engine, parameters, period, up_to=up_to))
    await job.writing(lambda connection: clear_mentions(connection, job.claim))
    documents = 0
    rows: list[dict[str, Any]] = []
    for texts in month_days(job.db, parameters, period, up_to=up_to):
        job.check()
        documents += len(texts)
        rows += await job.reading(_mentions_of, asker.engine, texts, parameters.keywords)
        if len(rows) >= MENTIONS_AT_ONCE:
            await job.writing(partial(add_mentions, claim=job.claim, rows=rows))
            rows = []
    await job.complete(Step.KEYWORDS, documents, partial(add_mentions, claim=job.claim, rows=rows))


def _mentions_of(
    connection: Connection, engine: str, texts: Sequence[Text], keywords: Sequence[Keyword]
) -> list[dict[str, Any]]:
    terms = all_terms(keywords)
    keys = {
        (text.id, term): keyword_key(engine, term, text.text) for text in texts for term in terms
    }
    stored = read_answers(connection, set(keys.values()))
    return [
        row
        for text in texts
        for row in mentions_in(
            text, keywords, {term: json.loads(stored[keys[text.id, term]]) for term in terms}
        )
    ]


@step_context(Step.POLARITY)
async def _polarity(
    job: JobContext, asker: AnswerFetcher, bodies: Sequence[Body], text_size: int
) -> None:
    sentences = await job.reading(mention_sentences, job.claim.job_id)
    polarities = await polarities_of(job, asker, sentences, text_size)
    await job.complete(
        Step.POLARITY,
        size_of(bodies),
        lambda connection: set_mention_polarities(connection, job.claim, polarities),
    )


async def _mentioning_body(job: JobContext, keyword: Keyword) -> Body:
    """The documents of the month that mention the keyword; its phrases are counted in all of the month's."""
    documents = await job.reading(mentioning_documents, job.claim.job_id, keyword.name)
    return Body(keyword.name, {job.claim.name: documents})
