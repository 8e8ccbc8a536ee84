"""What kinds of run over posts share: they compare a portrait of each subject with the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, Field
from sqlalchemy import Connection, Row, select

from analysis.data import PostData, ResultReader
from analysis.job_data import (
    codebook_reader,
    read_coding_network,
    read_in_thread,
    read_other_posts,
)
from analysis.kinds.kind import DocumentKind, News, PlannedJob
from analysis.languages import DocumentLanguages
from analysis.options import CommandOption, TextOptions
from analysis.pipelines import POSTS
from core.enums import State
from core.errors import UsageError
from core.quantities import quantity
from models.database import Database
from models.documents import (
    DocumentScope,
    DocumentText,
    documents_by_id,
    documents_of,
    list_documents,
)
from models.jobs import Claim
from models.languages import languages_by_id
from models.runs import NewJob
from models.tables import Document
from sources.registry import post_sources
from sources.source import Source

if TYPE_CHECKING:
    from core.settings import Settings

# A kind that looks for its posts among the stored ones reads so many in a transaction.
POSTS_PER_READ = 5_000


class PostsParameters(TextOptions):
    """The parameters of every run over posts; without a *source*, those of all sources count."""

    source: Annotated[
        str | None,
        CommandOption(
            help=f"Only this source: {', '.join(source.name for source in post_sources())}.",
            choices=tuple(source.name for source in post_sources()),
        ),
    ] = None
    steps: Annotated[
        tuple[str, ...],
        AfterValidator(POSTS.sort_names),
        CommandOption(
            help=f"Comma-separated, of: {', '.join(sorted(POSTS.names))}.", is_separated=True
        ),
    ] = POSTS.default_names
    phrases: Annotated[
        int, Field(ge=1, le=100), CommandOption(help="Phrases kept.", step="phrases")
    ] = 5


P = TypeVar("P", bound=PostsParameters)


class PostsKind(DocumentKind[P]):
    """A kind of run whose jobs are the posts of a subject each.

    A job is named after its subject, with the *prefix* before it.
    """

    prefix: ClassVar[str]
    report = "posts"
    estimates = "summaries of summaries are estimated with our own"
    document_noun = "post"
    # Posts end with the same signature or tag, and say another thing each time.
    has_families = False
    pipeline = POSTS
    companions = 4

    def read_argument(self, texts: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the names of the subjects. Raises `UsageError` if there is none."""
        subjects = [text for text in texts if text.strip()]
        if not subjects:
            noun = self.argument.metavar.removesuffix("...").lower()
            raise UsageError(f"no {noun} was given")

        return {}, subjects

    def job_names(
        self,
        parameters: P,  # noqa: ARG002 - the subjects are no parameters
        subjects: Sequence[str],
    ) -> list[str]:
        """Return the names of the subjects' jobs."""
        return [self.prefix + subject for subject in subjects]

    def subject(self, job_name: str) -> str:
        """Return the subject of a job."""
        return job_name.removeprefix(self.prefix)

    def argument_words(
        self,
        parameters: P,  # noqa: ARG002
        job_names: Sequence[str],
    ) -> list[str]:
        """Return the subjects."""
        return [self.subject(job_name) for job_name in job_names]

    async def load_data(
        self, db: Database, claim: Claim, scope: DocumentScope, parameters: P
    ) -> PostData:
        """Return the posts of *scope*."""
        posts = await read_in_thread(db, list_documents, scope)
        languages = await read_in_thread(db, _languages_of, posts)
        subject = self.subject(claim.name)
        other_posts = partial(read_other_posts, db, claim)
        post_data = PostData(
            posts,
            parameters,
            subject,
            read_other_posts=other_posts,
            read_codebook=codebook_reader(db, parameters),
            languages=languages,
        )
        if parameters.coding_network is None:
            return post_data

        read_network = partial(read_coding_network, db, parameters.coding_network)
        return replace(post_data, read_network=read_network)

    def plan_stored(
        self,
        db: Database,
        job: NewJob,
        parameters: P,
        *,
        settings: Settings,
        results: ResultReader,  # noqa: ARG002 - no step over posts reads them
    ) -> PlannedJob:
        """Return the stored posts of a subject, and the source that would be called for more."""
        target = self.crawl_target(job.name, parameters, settings)
        source_calls = [] if target is None else [(target.source, target.reader.operation)]
        with db.read() as connection:
            posts = self._list_stored(connection, job, parameters)
            languages = _languages_of(connection, posts)

        post_data = PostData(
            posts, parameters, read_codebook=codebook_reader(db, parameters), languages=languages
        )
        return PlannedJob(len(posts), post_data, source_calls)

    def _list_stored(
        self, connection: Connection, job: NewJob, parameters: P
    ) -> list[DocumentText]:
        if not job.scope.is_linked:
            return list_documents(connection, job.scope)

        ids = set(self.found_by_services(connection, job.name, parameters))
        for batch in self._find_after(connection, job.name, parameters, 0):
            ids.update(batch)

        newest = job.scope.newest_document
        if newest is not None:
            ids = {document for document in ids if document <= newest}

        return documents_by_id(connection, sorted(ids))

    def _find_after(
        self, connection: Connection, job_name: str, parameters: P, after: int
    ) -> Iterator[list[int]]:
        last_id: int | None = after
        while last_id is not None:
            last_id, ids = self.find_stored(connection, job_name, parameters, last_id)
            yield ids

    def describe_plan(
        self,
        parameters: P,
        settings: Settings,
        asked: Mapping[Source, int],
        jobs_without_data: int,  # noqa: ARG002 - an account without posts costs nothing
    ) -> list[str]:
        """Return remarks on the sources that are called, and on the price of their posts."""
        remarks = [
            f"{source.name} is asked for {subjects:,}, a call at least for each: "
            "what is new is not counted"
            for source, subjects in asked.items()
        ]
        for source, subjects in asked.items():
            if price := source.price_per_post(settings):
                remarks.append(_describe_price(source, subjects, parameters.limit, price))

        return remarks

    def find_news(
        self,
        connection: Connection,
        settings: Settings,
        parameters: P,
        jobs: Sequence[Row[Any]],
        *,
        seen: int,
        now: float,  # noqa: ARG002 - a service of posts can always be asked
    ) -> News:
        """Return all jobs or none: the subjects of a run are compared with each other."""
        job_names = [job.name for job in jobs]
        after = max(seen, min(job.newest_document or 0 for job in jobs))

        has_failed = any(job.state == State.FAILED for job in jobs)
        can_ask = any(
            self.crawl_target(job_name, parameters, settings) is not None for job_name in job_names
        )
        is_due = (
            has_failed or can_ask or self._has_stored_after(connection, jobs, parameters, after)
        )
        return News(due=[job.id for job in jobs] if is_due else [])

    def _has_stored_after(
        self, connection: Connection, jobs: Sequence[Row[Any]], parameters: P, after: int
    ) -> bool:
        scope = replace(DocumentScope.of_job(jobs[0], vars(parameters)), newest_document=None)
        if scope.is_linked:
            return any(
                ids
                for job in jobs
                for ids in self._find_after(connection, job.name, parameters, after)
            )

        is_of_run = documents_of(scope, other_handles=[job.handle for job in jobs[1:]])
        later = select(Document.id).where(is_of_run, Document.id > after).limit(1)
        return connection.scalar(later) is not None


def _languages_of(connection: Connection, posts: Sequence[DocumentText]) -> DocumentLanguages:
    return DocumentLanguages.of(languages_by_id(connection, [post.id for post in posts]))


def _describe_price(source: Source, subjects: int, limit: int | None, price: float) -> str:
    if limit is None:
        return f"a post read of {source.name} costs {price:g}: --limit bounds how many are read"
    posts = limit * subjects
    return f"{source.name}: at most {quantity(posts, 'post')}, for {posts * price:,.2f}"
