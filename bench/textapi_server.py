"""Requests a second of each endpoint over HTTP, by one and two server processes.

    python bench/textapi_server.py [SECONDS] [ENDPOINT]

The client runs on the same machine. Prints also the CPU time that a request took of server and
client, which does not depend on what else the machine is doing, and for entities and phrases that
of the engine alone, in process, in batches of the same size: the rest is what the server adds.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Callable

import psutil
from textapi_kit import cpu_seconds, headline, load, page, request_bytes, server

from textapi.engine import entities, language, phrases

TEXTS = 400
Work = Callable[[language.Language, list[str]], object]


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    rng = random.Random(1)
    headlines = [headline(rng) for _ in range(TEXTS)]
    pages = [page(rng) for _ in range(TEXTS // 4)]
    cases = {
        "text_polarity, headline": [
            request_bytes("text_polarity", text=text) for text in headlines
        ],
        "polarity_by_sentence, 3 kB": [
            request_bytes("polarity_by_sentence", text=text) for text in pages
        ],
        "sentences_with_keywords, 3 kB": [
            request_bytes("sentences_with_keywords", text=text, keywords=["virus", "New York"])
            for text in pages
        ],
        "most_positive_sentences, 3 kB": [
            request_bytes("most_positive_sentences", text=text) for text in pages
        ],
        "summarize, 3 kB": [request_bytes("summarize", text=text) for text in pages],
        "ner, headline": [request_bytes("ner", text=text) for text in headlines],
        "ner, 3 kB": [request_bytes("ner", text=text) for text in pages],
        "most_common_phrases, headline": [
            request_bytes("most_common_phrases", text=text) for text in headlines
        ],
        "most_common_phrases, 3 kB": [
            request_bytes("most_common_phrases", text=text) for text in pages
        ],
    }
    endpoint = sys.argv[2] if len(sys.argv) > 2 else ""
    cases = {name: requests for name, requests in cases.items() if endpoint in name}
    engine: dict[str, tuple[Work, list[str]]] = {
        "ner, headline": (entities.entities, headlines),
        "ner, 3 kB": (entities.entities, pages),
        "most_common_phrases, headline": (phrases.phrases, headlines),
        "most_common_phrases, 3 kB": (phrases.phrases, pages),
    }
    model = language.load()
    bare = {
        name: engine_seconds(work, model, texts, seconds)
        for name, (work, texts) in engine.items()
        if name in cases
    }
    for workers in (1, 2):
        with server(workers) as (port, process):
            watched = psutil.Process(process.pid)
            for name, requests in cases.items():
                server_cpu, client_cpu = cpu_seconds(watched), time.process_time()
                began = time.perf_counter()
                responses = asyncio.run(load(port, requests, 64, seconds))
                elapsed, count = time.perf_counter() - began, len(responses.times)
                server_cpu = (cpu_seconds(watched) - server_cpu) / count
                client_cpu = (time.process_time() - client_cpu) / count
                print(
                    f"{workers} process(es), {name}: {count / elapsed:,.0f}/s, "
                    f"p95 {responses.quantile(0.95) * 1000:.1f} ms, statuses {responses.statuses}; "
                    f"CPU a request: server {server_cpu * 1e6:,.0f} µs, "
                    f"client {client_cpu * 1e6:,.0f} µs"
                    + (f", engine alone {bare[name] * 1e6:,.0f} µs" if name in bare else "")
                    + f"; two free cores would do {2 / (server_cpu + client_cpu):,.0f}/s",
                    flush=True,
                )


def engine_seconds(work: Work, model: language.Language, texts: list[str], seconds: float) -> float:
    """CPU seconds a text of the engine called directly, in batches as the server makes them."""
    size = max(1, 12_000 // len(texts[0]))
    batches = [texts[i : i + size] for i in range(0, len(texts), size)]
    work(model, batches[0])
    began = time.process_time()
    done = 0
    while time.process_time() - began < seconds:
        batch = batches[done // size % len(batches)]
        work(model, batch)
        done += len(batch)
    return (time.process_time() - began) / done


if __name__ == "__main__":
    main()
