"""The sources that Tidings reads. Another one is a module with a `Source`, and its line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import UsageError
from core.printing import printable
from sources import (
    archive,
    bluesky,
    feeds,
    loc,
    mastodon,
    nyt,
    posts,
    sitemaps,
    x,
)
from sources.source import Source

if TYPE_CHECKING:
    from core.settings import Settings

SOURCES = (
    nyt.SOURCE,
    archive.SOURCE,
    feeds.SOURCE,
    sitemaps.SOURCE,
    loc.SOURCE,
    x.SOURCE,
    bluesky.SOURCE,
    mastodon.SOURCE,
    posts.SOURCE,
)
# Rows that no other source recognizes belong to this source.
FALLBACK_SOURCE = posts.SOURCE
# Such rows belong to this source if they have an outlet.
HEADLINES_SOURCE = archive.SOURCE
# Documents that are read at the addresses of feeds belong to this source.
FEEDS_SOURCE = feeds.SOURCE

_BY_NAME = {source.name: source for source in SOURCES}


def source_named(source_name: str) -> Source:
    """Return the source of that name. Raises `UsageError` where there is none."""
    if source_name not in _BY_NAME:
        raise UsageError(f"{source_name!r} is no source: use one of {', '.join(_BY_NAME)}")
    return _BY_NAME[source_name]


def source_label(source_name: str) -> str:
    """Return a source's name for readers, or *source_name* itself if it is not registered."""
    return _BY_NAME[source_name].label if source_name in _BY_NAME else source_name


def terms_of(source_name: str) -> str:
    """Return whose a source's texts are and under which terms they are used, as a sentence."""
    return _BY_NAME[source_name].terms if source_name in _BY_NAME else Source.terms


def archives() -> tuple[Source, ...]:
    """Return the sources whose documents are read by month."""
    return tuple(source for source in SOURCES if source.archive is not None)


def post_sources() -> tuple[Source, ...]:
    """Return the sources whose documents are posts of accounts."""
    return tuple(source for source in SOURCES if source.archive is None)


def default_archive() -> Source:
    """Return the archive of a run that names none: the first that is registered."""
    return archives()[0]


def handle_in_address(address: str) -> str | None:
    """Return the handle of the account whose profile is at *address*; None for any other text."""
    handles = (source.handle_in_address(address) for source in post_sources())
    return next(filter(None, handles), None)


def parse_handle(text: str) -> str:
    """Return the handle in *text*: itself, or of the profile that it is the address of.

    Raises `UsageError` for another address.
    """
    stripped = text.strip()
    if printable(stripped) != stripped:
        raise UsageError(f"{printable(stripped)} is no handle: it holds what no name has")

    handle = handle_in_address(stripped)
    if handle is None and "://" in stripped:
        raise UsageError(
            f"{printable(stripped)} is no profile of a service known here: write the account's "
            "name, as @nasa"
        )

    return handle or stripped


def account_source(handle: str, source_name: str | None, settings: Settings) -> Source | None:
    """Return the source whose service is asked for a handle's posts.

    That is the named one, else the first whose handles have this form; None where it has no
    service or its key is not set, so that the stored documents are all there is.
    """
    for source in post_sources():
        reader = source.account
        if reader is None:
            continue
        if source.name == source_name or (
            source_name is None and reader.handle_form.fullmatch(handle)
        ):
            return source if source.is_available(settings) else None

    return None


def search_source(source_name: str | None, settings: Settings) -> Source | None:
    """Return the source (the named one, else any) whose service can be searched for a term."""
    for source in post_sources():
        is_chosen = source_name in (None, source.name)
        if source.search is not None and is_chosen and source.is_available(settings):
            return source

    return None
