"""Forty feeds and ten sitemaps with every fault, and processes that are killed while they look.

Nothing is lost, nothing is stored twice, and no host is asked more often than allowed.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import select

from analysis.kinds.feeds import Feeds, FeedsParameters
from core.broker import celery_app, redis_client
from core.enums import State
from models.database import migrate
from models.redo_transitions import collect_again
from models.run_transitions import lock_run, reopen_run
from models.tables import Document, Job
from producers.dispatch import dispatch_due_jobs
from tests.chaos.fleet import Fleet, running_fleet
from tests.feed_shapes import DATE, channel, item
from tests.feeds_kit import service
from tests.integration.test_news_sitemaps import sitemap, url

FEEDS, SITEMAPS, HOSTS, KILLS, LOOKS, MORE_LOOKS = 40, 10, 25, 20, 3, 3
STORIES_A_LOOK, MANY = 5, 10_000
# A host is asked once a second, counted from its answer.
LIMITS, APART = "1/s", 0.99

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
Respond = Callable[[web.Request, bytes], web.StreamResponse]


def respond(status: int = 200, **headers: str) -> Respond:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda _, body: web.Response(status=status, body=body, headers=named)


def replaced(**parts: bytes) -> Respond:
    """The right headers with another body."""
    return lambda _, __: web.Response(body=parts["by"], content_type="application/xml")


FAULTS: tuple[Respond, ...] = (
    lambda _, body: web.Response(body=body[: len(body) // 2]),  # cut
    lambda _, body: web.Response(body=body[: len(body) // 2], headers={"X-Cut": "1"}),
    replaced(by=b"<!DOCTYPE html><html><body>Sorry</body></html>"),
    replaced(by=b"\x00\xff" * 500),
    replaced(by=b"<rss><channel>" + b"<item><title>" * 20_000),
    replaced(by=b"<rss>" + b"&" * 100_000),
    replaced(by=gzip.compress(bytes(17_000_000))),
    replaced(by=b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss>&b;</rss>'),
    respond(500),
    respond(404),
    respond(429, Retry_After="2"),
    lambda request, _: web.Response(status=302, headers={"Location": request.path}),
    lambda _, __: web.Response(status=301, headers={"Location": "http://localhost:1/x"}),
    respond(200, Content_Type="image/png"),  # the right body, called wrongly
)


class Web:
    """Feeds that grow with each look, and a log of when each host was asked and had answered."""

    def __init__(self) -> None:
        self.look = 0
        self.log: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight: Counter[str] = Counter()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        began, host = time.monotonic(), request.host
        self.in_flight[host] += 1
        self.most_in_flight[host] = max(self.most_in_flight[host], self.in_flight[host])
        try:
            await asyncio.sleep(0.2)
            return self.answer(request)
        finally:
            # Who asked may have been killed meanwhile.
            self.in_flight[host] -= 1
            self.log[host].append((began, time.monotonic()))

    def answer(self, request: web.Request) -> web.StreamResponse:
        kind, _, number = request.path.strip("/").partition("/")
        if kind == "robots.txt":
            return web.Response(status=404)
        body = body_of(kind, int(number), self.look)
        fault = FAULTS[(int(number) + self.look) % len(FAULTS)]
        # The last look finds all well, and one in three of the others.
        if self.look == LOOKS - 1 or (int(number) + self.look) % 3 == 0:
            return web.Response(body=body, content_type="application/xml")

        return fault(request, body)


def titles_of(kind: str, number: int, look: int) -> list[str]:
    """All stories of a feed up to a look; one has ten thousand."""
    count = MANY if (kind, number) == ("feed", 7) else STORIES_A_LOOK * (look + 1)
    word = "Новости дня из порта" if kind == "feed" and number % 10 == 3 else "Story"
    return [f"{word} {kind} {number} {story}" for story in range(count)]


def body_of(kind: str, number: int, look: int) -> bytes:
    titles = titles_of(kind, number, look)
    if kind == "news":
        return sitemap(
            *(url(title, f"/{kind}/{number}/{story}") for story, title in enumerate(titles))
        ).encode()

    items = [
        item(
            title,
            DATE if number % 5 else None,
            # The id changes with every look, and the address is decorated.
            link=f"https://p{number}.example/{story}?utm_source={look}",
            guid=f"{look}-{story}",
        )
        for story, title in enumerate(titles)
    ]
    text = channel(*items, head='<?xml version="1.0" encoding="utf-8"?>')
    return text.encode("cp1251" if number % 10 == 3 else "utf-8")


def look_again(fleet: Fleet, run: int) -> None:
    """Queue all feeds of the run, as a watch does at its times."""
    with fleet.db.write() as connection:
        lock_run(connection, run)
        jobs = select(Job.id).where(Job.run_id == run, Job.kind == Feeds.job_kind)
        collect_again(connection, connection.scalars(jobs).all(), {})
        reopen_run(connection, run)

    with redis_client(fleet.settings) as broker:
        dispatch_due_jobs(fleet.db, celery_app(fleet.settings), broker)


def kill_one(fleet: Fleet, run: int, killed: Counter[int], chosen: random.Random) -> bool:
    """Kill the process of a job that was not killed twice; a third time in a row would fail it."""
    with fleet.db.read() as connection:
        running = connection.execute(
            select(Job.id, Job.owner).where(Job.run_id == run, Job.state == State.RUNNING)
        ).all()

    able = [job for job in running if job.owner and killed[job.id] < 2]
    if not able:
        return False

    pid = int(chosen.choice(able).owner.split(":")[-2])
    for job in running:
        if job.owner and int(job.owner.split(":")[-2]) == pid:
            killed[job.id] += 1

    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False

    return True


def test_looks_are_killed_at_twenty_moments_among_all_faults(tmp_path: Path) -> None:
    site, chosen, killed = Web(), random.Random(48), Counter[int]()
    database = f"sqlite:///{tmp_path / 'feeds.db'}"
    migrate(database)
    kills = 0
    with (
        service(site, host="0.0.0.0") as served,  # noqa: S104 - each feed has a host on loopback
        running_fleet(tmp_path / "home", database, feeds_limits=LIMITS) as fleet,
    ):
        port = served.rpartition(":")[2]
        paths = [f"feed/{number}" for number in range(FEEDS)]
        paths += [f"news/{number}" for number in range(SITEMAPS)]
        names = [
            f"http://127.0.1.{1 + index % HOSTS}:{port}/{path}" for index, path in enumerate(paths)
        ]
        run = fleet.submit_parameters(FeedsParameters(steps=()), *names)
        # A look may end before its kills: more looks, which find nothing new, make up for them.
        for look in range(LOOKS + MORE_LOOKS):
            if look >= LOOKS and kills == KILLS:
                break

            site.look = min(look, LOOKS - 1)
            if look:
                look_again(fleet, run)
            killed.clear()
            wanted = min(KILLS, KILLS * (look + 1) // LOOKS)
            while kills < wanted and not fleet.tend(chosen.uniform(0.3, 1.0)):
                kills += kill_one(fleet, run, killed, chosen)

            fleet.finish(180)

        with fleet.db.read() as connection:
            stored = connection.execute(select(Document.source, Document.text)).all()
            feeds = select(Job.state).where(Job.run_id == run, Job.kind == Feeds.job_kind)
            states = set(connection.scalars(feeds))

    expected = Counter(
        f"{title}." for path in paths for title in titles_of(*_split(path), look=LOOKS - 1)
    )
    found = Counter(document.text for document in stored)
    requests = sum(map(len, site.log.values()))
    gaps = [
        later[0] - earlier[1] for times in site.log.values() for earlier, later in pairwise(times)
    ]
    print(  # noqa: T201
        f"{kills} kills, {requests} requests to {len(site.log)} hosts, shortest gap "
        f"{min(gaps):.2f} s; {sum(found.values()):,} stories of {sum(expected.values()):,}; "
        f"lost {sum((expected - found).values())}, twice {sum((found - expected).values())}"
    )
    assert states == {State.DONE}
    assert found == expected
    assert max(site.most_in_flight.values()) == 1
    assert min(gaps) >= APART
    assert kills == KILLS


def _split(path: str) -> tuple[str, int]:
    kind, _, number = path.partition("/")
    return kind, int(number)
