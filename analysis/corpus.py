"""Documents that are analysed as one text, cut into requests of a bounded size."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from textapi.packing import chunks

# The id of a document, and its text or the part of the text that is analysed.
TextOfDocument = tuple[int, str]


@dataclass(frozen=True)
class Corpus:
    """The texts of one keyword by period; the keyword is "" for posts of accounts and searches."""

    keyword: str
    texts_by_period: Mapping[str, Sequence[TextOfDocument]]

    @property
    def texts(self) -> list[TextOfDocument]:
        """Every text, in the order of the periods."""
        return list(chain.from_iterable(self.texts_by_period.values()))

    def without(self, document_ids: Collection[int]) -> Corpus:
        """Return the corpus without the texts of these documents."""
        if not document_ids:
            return self

        texts_by_period = {}
        for period, texts in self.texts_by_period.items():
            texts_by_period[period] = [text for text in texts if text[0] not in document_ids]

        return Corpus(self.keyword, texts_by_period)

    def chunks(self, size: int) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """Yield ``(period, text, document ids)``, each text of at most *size* characters.

        A chunk ends with its period, so that an answer to it is about that period alone.
        """
        for period, texts in self.texts_by_period.items():
            for text, document_ids in chunks(texts, size):
                yield period, text, document_ids


def count_documents(corpora: Sequence[Corpus]) -> int:
    """Count the different documents of *corpora*."""
    document_ids: set[int] = set()

    for corpus in corpora:
        document_ids.update(document_id for document_id, _ in corpus.texts)

    return len(document_ids)
