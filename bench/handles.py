"""Twenty accounts analysed all at once, against the predecessor's way: one after the other, four calls at a time.

``python bench/handles.py [ACCOUNTS]``: about a minute, on loopback, with a stub of the Text API that takes 50 ms (and
then 250), two workers of two processes, a Valkey and a SQLite file. Both ways ask the same server in the same run. Ours
is measured from `submit` to the last account's portrait stored; it asks for each post's polarity besides, which the
other did not.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import aiohttp

from analysis.parameters import HandlesParameters
from core.broker import celery_app, redis_client
from models.database import migrate
from models.documents import add_documents
from producers.dispatch import dispatch_due_jobs
from producers.submit import submit_run
from tests.chaos.fleet import Fleet, running_fleet
from tests.services import wait_until

ACCOUNTS, POSTS, LATENCIES, ROUNDS = 20, 25, (0.05, 0.25), 3
WORDS = (
    "tide",
    "harbour",
    "NASA",
    "storm",
    "ferry",
    "bridge",
    "UNESCO",
    "market",
    "orchard",
    "NATO",
    "light",
)
QUESTIONS: dict[str, dict[str, Any]] = {
    "summarize": {"proportion": 0.1},
    "most_common_phrases": {"num_phrases": 5},
    "ner": {"doctype": "ARTICLE"},
    "text_polarity": {},
}


def texts_of(account: int, round_: int) -> list[str]:
    """The posts of an account, of one sentence each, unlike those of any other."""
    dice = random.Random(account * 1000 + round_)
    return [
        f"The {' '.join(dice.choices(WORDS, k=12))} of {post} and {account} in {round_}."
        for post in range(POSTS)
    ]


async def one_after_the_other(url: str, accounts: int, round_: int) -> float:
    """Seconds of the predecessor's way: an account's posts as one text, four calls at once, then the next account."""
    async with aiohttp.ClientSession() as session:

        async def ask(operation: str, body: dict[str, Any]) -> None:
            async with session.post(f"{url}/text/{operation}", json=body) as response:
                response.raise_for_status()
                await response.json()

        began = time.perf_counter()
        for account in range(accounts):
            text = (
                ". ".join(texts_of(account, round_)).replace("\n", " ") + " "
            )  # not the text that we ask about
            await asyncio.gather(
                *(ask(operation, {"text": text, **body}) for operation, body in QUESTIONS.items())
            )
        return time.perf_counter() - began


def all_at_once(fleet: Fleet, accounts: int, round_: int) -> float:
    """Seconds from submitting *accounts* to the end of the last."""
    day = datetime(2021, 1, 1)  # noqa: DTZ001 - the column is naive UTC
    names = [f"account{account}of{round_}" for account in range(accounts)]
    add_documents(
        fleet.db,
        [
            {
                "identity": f"x:{round_}-{account}-{number}",
                "source": "x",
                "handle": names[account],
                "author_id": None,
                "published_at": day + timedelta(days=number),
                "period": f"{day + timedelta(days=number):%Y-%m}",
                "address": None,
                "text": text,
                "material": None,
                "repost": False,
            }
            for account in range(accounts)
            for number, text in enumerate(texts_of(account, round_))
        ],
    )
    began = time.perf_counter()
    run = submit_run(fleet.db, HandlesParameters(), names)
    with redis_client(fleet.settings) as broker:
        dispatch_due_jobs(fleet.db, celery_app(fleet.settings), broker)
    fleet.runs[:] = [run]
    while not fleet.ended():
        time.sleep(0.005)
    seconds = time.perf_counter() - began
    wait_until(
        fleet.reports_are_made, seconds=120, what="the report"
    )  # else it is drawn in the next round
    return seconds


def main() -> None:
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else ACCOUNTS
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/handles.db"
        migrate(database)
        given = {"textapi_concurrency": 10, "slice_seconds": 60.0, "lease_seconds": 25.0}
        with running_fleet(Path(folder) / "home", database, **given) as fleet:
            all_at_once(fleet, 4, 99)  # workers have imported what they need
            for number, latency in enumerate(LATENCIES):
                fleet.behave(latency=latency)
                print(f"{accounts} accounts of {POSTS} posts, {latency * 1000:.0f} ms a call")
                print("round   one after the other   all at once   ratio   calls")
                for round_ in range(ROUNDS):
                    before = fleet.seen()["calls"]
                    theirs = asyncio.run(
                        one_after_the_other(
                            str(fleet.settings.textapi_url), accounts, 10 * number + round_
                        )
                    )
                    between = fleet.seen()["calls"]
                    ours = all_at_once(fleet, accounts, 10 * number + round_)
                    after = fleet.seen()["calls"]
                    print(
                        f"{round_ + 1:5}   {theirs:17.2f} s   {ours:9.2f} s   {theirs / ours:5.2f}   "
                        f"{between - before} and {after - between}"
                    )


if __name__ == "__main__":
    main()
