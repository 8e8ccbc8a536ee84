"""Structured logs on stderr: one line an event, with the run, job and step it belongs to.

A worker's lines have its name, and those of a task the id by which Flower shows it.
"""

from __future__ import annotations

import logging
import secrets
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar

import structlog
from structlog.contextvars import bound_contextvars, get_contextvars, merge_contextvars

from core.errors import ServiceBadAnswer, ServiceRefused, ServiceUnavailable
from core.settings import Settings

# These steps of the job were ended by an exception. The job's tasks and threads share them, because
# the line that says why the job failed is written outside of the step.
_interrupted_steps: ContextVar[list[str]] = ContextVar("interrupted_steps")

# What all lines of this process have, of its threads and libraries too.
_process_fields: dict[str, str] = {}


def name_worker(worker: str) -> None:
    """Add the name of a worker to every line of this process and its children."""
    _process_fields["worker"] = worker


def configure(settings: Settings) -> None:
    """Send this process's logs, the libraries' too, to stderr in the format of the settings."""
    shared: list[structlog.typing.Processor] = [
        merge_contextvars,
        _add_process_fields,
        _add_interrupted_step,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )

    renderer: structlog.typing.Processor
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())

    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )

    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    logging.captureWarnings(True)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger whose lines carry the run, job and step of their context."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


log = get_logger(__name__)


@contextmanager
def job_context(*, run: int, job: str, **trace: str) -> Iterator[None]:
    """Add run and job to every line written inside, by tasks and threads started inside too.

    Calls that are made inside are of the *trace*, of 32 hexadecimal digits, if it is given.
    """
    token = _interrupted_steps.set([])
    try:
        with bound_contextvars(run=run, job=job, **trace):
            yield
    finally:
        _interrupted_steps.reset(token)


@contextmanager
def call_context(service: str, path: str) -> Iterator[dict[str, str]]:
    """Add the id of a new span to every line written inside; yield the headers that name it.

    They are those of W3C's Trace Context. A call that fails is logged. Outside of a job there is
    neither header nor line.
    """
    trace = get_contextvars().get("trace")
    if trace is None:
        yield {}
        return

    span = secrets.token_hex(8)
    began = time.monotonic()
    with bound_contextvars(span=span):
        try:
            yield {"traceparent": f"00-{trace}-{span}-01"}
        except (ServiceBadAnswer, ServiceRefused, ServiceUnavailable) as error:
            seconds = round(time.monotonic() - began, 3)
            log.info("a call failed", service=service, path=path, seconds=seconds, why=str(error))
            raise


@asynccontextmanager
async def step_context(step: str) -> AsyncIterator[None]:
    """Add the step to every line written inside. Works as a decorator of a coroutine function too.

    If an exception ends the step, the job's later lines outside of any step name it as well.
    """
    began = time.monotonic()
    with bound_contextvars(step=step):
        try:
            yield
        except BaseException:
            _interrupted_steps.get([]).append(step)
            raise

        log.info("step ended", seconds=round(time.monotonic() - began, 3))


def task_context(task: str) -> AbstractContextManager[None]:
    """Add the id of a Celery task to every line written inside."""
    return bound_contextvars(task=task)


def _add_process_fields(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {**_process_fields, **event}


def _add_interrupted_step(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    steps = _interrupted_steps.get([])
    if steps:
        # Later steps were cancelled with it.
        event.setdefault("step", steps[0])

    return event
