"""A process of clients of the database that do jobs of five answers; tests kill such processes.

``python tests/chaos/claimants.py DATABASE REDIS STUB LIMITS THREADS`` works until it is ended. Each
thread has a connection of its own, and does to the database what a worker does for a job.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from threading import get_ident

import aiohttp
from redis.asyncio import Redis

from core.enums import QUEUE_TEXT
from core.errors import DatabaseAway, LeaseLost
from core.process_identity import own_process_name
from core.ratelimit import MinuteCount
from core.ratelimit.limiter import RateLimiter
from core.ratelimit.notation import parse_limits
from models.answers import Batch, CallCounts, claim_answers, read_answers, store_batch
from models.database import Database
from models.job_transitions import claim_job, finish_job, put_off_job
from models.jobs import Claim, fence, renew_lease
from models.scheduling import select_due_jobs

ANSWERS_A_JOB = 5
LEASE_SECONDS = 15.0
SLOTS = 300


def key_of(text: str) -> bytes:
    """Return the key of the answer about *text*."""
    return sha256(text.encode()).digest()


def texts_of(job_name: str) -> list[str]:
    """Return the texts that a job asks about."""
    return [f"{job_name}, text {number}" for number in range(ANSWERS_A_JOB)]


class Service:
    """The stub behind the rate limiter, asked from threads."""

    def __init__(self, redis_url: str, stub: str, limits: str) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        opening = asyncio.run_coroutine_threadsafe(self._open(redis_url, limits), self._loop)
        self._limiter, self._session = opening.result()
        self._url = f"{stub}/text/text_polarity"

    async def _open(self, redis_url: str, limits: str) -> tuple[RateLimiter, aiohttp.ClientSession]:
        limiter = RateLimiter(
            Redis.from_url(redis_url),
            service="textapi",
            credential="k",
            windows=parse_limits(limits),
            history=_no_calls,
        )
        return limiter, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    def ask(self, text: str) -> str:
        """Return the answer about *text*."""
        return asyncio.run_coroutine_threadsafe(self._ask(text), self._loop).result()

    async def _ask(self, text: str) -> str:
        async with (
            self._limiter.call(),
            self._session.post(self._url, json={"text": text}) as response,
        ):
            return await response.text()


async def _no_calls(_seconds: float) -> Sequence[MinuteCount]:
    return []


class Client:
    """A thread that does one job after the other, whatever becomes of the database."""

    def __init__(self, url: str, service: Service) -> None:
        self._db = Database(url, connections=1, patience=10.0)
        self._service = service

    def work(self) -> None:
        """Work until the process is ended."""
        while True:
            try:
                jobs = select_due_jobs(self._db, QUEUE_TEXT, 1, lost_after=5.0, slots=SLOTS)
                for job in jobs:
                    self._do(job.job_id, job.name)
                if not jobs:
                    time.sleep(1.0)
            except DatabaseAway:
                time.sleep(0.5)
            except LeaseLost:
                pass

    def _do(self, job_id: int, name: str) -> None:
        claim = claim_job(
            self._db,
            job_id,
            owner=f"{own_process_name()} {get_ident()}",
            lease_seconds=LEASE_SECONDS,
            has_exited=lambda _owner: False,
        )
        if claim is None:
            return

        texts = {key_of(text): text for text in texts_of(name)}
        with self._db.read() as connection:
            missing = texts.keys() - read_answers(connection, texts).keys()

        won = claim_answers(self._db, claim, missing, seconds=120.0) if missing else {}
        for key in won:
            self._store(claim, key, self._service.ask(texts[key]))
            if renew_lease(self._db, claim, lease_seconds=LEASE_SECONDS) is None:
                return

        with self._db.write() as connection:
            fence(connection, claim)
            is_whole = len(read_answers(connection, texts)) == len(texts)

        if is_whole:
            finish_job(self._db, claim)
        else:
            put_off_job(self._db, claim, seconds=1.0, reason="another claimant asks")

    def _store(self, claim: Claim, key: bytes, answer: str) -> None:
        """Store an answer, which is paid for, as soon as the database is there."""
        counts = {"text_polarity": CallCounts(calls=1)}
        batch = Batch({key: answer}, claims={key}, call_counts_by_operation=counts)
        store = partial(store_batch, self._db, claim, batch, service="textapi", credential="k")
        while True:
            with suppress(DatabaseAway):
                store()
                return

            time.sleep(0.5)


def main() -> None:
    url, redis_url, stub, limits, threads = sys.argv[1:]
    service = Service(redis_url, stub, limits)
    clients = [threading.Thread(target=Client(url, service).work) for _ in range(int(threads))]
    for client in clients:
        client.start()


if __name__ == "__main__":
    main()
