"""The health of an archive: what of a figure may come from the archive and not from the world."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import polars as pl
from sqlalchemy import select

from analysis import grains
from core.enums import Grain, Grouping
from models.documents import quoted_text
from models.tables import Document
from reports.data.bulk_days import BulkDay, list_bulk_days
from reports.data.missing_days import DayRange, list_missing_days
from reports.data.presence import Presence, judge_presence
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob, once_of_run
from reports.frames.frames import Frames
from reports.frames.reading import gather, load_frames, load_mentioning
from reports.series.groupings import name_groups
from reports.series.reading import read_days
from reports.words.quantities import NAMED

# A term that has one document in its first month has no other in so many months.
_FEWEST_SILENT = 3
# It then has so many documents in the first so many months, which no silence would let one expect.
_FEWEST_AFTER = 10
_MONTHS_AFTER = _FEWEST_SILENT


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


@once_of_run
def read_archive_health(run: RunData) -> ArchiveHealth:
    """Return the health of the archive of a run of months, month by month."""
    # The documents of other jobs are not there yet.
    jobs = [job for job in run.jobs if job.newest_document is not None]
    days = read_days(run).filter(pl.col("job").is_in([job.name for job in jobs]))
    nothing = dict.fromkeys((day for job in jobs for day in job.days), 0)
    documents_by_day = nothing | dict(days.select("day", "documents").iter_rows())
    stored_by_day = nothing | dict(days.select("day", "stored").iter_rows())

    bulk_days = list_bulk_days(run)
    loaded = {bulk_day.date for bulk_day in bulk_days}
    return ArchiveHealth(
        documents_by_day=documents_by_day,
        bulk_days=[_describe_day(run, bulk_day) for bulk_day in bulk_days],
        missing_days=list_missing_days(stored_by_day, loaded),
        empty_months=_list_empty_months(stored_by_day),
        presences=_judge_presences(run, jobs, loaded),
        lone_documents=_find_lone_documents(run, _list_months(documents_by_day)),
    )


def _list_months(documents_by_day: Mapping[date, int]) -> list[str]:
    """Return the months that have documents, in order."""
    months = {_month_of(day) for day, documents in documents_by_day.items() if documents}
    return sorted(months)


def _list_empty_months(stored_by_day: Mapping[date, int]) -> list[str]:
    return sorted({_month_of(day) for day in stored_by_day} - set(_list_months(stored_by_day)))


def _month_of(day: date) -> str:
    return grains.period_of(day, Grain.MONTH)


def _judge_presences(
    run: RunData, jobs: Sequence[RunJob], left_out_days: Collection[date]
) -> dict[Grouping, list[Presence]]:
    """Return the names of each grouping that some months lack; the largest come first."""
    is_left_out = pl.col("day").is_in(list(left_out_days))

    def count_names(_: RunJob, frames: Frames) -> list[pl.LazyFrame]:
        documents = frames.chosen.lazy().filter(~is_left_out)
        return [documents.group_by(name=name_groups(grouping)).len() for grouping in Grouping]

    presences = {}
    for grouping, counted in zip(Grouping, gather(run, jobs, count_names), strict=False):
        totals = dict.fromkeys((job.name for job in jobs), 0)
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        for group_name, count, month in counted.iter_rows():
            totals[month] += count
            counts[group_name][month] = count

        judged = [judge_presence(name, months, totals) for name, months in counts.items()]
        lacking = [presence for presence in judged if presence is not None]
        lacking.sort(key=lambda presence: (-presence.documents, presence.name))
        presences[grouping] = lacking

    return presences


def _describe_day(run: RunData, bulk_day: BulkDay) -> LoadedDay:
    """Return the day with what sections and kinds its documents have."""
    (job,) = run.jobs_named([_month_of(bulk_day.date)])
    documents = load_frames(run, job).chosen.filter(pl.col("day") == bulk_day.date)
    sections = _count_names(Grouping.SECTION, documents)
    kinds = _count_names(Grouping.KIND, documents)
    return LoadedDay(bulk_day, dict(sections.most_common(NAMED)), dict(kinds.most_common(NAMED)))


def _count_names(grouping: Grouping, documents: pl.DataFrame) -> Counter[str]:
    """Return how many documents each group has."""
    names = documents.select(name_groups(grouping).alias("name"))
    return Counter(dict(names.group_by("name").len().sort("name").iter_rows()))


def _find_lone_documents(run: RunData, months: Sequence[str]) -> list[LoneDocument]:
    """Return the documents that hold a term alone long before it is frequent, the first first."""
    terms_by_document: dict[tuple[int, str], list[str]] = defaultdict(list)
    for (keyword, term), counts in _count_by_month(run).items():
        for month, next_month in find_lone_months(counts, months):
            for document_id in _list_documents(run, month, keyword, term):
                terms_by_document[document_id, next_month].append(term)

    lone_documents = []
    for (document_id, next_month), terms in terms_by_document.items():
        columns = (Document.published_at, quoted_text(run.text_part), Document.address)
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

    def count_documents(_: RunJob, frames: Frames) -> list[pl.LazyFrame]:
        terms = frames.mentions.lazy().group_by(pl.col("keyword", "term").cast(pl.String))
        return [terms.agg(pl.col("document").n_unique())]

    (counted,) = gather(run, run.jobs, count_documents, load_mentioning)
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for keyword, term, documents, month in counted.iter_rows():
        counts[keyword, term][month] = documents

    return counts


def _list_documents(run: RunData, month: str, keyword: str, term: str) -> set[int]:
    """Return the documents of a month that hold a term of a keyword."""
    (job,) = run.jobs_named([month])
    mentions = load_mentioning(run, job).mentions
    is_held = (pl.col("keyword") == keyword) & (pl.col("term") == term)
    return set(mentions.filter(is_held)["document"])
