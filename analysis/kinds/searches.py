"""Runs over search terms: what people post on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection

from analysis.kinds.kind import Argument, CrawlTarget
from analysis.kinds.posts import POSTS_PER_READ, PostsKind, PostsParameters
from models.crawls import found_before, posts_after
from sources.registry import archives, search_source
from textapi.text.keywords import pattern

if TYPE_CHECKING:
    from core.settings import Settings


class SearchParameters(PostsParameters):
    """The parameters of `submit search`; its jobs are named ``search:TERM``."""

    kind: Literal["search"] = "search"


class Searches(PostsKind[SearchParameters]):
    """Terms, a job for each; the posts that hold the term are linked to it."""

    name = "search"
    job_kind = "search"
    job_noun, job_nouns = "search", "searches"
    description = "What people post on a term: the same steps as for an account."
    argument = Argument("terms", "TERM...", "What people post on; a job for each.")
    parameters = SearchParameters
    prefix = "search:"

    def crawl_target(
        self, job_name: str, parameters: SearchParameters, settings: Settings
    ) -> CrawlTarget | None:
        """Return the term, if a service can be searched for it."""
        source = search_source(parameters.source, settings)
        if source is None or source.search is None:
            return None

        return CrawlTarget(source, source.search, self.subject(job_name))

    def found_by_services(
        self, connection: Connection, job_name: str, parameters: SearchParameters
    ) -> list[int]:
        """Return the posts that earlier searches found, all of the source that is named."""
        return found_before(connection, job_name, source=parameters.source)

    def find_stored(
        self, connection: Connection, job_name: str, parameters: SearchParameters, after: int
    ) -> tuple[int | None, list[int]]:
        """Look at the next stored posts for the term, by the keyword rule."""
        no_posts = [archive.name for archive in archives()]
        posts = posts_after(
            connection, after, source=parameters.source, but=no_posts, limit=POSTS_PER_READ
        )
        if not posts:
            return None, []

        rule = pattern(self.subject(job_name))
        return posts[-1][0], [document_id for document_id, text in posts if rule.search(text)]
