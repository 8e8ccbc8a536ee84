"""News sitemaps: headlines and times, by an index or packed, as robots.txt allows."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

from aiohttp import web
from sqlalchemy import select

from core.enums import TextPart
from core.settings import Settings
from models.documents import quoted_text
from models.tables import Document, Origin
from tests.jobs_kit import Jobs
from tests.looks_kit import look, looking, texts

ALL = "User-agent: *\nDisallow:\n"


def sitemap(*entries: str, kind: str = "urlset") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{kind} '
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">'
        f"{''.join(entries)}</{kind}>"
    )


def url(title: str, path: str = "/a", date: str = "2026-12-01T08:30:00+02:00") -> str:
    return (
        f"<url><loc>https://post.example{path}</loc><news:news><news:publication>"
        "<news:name>The Post</news:name><news:language>en</news:language></news:publication>"
        f"<news:publication_date>{date}</news:publication_date>"
        f"<news:title>{title}</news:title></news:news></url>"
    )


def listed(address: str, changed_at: datetime | None = None) -> str:
    changed = f"<lastmod>{changed_at:%Y-%m-%dT%H:%M:%SZ}</lastmod>" if changed_at else ""
    return f"<sitemap><loc>{address}</loc>{changed}</sitemap>"


def stored(jobs: Jobs) -> list[tuple[object, ...]]:
    columns = (Document.source, quoted_text(TextPart.HEADLINE), Document.address)
    documents = select(*columns, Document.published_at, Origin.outlet, Origin.language)
    joined = documents.join(Origin, Origin.id == Document.origin_id).order_by(Document.id)
    with jobs.db.read() as connection:
        return [tuple(row) for row in connection.execute(joined)]


def test_headlines_times_and_outlets_are_read_and_no_page_is_fetched(settings: Settings) -> None:
    page = "<url><loc>https://post.example/about</loc></url>"
    news = sitemap(url("Tide turns &amp; rises"), url("Fog", "/b", "soon"), page)
    with looking(settings, sitemap_xml=news, robots_txt=ALL) as (jobs, site):
        (job,) = look(jobs, site, "sitemap.xml")
        assert job.reason.startswith("2 new; 3 read, 1 without a date")
        assert "document 2: it is no news, or has no headline" in job.reason
        first, second = stored(jobs)
        address = "https://post.example/a"
        time = datetime.fromisoformat("2026-12-01T06:30:00")
        assert first == ("sitemaps", "Tide turns & rises", address, time, "The Post", "en")
        assert second[1] == "Fog"
        assert site.paths == ["/robots.txt", "/sitemap.xml"]


def test_an_index_leads_to_what_changed_in_the_last_two_days_packed_or_not(
    settings: Settings,
) -> None:
    def unchanged_or_first(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match"):
            return web.Response(status=304)
        body = gzip.compress(sitemap(url("First", "/1")).encode())
        return web.Response(body=body, headers={"ETag": '"1"'}, content_type="application/gzip")

    now = datetime.now(UTC)
    with looking(
        settings, first_xml_gz=unchanged_or_first, third=sitemap(url("Third", "/3")), robots_txt=ALL
    ) as (jobs, site):
        site.answers["index"] = sitemap(
            listed(f"{site.url}/first.xml.gz", now - timedelta(hours=1)),
            listed(f"{site.url}/old", now - timedelta(days=3)),
            listed(f"{site.url}/third"),
            listed(f"{site.url}/index"),
            listed(f"{site.url}/missing"),
            kind="sitemapindex",
        )
        (job,) = look(jobs, site, "index")
        assert texts(jobs, job.id) == ["First.", "Third."]
        assert job.reason.startswith("2 new; 2 read")
        assert f"{site.url}/missing: feeds at " in job.reason
        assert "an index within an index is not followed" in job.reason
        assert site.paths[0] == "/index"
        assert sorted(site.paths[1:]) == [
            "/first.xml.gz",
            "/index",
            "/missing",
            "/robots.txt",
            "/third",
        ]

        (job,) = look(jobs, site, "index")
        assert job.reason.startswith("0 new; 1 read, 1 sitemap unchanged since the last look")
        assert len(stored(jobs)) == 2


def test_robots_txt_is_obeyed_and_what_cannot_be_had_allows_nothing(settings: Settings) -> None:
    news = sitemap(url("Tide turns"))
    robots = "User-agent: *\nDisallow: /sitemap\nUser-agent: Tidings\nDisallow: /news\n"
    with looking(settings, news=news, sitemap_xml=news, robots_txt=robots) as (jobs, site):
        # Only what it holds says that it is a sitemap.
        (job,) = look(jobs, site, "news")
        assert job.reason.endswith(f"/robots.txt does not allow {site.url}/news")
        assert texts(jobs) == []
        look(jobs, site, "sitemap.xml")
        assert len(texts(jobs)) == 1

        site.answers["robots_txt"] = lambda _: web.Response(status=503)
        site.answers["sitemap_xml"] = sitemap(url("Fog", "/b"))
        (job,) = look(jobs, site, "sitemap.xml")
        assert "feeds cannot answer now (503)" in job.reason
        assert len(texts(jobs)) == 1

        # A site without a robots.txt allows all.
        del site.answers["robots_txt"]
        look(jobs, site, "sitemap.xml")
        assert texts(jobs) == ["Tide turns.", "Fog."]


def test_a_sitemap_that_is_cut_or_declares_entities_is_read_to_its_last_whole_entry(
    settings: Settings,
) -> None:
    whole = sitemap(url("One", "/1"), url("Two is long", "/2"))
    bomb = whole.replace("<urlset", '<!DOCTYPE urlset [<!ENTITY a "b">]><urlset')
    with looking(settings, robots_txt=ALL, cut=whole[: whole.index("is long")], bomb=bomb) as (
        jobs,
        site,
    ):
        cut, bombed = look(jobs, site, "cut", "bomb")
        assert "it is broken or cut short" in cut.reason
        assert "it declares a type of its own" in bombed.reason
        assert texts(jobs) == ["One."]
        site.answers["cut"] = whole
        look(jobs, site, "cut")
        assert texts(jobs) == ["One.", "Two is long."]
