"""The steps of a packed run, done again with the answers of the pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert

from analysis.codebooks.network import CodeNetwork
from analysis.data import MonthData, PostData
from analysis.step import NotReady, Step
from core.errors import BadInput
from core.progress import track
from models.tables import JobStep
from packs import contents
from packs.answers import ReplayingFetcher, load_answers
from packs.archive import PackReader
from packs.jobs import StepStates, codes_by_network, in_order_of_submission, load_data
from packs.samples import SampleChecks
from packs.weights import NETWORK_FILE, give_network
from reports.data.run_data import RunData, RunJob

#: Code that expects well-formed answers raises one of these errors for malformed ones.
MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclass
class Restored:
    """A run as its pack reproduces it."""

    data: RunData
    #: How the steps ended and which engine answered them, by job and step.
    steps: Mapping[tuple[str, str], Any]
    #: The steps that answers, or a network, repeat, by job.
    repeated: dict[str, list[Step]] = field(default_factory=dict)
    #: The hashes of the documents' texts, by identity.
    hashes: dict[str, str] = field(default_factory=dict)
    #: The contradictions, by the file of the pack.
    conflicts: dict[str, str] = field(default_factory=dict)
    #: The network that codes the texts again; None if the pack has no texts or none that can.
    network: CodeNetwork | None = None
    #: Why no network codes them, though one did.
    why_no_network: str | None = None
    samples: SampleChecks = field(default_factory=SampleChecks)

    def states(self, job: RunJob) -> StepStates:
        """Return how the steps of a job ended, by the pack."""
        return {step: line.state for (name, step), line in self.steps.items() if name == job.name}


async def repeat_steps(pack: PackReader, restored: Restored) -> None:
    """Repeat the steps of all jobs and store their rows as a worker does."""
    run_data = restored.data
    answers_by_step: dict[str, dict[bytes, Any]] = {}
    unread: dict[str, set[bytes]] = {}

    for job in track("repeating the steps", in_order_of_submission(run_data)):
        if not restored.repeated[job.name]:
            continue

        job_data = give_network(await load_data(run_data, job), restored.network)
        for step in restored.repeated[job.name]:
            if step.name not in answers_by_step:
                is_answered = not codes_by_network(run_data, step)
                file_name = contents.answers_file(step.name)
                answers_by_step[step.name] = load_answers(pack, file_name) if is_answered else {}
                unread[step.name] = set(answers_by_step[step.name])

            answers = answers_by_step[step.name]
            unread[step.name] -= await _repeat_step(restored, job, step, job_data, answers)

    for step_name, keys in unread.items():
        if keys:
            problem = f": no step reads {len(keys):,} of its answers, {min(keys).hex()} the first"
            restored.conflicts[contents.answers_file(step_name)] = problem


async def _repeat_step(
    restored: Restored,
    job: RunJob,
    step: Step,
    job_data: MonthData | PostData,
    answers: Mapping[bytes, Any],
) -> set[bytes]:
    """Repeat a step by its answers and store its rows; return the keys that it read."""
    run_data, recorded = restored.data, restored.steps[job.name, step.name]
    engine = recorded.engine or ""
    fetcher = ReplayingFetcher(engine, answers, run_data.engine_languages.get(engine))
    try:
        result = await step.run(job_data, fetcher)
    except MALFORMED as error:
        if codes_by_network(run_data, step):
            raise BadInput(f"{NETWORK_FILE}: the network is malformed ({error!r})") from error

        raise BadInput(
            f"{contents.answers_file(step.name)}: an answer for {job.name} lacks or is malformed "
            f"({error!r})"
        ) from error

    if isinstance(result, NotReady):
        raise BadInput(f"{job.name} cannot be done again: {result.reason}")

    step_row = {"job_id": job.id, "step": step.name, "state": result.state, "reason": result.reason}
    step_row |= {"at": recorded.at, "documents": result.documents}
    with run_data.db.write() as connection:
        step.store(connection, job_id=job.id, rows=result.rows)
        connection.execute(insert(JobStep), [step_row])

    return fetcher.keys_read
