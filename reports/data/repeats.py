"""The texts of a run that repeat each other: the patterns of all, and what each month repeats.

A *pattern* is a group of texts that are one: they share a *template*, names and figures aside, or,
as a *family*, a fixed head or tail. Its texts are *repeats*. A *copy* is a text that another outlet
has first. A *label* is a head that recurs and makes no pattern (see `near_duplicates`).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b

import polars as pl
from sqlalchemy import bindparam, func, select

from analysis.text.near_duplicates import Patterns, find_patterns
from core.enums import DOCUMENTS
from models.documents import quoted_text, text_column
from models.tables import Document, Job, JobStep, Origin
from reports.data.queries import fetch_all, fetch_scalars, in_batches
from reports.data.run_data import RunData, RunJob
from reports.frames.reading import load_frames

# A report looks at so many documents of a run of months in a minute.
MOST_TEXTS = 500_000


def is_large(run: RunData) -> bool:
    """Whether a report of the run can look at mentions, but not at each document.

    Such a report looks for patterns among the documents that mention a keyword, while a selection
    looks among all.
    """
    return run.kind.has_mentions and _count_documents(run) > MOST_TEXTS


def read_patterns(run: RunData) -> Patterns:
    """Return the patterns of the run's documents, found once; a selection changes none.

    For a large run without a selection only the documents that mention a keyword are searched.
    """
    return run.readings.once(read_patterns, lambda: _find_patterns(run))


def _looks_at_mentions(run: RunData) -> bool:
    """Return whether repeats are looked for among the documents that mention a keyword alone."""
    return not run.selection and is_large(run)


def read_places(run: RunData, identities: Iterable[str]) -> Callable[[str], int | None]:
    """Return a function from a document's identity to its place among the run's patterns."""
    patterns = read_patterns(run)
    places: dict[str, int | None] = {}
    for batch in in_batches(dict.fromkeys(identities)):
        statement = select(Document.identity, Document.id).where(Document.identity.in_(batch))
        for identity, document_id in fetch_all(run.db, statement):
            places[identity] = patterns.place_of(document_id)

    return places.get


def digest_text(text: str) -> bytes:
    """Return a digest that texts share which are equal, case and white space aside."""
    folded = " ".join(text.casefold().split())
    return blake2b(folded.encode(), digest_size=16).digest()


def find_repeated(run: RunData, job: RunJob) -> frozenset[int]:
    """Return the documents of *job* that repeat an earlier one of their month, found once."""
    return run.readings.once((find_repeated, job.id), lambda: _find_repeated(run, job))


def read_repeated(run: RunData, job_name: str) -> frozenset[str]:
    """Return the identities of the documents that `find_repeated` finds in a job of a run."""
    identities: set[str] = set()
    for job in run.jobs:
        if job.name == job_name:
            for batch in in_batches(find_repeated(run, job)):
                statement = select(Document.identity).where(Document.id.in_(batch))
                identities.update(fetch_scalars(run.db, statement))

    return frozenset(identities)


def _find_repeated(run: RunData, job: RunJob) -> frozenset[int]:
    patterns = read_patterns(run)
    repeated: set[int] = set()
    seen: set[tuple[int, str]] = set()
    documents = _sort_by_date(run, job)
    copies = set()
    if documents["outlet"].n_unique() > 1:
        copies = _find_copies(run, documents["document"].to_list())

    months = documents["day"].dt.strftime("%Y-%m").fill_null("")
    for document, month in zip(documents["document"], months, strict=True):
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


def _find_copies(run: RunData, documents: Sequence[int]) -> set[int]:
    """Return the documents whose text another outlet has first.

    Two equal texts with figures are no pattern, since a pattern ignores their figures.
    """
    first_outlet: dict[bytes, str] = {}
    copies = set()
    for batch in in_batches(documents):
        columns = select(Document.id, text_column(run.text_part), Origin.outlet)
        placed = columns.join(Origin, Origin.id == Document.origin_id)
        texts = fetch_all(run.db, placed.where(Document.id.in_(batch)))
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
    return find_patterns(lambda: _read_texts(run, documents), with_families=run.kind.has_families)


def _count_documents(run: RunData) -> int:
    """Return how many documents the jobs of the run work on."""
    count = select(func.sum(JobStep.documents)).join(Job, Job.id == JobStep.job_id)
    run_documents = count.where(Job.run_id == run.id, JobStep.step == DOCUMENTS)
    return run.readings.once(
        _count_documents, lambda: int(fetch_scalars(run.db, run_documents)[0] or 0)
    )


def _sort_by_date(run: RunData, job: RunJob) -> pl.DataFrame:
    """Return the documents of a job in the order of dates: see `read_patterns`."""
    frames = load_frames(run, job)
    if not _looks_at_mentions(run):
        return frames.chosen
    return frames.chosen.join(frames.mentions, on="document", how="semi", maintain_order="left")


def _list_documents(run: RunData) -> Iterator[int]:
    """Yield each document of the run once, in order: see `read_patterns`."""
    # The documents of a search that earlier searches found too.
    seen: set[int] = set()
    for job in run.jobs:
        dated_documents = _sort_by_date(run, job)["document"]
        documents = [document for document in dated_documents if document not in seen]
        if run.kind.links_documents:
            seen.update(documents)

        yield from documents


def _read_texts(run: RunData, documents: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield each of *documents* with its text."""
    is_of_batch = Document.id.in_(bindparam("documents", expanding=True))
    statement = select(Document.id, quoted_text(run.text_part)).where(is_of_batch)
    for batch in in_batches(documents):
        texts = dict(map(tuple, fetch_all(run.db, statement, documents=batch)))
        for document in batch:
            if document in texts:
                # A document that is not there was erased meanwhile.
                yield document, texts[document]
