"""How many units of a run came after a sample was drawn from it."""

from __future__ import annotations

from sqlalchemy import func, select

from models.tables import Document, Job, Mention
from reports.data.coded_samples import CodedSample
from reports.data.queries import fetch_scalars
from reports.data.run_data import RunData, documents_condition


def count_population(sample: CodedSample) -> int:
    """Return of how many units a sample was drawn; whole texts are the same for each keyword."""
    first_keyword = sample.keywords[0]
    is_of_mentions = sample.codebook.is_of_mentions
    return sum(
        stratum.population
        for stratum in sample.strata
        if is_of_mentions or stratum.keyword == first_keyword
    )


def count_later_units(run: RunData, sample: CodedSample) -> int:
    """Return how many units more the run has now."""
    if sample.codebook.is_of_mentions:
        columns = (Mention.document_id, Mention.keyword, Mention.position)
        mentions = select(*columns).join(Job, Job.id == Mention.job_id).where(Job.run_id == run.id)
        distinct_mentions = mentions.distinct().subquery()
        units = fetch_scalars(run.db, select(func.count()).select_from(distinct_mentions))[0]
    elif run.kind.has_mentions:
        units = 0
        for job in run.jobs:
            documents = select(func.count(Document.id)).where(documents_condition(run, job))
            units += fetch_scalars(run.db, documents)[0]
    else:
        posts: set[int] = set()
        for job in run.jobs:
            is_post = (
                documents_condition(run, job),
                ~Document.repost,
                Document.period.is_not(None),
            )
            posts.update(fetch_scalars(run.db, select(Document.id).where(*is_post)))

        units = len(posts)

    return max(0, int(units) - count_population(sample))
