"""The registered sources: their settings exist, and the right one is chosen."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import UsageError
from core.settings import Settings
from sources.registry import (
    SOURCES,
    account_source,
    archives,
    default_archive,
    handle_in_address,
    post_sources,
    search_source,
    source_label,
    source_named,
)
from sources.source import Archive

ROOT = Path(__file__).parents[2]
# An axis, a kind of run and the place of an error have these names, too.
ALSO_CALLED = {"x", "feeds", "loc"}
WITHOUT_KEYS = Settings(_env_file=None)
WITH_KEYS = Settings(_env_file=None, nyt_key="k", x_bearer="b")


def test_the_settings_of_every_service_are_fields_of_the_settings() -> None:
    for service in filter(None, (source.service for source in SOURCES)):
        names = (service.url, service.limits, service.key, service.price_per_post)
        assert {name for name in names if name} <= set(Settings.model_fields)


def test_a_source_is_found_by_its_name() -> None:
    assert [source_named(source.name) for source in SOURCES] == list(SOURCES)
    names = ", ".join(source.name for source in SOURCES)
    with pytest.raises(UsageError, match=f"^'z' is no source: use one of {names}$"):
        source_named("z")

    assert (source_label("nyt"), source_label("z")) == ("The New York Times", "z")


def test_archives_and_sources_of_posts_are_all_sources() -> None:
    assert {*archives(), *post_sources()} == set(SOURCES)
    assert default_archive() in archives()


@pytest.mark.parametrize(
    ("handle", "named", "chosen"),
    [
        ("ann@home.example", None, "mastodon"),
        ("ann.bsky.social", None, "bluesky"),
        ("did:plc:ann", None, "bluesky"),
        ("nasa", None, "x"),
        ("a_name_that_is_too_long", None, None),
        ("nasa", "posts", None),
        ("nasa", "bluesky", "bluesky"),
    ],
)
def test_a_handle_has_the_source_of_its_form_or_the_named_one(
    handle: str, named: str | None, chosen: str | None
) -> None:
    source = account_source(handle, named, WITH_KEYS)
    assert (source.name if source else None) == chosen


def test_a_service_whose_key_is_not_set_is_not_chosen() -> None:
    assert account_source("nasa", None, WITHOUT_KEYS) is None
    assert search_source(None, WITHOUT_KEYS) is None
    searched = search_source(None, WITH_KEYS)
    assert searched is not None
    assert searched.name == "x"
    assert search_source("bluesky", WITH_KEYS) is None
    assert not default_archive().is_available(WITHOUT_KEYS)


def unix(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "fetched", "stored", "complete", "expected"),
    [
        ("2024-03-01", None, 0, False, True),
        ("2024-03-01", None, 7, False, False),  # imported
        ("2024-01-20", None, 7, False, True),  # imported in part
        ("2024-03-01", "2024-02-28", 7, False, True),
        ("2024-03-01", "2024-02-28", 7, True, False),
        ("2024-02-03", "2024-02-01", 7, True, True),  # its last documents came later
        ("2024-01-20", "2024-01-19", 7, True, True),
        ("2024-01-20T12:00", "2024-01-20", 7, True, False),
        # The clock was ahead when it was fetched.
        ("2024-01-20", "2034-01-20", 7, True, True),
        ("2024-01-20", "2024-01-20T12:00", 7, True, False),
    ],
)
def test_a_month_is_fetched_until_it_is_complete_and_over(
    now: str, fetched: str | None, stored: int, *, complete: bool, expected: bool
) -> None:
    archive = Archive(read=lambda _: iter(()))
    fetched_at = None if fetched is None else unix(fetched)
    is_due = archive.is_to_be_fetched(
        "2024-01", stored=stored, complete=complete, fetched_at=fetched_at, now=unix(now)
    )
    assert is_due == expected


def test_no_service_is_named_outside_its_module() -> None:
    names = "|".join({source.name for source in SOURCES if source.service} - ALSO_CALLED)
    constant = re.compile(rf"""["'](?:{names})["']""")
    folders = ("analysis", "producers", "workers", "models", "reports")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    naming = {str(path.relative_to(ROOT)) for path in files if constant.search(path.read_text())}
    assert naming <= {"models/documents.py", "reports/data/queries.py"}  # until `DocumentScope`


@pytest.mark.parametrize(
    ("address", "handle"),
    [
        ("https://x.com/NASA", "NASA"),
        ("http://www.twitter.com/@NASA/?lang=en", "NASA"),
        ("x.com/NASA", "NASA"),
        ("https://mobile.twitter.com/#!/NASA", "NASA"),
        ("https://bsky.app/profile/bsky.app", "bsky.app"),
        ("https://bsky.app/profile/did:plc:ann", "did:plc:ann"),
        ("https://mastodon.social/@Gargron", "Gargron@mastodon.social"),
        ("https://mastodon.social/@ann@home.example", "ann@home.example"),
        ("https://mastodon.social/users/Gargron", "Gargron@mastodon.social"),
        ("https://x.com/search?q=nasa", None),
        ("https://x.com/NASA/status/1", None),
        ("https://bsky.app/profile/bsky.app/post/3k", None),
        ("https://example.org/NASA", None),
        ("nasa", None),
        ("ann@home.example", None),
    ],
)
def test_the_address_of_a_profile_is_its_handle(address: str, handle: str | None) -> None:
    assert handle_in_address(address) == handle
