"""The table `entities`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from models.tables import Entity
from reports.data import export_schema as schema
from reports.data.run_data import RunData, fetch_of_jobs


@dataclass(frozen=True, slots=True)
class EntityRow:
    """Named entities of each job and keyword, for the whole job and for each month.

    A job of a run of months is one month, so its rows with `period` null repeat those of the month:
    add up the ones or the others.
    """

    run: schema.RunNumber
    job: schema.JobName
    keyword: schema.KeywordName
    period: Annotated[str | None, "Month, UTC; null in the rows of the whole job."]
    rank: Annotated[int, "1 for the most common of its type; ties by name."]
    type: Annotated[str, "What kind of entity it is, PERSON say."]
    name: Annotated[str, "The entity."]
    count: Annotated[int, "How often it was named; of texts that repeat each other, in the first."]
    spellings: Annotated[list[str], "The ways it was written; in CSV as a JSON list."]


def read_entities(run: RunData, job_names: Collection[str] | None = None) -> Iterator[EntityRow]:
    """Yield a row per job, keyword (None for handles and searches), period and entity."""
    columns = (Entity.keyword, Entity.period, Entity.rank, Entity.type, Entity.name)
    counts = (Entity.count, Entity.spellings)
    for batch in fetch_of_jobs(run, job_names, Entity.job_id, *columns, *counts):
        yield from ENTITIES.sort(
            EntityRow(
                run=run.id,
                job=job.name,
                keyword=keyword or None,
                period=period or None,
                rank=rank,
                type=entity_type,
                name=entity_name,
                count=count,
                spellings=spellings,
            )
            for job, keyword, period, rank, entity_type, entity_name, count, spellings in batch
        )


ENTITIES = schema.Table(
    "entities",
    EntityRow,
    read_entities,
    schema.TEXT_RUNS,
    key=("job", "keyword", "period", "rank", "type", "name"),
)
