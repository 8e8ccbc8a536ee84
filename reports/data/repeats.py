"""The texts of a run that repeat each other: the patterns of all, and what each month repeats.

A *pattern* is a group of texts that are one: they share a form, names and figures aside, or, as a
*family*, a fixed head or tail. Its texts are *repeats*. A *copy* is a text that another outlet has
first.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import polars as pl
from sqlalchemy import func, select

from analysis.text.forms import MonthForms
from analysis.text.near_duplicates import Patterns, find_among
from core.enums import DOCUMENTS
from models.documents import quoted_text
from models.tables import Document, Job, JobStep
from reports.data.queries import fetch_all, fetch_scalars, in_batches
from reports.data.run_data import RunData, RunJob, document_scope, once_of_run
from reports.frames.reading import load_frames, load_mentioning

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
    months, searched = [], pl.Series("document", dtype=pl.Int64)
    for job in run.jobs:
        if not _looks_at_mentions(run) and not document_scope(run, job).is_linked:
            months.append(load_frames(run, job).forms)
            continue

        documents = _list_searched(run, job)
        documents = documents.filter(~pl.col("document").is_in(searched.implode()))
        searched.extend(documents["document"])
        months.append(load_frames(run, job).forms.select(documents["form"].to_numpy()))

    return find_among(
        MonthForms.join(months),
        lambda documents: _read_texts(run, documents),
        with_families=run.kind.has_families,
    )


@once_of_run
def read_families(run: RunData, job: RunJob) -> pl.DataFrame:
    """Return the documents of a job that are of a pattern, or a copy, in their order.

    Beside each *document* stand the *place* of its pattern, and whether it *is_repeat*: whether it
    is a copy, or not the first of its pattern in its month.
    """
    documents = _list_searched(run, job)
    judged = documents.select(
        "document",
        place=read_patterns(run).find_places(documents["form"]),
        # Two equal texts with figures are no pattern, since a pattern ignores their figures.
        is_copy=pl.col("outlet") != pl.col("outlet").first().over("digest"),
        month=pl.col("day").dt.strftime("%Y-%m"),
    )
    known = judged.filter(pl.col("place").is_not_null() | pl.col("is_copy"))
    is_later = ~pl.struct("place", "month", "is_copy").is_first_distinct()
    return known.select("document", "place", is_repeat=pl.col("is_copy") | is_later)


def find_repeated(run: RunData, job: RunJob) -> frozenset[int]:
    """Return the documents of *job* that repeat an earlier one of their month."""
    return frozenset(read_families(run, job).filter("is_repeat")["document"])


def read_places(run: RunData, job_name: str) -> tuple[dict[str, int | None], set[str]]:
    """Return the place of the pattern of documents by their identities, and which are repeats.

    They are those that `read_families` has of the jobs with a name.
    """
    places: dict[str, int | None] = {}
    repeated = set()
    for job in run.jobs_named([job_name]):
        families = {row[0]: row[1:] for row in read_families(run, job).iter_rows()}
        for batch in in_batches(families):
            statement = select(Document.identity, Document.id).where(Document.id.in_(batch))
            for identity, document_id in fetch_all(run.db, statement):
                places[identity], is_repeat = families[document_id]
                if is_repeat:
                    repeated.add(identity)

    return places, repeated


def _looks_at_mentions(run: RunData) -> bool:
    """Return whether repeats are looked for among the documents that mention a keyword alone."""
    return not replace(run.selection, stories=False) and is_large(run)


def _list_searched(run: RunData, job: RunJob) -> pl.DataFrame:
    """Return the documents of a job in their order: see `read_patterns`."""
    load = load_mentioning if _looks_at_mentions(run) else load_frames
    return load(run, job).chosen.drop_nulls("form")


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
