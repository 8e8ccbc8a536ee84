"""Where the numbers of runs come from: the line of small print in their pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from operator import attrgetter
from pathlib import PurePath

from sqlalchemy import ColumnElement, func, select

from core.enums import DOCUMENTS
from models.tables import Document, JobStep
from reports.data.queries import fetch_all, fetch_scalars, in_batches
from reports.data.run_data import RunData, documents_condition
from reports.figures.small_print import SEPARATOR
from sources.registry import source_label

LONGEST = 60  # characters of the sources' names, or of the runs' numbers; then "…"
LONGEST_NAME = 30  # of a run's name

ON_EXAMPLE_SITE = Document.address.like("%://example.org/%")
_MARKED = Document.identity.like("%:made-up-%")


def describe_origin(runs: Sequence[RunData]) -> str:
    """Return the sources of *runs*, the day as of which they were read, and which runs they are.

    The day is that on which the documents of a run were fixed, the last of its jobs', so that the
    line is the same whenever the report is made.
    """
    labels = dict.fromkeys(chain.from_iterable(map(_source_labels, runs)))
    day = max(map(_as_of, runs))
    source = f"Source: {_shorten(', '.join(labels), LONGEST)}"
    return SEPARATOR.join([source, f"as of {day}", f"Tidings, {_name_runs(runs)}"])


def is_made_up(data: RunData) -> bool:
    """Return whether the run's texts are the demonstration's: see `sources.synthetic`.

    Every address is one of example.org, or none has one and they are marked.
    """
    found = False
    for job in data.collecting_jobs:
        condition = documents_condition(data, job)
        if _exists(data, condition & Document.address.is_not(None) & ~ON_EXAMPLE_SITE):
            return False
        found = found or _exists(data, condition & (ON_EXAMPLE_SITE | _MARKED))
    return found


def _exists(data: RunData, condition: ColumnElement[bool]) -> bool:
    return bool(fetch_all(data.db, select(Document.id).where(condition).limit(1)))


def _source_labels(data: RunData) -> Iterator[str]:
    """Yield the names of a run's sources for readers; of a training, that of its data."""
    archives = data.kind.archives(data.parameters)
    if not data.kind.has_documents:
        yield PurePath(data.parameters.data).name
    elif is_made_up(data):
        yield "made-up texts"
    elif archives:
        yield from (source.label for source in archives)
    else:
        sources: set[str] = set()
        for job in data.jobs:
            statement = select(Document.source).where(documents_condition(data, job)).distinct()
            sources.update(fetch_scalars(data.db, statement))
        yield from map(source_label, sorted(sources))


def _as_of(data: RunData) -> str:
    """Return the day, UTC, on which the run's documents were fixed; else that of its submission."""
    days = [data.created_at]
    for jobs in in_batches(map(attrgetter("id"), data.jobs)):
        of_documents = (JobStep.job_id.in_(jobs), JobStep.step == DOCUMENTS)
        days += filter(
            None, fetch_scalars(data.db, select(func.max(JobStep.at)).where(*of_documents))
        )
    return datetime.fromtimestamp(max(days), UTC).date().isoformat()


def _name_runs(runs: Sequence[RunData]) -> str:
    if len(runs) > 1:
        numbers = ", ".join(str(data.id) for data in runs)
        return _shorten(f"runs {numbers}", LONGEST)
    (data,) = runs
    name = f" \u201c{_shorten(data.name, LONGEST_NAME)}\u201d" if data.name else ""
    return f"run {data.id}{name}"


def _shorten(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"
