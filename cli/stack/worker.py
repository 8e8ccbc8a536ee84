"""The Celery worker of the embedded stack."""

from __future__ import annotations

import sys
from contextlib import suppress

from core import enums

# Unlike `workers`, this name does not hide errors of its import.
APPLICATION = "workers.celery:app"

# Without it, SIGTERM waits for the whole task.
ENVIRONMENT = {"REMAP_SIGTERM": "SIGQUIT"}


def python_module(module: str) -> list[str]:
    """Return the command that runs *module*; -P keeps modules of the working directory out."""
    return [sys.executable, "-P", "-m", module]


def worker_command(worker_name: str, *, workers: int, log_level: str) -> list[str]:
    """Return the command of a Celery worker for all queues, with *workers* processes."""
    command = [*python_module("celery"), "-A", APPLICATION, "worker"]
    command += ["--queues", ",".join(enums.QUEUES), "--concurrency", str(workers)]
    command += ["--hostname", worker_name, "--loglevel", log_level]
    # Mingle and gossip take a second, and there is no other worker to talk to.
    return [*command, "--without-mingle", "--without-gossip"]


def worker_answers(redis_url: str, worker_name: str) -> bool:
    """Return whether the Celery worker *worker_name* answers over the broker at *redis_url*."""
    from celery import Celery
    from kombu.exceptions import OperationalError

    with Celery("ping", broker=redis_url, set_as_current=False) as app, suppress(OperationalError):
        return bool(app.control.ping(destination=[worker_name], timeout=0.5, limit=1))

    return False
