"""24 months of headlines, from submit to the last job done, beside a program without concurrency.

    python bench/months.py [--documents 5073] [--rounds 3] [--processes 2] [--beside CHECKOUT]

Some six minutes on two cores, on loopback: 121,752 headlines, one worker with default settings, a
stub of the Text API that takes 50 ms for a call and has no limit. It ends sentences as our engine
does, then at an end mark and white space only, as many services do: one headline in 2,400 ends in a
closing quote behind its full stop. The floor is the latency of the calls that were made, divided by
the calls that may be in flight. Each round asks for a keyword that was not asked before; then the
last run is made again, which needs no call.

CHECKOUT is the folder of another commit: its stack takes turns with this one's.

The sequential program packs the same texts as closely, asks for keywords one call after the other,
then for the polarity of each mentioning sentence, ten at a time; it stores nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import harness
from checkouts import CheckoutStack, Run, running_checkouts, write_archive_of

LATENCY = 0.05
FIRST, LAST, MONTHS = "2020-01", "2021-12", 24
IN_FLIGHT = 10  # calls of a process by default
TEXT_SIZE = 3000  # characters of a request by default
SUBJECTS = ("amber", "basil", "cedar", "dusk", "ember", "flint", "grove", "heron", "iris", "jade")
MENTION_EVERY = 20  # headlines, for each subject
QUOTE, QUOTE_EVERY = "\u2019", 2400  # headlines
SERVICES = {"": None, ", sentences end at white space": "end marks"}


def write_months(folder: Path, per_month: int) -> Path:
    """Write archives of so many headlines a month; return their folder."""
    return write_archive_of(folder, make_headlines(per_month))


def make_headlines(per_month: int) -> Iterator[dict[str, Any]]:
    """Yield rows of headlines, as long as real ones; some end in a closing quote."""
    rows = harness.headlines(
        FIRST,
        MONTHS,
        per_month,
        subjects=[f"{subject} fever" for subject in SUBJECTS],
        every=MENTION_EVERY // len(SUBJECTS),
        words=9,
    )
    for number, row in enumerate(rows):
        yield row if number % QUOTE_EVERY else row | {"text": f"{row['text']}{QUOTE}"}


def run_options(subject: str) -> list[str]:
    """Return the arguments of a run about a subject of the headlines, as `submit` takes them."""
    keyword = f"{subject}:{subject} fever"
    return [f"{FIRST}..{LAST}", "--keyword", keyword, "--steps", "keywords,polarity"]


def start_with_months(stacks: Sequence[CheckoutStack], archive: Path) -> None:
    """Import the archive and have each worker import what it needs, by a small run."""
    for stack in stacks:
        stack.command("import", "--source", "nyt", str(archive))
        stack.run("months", f"{FIRST}..{FIRST[:4]}-04", "--keyword", "xyz", "--steps", "keywords")


def measure_runs(
    stacks: Sequence[CheckoutStack], name: str, subjects: Sequence[str], in_flight: int
) -> float:
    """Run once about each subject, the stacks in turn, and print the figures.

    Return the median of the seconds of this checkout.
    """
    runs: dict[Path, list[Run]] = defaultdict(list)
    for subject in subjects:
        for stack in stacks:
            runs[stack.checkout].append(stack.run("months", *run_options(subject)))

    for checkout, of_checkout in runs.items():
        last = of_checkout[-1].calls
        calls = ", ".join(f"{operation} {count:,}" for operation, count in last.items())
        harness.print_figure(
            name,
            [run.seconds for run in of_checkout],
            "s",
            floor=sum(last.values()) * LATENCY / in_flight or None,
            note=f"{sum(last.values()):,} calls{': ' if calls else ''}{calls}",
            checkout=checkout,
        )

    return median(run.seconds for run in runs[harness.ROOT])


async def ask_in_sequence(url: str, texts: Sequence[str], term: str) -> tuple[float, str]:
    """Ask as the sequential program does; return the seconds and what was asked."""
    began = time.perf_counter()

    async with aiohttp.ClientSession() as session:

        async def ask(operation: str, body: dict[str, Any]) -> dict[str, Any]:
            async with session.post(f"{url}/text/{operation}", json=body) as response:
                reply: dict[str, Any] = await response.json()
                return reply

        requests = list(pack(texts))
        sentences: list[str] = []
        for request in requests:
            reply = await ask("sentences_with_keywords", {"text": request, "keywords": [term]})
            sentences += reply[term]

        slots = asyncio.Semaphore(IN_FLIGHT)

        async def ask_polarity(sentence: str) -> None:
            async with slots:
                await ask("text_polarity", {"text": sentence})

        await asyncio.gather(*map(ask_polarity, sentences))

    seconds = time.perf_counter() - began
    return seconds, f"{len(requests):,} calls for keywords, {len(sentences):,} for polarity"


def pack(texts: Sequence[str]) -> Iterator[str]:
    """Yield the texts in requests of at most `TEXT_SIZE` characters, a line each."""
    packed: list[str] = []
    size = 0
    for text in texts:
        if packed and size + len(text) + 1 > TEXT_SIZE:
            yield "\n".join(packed)
            packed, size = [], 0

        packed.append(text)
        size += len(text) + 1

    if packed:
        yield "\n".join(packed)


def main() -> None:
    options = harness.parse_options(__doc__, documents=5073, rounds=3, processes=2, beside="")
    subjects = iter(SUBJECTS)
    if len(SERVICES) * options.rounds > len(SUBJECTS):
        raise SystemExit(f"--rounds can be {len(SUBJECTS) // len(SERVICES)} at most")

    with (
        harness.temporary_folder() as folder,
        running_checkouts(
            folder, options.beside, processes=options.processes, latency=LATENCY
        ) as stacks,
    ):
        start_with_months(stacks, write_months(folder / "archive", options.documents))
        in_flight = options.processes * IN_FLIGHT
        seconds = []
        for name, splitter in SERVICES.items():
            of_service = [next(subjects) for _ in range(options.rounds)]
            for stack in stacks:
                stack.stub.faults(latency=LATENCY, splitter=splitter)

            seconds.append(measure_runs(stacks, f"24 months{name}", of_service, in_flight))

        measure_runs(stacks, "24 months again", of_service[-1:] * options.rounds, in_flight)

        texts = [row["text"] for row in make_headlines(options.documents)]
        stacks[-1].stub.faults(latency=LATENCY)
        asking = ask_in_sequence(stacks[-1].stub.url, texts, f"{SUBJECTS[-1]} fever")
        sequential, note = asyncio.run(asking)

    name = "24 months, sequential program"
    harness.print_figure(name, [sequential], "s", floor=seconds[0], floor_name="tidings", note=note)


if __name__ == "__main__":
    main()
