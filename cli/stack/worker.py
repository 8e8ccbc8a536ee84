"""The Celery worker of the embedded stack."""

from __future__ import annotations

import sys
from contextlib import suppress

from core import enums

APPLICATION = "workers.celery:app"  # unlike `workers`, it does not hide errors of its import
ENVIRONMENT = {"REMAP_SIGTERM": "SIGQUIT"}  # else SIGTERM waits for the whole task


def python_module(module: str) -> list[str]:
    """Return the command that runs *module*; -P keeps modules of the working directory out."""
    return [sys.executable, "-P", "-m", module]


def worker_command(name: str, *, workers: int, log_level: str) -> list[str]:
    """Return the command of a Celery worker *name* for all queues, with *workers* processes."""
    command = [*python_module("celery"), "-A", APPLICATION, "worker"]
    command += ["--queues", ",".join(enums.QUEUES), "--concurrency", str(workers)]
    command += ["--hostname", name, "--loglevel", log_level]
    # Mingle and gossip cost a second, and there is no worker to talk to.
    return [*command, "--without-mingle", "--without-gossip"]


def worker_answers(redis_url: str, name: str) -> bool:
    """Return whether the Celery worker *name* answers over the broker at *redis_url*."""
    from celery import Celery
    from kombu.exceptions import OperationalError

    with Celery("ping", broker=redis_url, set_as_current=False) as app, suppress(OperationalError):
        return bool(app.control.ping(destination=[name], timeout=0.5, limit=1))
    return False
