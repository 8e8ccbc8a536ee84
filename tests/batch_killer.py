"""A process that works one slice on a job with batches, and kills itself at a moment.

Processes are forked from a server that has the imports, so that one takes a fraction of a second.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from typing import Any

# SQLAlchemy imports the driver with a process's first engine, which takes half of its time.
import psycopg  # noqa: F401

from core.broker import celery_app
from core.settings import Settings
from language_models.batches import BatchClient
from workers import executor, model_batches
from workers.executor import work_one_slice
from workers.runtime import Runtime

# The functions before and after which a process is killed.
MOMENTS = (
    "claim_answers",
    "intend_batch",
    "release_claims",
    "BatchClient.find_batches",
    "BatchClient.find_file",
    "BatchClient.upload",
    "note_creating",
    "BatchClient.create",
    "note_batch",
    "BatchClient.status",
    "BatchClient.download",
    "settle_lines",
    "end_batch",
)

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.batch_killer"])


def kill_at(settings: Settings, job: int, moment: str, when: str) -> bool:
    """Let a process work on the job until a moment; return whether it came there."""
    variables = settings.model_dump(exclude_none=True)
    process = _CONTEXT.Process(target=_work, args=(variables, job, moment, when))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _work(variables: Mapping[str, Any], job: int, moment: str, when: str) -> None:
    holder: Any = BatchClient if moment.startswith("BatchClient") else model_batches
    function_name = moment.rpartition(".")[2]
    original = getattr(holder, function_name)

    async def request(*arguments: Any, **named: Any) -> None:
        if when == "before":
            _kill()

        await original(*arguments, **named)
        _kill()

    def change(*arguments: Any, **named: Any) -> None:
        if when == "before":
            _kill()

        original(*arguments, **named)
        if hasattr(arguments[0], "commit"):
            arguments[0].commit()

        _kill()

    setattr(holder, function_name, request if holder is BatchClient else change)
    send_no_messages()
    settings = Settings(**variables)
    work_one_slice(Runtime(settings, celery_app(settings)), job)
    os._exit(0)


def send_no_messages() -> None:
    """Leave out the messages that tell workers of due jobs: no worker of Celery reads them.

    They take two thirds of a slice that is a process's first.
    """
    executor.dispatch_due_jobs = lambda *_arguments: 0


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
