"""What one service alone does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import CapReached, ServiceRefused, ServiceUnavailable, TidingsError, UsageError
from core.service_client import ServiceClient
from sources import bluesky, mastodon, x
from sources.base import Page
from tests.contract.replay import SUBJECTS, X_USER, Replay, Scripted, crawler, in_a_while, serving

X_SEARCH = next(subject for subject in SUBJECTS if subject.name == "x search")
BLUESKY = next(subject for subject in SUBJECTS if subject.name == "bluesky")
PINNED = {"$type": "app.bsky.feed.defs#reasonPin"}


def run(
    crawl: Callable[[ServiceClient], Any], *script: Scripted, account: Scripted = X_USER
) -> tuple[list[Page], Replay]:
    replay = Replay(script, account)

    async def go() -> list[Page]:
        async with serving(replay) as (client, _):
            return [page async for page in crawl(client)]

    return asyncio.run(go()), replay


def error_of(crawl: Callable[[ServiceClient], Any], *script: Scripted) -> TidingsError:
    with pytest.raises(TidingsError) as caught:
        run(crawl, *script)
    return caught.value


def search(client: ServiceClient) -> Any:
    return crawler(x.search_pages, "lions", x_query="lang:en")(client=client)


def test_x_is_asked_for_the_fields_that_are_needed() -> None:
    _, replay = run(search, X_SEARCH.page([1], None))
    query = dict(replay.requests[0].query)
    assert query["query"] == "lions lang:en"
    assert query["max_results"] == "100"
    assert query["tweet.fields"] == "author_id,created_at,lang,note_tweet,referenced_tweets"
    assert query["expansions"] == "author_id"
    assert "username" in query["user.fields"]
    assert replay.requests[0].headers["Authorization"].startswith("Bearer ")


def test_x_is_asked_for_no_fewer_than_ten_posts_and_gives_no_more_than_wanted() -> None:
    pages, replay = run(
        lambda client: crawler(x.search_pages, "a", x_query="")(client=client, limit=3),
        X_SEARCH.page(range(10, 0, -1), "t"),
    )
    assert replay.requests[0].query["max_results"] == "10"
    assert sum(len(page.documents) for page in pages) == 3


def test_a_handle_on_x_is_asked_for_by_the_query_of_the_settings() -> None:
    template = "from:{handle} lang:en -has:links -is:retweet"
    pages, replay = run(
        lambda client: crawler(x.account_pages, "@NASA", x_query=template)(client=client),
        X_SEARCH.page([1], None),
    )
    assert replay.requests[0].query["query"] == "from:nasa lang:en -has:links -is:retweet"
    assert len(replay.requests) == 1  # an account that has posts needs no look-up
    assert pages[0].end is not None


def test_a_handle_cannot_smuggle_a_query() -> None:
    with pytest.raises(UsageError, match="is no account of X"):
        x.account_query("from:{handle}", "ann OR from:bob")


def test_x_tells_the_monthly_cap_from_the_limit_of_15_minutes() -> None:
    capped = {
        "title": "UsageCapExceeded",
        "detail": "Usage cap exceeded: Monthly product cap",
        "period": "Monthly",
        "type": "https://api.twitter.com/2/problems/usage-capped",
    }
    monthly = error_of(search, Scripted(capped, 429))
    assert isinstance(monthly, CapReached)
    assert "the monthly cap on posts is reached" in str(monthly)
    reset = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(time.time()) + 800)}
    quarter = error_of(search, Scripted({"title": "Too Many Requests"}, 429, reset))
    assert isinstance(quarter, ServiceUnavailable)
    assert quarter.retry_after is not None
    assert 790 < quarter.retry_after <= 800


def test_x_without_credits_is_a_cap() -> None:
    assert isinstance(error_of(search, Scripted({"title": "CreditsDepleted"}, 402)), CapReached)


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "TIDINGS_X_BEARER"), (403, "developer portal")]
)
def test_x_says_what_to_do_about_a_token(status: int, advice: str) -> None:
    error = error_of(search, Scripted({"detail": "no"}, status))
    assert isinstance(error, ServiceRefused)
    assert advice in str(error)


def test_x_is_given_no_since_id_that_its_search_would_refuse() -> None:
    old, recent = (
        1582825767519809536,
        ((int((time.time() - 3600) * 1000) - 1_288_834_974_657) << 22),
    )
    for number, sent in ((old, None), (recent, str(recent))):
        cursor = {"newest": {"id": str(number), "time": f"{number:020}"}}
        _, replay = run(
            lambda client, c=cursor: crawler(x.search_pages, "a", x_query="")(
                client=client, cursor=c
            ),
            X_SEARCH.page([], None),
        )  # type: ignore[misc]
        assert replay.requests[0].query.get("since_id") == sent


def test_a_long_post_on_x_is_whole_and_a_retweet_is_marked() -> None:
    page = X_SEARCH.page([2, 1], None)
    page.value["data"][0] |= {
        "note_tweet": {"text": "All of it"},
        "referenced_tweets": [{"type": "quoted", "id": "1"}],
    }
    page.value["data"][1] |= {"referenced_tweets": [{"type": "retweeted", "id": "1"}]}
    pages, _ = run(search, page)
    assert [(item.text, item.repost) for item in pages[0].documents] == [
        ("All of it", False),
        ("Post 1", True),
    ]


def test_a_pinned_post_neither_ends_a_crawl_nor_counts_as_the_newest() -> None:
    first, _ = run(
        lambda client: crawler(bluesky.account_pages, "ann")(client=client),
        BLUESKY.page([6, 5], None),
    )
    page = BLUESKY.page([1, 8, 7], "a")
    page.value["feed"][0]["reason"] = PINNED
    script = (page, BLUESKY.page([6, 5], None))
    pages, _ = run(
        lambda client: crawler(bluesky.account_pages, "ann")(
            client=client, cursor=first[-1].cursor
        ),
        *script,
    )
    texts = [item.text for page in pages for item in page.documents]
    assert texts == ["Post 1", "Post 8", "Post 7", "Post 6", "Post 5"]
    assert pages[-1].end == "it reached the newest post that was known"
    assert pages[-1].cursor["newest"]["id"].endswith("/8")


def test_bluesky_is_asked_for_a_hundred_by_handle_and_filter() -> None:
    _, replay = run(
        lambda client: crawler(bluesky.account_pages, "ann.example")(client=client),
        BLUESKY.page([1], None),
    )
    assert dict(replay.requests[0].query) == {
        "actor": "ann.example",
        "filter": "posts_with_replies",
        "limit": "100",
    }
    assert replay.requests[0].path == "/xrpc/app.bsky.feed.getAuthorFeed"


def test_mastodon_takes_no_more_than_max_id_from_a_link() -> None:
    subject = next(subject for subject in SUBJECTS if subject.name == "mastodon")
    ann = crawler(mastodon.account_pages, "Ann@home.example")
    _, replay = run(
        lambda client: ann(client=client),
        subject.page([2], "op4que"),
        subject.page([1], None),
        account=subject.account,
    )
    assert [request.path for request in replay.requests] == [
        "/api/v1/accounts/lookup",
        "/api/v1/accounts/7/statuses",
        "/api/v1/accounts/7/statuses",
    ]
    assert replay.requests[0].query["acct"] == "Ann"
    assert replay.requests[2].query["max_id"] == "op4que"


@pytest.mark.parametrize(
    "handle", ["ann", "ann@", "@home.example", "ann@home.example/x", "a@b@c", "ann@home.example?x"]
)
def test_a_handle_of_another_form_is_no_account_of_mastodon(handle: str) -> None:
    with pytest.raises(UsageError, match="write it as user@server"):
        mastodon.home_server(handle)


def test_the_home_server_is_in_the_handle() -> None:
    assert mastodon.home_server("ann@home.example:8080") == "home.example:8080"


def test_a_daily_limit_of_an_application_on_x_closes_the_service() -> None:
    page = X_SEARCH.page([1], None)
    page.headers |= {
        "x-app-limit-24hour-remaining": "0",
        "x-app-limit-24hour-reset": str(int(in_a_while(5000))),
    }
    replay = Replay([page], X_USER)

    async def go() -> list[float]:
        async with serving(replay) as (client, limiter):
            [page async for page in crawler(x.search_pages, "a", x_query="")(client=client)]
            return limiter.closed

    assert [4990 < seconds <= 5000 for seconds in asyncio.run(go())] == [True]
