"""How many units of a run came after a sample was drawn from it."""

from __future__ import annotations

from sqlalchemy import select

from models.tables import Document
from reports.data.coded_samples import CodedSample
from reports.data.queries import fetch_scalars
from reports.data.run_data import RunData, documents_condition
from reports.frames.codes import UNIT
from reports.frames.reading import load_frames, load_mentioning


def count_population(sample: CodedSample) -> int:
    """Return of how many units a sample was drawn; whole texts are the same for each keyword."""
    first_keyword = sample.keywords[0]
    is_of_mentions = sample.codebook.is_of_mentions
    return sum(
        stratum.population
        for stratum in sample.strata
        if is_of_mentions or stratum.keyword == first_keyword
    )


def count_later_units(run: RunData, sample: CodedSample) -> int:
    """Return how many units more the run has now."""
    if sample.codebook.is_of_mentions:
        frames = (load_mentioning(run, job).mentions for job in run.jobs)
        units = sum(mentions.select(UNIT).n_unique() for mentions in frames)
    elif run.kind.has_mentions:
        units = sum(load_frames(run, job).chosen.height for job in run.jobs)
    else:
        posts: set[int] = set()
        for job in run.jobs:
            is_post = (
                documents_condition(run, job),
                ~Document.repost,
                Document.period.is_not(None),
            )
            posts.update(fetch_scalars(run.db, select(Document.id).where(*is_post)))

        units = len(posts)

    return max(0, units - count_population(sample))
