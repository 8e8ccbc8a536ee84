"""Where a crawl stands: what every paged source keeps between two pages, as a cursor that can be stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sources.base import Cursor, Item, Page, SourceDocument

NO_MORE = "there are no more posts"
AT_NEWEST = "it reached the newest post that was known"
REPEATED = "the service gave the same place a second time: older posts cannot be reached"


@dataclass(kw_only=True)
class CrawlProgress:
    """A crawl of one account or search, from the newest post backwards.

    Its cursor is ``{"next", "since", "newest", "fetched", "account"}`` on the way and ``{"newest", "account"}``
    at its end; given the latter, a new crawl goes back as far as that newest post.
    """

    next: str | None = None  #: the service's own cursor of the page to ask for
    since: Mapping[str, Any] | None = (
        None  #: the post at which this crawl may stop: ``id`` and ``time``
    )
    newest: Mapping[str, Any] | None = None  #: the newest post seen so far
    fetched: int = 0
    account: str | None = None  #: the service's own id of the account
    limit: int | None = None  #: stop after so many documents
    _seen: set[str] = field(default_factory=set)

    @classmethod
    def from_cursor(cls, cursor: Cursor | None, limit: int | None = None) -> CrawlProgress:
        """Go on where *cursor* says; None begins at the newest post."""
        stored = cursor or {}
        if stored.get("next") is None:
            return cls(since=stored.get("newest"), account=stored.get("account"), limit=limit)
        return cls(
            next=stored["next"],
            since=stored.get("since"),
            newest=stored.get("newest"),
            account=stored.get("account"),
            fetched=stored.get("fetched", 0),
            limit=limit,
        )

    def wanted(self, at_most: int, at_least: int = 1) -> int:
        """How many posts to ask for on the next page."""
        left = at_most if self.limit is None else self.limit - self.fetched
        return max(at_least, min(at_most, left))

    def saw(self, post_id: str, time: str) -> None:
        """Note a post; *time* is ISO 8601 in UTC, so that it compares as a string."""
        if self.newest is None or time > self.newest["time"]:
            self.newest = {"id": post_id, "time": time}

    def knows(self, post_id: str, time: str) -> bool:
        """Whether a post was known before this crawl, as every older one then was."""
        return self.since is not None and (post_id == self.since["id"] or time < self.since["time"])

    def page(self, items: tuple[Item, ...], following: str | None, *, known: bool) -> Page:
        """The page just read, with the place behind it; *known*: it holds posts from before this crawl."""
        if self.next is not None:
            self._seen.add(self.next)
        items = self._cut(items)
        self.fetched += sum(isinstance(item, SourceDocument) for item in items)
        end = None
        if known:
            end = AT_NEWEST
        elif following is None:
            end = NO_MORE
        elif following in self._seen:
            end = REPEATED
        elif self.limit is not None and self.fetched >= self.limit:
            end = f"its limit of {self.limit} posts is reached"
        self.next = following
        return Page(items=items, cursor=self._cursor(ended=end is not None), end=end)

    def _cut(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        if self.limit is None:
            return items
        kept: list[Item] = []
        left = self.limit - self.fetched
        for item in items:
            if isinstance(item, SourceDocument):
                if left <= 0:
                    break
                left -= 1
            kept.append(item)
        return tuple(kept)

    def _cursor(self, *, ended: bool) -> dict[str, Any]:
        place: dict[str, Any] = {"newest": self.newest or self.since, "account": self.account}
        if not ended:
            place |= {
                "next": self.next,
                "since": self.since,
                "fetched": self.fetched,
                "newest": self.newest,
            }
        return {name: value for name, value in place.items() if value is not None}
