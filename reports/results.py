"""What a run found, row by row as it is exported: everything that figures, pages and exports say comes from here.

Each function yields the rows of one table, sorted by the key columns in their order: text by code points, numbers as
numbers, None first. Rows are read in short transactions, a month, a job or a batch at a time, so that a run of a
million documents needs no more memory than one of a thousand. All raise `NotFound` where there is no such run, when
the first row is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from analysis import parameters as run_parameters
from core.enums import JobKind
from models.database import Database
from models.tables import (
    Call,
    Document,
    Entity,
    Epoch,
    Job,
    Mention,
    Phrase,
    PostPolarity,
    Prediction,
    Summary,
    Training,
)
from reports.periods import mentioning_sentences, periods
from reports.queries import (
    JobOfRun,
    batches,
    by_identity,
    coverage_of,
    fetch,
    of_job,
    paged,
    read_run,
)
from reports.rows import (
    CallRow,
    CoverageRow,
    DocumentRow,
    EntityRow,
    EpochRow,
    MentionRow,
    PeriodRow,
    PhraseRow,
    PredictionRow,
    Row,
    SummaryRow,
    TrainingRow,
)
from reports.statistics import figure, mean

__all__ = [
    "CallRow",
    "CoverageRow",
    "DocumentRow",
    "EntityRow",
    "EpochRow",
    "MentionRow",
    "PeriodRow",
    "PhraseRow",
    "PredictionRow",
    "Row",
    "SummaryRow",
    "TrainingRow",
    "calls",
    "coverage",
    "documents",
    "entities",
    "epochs",
    "mentions",
    "periods",
    "phrases",
    "predictions",
    "summaries",
    "trainings",
]


def mentions(
    db: Database, run_id: int, names: Collection[str] | None = None
) -> Iterator[MentionRow]:
    """A row per month, document, keyword, term and sentence. Only runs of months have keywords.

    *names*: of the jobs with these names alone.
    """
    for job in _named(read_run(db, run_id).jobs, names):
        if job.kind != JobKind.MONTH:
            continue
        mentioned = select(Mention.document_id).where(Mention.job_id == job.id)
        found = fetch(
            db,
            select(Document.handle, Document.identity, Document.id).where(
                Document.id.in_(mentioned)
            ),
        )
        in_order = sorted(
            (handle or "", identity, document) for handle, identity, document in found
        )
        for batch in batches(in_order):
            yield from _mentions(db, run_id, job, [document for *_, document in batch])


def _mentions(
    db: Database, run_id: int, job: JobOfRun, documents: Sequence[int]
) -> list[MentionRow]:
    statement = (
        select(
            Document.handle,
            Document.identity,
            Document.published_at,
            Document.address,
            Mention.keyword,
            Mention.term,
            Mention.position,
            Mention.sentence,
            Document.text,
            Mention.polarity,
        )
        .join(Document, Document.id == Mention.document_id)
        .where(Mention.job_id == job.id, Mention.document_id.in_(documents))
    )
    rows = [
        MentionRow(run_id, job.name, handle, document, _time(at), *(*rest, _number(polarity)))
        for handle, document, at, *rest, polarity in fetch(db, statement)
    ]
    return sorted(
        rows, key=lambda row: (row.handle or "", row.document, row.keyword, row.term, row.position)
    )


def phrases(db: Database, run_id: int) -> Iterator[PhraseRow]:
    """A row per job, keyword (None for handles and searches) and rank."""
    for jobs in batches(read_run(db, run_id).jobs):
        names = {job.id: job.name for job in jobs}
        statement = select(Phrase.job_id, Phrase.keyword, Phrase.rank, Phrase.phrase, Phrase.count)
        rows = [
            PhraseRow(run_id, names[job], keyword or None, *rest)
            for job, keyword, *rest in fetch(db, statement.where(Phrase.job_id.in_(list(names))))
        ]
        yield from sorted(rows, key=lambda row: (row.job, row.keyword or "", row.rank, row.phrase))


def entities(db: Database, run_id: int) -> Iterator[EntityRow]:
    """A row per job, keyword (None for handles and searches), period (None: the whole job) and entity."""
    for jobs in batches(read_run(db, run_id).jobs):
        names = {job.id: job.name for job in jobs}
        statement = select(
            Entity.job_id,
            Entity.keyword,
            Entity.period,
            Entity.rank,
            Entity.type,
            Entity.name,
            Entity.count,
            Entity.spellings,
        )
        rows = [
            EntityRow(run_id, names[job], keyword or None, period or None, *rest)
            for job, keyword, period, *rest in fetch(
                db, statement.where(Entity.job_id.in_(list(names)))
            )
        ]
        yield from sorted(
            rows,
            key=lambda row: (
                row.job,
                row.keyword or "",
                row.period or "",
                row.rank,
                row.type,
                row.name,
            ),
        )


def summaries(db: Database, run_id: int) -> Iterator[SummaryRow]:
    """A row per job and keyword, with the mean polarity of the sentences that mention it, or of the job's posts."""
    for jobs in batches(read_run(db, run_id).jobs):
        by_id = {job.id: job for job in jobs}
        statement = select(Summary.job_id, Summary.keyword, Summary.summary)
        found = fetch(db, statement.where(Summary.job_id.in_(list(by_id))))
        for job_id, keyword, summary in sorted(
            found, key=lambda row: (by_id[row.job_id].name, row.keyword)
        ):
            polarity = _mean_polarity(db, by_id[job_id], keyword)
            yield SummaryRow(run_id, by_id[job_id].name, keyword or None, summary, figure(polarity))


def _mean_polarity(db: Database, job: JobOfRun, keyword: str) -> float | None:
    if job.kind == JobKind.MONTH:
        sentences = mentioning_sentences(db, job).get((keyword, None), {})
        return mean([polarity for polarity in sentences.values() if polarity is not None])
    posts = fetch(db, select(PostPolarity.polarity).where(PostPolarity.job_id == job.id))
    return mean([polarity for (polarity,) in posts])


def documents(db: Database, run_id: int) -> Iterator[DocumentRow]:
    """A row per document that the run worked on, by its identity; a document of two jobs is there once."""
    run = read_run(db, run_id)
    found = (
        (document, identity)
        for job in run.jobs
        if job.kind != JobKind.TRAINING
        for document, identity in paged(
            db, select(Document.id, Document.identity).where(of_job(run, job)), Document.id
        )
    )
    jobs = select(Job.id).where(Job.run_id == run_id)
    for batch in batches(by_identity(found)):
        said = select(PostPolarity.document_id, PostPolarity.polarity).where(
            PostPolarity.document_id.in_(batch), PostPolarity.job_id.in_(jobs)
        )
        polarities = {document: _number(polarity) for document, polarity in fetch(db, said)}
        rows = fetch(
            db,
            select(
                Document.id,
                Document.identity,
                Document.source,
                Document.handle,
                Document.published_at,
                Document.address,
                Document.text,
            ).where(Document.id.in_(batch)),
        )
        for document, identity, source, handle, at, address, text in sorted(
            rows, key=lambda row: row.identity
        ):
            polarity = polarities.get(document)
            yield DocumentRow(run_id, identity, source, handle, _time(at), address, text, polarity)


def coverage(db: Database, run_id: int) -> Iterator[CoverageRow]:
    """A row per job and step that was asked for, the documents step always among them."""
    run = read_run(db, run_id)
    for jobs in batches(run.jobs):
        rows = coverage_of(db, run, jobs)
        for job in jobs:
            yield from rows[job.id]


def epochs(db: Database, run_id: int, names: Collection[str] | None = None) -> Iterator[EpochRow]:
    """A row per training (of those with *names* alone, if given) and epoch; a loss past all numbers is None."""
    for job in _named(read_run(db, run_id).jobs, names):
        statement = select(
            Epoch.epoch, Epoch.train_loss, Epoch.validation_loss, Epoch.accuracy, Epoch.seconds
        )
        for epoch, *figures in fetch(
            db, statement.where(Epoch.job_id == job.id).order_by(Epoch.epoch)
        ):
            yield EpochRow(run_id, job.name, epoch, *map(_number, figures))


def predictions(
    db: Database, run_id: int, names: Collection[str] | None = None
) -> Iterator[PredictionRow]:
    """A row per training (of those with *names* alone, if given), split and example."""
    for job in _named(read_run(db, run_id).jobs, names):
        splits = fetch(db, select(Prediction.split).distinct().where(Prediction.job_id == job.id))
        for split in sorted(split for (split,) in splits):
            statement = select(Prediction.index, Prediction.actual, Prediction.predicted).where(
                Prediction.job_id == job.id, Prediction.split == split
            )
            for index, actual, predicted in paged(db, statement, Prediction.index):
                yield PredictionRow(
                    run_id, job.name, split, index, _number(actual), _number(predicted)
                )


def trainings(db: Database, run_id: int) -> Iterator[TrainingRow]:
    """A row per training; its options are the network, the data and all options of the run, by name.

    An option that only some jobs have is None in the others; a list is written with commas, as one types it.
    """
    run = read_run(db, run_id)
    if not isinstance(run.parameters, run_parameters.TrainingParameters):
        return
    shared = {"network": run.parameters.network, "data": run.parameters.data}
    options = {job.id: run.parameters.options | job.options for job in run.jobs}
    names = sorted({name for given in options.values() for name in given} - set(shared))
    for jobs in batches(run.jobs):
        statement = select(
            Training.job_id,
            Training.train_rmse,
            Training.validation_rmse,
            Training.accuracy,
            Training.baseline_mean,
            Training.baseline_last,
            Training.baseline_recurrence,
        ).where(Training.job_id.in_([job.id for job in jobs]))
        results = {job: map(_number, figures) for job, *figures in fetch(db, statement)}
        for job in jobs:
            flat = shared | {name: _option(options[job.id].get(name)) for name in names}
            yield TrainingRow(run_id, job.name, flat, *results.get(job.id, (None,) * 6))


def calls(db: Database, run_id: int) -> Iterator[CallRow]:
    """A row per service and operation that the run asked, over all minutes and credentials."""
    read_run(db, run_id)
    counted = (Call.calls, Call.answers_reused, Call.retries, Call.maybe_twice, Call.seconds)
    statement = select(Call.service, Call.operation, *(func.sum(column) for column in counted))
    found = fetch(db, statement.where(Call.run_id == run_id).group_by(Call.service, Call.operation))
    for service, operation, *numbers, seconds in sorted(
        found, key=lambda row: (row.service, row.operation)
    ):
        yield CallRow(run_id, service, operation, *(*map(int, numbers), round(seconds, 3)))


def _named(jobs: list[JobOfRun], names: Collection[str] | None) -> list[JobOfRun]:
    return jobs if names is None else [job for job in jobs if job.name in names]


def _time(at: datetime | None) -> str | None:
    return None if at is None else f"{at.isoformat(timespec='seconds')}Z"


def _number(value: float | None) -> float | None:
    """*value* as every format can hold it: no infinity, no NaN, no minus zero."""
    return value + 0.0 if value is not None and math.isfinite(value) else None


def _option(value: Any) -> Any:
    return ",".join(map(str, value)) if isinstance(value, list) else value
