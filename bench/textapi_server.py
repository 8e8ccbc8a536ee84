"""Requests a second of each endpoint over HTTP, by one and two server processes.

    python bench/textapi_server.py [--seconds 5] [--rounds 1] [--endpoint NAME]

The client runs on the same machine. Prints also the CPU time that a request took of server and
client, which does not depend on what else the machine is doing; the ceiling is what two free cores
would do at that price. For entities and phrases it prints the CPU time of the engine alone, in
process, in batches of the same size: the rest is what the server adds.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from statistics import median

import harness
from textapi_load import Server, load, request_bytes, running_server

from textapi.engine import entities, language, phrases

TEXTS = 400
CONNECTIONS = 64
BATCH_CHARACTERS = 12_000  # that the server reads together
KEYWORDS = ["virus", "New York"]
EngineFunction = Callable[[language.Language, list[str]], object]


@dataclass(frozen=True)
class Case:
    """Requests of one kind, and the engine's function that answers them where it is measured."""

    operation: str
    size: str
    texts: list[str]
    function: EngineFunction | None = None

    @property
    def name(self) -> str:
        """What is printed of the case."""
        return f"{self.operation}, {self.size}"

    def requests(self) -> list[bytes]:
        """Return a request for each text."""
        fields = {"keywords": KEYWORDS} if self.operation == "sentences_with_keywords" else {}
        return [request_bytes(self.operation, text=text, **fields) for text in self.texts]


def make_cases() -> list[Case]:
    rng = random.Random(1)
    headlines = [harness.headline(rng) for _ in range(TEXTS)]
    pages = [harness.page(rng) for _ in range(TEXTS // 4)]

    return [
        Case("text_polarity", "headline", headlines),
        Case("polarity_by_sentence", "3 kB", pages),
        Case("sentences_with_keywords", "3 kB", pages),
        Case("most_positive_sentences", "3 kB", pages),
        Case("summarize", "3 kB", pages),
        Case("ner", "headline", headlines, entities.entities),
        Case("ner", "3 kB", pages, entities.entities),
        Case("most_common_phrases", "headline", headlines, phrases.phrases),
        Case("most_common_phrases", "3 kB", pages, phrases.phrases),
    ]


def measure_engine(
    function: EngineFunction, model: language.Language, texts: list[str], seconds: float
) -> float:
    """Return the CPU seconds a text of the engine, in batches as the server makes them."""
    size = BATCH_CHARACTERS // len(texts[0])
    starts = range(0, len(texts) - size + 1, size)
    batches = cycle([texts[start : start + size] for start in starts])
    read_batch = harness.timed(lambda: function(model, next(batches)), time.process_time)

    read_batch()  # the model's caches
    samples = harness.take_turns({"engine": read_batch}, seconds=seconds)["engine"]
    return median(samples) / size


def measure_server(
    server: Server, workers: int, case: Case, *, seconds: float, rounds: int, note: str
) -> None:
    """Load the server for so many seconds a round and print the figures.

    Response times and processor time are those of the last round.
    """
    rates = []
    for _ in range(rounds):
        server_began, client_began = server.cpu_seconds, time.process_time()
        began = time.perf_counter()
        responses = asyncio.run(load(server.port, case.requests(), CONNECTIONS, seconds))
        elapsed, count = time.perf_counter() - began, len(responses.times)
        rates.append(count / elapsed)

    server_cpu = (server.cpu_seconds - server_began) / count
    client_cpu = (time.process_time() - client_began) / count
    cpu = f"CPU a request: server {server_cpu * 1e6:,.0f} µs, client {client_cpu * 1e6:,.0f} µs"
    harness.print_figure(
        f"{workers} process(es), {case.name}",
        rates,
        "/s",
        floor=2 / (server_cpu + client_cpu),
        floor_name="ceiling",
        note=f"{responses.describe()}; {cpu}{note}",
    )


def main() -> None:
    options = harness.parse_options(__doc__, seconds=5.0, rounds=1, endpoint="")
    cases = [case for case in make_cases() if options.endpoint in case.name]
    model = language.load()

    notes = {}
    for case in cases:
        if case.function is not None:
            seconds = measure_engine(case.function, model, case.texts, options.seconds)
            notes[case.name] = f", engine alone {seconds * 1e6:,.0f} µs"

    for workers in (1, 2):
        with running_server(workers) as server:
            for case in cases:
                note = notes.get(case.name, "")
                measure_server(
                    *(server, workers, case),
                    seconds=options.seconds,
                    rounds=options.rounds,
                    note=note,
                )


if __name__ == "__main__":
    main()
