"""The most common phrases of a corpus, with how many documents hold them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from analysis.corpus import Corpus
from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher
from analysis.options import TextOptions
from analysis.readable import find_unread
from analysis.refusals import Refusals, fetch_chunks
from analysis.step import Step, StepResult
from analysis.text.phrases import says_something
from analysis.text.whole_words import whole_words
from models.tables import Phrase
from textapi.requests import TextRequest, phrases_of
from textapi.text.normal_form import normal_form

# A model may take these along at the edges of a phrase.
_DASHES = "\u2013\u2014-* "

_WORD = re.compile(r"\w+")

BestRanks = Mapping[str, int]


async def rank_phrases(data: MonthData | PostData, fetcher: Fetcher) -> StepResult:
    """Ask for the phrases of each chunk and keep the best of each corpus."""
    unread = await find_unread(data, fetcher)
    corpora = await data.corpora()
    corpora_rows: list[dict[str, Any]] = []
    refusals = Refusals()

    def request_of(text: str, document_ids: tuple[int, ...]) -> TextRequest:
        return phrases_of(fetcher.engine, text, data.options.phrases, document_ids)

    for corpus in (corpus.without(unread.left_out) for corpus in corpora):
        size = data.options.text_size
        answered = await fetch_chunks(fetcher, corpus, size, request_of, refusals)
        answers = [answer for _, answer in answered]
        corpora_rows += phrase_rows(corpus, answers, data.subject_terms(corpus), data.options)

    result = unread.result_of_corpora(corpora, {Phrase: corpora_rows})
    return await refusals.complete(data, result)


def phrase_rows(
    corpus: Corpus,
    answers: Iterable[Sequence[str]],
    subject_terms: Collection[str],
    options: TextOptions,
) -> list[dict[str, Any]]:
    """Return the phrases that the most documents of *corpus* hold.

    Among equals, the phrase that the Text API ranks better in any chunk comes first, then the first
    by name. Phrases that occur once or only repeat the subject come after all others.
    """
    best_ranks = _best_ranks(answers)
    counts = document_frequency((text for _, text in corpus.texts), list(best_ranks))

    def order(phrase: str) -> tuple[bool, int, int, str]:
        is_last = not says_something(phrase, counts[phrase], subject_terms)
        return is_last, -counts[phrase], best_ranks[phrase], phrase

    ranked_rows = []
    for rank, phrase in enumerate(sorted(best_ranks, key=order)[: options.phrases], start=1):
        phrase_row = {
            "keyword": corpus.keyword,
            "rank": rank,
            "phrase": phrase,
            "count": counts[phrase],
        }
        ranked_rows.append(phrase_row)

    return ranked_rows


def document_frequency(texts: Iterable[str], phrases: Sequence[str]) -> dict[str, int]:
    """Count the *texts* that hold each of *phrases* as whole words, case ignored."""
    counts = dict.fromkeys(phrases, 0)
    if not counts:
        return counts

    # Few texts hold the longest word of a phrase; only these are searched for whole words.
    longest_words = {}
    for phrase in phrases:
        phrase_words = _WORD.findall(normal_form(phrase).casefold())
        longest_words[phrase] = max(phrase_words, key=len, default="")

    for text in map(normal_form, texts):
        folded_text = text.casefold()
        for phrase, longest_word in longest_words.items():
            if longest_word in folded_text:
                counts[phrase] += whole_words(phrase).search(text) is not None

    return counts


def _best_ranks(answers: Iterable[Sequence[str]]) -> BestRanks:
    best: dict[str, int] = {}

    for phrases in answers:
        for rank, phrase in enumerate(phrases):
            stripped = phrase.strip(_DASHES)
            if _WORD.search(stripped):
                best[stripped] = min(rank, best.get(stripped, rank))

    return best


STEP = Step("phrases", rank_phrases, tables=(Phrase,), needs=("keywords",))
