"""The checks of `tidings doctor`: each returns what is wrong and what to do about it, or None."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import redis

from cli import context
from core.broker import NO_STACK, celery_app, queue_problem, redis_client
from core.enums import QUEUES
from core.errors import CapReached, DatabaseAway, TidingsError
from core.process_identity import has_exited
from core.settings import Settings

MIN_FREE_MB = 1000
MAX_SKEW_SECONDS = 2.0
PROBE_SECONDS = 15.0

# `Call.run_id` is 0 for calls that belong to no run.
NO_RUN = 0

REDIS_SETTING = "TIDINGS_REDIS_URL, redis://:PASSWORD@HOST:PORT/0"

# Redis needs these configuration values; the text says what goes wrong with another value.
REDIS_CONFIGURATION = {
    "maxmemory-policy": ("noeviction", "it may evict job messages and limits"),
    "appendonly": ("yes", "a restart loses job messages and limits, and calls wait meanwhile"),
}

Check = Callable[[Settings], str | None]


@dataclass(frozen=True)
class PartCheck:
    """A part of the stack; the exit status is 1 if any has a problem."""

    part: Annotated[str, "Name of the part."]
    problem: Annotated[str | None, "What is wrong and what to do; null if it works."]

    def describe(self) -> Iterator[str]:
        """Yield its line."""
        yield f"BAD  {self.part}: {self.problem}" if self.problem else f"ok   {self.part}"


def examine(settings: Settings) -> list[PartCheck]:
    """Check each part of the stack."""
    checks: dict[str, Check] = {
        "database": _check_database,
        "Redis": _check_redis,
        "clocks": _check_clocks,
        "disk": _check_disk,
        "Text API": _check_textapi,
    }
    for queue in QUEUES:
        checks[f"worker for the queue {queue}"] = partial(_check_worker, queue=queue)

    examined = []
    for part, check in checks.items():
        try:
            problem = check(settings)
        except TidingsError as error:
            problem = str(error)

        examined.append(PartCheck(part, problem))

    return [*examined, *_list_name_models(settings)]


def _list_name_models(settings: Settings) -> list[PartCheck]:
    """Return a part for the models that find names in other languages, if the Text API has any."""
    from core.languages import language_name
    from textapi.messages import Operation, languages_read

    try:
        engine = context.find_engine(settings)
    except TidingsError:
        return []

    declared = engine.languages or frozenset()
    codes = languages_read(declared, Operation.NER) - languages_read(declared)
    found = ", ".join(language_name(code) for code in sorted(codes))
    return [PartCheck(f"names in {found}, by the engine {engine.name}", None)] if codes else []


def _check_database(settings: Settings) -> str | None:
    from models.database import Database, revision_problem, stored_revision

    file = context.sqlite_file(settings.database)
    if file and not file.exists():
        return f"there is no {file} yet: `tidings migrate` makes it"

    revision = stored_revision(Database(settings.database, pooled=False))
    if revision is None:
        return "it has no tables: `tidings migrate` makes them"

    return revision_problem(revision)


def _check_redis(settings: Settings) -> str | None:
    import redis

    with redis_client(settings) as client:
        try:
            client.ping()
            if problem := _check_redis_mode(client):
                return problem

            problems = [_check_redis_configuration(client)]
            problems += [queue_problem(client, queue) for queue in QUEUES]
        except redis.AuthenticationError:
            return f"it refuses the password: set it in {REDIS_SETTING}"
        except redis.RedisError as error:
            return f"it does not answer ({type(error).__name__}): is it running at {REDIS_SETTING}?"

        return "; ".join(filter(None, problems)) or None


def _check_redis_mode(client: redis.Redis) -> str | None:
    """Refuse a Redis whose keys are on several servers, and a Sentinel, which has none."""
    info = client.info("server")
    mode = info.get("redis_mode", info.get("server_mode"))
    kind = {"cluster": "a Redis Cluster", "sentinel": "a Redis Sentinel"}.get(str(mode))
    if kind is None:
        return None

    return (
        f"it is {kind}, on which queues and limits do not work: name one plain Redis or Valkey in "
        f"{REDIS_SETTING}"
    )


def _check_redis_configuration(client: redis.Redis) -> str | None:
    import redis

    problems = []
    for parameter, (required, consequence) in REDIS_CONFIGURATION.items():
        try:
            configured = client.config_get(parameter).get(parameter)
        except redis.ResponseError:
            problems.append(f"CONFIG GET {parameter} is refused: make sure that it is {required}")
            continue

        if configured != required:
            problems.append(f"{parameter} is {configured}, so {consequence}: set it to {required}")

    return "; ".join(problems) or None


def _check_clocks(settings: Settings) -> str | None:
    # A part that is away has no clock to compare; its own check says that it is away.
    import redis
    from sqlalchemy import select

    from models.database import Database, clock

    offsets = {}
    if context.sqlite_file(settings.database) is None:
        with suppress(DatabaseAway), Database(settings.database, pooled=False).read() as connection:
            database_time = float(connection.execute(select(clock())).scalar_one())
            offsets["the database"] = database_time - time.time()

    if settings.redis_url:
        with suppress(redis.RedisError), redis_client(settings) as client:
            seconds, microseconds = client.time()
            offsets["Redis"] = seconds + microseconds / 1e6 - time.time()

    problems = []
    for part, offset in offsets.items():
        if abs(offset) > MAX_SKEW_SECONDS:
            direction = "ahead of" if offset > 0 else "behind"
            skew = f"{abs(offset):.0f} s {direction} this machine's"
            problems.append(f"the clock of {part} is {skew}: let NTP set both")

    return "; ".join(problems) or None


def _check_disk(settings: Settings) -> str | None:
    file = context.sqlite_file(settings.database)
    for folder in {_existing(settings.reports), _existing(file.parent if file else settings.home)}:
        free = shutil.disk_usage(folder).free / 1e6
        if free < MIN_FREE_MB:
            return f"{free:.0f} MB are free at {folder}: make room, or reports and answers are lost"

    return None


def _check_textapi(settings: Settings) -> str | None:
    # This fails if the service is away, and counts no call.
    context.find_engine(settings)
    if not settings.redis_url:
        return f"its key cannot be checked within its limit: {NO_STACK}"
    return _check_key(settings)


def _check_key(settings: Settings) -> str | None:
    """Request the polarity of one word, within the limit that all workers share."""
    from core.ratelimit import credential_of
    from models.crawls import count_attempt
    from textapi.messages import SERVICE, Operation
    from workers.runtime import Runtime

    runtime = Runtime(settings, celery_app(settings))

    async def count(operation: Operation, attempt: int) -> None:
        count_attempt(
            runtime.db,
            NO_RUN,
            service=SERVICE,
            credential=credential_of(runtime.textapi_key),
            operation=operation,
            seconds=0.0,
            retries=int(attempt > 1),
        )

    async def ask() -> None:
        async with asyncio.timeout(PROBE_SECONDS):
            await runtime.textapi.ask(Operation.TEXT_POLARITY, {"text": "Good."}, count, dict)

    try:
        runtime.run(ask)
    except CapReached as error:
        # An exhausted limit is no problem.
        return None if error.until else str(error)
    except TimeoutError:
        return f"no answer within {PROBE_SECONDS:.0f} s: is it overloaded, or its limit used up?"
    finally:
        runtime.close()

    return None


def _check_worker(settings: Settings, queue: str) -> str | None:
    from models.database import Database
    from models.jobs import count_live_slots

    file = context.sqlite_file(settings.database)
    if file and not file.exists():
        return "workers cannot be counted without a database"

    slots = count_live_slots(Database(settings.database, pooled=False), has_exited)
    if slots.get(queue):
        return None

    return "none has been seen for a minute: start one with `tidings up`"


def _existing(folder: Path) -> Path:
    folder = folder.resolve()
    return folder if folder.exists() else _existing(folder.parent)
