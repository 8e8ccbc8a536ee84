"""24 months of 5,000 headlines: from submit to the last job done, against the program that asks one after the other.

``python bench/months.py [--documents N]``: about four minutes on two cores, on loopback, with a stub of the Text API
that takes 50 ms for each call and has no limit. The sequential program packs the same texts as closely, asks for the
keywords one call after the other, and for each mentioning sentence's polarity ten at a time; it stores nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import aiohttp
from producers.months import month_days

from analysis.options import Keyword
from analysis.parameters import MonthsParameters, list_months
from models.database import Database, migrate
from models.documents import add_documents
from producers.plan import call_counts
from tests.chaos.fleet import Fleet, running_fleet
from tests.services import wait_until
from textapi.requests import keyword_batches

LATENCY = 0.05
AT_ONCE = 10
TERMS = ("fever", "marsh fever")
PARAMETERS = MonthsParameters(
    first="2020-01",
    last="2021-12",
    keywords=(Keyword.parse("fever:marsh fever"),),
    steps=("keywords", "polarity"),
)
SETTINGS = {
    "textapi_concurrency": AT_ONCE,
    "textapi_timeout": 30.0,
    "slice_seconds": 60.0,
    "lease_seconds": 25.0,
}


def headlines(period: str, count: int) -> Iterator[dict[str, Any]]:
    """A month's: one in twenty mentions the fever."""
    rng = random.Random(period)
    first = datetime.strptime(period, "%Y-%m").replace(tzinfo=UTC).replace(tzinfo=None)
    for number in range(count):
        subject = (
            "Marsh fever"
            if rng.random() < 0.05
            else rng.choice(["Market", "Harbour", "School", "Orchard"])
        )
        yield {
            "identity": f"made-up:{period}:{number:05}",
            "source": "nyt",
            "handle": None,
            "author_id": None,
            "published_at": first + timedelta(minutes=rng.randrange(28 * 1440)),
            "period": period,
            "address": f"https://example.org/{period}/{number}",
            "text": f"{subject} worries {rng.randrange(9000)} people at {rng.choice(['Lorn', 'Port', 'Anselburg'])}.",
            "material": "News",
            "repost": False,
        }


async def one_after_the_other(url: str, texts: list[str]) -> tuple[int, int, float, float]:
    """Calls for keywords and for polarity, and the seconds of each."""
    async with aiohttp.ClientSession() as session:

        async def ask(operation: str, body: dict[str, Any]) -> dict[str, Any]:
            async with session.post(f"{url}/text/{operation}", json=body) as response:
                found: dict[str, Any] = await response.json()
                return found

        began, calls, sentences = time.monotonic(), 0, []
        for pack in keyword_batches("", texts, TERMS, PARAMETERS.text_size):
            found = await ask(
                "sentences_with_keywords", {"text": "\n".join(pack.texts), "keywords": TERMS}
            )
            sentences += found["fever"]
            calls += 1
        keywords = time.monotonic() - began
        places = asyncio.Semaphore(AT_ONCE)

        async def polarity(sentence: str) -> None:
            async with places:
                await ask("text_polarity", {"text": sentence})

        await asyncio.gather(*map(polarity, sentences))
        return calls, len(sentences), keywords, time.monotonic() - began - keywords


def ours(fleet: Fleet) -> tuple[dict[str, dict[str, int]], float]:
    """The calls made, and the seconds from submit to the last job done; the report is made after that."""
    began = time.monotonic()
    run = fleet.submit_parameters(PARAMETERS)
    fleet.finish(600.0)
    seconds = time.monotonic() - began
    wait_until(
        fleet.reports_are_made, seconds=120, what="the report"
    )  # else it is drawn in the next run
    return call_counts(fleet.db, run), seconds


def main(documents: int) -> None:
    """Measure both, and the same run again."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        migrate(url)
        db = Database(url, pooled=False)
        for period in list_months(PARAMETERS.first, PARAMETERS.last):
            add_documents(db, list(headlines(period, documents)))
        texts = [
            text.text
            for period in list_months(PARAMETERS.first, PARAMETERS.last)
            for day in month_days(db, PARAMETERS, period)
            for text in day
        ]
        db.close()
        with running_fleet(Path(folder) / "home", url, **SETTINGS) as fleet:
            fleet.ask_stub("/faults", {"latency": LATENCY})
            calls, seconds = ours(fleet)
            made = ", ".join(
                f"{operation} {counts['calls']:,}" for operation, counts in calls.items()
            )
            print(f"tidings, 4 processes: {seconds:.1f} s ({made})", flush=True)
            again, seconds_again = ours(fleet)
            print(
                f"the same run again:   {seconds_again:.1f} s, {sum(c['calls'] for c in again.values())} calls"
            )
            packs, sentences, keywords, polarity = asyncio.run(
                one_after_the_other(str(fleet.settings.textapi_url), texts)
            )
        print(
            f"one after the other:  {keywords + polarity:.1f} s ({packs:,} keyword calls {keywords:.1f} s, then"
            f" {sentences:,} polarity calls {AT_ONCE} at a time {polarity:.1f} s)"
        )
        print(f"ratio {(keywords + polarity) / seconds:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=5000, help="headlines a month")
    main(parser.parse_args().documents)
