"""The sample of a run that a language model codes: the one that people are given."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial

from analysis.codebooks.stored import stored_codebook
from analysis.job_data import read_stored_sample
from analysis.kinds import kind_named
from analysis.options import TextOptions
from core.enums import DOCUMENTS, SampleGoal, SamplePeriod
from core.errors import UsageError
from models.codes import UnitKey
from models.jobs import has_job_without_step, list_job_names
from models.searches import list_texts_of_search
from producers.code_sample import draw_code_sample
from reports.stats.looks import count_pilot
from workers.context import JobContext

# `tidings label` draws by these unless a person says otherwise.
SEED, PERIOD = 1, SamplePeriod.MONTH


async def read_sample(job: JobContext, options: TextOptions) -> Collection[UnitKey] | None:
    """Return the sample of the job's run, which is drawn if nobody has; None while it cannot be.

    What is drawn depends on the texts and mentions of all jobs of the run. What a search reads is
    chosen at its looks.
    """
    db, run_id, hash_text = job.db, job.claim.run_id, options.codebook or ""
    if options.find is not None:
        return await job.read(list_texts_of_search, run_id)

    sample = await read_stored_sample(db, run_id, hash_text)
    if sample:
        return sample

    step_names = kind_named(job.claim.parameters["kind"]).pipeline.names
    needed_step = "keywords" if "keywords" in step_names else DOCUMENTS
    if await job.read(has_job_without_step, run_id, needed_step):
        return None

    await asyncio.to_thread(partial(_draw, job, options))
    return await read_stored_sample(db, run_id, hash_text)


def _draw(job: JobContext, options: TextOptions) -> None:
    """Draw the sample, or the pilot of one that grows until its shares are known."""
    size, per, goal = options.sample_size, PERIOD, SampleGoal.SHARE
    with job.db.read() as connection:
        _, codebook = stored_codebook(connection, options.codebook or "")
        if options.half_width is not None:
            per = options.wanted_by or PERIOD
            months = list_job_names(connection, job.claim.run_id)
            periods = {per.of_month(month) for month in months}
            size = count_pilot(len(periods), are_estimated=options.wanted_by is not None)
            goal = SampleGoal.SHARE if options.wanted_by is None else SampleGoal.MONTHS

    try:
        draw_code_sample(job.db, job.claim.run_id, codebook, n=size, per=per, seed=SEED, goal=goal)
    except UsageError:
        # There is no text to be coded.
        return
