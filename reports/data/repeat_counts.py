"""How many documents and mentions of a keyword, or posts of an account, are repeats, exactly.

A repeat is what `--distinct` leaves out: see `find_repeated`. No page counts others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from reports.data.repeats import find_repeated, read_patterns
from reports.data.run_data import RunData, RunJob, once
from reports.frames.reading import load_mentioning
from reports.series.reading import select_frames

# A subject, and a month of it; None stands for all of its months.
SubjectMonth = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """The mentions of a subject in a month that are in texts of one pattern, or of none."""

    # A keyword, or the name of a job over posts.
    subject: str

    # The month as `YYYY-MM`; "" if it is not known.
    month: str

    # Whether the texts repeat an earlier one of their month.
    is_repeat: bool

    # The place of the pattern among those of the run.
    place: int | None

    # Of posts each document is a mention.
    documents: int
    mentions: int


def count_repeated_documents(run: RunData, subject: str, month: str | None) -> int:
    """Return how many of the documents that mention a subject, in a month, are repeats.

    Documents that the run's selection leaves out do not count.
    """
    return _count_repeats(run)[subject, month]


def count_places(
    run: RunData, job: RunJob, *, is_before_selection: bool = False
) -> Iterator[PlaceCount]:
    """Yield for each subject of a job how many mentions are of each pattern, or of none.

    *is_before_selection* says to count what the run's selection leaves out, too.
    """
    frames = load_mentioning(run, job) if is_before_selection else select_frames(run, job)
    sentences = frames.mentions.unique(["keyword", "document", "position"])
    mentioning = sentences.group_by("keyword", "document").agg(mentions=pl.len())
    rows = mentioning.join(frames.chosen, on="document")
    patterns, repeated = read_patterns(run), list(find_repeated(run, job))
    # Of a run of months a job is a month, whatever the document's day.
    month = pl.lit(job.name) if run.keywords else pl.col("day").dt.strftime("%Y-%m").fill_null("")
    keyed = rows.select(
        pl.col("keyword").cast(pl.String).fill_null(job.name),
        "mentions",
        month=month,
        is_repeat=pl.col("document").is_in(repeated),
        place=pl.Series(patterns.find_places(rows["form"].to_numpy())),
    )
    keys = ("keyword", "month", "is_repeat", "place")
    counts = keyed.group_by(keys).agg(pl.len().alias("documents"), pl.col("mentions").sum())
    for row in counts.sort(keys).iter_rows(named=True):
        place = None if row["place"] < 0 else row["place"]
        yield PlaceCount(subject=row.pop("keyword"), **(row | {"place": place}))


@once
def _count_repeats(run: RunData) -> Counter[SubjectMonth]:
    counts = Counter[SubjectMonth]()
    for job in run.jobs:
        for part in count_places(run, job):
            if part.is_repeat:
                counts[part.subject, part.month] += part.documents
                counts[part.subject, None] += part.documents

    return counts
