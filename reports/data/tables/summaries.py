"""The table `summaries`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from models.tables import Summary
from reports.data import export_schema as schema
from reports.data.run_data import RunData, RunJob, fetch_of_jobs
from reports.series.reading import select_frames
from reports.stats.intervals import TRILLIONTHS, round_figure


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
        schema.POLARITY,
    ]


def read_summaries(run: RunData, job_names: Collection[str] | None = None) -> Iterator[SummaryRow]:
    """Yield a row per job and keyword, with the mean polarity of its sentences or posts."""
    for batch in fetch_of_jobs(run, job_names, Summary.job_id, Summary.keyword, Summary.summary):
        summary_rows = []
        for job, keyword, summary in batch:
            polarity = round_figure(_mean_polarity(run, job, keyword))
            summary_rows.append(SummaryRow(run.id, job.name, keyword or None, summary, polarity))

        yield from SUMMARIES.sort(summary_rows)


def _mean_polarity(run: RunData, job: RunJob, keyword: str) -> float | None:
    frames = select_frames(run, job)
    scored = (frames.sentences(keyword) if keyword else frames.mentions)["polarity"].drop_nulls()
    return int(scored.sum()) / TRILLIONTHS / len(scored) if len(scored) else None


SUMMARIES = schema.Table(
    "summaries",
    SummaryRow,
    read_summaries,
    schema.TEXT_RUNS,
    key=("job", "keyword"),
    is_selected=True,
)
