"""The summary of a corpus; a corpus of many chunks gets the summary of their summaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.corpus import Corpus
from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher, fetch_answers
from analysis.options import TextOptions
from analysis.readable import find_unread
from analysis.step import Step, StepResult
from models.tables import Summary
from textapi.packing import chunks
from textapi.requests import TextRequest, summary_of


async def summarize_corpora(data: MonthData | PostData, fetcher: Fetcher) -> StepResult:
    """Summarize each corpus."""
    unread = await find_unread(data, fetcher)
    corpora = await data.summary_corpora()
    summary_rows: list[dict[str, Any]] = []

    for corpus in (corpus.without(unread.left_out) for corpus in corpora):
        summary = await _summarize(corpus, data.options, fetcher)
        summary_rows.append({"keyword": corpus.keyword, "summary": summary})

    return unread.result_of_corpora(corpora, {Summary: summary_rows})


async def _summarize(corpus: Corpus, options: TextOptions, fetcher: Fetcher) -> str:
    requests = []
    for _, text, document_ids in corpus.chunks(options.text_size):
        requests.append(summary_of(fetcher.engine, text, options.proportion, document_ids))

    quoted_documents = [document_id for document_id, _ in corpus.texts]
    summaries: list[str] = []

    while requests:
        answers = await fetch_answers(fetcher, requests)
        summaries = list(filter(None, answers))
        requests = _further_requests(
            fetcher.engine, summaries, len(requests), options, quoted_documents
        )

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
