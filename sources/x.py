"""Posts of X: from its API v2 with a bearer token, from what that answered, and from an account's own archive."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from core.errors import CapReached, ServiceBadAnswer, ServiceRefused, TidingsError, UsageError
from core.service_client import Answer, ServiceClient
from sources.base import (
    AccountGone,
    Cursor,
    Empty,
    Item,
    LeftOut,
    Page,
    SourceDocument,
    X,
    clean,
    clean_or_none,
    fold_handle,
    whole_second,
)
from sources.crawl import CrawlProgress
from sources.post_cleaning import decode_entities
from sources.timestamps import parse_time

_STATUS = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/(?:#!/)?([^/?#]+)/status(?:es)?/(\d+)",
    re.IGNORECASE,
)
_FIRST_TIMED_ID = 29_700_859_247
_ID_EPOCH_MS = 1_288_834_974_657
_RETWEET = re.compile(r"RT @\w+:")

SEARCH = "/2/tweets/search/recent"
USER = "/2/users/by/username/{name}"
POSTS_OF = "/2/users/{account}/tweets"
PAGE_SIZE = 100
FIELDS = {
    "tweet.fields": "author_id,created_at,lang,note_tweet,referenced_tweets",
    "expansions": "author_id",
    "user.fields": "protected,username",
}

_NAME = re.compile(r"\w{1,15}", re.ASCII)
_SEARCHABLE = timedelta(days=7) - timedelta(minutes=5)  # a `since_id` from before that is refused


def v2_item(
    tweet: Any,
    users: Mapping[str, str],
    file: str,
    index: int,
    *,
    now: datetime,
    handle: str | None = None,
) -> Item:
    """One post of an answer of the API v2; *users* are the handles of ``includes.users`` by id."""
    if not isinstance(tweet, Mapping) or not clean_or_none(tweet.get("id")):
        return LeftOut(file, index, "it is no post of X: it has no id")
    note = tweet.get("note_tweet")  # a long post, whose `text` is only its beginning
    author = clean_or_none(tweet.get("author_id"))
    referenced = tweet.get("referenced_tweets")
    return _post(
        tweet["id"],
        note.get("text") if isinstance(note, Mapping) else tweet.get("text"),
        place=(file, index, now),
        created=tweet.get("created_at"),
        handle=users.get(author or "") or handle,
        author=author,
        retweeted=isinstance(referenced, list)
        and any(
            isinstance(other, Mapping) and other.get("type") == "retweeted" for other in referenced
        ),
    )


def v2_users(includes: object) -> dict[str, str]:
    """Handles by account id, of an answer's ``includes``."""
    found: dict[str, str] = {}
    users = includes.get("users") if isinstance(includes, Mapping) else None
    for user in users if isinstance(users, list) else []:
        if (
            isinstance(user, Mapping)
            and isinstance(user.get("id"), str)
            and (name := fold_handle(user.get("username")))
        ):
            found[user["id"]] = name
    return found


def archived_item(entry: Any, handle: str | None, file: str, index: int, now: datetime) -> Item:
    """One post of ``tweets.js``, or of any file with posts as the API v1.1 gave them."""
    tweet = entry.get("tweet", entry) if isinstance(entry, Mapping) else None
    number = (
        clean_or_none(tweet.get("id_str") or str(tweet.get("id") or ""))
        if isinstance(tweet, Mapping)
        else None
    )
    if tweet is None or number is None:
        return LeftOut(file, index, "it is no post of X: it has no id")
    user = tweet.get("user") if isinstance(tweet.get("user"), Mapping) else {}
    return _post(
        number,
        tweet.get("full_text") or tweet.get("text"),
        place=(file, index, now),
        created=tweet.get("created_at"),
        handle=fold_handle(user.get("screen_name")) or handle,
        author=clean_or_none(user.get("id_str")),
        retweeted="retweeted_status" in tweet,
    )


def _post(
    number: str,
    text: object,
    *,
    place: tuple[str, int, datetime],
    created: object,
    handle: str | None,
    author: str | None,
    retweeted: bool,
) -> Item:
    file, index, now = place
    if not isinstance(text, str) or not text.strip():
        return Empty(file, index)
    words, replaced = clean(decode_entities(text).strip())
    native_id = clean(number.strip())[0]
    published = whole_second(parse_time(created) or time_of_id(native_id), X, now)
    return SourceDocument(
        source=X,
        native_id=native_id,
        text=words,
        published_at=published,
        address=status_address(native_id, handle),
        handle=handle,
        author_id=author,
        repost=retweeted or is_retweet(words),
        replaced=replaced,
        time_wrong=published is None and bool(created),
    )


def time_of_id(number: str) -> datetime | None:
    """When a post was made, by its id: since November 2010 the upper bits count milliseconds; None for older ids.

    An answer with nothing but X's default fields holds no other time.
    """
    if not number.isascii() or not number.isdigit() or not _FIRST_TIMED_ID <= int(number) < 1 << 63:
        return None
    return datetime.fromtimestamp(((int(number) >> 22) + _ID_EPOCH_MS) / 1000, UTC)


def status_address(number: str, handle: str | None) -> str | None:
    """Where a post can be looked at; without its account's handle, X finds it by its id."""
    return (
        f"https://x.com/{handle or 'i/web'}/status/{number}"
        if number.isascii() and number.isdigit()
        else None
    )


def is_retweet(text: str) -> bool:
    """Whether a post of X only passes on another one: in files nothing but its beginning tells it."""
    return _RETWEET.match(text) is not None


def from_status_address(address: str | None) -> tuple[str, str | None] | None:
    """A post's id and its account's handle, where *address* is that of a post on X; else None."""
    found = _STATUS.match(address or "")
    if found is None:
        return None
    name = fold_handle(found[1])
    return found[2], None if name == "i" else name


# --- the API v2 ---


def handle_query(template: str, handle: str) -> str:
    """The search for a handle's posts, *template* with ``{handle}`` filled in."""
    return template.replace("{handle}", _name(handle))


async def search_pages(
    query: str, *, client: ServiceClient, cursor: Cursor | None = None, limit: int | None = None
) -> AsyncIterator[Page]:
    """What recent search finds, newest first; every post with its author's handle. Raises what `ServiceClient.get` raises."""
    crawl = CrawlProgress.from_cursor(cursor, limit)
    while True:
        params = {**FIELDS, "query": query, "max_results": str(crawl.wanted(PAGE_SIZE, 10))}
        if crawl.next is not None:
            params["next_token"] = crawl.next
        if crawl.since is not None and _is_searchable(crawl.since["id"]):
            params["since_id"] = crawl.since["id"]
        page = _page(
            (await client.get(SEARCH, params, explain=_explain)).value, crawl, f"x {query}"
        )
        yield page
        if page.end is not None:
            return


async def handle_pages(
    handle: str,
    *,
    client: ServiceClient,
    query: str,
    cursor: Cursor | None = None,
    limit: int | None = None,
) -> AsyncIterator[Page]:
    """A handle's posts by recent search; *query* is a template. An empty template reads the account's own posts.

    A search finds nothing of an account that is not there: so a crawl that begins and finds nothing asks about the
    account as well, and raises `AccountGone` where that says why.
    """
    if not query.strip():
        async for page in user_pages(handle, client=client, cursor=cursor, limit=limit):
            yield page
        return
    first = cursor is None
    async for page in search_pages(
        handle_query(query, handle), client=client, cursor=cursor, limit=limit
    ):
        if first and not page.items and page.end is not None:
            await _account_of(handle, client)
        first = False
        yield page


async def user_pages(
    handle: str, *, client: ServiceClient, cursor: Cursor | None = None, limit: int | None = None
) -> AsyncIterator[Page]:
    """An account's own posts, newest first, as far back as X gives them (3,200). Raises `AccountGone`."""
    crawl = CrawlProgress.from_cursor(cursor, limit)
    if crawl.account is None:
        crawl.account = await _account_of(handle, client)
    if crawl.account is None:
        raise ServiceBadAnswer(
            f"x answered without the id of @{handle}: try again later", service=X
        )
    while True:
        params = {**FIELDS, "max_results": str(crawl.wanted(PAGE_SIZE, 5))}
        if crawl.next is not None:
            params["pagination_token"] = crawl.next
        if crawl.since is not None:
            params["since_id"] = crawl.since["id"]
        answer = await client.get(POSTS_OF.format(account=crawl.account), params, explain=_explain)
        _raise_if_gone(handle, answer.value)
        page = _page(answer.value, crawl, f"x @{handle}")
        yield page
        if page.end is not None:
            return


async def _account_of(handle: str, client: ServiceClient) -> str | None:
    """An account's id. Raises `AccountGone` where there is none, or where its posts are hidden."""
    path = USER.format(name=_name(handle))
    try:
        value = (
            await client.get(path, {"user.fields": FIELDS["user.fields"]}, explain=_explain)
        ).value
    except ServiceRefused as refused:
        if refused.status != 404:
            raise
        value = {"errors": [{"title": "Not Found Error"}]}
    _raise_if_gone(handle, value)
    user = value.get("data") if isinstance(value, Mapping) else None
    if not isinstance(user, Mapping):
        return None
    if user.get("protected"):
        raise _gone(handle, "protected", "shows its posts to its followers alone")
    account = user.get("id")
    return account if isinstance(account, str) and account.isdigit() else None


def _page(value: Any, crawl: CrawlProgress, where: str) -> Page:
    meta = value.get("meta") if isinstance(value, Mapping) else None
    data = value.get("data", []) if isinstance(value, Mapping) else None
    if not isinstance(meta, Mapping) or not isinstance(data, list):
        raise ServiceBadAnswer("x answered without `meta` or `data`: try again later", service=X)
    now = datetime.now(UTC)
    users = v2_users(value.get("includes"))
    known = False
    for post in data:
        number = str(post.get("id")) if isinstance(post, Mapping) else ""
        if number.isdigit():
            known = known or (crawl.since is not None and int(number) <= int(crawl.since["id"]))
            crawl.saw(number, f"{int(number):020}")  # ids are in the order of time
    items = tuple(v2_item(post, users, where, index, now=now) for index, post in enumerate(data))
    following = meta.get("next_token")
    return crawl.page(
        items, following if isinstance(following, str) and following else None, known=known
    )


def _explain(refused: Answer) -> TidingsError | None:
    """What X's refusals mean beyond their status."""
    value = refused.value if isinstance(refused.value, Mapping) else {}
    kind = f"{value.get('title', '')} {value.get('type', '')} {value.get('detail', '')}".lower()
    if refused.status == 402 or "creditsdepleted" in kind:
        return CapReached(
            "x has no credits left for this token: buy some in its developer portal", service=X
        )
    if refused.status == 429 and ("usage-capped" in kind or "usagecapexceeded" in kind):
        period = str(value.get("period") or "monthly").lower()
        return CapReached(
            f"x: the {period} cap on posts is reached; wait until it is renewed, or raise it in the developer portal",
            service=X,
        )
    if refused.status == 401:
        return ServiceRefused(
            "x does not accept the token: check TIDINGS_X_BEARER", service=X, status=401
        )
    if refused.status == 403:
        words = f" ({refused.message})" if refused.message else ""
        return ServiceRefused(
            f"x does not allow this to the token's plan{words}: look at its access in the developer portal",
            service=X,
            status=403,
        )
    return None


def _raise_if_gone(handle: str, value: Any) -> None:
    errors = value.get("errors") if isinstance(value, Mapping) and "data" not in value else None
    for error in errors if isinstance(errors, list) else []:
        words = (
            f"{error.get('title', '')} {error.get('detail', '')}".lower()
            if isinstance(error, Mapping)
            else ""
        )
        if "suspended" in words:
            raise _gone(handle, "suspended", "is suspended")
        if "not found" in words or "could not find" in words:
            raise _gone(handle, "not-found", "does not exist")
        if "not authorized" in words or "authorization" in words:
            raise _gone(handle, "protected", "shows its posts to its followers alone")


def _gone(
    handle: str, state: Literal["not-found", "suspended", "protected"], what: str
) -> AccountGone:
    return AccountGone(f"the account @{_name(handle)} {what} on x", service=X, state=state)


def _name(handle: str) -> str:
    name = fold_handle(handle) or ""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{handle!r} is no account of X: its name has up to 15 letters, digits and underscores"
        )
    return name


def _is_searchable(number: str) -> bool:
    moment = time_of_id(number)
    return moment is not None and datetime.now(UTC) - moment < _SEARCHABLE
