"""The texts of a run that repeat each other: the patterns of all, and what each month repeats.

A *pattern* is a group of texts that are one: they share a form, names and figures aside, or, as a
*family*, a fixed head or tail. Its texts are *repeats*. A *copy* is a text that another outlet has
first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

import polars as pl
from sqlalchemy import func, select

from analysis.text.near_duplicates import Patterns, find_among
from core.enums import DOCUMENTS
from models.documents import quoted_text
from models.tables import Document, Job, JobStep
from reports.data.queries import fetch_all, fetch_scalars, in_batches
from reports.data.run_data import RunData, RunJob, document_scope, once_of_run
from reports.frames.frames import Frames
from reports.frames.reading import load_frames

# A report looks at so many documents of a run of months in a minute.
MOST_TEXTS = 500_000


def is_large(run: RunData) -> bool:
    """Whether a report of the run can look at mentions, but not at each document.

    Such a report looks for patterns among the documents that mention a keyword, while a selection
    looks among all.
    """
    return run.kind.has_mentions and _count_documents(run) > MOST_TEXTS


@once_of_run
def read_patterns(run: RunData) -> Patterns:
    """Return the patterns of the run's documents, found once; a selection changes none.

    For a large run without a selection only the documents that mention a keyword are searched, each
    once: jobs of searches may share some.
    """
    months, searched = [], [pl.DataFrame(schema={"document": pl.Int64, "form": pl.UInt64})]
    for job in run.jobs:
        frames = load_frames(run, job)
        documents = _list_searched(run, frames).select("document", "form")
        if document_scope(run, job).is_linked:
            documents = documents.join(pl.concat(searched), on="document", how="anti")

        searched.append(documents)
        is_part = len(documents) < len(frames.chosen)
        hashes = documents["form"].to_numpy()
        months.append(frames.forms.select(hashes) if is_part else frames.forms)

    together = pl.concat(searched)
    return find_among(
        months,
        together["document"].to_numpy(),
        together["form"].to_numpy(),
        lambda documents: _read_texts(run, documents),
        with_families=run.kind.has_families,
    )


def read_places(run: RunData, identities: Iterable[str]) -> Callable[[str], int | None]:
    """Return a function from a document's identity to its place among the run's patterns."""
    patterns = read_patterns(run)
    places: dict[str, int | None] = {}
    for batch in in_batches(dict.fromkeys(identities)):
        statement = select(Document.identity, Document.id).where(Document.identity.in_(batch))
        for identity, document_id in fetch_all(run.db, statement):
            places[identity] = patterns.place_of(document_id)

    return places.get


@once_of_run
def find_repeated(run: RunData, job: RunJob) -> frozenset[int]:
    """Return the documents of *job* that repeat an earlier one of their month, found once."""
    documents = _list_searched(run, load_frames(run, job))
    place = pl.Series("place", read_patterns(run).find_places(documents["form"].to_numpy()))
    # Two equal texts with figures are no pattern, since a pattern ignores their figures.
    is_copy = pl.col("outlet") != pl.col("outlet").first().over("digest")
    judged = documents.with_columns(
        place, is_copy=is_copy, month=pl.col("day").dt.strftime("%Y-%m")
    )
    patterned = judged.filter(~pl.col("is_copy") & (pl.col("place") >= 0))
    is_first = pl.struct("place", "month").is_first_distinct()
    repeated = patterned.filter(~is_first)["document"]
    return frozenset([*repeated, *judged.filter("is_copy")["document"]])


def read_repeated(run: RunData, job_name: str) -> frozenset[str]:
    """Return the identities of the documents that `find_repeated` finds in a job of a run."""
    identities: set[str] = set()
    for job in run.jobs_named([job_name]):
        for batch in in_batches(find_repeated(run, job)):
            statement = select(Document.identity).where(Document.id.in_(batch))
            identities.update(fetch_scalars(run.db, statement))

    return frozenset(identities)


def _looks_at_mentions(run: RunData) -> bool:
    """Return whether repeats are looked for among the documents that mention a keyword alone."""
    return not replace(run.selection, stories=False) and is_large(run)


def _list_searched(run: RunData, frames: Frames) -> pl.DataFrame:
    """Return the documents of a job in their order: see `read_patterns`."""
    documents = frames.chosen.drop_nulls("form")
    if not _looks_at_mentions(run):
        return documents
    return documents.join(frames.mentions, on="document", how="semi", maintain_order="left")


@once_of_run
def _count_documents(run: RunData) -> int:
    """Return how many documents the jobs of the run work on."""
    count = select(func.sum(JobStep.documents)).join(Job, Job.id == JobStep.job_id)
    run_documents = count.where(Job.run_id == run.id, JobStep.step == DOCUMENTS)
    return int(fetch_scalars(run.db, run_documents)[0] or 0)


def _read_texts(run: RunData, documents: Collection[int]) -> dict[int, str]:
    texts: dict[int, str] = {}
    for batch in in_batches(documents):
        statement = select(Document.id, quoted_text(run.text_part))
        texts.update(map(tuple, fetch_all(run.db, statement.where(Document.id.in_(batch)))))

    return texts
