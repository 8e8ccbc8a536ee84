"""The documents of a job that an engine reads, and what is said of those that it does not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from analysis.corpus import Corpus
from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher
from analysis.languages import describe_languages
from analysis.step import Rows, StepResult
from textapi.messages import Operation, languages_read

# Engines that declare no languages read English, as far as anybody knows.
_ASSUMED = frozenset({"en"})


@dataclass(frozen=True)
class UnreadDocuments:
    """The documents in languages that an engine does not read, with their languages.

    If the engine declares none, they are asked about like all others, and a remark says so.
    """

    noun: str
    engine: str
    languages: Mapping[int, str]
    are_asked: bool

    @property
    def left_out(self) -> Collection[int]:
        """The documents that the engine is not asked about."""
        return () if self.are_asked else self.languages.keys()

    def result(self, document_ids: Collection[int], rows: Rows) -> StepResult:
        """Return the result of a step on *document_ids*, and what it left out of them."""
        codes = [self.languages[number] for number in document_ids if number in self.languages]
        if not codes:
            return StepResult(len(document_ids), rows)

        described = describe_languages(codes, self.noun)
        if self.are_asked:
            remark = f"{self.engine} declares no languages, and was asked about {described}"
            return StepResult(len(document_ids), rows, remark=remark)

        documents = len(document_ids) - len(codes)
        reason = f"left out: {described}"
        if not documents:
            return StepResult(0, rows, no_data_reason=reason)

        return StepResult(documents, rows, remark=reason)

    def result_of_corpora(self, corpora: Sequence[Corpus], rows: Rows) -> StepResult:
        """Return the result of a step on the documents of *corpora*."""
        return self.result({number for corpus in corpora for number, _ in corpus.texts}, rows)


async def find_unread(
    data: MonthData | PostData, fetcher: Fetcher, operation: Operation | None = None
) -> UnreadDocuments:
    """Return which documents the engine of *fetcher* does not read, for *operation* if given."""
    languages = languages_read(fetcher.languages or _ASSUMED, operation)
    outside = await data.documents_outside(languages)
    return UnreadDocuments(data.noun, fetcher.engine, outside, are_asked=fetcher.languages is None)
