"""The progress of a crawl: what every paged source keeps between two pages, as a stored cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import ServiceBadAnswer
from sources.base import Cursor, Empty, Item, Page, SourceDocument, clean

NO_MORE = "there are no more posts"
AT_NEWEST = "it reached the newest post that was known"
REPEATED = "the service gave the same place a second time: older posts cannot be reached"
UNUSABLE = "the service gave a place that cannot be asked for: older posts cannot be reached"
EMPTY = "the service gave page after page without a new post: older posts are left where they are"
ENDLESS = "the service gave more pages than any account has: older posts are left where they are"
#: Readers should know of these ends.
CUT_SHORT = (REPEATED, UNUSABLE, EMPTY, ENDLESS)

#: A crawl ends after so many empty pages in a row; deleted or hidden posts leave one or two.
MAX_EMPTY_PAGES = 20
#: A crawl ends after so many pages, five million posts.
MAX_PAGES = 50_000
#: A longer cursor of a service cannot become part of an address.
LONGEST_CURSOR = 2000
#: A page may have so many times more entries than were requested.
MAX_SURPLUS = 10


def check_page_size(entries: Sequence[object], page_size: int, service: str) -> None:
    """Raise `ServiceBadAnswer` where a page has far more entries than *page_size*."""
    if len(entries) > MAX_SURPLUS * page_size:
        raise ServiceBadAnswer(
            f"{service} answered with {len(entries):,} entries where {page_size} were asked for: "
            "is its address right?",
            service=service,
        )


@dataclass(kw_only=True)
class CrawlProgress:
    """A crawl of one account or search, from the newest post backwards.

    Its cursor is ``{"next", "since", "newest", "fetched", "pages", "empty", "account"}`` on the way
    and ``{"newest", "account"}`` at its end; given the latter, a new crawl goes back to that post.
    """

    #: The service's own cursor of the next page.
    next: str | None = None

    #: The post (``id``, ``time``) at which the crawl ends.
    since: Mapping[str, Any] | None = None

    #: The newest post so far.
    newest: Mapping[str, Any] | None = None
    fetched: int = 0
    pages: int = 0

    #: How many of the last pages in a row have no new post.
    empty: int = 0

    #: The service's own id of the account.
    account: str | None = None

    #: The crawl ends after so many documents.
    limit: int | None = None

    #: Whether the last page was made.
    has_ended: bool = False
    _visited: set[str] = field(default_factory=set)
    _on_last_page: set[str] = field(default_factory=set)
    _has_reached_known: bool = False

    @classmethod
    def from_cursor(cls, cursor: Cursor | None, limit: int | None = None) -> CrawlProgress:
        """Go on from *cursor*; None begins at the newest post."""
        stored = cursor or {}
        if stored.get("next") is None:
            return cls(since=stored.get("newest"), account=stored.get("account"), limit=limit)

        return cls(
            next=stored["next"],
            since=stored.get("since"),
            newest=stored.get("newest"),
            account=stored.get("account"),
            fetched=stored.get("fetched", 0),
            pages=stored.get("pages", 0),
            empty=stored.get("empty", 0),
            limit=limit,
        )

    def page_parameters(
        self,
        at_most: int,
        *,
        size: str,
        following: str,
        since: str | None = None,
        at_least: int = 1,
    ) -> dict[str, str]:
        """Return the parameters of the request for the next page, under the service's names.

        *size* names how many posts it may have, *following* its cursor, *since* the post at which
        it may end.
        """
        remaining = at_most if self.limit is None else self.limit - self.fetched
        parameters = {size: str(max(at_least, min(at_most, remaining)))}

        if self.next is not None:
            parameters[following] = self.next
        if since is not None and self.since is not None:
            parameters[since] = self.since["id"]

        return parameters

    def note_post(self, post_id: str, time: str, *, is_future: bool = False) -> None:
        """Note a post; *time* is ISO 8601 in UTC, so that it compares as a string.

        A post that was read before this crawl ends it: every older one was read then, too. One of
        the future is not taken for the newest.
        """
        since = self.since
        if since is not None and (post_id == since["id"] or time < since["time"]):
            self._has_reached_known = True
        if not is_future and (self.newest is None or time > self.newest["time"]):
            self.newest = {"id": post_id, "time": time}

    def finish_page(self, items: Sequence[Item], following: object) -> Page:
        """Make a page of *items*, with the place behind it.

        *following* is the service's cursor of the next page, if any.
        """
        if self.next is not None:
            self._visited.add(self.next)

        self.next = following if isinstance(following, str) and following else None
        page_items = self._within_limit(items)
        self.fetched += sum(isinstance(item, SourceDocument) for item in page_items)
        self.pages += 1
        self.empty = 0 if self._has_news(items) else self.empty + 1

        end = self._end()
        self.has_ended = end is not None
        return Page(items=page_items, cursor=self._cursor(), end=end)

    def _has_news(self, items: Sequence[Item]) -> bool:
        """Return whether a page has a post that the page before did not have."""
        last_identities = self._on_last_page
        self._on_last_page = {item.identity for item in items if isinstance(item, SourceDocument)}
        has_wordless_posts = any(isinstance(item, Empty) for item in items)
        return has_wordless_posts or not self._on_last_page <= last_identities

    def _end(self) -> str | None:
        """Return why the crawl ends here, None where another page follows."""
        if self._has_reached_known:
            return AT_NEWEST
        if self.next is None:
            return NO_MORE
        if self.next in self._visited:
            return REPEATED
        if self.limit is not None and self.fetched >= self.limit:
            return f"its limit of {self.limit} posts is reached"
        if len(self.next) > LONGEST_CURSOR or clean(self.next)[1]:
            return UNUSABLE
        if self.empty >= MAX_EMPTY_PAGES:
            return EMPTY

        return ENDLESS if self.pages >= MAX_PAGES else None

    def _within_limit(self, items: Sequence[Item]) -> tuple[Item, ...]:
        if self.limit is None:
            return tuple(items)

        limited_items: list[Item] = []
        remaining = self.limit - self.fetched
        for item in items:
            if isinstance(item, SourceDocument):
                if remaining <= 0:
                    break

                remaining -= 1

            limited_items.append(item)

        return tuple(limited_items)

    def _cursor(self) -> dict[str, Any]:
        state: dict[str, Any] = {"newest": self.newest or self.since, "account": self.account}
        if not self.has_ended:
            state |= {
                "next": self.next,
                "since": self.since,
                "fetched": self.fetched,
                "pages": self.pages,
                "empty": self.empty or None,
                "newest": self.newest,
            }

        return {key: part for key, part in state.items() if part is not None}
