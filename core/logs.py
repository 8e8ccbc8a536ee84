"""Structured logs: one line an event, with the run, job and step it belongs to, on stderr."""

from __future__ import annotations

import contextvars
import logging
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog

from core.settings import Settings

# One dict for the whole of a slice, its threads and tasks too: all of them tell the step it has come to.
_place: contextvars.ContextVar[dict[str, object]] = contextvars.ContextVar("place")


def configure(settings: Settings) -> None:
    """Send this process's logs, the libraries' too, to stderr in the format of the settings."""
    shared: list[structlog.typing.Processor] = [
        _with_place,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    logging.captureWarnings(True)  # a warning is a line like any other


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines carry the run, job and step that are at work."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


@contextmanager
def job_context(*, run: int, job: str) -> Iterator[None]:
    """Every line written within, in tasks and threads that carry on its context too, tells run, job and step."""
    token = _place.set({"run": run, "job": job})
    try:
        yield
    finally:
        _place.reset(token)


@asynccontextmanager
async def step_context(step: str) -> AsyncIterator[None]:
    """Around a step, or decorating the coroutine function that does it: its lines tell so.

    The step stays named where it does not come to its end, so that the line which says why tells it as well.
    """
    place = _place.get({})
    place["step"] = step
    began = time.monotonic()
    yield
    get_logger(__name__).info("step ended", seconds=round(time.monotonic() - began, 3))
    place.pop("step", None)


def _with_place(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {**_place.get({}), **event}
