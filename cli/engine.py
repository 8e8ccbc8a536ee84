"""Which engine the Text API has, for the commands that want to know."""

from __future__ import annotations

import asyncio

from core.errors import SettingsError
from core.settings import Settings


def engine_name(settings: Settings) -> str:
    """Name and version of the engine; no text is asked. Raises `SettingsError`, `ServiceUnavailable`."""
    import aiohttp

    from textapi.client import NO_ADDRESS, fetch_engine

    if not settings.textapi_url:
        raise SettingsError(NO_ADDRESS)
    url = settings.textapi_url

    async def ask() -> str:
        async with aiohttp.ClientSession() as session:
            return await fetch_engine(session, url)

    return asyncio.run(ask())
