"""Two hundred clients at once, one in ten of which drops its connection in mid-request.

    python bench/textapi_soak.py [SECONDS] [WORKERS]

Half of the requests ask for entities, the rest for polarity and keywords. Prints every status, the
memory of the server at each tenth of the time, and how long polarity took beside the entities.
Exits with 1 on an unexpected status, or if memory grew by more than a tenth after the first three
tenths.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time

import psutil
from textapi_kit import ResponseTimes, exchange, headline, page, request_bytes, server

CLIENTS = 200
DROPS = 0.1


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    with server(workers) as (port, process):
        times_by_name, memory = asyncio.run(soak(port, psutil.Process(process.pid), seconds))
    for name, tally in sorted(times_by_name.items()):
        half, most = tally.quantile(0.5) * 1000, tally.quantile(0.95) * 1000
        print(f"{name}: {tally.statuses}, p50 {half:.0f} ms, p95 {most:.0f} ms")
    print("memory in MB:", ", ".join(f"{size / 1e6:.0f}" for size in memory))
    statuses = {
        status
        for name, tally in times_by_name.items()
        if name != "dropped"
        for status in tally.statuses
    }
    return int(not statuses <= {200, 503} or memory[-1] > 1.1 * memory[3])


async def soak(
    port: int, process: psutil.Process, seconds: float
) -> tuple[dict[str, ResponseTimes], list[int]]:
    times_by_name = {
        name: ResponseTimes()
        for name in ("ner", "text_polarity", "sentences_with_keywords", "dropped")
    }
    end = time.perf_counter() + seconds
    clients = [
        asyncio.create_task(client(number, port, end, times_by_name)) for number in range(CLIENTS)
    ]
    memory = []
    for _ in range(10):
        await asyncio.sleep(seconds / 10)
        memory.append(
            sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])
        )
    await asyncio.gather(*clients)
    return times_by_name, memory


async def client(
    number: int, port: int, end: float, times_by_name: dict[str, ResponseTimes]
) -> None:
    rng = random.Random(number)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (began := time.perf_counter()) < end:
        name, request = draw_request(rng)
        if rng.random() < DROPS:
            writer.write(request[: rng.randint(1, len(request))])
            await asyncio.sleep(rng.random() / 20)
            writer.transport.abort()
            times_by_name["dropped"].add(0, time.perf_counter() - began)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue
        status = await exchange(reader, writer, request)
        times_by_name[name].add(status, time.perf_counter() - began)
        await asyncio.sleep(rng.random() if status == 200 else 2)
    writer.close()


def draw_request(rng: random.Random) -> tuple[str, bytes]:
    kind = rng.random()
    if kind < 0.5:
        text = page(rng) if kind < 0.05 else headline(rng)
        return "ner", request_bytes("ner", text=text)
    if kind < 0.75:
        return "text_polarity", request_bytes("text_polarity", text=headline(rng))
    return "sentences_with_keywords", request_bytes(
        "sentences_with_keywords", text=page(rng), keywords=["virus"]
    )


if __name__ == "__main__":
    sys.exit(main())
