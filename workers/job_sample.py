"""The sample of a run that a language model codes: the one that people are given."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial

from analysis.codebooks.stored import stored_codebook
from analysis.job_data import read_stored_sample
from analysis.kinds import kind_of_jobs
from analysis.options import TextOptions
from core.enums import DOCUMENTS, SamplePeriod
from core.errors import UsageError
from models.codes import UnitKey
from models.jobs import has_job_without_step
from producers.code_sample import draw_code_sample
from workers.context import JobContext

# `tidings label` draws by these unless a person says otherwise.
SEED, PERIOD = 1, SamplePeriod.MONTH


async def read_sample(job: JobContext, options: TextOptions) -> Collection[UnitKey] | None:
    """Return the sample of the job's run, which is drawn if nobody has; None while it cannot be.

    What is drawn depends on the texts and mentions of all jobs of the run.
    """
    db, run_id, hash_text = job.db, job.claim.run_id, options.codebook or ""
    sample = await read_stored_sample(db, run_id, hash_text)
    if sample:
        return sample

    step_names = kind_of_jobs(job.claim.kind).pipeline.names
    needed_step = "keywords" if "keywords" in step_names else DOCUMENTS
    if await job.read(has_job_without_step, run_id, needed_step):
        return None

    await asyncio.to_thread(partial(_draw, job, hash_text, options.sample_size))
    return await read_stored_sample(db, run_id, hash_text)


def _draw(job: JobContext, hash_text: str, size: int) -> None:
    with job.db.read() as connection:
        _, codebook = stored_codebook(connection, hash_text)
    try:
        draw_code_sample(job.db, job.claim.run_id, codebook, n=size, per=PERIOD, seed=SEED)
    except UsageError:
        # There is no text to be coded.
        return
