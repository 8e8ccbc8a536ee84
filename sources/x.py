"""Posts of X: from its API v2, from files of that API's answers, and from an account's archive."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import (
    BadInput,
    CapReached,
    ServiceBadAnswer,
    ServiceRefused,
    TidingsError,
    UsageError,
)
from sources.base import (
    AccountGone,
    AccountState,
    Empty,
    Item,
    LeftOut,
    Page,
    SourceDocument,
    clean,
    clean_name,
    clean_or_none,
    fold_handle,
    mapping_or_empty,
    text_or_empty,
)
from sources.columns import COLUMN_NAMES, fold_column
from sources.crawl import CrawlProgress, check_page_size
from sources.file_reading import open_file
from sources.post_cleaning import decode_entities, is_repost_by_text
from sources.source import (
    AccountArchive,
    CrawlRequest,
    JsonFormat,
    PostReader,
    ReadContext,
    Service,
    Source,
    TableRules,
)
from sources.table_rows import TableRow
from sources.timestamps import parse_time

if TYPE_CHECKING:
    from core.service_client import ServiceAnswer, ServiceClient

NAME = "x"

_STATUS = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/(?:#!/)?([^/?#]+)/status(?:es)?/(\d+)",
    re.IGNORECASE,
)
_PROFILE = re.compile(
    r"(?:https?://)?(?:www\.|mobile\.)?(?:twitter|x)\.com/(?:#!/)?"
    r"(?!(?:explore|hashtag|home|i|intent|search|share)\b)@?(\w{1,15})/?(?:[?#].*)?",
    re.IGNORECASE | re.ASCII,
)
_FIRST_TIMED_ID = 29_700_859_247
_ID_EPOCH_MS = 1_288_834_974_657
_POST_ID = re.compile(r"\d{1,20}", re.ASCII)
_HANDLE = re.compile(r"\w{1,15}", re.ASCII)
# No post of the API has a field with such a name.
_COLUMNS_OF_TABLES = frozenset(
    {*COLUMN_NAMES["published_at"], *COLUMN_NAMES["handle"], *COLUMN_NAMES["address"]}
    - {"created_at"}
)

_SEARCH_PATH = "/2/tweets/search/recent"
_USER_PATH = "/2/users/by/username/{name}"
_PAGE_SIZE = 100
_FIELDS = {
    "tweet.fields": "author_id,created_at,lang,note_tweet,referenced_tweets",
    "expansions": "author_id",
    "user.fields": "protected,username",
}
# So many bytes of ``account.js`` are read.
_LONGEST_ACCOUNT = 2**20
# The word "Monthly" or its like is cut to so many characters.
_LONGEST_PERIOD = 20
# X refuses an older `since_id`.
_SEARCHABLE = timedelta(days=7) - timedelta(minutes=5)


# --- from objects to documents ---


def read_post(post: Any, index: int, context: ReadContext) -> Item:
    """Make an item of a post in a file: of the API v2, or of v1.1 as in an account's archive."""
    is_v1 = "tweet" in context.first or "id_str" in context.first
    read = _read_v1_post if is_v1 else _read_v2_post
    return read(post, index, context)


def _read_v2_post(post: Any, index: int, context: ReadContext) -> Item:
    post_id = clean_or_none(mapping_or_empty(post).get("id"))
    if post_id is None:
        return LeftOut(context.file, index, "it is no post of X: it has no id")

    # A long post has its full text here; `text` is only its beginning.
    note = post.get("note_tweet")
    text = note.get("text") if isinstance(note, Mapping) else post.get("text")
    if not isinstance(text, str) or not text.strip():
        return Empty(context.file, index)

    author = clean_or_none(post.get("author_id"))
    referenced = post.get("referenced_tweets")
    is_retweet = isinstance(referenced, list) and any(
        mapping_or_empty(reference).get("type") == "retweeted" for reference in referenced
    )
    document = SourceDocument(
        source=NAME,
        native_id=post_id,
        text=text,
        handle=context.authors.get(author or "") or context.handle,
        author_id=author,
        language=clean_name(post.get("lang")),
        repost=is_retweet,
    )
    return _complete(document, post.get("created_at"), context.now)


def _read_v1_post(entry: Any, index: int, context: ReadContext) -> Item:
    post = entry.get("tweet", entry) if isinstance(entry, Mapping) else None
    post_id = None
    if isinstance(post, Mapping):
        raw_id = post.get("id")
        written = post.get("id_str") or (str(raw_id) if isinstance(raw_id, int) else raw_id)
        post_id = clean_or_none(written)

    if post is None or post_id is None:
        return LeftOut(context.file, index, "it is no post of X: it has no id")

    # A post that a stream cut off has its full text here.
    extended = mapping_or_empty(post.get("extended_tweet"))
    text = extended.get("full_text") or post.get("full_text") or post.get("text")
    if not isinstance(text, str) or not text.strip():
        return Empty(context.file, index)

    user = mapping_or_empty(post.get("user"))
    document = SourceDocument(
        source=NAME,
        native_id=post_id,
        text=text,
        handle=fold_handle(user.get("screen_name")) or context.handle,
        author_id=clean_or_none(user.get("id_str")),
        language=clean_name(post.get("lang")),
        repost=isinstance(post.get("retweeted_status"), Mapping),
    )
    return _complete(document, post.get("created_at"), context.now)


def _complete(document: SourceDocument, created: object, now: datetime) -> SourceDocument:
    text, replaced = clean(decode_entities(document.text).strip())
    moment = parse_time(created) or time_of_id(document.native_id)
    published = SOURCE.stored_time(moment, now)
    return replace(
        document,
        text=text,
        published_at=published,
        address=_status_address(document.native_id, document.handle),
        repost=document.repost or is_repost_by_text(text),
        replaced=replaced,
        time_wrong=published is None and bool(created),
    )


def _read_authors(includes: object) -> dict[str, str]:
    """Return handles by account id, of an answer's ``includes``."""
    handles: dict[str, str] = {}
    users = mapping_or_empty(includes).get("users")
    for user in users if isinstance(users, list) else []:
        account, username = mapping_or_empty(user).get("id"), mapping_or_empty(user).get("username")
        handle = fold_handle(username)
        if isinstance(account, str) and handle:
            handles[account] = handle

    return handles


def time_of_id(post_id: str) -> datetime | None:
    """Return when a post was made, by its id; None for ids from before November 2010.

    The upper bits count milliseconds. An answer with X's default fields holds no other time.
    """
    if not _POST_ID.fullmatch(post_id):
        return None
    if not _FIRST_TIMED_ID <= int(post_id) < 1 << 63:
        return None

    return datetime.fromtimestamp(((int(post_id) >> 22) + _ID_EPOCH_MS) / 1000, UTC)


def _status_address(post_id: str, handle: str | None) -> str | None:
    """Return a post's address; without its account's handle, X finds it by its id."""
    if not _POST_ID.fullmatch(post_id):
        return None
    return f"https://x.com/{handle or 'i/web'}/status/{post_id}"


def _parse_status_address(address: str | None) -> tuple[str | None, str | None]:
    """Return the id and the handle in a post's address, as far as they are there."""
    match = _STATUS.match(address or "")
    if match is None:
        return None, None

    handle = fold_handle(match[1])
    return match[2], None if handle == "i" else handle


def _complete_row(table_row: TableRow, context: ReadContext) -> TableRow:
    """Fill in a row's fields from its post's address, and its address and time from the id."""
    id_in_address, handle_in_address = _parse_status_address(table_row.address)
    # Without a time in it, the id may number the rows.
    has_post_id = time_of_id(table_row.native_id or "") is not None
    table_row = replace(
        table_row,
        native_id=table_row.native_id if has_post_id else id_in_address or table_row.native_id,
        handle=table_row.handle or handle_in_address or context.handle,
    )
    if table_row.native_id is None:
        return table_row

    time_in_id = SOURCE.stored_time(time_of_id(table_row.native_id), context.now)
    return replace(
        table_row,
        address=table_row.address or _status_address(table_row.native_id, table_row.handle),
        published_at=table_row.published_at or time_in_id,
    )


def _recognizes(post: Mapping[str, Any], key: str) -> bool:
    if isinstance(post.get("tweet"), Mapping) or "id_str" in post:
        return True
    if "edit_history_tweet_ids" in post:
        return True

    has_post_id = _POST_ID.fullmatch(text_or_empty(post.get("id"))) is not None
    return key == "data" and has_post_id and _COLUMNS_OF_TABLES.isdisjoint(map(fold_column, post))


def _recognizes_row(columns: Mapping[str, str], address: str | None) -> bool:
    has_tweet_id = fold_column(columns.get("id", "")) == "tweet_id"
    return has_tweet_id or _parse_status_address(address)[0] is not None


def _has_handles(context: ReadContext) -> bool:
    has_author = isinstance(context.first.get("user"), Mapping)
    return context.handle is not None or bool(context.authors) or has_author


def _read_handle_beside(path: Path) -> str | None:
    """Return the handle in ``account.js`` in the folder of an account's archive, if it is there."""
    try:
        with open_file(path.parent / "account.js") as file:
            _, _, text = file.read(_LONGEST_ACCOUNT).decode().partition("=")

        return fold_handle(json.loads(text)[0]["account"]["username"])
    except (BadInput, OSError, ValueError, LookupError, TypeError, RecursionError):
        # The option --handle can still name the account.
        return None


# --- the API v2 ---


def account_query(template: str, handle: str) -> str:
    """Return the search for a handle's posts: *template* with ``{handle}`` filled in."""
    return template.replace("{handle}", _account_name(handle))


def term_query(template: str, term: str) -> str:
    """Return the search for a term, with the filters of the *template* for a handle's posts."""
    handleless_template = template.replace("from:{handle}", "").replace("{handle}", "")
    filters = " ".join(handleless_template.split())
    quoted_term = f'"{term}"' if " " in term else term
    return f"{quoted_term} {filters}".strip()


def search_pages(request: CrawlRequest) -> AsyncIterator[Page]:
    """Read the posts on a term by recent search, newest first. Raises what the client raises."""
    return _search(request, term_query(request.settings.x_query, request.subject))


async def account_pages(request: CrawlRequest) -> AsyncIterator[Page]:
    """Read a handle's posts by recent search, newest first.

    A search finds no post of an account that does not exist. So a crawl that begins without a post
    looks the account up, too, and raises `AccountGone` if that tells why.
    """
    is_first = request.cursor is None
    query = account_query(request.settings.x_query, request.subject)
    async for page in _search(request, query):
        if is_first and not page.items and page.end is not None:
            await _check_account(request.subject, request.client)

        is_first = False
        yield page


async def _search(request: CrawlRequest, query: str) -> AsyncIterator[Page]:
    crawl = CrawlProgress.from_cursor(request.cursor, request.limit)
    while not crawl.has_ended:
        is_recent = crawl.since is not None and _is_searchable(crawl.since["id"])
        since = "since_id" if is_recent else None
        page_parameters = crawl.page_parameters(
            _PAGE_SIZE, at_least=10, size="max_results", following="next_token", since=since
        )
        params = {**_FIELDS, "query": query, **page_parameters}
        answer = await request.client.get(_SEARCH_PATH, params, explain=_explain)
        yield _page(answer.value, crawl, f"x {query}")


def _is_searchable(post_id: str) -> bool:
    moment = time_of_id(post_id)
    return moment is not None and datetime.now(UTC) - moment < _SEARCHABLE


def _page(json_answer: Any, crawl: CrawlProgress, location: str) -> Page:
    answer = mapping_or_empty(json_answer)
    meta, posts = answer.get("meta"), answer.get("data", [])
    if not isinstance(meta, Mapping) or not isinstance(posts, list):
        raise ServiceBadAnswer("x answered without `meta` or `data`: try again later", service=NAME)

    check_page_size(posts, _PAGE_SIZE, NAME)

    now = datetime.now(UTC)
    for post in posts:
        post_id = text_or_empty(mapping_or_empty(post).get("id"))
        if _POST_ID.fullmatch(post_id):
            moment = time_of_id(post_id)
            is_future = moment is not None and moment > now
            # Ids are in the order of time.
            crawl.note_post(post_id, f"{int(post_id):020}", is_future=is_future)

    authors = _read_authors(answer.get("includes"))
    context = ReadContext(file=location, now=now, authors=authors)
    items = [_read_v2_post(post, index, context) for index, post in enumerate(posts)]
    return crawl.finish_page(items, meta.get("next_token"))


async def _check_account(handle: str, client: ServiceClient) -> None:
    """Raise `AccountGone` where an account does not exist or hides its posts."""
    path = _USER_PATH.format(name=_account_name(handle))
    params = {"user.fields": _FIELDS["user.fields"]}
    try:
        answer = await client.get(path, params, explain=_explain)
    except ServiceRefused as refused:
        if refused.status == 404:
            raise _gone(handle, "not-found", "does not exist") from None

        raise

    _raise_if_gone(handle, answer.value)
    user = mapping_or_empty(mapping_or_empty(answer.value).get("data"))
    if user.get("protected"):
        raise _gone(handle, "protected", "shows its posts to its followers alone")


def _explain(refused: ServiceAnswer) -> TidingsError | None:
    """Say what a refusal of X means beyond its status."""
    body = mapping_or_empty(refused.value)
    problem = f"{body.get('title', '')} {body.get('type', '')} {body.get('detail', '')}".lower()
    is_capped = "usage-capped" in problem or "usagecapexceeded" in problem

    if refused.status == 402 or "creditsdepleted" in problem:
        return CapReached(
            "x has no credits left for this token: buy some in its developer portal", service=NAME
        )

    if refused.status == 429 and is_capped:
        period = text_or_empty(body.get("period"))[:_LONGEST_PERIOD].lower() or "monthly"
        return CapReached(
            f"x: the {period} cap on posts is reached; "
            "wait until it is renewed, or raise it in the developer portal",
            service=NAME,
        )

    if refused.status == 401:
        return ServiceRefused(
            "x does not accept the token: check TIDINGS_X_BEARER", service=NAME, status=401
        )

    if refused.status == 403:
        explanation = f" ({refused.message})" if refused.message else ""
        return ServiceRefused(
            f"x does not allow this to the token's plan{explanation}: "
            "look at its access in the developer portal",
            service=NAME,
            status=403,
        )

    return None


def _raise_if_gone(handle: str, json_answer: Any) -> None:
    answer = mapping_or_empty(json_answer)
    errors = answer.get("errors") if "data" not in answer else None
    for error in errors if isinstance(errors, list) else []:
        details = mapping_or_empty(error)
        title, detail = text_or_empty(details.get("title")), text_or_empty(details.get("detail"))
        error_text = f"{title} {detail}".lower()
        if "suspended" in error_text:
            raise _gone(handle, "suspended", "is suspended")
        if "not found" in error_text or "could not find" in error_text:
            raise _gone(handle, "not-found", "does not exist")
        if "not authorized" in error_text or "authorization" in error_text:
            raise _gone(handle, "protected", "shows its posts to its followers alone")


def _gone(handle: str, state: AccountState, reason: str) -> AccountGone:
    message = f"the account @{_account_name(handle)} {reason} on x"
    return AccountGone(message, service=NAME, state=state)


def _account_name(handle: str) -> str:
    account_name = fold_handle(handle) or ""
    if not _HANDLE.fullmatch(account_name):
        raise UsageError(
            f"{handle!r} is no account of X: its name has up to 15 letters, digits and underscores"
        )

    return account_name


def _handle_in_address(address: str) -> str | None:
    match = _PROFILE.fullmatch(address)
    return match[1] if match else None


SOURCE = Source(
    name=NAME,
    label="X (Twitter until July 2023)",
    terms="The posts belong to their authors; what X's API gives is used under its developer "
    "agreement and policy: https://developer.x.com/en/developer-terms/agreement-and-policy",
    earliest=datetime(2006, 3, 21, tzinfo=UTC),
    service=Service(
        url="x_url",
        limits="x_limits",
        key="x_bearer",
        bearer=True,
        price_per_post="x_price_per_post",
    ),
    account=PostReader(
        operation="posts",
        handle_form=_HANDLE,
        pages=account_pages,
        posts_name_handle=True,
        most_posts=3_200,
    ),
    search=PostReader(operation="search", pages=search_pages),
    json_format=JsonFormat(
        recognizes=_recognizes,
        read=read_post,
        lists=frozenset({("data",), ("statuses",)}),
        authors_key="includes",
        read_authors=_read_authors,
        account_archive=AccountArchive(
            # Older archives call the list "tweet".
            lists=frozenset({"tweet", "tweets"}),
            hint="an X archive, not its posts: import tweets.js",
            handle_beside=_read_handle_beside,
        ),
        has_handles=_has_handles,
    ),
    table_rules=TableRules(
        complete=_complete_row,
        recognizes=_recognizes_row,
        address_has_handle=True,
    ),
    handle_in_address=_handle_in_address,
)
