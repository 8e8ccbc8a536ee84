"""Runs over news feeds and news sitemaps: each look stores what they have now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from pydantic import Field
from sqlalchemy import Connection

from analysis.kinds.kind import Argument, CrawlTarget
from analysis.kinds.posts import POSTS_PER_READ, PostsKind, PostsParameters
from analysis.options import CommandOption
from analysis.silence import describe_silence
from core.errors import BadInput, UsageError
from core.printing import printable
from models.crawls import first_stored_after, found_before, newest_times
from models.runs import NewJob
from sources.base import clean_name
from sources.polite import host_of_address
from sources.registry import FEEDS_SOURCE

if TYPE_CHECKING:
    from core.settings import Settings

# A job is named after its feed, and an index has room for so long a name.
_LONGEST_ADDRESS = 1000
# The option of a job that holds the outlet as the user calls it.
_OUTLET = "outlet"


class FeedsParameters(PostsParameters):
    """The parameters of `submit feeds`; the addresses are the names of its jobs."""

    kind: Literal["feeds"] = "feeds"
    source: None = None
    limit: Annotated[
        int | None,
        Field(ge=1, le=2**31 - 1),
        CommandOption(
            help="Fetch at most so many documents each.", idle="a feed is read as a whole"
        ),
    ] = None

    #: The outlets of feeds as the user calls them, by address.
    outlets_by_feed: dict[str, str] = Field(default_factory=dict)


class Feeds(PostsKind[FeedsParameters]):
    """Feeds, a job for each; it is named after its address."""

    name = "feeds"
    job_kind = "feed"
    job_noun, job_nouns = "feed", "feeds"
    document_noun = "headline"
    description = (
        "Store what news feeds and news sitemaps have now, with a portrait of each; "
        "`tidings watch` looks again."
    )
    argument = Argument(
        "feeds",
        "FEED...",
        "Addresses of feeds (RSS, Atom, JSON Feed) and news sitemaps, as URL or OUTLET=URL, and "
        "lists of them in OPML files; - reads addresses from standard input.",
        reads_input=True,
    )
    parameters = FeedsParameters
    prefix = ""

    def read_argument(self, texts: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the addresses, and the outlets that are named. Raises `UsageError`."""
        feeds: dict[str, str | None] = {}
        for text in filter(str.strip, texts):
            outlet, equals, address = text.strip().partition("=")
            is_named = bool(equals) and "://" not in outlet
            if is_named or "://" in text:
                chosen = address.strip() if is_named else text.strip()
                feeds[_check(chosen)] = clean_name(outlet) if is_named else None
            else:
                feeds |= _read_opml(Path(text.strip()))

        names = {address: outlet for address, outlet in feeds.items() if outlet}
        parameters, subjects = super().read_argument(list(feeds))
        return {**parameters, "outlets_by_feed": names}, subjects

    def new_job(
        self, job_name: str, parameters: FeedsParameters, options: Mapping[str, Any]
    ) -> NewJob:
        """Return a feed's job; the name of its outlet stays with it."""
        outlet = parameters.outlets_by_feed.get(job_name)
        named = {_OUTLET: outlet} if outlet else {}
        return super().new_job(job_name, parameters, {**options, **named})

    def job_title(self, job_name: str, options: Mapping[str, Any]) -> str:
        """Return the outlet as the user calls it, else the address without its scheme."""
        return options.get(_OUTLET) or job_name.partition("://")[2]

    def argument_words(self, parameters: FeedsParameters, job_names: Sequence[str]) -> list[str]:
        """Return the addresses, with the outlets that were named."""
        names = parameters.outlets_by_feed
        return [f"{names[name]}={name}" if name in names else name for name in job_names]

    def crawl_target(
        self,
        job_name: str,
        parameters: FeedsParameters,
        settings: Settings,  # noqa: ARG002 - feeds need no key
    ) -> CrawlTarget | None:
        """Return the feed."""
        assert FEEDS_SOURCE.feed is not None  # noqa: S101 - it is the source of feeds
        outlet = parameters.outlets_by_feed.get(job_name)
        return CrawlTarget(FEEDS_SOURCE, FEEDS_SOURCE.feed, job_name, outlet)

    def found_by_services(
        self,
        connection: Connection,
        job_name: str,
        parameters: FeedsParameters,  # noqa: ARG002 - there is one source of feeds
    ) -> list[int]:
        """Return the documents that earlier looks at the feed found."""
        return found_before(connection, job_name, source=None)

    def find_stored(
        self,
        connection: Connection,
        job_name: str,
        parameters: FeedsParameters,  # noqa: ARG002
        after: int,
    ) -> tuple[int | None, list[int]]:
        """Return the next documents that looks at the feed stored, whatever run they were of."""
        ids = first_stored_after(
            connection, after, path=job_name, source=FEEDS_SOURCE.name, limit=POSTS_PER_READ
        )
        return (ids[-1] if ids else None), ids

    def describe_documents(self, connection: Connection, job_id: int) -> str | None:
        """Say so if the feed has fallen silent."""
        times = [time.replace(tzinfo=UTC) for time in newest_times(connection, job_id)]
        return describe_silence(times, datetime.now(UTC))


def _check(address: str) -> str:
    """Return an address that can be looked at. Raises `UsageError`."""
    shown = printable(address)
    if host_of_address(address) is None or shown != address:
        raise UsageError(f"{shown} is no address of a feed: write http://… or https://…")
    if len(address) > _LONGEST_ADDRESS:
        raise UsageError(f"{shown[:100]}… is longer than {_LONGEST_ADDRESS:,} characters")
    if "@" in urlsplit(address).netloc:
        raise UsageError("an address with a password would be printed in reports: leave it out")

    return address


def _read_opml(path: Path) -> dict[str, str | None]:
    """Return the addresses of a list of feeds with the names it gives them. Raises `BadInput`."""
    try:
        outlines = ET.parse(path).iter("outline")  # noqa: S314 - expat bounds entities
        listed = {
            _check(address.strip()): clean_name(outline.get("text") or outline.get("title"))
            for outline in outlines
            if (address := outline.get("xmlUrl"))
        }
    except OSError as error:
        raise UsageError(
            f"{printable(str(path))} is neither an address (https://…) nor a list of feeds that "
            f"can be read ({error.strerror})"
        ) from None
    except ET.ParseError as error:
        raise BadInput(f"{printable(str(path))} is no OPML: {error}") from None

    if not listed:
        raise BadInput(f"{printable(str(path))} lists no feeds: no outline has an xmlUrl")

    return listed
