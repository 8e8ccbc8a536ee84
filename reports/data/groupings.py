"""The groups of a run of months: its documents by outlet, section or kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from analysis.kinds.kind import Unit
from analysis.kinds.months import MonthsParameters
from core.enums import Grouping
from models.documents import documents_of
from models.tables import Document, DocumentCount, Mention, Origin
from reports.data.daily_counts import DAY_OF_MONTH, no_documents
from reports.data.queries import fetch_all, fetch_scalars, in_batches
from reports.data.run_data import RunData, RunJob, document_scope, documents_condition
from reports.data.selection import left_out

# This group has the documents without a known outlet, section or kind.
NOT_KNOWN = "not known"

# The group's name; None stands for all documents together.
Group = str | None

_COLUMNS = {
    Grouping.OUTLET: Origin.outlet,
    Grouping.SECTION: Origin.section,
    Grouping.KIND: Origin.material,
}


def origin_column(grouping: Grouping) -> InstrumentedAttribute[str]:
    """Return the column of `Origin` by which documents are grouped."""
    return _COLUMNS[grouping]


def name_group(stored: str) -> str:
    """Return the name of the group of documents that have *stored* in that column."""
    return stored or NOT_KNOWN


def list_groups(run: RunData) -> list[str]:
    """Return the groups of a run, in the order of code points; none where it has no grouping.

    They are those that documents of its months have, and those that its parameters name.
    """
    if run.grouping is None:
        return []
    find_groups = partial(_find_groups, run, run.grouping, run.month_parameters)
    return run.readings.once(list_groups, find_groups)


def _find_groups(run: RunData, grouping: Grouping, parameters: MonthsParameters) -> list[str]:
    names = _find_names(run, grouping, parameters)
    folded = {name.casefold() for name in names}
    chosen = _choose(parameters, grouping)
    absent = [name for name in chosen if name.casefold() not in folded]
    return sorted(map(name_group, [*names, *absent]))


def _choose(parameters: MonthsParameters, grouping: Grouping) -> Collection[str]:
    match grouping:
        case Grouping.OUTLET:
            return parameters.outlets
        case Grouping.SECTION:
            return parameters.sections
        case Grouping.KIND:
            return () if parameters.material is None else (parameters.material,)


def _find_names(run: RunData, grouping: Grouping, parameters: MonthsParameters) -> set[str]:
    """Return the names that documents of the run have.

    The counts of stored documents say which names each month may have. A month's documents are
    searched only for the names that no earlier month had. Documents stored later add no name.
    """
    column = origin_column(grouping)
    counted = (
        select(DocumentCount.period, column)
        .join(Origin, Origin.id == DocumentCount.origin_id)
        .where(
            DocumentCount.source.in_(parameters.sources),
            DocumentCount.period.between(parameters.first, parameters.last),
        )
    )
    stored: dict[str, list[str]] = defaultdict(list)
    for period, stored_name in fetch_all(run.db, counted.distinct()):
        stored[period].append(stored_name)

    stored_names: set[str] = set()
    for job in run.jobs:
        for batch in in_batches(set(stored[job.name]) - stored_names):
            is_of_job = (documents_condition(run, job), column.in_(batch))
            job_origins = select(column).join(Document, Document.origin_id == Origin.id)
            stored_names.update(fetch_scalars(run.db, job_origins.where(*is_of_job).distinct()))
    return stored_names


def read_group_counts(
    run: RunData, job: RunJob, grouping: Grouping, *, of_all_kinds: bool = False
) -> dict[Group, list[int]]:
    """Return the documents of a month on each of its days, by group and all together.

    With *of_all_kinds* the documents of every section and material count.
    """
    scope = document_scope(run, job)
    condition = documents_of(scope.of_all_kinds if of_all_kinds else scope)
    counts: dict[Group, list[int]] = {None: no_documents(job.name)}
    for stored_name, day, documents in _count_days(run, grouping, condition):
        for group in (None, name_group(stored_name)):
            counts.setdefault(group, no_documents(job.name))[day] += documents
    return counts


def list_stored_days(run: RunData, job: RunJob) -> dict[str, tuple[int, ...]]:
    """Return the days of a month, from 1, on which each outlet has documents of any section.

    They tell gaps from zeros. A run that reads every section and material needs none.
    """
    if run.kind.unit != Unit.MENTION:
        return {}
    parameters = run.month_parameters
    if not parameters.sections and parameters.material is None:
        return {}
    condition = documents_of(document_scope(run, job).of_all_kinds)
    days: dict[str, list[int]] = defaultdict(list)
    for outlet, day, _ in _count_days(run, Grouping.OUTLET, condition):
        days[outlet].append(day + 1)
    return {outlet: tuple(sorted(outlet_days)) for outlet, outlet_days in sorted(days.items())}


def read_selected_group_counts(
    run: RunData, job: RunJob, grouping: Grouping, every_day: Mapping[Group, Sequence[int]]
) -> dict[Group, list[int]]:
    """Return the counts *every_day* without the documents that the run's selection leaves out."""
    counts = {group: list(days) for group, days in every_day.items()}
    for batch in in_batches(left_out(run, job)):
        for stored_name, day, documents in _count_days(run, grouping, Document.id.in_(batch)):
            for group in (None, name_group(stored_name)):
                counts[group][day] -= documents
    return counts


def _count_days(
    run: RunData, grouping: Grouping, condition: ColumnElement[bool]
) -> Iterator[tuple[str, int, int]]:
    """Yield what the column of *grouping* holds, a day from 0, and how many documents are both."""
    column = origin_column(grouping)
    statement = select(column, DAY_OF_MONTH, func.count())
    documents = statement.join(Origin, Origin.id == Document.origin_id)
    dated = documents.where(condition, Document.period.is_not(None))
    for stored_name, day_of_month, count in fetch_all(run.db, dated.group_by(column, DAY_OF_MONTH)):
        yield stored_name, int(day_of_month) - 1, count


def read_mentioning_groups(run: RunData, job: RunJob, grouping: Grouping) -> dict[int, str]:
    """Return the group of each document of a month that holds a mention, by its id."""
    column = origin_column(grouping)
    mentioning = select(Mention.document_id).where(Mention.job_id == job.id)
    documents = select(Document.id, column).join(Origin, Origin.id == Document.origin_id)
    stored_groups = fetch_all(run.db, documents.where(Document.id.in_(mentioning)))
    return {document: name_group(stored_name) for document, stored_name in stored_groups}
