"""The words that stand out in a corpus against the documents that it is compared with."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from analysis.corpus import count_documents
from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher
from analysis.step import NotReady, Step, StepResult
from analysis.text.stopwords import stop_words_for
from analysis.text.words import read_words, words_of, words_of_terms
from models.tables import DistinctiveWord
from textapi.text.keywords import TermPattern

NAME = "distinctive"

# At most this many words are kept of each corpus.
WORDS_KEPT = 10

# A word counts if at least this many documents hold it.
FEWEST_DOCUMENTS = 3

# Texts are counted in batches: a counter takes many words in less time than a few at a time.
COUNTED_TOGETHER = 1000

OTHERS_ARE_COLLECTED = "the documents of the run's other jobs are being collected"
NOTHING_TO_COMPARE = "there are no other documents to compare with"


async def find_distinctive_words(
    data: MonthData | PostData,
    fetcher: Fetcher,  # noqa: ARG001 - no answer is needed
) -> StepResult | NotReady:
    """Compare each corpus with the other documents of its month, or of the run's other jobs."""
    corpora = await data.corpora()
    word_rows: list[dict[str, Any]] = []
    compared_documents = 0

    for corpus in corpora:
        patterns = data.subject_patterns(corpus)
        texts = [text for _, text in corpus.texts]
        reference_texts = await data.reference_texts(corpus)
        if reference_texts is None:
            return NotReady(OTHERS_ARE_COLLECTED)

        subject_words = words_of_terms(data.subject_terms(corpus))
        corpus_rows, reference_count = await asyncio.to_thread(
            _compare, corpus.keyword, texts, reference_texts, patterns, subject_words
        )
        word_rows += corpus_rows
        compared_documents += reference_count

    reason = NOTHING_TO_COMPARE if corpora and not compared_documents else None
    return StepResult(count_documents(corpora), {DistinctiveWord: word_rows}, no_data_reason=reason)


def _compare(
    keyword: str,
    texts: Iterable[str],
    reference_texts: Iterable[str],
    patterns: Collection[TermPattern],
    subject_words: Collection[str],
) -> tuple[list[dict[str, Any]], int]:
    """Return the rows of a corpus, and how many texts it was compared with."""
    target = WordCounts.of(texts, patterns)
    reference = WordCounts.of(reference_texts, patterns)
    return distinctive_rows(keyword, target, reference, subject_words), reference.texts


@dataclass
class WordCounts:
    """How often words are used in texts, and in how many of them; words are case-folded."""

    texts: int = 0

    # The number of uses of all words.
    total: int = 0

    uses: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)

    # The number of uses of each spelling of a word.
    written: Counter[str] = field(default_factory=Counter)

    forms: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, texts: Iterable[str], leave_out: Collection[TermPattern] = ()) -> WordCounts:
        """Count the words of *texts*, without what *leave_out* match; each text is a document."""
        counts = cls()
        remaining = iter(texts)
        while batch := list(islice(remaining, COUNTED_TOGETHER)):
            counts._add(batch, leave_out)

        for form, times in counts.written.items():
            word = form.casefold()
            counts.uses[word] += times
            counts.forms[word].append(form)

        return counts

    def _add(self, texts: Sequence[str], leave_out: Collection[TermPattern]) -> None:
        """Count words as they are written, and documents."""
        written: list[str] = []
        # Each text adds each of its words once.
        folded: list[str] = []

        for text in texts:
            text_words = read_words(text)
            if any(pattern.search(text_words.without_addresses) for pattern in leave_out):
                kept_words = list(words_of(text, leave_out))
                written += kept_words
                folded += frozenset(map(str.casefold, kept_words))
            else:
                written += text_words.words
                folded += text_words.folded

        self.texts += len(texts)
        self.total += len(written)
        self.written.update(written)
        self.documents.update(folded)

    def shown_form(self, word: str) -> str:
        """Return the most frequent spelling of *word*; ties go to the last by code points."""
        _, most_common = max((self.written[form], form) for form in self.forms[word])
        return most_common


def log_likelihood(uses: int, total: int, reference_uses: int, reference_total: int) -> float:
    """Return G² of a word in two corpora; it is negative if the first uses the word less.

    G² = 2 Σ O ln(O / E) over the four cells of the table "this word or another" by corpus. *uses*
    are the word's, *total* all words of a corpus. Source: Dunning (1993), Accurate Methods for the
    Statistics of Surprise and Coincidence, Computational Linguistics 19(1), 61-74.
    """
    all_uses = uses + reference_uses
    all_words = total + reference_total
    terms = []

    for corpus_uses, corpus_total in ((uses, total), (reference_uses, reference_total)):
        cells = ((corpus_uses, all_uses), (corpus_total - corpus_uses, all_words - all_uses))
        for observed, cell_total in cells:
            if observed:
                expected = corpus_total * cell_total / all_words
                terms.append(observed * math.log(observed / expected))

    # Rounding may leave less than zero.
    g2 = max(2 * math.fsum(terms), 0.0)
    is_used_more = uses * reference_total >= reference_uses * total
    return g2 if is_used_more else -g2


def distinctive_rows(
    keyword: str,
    target: WordCounts,
    reference: WordCounts,
    subject_words: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return the words with the largest |G²|, without stop words and *subject_words*.

    A word counts if at least `FEWEST_DOCUMENTS` documents of the side that uses it more hold it.
    """
    if not target.total or not reference.total:
        return []

    unwanted = stop_words_for(target.uses + reference.uses) | set(subject_words)
    scores: dict[str, float] = {}
    for word in _in_enough_documents(target) | _in_enough_documents(reference):
        if word in unwanted:
            continue

        g2 = log_likelihood(target.uses[word], target.total, reference.uses[word], reference.total)
        used_more = target if g2 > 0 else reference
        if g2 and used_more.documents[word] >= FEWEST_DOCUMENTS:
            scores[word] = round(g2, 6)

    ranked = sorted(scores, key=lambda word: (-abs(scores[word]), word))
    word_rows = []
    for rank, word in enumerate(ranked[:WORDS_KEPT], start=1):
        written_in = target if word in target.uses else reference
        word_row = {
            "keyword": keyword,
            "rank": rank,
            "word": written_in.shown_form(word),
            "count": target.uses[word],
            "documents": target.documents[word],
            "reference_count": reference.uses[word],
            "g2": scores[word],
        }
        word_rows.append(word_row)

    return word_rows


def _in_enough_documents(counts: WordCounts) -> set[str]:
    """Return the words that may count: most words are in fewer documents, and need no test."""
    return {word for word, documents in counts.documents.items() if documents >= FEWEST_DOCUMENTS}


STEP = Step(
    NAME, find_distinctive_words, tables=(DistinctiveWord,), needs=("keywords",), makes_calls=False
)
