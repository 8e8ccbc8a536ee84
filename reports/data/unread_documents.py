"""The documents of a run that its engine was not asked about, because of their language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import and_, select

from analysis.languages import DocumentLanguages
from analysis.steps import polarity
from core.enums import StepState
from models.languages import languages_of
from models.tables import Document, Mention, PostPolarity
from reports.data.queries import fetch_scalars
from reports.data.run_data import RunData, RunJob, document_scope, documents_condition, once_of_run
from reports.data.tables.coverage import read_coverage_grid
from textapi.messages import Operation, languages_read


def count_unread(run: RunData) -> dict[str, Counter[str]]:
    """Return how many documents of each job have no polarity, by the language that is not read.

    They are documents that mention a keyword, or posts. Nothing is left out if an engine of the run
    declares no languages.
    """
    unread: dict[str, Counter[str]] = {job.name: Counter() for job in run.jobs}
    if languages_of_engines(run) is None:
        return unread

    coverage = read_coverage_grid(run).jobs
    for job in run.jobs:
        step = coverage[job.name].get(polarity.NAME)
        if step is None or step.state not in (StepState.COMPLETE, StepState.NO_DATA):
            continue

        ids = set(_ids_without_polarity(run, job))
        if ids:
            outside = find_unread(run, job)
            unread[job.name].update(outside[number] for number in ids & outside.keys())

    return unread


def languages_of_engines(run: RunData, operation: Operation | None = None) -> frozenset[str] | None:
    """Return the languages that all engines of a run read; None if one of them declares none."""
    declared = [run.engine_languages[engine] for engine in run.engines]
    known = [languages_read(languages, operation) for languages in declared if languages]
    return frozenset.intersection(*known) if known and len(known) == len(declared) else None


@once_of_run
def find_unread(run: RunData, job: RunJob, operation: Operation | None = None) -> Mapping[int, str]:
    """Return the documents of a job that its engine does not read, with their languages."""
    languages = languages_of_engines(run, operation)
    if languages is None:
        return {}

    language_rows = run.db.fetch(languages_of, document_scope(run, job))

    return DocumentLanguages.of(language_rows).find_outside(languages)


def _ids_without_polarity(run: RunData, job: RunJob) -> list[int]:
    if run.kind.has_mentions:
        mentions = select(Mention.document_id).distinct()
        without = mentions.where(Mention.job_id == job.id, Mention.polarity.is_(None))
        return list(fetch_scalars(run.db, without))

    scored = and_(PostPolarity.document_id == Document.id, PostPolarity.job_id == job.id)
    posts = select(Document.id).outerjoin(PostPolarity, scored)
    is_unscored = (documents_condition(run, job), PostPolarity.polarity.is_(None))
    return list(fetch_scalars(run.db, posts.where(*is_unscored, ~Document.repost)))
