"""Looks at feeds: each story is one document, and a feed that fails keeps no other waiting."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import func, select

from analysis.kinds.feeds import Feeds, FeedsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.errors import BadInput, UsageError
from core.settings import Settings
from models.crawls import read_crawl
from models.tables import Document, Job, JobDocument, Origin
from models.watches import start_watch
from producers.plan import plan_run
from producers.watches import check_due_watches
from reports.data.run_data import load_run
from reports.data.silent_feeds import SilentFeed, read_silent_feeds
from tests.e2e_kit import Stub
from tests.feed_shapes import channel, item, json_feed
from tests.looks_kit import Answer, look, looking, texts
from textapi.messages import Engine


def moved(to: str, status: int = 302) -> Answer:
    return lambda _: web.Response(status=status, headers={"Location": to})


def test_a_story_is_one_document_under_changed_ids_decorated_addresses_and_in_two_feeds(
    settings: Settings,
) -> None:
    first = channel(item("Tide turns", link="http://p.example/a?id=1&utm_source=rss#top", guid="1"))
    with looking(settings, world=first) as (jobs, site):
        look(jobs, site, "world")
        for again in (
            item("Tide turns", link="https://p.example/a?id=1", guid="2"),  # another id
            item("Tide turns at last", link="https://p.example/b?id=1", guid="2"),  # moved
            item("Tide turns", link="https://p.example/a?at_medium=RSS&id=1", guid="3"),
        ):
            site.answers["world"] = channel(again)
            look(jobs, site, "world")

        site.answers["home"] = channel(item("Tide turns", link="https://p.example/a?id=1"))
        assert len(texts(jobs)) == 1
        (home,) = look(jobs, site, "home")
        assert texts(jobs) == ["Tide turns."] == texts(jobs, home.id)
        assert home.reason == "0 new; 1 read"

        site.answers["home"] = channel(item("Tide turns", link="https://p.example/a?id=2"))
        look(jobs, site, "home")
        assert len(texts(jobs)) == 2


def test_stories_that_share_the_address_of_the_home_page_or_an_id_are_all_kept(
    settings: Settings,
) -> None:
    same = [item(f"Story {number}", link="/", guid="feed") for number in range(3)]
    by_guid = [item(f"Other {number}", link="/", guid=f"g{number}") for number in range(3)]
    with looking(settings, same=channel(*same), guids=channel(*by_guid)) as (jobs, site):
        look(jobs, site, "same", "guids")
        look(jobs, site, "same", "guids")
        assert sorted(texts(jobs)) == [
            *(f"Other {number}." for number in range(3)),
            *(f"Story {number}." for number in range(3)),
        ]


def test_what_has_not_changed_is_told_by_its_head_and_a_new_story_is_found(
    settings: Settings,
) -> None:
    def answer(request: web.Request) -> web.StreamResponse:
        tag, since = f'"{len(stories)}"', "Tue, 01 Dec 2026 08:30:00 GMT"
        asked = request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")
        if asked == (tag, since):
            return web.Response(status=304)
        headers = {"ETag": tag, "Last-Modified": since}
        return web.Response(text=channel(*stories), headers=headers)

    stories = [item("One", link="/1")]
    with looking(settings, feed=answer) as (jobs, site):
        (first,) = look(jobs, site, "feed")
        (second,) = look(jobs, site, "feed")
        stories.append(item("Two", link="/2"))
        (third,) = look(jobs, site, "feed")
        assert [job.reason for job in (first, second, third)] == [
            "1 new; 1 read",
            "0 new; unchanged since the last look",
            "1 new; 2 read",
        ]
        assert texts(jobs, second.id) == ["One."]
        assert texts(jobs, third.id) == ["One.", "Two."]


def test_a_permanent_redirect_is_remembered_and_another_is_not(settings: Settings) -> None:
    new, feed = channel(item("Tide turns")), channel(item("Ferry calls", link="/b"))
    with looking(
        settings,
        old=moved("/new", 301), new=new, now=moved("/then"), then=moved("/feed", 308), feed=feed,
    ) as (jobs, site):  # fmt: skip
        (old, _) = look(jobs, site, "old", "now")
        assert old.reason == f"1 new; 1 read; it has moved for good, to {site.url}/new"
        site.requests.clear()
        look(jobs, site, "old", "now")
        assert site.paths == ["/new", "/now", "/then", "/feed"]

        # The new address is no feed any more: the old one may be.
        site.answers |= {"new": moved("/gone", 301), "gone": "<html></html>"}
        look(jobs, site, "old")
        with jobs.db.read() as connection:
            crawled = read_crawl(connection, "feeds", f"{site.url}/old")
        assert crawled is not None
        assert (crawled.cursor or {})["address"] == f"{site.url}/new"


def test_redirects_end_at_the_sixth_request_and_never_lead_into_a_network(
    settings: Settings,
) -> None:
    with looking(settings, loop=moved("/loop")) as (jobs, site):
        inner = site.url.replace("127.0.0.1", "localhost")
        site.answers |= {"in": moved(f"{inner}/secret"), "file": moved("file:///etc/passwd")}
        loop, into, file = look(jobs, site, "loop", "in", "file")
        assert loop.reason.startswith("0 new; it was redirected more than 5 times")
        assert into.reason == "0 new; it leads to localhost, which is inside a network"
        assert "is no address of a page" in file.reason
        assert sorted(site.paths) == ["/file", "/in", *["/loop"] * 6]
        assert {loop.result, into.result, file.result} == {"no-data"}


BAD_ANSWERS: tuple[tuple[str | bytes | Answer, str], ...] = (
    ("<html><body>Not found</body></html>", "it is no feed but a web page, declared as applic"),
    ("%PDF-1.4", "it is no feed but something else"),
    ("", "it is no feed but something else"),
    ('{"version": 1, "items": []}', "it is JSON, but no JSON Feed"),
    ('{"version":', "it is JSON that cannot be read to its end"),
    (b"\x1f\x8b" + b"x" * 50, "it is packed, and damaged or cut short"),
    (b"\x1f\x8b" + gzip.compress(bytes(17_000_000))[2:], "it unpacks to more than 16,777,216"),
    (lambda _: web.Response(status=404), "(404): is the address still right?"),
    (lambda _: web.Response(status=500), "cannot answer now (500)"),
    ("<rss>" + "<a>" * 600_000, "it has more than 500,000 tags"),
    ("<rss>" + " " * 17_000_000, "its answer has more than 16,777,216 bytes"),
)


def test_what_is_no_feed_is_said_and_keeps_no_other_feed_waiting(settings: Settings) -> None:
    paths = [f"bad{number}" for number in range(len(BAD_ANSWERS))]
    old = {path: channel(item(f"Old {path}", link=f"/old/{path}")) for path in paths}
    with looking(settings, **old, good=channel(item())) as (jobs, site):
        look(jobs, site, *paths)
        site.answers |= dict(zip(paths, (answer for answer, _ in BAD_ANSWERS), strict=True))
        *bad, good = look(jobs, site, *paths, "good")
        assert good.reason == "1 new; 1 read"
        for path, job, (_, reason) in zip(paths, bad, BAD_ANSWERS, strict=True):
            assert reason in job.reason
            assert texts(jobs, job.id) == [f"Old {path}."]

        site.answers |= {path: channel(item(f"New {path}", link=f"/{path}")) for path in paths}
        for path, job in zip(paths, look(jobs, site, *paths), strict=True):
            assert texts(jobs, job.id) == [f"Old {path}.", f"New {path}."]


def test_the_last_story_of_a_feed_that_was_cut_waits_until_it_is_whole(settings: Settings) -> None:
    whole = channel(item("One", link="/1"), item("Two is a long headline", link="/2"))
    cut = whole[: whole.index("long")]

    def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match"):
            return web.Response(status=304)
        return web.Response(text=served[0], headers={"ETag": '"same"'})

    served = [cut]
    with looking(settings, feed=answer) as (jobs, site):
        (first,) = look(jobs, site, "feed")
        assert first.reason.startswith("1 new; 1 read; it was cut short")
        served[0] = whole
        look(jobs, site, "feed")
        assert texts(jobs) == ["One.", "Two is a long headline."]


def test_a_host_that_asks_to_be_left_alone_is_left_alone_by_all_its_feeds(
    settings: Settings,
) -> None:
    def busy(_: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "600"})

    with looking(settings, "1/s", one=busy, two=channel(item())) as (jobs, site):
        one, two = look(jobs, site, "one", "two")
        assert site.paths == ["/one"]
        assert "cannot answer now (429)" in one.reason
        assert two.reason.startswith("0 new; ")
        assert texts(jobs) == []


@pytest.mark.thorough
def test_ten_thousand_stories_are_stored_once_each(settings: Settings) -> None:
    stories = [item(f"Story {number}", link=f"/{number}") for number in range(10_000)]
    with looking(settings, feed=channel(*stories)) as (jobs, site):
        look(jobs, site, "feed")
        look(jobs, site, "feed")
        assert sorted(texts(jobs)) == sorted(f"Story {number}." for number in range(10_000))


def test_the_outlet_is_the_lists_else_the_feeds_and_a_list_may_be_opml(
    settings: Settings, tmp_path: Path
) -> None:
    with looking(settings, a=channel(item(), title="Its own"), b=json_feed(url="/b")) as (
        jobs,
        site,
    ):
        opml = tmp_path / "feeds.opml"
        opml.write_text(
            f'<opml version="2.0"><body><outline text="Papers"><outline text="My Post" '
            f'xmlUrl="{site.url}/b"/></outline></body></opml>'
        )
        fields, names = Feeds().read_argument([f"{site.url}/a", str(opml), " "])
        parameters = FeedsParameters(steps=(), **fields)
        run = jobs.submit(parameters, *names)
        jobs.do_all(run)
        with jobs.db.read() as connection:
            outlets = select(Origin.outlet).join(Document, Document.origin_id == Origin.id)
            assert set(connection.scalars(outlets)) == {"Its own", "My Post"}

        titles = [Feeds().job_title(row.name, row.options) for row in jobs.rows(run)]
        assert titles == [f"{site.url}/a".removeprefix("http://"), "My Post"]
        words = Feeds().argument_words(parameters, names)
        assert words == [f"{site.url}/a", f"My Post={site.url}/b"]
        assert Feeds().read_argument(words) == (fields, names)


@pytest.mark.parametrize(
    "text", ["ftp://p.example/feed", "https://", "no-such.opml", "https://me:word@p.example/", ""]
)
def test_what_is_no_address_and_no_list_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Feeds().read_argument([text])


@pytest.mark.parametrize("text", ["<opml><body/></opml>", "<opml>", "https://p.example/feed"])
def test_a_file_that_lists_no_feeds_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "list.opml"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"list\.opml"):
        Feeds().read_argument([str(path)])


def test_a_watched_run_looks_each_hour_and_a_run_of_months_reads_what_was_found(
    stub_settings: Settings, stub: Stub
) -> None:
    engine = Engine(stub.url.removeprefix("http://"))
    with looking(stub_settings, feed=channel(item("Tide turns", link="/1"))) as (jobs, site):
        named = FeedsParameters(steps=(), outlets_by_feed={f"{site.url}/feed": "Post"})
        plan = plan_run(jobs.db, named, [f"{site.url}/feed"], engine=engine, settings=jobs.settings)
        assert plan.documents == 0
        assert site.requests == []
        run = jobs.submit(named, f"{site.url}/feed")
        jobs.do_all(run)
        with jobs.db.write() as connection:
            start_watch(connection, jobs.db, run, every="hour", max_calls=None, now=0.0)

        assert check_due_watches(jobs.db, jobs.settings, now=10.0) == 1
        jobs.do_all(run)
        assert check_due_watches(jobs.db, jobs.settings, now=3599.0) == 0
        site.answers["feed"] = channel(item("Tide turns back", link="/2"))
        assert check_due_watches(jobs.db, jobs.settings, now=3600.0) == 1
        jobs.do_all(run)
        row = jobs.row(run)
        assert row.reason == "1 new; 1 read"
        assert Feeds().job_title(row.name, row.options) == "Post"

        keywords = (Keyword.parse("tide"),)
        months = MonthsParameters(
            first="2026-12", last="2026-12", keywords=keywords, sources=("feeds",)
        )
        plan = plan_run(jobs.db, months, (), engine=engine, settings=jobs.settings)
        assert plan.documents == 2
        assert not any("to be fetched" in remark for remark in plan.remarks)
        run = jobs.submit(months)
        jobs.do_all(run)
        assert jobs.row(run).reason is None
        with jobs.db.read() as connection:
            assert connection.scalar(select(func.count()).select_from(Job)) == 4


def test_a_run_that_was_forgotten_leaves_its_stories_to_the_next(settings: Settings) -> None:
    def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match"):
            return web.Response(status=304)
        return web.Response(text=channel(item()), headers={"ETag": '"1"'})

    with looking(settings, feed=answer) as (jobs, site):
        (first,) = look(jobs, site, "feed")
        with jobs.db.write() as connection:
            connection.execute(JobDocument.__table__.delete())  # type: ignore[attr-defined]
            connection.execute(Job.__table__.delete().where(Job.id == first.id))  # type: ignore[attr-defined]
        (second,) = look(jobs, site, "feed")
        assert texts(jobs, second.id) == ["Tide turns."]


def test_a_feed_that_fell_silent_is_said(settings: Settings) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    times = [now - timedelta(days=5) - timedelta(hours=6 * number) for number in range(80)]
    stories = [
        item(f"Story {number}", f"{time:%a, %d %b %Y %H:%M:%S GMT}", link=f"/{number}")
        for number, time in enumerate(times)
    ]
    with looking(settings, silent=channel(*stories)) as (jobs, site):
        (job,) = look(jobs, site, "silent")
        assert job.reason == (
            f"silent since {times[0]:%Y-%m-%d %H:%M} UTC, for 5 days: the longest time without a "
            "story in the four weeks before is 6 hours; 80 new; 80 read"
        )

        # The page on the archive of a run of months says so, too.
        def find_silent(first: datetime, last: datetime, source: str = "feeds") -> list[SilentFeed]:
            run = jobs.submit(
                MonthsParameters(
                    first=f"{first:%Y-%m}",
                    last=f"{last:%Y-%m}",
                    keywords=(Keyword.parse("story"),),
                    sources=(source,),
                )
            )
            return read_silent_feeds(load_run(jobs.db, run))

        (silent,) = find_silent(times[-1], now)
        assert (silent.title, silent.description) == (
            f"{site.url}/silent".partition("://")[2],
            job.reason.partition("; ")[0],
        )
        before = times[-1] - timedelta(days=60)
        assert find_silent(before, before) == []
        assert find_silent(times[-1], now, "nyt") == []
