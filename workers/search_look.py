"""A look at what a language model has found, as a job that ends its search or has it read on.

The job waits until all months have coded what they were given. The texts that are read next are
stored, and their months queued, in one transaction: whatever is killed, nothing is asked twice.
"""

from __future__ import annotations

from analysis.codebooks.stored import stored_codebook
from analysis.codebooks.wanted import parse_sought
from analysis.kinds import kind_named
from analysis.options import TextOptions
from analysis.steps import codes
from core.quantities import quantity
from models.jobs import count_failed_jobs, fence, has_unended_job, list_job_names
from models.redo_transitions import redo_step
from models.run_transitions import lock_run
from workers.context import JobContext
from workers.document_search import DocumentSearch
from workers.outcomes import Done, Failed, Outcome
from workers.sample_look import wait_for_jobs
from workers.search_words import describe_progress

_WAITS = "looks at what was found when all months have coded what the search reads"


def look_at_search(job: JobContext) -> Outcome:
    """Have the model read on, or say which share of all it has found."""
    run_id, kind = job.claim.run_id, kind_named(job.claim.parameters["kind"])
    options: TextOptions = kind.read_parameters(job.claim.parameters)
    with job.db.read() as connection:
        if has_unended_job(connection, run_id):
            return wait_for_jobs(_WAITS, job.claim.waits)

        failed = count_failed_jobs(connection, run_id)
        _, codebook = stored_codebook(connection, options.codebook or "")

    if failed:
        return Failed(f"{quantity(failed, 'job')} of the run failed: its search is not complete")

    sought = parse_sought(codebook, options.find or "")
    search = DocumentSearch(job.db, run_id, codebook, sought, options.coder)
    state = search.look()
    if state.has_ended(options.recall):
        return Done(describe_progress(search, state))

    store_texts = search.choose_for_model(options.recall)
    with job.db.write() as connection:
        lock_run(connection, run_id)
        fence(connection, job.claim, progress=True)
        months = store_texts(connection)
        names = list_job_names(connection, run_id)
        # Jobs of accounts and searches are not named by months.
        redo_step(connection, run_id, codes.NAME, set(names) & months or names)

    return wait_for_jobs(_WAITS)
