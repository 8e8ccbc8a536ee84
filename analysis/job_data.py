"""What the steps of a stored job read from the database besides its own documents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection

from analysis.options import TextOptions
from core.enums import TextPart
from core.errors import NotFound
from models.code_samples import list_sampled_keys
from models.codes import UnitKey, training_of
from models.database import Database
from models.documents import DocumentScope, DocumentText, list_posts
from models.jobs import Claim, other_scopes
from models.results import MentionSentence, mention_sentences, mentioning_documents, read_rows
from models.tables import Base
from models.trainings import get_trained_network

if TYPE_CHECKING:
    from analysis.codebooks.codebook import Codebook
    from analysis.codebooks.network import CodeNetwork
    from analysis.data import ReadCodebook

# The posts of at most this many scopes of other jobs are held in memory.
SCOPES_READ_TOGETHER = 20

T = TypeVar("T")


async def read_other_posts(db: Database, claim: Claim) -> Iterator[DocumentText] | None:
    """Return the posts of the run's other jobs; None while one of them collects its own."""
    scopes = await read_in_thread(db, other_scopes, claim)
    if any(scope.newest_document is None for scope in scopes):
        return None

    return _posts_of(db, scopes)


def _posts_of(db: Database, scopes: Sequence[DocumentScope]) -> Iterator[DocumentText]:
    """Yield the posts of accounts or searches, each once, those of a few in a transaction."""
    # Two searches may have found the same post.
    seen: set[int] = set()

    for start in range(0, len(scopes), SCOPES_READ_TOGETHER):
        for post in db.fetch(list_posts, scopes[start : start + SCOPES_READ_TOGETHER]):
            if post.id not in seen:
                seen.add(post.id)
                yield post


async def read_coding_network(db: Database, coder: str) -> CodeNetwork:
    """Return the network of a coder ``network:RUN``.

    Raises `NotFound` if its training was forgotten, `BadInput` if it is of another version.
    """
    from analysis.codebooks.network import read_network  # noqa: PLC0415 - it loads numpy

    run_id = training_of(coder)
    try:
        trained = await read_in_thread(db, get_trained_network, run_id)
    except NotFound as error:
        raise NotFound(
            f"the run's coder {coder} is gone: {error}; train a network by the same codebook, and "
            "submit the run anew with it"
        ) from None

    return await asyncio.to_thread(read_network, trained.weights)


def codebook_reader(db: Database, options: TextOptions) -> ReadCodebook | None:
    """Return what reads the codebook by which a model codes a run's texts; None if none does."""
    if not options.has_model_coder or options.codebook is None:
        return None
    return partial(read_codebook, db, options.codebook)


async def read_codebook(db: Database, hash_text: str) -> Codebook:
    """Return the stored codebook of a hash. Raises `NotFound`."""
    from analysis.codebooks.stored import stored_codebook  # noqa: PLC0415 - it loads YAML

    _, codebook = await read_in_thread(db, stored_codebook, hash_text)
    return codebook


async def read_stored_sample(db: Database, run_id: int, hash_text: str) -> set[UnitKey]:
    """Return the units of the sample that was drawn of a run for the codebook of a hash."""
    from analysis.codebooks.stored import stored_codebook  # noqa: PLC0415 - it loads YAML

    def read(connection: Connection) -> set[UnitKey]:
        codebook_id, _ = stored_codebook(connection, hash_text)
        return list_sampled_keys(connection, run_id, codebook_id)

    return await read_in_thread(db, read)


class StoredResults:
    """The rows of a job's steps as the database has them."""

    def __init__(self, db: Database, job_id: int, text_part: TextPart = TextPart.HEADLINE) -> None:
        self._db = db
        self._job_id = job_id
        self._text_part = text_part

    async def rows(self, table: type[Base]) -> list[Mapping[str, Any]]:
        """Read what the job's steps have found for *table*."""
        return await read_in_thread(self._db, read_rows, self._job_id, table)

    async def mentions(self) -> list[MentionSentence]:
        """Read the mentions, those of several terms once, by day, document and position."""
        return await read_in_thread(self._db, mention_sentences, self._job_id)

    async def documents(self, keyword: str) -> list[tuple[int, str]]:
        """Read the documents that mention *keyword*, by day and identity."""
        documents = (self._job_id, keyword, self._text_part)
        return await read_in_thread(self._db, mentioning_documents, *documents)


async def read_in_thread(db: Database, query: Callable[..., T], *arguments: Any) -> T:
    """Run ``query(connection, *arguments)`` in a thread."""
    return await asyncio.to_thread(db.fetch, query, *arguments)
