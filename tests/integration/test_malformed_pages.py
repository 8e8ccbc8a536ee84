"""Jobs whose services answer oddly: they end or wait with a reason, never by a fault of ours."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from pydantic import SecretStr

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.enums import ENDED, State
from core.service_client import ServiceClient
from core.settings import Settings
from models.documents import newest_document
from tests.contract.replay import MASTODON_ACCOUNT, QUICK, SUBJECTS, X_USER, Scripted
from tests.contract.test_sources_malformed import DOCUMENT, malformed, month, replaced
from tests.feeds_kit import service
from tests.jobs_kit import Jobs
from tests.tiers import thorough_but
from workers import crawling, fetching

SUBJECT = {subject.name: subject for subject in SUBJECTS}
MONTHS = MonthsParameters(
    first="2020-03", last="2020-03", keywords=(Keyword.parse("tide"),), steps=()
)
HANDLES = {"bluesky": "ann.example", "mastodon": "ann@home.example", "x search": "ann"}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients try again at once."""
    original: Callable[..., ServiceClient] = fetching.service_client

    def quick_client(*arguments: Any, **options: Any) -> ServiceClient:
        return dataclasses.replace(original(*arguments, **options), retry_policy=QUICK)

    monkeypatch.setattr(fetching, "service_client", quick_client)
    monkeypatch.setattr(crawling, "service_client", quick_client)


class Service:
    """Answers the *script* in turn, the last again and again, and looks accounts up."""

    script: list[Scripted]

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if "/lookup" in request.path:
            return await MASTODON_ACCOUNT.send(request)
        if "/by/username/" in request.path:
            return await X_USER.send(request)

        answer = self.script[0]
        self.script = self.script[1:] or self.script
        return await answer.send(request)


@pytest.fixture
def asked() -> Iterator[tuple[Service, str]]:
    handler = Service()
    with service(handler) as url:
        yield handler, url


@pytest.fixture
def jobs(settings: Settings, asked: tuple[Service, str]) -> Iterator[Jobs]:
    url, key = asked[1], SecretStr("k/1")
    urls = {"bluesky_url": url, "mastodon_url": url, "x_url": url, "nyt_url": url}
    limits = dict.fromkeys(("bluesky_limits", "mastodon_limits", "x_limits", "nyt_limits"), "")
    given_settings = {**urls, **limits, "x_bearer": key, "nyt_key": key, "patience_seconds": 1e-9}
    with closing(Jobs(settings.model_copy(update=given_settings))) as opened:
        yield opened


def check_outcome(jobs: Jobs, parameters: Any, *names: str) -> None:
    row = jobs.do(parameters, *names)
    assert row.state in (*ENDED, State.WAITING)
    assert "fault of the program" not in (row.reason or "")
    assert "the database refused" not in (row.reason or "")
    newest_document(jobs.db)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", thorough_but(HANDLES, "x search"))
def test_no_malformed_page_is_a_fault_of_the_program(
    jobs: Jobs, asked: tuple[Service, str], name: str
) -> None:
    subject = SUBJECT[name]
    pages = [subject.page([6, 5], "a"), subject.page([4], None)]

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(first=malformed(pages), second=malformed(pages))
    def check(first: Scripted, second: Scripted) -> None:
        asked[0].script = [first, second, subject.page([], None)]
        check_outcome(jobs, AccountsParameters(steps=()), HANDLES[name])

    check()


@pytest.mark.usefixtures("quick")
def test_no_malformed_month_is_a_fault_of_the_program(
    jobs: Jobs, asked: tuple[Service, str]
) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(answer=malformed([month(DOCUMENT, DOCUMENT)]))
    def check(answer: Scripted) -> None:
        asked[0].script = [answer]
        check_outcome(jobs, MONTHS)

    check()


BEFORE_THE_YEAR_ONE = -99999999999


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("name", "place", "odd"),
    [
        ("mastodon", (0, "created_at"), BEFORE_THE_YEAR_ONE),
        ("mastodon", (0, "created_at"), "0000-01-01T00:00:00Z"),
        ("mastodon", (0, "account", "url"), "https://["),
        ("mastodon", (0, "content"), "<p>Rain<![ b]></p>"),
        ("bluesky", ("feed", 0, "post", "indexedAt"), BEFORE_THE_YEAR_ONE),
        ("bluesky", ("feed", 0, "post", "record", "createdAt"), 10**400),
        ("x search", ("data", 0, "created_at"), BEFORE_THE_YEAR_ONE),
        ("x search", ("data", 0, "id"), "9" * 5000),
        ("x search", ("data", 0, "id"), "²"),
        ("x search", ("data", 0, "text"), "\ud800\x00"),
    ],
)
def test_a_post_with_an_odd_value_is_stored(
    jobs: Jobs, asked: tuple[Service, str], name: str, place: tuple[Any, ...], odd: object
) -> None:
    page = SUBJECT[name].page([1], None)
    page.value = replaced(page.value, place, odd)
    asked[0].script = [page]
    assert jobs.do(AccountsParameters(steps=()), HANDLES[name]).state == State.DONE
    assert newest_document(jobs.db) == 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("written", [BEFORE_THE_YEAR_ONE, 10**400, "0000-01-01T00:00:00Z"])
def test_a_headline_with_an_odd_time_is_stored_without_it(
    jobs: Jobs, asked: tuple[Service, str], written: object
) -> None:
    asked[0].script = [month(DOCUMENT, DOCUMENT | {"_id": "nyt://2", "pub_date": written})]
    assert jobs.do(MONTHS).state == State.DONE
    assert newest_document(jobs.db) == 2


@pytest.mark.usefixtures("quick")
def test_pages_without_posts_end_the_job_and_it_says_so(
    jobs: Jobs, asked: tuple[Service, str]
) -> None:
    asked[0].script = [SUBJECT["bluesky"].page([], f"t{number}") for number in range(100)]
    row = jobs.do(AccountsParameters(steps=()), HANDLES["bluesky"])
    assert (row.state, row.result) == (State.DONE, "no-data")
    assert row.reason.startswith("the service gave page after page without a new post")
