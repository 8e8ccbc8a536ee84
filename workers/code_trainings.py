"""A training of a network that codes texts, in slices that end between two cross-validations."""

from __future__ import annotations

from analysis.codebooks.stored import stored_codebook
from analysis.kinds.trainings import TrainingParameters
from analysis.trainings.codes.samples import read_samples
from analysis.trainings.codes.task import CodesTask
from models.jobs import fence
from models.trainings import store_checkpoint, store_result
from workers.context import JobContext


def train_codes_for_slice(
    job: JobContext, parameters: TrainingParameters, checkpoint: bytes | None
) -> bool:
    """Return whether the training is finished and its result stored.

    Raises `BadInput` if too few texts are coded, `NotFound` if the run or the codebook is gone.
    """
    coded_run, codebook_hash = parameters.coded_run, parameters.codebook
    assert coded_run is not None, "the producer has set it"  # noqa: S101
    assert codebook_hash is not None, "the producer has set it"  # noqa: S101
    _, codebook = job.db.fetch(stored_codebook, codebook_hash)
    samples = read_samples(job.db, coded_run, codebook)
    task = CodesTask(codebook, samples, checkpoint)
    all_blocks = len(task.blocks)

    for next_checkpoint in task.work():
        with job.db.write() as connection:
            done = task.blocks_done
            fence(connection, job.claim, progress=True, done_units=done, all_units=all_blocks)
            store_checkpoint(connection, job.db, job.claim, next_checkpoint)

        if done < all_blocks and (job.slice_is_over or job.is_paused):
            return False

    report = task.finish()
    predictions = [
        {"split": output, "index": index, "actual": actual, "predicted": predicted}
        for output, index, actual, predicted in report.predictions
    ]
    with job.db.write() as connection:
        fence(connection, job.claim, progress=True, done_units=all_blocks, all_units=all_blocks)
        store_result(
            connection,
            job.db,
            job.claim,
            weights=report.weights,
            figures={"accuracy": report.accuracy},
            remarks=report.remarks,
            predictions=predictions,
        )

    return True
