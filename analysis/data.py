"""The data that a job's steps work on: a month of an archive, or posts of an account or search."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from analysis.corpus import Corpus, TextOfDocument
from analysis.languages import DocumentLanguages
from analysis.options import Keyword, TextOptions
from analysis.text.account_names import count_writings, names_of_account
from analysis.text.masking import mask_terms
from analysis.text.posts import long_sentences_by_month, words_by_month
from analysis.text.words import TEXTS_KEPT
from models.database import Database
from models.documents import (
    DocumentScope,
    DocumentText,
    documents_by_id,
    list_documents_by_day,
)
from models.languages import languages_of
from models.results import MentionSentence
from models.tables import Base
from sources.post_cleaning import words_of_post
from textapi.text.keywords import TermPattern, pattern

if TYPE_CHECKING:
    from analysis.codebooks.codebook import Codebook
    from analysis.codebooks.network import CodeNetwork
    from models.codes import UnitKey

# The jobs of a run all read the same posts.
_words_of_post = lru_cache(maxsize=TEXTS_KEPT)(words_of_post)

ReadNetwork = Callable[[], Awaitable["CodeNetwork"]]
ReadCodebook = Callable[[], Awaitable["Codebook"]]
ReadSample = Callable[[], Awaitable["Collection[UnitKey] | None"]]
ReadOtherPosts = Callable[[], Awaitable[Iterable[DocumentText] | None]]


async def _no_posts() -> list[DocumentText]:
    return []


class ResultReader(Protocol):
    """Reads the rows of earlier steps, from the database or, in a dry run, from memory."""

    async def rows(self, table: type[Base]) -> list[Mapping[str, Any]]:
        """Read what the job's steps have found for *table*."""

    async def mentions(self) -> list[MentionSentence]:
        """Read the mentions, those of several terms once, by day, document and position."""

    async def documents(self, keyword: str) -> list[TextOfDocument]:
        """Read the documents that mention *keyword*, by day and identity."""


@dataclass
class MonthData:
    """The documents of one month, and the results of earlier steps."""

    db: Database
    scope: DocumentScope
    keywords: Sequence[Keyword]
    options: TextOptions
    results: ResultReader

    # Whether the keyword's terms are masked before a mention is scored.
    mask_keyword: bool = False

    # It reads the network that codes the run's texts; None if none does.
    read_network: ReadNetwork | None = None

    # It reads the codebook by which a language model codes; None if none does.
    read_codebook: ReadCodebook | None = None

    # It reads the run's sample, and returns None while it cannot be drawn yet; None in a dry run.
    read_sample: ReadSample | None = None

    # What a document is called where some are counted.
    noun: ClassVar[str] = "document"

    _corpora: list[Corpus] = field(default_factory=list, init=False)
    _languages: DocumentLanguages | None = field(default=None, init=False)

    def documents_by_day(self) -> Iterator[tuple[str, list[DocumentText]]]:
        """Yield each day with its documents; memory holds one day at a time."""
        return list_documents_by_day(self.db, self.scope)

    def identities(self, document_ids: Sequence[int]) -> dict[int, str]:
        """Return the names of documents."""
        documents = self.db.fetch(documents_by_id, document_ids)
        return {document.id: document.identity for document in documents}

    async def documents_outside(self, languages: Collection[str]) -> dict[int, str]:
        """Return the documents that are in none of *languages*, with their own languages."""
        if self._languages is None:

            def read() -> DocumentLanguages:
                return DocumentLanguages.of(self.db.fetch(languages_of, self.scope))

            self._languages = await asyncio.to_thread(read)

        return self._languages.find_outside(languages)

    async def corpora(self) -> list[Corpus]:
        """Return for each keyword the documents that mention it, read once."""
        if not self._corpora:
            corpora = []
            # An answer to a text is about one month, in which a job of days lies.
            month = self.scope.months[0]
            for keyword in self.keywords:
                documents = await self.results.documents(keyword.name)
                corpora.append(Corpus(keyword.name, {month: documents}))

            self._corpora = corpora

        return self._corpora

    def scored_text(self, keyword: str, sentence: str) -> str:
        """Return the text that is scored for a sentence that mentions *keyword*."""
        if not self.mask_keyword:
            return sentence
        return mask_terms(sentence, self._keywords[keyword].patterns)

    @cached_property
    def _keywords(self) -> dict[str, Keyword]:
        return {keyword.name: keyword for keyword in self.keywords}

    async def summary_corpora(self) -> list[Corpus]:
        """Return the corpora of the summaries: the corpora as they are."""
        return await self.corpora()

    async def reference_texts(self, corpus: Corpus) -> Iterable[str]:
        """Return the texts of the month that are not in *corpus*, read a day at a time."""
        return self._texts_outside(corpus)

    def _texts_outside(self, corpus: Corpus) -> Iterator[str]:
        document_ids = {document_id for document_id, _ in corpus.texts}
        for _, documents in self.documents_by_day():
            for document in documents:
                if document.id not in document_ids:
                    yield document.text

    def subject_terms(self, corpus: Corpus) -> Sequence[str]:
        """Return the terms of the corpus's keyword."""
        return self._keywords[corpus.keyword].terms

    def subject_patterns(self, corpus: Corpus) -> list[TermPattern]:
        """Return the patterns of the terms of the corpus's keyword."""
        return self._keywords[corpus.keyword].patterns


def _words_outside(posts: Iterable[DocumentText], corpus: Corpus) -> Iterator[str]:
    document_ids = {document_id for document_id, _ in corpus.texts}
    for post in posts:
        post_words = "" if post.repost else _words_of_post(post.text)
        if post_words and post.id not in document_ids:
            yield post_words


@dataclass(frozen=True)
class PostData:
    """The posts of an account or a search; the analysis leaves reposts out."""

    posts: Sequence[DocumentText]
    options: TextOptions

    # The handle of the account, or the term of the search.
    subject: str = ""

    # It reads the posts of the run's other jobs, and returns None while one of them is collected.
    read_other_posts: ReadOtherPosts = _no_posts

    # They read what the run's posts are coded by; see `MonthData`.
    read_network: ReadNetwork | None = None
    read_codebook: ReadCodebook | None = None
    read_sample: ReadSample | None = None

    languages: DocumentLanguages = field(default_factory=DocumentLanguages)

    # What a document is called where some are counted.
    noun: ClassVar[str] = "post"

    def identities(self, _document_ids: Sequence[int]) -> dict[int, str]:
        """Return the names of posts."""
        return {post.id: post.identity for post in self.posts}

    async def documents_outside(self, languages: Collection[str]) -> dict[int, str]:
        """Return the posts that are in none of *languages*, with their own languages."""
        return self.languages.find_outside(languages)

    @cached_property
    def authored(self) -> list[DocumentText]:
        """The posts that are no reposts: an account is not judged by another account's words."""
        return [post for post in self.posts if not post.repost]

    @cached_property
    def words(self) -> Mapping[str, Sequence[TextOfDocument]]:
        """The words of the authored posts by month."""
        return words_by_month(self.authored)

    async def corpora(self) -> list[Corpus]:
        """Return the words of the authored posts as one corpus."""
        return [Corpus("", self.words)]

    async def summary_corpora(self) -> list[Corpus]:
        """Return the sentences that a summary may be made of."""
        return [Corpus("", long_sentences_by_month(self.words))]

    async def reference_texts(self, corpus: Corpus) -> Iterable[str] | None:
        """Return the words of the authored posts of the run's other jobs, read as they are used.

        Return None while the documents of one of them are still collected.
        """
        posts = await self.read_other_posts()
        return None if posts is None else _words_outside(posts, corpus)

    @cached_property
    def names(self) -> list[str]:
        """The handle or term, and the name that posts and reposts write it as."""
        texts = (post.text for post in self.posts)
        return names_of_account(self.subject, count_writings(self.subject, texts))

    def subject_terms(self, corpus: Corpus) -> Sequence[str]:  # noqa: ARG002 - see `MonthData`
        """Return the handle or term, and its name in words."""
        return self.names if self.subject else []

    def subject_patterns(self, corpus: Corpus) -> list[TermPattern]:
        """Return the patterns of the handle or term, and of its name in words."""
        return list(map(pattern, self.subject_terms(corpus)))
