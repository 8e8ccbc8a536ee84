"""How many documents each day has, and which months are cut off: their first or last days lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from math import log
from statistics import fmean, variance

from sqlalchemy import ColumnElement, String, cast, func, select

from analysis import grains
from analysis.kinds.kind import Unit
from core.enums import Grain
from models.documents import documents_of
from models.tables import Document, Mention
from reports.data.export_schema import pad_period
from reports.data.queries import fetch_all, in_batches
from reports.data.run_data import RunData, RunJob, document_scope, documents_condition
from reports.data.selection import left_out

# The count of each day, by period.
DailyCounts = Mapping[str, Sequence[int]]

# `extract` would not do: SQLite rounds the last moment of a day up to the next.
DAY_OF_MONTH = func.substr(cast(Document.published_at, String), len("YYYY-MM-") + 1, 2)
# Days without a document at an edge of a month are missing if their probability is smaller.
_IMPROBABLE = 0.001
# That none comes where more independent clusters are expected is as improbable: exp(-n).
IMPROBABLE_CLUSTERS = -log(_IMPROBABLE)


def read_daily_counts(run: RunData, job: RunJob) -> Mapping[str, list[int]]:
    """Return the number of the job's documents on each day of the months that have any, in order.

    A month of an archive is counted once, and what the run's selection leaves out counts too.
    """
    count = partial(_count_by_day, run, documents_condition(run, job))
    if run.kind.unit == Unit.POST:
        return count()
    return run.readings.once((read_daily_counts, job.id), count)


def read_stored_counts(run: RunData, job: RunJob) -> Mapping[str, list[int]]:
    """Return the documents of a month on each day, of every section and material."""
    condition = documents_of(document_scope(run, job).of_all_kinds)
    count = partial(_count_by_day, run, condition)
    return run.readings.once((read_stored_counts, job.id), count)


def _count_by_day(run: RunData, condition: ColumnElement[bool]) -> dict[str, list[int]]:
    statement = select(Document.period, DAY_OF_MONTH, func.count())
    dated = (condition, Document.period.is_not(None))
    counts: dict[str, list[int]] = {}
    grouped = (
        statement.where(*dated).group_by(Document.period, DAY_OF_MONTH).order_by(Document.period)
    )
    for stored_period, day_of_month, documents in fetch_all(run.db, grouped):
        period = pad_period(stored_period)
        month_counts = counts.setdefault(period, no_documents(period))
        month_counts[int(day_of_month) - 1] += documents
    return counts


def read_selected_counts(run: RunData, job: RunJob) -> Mapping[str, list[int]]:
    """Return the daily counts without the documents that the run's selection leaves out."""
    subtract = partial(_subtract_left_out, run, job)
    if run.kind.unit == Unit.POST:
        return subtract()
    return run.selected_readings.once((read_selected_counts, job.id), subtract)


def _subtract_left_out(run: RunData, job: RunJob) -> dict[str, list[int]]:
    counts = {period: list(days) for period, days in read_daily_counts(run, job).items()}
    for batch in in_batches(left_out(run, job)):
        statement = select(Document.period, DAY_OF_MONTH).where(Document.id.in_(batch))
        dated = statement.where(Document.period.is_not(None))
        for period, day_of_month in fetch_all(run.db, dated):
            counts[pad_period(period)][int(day_of_month) - 1] -= 1
    return counts


def day_of_document(stored_period: str, day_of_month: str) -> date:
    """Return the day of a document's stored period and `DAY_OF_MONTH`."""
    period = pad_period(stored_period)
    return date(int(period[:4]), int(period[5:]), int(day_of_month))


def no_documents(period: str) -> list[int]:
    """Return a zero for each day of *period*."""
    return [0] * grains.count_days(period)


def group_days(counts: DailyCounts, grain: Grain) -> dict[str, list[int]]:
    """Regroup the daily counts of months by the periods of *grain* that have documents."""
    counts_by_day: dict[date, int] = {}
    for month, month_counts in counts.items():
        counts_by_day.update(zip(grains.days_of(month), month_counts, strict=True))
    days_with_documents = [day for day, count in counts_by_day.items() if count]
    periods = dict.fromkeys(grains.period_of(day, grain) for day in days_with_documents)

    grouped = {}
    for period in periods:
        grouped[period] = [counts_by_day.get(day, 0) for day in grains.days_of(period)]
    return grouped


def read_days(run: RunData, job: RunJob) -> dict[int, int]:
    """Return the day, from 0, of each document of a month that holds a mention, by its id."""
    statement = select(Document.id, DAY_OF_MONTH).join(Mention, Mention.document_id == Document.id)
    is_of_job = (Mention.job_id == job.id, documents_condition(run, job))
    documents = fetch_all(run.db, statement.where(*is_of_job).distinct())
    return {document: int(day_of_month) - 1 for document, day_of_month in documents}


def measure_dispersion(matched: Sequence[float], documents: Sequence[float]) -> float | None:
    """Return how many times more daily shares vary than if documents were independent.

    Pearson's χ² of the days of one month, divided by its degrees of freedom: P. McCullagh and J. A.
    Nelder, "Generalized Linear Models" (1989), 4.5. An event brings many documents in few days.
    Return None without a match, if every document matches, and for fewer than two days.
    """
    counted = [(matching, n) for matching, n in zip(matched, documents, strict=True) if n]
    total, all_matched = sum(documents), sum(matched)
    if len(counted) < 2 or not 0 < all_matched < total:
        return None
    share = all_matched / total
    squares = sum((matching - n * share) ** 2 / n for matching, n in counted)
    return squares / (share * (1 - share)) / (len(counted) - 1)


def is_cut_off(days: Sequence[int]) -> bool:
    """Return whether a month of an archive lacks its first or its last days.

    It does if days at an edge have no document although that is improbable under the month's
    daily rate. If n documents fall on D days independently, g given days have none with the
    probability (1 - g/D)^n. Documents come in clusters (few at weekends, many on some days): n
    is divided by the ratio of the daily counts' variance to their mean, R. A. Fisher's index of
    dispersion ("Statistical Methods for Research Workers", 1925), where that is above 1. The
    fullest day is left out of n and of the index: a bulk day would hide every gap.
    """
    return any(find_missing_days(days))


def find_missing_days(days: Sequence[int]) -> tuple[int, int]:
    """Return how many first and how many last days a month of an archive lacks: see `is_cut_off`.

    An empty month lacks none: it has no data.
    """
    if not any(days):
        return 0, 0
    first_day, last_day = _edges(days)
    other_days = sorted(days)[:-1]
    clusters = 0.0
    if any(other_days):
        mean = fmean(other_days)
        dispersion = variance(other_days, mean) / mean
        clusters = sum(other_days) / max(1.0, dispersion)

    missing_before, missing_after = first_day, len(days) - 1 - last_day
    is_improbable = [
        (1 - gap / len(days)) ** clusters < _IMPROBABLE for gap in (missing_before, missing_after)
    ]
    return missing_before * is_improbable[0], missing_after * is_improbable[1]


def cut_off_periods(days: DailyCounts) -> set[str]:
    """Return which of an account's periods are cut off: its first and its last, unless whole.

    Nobody knows whether an account was silent before its first known post and after its last, or
    whether the collection ends there. A first period that begins with a post on its first day is
    whole, and so is a last one with a post on its last day.
    """
    if not days:
        return set()
    first_period, last_period = min(days), max(days)
    cut_off = set()
    if not days[first_period][0]:
        cut_off.add(first_period)
    if not days[last_period][-1]:
        cut_off.add(last_period)
    return cut_off


def _edges(days: Sequence[int]) -> tuple[int, int]:
    """Return the first and the last place of *days* that has a document."""
    counted_days = [index for index, count in enumerate(days) if count]
    return counted_days[0], counted_days[-1]
