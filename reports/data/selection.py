"""The selection of documents that a run's figures leave out: repeats and unwanted patterns."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from hashlib import blake2b
from operator import itemgetter

from sqlalchemy import and_, bindparam, func, select

from analysis.kinds.kind import Unit
from analysis.text.near_duplicates import Pattern, Patterns, find_patterns
from core.enums import DOCUMENTS
from core.errors import UsageError
from models.documents import text_column
from models.tables import Document, Job, JobStep, Mention, Origin
from reports.data.export_schema import pad_period
from reports.data.queries import fetch_all, fetch_pages, fetch_scalars, in_batches
from reports.data.run_data import (
    Readings,
    RunData,
    RunJob,
    Selection,
    documents_condition,
)

# A report looks at so many documents of a run of months in a minute.
MOST_TEXTS = 500_000
TEMPLATE = re.compile(r"template:(\d{1,9})")

# The id of a document and its month.
Dated = tuple[int, str]


def refuse_numbers(selection: Selection, run_ids: Sequence[int]) -> None:
    """Raise `UsageError` where the selection names a template by a number and runs are several."""
    for pattern in selection.without:
        if TEMPLATE.fullmatch(pattern) and len(run_ids) > 1:
            raise UsageError(
                f"--without {pattern}: each run numbers its own templates; give a text of it, or "
                "make the reports one by one"
            )


def is_large(run: RunData) -> bool:
    """Whether a report of the run can look at mentions, but not at each document.

    Such a report looks for patterns among the documents that mention a keyword, while a selection
    looks among all. The largest patterns of the two differ, so templates have no numbers.
    """
    return run.kind.unit == Unit.MENTION and _count_documents(run) > MOST_TEXTS


def check_found(run: RunData, selection: Selection) -> None:
    """Raise `UsageError` if the run does not have a pattern of *selection*."""
    numbered = next(filter(TEMPLATE.fullmatch, selection.without), None)
    if numbered and is_large(run):
        raise UsageError(
            f"--without {numbered}: templates have no numbers in a run of more than "
            f"{MOST_TEXTS:,} documents: give a text of the pattern"
        )

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


def read_patterns(run: RunData) -> Patterns:
    """Return the patterns of the run's documents, found once; a selection changes none.

    For a large run without a selection only the documents that mention a keyword are searched.
    """
    return run.readings.once(read_patterns, lambda: _find_patterns(run))


def read_places(run: RunData, identities: Iterable[str]) -> Callable[[str], int | None]:
    """Return a function from a document's identity to its place among the run's patterns."""
    patterns = read_patterns(run)
    places: dict[str, int | None] = {}
    for batch in in_batches(dict.fromkeys(identities)):
        statement = select(Document.identity, Document.id).where(Document.identity.in_(batch))
        for identity, document_id in fetch_all(run.db, statement):
            places[identity] = patterns.place_of(document_id)

    return places.get


def name_template(pattern_place: int) -> str:
    """Return what the pattern at a place is called on the command line."""
    return f"template:{pattern_place + 1}"


def left_out(run: RunData, job: RunJob) -> Collection[int]:
    """Return the ids of the documents of *job* that the run's selection leaves out.

    Raises `UsageError` where the selection names a template that the run does not have.
    """
    if not run.selection:
        return ()

    return run.selected_readings.once((left_out, job.id), lambda: _leave_out(run, job))


def select_documents(run: RunData, selection: Selection) -> RunData:
    """Return the run with another selection; what is the same of both is read once, by either."""
    return replace(run, selection=selection, whole_run=None, selected_readings=Readings())


def find_places(run: RunData) -> dict[str, int | None]:
    """Return the place of each pattern that the selection leaves out, by the text that names it.

    The place is None if no pattern of the run is like it. Raises `UsageError` for a template beyond
    the last.
    """
    places: dict[str, int | None] = {}
    for pattern in run.selection.without:
        patterns = read_patterns(run)
        template = TEMPLATE.fullmatch(pattern)
        if template is None:
            places[pattern] = patterns.find(pattern)
            continue

        template_number = int(template[1])
        if not 0 < template_number <= len(patterns.patterns):
            raise UsageError(
                f"--without {pattern}: run {run.id} has {len(patterns.patterns)} templates; the "
                "section Repeats of its report numbers the largest"
            )

        places[pattern] = template_number - 1

    return places


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


def describe_selection(run: RunData) -> Selection:
    """Return the run's selection with the texts of templates instead of their numbers.

    Numbers are those of one run; texts mean the same in another.
    """
    patterns: tuple[Pattern, ...] = ()
    if run.selection.without:
        patterns = read_patterns(run).patterns

    texts: dict[str, None] = {}
    for pattern in run.selection.without:
        template = TEMPLATE.fullmatch(pattern)
        texts[patterns[int(template[1]) - 1].text if template else pattern] = None

    return Selection(run.selection.distinct, tuple(texts))


def digest_text(text: str) -> bytes:
    """Return a digest that texts share which are equal, case and white space aside."""
    folded = " ".join(text.casefold().split())
    return blake2b(folded.encode(), digest_size=16).digest()


def _leave_out(run: RunData, job: RunJob) -> frozenset[int]:
    named_places = {place for place in find_places(run).values() if place is not None}
    places = run.selection.places | named_places
    unwanted = _read_patterns(run, job, places) if places else frozenset[int]()
    unwanted |= _read_documents_of_days(run, job)
    if not run.selection.distinct:
        return unwanted

    find_repeated = partial(_find_repeated, run, job)
    return unwanted | run.readings.once((_find_repeated, job.id), find_repeated)


def _read_patterns(run: RunData, job: RunJob, places: frozenset[int]) -> frozenset[int]:
    """Return the documents of *job* that are of the patterns at *places*."""
    if run.kind.unit == Unit.MENTION:
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


def _find_repeated(run: RunData, job: RunJob) -> frozenset[int]:
    """Return the documents of *job* that repeat an earlier one of their month."""
    patterns = read_patterns(run)
    repeated: set[int] = set()
    seen: set[tuple[int, str]] = set()
    dated_documents = _sort_by_date(run, job)
    copies = _find_copies(run, dated_documents) if _has_outlets(run, job) else set()
    for document, month in dated_documents:
        if document in copies:
            repeated.add(document)
            continue

        pattern_place = patterns.place_of(document)
        if pattern_place is None:
            continue
        if (pattern_place, month) in seen:
            repeated.add(document)

        seen.add((pattern_place, month))

    return frozenset(repeated)


def _has_outlets(run: RunData, job: RunJob) -> bool:
    """Whether documents of a month are of several outlets."""
    if run.kind.unit == Unit.POST:
        return False

    documents = select(Origin.outlet).join(Document, Document.origin_id == Origin.id)
    job_outlets = documents.where(documents_condition(run, job))
    return len(fetch_scalars(run.db, job_outlets.distinct().limit(2))) > 1


def _find_copies(run: RunData, dated_documents: Sequence[Dated]) -> set[int]:
    """Return the documents whose text another outlet has first.

    Two equal texts with figures are no pattern, since a pattern ignores their figures.
    """
    first_outlet: dict[bytes, str] = {}
    copies = set()
    for batch in in_batches(document for document, _ in dated_documents):
        columns = select(Document.id, text_column(run.text_part), Origin.outlet)
        documents = columns.join(Origin, Origin.id == Document.origin_id)
        texts = fetch_all(run.db, documents.where(Document.id.in_(batch)))
        digests_by_id = {
            document_id: (digest_text(text), outlet) for document_id, text, outlet in texts
        }
        for document in filter(digests_by_id.__contains__, batch):
            digest, outlet = digests_by_id[document]
            if first_outlet.setdefault(digest, outlet) != outlet:
                copies.add(document)

    return copies


def _find_patterns(run: RunData) -> Patterns:
    documents = array("q", _list_documents(run))
    with_families = run.kind.unit != Unit.POST
    return find_patterns(lambda: _read_texts(run, documents), with_families=with_families)


def _count_documents(run: RunData) -> int:
    """Return how many documents the jobs of the run work on."""
    count = select(func.sum(JobStep.documents)).join(Job, Job.id == JobStep.job_id)
    run_documents = count.where(Job.run_id == run.id, JobStep.step == DOCUMENTS)
    return run.readings.once(
        _count_documents, lambda: int(fetch_scalars(run.db, run_documents)[0] or 0)
    )


def _sort_by_date(run: RunData, job: RunJob, *, mentioning: bool = False) -> list[Dated]:
    """Return the documents of a job by date, then identity; first those without a date.

    *mentioning* says to leave out those that mention no keyword.
    """
    columns = (Document.id, Document.published_at, Document.identity, Document.period)
    statement = select(*columns).where(documents_condition(run, job))
    if mentioning:
        mentions = select(Mention.document_id).where(Mention.job_id == job.id)
        statement = statement.where(Document.id.in_(mentions))

    sortable = []
    for document, at, identity, period in fetch_pages(run.db, statement, Document.id):
        sortable.append((str(at or ""), identity, document, pad_period(period or "")))

    return [(document, month) for _, _, document, month in sorted(sortable, key=itemgetter(0, 1))]


def _list_documents(run: RunData) -> Iterator[int]:
    """Yield each document of the run once, in order: see `read_patterns`."""
    mentioning = not run.selection and is_large(run)
    # The documents of a search that earlier searches found too.
    seen: set[int] = set()
    for job in run.jobs:
        dated_documents = _sort_by_date(run, job, mentioning=mentioning)
        documents = [document for document, _ in dated_documents if document not in seen]
        if run.kind.links_documents:
            seen.update(documents)

        yield from documents


def _read_texts(run: RunData, documents: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield each of *documents* with its text."""
    is_of_batch = Document.id.in_(bindparam("documents", expanding=True))
    statement = select(Document.id, text_column(run.text_part)).where(is_of_batch)
    for batch in in_batches(documents):
        texts = dict(map(tuple, fetch_all(run.db, statement, documents=batch)))
        for document in batch:
            if document in texts:
                # A document that is not there was erased meanwhile.
                yield document, texts[document]
