"""How many documents and mentions of a keyword, or posts of an account, are repeats, exactly.

A repeat is what `--distinct` leaves out: see `read_families`. No page counts others.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from reports.data.repeats import read_families
from reports.data.run_data import RunData, RunJob, once
from reports.frames.frames import Frames
from reports.frames.reading import load_mentioning
from reports.series.reading import select_frames

# A subject, and a month of it; None stands for all of its months.
SubjectMonth = tuple[str, str | None]

_KEYS = ("subject", "month", "is_repeat", "place")


def count_repeated_documents(run: RunData, subject: str, month: str | None) -> int:
    """Return how many of the documents that mention a subject, in a month, are repeats.

    Documents that the run's selection leaves out do not count.
    """
    return _count_repeats(run)[subject, month]


def count_places(run: RunData) -> pl.DataFrame:
    """Return how many *documents* and *mentions* of a subject in a month are of each pattern.

    The *subject* is a keyword, or the name of a job over posts, of which each document is a
    mention. The *month* is "" if it is not known, the *place* of the pattern null for none.
    *is_repeat* says whether the texts repeat an earlier one of their month. What the run's
    selection leaves out counts, too.
    """
    return pl.concat([_count(run, job, load_mentioning(run, job)) for job in run.jobs])


def _count(run: RunData, job: RunJob, frames: Frames) -> pl.DataFrame:
    sentences = frames.mentions.unique(["keyword", "document", "position"])
    mentioning = sentences.group_by("keyword", "document").agg(mentions=pl.len().cast(pl.Int64))
    documents = frames.chosen.join(read_families(run, job), on="document", how="left")
    # Of a run of months a job is a month, whatever the document's day.
    month = pl.lit(job.name) if run.keywords else pl.col("day").dt.strftime("%Y-%m").fill_null("")
    keyed = mentioning.join(documents, on="document").with_columns(
        pl.col("is_repeat").fill_null(value=False),
        subject=pl.col("keyword").cast(pl.String).fill_null(job.name),
        month=month,
    )
    sums = pl.col("mentions").sum()
    return keyed.group_by(_KEYS).agg(sums, documents=pl.len().cast(pl.Int64)).sort(_KEYS)


@once
def _count_repeats(run: RunData) -> Counter[SubjectMonth]:
    counts = Counter[SubjectMonth]()
    for job in run.jobs:
        repeats = _count(run, job, select_frames(run, job)).filter("is_repeat")
        for subject, month, documents in repeats.select("subject", "month", "documents").rows():
            counts[subject, month] += documents
            counts[subject, None] += documents

    return counts
