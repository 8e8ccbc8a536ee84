"""The keyword rule, which finds the mentions of a term in a text.

A term matches as whole words, case ignored: not next to a word character (at an edge of the term
that is itself a word character), not after "@", not before a hyphen and a digit, not before "." and
a word character, and not before an apostrophe and the remainder of a contraction: "Don" is no word
of "Don't". White space in a term matches any run of it, a hyphen any of four hyphens, an apostrophe
the straight and the curly one. Terms and texts are compared in normal form.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

from textapi.text.normal_form import compare, normal_form, readings
from textapi.text.sentences import Span, sentences

HYPHENS = "-\u2010\u2011\u2013"
_HYPHEN = f"[{HYPHENS}]"
APOSTROPHES = "'\u2019"
_APOSTROPHE = f"[{APOSTROPHES}]"
# What follows the apostrophe in "don't", "we're", "I've", "she'll", "he'd" and "I'm". "'s" does
# not count: it is the genitive of a name more often than "is" or "has".
_CONTRACTION = r"(?:'|\u2019)(?:t|re|ve|ll|d|m)(?!\w)"
_WORD = re.compile(r"\w+")
# `re.IGNORECASE` takes these for equal.
_CASES_OF_I = "iI\u0130\u0131"
# An index of the text's words pays from this many terms on.
_MANY = 8
# The separator is no white space, so that no words are found across two texts.
_SEPARATOR = "\0"


class TermPattern:
    """What a term matches in texts, however their letters are encoded; offsets are the text's."""

    def __init__(self, expression: str) -> None:
        """Compile an *expression* that `write_expression` returned."""
        self._regex = re.compile(expression)

        # This searches texts that are known to be in normal form.
        self.search_normal = self._regex.search

    def search(self, text: str) -> Span | None:
        """Return the first match."""
        if normal_form(text) is text:
            match = self._regex.search(text)
            return match.span() if match else None

        return next(iter(self.find_spans(text)), None)

    def find_spans(self, text: str) -> list[Span]:
        """Return all matches, in order."""
        if normal_form(text) is text:
            return [match.span() for match in self._regex.finditer(text)]

        spans: set[Span] = set()
        for reading in readings(text):
            if self._regex.search(normal_form(reading)):
                compared = compare(reading)
                for match in self._regex.finditer(compared.text):
                    spans.add(compared.span(*match.span()))

        return sorted(spans)

    def fullmatch(self, text: str) -> bool:
        """Return whether *text* is the term and nothing else."""
        return any(self._regex.fullmatch(normal_form(reading)) for reading in readings(text))

    def replace(self, text: str, replacement: str) -> str:
        """Return *text* with *replacement* for each match."""
        parts: list[str] = []
        cursor = 0
        for start, end in self.find_spans(text):
            if start >= cursor:
                parts += (text[cursor:start], replacement)
                cursor = end

        return "".join([*parts, text[cursor:]])


@lru_cache(maxsize=4096)
def pattern(term: str) -> TermPattern:
    """Return the rule for *term*. Raises `ValueError` if it is nothing but white space."""
    return TermPattern(write_expression(term))


def write_expression(term: str, *, case_sensitive: bool = False) -> str:
    """Return the rule for *term* as a regular expression for texts in normal form."""
    term_words = _words_of(term)
    if not term_words:
        raise ValueError("a keyword needs at least one character that is not white space")

    right_edge = rf"(?!\w|{_CONTRACTION})" if re.match(r"\w", term_words[-1][-1]) else ""
    right_edge += rf"(?!{_HYPHEN}\d)(?!\.\w)"
    if case_sensitive:
        left_edge = _left_edge(term_words[0])
        return f"{left_edge}{_core(term_words)}{right_edge}"

    first, others = _split_first_letter(_core(term_words))
    return f"{first}{_left_edge(term_words[0], first)}(?i:{others}{right_edge})"


def _left_edge(first_word: str, first_letter: str = "") -> str:
    """Return what does not stand before a term; *first_letter* matches what is passed already."""
    return rf"(?<![\w@]{first_letter})" if re.match(r"\w", first_word) else "(?<!@)"


def _split_first_letter(core: str) -> tuple[str, str]:
    """Return a set of letters for the first letter of *core*, if it is one of a to z, and the rest.

    A search for one of some letters takes less than half the time of one without case.
    """
    letter = core[0]
    if not (letter.isascii() and letter.isalpha()):
        return "", core

    cases = _CASES_OF_I if letter in "iI" else letter.lower() + letter.upper()
    return f"[{cases}]", core[1:]


def find_candidates(texts: Sequence[str], terms: Iterable[str]) -> dict[int, list[str]]:
    """Return the *terms* whose words each of *texts* holds, by index; it mentions no others.

    Few texts mention a term. A search through all of them at once costs less than one through
    each, or than to split them into sentences.
    """
    forms = list(map(_searched_form, texts))
    joined = _SEPARATOR.join(forms)
    ends = list(accumulate(len(form) + len(_SEPARATOR) for form in forms))

    candidates: dict[int, list[str]] = {}
    for term in terms:
        matches = _words_pattern(term).finditer(joined)
        for text_index in {bisect_right(ends, match.start()) for match in matches}:
            candidates.setdefault(text_index, []).append(term)

    return candidates


@lru_cache(maxsize=4096)
def _words_pattern(term: str) -> re.Pattern[str]:
    first, others = _split_first_letter(_core(_words_of(term)))
    return re.compile(f"{first}(?i:{others})")


def _words_of(term: str) -> list[str]:
    """Return the words of *term*; one of nothing but ignorable characters matches nothing."""
    return normal_form(term).split() or term.split()


def _core(term_words: Iterable[str]) -> str:
    return r"\s++".join("".join(map(_escape_letter, word)) for word in term_words)


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
    is_normal = normal_form(text) is text
    forms = all_sentences if is_normal else list(map(_searched_form, all_sentences))
    index = _index_words(forms) if len(patterns) >= _MANY else None
    answer: dict[str, list[str]] = {}
    for term, rule in patterns.items():
        candidates = range(count) if index is None else _candidates(term, index, count)
        positions = [i for i in candidates if rule.search_normal(forms[i])]
        if include_before or include_after:
            preceding = {i - 1 for i in positions if include_before and i > 0}
            following = {i + 1 for i in positions if include_after and i + 1 < count}
            positions = sorted(preceding.union(positions, following))

        answer[term] = [all_sentences[i] for i in positions]

    return {term: answer[plain_term] for term, plain_term in plain_terms.items()}


def join_white_space(term: str) -> str:
    """Return *term* with a blank for each run of white space, which the rule treats alike."""
    return " ".join(term.split())


def _searched_form(text: str) -> str:
    """Return the normal forms of the readings of *text* in one."""
    return _SEPARATOR.join(map(normal_form, readings(text)))


def _index_words(all_sentences: Iterable[str]) -> dict[str, list[int]]:
    """Return for each word, case folded, the positions of the sentences that hold it."""
    index: dict[str, list[int]] = {}
    for i, sentence in enumerate(all_sentences):
        for word in {_fold(word) for word in _WORD.findall(sentence)}:
            index.setdefault(word, []).append(i)

    return index


def _candidates(term: str, index: dict[str, list[int]], count: int) -> Sequence[int]:
    """Return the sentences that hold the rarest word of *term*, which matches whole words alone."""
    positions = [index.get(_fold(word), []) for word in _WORD.findall(normal_form(term))]
    return min(positions, key=len, default=range(count))


def _fold(word: str) -> str:
    """Make equal what `re.IGNORECASE` takes for equal (dotless and dotted i included)."""
    return word.casefold().replace("\u0131", "i").replace("\u0307", "")
