"""The table `summaries`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import select

from core.enums import JobKind
from models.tables import PostPolarity, Summary
from reports.data import export_schema as schema
from reports.data.month_mentions import read_keyword_sentences
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob, fetch_of_jobs
from reports.data.selection import left_out
from reports.stats.intervals import mean_polarity, round_figure


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """The summary of each job and keyword."""

    run: schema.RunNumber
    job: schema.JobName
    keyword: schema.KeywordName
    summary: Annotated[str, "The sentences that say most."]
    polarity: Annotated[
        float | None,
        "Mean polarity of the sentences that mention the keyword, or of the job's posts; null "
        "where none is known.",
    ]


def read_summaries(data: RunData, names: Collection[str] | None = None) -> Iterator[SummaryRow]:
    """Yield a row per job and keyword, with the mean polarity of its sentences or posts."""
    for batch in fetch_of_jobs(data, names, Summary.job_id, Summary.keyword, Summary.summary):
        rows = []
        for job, keyword, summary in batch:
            polarity = round_figure(_mean_polarity(data, job, keyword))
            rows.append(SummaryRow(data.id, job.name, keyword or None, summary, polarity))
        yield from SUMMARIES.sort(rows)


def _mean_polarity(data: RunData, job: RunJob, keyword: str) -> float | None:
    if job.kind == JobKind.MONTH:
        sentences = read_keyword_sentences(data, job, keyword).get((keyword, None), {})
        return mean_polarity(sentences.values())
    of_posts = select(PostPolarity.document_id, PostPolarity.polarity)
    without = left_out(data, job)
    polarities = []
    for document, polarity in fetch_all(data.db, of_posts.where(PostPolarity.job_id == job.id)):
        if document not in without:
            polarities.append(schema.valid_polarity(polarity))
    return mean_polarity(polarities)


SUMMARIES = schema.Table(
    "summaries", SummaryRow, read_summaries, schema.TEXT_RUNS, key=("job", "keyword")
)
