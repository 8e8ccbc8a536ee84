"""The table `phrases`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import select

from models.tables import Phrase
from reports.export_schema import TEXT_RUNS, JobName, KeywordName, RunNumber, Table
from reports.queries import fetch_all, in_batches
from reports.run_data import RunData


@dataclass(frozen=True, slots=True)
class PhraseRow:
    """A common phrase of a job."""

    run: RunNumber
    job: JobName
    keyword: KeywordName
    rank: Annotated[int, "1 for the most common; ties by the phrase."]
    phrase: Annotated[str, "The phrase."]
    count: Annotated[int, "Documents of the job that hold the phrase, case ignored."]


def read_phrases(data: RunData, names: Collection[str] | None = None) -> Iterator[PhraseRow]:
    """Yield a row per job, keyword (None for handles and searches) and rank."""
    columns = (Phrase.job_id, Phrase.keyword, Phrase.rank, Phrase.phrase, Phrase.count)
    for jobs in in_batches(data.jobs_named(names)):
        job_names = {job.id: job.name for job in jobs}
        statement = select(*columns).where(Phrase.job_id.in_(list(job_names)))
        rows = []
        for job, keyword, *values in fetch_all(data.db, statement):
            rows.append(PhraseRow(data.id, job_names[job], keyword or None, *values))
        yield from PHRASES.sort(rows)


PHRASES = Table(
    name="phrases",
    description="The most common phrases of each job and keyword.",
    row=PhraseRow,
    read=read_phrases,
    key=("job", "keyword", "rank", "phrase"),
    kinds=TEXT_RUNS,
)
