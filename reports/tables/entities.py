"""The table `entities`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import select

from models.tables import Entity
from reports.export_schema import TEXT_RUNS, JobName, KeywordName, RunNumber, Table
from reports.queries import fetch_all, in_batches
from reports.run_data import RunData


@dataclass(frozen=True, slots=True)
class EntityRow:
    """A named entity of a job as a whole (`period` None) or of one month of it."""

    run: RunNumber
    job: JobName
    keyword: KeywordName
    period: Annotated[str | None, "Month, UTC; null in the rows of the whole job."]
    rank: Annotated[int, "1 for the most common; ties by name."]
    type: Annotated[str, "What kind of entity it is, PERSON say."]
    name: Annotated[str, "The entity."]
    count: Annotated[int, "How often it was named."]
    spellings: Annotated[list[str], "The ways it was written; in CSV as a JSON list."]


def read_entities(data: RunData, names: Collection[str] | None = None) -> Iterator[EntityRow]:
    """Yield a row per job, keyword (None for handles and searches), period and entity."""
    columns = (
        *(Entity.job_id, Entity.keyword, Entity.period, Entity.rank),
        *(Entity.type, Entity.name, Entity.count, Entity.spellings),
    )
    for jobs in in_batches(data.jobs_named(names)):
        job_names = {job.id: job.name for job in jobs}
        statement = select(*columns).where(Entity.job_id.in_(list(job_names)))
        rows = []
        for job, keyword, period, *values in fetch_all(data.db, statement):
            rows.append(
                EntityRow(data.id, job_names[job], keyword or None, period or None, *values)
            )
        yield from ENTITIES.sort(rows)


ENTITIES = Table(
    name="entities",
    description="Named entities of each job and keyword, for the whole job and for each month.",
    row=EntityRow,
    read=read_entities,
    key=("job", "keyword", "period", "rank", "type", "name"),
    kinds=TEXT_RUNS,
)
