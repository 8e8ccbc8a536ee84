"""Two hundred clients at once, one in ten of which drops its connection in mid-request.

    python bench/textapi_soak.py [--seconds 60] [--workers 2]

Half of the requests ask for entities, the rest for polarity and keywords. Prints every status, how
long the answers took, and the memory of the server at each tenth of the time. Ends with 1 on an
unexpected status, or if memory grew by more than a tenth after the first three tenths.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time

import harness
from textapi_load import ResponseTimes, Server, exchange, request_bytes, running_server

CLIENTS = 200
DROPS = 0.1  # the share of requests
DROPPED = "dropped"
OPERATIONS = ("ner", "text_polarity", "sentences_with_keywords")
SETTLED = 3  # tenths of the time after which memory is not to grow
ALLOWED_GROWTH = 1.1

TimesByName = dict[str, ResponseTimes]


def main() -> None:
    options = harness.parse_options(__doc__, seconds=60.0, workers=2)

    with running_server(options.workers) as server:
        times, memory = asyncio.run(soak(server, options.seconds))

    statuses: set[int] = set()
    for name, responses in times.items():
        milliseconds = [responses.percentile(50)]
        note = responses.describe()
        harness.print_figure(f"{name}, response time", milliseconds, "ms", note=note)
        if name != DROPPED:
            statuses.update(responses.statuses)

    harness.print_figure(
        "memory at the end",
        [memory[-1]],
        "MB",
        floor=memory[SETTLED],
        floor_name="early",
        note=f"at each tenth: {', '.join(f'{mb:.0f}' for mb in memory)}",
    )

    if not statuses <= {200, 503}:
        sys.exit(f"unexpected status among {statuses}")
    if memory[-1] > ALLOWED_GROWTH * memory[SETTLED]:
        sys.exit("memory grows")


async def soak(server: Server, seconds: float) -> tuple[TimesByName, list[float]]:
    """Let the clients ask for so long; return their response times, and the memory meanwhile."""
    times = {name: ResponseTimes() for name in (*OPERATIONS, DROPPED)}
    end = time.perf_counter() + seconds
    clients = [
        asyncio.create_task(ask_until(end, server.port, times, number)) for number in range(CLIENTS)
    ]

    memory = []
    for _ in range(10):
        await asyncio.sleep(seconds / 10)
        memory.append(server.memory_mb)

    await asyncio.gather(*clients)
    return times, memory


async def ask_until(end: float, port: int, times: TimesByName, number: int) -> None:
    """Ask as client *number* until the time is over, and drop some connections."""
    rng = random.Random(number)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    while (began := time.perf_counter()) < end:
        name, request = draw_request(rng)

        if rng.random() < DROPS:
            writer.write(request[: rng.randint(1, len(request))])
            await asyncio.sleep(rng.random() / 20)
            writer.transport.abort()
            times[DROPPED].add(0, time.perf_counter() - began)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue

        status = await exchange(reader, writer, request)
        times[name].add(status, time.perf_counter() - began)
        await asyncio.sleep(rng.random() if status == 200 else 2)

    writer.close()


def draw_request(rng: random.Random) -> tuple[str, bytes]:
    """Return an operation and a request for it."""
    kind = rng.random()

    if kind < 0.5:
        text = harness.page(rng) if kind < 0.05 else harness.headline(rng)
        return "ner", request_bytes("ner", text=text)

    if kind < 0.75:
        return "text_polarity", request_bytes("text_polarity", text=harness.headline(rng))

    return (
        "sentences_with_keywords",
        request_bytes("sentences_with_keywords", text=harness.page(rng), keywords=["virus"]),
    )


if __name__ == "__main__":
    main()
