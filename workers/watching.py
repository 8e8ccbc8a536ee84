"""What a report job does for a watched run: keep what its report shows, and send its events."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

import aiohttp

from core.enums import ENDED
from core.logs import get_logger
from models.jobs import fence
from models.runs import get_run
from models.watches import (
    get_watch,
    keeps_counts,
    mark_sent,
    read_state,
    record_report,
    unsent_events,
)
from workers.context import JobContext
from workers.runtime import Runtime

WEBHOOK_SECONDS = 10.0
EVENTS_PER_MESSAGE = 100

log = get_logger(__name__)


def record_watched_run(job: JobContext) -> None:
    """Keep the counts and events of a watched run that has ended, once after each update."""
    from reports.data.run_data import load_run  # noqa: PLC0415 - what draws is loaded by who draws
    from reports.pages.watching import read_what_to_record  # noqa: PLC0415

    run_id = job.claim.run_id
    with job.db.read() as connection:
        watch = get_watch(connection, run_id)
        if watch is None or keeps_counts(connection, run_id, watch.updates):
            return

    counts, event_keys = read_what_to_record(load_run(job.db, run_id))
    with job.db.write() as connection:
        # The lease is lost if the run was updated meanwhile.
        fence(connection, job.claim)
        if get_run(connection, run_id).state in ENDED:
            record_report(
                connection,
                job.db,
                run_id,
                number=watch.updates,
                counts=counts,
                event_keys=event_keys,
            )


def send_events(job: JobContext, check: Callable[[], None]) -> None:
    """Send the events that the webhook has not taken, the oldest first, if a setting names one.

    A failure is logged, and the next check of the run tries again: the report does not depend on
    it. *check* is called before each message; its errors end the sending.
    """
    webhook, run_id = job.runtime.settings.webhook_url, job.claim.run_id
    if webhook is None:
        return

    with job.db.read() as connection:
        unsent_keys = unsent_events(connection, run_id)
        state = read_state(connection, run_id)
        run_name = get_run(connection, run_id).name

    if state is None or not unsent_keys:
        return

    from reports.data.queries import in_batches  # noqa: PLC0415
    from reports.data.run_data import load_run  # noqa: PLC0415
    from reports.pages.surprises import show_events  # noqa: PLC0415

    shown_events = show_events(load_run(job.db, run_id), state)
    rows_by_key = {
        shown_event.event.key: shown_event.as_row() for shown_event in reversed(shown_events)
    }
    sendable_keys = [key for key in rows_by_key if key in unsent_keys]
    sendable_keys.sort(key=lambda key: state.seen[key].number)

    # An erasure may have removed the data of an event: there is nothing to send then.
    for batch in in_batches(sorted(set(unsent_keys) - set(sendable_keys)), EVENTS_PER_MESSAGE):
        _mark_sent(job, batch)

    for batch in in_batches(sendable_keys, EVENTS_PER_MESSAGE):
        check()
        events = [rows_by_key[key] for key in batch]
        message = {"run": run_id, "name": run_name, "events": events}
        post = partial(_post, job.runtime, webhook.get_secret_value(), message)
        failure = job.runtime.run(post)
        if failure is not None:
            log.warning("the webhook did not take the events", events=len(events), why=failure)
            return

        _mark_sent(job, batch)
        log.info("the webhook took the events", events=len(events))


def _mark_sent(job: JobContext, keys: Collection[str]) -> None:
    with job.db.write() as connection:
        mark_sent(connection, job.claim.run_id, keys)


async def _post(runtime: Runtime, address: str, message: dict[str, object]) -> str | None:
    """Post *message* as JSON; return why that failed, without the address, which is secret."""
    timeout = aiohttp.ClientTimeout(total=WEBHOOK_SECONDS)
    try:
        async with runtime.session.post(
            address, json=message, timeout=timeout, allow_redirects=False
        ) as response:
            return None if response.ok and response.status < 300 else f"status {response.status}"
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return type(error).__name__
