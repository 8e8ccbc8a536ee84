"""What a run read: its documents by source, the credits that they need, and their files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, case, func, select

from models.tables import Document, Import
from reports.data.queries import fetch_all, in_batches
from reports.data.run_data import RunData, documents_condition
from reports.frames.reading import load_frames
from sources.registry import SOURCES
from sources.source import Credit

# A service is asked for a subject, which is the name of a job.
_SUBJECT = re.compile(r"\d{4}-\d{2}|@.*|search:.*", re.DOTALL)


def read_imports(run: RunData, sources: Collection[str]) -> list[Any]:
    """Return the newest record of each file, month or account that was read for the run.

    A record is named by a file, else by the month, handle or search that a service was asked for;
    a folder that holds documents of several sources names them all.
    """
    job_names = {job.name for job in run.jobs}
    columns = (Import.path, Import.source, Import.empty, Import.left_out)
    newest: dict[tuple[str, str], Any] = {}
    for import_row in fetch_all(run.db, select(*columns).order_by(Import.id)):
        is_of_run = import_row.path in job_names or not _SUBJECT.fullmatch(import_row.path)
        if is_of_run and not set(sources).isdisjoint(import_row.source.split(",")):
            newest[import_row.path, import_row.source] = import_row

    return list(newest.values())


def list_credits(
    sources: Counter[str], on_site: Counter[str], *, has_addresses: bool
) -> list[Credit]:
    """Return the credits of texts from a credited site, and of those whose files lack addresses."""
    due = []
    for source in SOURCES:
        is_unmarked = sources[source.name] > 0 and not has_addresses
        if source.credit is not None and (on_site[source.name] or is_unmarked):
            due.append(source.credit)

    return due


def count_documents(
    run: RunData,
) -> tuple[Counter[str], Counter[str], int, list[datetime]]:
    """Return documents by source, those on credited sites, how many have an address; days."""
    statement = select(
        Document.source,
        func.count(),
        func.count(Document.address),
        func.sum(case(*_credited_addresses(), else_=0)),
        func.min(Document.published_at),
        func.max(Document.published_at),
    ).group_by(Document.source)
    sources, on_site = Counter[str](), Counter[str]()
    addressed = 0
    days: list[datetime] = []

    for job in run.collecting_jobs:
        source_rows = fetch_all(run.db, statement.where(documents_condition(run, job)))
        for source, documents, addresses, credited, oldest, newest in source_rows:
            sources[source] += documents
            addressed += addresses
            on_site[source] += credited
            days += [day for day in (oldest, newest) if day]

    return sources, on_site, addressed, days


def find_median_length(run: RunData) -> int | None:
    """Return the median length of the documents, in words; None without a text."""
    lengths = [load_frames(run, job).chosen["words"].drop_nulls() for job in run.collecting_jobs]
    ordered = pl.concat(lengths).sort()
    return ordered[len(ordered) // 2] if len(ordered) else None


def count_sources(run: RunData, documents: Iterable[int]) -> Counter[str]:
    """Return how many of the documents each source has."""
    counts = Counter[str]()
    statement = select(Document.source, func.count()).group_by(Document.source)
    for batch in in_batches(documents):
        counts.update(dict(map(tuple, fetch_all(run.db, statement.where(Document.id.in_(batch))))))

    return counts


def _credited_addresses() -> list[tuple[ColumnElement[bool], int]]:
    """Return the cases of documents whose address is on their source's own site."""
    cases: list[tuple[ColumnElement[bool], int]] = []
    for source in SOURCES:
        if source.credit is not None:
            is_on_site = Document.address.like(f"%://%{source.credit.site}/%")
            cases.append(((Document.source == source.name) & is_on_site, 1))

    return cases
