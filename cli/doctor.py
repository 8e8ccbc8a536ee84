"""What `tidings doctor` looks at, and what it says is to be done."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from core.broker import NO_STACK, celery_app, redis_client
from core.enums import QUEUES
from core.errors import CapReached, DatabaseAway, SettingsError, TidingsError
from core.process_identity import has_exited
from core.settings import Settings

if TYPE_CHECKING:
    import redis

LEAST_FREE_BYTES = 10**9
MOST_SKEW_SECONDS = 2.0
QUESTION_SECONDS = 15.0
NOBODY = 0  # the run to which a call belongs that no run made

Check = Callable[[Settings], str | None]


def examine(settings: Settings) -> list[tuple[str, str | None]]:
    """Each part of the stack with what is wrong with it, None where nothing is."""
    checks: list[tuple[str, Check]] = [
        ("database", _database),
        ("Redis", _redis),
        ("clocks", _clocks),
        ("disk", _disk),
        ("Text API", _textapi),
        *((f"worker for the queue {queue}", _worker(queue)) for queue in QUEUES),
    ]
    return [(name, _problem(check, settings)) for name, check in checks]


def _problem(check: Check, settings: Settings) -> str | None:
    try:
        return check(settings)
    except TidingsError as error:
        return str(error)


def _database(settings: Settings) -> str | None:
    from models.database import Database, revision_problem, stored_revision

    file = _sqlite_file(settings)
    if file and not file.exists():
        return f"there is no {file} yet: `tidings migrate` makes it"
    revision = stored_revision(Database(settings.database, pooled=False))
    if revision is None:
        return "it has no tables: `tidings migrate` makes them"
    return revision_problem(revision)


def _redis(settings: Settings) -> str | None:
    import redis

    with redis_client(settings) as client:
        try:
            client.ping()
        except redis.AuthenticationError:
            return "it refuses the password: set it in TIDINGS_REDIS_URL, redis://:PASSWORD@HOST:PORT/0"
        except redis.RedisError as error:
            return f"it does not answer ({type(error).__name__}): is it running where TIDINGS_REDIS_URL says?"
        return "; ".join(_unsafe(client)) or None


def _unsafe(client: redis.Redis) -> list[str]:
    """What of its configuration may lose hints or the limits' memory."""
    import redis

    wanted = {
        "maxmemory-policy": ("noeviction", "it may throw hints and limits away"),
        "appendonly": (
            "yes",
            "a restart forgets hints and limits, and calls stand still until they are known again",
        ),
    }
    problems = []
    for name, (value, why) in wanted.items():
        try:
            found = client.config_get(name).get(name)
        except redis.ResponseError:
            problems.append(
                f"it does not tell its {name} (CONFIG GET is refused): it has to be {value}"
            )
            continue
        if found != value:
            problems.append(f"{name} is {found}, so {why}: set it to {value}")
    return problems


def _clocks(settings: Settings) -> str | None:
    """Whether this machine, the database and Redis agree what time it is; nothing of those that are away."""
    import redis
    from sqlalchemy import select

    from models.database import Database, clock

    file = _sqlite_file(settings)
    ahead = {}
    if file is None:
        with suppress(DatabaseAway), Database(settings.database, pooled=False).read() as connection:
            ahead["the database"] = (
                float(connection.execute(select(clock())).scalar_one()) - time.time()
            )
    if settings.redis_url:
        with suppress(redis.RedisError), redis_client(settings) as client:
            seconds, microseconds = client.time()
            ahead["Redis"] = seconds + microseconds / 1e6 - time.time()
    skewed = [
        f"the clock of {whose} is {abs(by):.0f} s {'ahead of' if by > 0 else 'behind'} this machine's: let NTP set both"
        for whose, by in ahead.items()
        if abs(by) > MOST_SKEW_SECONDS
    ]
    return "; ".join(skewed) or None


def _disk(settings: Settings) -> str | None:
    file = _sqlite_file(settings)
    for folder in {_existing(settings.reports), _existing(file.parent if file else settings.home)}:
        free = shutil.disk_usage(folder).free
        if free < LEAST_FREE_BYTES:
            return f"{free / 1e6:.0f} MB are free where {folder} is: make room, or reports and answers are lost"
    return None


def _textapi(settings: Settings) -> str | None:
    from cli.engine import engine_name

    engine_name(settings)  # asks nothing that is counted
    if not settings.redis_url:
        return f"whether it takes the key cannot be asked outside its limit: {NO_STACK}"
    return _refused(settings)


def _refused(settings: Settings) -> str | None:
    """Ask for the polarity of one word, within the limit that all workers share: whether the key is taken."""
    from core.ratelimit import credential_of
    from models.crawls import count_attempt
    from textapi.messages import Operation
    from textapi.requests import SERVICE
    from workers.runtime import Runtime

    runtime = Runtime(settings, celery_app(settings))

    async def count(operation: Operation, attempt: int) -> None:
        credential = credential_of(runtime.textapi_key)
        count_attempt(
            runtime.db,
            NOBODY,
            service=SERVICE,
            credential=credential,
            operation=operation,
            seconds=0.0,
            retries=int(attempt > 1),
        )

    async def ask() -> None:
        async with asyncio.timeout(QUESTION_SECONDS):
            await runtime.textapi().ask(Operation.TEXT_POLARITY, {"text": "Good."}, count, dict)

    try:
        runtime.run(ask)
    except CapReached as error:
        return (
            None if error.until else str(error)
        )  # a limit that is used up is a limit that is kept
    except TimeoutError:
        return f"it did not answer within {QUESTION_SECONDS:.0f} s: is it overloaded, or its limit used up?"
    finally:
        runtime.close()
    return None


def _worker(queue: str) -> Check:
    def check(settings: Settings) -> str | None:
        from models.database import Database
        from models.jobs import count_live_slots

        file = _sqlite_file(settings)
        if file and not file.exists():
            raise SettingsError("none can be known without a database")
        slots = count_live_slots(Database(settings.database, pooled=False), has_exited)
        return (
            None
            if slots.get(queue)
            else "none has been seen for a minute: start one with `tidings up`"
        )

    return check


def _sqlite_file(settings: Settings) -> Path | None:
    address = make_url(settings.database) if "://" in settings.database else None
    if address is None or address.get_backend_name() != "sqlite" or not address.database:
        return None
    return Path(address.database)


def _existing(folder: Path) -> Path:
    folder = folder.resolve()
    return folder if folder.exists() else _existing(folder.parent)
