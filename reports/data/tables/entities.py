"""The table `entities`, and what the names of a run stand for by all its rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Annotated

from analysis.text.entity_counts import form_of
from analysis.text.held_names import may_be_word
from analysis.text.known_names import NO_NAMES
from models.tables import Entity
from reports.data import export_schema as schema
from reports.data.entity_labels import EntityName, RunNames
from reports.data.repeats import is_large
from reports.data.run_data import RunData, fetch_of_jobs, once_of_run
from reports.frames.reading import load_frames


@dataclass(frozen=True, slots=True)
class EntityRow:
    """Named entities of each job and keyword, for the whole job and for each month.

    A run of months has a row for the whole run, too, with `job` and `period` null. A job of such a
    run is one month, so its rows with `period` null repeat those of the month: take the rows of one
    kind, or documents are counted twice. What a name is, a person or a place, is a guess.
    """

    run: schema.RunNumber
    job: Annotated[
        str | None, f"{schema.JOB_NAME} Null in the rows of the whole run, which months have."
    ]
    keyword: schema.KeywordName
    period: Annotated[str | None, "Month, UTC; null in the rows of the whole job or run."]
    rank: Annotated[int, "1 for the most common of its type; ties by name."]
    type: Annotated[str, "What kind of entity it is, PERSON say."]
    name: Annotated[str, "The entity."]
    count: Annotated[
        int,
        "Documents that hold the name as whole words and not within the name of something else; of "
        "texts that repeat each other the first. A document that names a person in full counts for "
        "the full name alone, so that the counts of a person's names add up. Of a word that is a "
        "name too, and that more than twice as many documents hold: how often it was taken for a "
        "name, and so in results from before documents were counted.",
    ]
    spellings: Annotated[list[str], "The ways it was written; in CSV as a JSON list."]

    # How often the Text API took it for a name; None in rows of the whole run.
    taken: Annotated[int | None, schema.NO_COLUMN] = field(default=None, compare=False)

    # False in results from before documents were counted, where `count` is the same as `taken`.
    has_documents: Annotated[bool, schema.NO_COLUMN] = field(default=True, compare=False)

    @property
    def times(self) -> int:
        """How often it was taken for a name, as far as that is known."""
        return self.count if self.taken is None else self.taken

    @property
    def may_count_times(self) -> bool:
        """Whether `count` may be how often it was taken for a name, so that no list has as many."""
        return not self.has_documents or (
            self.count == self.times and may_be_word(form_of(self.name))
        )


def read_entities(run: RunData, job_names: Collection[str] | None = None) -> Iterator[EntityRow]:
    """Yield a row per job, keyword (None for handles and searches), period and entity.

    Also those of names that no document holds for themselves, whose count is 0.
    """
    columns = (Entity.keyword, Entity.period, Entity.rank, Entity.type, Entity.name)
    counts = (Entity.spellings, Entity.count, Entity.documents)
    for batch in fetch_of_jobs(run, job_names, Entity.job_id, *columns, *counts):
        entity_rows = []
        for job, keyword, period, rank, type_, name, spellings, times, documents in batch:
            entity_row = EntityRow(
                run=run.id,
                job=job.name,
                keyword=keyword or None,
                period=period or None,
                rank=rank,
                type=type_,
                name=name,
                count=times if documents is None else documents,
                spellings=spellings,
                taken=times,
                has_documents=documents is not None,
            )
            entity_rows.append(entity_row)

        yield from ENTITIES.sort(entity_rows)


def sum_counts(entity_rows: Iterable[EntityRow]) -> Counter[EntityName]:
    """Return how often each name of *entity_rows* was taken for one in whole jobs."""
    counts = Counter[EntityName]()
    for entity_row in _select_names(entity_rows):
        counts[entity_row.type, entity_row.name] += entity_row.times

    return counts


def sum_documents(entity_rows: Iterable[EntityRow]) -> Counter[EntityName]:
    """Return how many documents of whole jobs hold each name of *entity_rows*."""
    documents = Counter[EntityName]()
    for entity_row in _select_names(entity_rows):
        documents[entity_row.type, entity_row.name] += entity_row.count

    return documents


def find_uncounted(entity_rows: Iterable[EntityRow]) -> set[EntityName]:
    """Return the names of *entity_rows* whose count may be no number of documents."""
    return {(row.type, row.name) for row in _select_names(entity_rows) if row.may_count_times}


def _select_names(entity_rows: Iterable[EntityRow]) -> Iterator[EntityRow]:
    for entity_row in entity_rows:
        if entity_row.period is None and entity_row.type not in NO_NAMES:
            yield entity_row


@once_of_run
def read_run_names(run: RunData) -> RunNames:
    """Return what the names of *run* stand for, read of all its jobs and their documents."""
    counts = sum_counts(read_entities(run))
    has_texts = counts and not is_large(run)
    jobs = run.jobs if has_texts else ()
    return RunNames.of(counts, (load_frames(run, job).names for job in jobs))


def read_counted(run: RunData, job_names: Collection[str] | None = None) -> Iterator[EntityRow]:
    """Yield the rows of the names that documents hold, of the whole run of months first."""
    whole_run: list[EntityRow] = []
    if run.kind.has_mentions and job_names is None:
        whole_run = ENTITIES.sort(_sum_jobs(read_entities(run), read_run_names(run)))

    for entity_row in chain(whole_run, read_entities(run, job_names)):
        if entity_row.count:
            yield entity_row


def _sum_jobs(entity_rows: Iterable[EntityRow], run_names: RunNames) -> Iterator[EntityRow]:
    """Yield a row of the whole run for each name, of the type that pages show it under.

    Its name is its most frequent spelling.
    """
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    spellings: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    run_number = 0
    for entity_row in entity_rows:
        if entity_row.period is None and entity_row.count:
            run_number = entity_row.run
            type_ = run_names.find_type(entity_row.type, entity_row.name)
            name_key = (entity_row.keyword or "", type_, form_of(entity_row.name))
            counts[name_key][entity_row.name] += entity_row.count
            spellings[name_key].update(entity_row.spellings)

    names = {name_key: min(c, key=lambda name: (-c[name], name)) for name_key, c in counts.items()}
    ranks = Counter[tuple[str, str]]()
    for name_key in sorted(counts, key=lambda key: (-counts[key].total(), names[key])):
        keyword, type_, _ = name_key
        ranks[keyword, type_] += 1
        yield EntityRow(
            run=run_number,
            job=None,
            keyword=keyword or None,
            period=None,
            rank=ranks[keyword, type_],
            type=type_,
            name=names[name_key],
            count=counts[name_key].total(),
            spellings=sorted(spellings[name_key]),
        )


ENTITIES = schema.Table(
    "entities",
    EntityRow,
    read_counted,
    schema.TEXT_RUNS,
    key=("job", "keyword", "period", "rank", "type", "name"),
)
