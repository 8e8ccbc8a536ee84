"""The table `distinctive`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from models.tables import DistinctiveWord
from reports.data import export_schema as schema
from reports.data.run_data import RunData, fetch_of_jobs


@dataclass(frozen=True, slots=True)
class DistinctiveRow:
    """The words that stand out in the documents that mention a keyword, or in a job's posts.

    They are compared with the other documents of the month, or with the posts of the run's other
    jobs.
    """

    run: schema.RunNumber
    job: schema.JobName
    keyword: schema.KeywordName
    rank: Annotated[int, "1 for the largest |G²|; ties by the word."]
    word: Annotated[str, "The word as it is written most often; words are compared case-folded."]
    count: Annotated[int, "How often the documents use it."]
    documents: Annotated[int, "How many of the documents use it."]
    reference_count: Annotated[int, "How often the documents use it that they are compared with."]
    g2: Annotated[
        float,
        "Dunning's log-likelihood ratio G² (1993), negative where the documents use the word less.",
    ]


def read_distinctive(
    run: RunData, job_names: Collection[str] | None = None
) -> Iterator[DistinctiveRow]:
    """Yield a row per job, keyword (None for handles and searches) and rank."""
    columns = (
        *(DistinctiveWord.keyword, DistinctiveWord.rank, DistinctiveWord.word),
        *(DistinctiveWord.count, DistinctiveWord.documents),
        *(DistinctiveWord.reference_count, DistinctiveWord.g2),
    )
    for batch in fetch_of_jobs(run, job_names, DistinctiveWord.job_id, *columns):
        word_rows = [
            DistinctiveRow(run.id, job.name, keyword or None, *cells)
            for job, keyword, *cells in batch
        ]
        yield from DISTINCTIVE.sort(word_rows)


DISTINCTIVE = schema.Table(
    "distinctive",
    DistinctiveRow,
    read_distinctive,
    schema.TEXT_RUNS,
    key=("job", "keyword", "rank", "word"),
)
