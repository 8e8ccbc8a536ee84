"""The table `phrases`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from models.tables import Phrase
from reports.data import export_schema as schema
from reports.data.run_data import RunData, fetch_of_jobs


@dataclass(frozen=True, slots=True)
class PhraseRow:
    """The most common phrases of each job and keyword.

    Those that occur once or only repeat the keyword have the last ranks.
    """

    run: schema.RunNumber
    job: schema.JobName
    keyword: schema.KeywordName
    rank: Annotated[
        int, "1 for the largest count; ties as the Text API ranks them, then by phrase."
    ]
    phrase: Annotated[str, "The phrase."]
    count: Annotated[
        int,
        "Documents that mention the keyword (of handles and searches: the job's documents) and "
        "hold the phrase as whole words, case ignored.",
    ]


def read_phrases(run: RunData, job_names: Collection[str] | None = None) -> Iterator[PhraseRow]:
    """Yield a row per job, keyword (None for handles and searches) and rank."""
    columns = (Phrase.keyword, Phrase.rank, Phrase.phrase, Phrase.count)
    for batch in fetch_of_jobs(run, job_names, Phrase.job_id, *columns):
        yield from PHRASES.sort(
            PhraseRow(run.id, job.name, keyword or None, *cells) for job, keyword, *cells in batch
        )


PHRASES = schema.Table(
    "phrases", PhraseRow, read_phrases, schema.TEXT_RUNS, key=("job", "keyword", "rank", "phrase")
)
