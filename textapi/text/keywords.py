"""The keyword rule, which finds the mentions of a term in a text.

A term matches as whole words, case ignored: not next to a word character (at an edge of the term
that is itself a word character), not after "@", not before a hyphen and a digit, not before "." and
a word character, and not before an apostrophe and the remainder of a contraction: "Don" is no word
of "Don't". White space in a term matches any run of it, a hyphen any of four hyphens, an apostrophe
the straight and the curly one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

from textapi.text.sentences import sentences

HYPHENS = "-\u2010\u2011\u2013"
_HYPHEN = f"[{HYPHENS}]"
APOSTROPHES = "'\u2019"
_APOSTROPHE = f"[{APOSTROPHES}]"
# What follows the apostrophe in "don't", "we're", "I've", "she'll", "he'd" and "I'm". "'s" does
# not count: it is the genitive of a name more often than "is" or "has".
_CONTRACTION = r"(?:'|\u2019)(?:t|re|ve|ll|d|m)(?!\w)"
_WORD = re.compile(r"\w+")
# An index of the text's words pays from this many terms on.
_MANY = 8
# The separator is no white space, so that no words are found across two texts.
_SEPARATOR = "\0"


@lru_cache(maxsize=4096)
def pattern(term: str) -> re.Pattern[str]:
    """Return the rule for *term*. Raises `ValueError` if it is nothing but white space."""
    term_words = term.split()
    if not term_words:
        raise ValueError("a keyword needs at least one character that is not white space")

    core = _core(term_words)
    left_edge = r"(?<![\w@])" if re.match(r"\w", term_words[0]) else "(?<!@)"
    right_edge = rf"(?!\w|{_CONTRACTION})" if re.match(r"\w", term_words[-1][-1]) else ""
    return re.compile(rf"{left_edge}{core}{right_edge}(?!{_HYPHEN}\d)(?!\.\w)", re.IGNORECASE)


def find_candidates(texts: Sequence[str], terms: Iterable[str]) -> dict[int, list[str]]:
    """Return the *terms* whose words each of *texts* holds, by index; it mentions no others.

    Few texts mention a term. A search through all of them at once costs less than one through
    each, or than to split them into sentences.
    """
    joined = _SEPARATOR.join(texts)
    ends = list(accumulate(len(text) + len(_SEPARATOR) for text in texts))

    candidates: dict[int, list[str]] = {}
    for term in terms:
        matches = _words_pattern(term).finditer(joined)
        for text_index in {bisect_right(ends, match.start()) for match in matches}:
            candidates.setdefault(text_index, []).append(term)

    return candidates


@lru_cache(maxsize=4096)
def _words_pattern(term: str) -> re.Pattern[str]:
    return re.compile(_core(term.split()), re.IGNORECASE)


def _core(term_words: Iterable[str]) -> str:
    return r"\s++".join(_escape(word) for word in term_words)


def _escape(word: str) -> str:
    return "".join(map(_escape_letter, word))


def count_signs(keywords: Iterable[str]) -> int:
    """Return how many hyphens and apostrophes *keywords* have: a class each, slow to compile."""
    joined = "".join(keywords)
    return sum(map(joined.count, HYPHENS + APOSTROPHES))


def _escape_letter(letter: str) -> str:
    if letter in HYPHENS:
        return _HYPHEN
    return _APOSTROPHE if letter in APOSTROPHES else re.escape(letter)


def sentences_with(
    text: str, terms: Iterable[str], include_before: bool = False, include_after: bool = False
) -> dict[str, list[str]]:
    """Return for each of *terms* the sentences of *text* that mention it, in order.

    *include_before* and *include_after* add the sentence before and after each, every one once.
    Terms that differ in white space alone are sought once.
    """
    all_sentences = sentences(text)
    count = len(all_sentences)
    plain_terms = {term: join_white_space(term) for term in terms}
    patterns = {term: pattern(term) for term in plain_terms.values()}
    index = _index_words(all_sentences) if len(patterns) >= _MANY else None

    answer: dict[str, list[str]] = {}
    for term, rule in patterns.items():
        candidates = range(count) if index is None else _candidates(term, index, count)
        positions = [i for i in candidates if rule.search(all_sentences[i])]
        if include_before or include_after:
            preceding = {i - 1 for i in positions if include_before and i > 0}
            following = {i + 1 for i in positions if include_after and i + 1 < count}
            positions = sorted(preceding.union(positions, following))

        answer[term] = [all_sentences[i] for i in positions]

    return {term: answer[plain_term] for term, plain_term in plain_terms.items()}


def join_white_space(term: str) -> str:
    """Return *term* with a blank for each run of white space, which the rule treats alike."""
    return " ".join(term.split())


def _index_words(all_sentences: list[str]) -> dict[str, list[int]]:
    """Return for each word, case folded, the positions of the sentences that hold it."""
    index: dict[str, list[int]] = {}
    for i, sentence in enumerate(all_sentences):
        for word in {_fold(word) for word in _WORD.findall(sentence)}:
            index.setdefault(word, []).append(i)

    return index


def _candidates(term: str, index: dict[str, list[int]], count: int) -> Sequence[int]:
    """Return the sentences that hold the rarest word of *term*, which matches whole words alone."""
    positions = [index.get(_fold(word), []) for word in _WORD.findall(term)]
    return min(positions, key=len, default=range(count))


def _fold(word: str) -> str:
    """Make equal what `re.IGNORECASE` takes for equal (dotless and dotted i included)."""
    return word.casefold().replace("\u0131", "i").replace("\u0307", "")
