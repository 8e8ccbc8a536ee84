"""What a month of a run holds: documents by day and origin, and mentions with both, read once.

What a selection leaves out is the same count of other documents, and is subtracted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from math import isnan
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, String, cast, func, select

from analysis import grains
from core.enums import Grain
from models.documents import documents_of
from models.origins import select_origins
from models.tables import Document, Mention
from reports.data.export_schema import valid_polarity
from reports.data.queries import fetch_all, fetch_scalars, in_batches
from reports.data.run_data import RunData, RunJob, document_scope, documents_condition
from reports.data.selection import left_out

# The date of a document. `extract` would not do: SQLite rounds the last moment of a day up.
DATE = func.substr(cast(Document.published_at, String), 1, len("YYYY-MM-DD"))


# The polarity of each sentence, by document and position in the document.
Sentences = dict[tuple[int, int], float | None]


@dataclass(frozen=True)
class DocumentCounts:
    """How many documents are of a day and an origin: columns of equal length.

    Days are numbers as those of `date.toordinal`. A day and an origin may stand in several rows.
    """

    days: NDArray[np.int32]
    origins: NDArray[np.int32]
    documents: NDArray[np.int32]

    def where(self, is_kept: NDArray[np.bool_]) -> DocumentCounts:
        """Return the rows that are kept."""
        return DocumentCounts(self.days[is_kept], self.origins[is_kept], self.documents[is_kept])

    def subtract(self, other: DocumentCounts) -> DocumentCounts:
        """Return the counts without those of other documents."""
        return DocumentCounts(
            np.concatenate([self.days, other.days]),
            np.concatenate([self.origins, other.origins]),
            np.concatenate([self.documents, -other.documents]),
        )

    def by_period(self, grain: Grain) -> dict[str, list[int]]:
        """Return the documents of each day of the periods in which any day was counted."""
        totals: dict[date, int] = defaultdict(int)
        for ordinal, documents in zip(self.days.tolist(), self.documents.tolist(), strict=True):
            totals[date.fromordinal(ordinal)] += documents

        periods = dict.fromkeys(grains.period_of(day, grain) for day in sorted(totals))
        return {
            period: [totals.get(day, 0) for day in grains.days_of(period)] for period in periods
        }


@dataclass(frozen=True)
class KeywordMentions:
    """The mentions of a keyword in a month: columns of equal length, some 40 bytes each."""

    documents: NDArray[np.int64]
    positions: NDArray[np.int64]
    terms: list[str]

    # NaN where it is not known.
    polarities: NDArray[np.float64]

    # Numbers as those of `date.toordinal`.
    days: NDArray[np.int32]
    origins: NDArray[np.int32]

    def where(self, is_kept: NDArray[np.bool_]) -> KeywordMentions:
        """Return the mentions that are kept."""
        kept_terms = [self.terms[index] for index in np.flatnonzero(is_kept)]
        return KeywordMentions(
            self.documents[is_kept],
            self.positions[is_kept],
            kept_terms,
            self.polarities[is_kept],
            self.days[is_kept],
            self.origins[is_kept],
        )


_NO_MENTIONS = KeywordMentions(
    documents=np.zeros(0, np.int64),
    positions=np.zeros(0, np.int64),
    terms=[],
    polarities=np.zeros(0),
    days=np.zeros(0, np.int32),
    origins=np.zeros(0, np.int32),
)


def read_stored(run: RunData, job: RunJob) -> DocumentCounts:
    """Return the documents of a job, of every section and material.

    A month is read once. Accounts may be too many for their counts to be kept.
    """
    is_of_job = documents_of(document_scope(run, job).of_all_kinds)
    count = partial(_count_documents, run, [is_of_job])
    if not run.kind.has_mentions:
        return count()

    return run.readings.once((read_stored, job.id), count)


def read_documents(run: RunData, job: RunJob) -> DocumentCounts:
    """Return the documents that a job reads; what the run's selection leaves out counts too."""
    stored = read_stored(run, job)
    if not run.kind.has_mentions or not reads_choice(run):
        return stored

    return stored.where(np.isin(stored.origins, _list_chosen_origins(run)))


def read_selected(run: RunData, job: RunJob) -> DocumentCounts:
    """Return the documents of a job that the run's selection leaves."""
    documents = read_documents(run, job)
    return documents.subtract(_read_left_out(run, job)) if run.selection else documents


def _read_left_out(run: RunData, job: RunJob) -> DocumentCounts:
    are_left_out = [Document.id.in_(batch) for batch in in_batches(left_out(run, job))]
    count = partial(_count_documents, run, are_left_out)
    if not run.kind.has_mentions:
        return count()

    return run.selected_readings.once((_read_left_out, job.id), count)


def _count_documents(run: RunData, conditions: Iterable[ColumnElement[bool]]) -> DocumentCounts:
    """Count the documents that fulfil any of *conditions*, which no document fulfils twice."""
    counted: list[tuple[int, int, int]] = []
    statement = select(DATE, Document.origin_id, func.count()).where(Document.period.is_not(None))
    grouped = statement.group_by(DATE, Document.origin_id).order_by(DATE, Document.origin_id)
    for condition in conditions:
        for day, origin_id, documents in fetch_all(run.db, grouped.where(condition)):
            counted.append((date.fromisoformat(day).toordinal(), origin_id, documents))

    return DocumentCounts(*np.array(counted, np.int32).reshape(-1, 3).T)


def count_days(run: RunData) -> dict[date, int]:
    """Return the documents that the run reads on every day of its months that have any."""
    counts: dict[date, int] = {}
    for job in run.jobs:
        for period, documents in read_documents(run, job).by_period(run.kind.grain).items():
            counts.update(zip(grains.days_of(period), documents, strict=True))

    return counts


def read_month_mentions(run: RunData, job: RunJob) -> Mapping[str, KeywordMentions]:
    """Return the mentions of a month by keyword, whatever the selection leaves out."""
    return run.readings.once((read_month_mentions, job.id), partial(_read_mentions, run, job))


def read_selected_mentions(run: RunData, job: RunJob, keyword_name: str) -> KeywordMentions:
    """Return the mentions of a keyword in the documents that the run's selection leaves."""
    mentions = read_month_mentions(run, job).get(keyword_name, _NO_MENTIONS)
    without = left_out(run, job)
    if not without:
        return mentions

    return mentions.where(~np.isin(mentions.documents, np.fromiter(without, np.int64)))


def read_sentences(run: RunData, job: RunJob, keyword_name: str) -> Sentences:
    """Return each sentence that mentions a keyword, in the documents that the selection leaves."""
    mentions = read_selected_mentions(run, job, keyword_name)
    places = zip(mentions.documents.tolist(), mentions.positions.tolist(), strict=True)
    polarities = mentions.polarities.tolist()
    return dict(zip(places, [None if isnan(score) else score for score in polarities], strict=True))


def _read_mentions(run: RunData, job: RunJob) -> dict[str, KeywordMentions]:
    columns = (Mention.keyword, Mention.document_id, Mention.position, Mention.term)
    statement = select(*columns, Mention.polarity, DATE, Document.origin_id)
    joined = statement.join(Document, Document.id == Mention.document_id)
    is_of_job = (Mention.job_id == job.id, documents_condition(run, job))
    by_keyword: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for keyword_name, *cells in fetch_all(run.db, joined.where(*is_of_job)):
        by_keyword[keyword_name].append(tuple(cells))

    mentions = {}
    for keyword_name, rows in by_keyword.items():
        documents, positions, terms, stored_polarities, days, origins = zip(*rows, strict=True)
        polarities = [valid_polarity(polarity) for polarity in stored_polarities]
        mentions[keyword_name] = KeywordMentions(
            documents=np.array(documents, np.int64),
            positions=np.array(positions, np.int64),
            terms=[intern(term) for term in terms],
            polarities=np.array(polarities, np.float64),
            days=np.array([date.fromisoformat(day).toordinal() for day in days], np.int32),
            origins=np.array(origins, np.int32),
        )

    return mentions


def reads_choice(run: RunData) -> bool:
    """Return whether the run reads some sections, or one material, alone."""
    parameters = run.month_parameters
    return bool(parameters.sections) or parameters.material is not None


def _list_chosen_origins(run: RunData) -> list[int]:
    """Return the origins of the sections and the material that the run reads."""
    parameters = run.month_parameters
    materials = [] if parameters.material is None else [parameters.material]
    statement = select_origins(section=parameters.sections, material=materials)
    return run.readings.once(_list_chosen_origins, lambda: list(fetch_scalars(run.db, statement)))
