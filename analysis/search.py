"""Which stored posts a search finds: those that hold its term, and what it found before."""

from __future__ import annotations

from sqlalchemy import Connection

from models.crawls import found_before, posts_after
from sources.registry import archives
from textapi.text.keywords import pattern

POSTS_PER_READ = 5000
SEARCH_PREFIX = "search:"


def matching_posts(
    connection: Connection, term: str, after: int, source: str | None
) -> tuple[int | None, list[int]]:
    """Look at the next stored posts after the id *after* for *term*, by the keyword rule.

    Return the last id that was looked at (None where there are no more) and the ids that match.
    """
    no_posts = [archive.name for archive in archives()]
    posts = posts_after(connection, after, source=source, but=no_posts, limit=POSTS_PER_READ)
    if not posts:
        return None, []

    rule = pattern(term)
    return posts[-1][0], [document_id for document_id, text in posts if rule.search(text)]


def find_matching_posts(connection: Connection, job_name: str, source: str | None) -> set[int]:
    """Return the ids of all stored posts that the search called *job_name* finds."""
    term = job_name.removeprefix(SEARCH_PREFIX)
    document_ids = set(found_before(connection, job_name))
    after: int | None = 0

    while after is not None:
        after, matching = matching_posts(connection, term, after, source)
        document_ids.update(matching)

    return document_ids
