"""How many documents and mentions of a keyword, or posts of an account, are repeats, exactly.

A repeat is what `--distinct` leaves out: see `read_families`. No page counts others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import polars as pl

from reports.data.repeats import read_families
from reports.data.run_data import RunData, RunJob, once
from reports.data.selection import left_out
from reports.frames.frames import Frames
from reports.frames.reading import gather, load_mentioning

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
    (counts,) = gather(
        run, run.jobs, lambda job, frames: [_count(run, job, frames)], load_mentioning
    )
    return counts.drop("job")


def _count(
    run: RunData, job: RunJob, frames: Frames, unwanted: Collection[int] = ()
) -> pl.LazyFrame:
    sentences = frames.mentions.lazy().unique(["keyword", "document", "position"])
    mentioning = sentences.group_by("keyword", "document").agg(mentions=pl.len().cast(pl.Int64))
    chosen = frames.chosen.lazy().filter(~pl.col("document").is_in(list(unwanted)))
    documents = chosen.join(read_families(run, job).lazy(), on="document", how="left")
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
    (places,) = gather(
        run,
        run.jobs,
        lambda job, frames: [_count(run, job, frames, left_out(run, job))],
        load_mentioning,
    )
    repeats = places.filter("is_repeat")
    for subject, month, documents in repeats.select("subject", "month", "documents").iter_rows():
        counts[subject, month] += documents
        counts[subject, None] += documents

    return counts
