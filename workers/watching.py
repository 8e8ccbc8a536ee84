"""What a report job does for a watched run: keep what its report shows, and tell its events."""

from __future__ import annotations

import aiohttp

from core.enums import ENDED
from core.logs import get_logger
from models.jobs import fence
from models.runs import get_run
from models.watches import (
    get_watch,
    is_recorded,
    mark_sent,
    read_state,
    record_report,
    unsent_events,
)
from workers.context import JobContext

WEBHOOK_SECONDS = 10.0

log = get_logger(__name__)


def record_watched_run(job: JobContext) -> None:
    """Keep the counts and events of a watched run that has ended, once after each update."""
    from reports.data.run_data import load_run  # noqa: PLC0415 - what draws is loaded by who draws
    from reports.pages.watching import read_what_to_record  # noqa: PLC0415

    run_id = job.claim.run_id
    with job.db.read() as connection:
        watch = get_watch(connection, run_id)
        if watch is None or is_recorded(connection, run_id, watch.updates):
            return

    counts, event_keys = read_what_to_record(load_run(job.db, run_id))
    with job.db.write() as connection:
        fence(connection, job.claim)  # lost where the run was updated meanwhile
        if get_run(connection, run_id).state in ENDED:
            record_report(
                connection,
                job.db,
                run_id,
                number=watch.updates,
                counts=counts,
                event_keys=event_keys,
            )


def send_events(job: JobContext) -> None:
    """Send the events that the webhook has not taken, if a setting names one.

    A failure is logged and tried again after the next update: the report is made all the same.
    """
    webhook, run_id = job.runtime.settings.webhook_url, job.claim.run_id
    if webhook is None:
        return
    with job.db.read() as connection:
        unsent = set(unsent_events(connection, run_id))
        state = read_state(connection, run_id)
        name = get_run(connection, run_id).name
    if not unsent:
        return

    from reports.data.run_data import load_run  # noqa: PLC0415
    from reports.pages.watching import show_events  # noqa: PLC0415

    shown = show_events(load_run(job.db, run_id), state)
    rows = [event.as_row() for event in shown if event.event.key in unsent]
    message = {"run": run_id, "name": name, "events": rows}
    address = webhook.get_secret_value()
    failure = job.runtime.run(lambda: _post(job.runtime.session(), address, message))
    if failure is not None:
        log.warning("the webhook did not take the events", events=len(rows), why=failure)
        return
    with job.db.write() as connection:
        mark_sent(connection, run_id, unsent)
    log.info("the webhook took the events", events=len(rows))


async def _post(
    session: aiohttp.ClientSession, address: str, message: dict[str, object]
) -> str | None:
    """Post *message* as JSON; return why that failed, without the address, which is a secret."""
    timeout = aiohttp.ClientTimeout(total=WEBHOOK_SECONDS)
    try:
        async with session.post(
            address, json=message, timeout=timeout, allow_redirects=False
        ) as response:
            return None if response.ok and response.status < 300 else f"status {response.status}"
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return type(error).__name__
