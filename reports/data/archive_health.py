"""The health of an archive: what of a figure may come from the archive and not from the world."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import func, select

from analysis import grains
from core.enums import Grain, Grouping
from models.documents import text_column
from models.tables import Document, Mention, Origin
from reports.data.bulk_days import BulkDay, list_bulk_days, read_documents_by_day
from reports.data.daily_counts import DAY_OF_MONTH, no_documents, read_stored_counts
from reports.data.groupings import name_group, origin_column
from reports.data.missing_days import DayRange, list_missing_days
from reports.data.presence import Presence, judge_presence
from reports.data.queries import fetch_all, fetch_scalars, in_batches
from reports.data.run_data import RunData, RunJob, documents_condition

# So many names of the documents of a bulk day are kept.
_NAMES_OF_DAY = 3
# A term that has one document in its first month has no other in so many months.
_FEWEST_SILENT = 3
# It then has so many documents in the first so many months, which no silence would let one expect.
_FEWEST_AFTER = 10
_MONTHS_AFTER = 3


@dataclass(frozen=True, slots=True)
class LoadedDay:
    """A bulk day, with the sections and kinds that most of its documents have."""

    bulk_day: BulkDay
    sections: Mapping[str, int]
    kinds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LoneDocument:
    """The only document that holds a term long before all others: it may be dated wrongly."""

    terms: tuple[str, ...]
    day: date
    text: str
    address: str | None

    # The month of the next document that holds the term.
    next_month: str


@dataclass(frozen=True, slots=True)
class ArchiveHealth:
    """What is conspicuous in all documents that a run of months reads."""

    # Every day of the run's months.
    documents_by_day: Mapping[date, int]
    bulk_days: Sequence[LoadedDay]

    # Days without a document of any section or kind, in months that have some.
    missing_days: Sequence[DayRange]

    # The run's months without any document.
    empty_months: Sequence[str]

    # The names that some months lack; those with most documents come first.
    presences: Mapping[Grouping, Sequence[Presence]]
    lone_documents: Sequence[LoneDocument]

    @property
    def documents(self) -> int:
        """How many documents the run reads."""
        return sum(self.documents_by_day.values())


def read_archive_health(run: RunData) -> ArchiveHealth:
    """Return the health of the archive of a run of months, read once, month by month."""
    return run.readings.once(read_archive_health, lambda: _read_archive_health(run))


def _read_archive_health(run: RunData) -> ArchiveHealth:
    # The documents of other jobs are not there yet.
    jobs = [job for job in run.jobs if job.newest_document is not None]
    counts_by_day = read_documents_by_day(run)
    documents_by_day: dict[date, int] = {}
    stored_by_day: dict[date, int] = {}
    for job in jobs:
        days = grains.days_of(job.name)
        stored_counts = read_stored_counts(run, job).get(job.name, no_documents(job.name))
        documents_by_day.update({day: counts_by_day.get(day, 0) for day in days})
        stored_by_day.update(zip(days, stored_counts, strict=True))

    bulk_days = list_bulk_days(run)
    origins = _Origins(run)
    loaded_days = origins.take_out(bulk_days)
    origins.add_months(jobs)
    return ArchiveHealth(
        documents_by_day,
        loaded_days,
        list_missing_days(stored_by_day, {bulk_day.date for bulk_day in bulk_days}),
        _list_empty_months(stored_by_day),
        {grouping: origins.judge(grouping) for grouping in Grouping},
        _find_lone_documents(run, _list_months(documents_by_day)),
    )


def _list_months(documents_by_day: Mapping[date, int]) -> list[str]:
    """Return the months that have documents, in order."""
    months = {_month_of(day) for day, documents in documents_by_day.items() if documents}
    return sorted(months)


def _list_empty_months(stored_by_day: Mapping[date, int]) -> list[str]:
    return sorted({_month_of(day) for day in stored_by_day} - set(_list_months(stored_by_day)))


def _month_of(day: date) -> str:
    return grains.period_of(day, Grain.MONTH)


class _Origins:
    """Counts the documents of a run by outlet, section and kind, month by month."""

    def __init__(self, run: RunData) -> None:
        self._run = run
        self._names: dict[int, dict[Grouping, str]] = {}
        self._totals: Counter[str] = Counter()
        self._counts: dict[Grouping, dict[str, Counter[str]]] = {
            grouping: defaultdict(Counter) for grouping in Grouping
        }

    def add_months(self, jobs: Sequence[RunJob]) -> None:
        """Count the documents of months, which *jobs* are in their order."""
        for job in jobs:
            counts = self._count_origins(job, Document.origin_id)
            self._read_names([origin_id for origin_id, _ in counts])
            for origin_id, documents in counts:
                self._add(job.name, origin_id, documents)

    def take_out(self, bulk_days: Sequence[BulkDay]) -> list[LoadedDay]:
        """Subtract the documents of bulk days; return what sections and kinds they have."""
        loaded_days = []
        for month, days in groupby(bulk_days, key=lambda bulk_day: _month_of(bulk_day.date)):
            (job,) = self._run.jobs_named([month])
            origins_by_day: dict[int, Counter[int]] = defaultdict(Counter)
            counted = self._count_origins(job, Document.origin_id, DAY_OF_MONTH)
            self._read_names([origin_id for origin_id, _, _ in counted])
            for origin_id, day_of_month, documents in counted:
                origins_by_day[int(day_of_month)][origin_id] = documents
            for bulk_day in days:
                day_origins = origins_by_day[bulk_day.date.day]
                loaded_days.append(self._describe_day(bulk_day, day_origins))
                for origin_id, documents in day_origins.items():
                    self._add(month, origin_id, -documents)
        return loaded_days

    def judge(self, grouping: Grouping) -> list[Presence]:
        """Return the names of a grouping that some months lack; the largest come first."""
        totals = dict(sorted(self._totals.items()))
        presences = []
        for group_name, counts in self._counts[grouping].items():
            presence = judge_presence(group_name, counts, totals)
            if presence is not None:
                presences.append(presence)
        return sorted(presences, key=lambda presence: (-presence.documents, presence.name))

    def _add(self, month: str, origin_id: int, documents: int) -> None:
        self._totals[month] += documents
        for grouping, group_name in self._names[origin_id].items():
            self._counts[grouping][group_name][month] += documents

    def _describe_day(self, bulk_day: BulkDay, day_origins: Mapping[int, int]) -> LoadedDay:
        names: dict[Grouping, Counter[str]] = {grouping: Counter() for grouping in Grouping}
        for origin_id, documents in day_origins.items():
            for grouping, group_name in self._names[origin_id].items():
                names[grouping][group_name] += documents
        return LoadedDay(
            bulk_day,
            dict(names[Grouping.SECTION].most_common(_NAMES_OF_DAY)),
            dict(names[Grouping.KIND].most_common(_NAMES_OF_DAY)),
        )

    def _read_names(self, origin_ids: Collection[int]) -> None:
        """Read the names of the origins that no earlier month had."""
        columns = [origin_column(grouping) for grouping in Grouping]
        for batch in in_batches(set(origin_ids) - self._names.keys()):
            statement = select(Origin.id, *columns).where(Origin.id.in_(batch))
            for origin_id, *stored_names in fetch_all(self._run.db, statement):
                group_names = map(name_group, stored_names)
                self._names[origin_id] = dict(zip(Grouping, group_names, strict=True))

    def _count_origins(self, job: RunJob, *columns: Any) -> Sequence[tuple[Any, ...]]:
        """Return *columns* of the documents of a month, and how many documents have them."""
        statement = select(*columns, func.count()).where(
            documents_condition(self._run, job), Document.period.is_not(None)
        )
        return [tuple(counted) for counted in fetch_all(self._run.db, statement.group_by(*columns))]


def _find_lone_documents(run: RunData, months: Sequence[str]) -> list[LoneDocument]:
    """Return the documents that hold a term alone long before it is frequent, the first first."""
    terms_by_document: dict[tuple[int, str], list[str]] = defaultdict(list)
    for (keyword, term), counts in _count_by_month(run).items():
        for month, next_month in find_lone_months(counts, months):
            for document_id in _list_documents(run, month, keyword, term):
                terms_by_document[document_id, next_month].append(term)

    lone_documents = []
    for (document_id, next_month), terms in terms_by_document.items():
        columns = (Document.published_at, text_column(run.text_part), Document.address)
        stored = fetch_all(run.db, select(*columns).where(Document.id == document_id))
        for published_at, text, address in stored:
            lone_documents.append(
                LoneDocument(
                    tuple(sorted(set(terms))), published_at.date(), text, address, next_month
                )
            )
    return sorted(lone_documents, key=lambda lone: (lone.day, lone.text))


def find_lone_months(counts: Mapping[str, int], months: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the first months of a term that have one document, each with the next month that has.

    No month of three follows that has another; then come ten documents within three months. Where
    a term is that frequent, months without it are no chance. *months* are those with documents.
    """
    places = [place for place, month in enumerate(months) if counts.get(month)]
    for place, next_place in pairwise(places):
        after = months[next_place : next_place + _MONTHS_AFTER]
        is_lone = counts[months[place]] == 1 and next_place - place > _FEWEST_SILENT
        if not is_lone:
            return
        if sum(counts.get(month, 0) for month in after) >= _FEWEST_AFTER:
            yield months[place], months[next_place]


def _count_by_month(run: RunData) -> Mapping[tuple[str, str], Mapping[str, int]]:
    """Return how many documents hold a term in each month that has any, by keyword and term."""
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for jobs in in_batches(run.jobs):
        names = {job.id: job.name for job in jobs}
        documents = func.count(Mention.document_id.distinct())
        statement = select(Mention.job_id, Mention.keyword, Mention.term, documents)
        of_jobs = statement.where(Mention.job_id.in_(list(names)))
        grouped = of_jobs.group_by(Mention.job_id, Mention.keyword, Mention.term)
        for job_id, keyword, term, matched in fetch_all(run.db, grouped):
            counts[keyword, term][names[job_id]] = matched
    return counts


def _list_documents(run: RunData, month: str, keyword: str, term: str) -> Sequence[int]:
    """Return the documents of a month that hold a term of a keyword."""
    (job,) = run.jobs_named([month])
    is_of_term = (Mention.job_id == job.id, Mention.keyword == keyword, Mention.term == term)
    return fetch_scalars(run.db, select(Mention.document_id).where(*is_of_term).distinct())
