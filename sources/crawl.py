"""The progress of a crawl: what every paged source keeps between two pages, as a stored cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sources.base import Cursor, Item, Page, SourceDocument

NO_MORE = "there are no more posts"
AT_NEWEST = "it reached the newest post that was known"
REPEATED = "the service gave the same place a second time: older posts cannot be reached"


@dataclass(kw_only=True)
class CrawlProgress:
    """A crawl of one account or search, from the newest post backwards.

    Its cursor is ``{"next", "since", "newest", "fetched", "account"}`` on the way and
    ``{"newest", "account"}`` at its end; given the latter, a new crawl goes back to that post.
    """

    next: str | None = None  #: the service's own cursor of the next page
    since: Mapping[str, Any] | None = None  #: the post (``id``, ``time``) at which the crawl ends
    newest: Mapping[str, Any] | None = None  #: the newest post so far
    fetched: int = 0
    account: str | None = None  #: the service's own id of the account
    limit: int | None = None  #: end after so many documents
    _visited: set[str] = field(default_factory=set)

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

    def note_post(self, post_id: str, time: str) -> None:
        """Note a post; *time* is ISO 8601 in UTC, so that it compares as a string."""
        if self.newest is None or time > self.newest["time"]:
            self.newest = {"id": post_id, "time": time}

    def is_known(self, post_id: str, time: str) -> bool:
        """Whether a post was read before this crawl, as every older one then was."""
        if self.since is None:
            return False
        return bool(post_id == self.since["id"] or time < self.since["time"])

    def finish_page(self, items: Sequence[Item], following: object, *, reached_known: bool) -> Page:
        """Make a page of *items*, with the place behind it.

        *following* is the service's cursor of the next page, if any; *reached_known* says that the
        page holds posts from before this crawl.
        """
        if self.next is not None:
            self._visited.add(self.next)
        self.next = following if isinstance(following, str) and following else None
        kept = self._within_limit(items)
        self.fetched += sum(isinstance(item, SourceDocument) for item in kept)

        end = None
        if reached_known:
            end = AT_NEWEST
        elif self.next is None:
            end = NO_MORE
        elif self.next in self._visited:
            end = REPEATED
        elif self.limit is not None and self.fetched >= self.limit:
            end = f"its limit of {self.limit} posts is reached"
        return Page(items=kept, cursor=self._cursor(ended=end is not None), end=end)

    def _within_limit(self, items: Sequence[Item]) -> tuple[Item, ...]:
        if self.limit is None:
            return tuple(items)
        kept: list[Item] = []
        remaining = self.limit - self.fetched
        for item in items:
            if isinstance(item, SourceDocument):
                if remaining <= 0:
                    break
                remaining -= 1
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
