"""The selection of documents that a run's figures leave out: repeats and unwanted patterns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial

from sqlalchemy import and_, select

from core.errors import UsageError
from models.tables import Document
from reports.data.export_schema import pad_period
from reports.data.queries import fetch_all, fetch_scalars, in_batches
from reports.data.repeats import find_repeated, read_patterns
from reports.data.run_data import (
    Readings,
    RunData,
    RunJob,
    Selection,
    documents_condition,
)


def check_found(run: RunData, selection: Selection) -> None:
    """Raise `UsageError` if the run does not have a pattern of *selection*."""
    if selection and not run.kind.has_documents:
        raise UsageError(
            f"run {run.id} is a training, which has no documents to choose from: leave out "
            "--distinct and --without"
        )

    for pattern, pattern_place in find_places(select_documents(run, selection)).items():
        if pattern_place is None:
            raise UsageError(
                f"--without {pattern}: no repeated text of run {run.id} is like it; the section "
                "Repeats of its report names the largest patterns"
            )


def left_out(run: RunData, job: RunJob) -> Collection[int]:
    """Return the ids of the documents of *job* that the run's selection leaves out."""
    if not run.selection:
        return ()

    return run.selected_readings.once((left_out, job.id), lambda: _leave_out(run, job))


def select_documents(run: RunData, selection: Selection) -> RunData:
    """Return the run with another selection; what is the same of both is read once, by either."""
    return replace(run, selection=selection, selected_readings=Readings())


def find_places(run: RunData) -> dict[str, int | None]:
    """Return the place of each pattern that the selection leaves out, by the text that names it.

    The place is None if no pattern of the run is like it.
    """
    return {text: read_patterns(run).find(text) for text in run.selection.without}


def count_without(run: RunData) -> dict[str, int]:
    """Return how many documents each pattern has that is left out, by its text as it is shown."""
    patterns = read_patterns(run).patterns if run.selection.without else ()
    counts = {}
    for pattern, pattern_place in find_places(run).items():
        if pattern_place is None:
            counts[pattern] = 0
        else:
            counts[patterns[pattern_place].text] = patterns[pattern_place].size

    return counts


def _leave_out(run: RunData, job: RunJob) -> frozenset[int]:
    places = frozenset(place for place in find_places(run).values() if place is not None)
    unwanted = _read_patterns(run, job, places) if places else frozenset[int]()
    unwanted |= _read_documents_of_days(run, job)
    if not run.selection.distinct:
        return unwanted

    return unwanted | find_repeated(run, job)


def _read_patterns(run: RunData, job: RunJob, places: frozenset[int]) -> frozenset[int]:
    """Return the documents of *job* that are of the patterns at *places*."""
    if run.kind.has_mentions:
        read_months = partial(_read_patterns_by_month, run, places)
        months = run.readings.once((_read_patterns_by_month, places), read_months)
        return months.get(job.name, frozenset())

    read_documents = partial(_read_patterns_of_job, run, job, places)
    return run.readings.once((_read_patterns_of_job, job.id, places), read_documents)


def _read_patterns_by_month(run: RunData, places: frozenset[int]) -> dict[str, frozenset[int]]:
    """Return the documents of patterns of a run of months; none belongs to two months."""
    documents_by_month: dict[str, set[int]] = defaultdict(set)
    for batch in in_batches(read_patterns(run).numbers_of(places)):
        statement = select(Document.id, Document.period).where(Document.id.in_(batch))
        for document, period in fetch_all(run.db, statement):
            documents_by_month[pad_period(period)].add(document)

    return {month: frozenset(documents) for month, documents in documents_by_month.items()}


def _read_patterns_of_job(run: RunData, job: RunJob, places: frozenset[int]) -> frozenset[int]:
    documents: set[int] = set()
    for batch in in_batches(read_patterns(run).numbers_of(places)):
        in_job = documents_condition(run, job)
        statement = select(Document.id).where(in_job, Document.id.in_(batch))
        documents.update(fetch_scalars(run.db, statement))

    return frozenset(documents)


def _read_documents_of_days(run: RunData, job: RunJob) -> frozenset[int]:
    """Return the documents of *job* that are of days which the selection leaves out."""
    documents: set[int] = set()
    for day in sorted(run.selection.days):
        start = datetime.combine(day, time.min)
        is_of_day = and_(
            Document.published_at >= start, Document.published_at < start + timedelta(days=1)
        )
        statement = select(Document.id).where(documents_condition(run, job), is_of_day)
        documents.update(fetch_scalars(run.db, statement))

    return frozenset(documents)
