"""What the steps of a job work on: a month of an archive, or the posts of an account or search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from analysis.corpus import Corpus, TextOfDocument
from analysis.options import Keyword, TextOptions
from analysis.text.posts import long_sentences_by_month, words_by_month
from models.database import Database
from models.documents import DocumentScope, DocumentText, list_documents_by_day


class MentionReader(Protocol):
    """Where the mentions of a job are read: the database, or in a dry run the memory."""

    async def sentences(self) -> list[str]:
        """Read the different mentioning sentences, by day, document and position."""

    async def documents(self, keyword: str) -> list[TextOfDocument]:
        """Read the documents that mention *keyword*, by day and identity."""


@dataclass
class MonthData:
    """The documents of one month, and what was found in them so far."""

    db: Database
    scope: DocumentScope  # of a job of kind month
    keywords: Sequence[Keyword]
    options: TextOptions
    mentions: MentionReader
    _corpora: list[Corpus] = field(default_factory=list, init=False)

    def documents_by_day(self) -> Iterator[list[DocumentText]]:
        """Yield the documents of each day: no more than a day is held."""
        return list_documents_by_day(self.db, self.scope)

    async def corpora(self) -> list[Corpus]:
        """Return for each keyword the documents that mention it, read once."""
        if not self._corpora:
            corpora = []
            for keyword in self.keywords:
                documents = await self.mentions.documents(keyword.name)
                corpora.append(Corpus(keyword.name, {self.scope.name: documents}))
            self._corpora = corpora

        return self._corpora

    async def summary_corpora(self) -> list[Corpus]:
        """Return what a summary is made of: the corpora as they are."""
        return await self.corpora()

    def counted_texts(self, corpus: Corpus) -> Iterator[str]:  # noqa: ARG002 - see `PostData`
        """Yield the texts in which a phrase is counted: all of the month."""
        for documents in self.documents_by_day():
            for document in documents:
                yield document.text


@dataclass(frozen=True)
class PostData:
    """The posts of an account or a search; reposts are left out of everything that is analysed."""

    posts: Sequence[DocumentText]
    options: TextOptions

    @cached_property
    def authored(self) -> list[DocumentText]:
        """The posts that are no reposts: nobody is judged by another's words."""
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

    def counted_texts(self, corpus: Corpus) -> Iterator[str]:
        """Yield the texts in which a phrase is counted: those of *corpus*."""
        for _, text in corpus.texts:
            yield text
