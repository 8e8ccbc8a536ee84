"""The summary of a corpus; a corpus of many chunks gets the summary of their summaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.corpus import Corpus
from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher, fetch_answers
from analysis.options import TextOptions
from analysis.readable import find_unread
from analysis.refusals import Refusals, fetch_chunks
from analysis.step import Step, StepResult
from models.tables import Summary
from textapi.packing import chunks
from textapi.requests import TextRequest, is_refusal, summary_of


async def summarize_corpora(data: MonthData | PostData, fetcher: Fetcher) -> StepResult:
    """Summarize each corpus."""
    unread = await find_unread(data, fetcher)
    corpora = await data.summary_corpora()
    summary_rows: list[dict[str, Any]] = []
    refusals = Refusals()

    for corpus in (corpus.without(unread.left_out) for corpus in corpora):
        summary = await _summarize(corpus, data.options, fetcher, refusals)
        summary_rows.append({"keyword": corpus.keyword, "summary": summary})

    result = unread.result_of_corpora(corpora, {Summary: summary_rows})
    return await refusals.complete(data, result)


async def _summarize(
    corpus: Corpus, options: TextOptions, fetcher: Fetcher, refusals: Refusals
) -> str:
    def request_of(text: str, document_ids: tuple[int, ...]) -> TextRequest:
        return summary_of(fetcher.engine, text, options.proportion, document_ids)

    answered = await fetch_chunks(fetcher, corpus, options.text_size, request_of, refusals)
    answers = [answer for _, answer in answered]
    quoted_documents = [document_id for document_id, _ in corpus.texts]
    summaries = list(filter(None, answers))

    while requests := _further_requests(
        fetcher.engine, summaries, len(answers), options, quoted_documents
    ):
        answers = await fetch_answers(fetcher, requests)
        summaries = [answer for answer in answers if answer and not is_refusal(answer)]

    return " ".join("\n".join(summaries).split())


def _further_requests(
    engine: str,
    summaries: Sequence[str],
    requests_before: int,
    options: TextOptions,
    quoted_documents: Sequence[int],
) -> list[TextRequest]:
    """Return the requests for the summary of *summaries*; none if they fit into one request."""
    if requests_before <= 1 or len("\n".join(summaries)) <= options.text_size:
        return []

    parts = chunks(enumerate(summaries), options.text_size)
    return [summary_of(engine, text, options.proportion, quoted_documents) for text, _ in parts]


STEP = Step("summary", summarize_corpora, tables=(Summary,), needs=("keywords",))
