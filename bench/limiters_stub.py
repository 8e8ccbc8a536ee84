"""A service on loopback that counts calls and tokens: ``python limiters_stub.py PORT SECONDS``.

An answer takes up to so many seconds; the call is counted at a random moment before it. ``GET
/counts`` returns the time and the tokens of each call.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time

from aiohttp import web


def make_app(longest: float) -> web.Application:
    """Return the application; *longest* is in seconds."""
    counted: list[tuple[float, int]] = []

    async def answer(request: web.Request) -> web.Response:
        tokens = int(request.query["tokens"])
        latency = random.uniform(0.001, longest)
        until_counted = random.uniform(0, latency)

        await asyncio.sleep(until_counted)
        counted.append((time.monotonic(), tokens))
        await asyncio.sleep(latency - until_counted)
        return web.json_response({"tokens": tokens})

    async def counts(_request: web.Request) -> web.Response:
        return web.json_response(counted)

    app = web.Application()
    app.router.add_post("/call", answer)
    app.router.add_get("/counts", counts)
    return app


if __name__ == "__main__":
    web.run_app(
        make_app(float(sys.argv[2])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        print=None,
        access_log=None,
    )
