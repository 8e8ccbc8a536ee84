"""Runs over search terms: what people post on each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Connection

from analysis.kinds.kind import Argument, CrawlTarget
from analysis.kinds.posts import PostsKind, PostsParameters
from core.errors import UsageError
from core.settings import Settings
from models.crawls import posts_after
from sources.registry import archives, search_source
from textapi.text.keywords import pattern

PREFIX = "search:"
POSTS_PER_READ = 5000


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
    links_documents = True

    def read_argument(self, texts: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the terms."""
        terms = [term for term in texts if term.strip()]
        if not terms:
            raise UsageError("no term was given")
        return {}, terms

    def job_names(
        self,
        parameters: SearchParameters,  # noqa: ARG002
        names: Sequence[str],
    ) -> list[str]:
        """Return the names of the terms' jobs."""
        return [PREFIX + term for term in names]

    def subject(self, job_name: str) -> str:
        """Return the term."""
        return job_name.removeprefix(PREFIX)

    def argument_words(
        self,
        parameters: SearchParameters,  # noqa: ARG002
        job_names: Sequence[str],
    ) -> list[str]:
        """Return the terms."""
        return [self.subject(job_name) for job_name in job_names]

    def crawl_target(
        self, job_name: str, parameters: SearchParameters, settings: Settings
    ) -> CrawlTarget | None:
        """Return the term, if a service can be searched for it."""
        source = search_source(parameters.source, settings)
        if source is None or source.search is None:
            return None
        term = self.subject(job_name)
        return CrawlTarget(source, source.search, job_name, term, links_documents=True)

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
