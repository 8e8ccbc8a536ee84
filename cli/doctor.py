"""What `tidings doctor` looks at."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import TidingsError
from core.owners import is_gone
from core.queues import QUEUES
from core.settings import Settings


def examine(known: Settings) -> list[tuple[str, str | None]]:
    """Each part of the stack with what is wrong with it, None where it answers."""
    return [
        (name, _problem(check, known))
        for name, check in (
            ("database", _database),
            ("Redis", _redis),
            ("Text API", _textapi),
            *((f"worker for the queue {queue}", _worker(queue)) for queue in QUEUES),
        )
    ]


def _problem(check: Callable[[Settings], str | None], known: Settings) -> str | None:
    try:
        return check(known)
    except TidingsError as error:
        return str(error)


def _database(known: Settings) -> str | None:
    from sqlalchemy import inspect

    from models.database import Database

    with Database(known.database, pooled=False).read() as connection:
        return None if inspect(connection).has_table("runs") else "it has no tables: `tidings migrate` makes them"


def _redis(known: Settings) -> str | None:
    from core.broker import queue_length, redis_client

    with redis_client(known) as client:
        queue_length(client, QUEUES[0])
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
        return None if policy == "noeviction" else f"maxmemory-policy is {policy}: set it to noeviction"


def _textapi(known: Settings) -> str | None:
    from cli.engine import engine_name

    engine_name(known)
    return None


def _worker(queue: str) -> Callable[[Settings], str | None]:
    def check(known: Settings) -> str | None:
        from models.database import Database
        from models.jobs import live_slots

        slots = live_slots(Database(known.database, pooled=False), is_gone)
        return None if slots.get(queue) else "none has been seen for a minute: start one with `tidings up`"

    return check
