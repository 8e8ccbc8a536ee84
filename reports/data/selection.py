"""Which documents of a run are left out of its figures: repeats, and patterns that nobody wants."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from operator import itemgetter

from sqlalchemy import func, select

from analysis.text.near_duplicates import Pattern, Patterns, find_patterns
from core.enums import DOCUMENTS, JobKind
from core.errors import UsageError
from models.tables import Document, Job, JobStep, Mention, Origin
from reports.data.export_schema import pad_period
from reports.data.queries import fetch_all, fetch_pages, fetch_scalars, in_batches
from reports.data.run_data import Readings, RunData, RunJob, Selection, documents_condition

MOST_TEXTS = 500_000  # documents of a run of months: a report looks at each for a minute
TEMPLATE = re.compile(r"template:(\d{1,9})")

Dated = tuple[int, str]  # a document's id and its month


def refuse_numbers(selection: Selection, run_ids: Sequence[int]) -> None:
    """Raise `UsageError` where the selection names a template by a number and runs are several."""
    for given in selection.without:
        if TEMPLATE.fullmatch(given) and len(run_ids) > 1:
            raise UsageError(
                f"--without {given}: each run numbers its own templates; give a text of it, or "
                "make the reports one by one"
            )


def is_large(data: RunData) -> bool:
    """Whether a report of the run can look at mentions, but not at each document.

    Its report looks for patterns among the documents that mention a keyword, a selection among all:
    so templates have no numbers, since the largest of both differ.
    """
    return data.kind == "months" and _count_documents(data) > MOST_TEXTS


def check_found(data: RunData, selection: Selection) -> None:
    """Raise `UsageError` where a pattern of *selection* is none of the run's."""
    numbered = next(filter(TEMPLATE.fullmatch, selection.without), None)
    if numbered and is_large(data):
        raise UsageError(
            f"--without {numbered}: templates have no numbers in a run of more than "
            f"{MOST_TEXTS:,} documents: give a text of the pattern"
        )
    if selection and data.kind == "training":
        raise UsageError(
            f"run {data.id} is a training, which has no documents to choose from: leave out "
            "--distinct and --without"
        )
    for given, place in find_places(select_documents(data, selection)).items():
        if place is None:
            raise UsageError(
                f"--without {given}: no repeated text of run {data.id} is like it; the section "
                "Repeats of its report names the largest patterns"
            )


def read_patterns(data: RunData) -> Patterns:
    """Return the patterns of the run's documents, found once; a selection changes none.

    Of a large run without a selection they are those of the documents that mention a keyword.
    """
    return data.readings.once(read_patterns, lambda: find_patterns(lambda: _read_texts(data)))


def read_places(data: RunData, identities: Iterable[str]) -> Callable[[str], int | None]:
    """Return what gives a document's place among the run's patterns, by its identity."""
    patterns = read_patterns(data)
    places: dict[str, int | None] = {}
    for batch in in_batches(dict.fromkeys(identities)):
        statement = select(Document.identity, Document.id).where(Document.identity.in_(batch))
        for identity, number in fetch_all(data.db, statement):
            places[identity] = patterns.place_of(number)
    return places.get


def name_template(place: int) -> str:
    """Return what the pattern at a place is called on the command line."""
    return f"template:{place + 1}"


def left_out(data: RunData, job: RunJob) -> Collection[int]:
    """Return the ids of the documents of *job* that the run's selection leaves out.

    Raises `UsageError` where the selection names a template that the run does not have.
    """
    if not data.selection:
        return ()
    return data.selected_readings.once((left_out, job.id), lambda: _leave_out(data, job))


def select_documents(data: RunData, selection: Selection) -> RunData:
    """Return the run with another selection; what is the same of both is read once, by either."""
    return replace(data, selection=selection, selected_readings=Readings())


def find_places(data: RunData) -> dict[str, int | None]:
    """Return the place of each pattern that the selection leaves out, by what it was given as.

    None where no pattern of the run is like it. Raises `UsageError` for a template beyond the last.
    """
    places: dict[str, int | None] = {}
    for given in data.selection.without:
        patterns = read_patterns(data)
        template = TEMPLATE.fullmatch(given)
        if template is None:
            places[given] = patterns.find(given)
            continue
        number = int(template[1])
        if not 0 < number <= len(patterns.patterns):
            raise UsageError(
                f"--without {given}: run {data.id} has {len(patterns.patterns)} templates; the "
                "section Repeats of its report numbers the largest"
            )
        places[given] = number - 1
    return places


def count_without(data: RunData) -> dict[str, int]:
    """Return how many documents each pattern has that is left out, by its text as it is shown."""
    patterns = read_patterns(data).patterns if data.selection.without else ()
    counts = {}
    for given, place in find_places(data).items():
        if place is None:
            counts[given] = 0
        else:
            counts[patterns[place].text] = patterns[place].size
    return counts


def describe_selection(data: RunData) -> Selection:
    """Return the run's selection with the texts of templates instead of their numbers.

    Numbers are those of one run; texts mean the same in another.
    """
    patterns: tuple[Pattern, ...] = ()
    if data.selection.without:
        patterns = read_patterns(data).patterns
    texts: dict[str, None] = {}
    for given in data.selection.without:
        template = TEMPLATE.fullmatch(given)
        texts[patterns[int(template[1]) - 1].text if template else given] = None
    return Selection(data.selection.distinct, tuple(texts))


def digest_text(text: str) -> bytes:
    """Return a digest that texts share which are equal, case and white space aside."""
    folded = " ".join(text.casefold().split())
    return blake2b(folded.encode(), digest_size=16).digest()


def _leave_out(data: RunData, job: RunJob) -> frozenset[int]:
    places = {place for place in find_places(data).values() if place is not None}
    unwanted = frozenset[int]().union(*(_read_pattern(data, job, place) for place in places))
    if not data.selection.distinct:
        return unwanted
    find_repeated = partial(_find_repeated, data, job)
    return unwanted | data.readings.once((_find_repeated, job.id), find_repeated)


def _read_pattern(data: RunData, job: RunJob, place: int) -> frozenset[int]:
    """Return the documents of *job* that are of the pattern at *place*."""
    if job.kind == JobKind.MONTH:
        read_months = partial(_read_pattern_by_month, data, place)
        months = data.readings.once((_read_pattern_by_month, place), read_months)
        return months.get(job.name, frozenset())
    read_documents = partial(_read_pattern_of_job, data, job, place)
    return data.readings.once((_read_pattern_of_job, job.id, place), read_documents)


def _read_pattern_by_month(data: RunData, place: int) -> dict[str, frozenset[int]]:
    """Return the documents of a pattern of a run of months: none is of two months."""
    by_month: dict[str, set[int]] = defaultdict(set)
    for batch in in_batches(read_patterns(data).numbers_of([place])):
        statement = select(Document.id, Document.period).where(Document.id.in_(batch))
        for document, period in fetch_all(data.db, statement):
            by_month[pad_period(period)].add(document)
    return {month: frozenset(documents) for month, documents in by_month.items()}


def _read_pattern_of_job(data: RunData, job: RunJob, place: int) -> frozenset[int]:
    documents: set[int] = set()
    for batch in in_batches(read_patterns(data).numbers_of([place])):
        of_pattern = documents_condition(data, job), Document.id.in_(batch)
        documents.update(fetch_scalars(data.db, select(Document.id).where(*of_pattern)))
    return frozenset(documents)


def _find_repeated(data: RunData, job: RunJob) -> frozenset[int]:
    """Return the documents of *job* that repeat an earlier one of their month."""
    patterns = read_patterns(data)
    repeated: set[int] = set()
    seen: set[tuple[int, str]] = set()
    in_order = _in_order(data, job)
    copies = _find_copies(data, in_order) if _has_outlets(data, job) else set()
    for document, month in in_order:
        if document in copies:
            repeated.add(document)
            continue
        place = patterns.place_of(document)
        if place is None:
            continue
        if (place, month) in seen:
            repeated.add(document)
        seen.add((place, month))
    return frozenset(repeated)


def _has_outlets(data: RunData, job: RunJob) -> bool:
    """Whether documents of a month are of several outlets."""
    if job.kind != JobKind.MONTH:
        return False
    documents = select(Origin.outlet).join(Document, Document.origin_id == Origin.id)
    of_job = documents.where(documents_condition(data, job))
    return len(fetch_scalars(data.db, of_job.distinct().limit(2))) > 1


def _find_copies(data: RunData, in_order: Sequence[Dated]) -> set[int]:
    """Return the documents whose text another outlet has first.

    Two equal texts with figures are no pattern: it does not know whether the figures are equal.
    """
    first_outlet: dict[bytes, str] = {}
    copies = set()
    for batch in in_batches(document for document, _ in in_order):
        columns = select(Document.id, Document.text, Origin.outlet)
        documents = columns.join(Origin, Origin.id == Document.origin_id)
        rows = fetch_all(data.db, documents.where(Document.id.in_(batch)))
        by_id = {number: (digest_text(text), outlet) for number, text, outlet in rows}
        for document in filter(by_id.__contains__, batch):
            digest, outlet = by_id[document]
            if first_outlet.setdefault(digest, outlet) != outlet:
                copies.add(document)
    return copies


def _count_documents(data: RunData) -> int:
    count = select(func.sum(JobStep.documents)).join(Job, Job.id == JobStep.job_id)
    of_run = count.where(Job.run_id == data.id, JobStep.step == DOCUMENTS)
    return int(fetch_scalars(data.db, of_run)[0] or 0)


def _in_order(data: RunData, job: RunJob, *, mentioning: bool = False) -> list[Dated]:
    """Return the documents of a job by date, then identity; first those without a date.

    *mentioning* says to leave out those that mention no keyword.
    """
    columns = (Document.id, Document.published_at, Document.identity, Document.period)
    statement = select(*columns).where(documents_condition(data, job))
    if mentioning:
        mentions = select(Mention.document_id).where(Mention.job_id == job.id)
        statement = statement.where(Document.id.in_(mentions))
    rows = []
    for document, at, identity, period in fetch_pages(data.db, statement, Document.id):
        rows.append((str(at or ""), identity, document, pad_period(period or "")))
    return [(document, month) for _, _, document, month in sorted(rows, key=itemgetter(0, 1))]


def _read_texts(data: RunData) -> Iterator[tuple[int, str]]:
    """Yield each document of the run once, with its text: see `read_patterns`."""
    mentioning = not data.selection and is_large(data)
    seen: set[int] = set()  # documents of a search that others found too
    for job in data.jobs:
        in_order = _in_order(data, job, mentioning=mentioning)
        documents = [document for document, _ in in_order if document not in seen]
        if data.kind == "search":
            seen.update(documents)
        for batch in in_batches(documents):
            statement = select(Document.id, Document.text).where(Document.id.in_(batch))
            texts = dict(map(tuple, fetch_all(data.db, statement)))
            for document in batch:
                if document in texts:  # else it was erased meanwhile
                    yield document, texts[document]
