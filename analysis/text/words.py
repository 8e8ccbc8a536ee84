"""The words of a text, as word clouds and the comparison of corpora count them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

# A word has at most this many characters.
LONGEST_WORD = 40

# `read_words` keeps the words of this many texts, which take some 2 kB each.
TEXTS_KEPT = 4000

_ADDRESS = re.compile(r"\bhttps?\b\S*|\bwww\.\S+|@\w+")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_IDEOGRAPHS = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+|[\u30a0-\u30ff]{2,}")
_SPACELESS = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_POSSESSIVE = re.compile(r"'s$")


@dataclass(frozen=True, slots=True)
class TextWords:
    """The words of a text."""

    without_addresses: str
    words: tuple[str, ...]

    # The different words, case-folded.
    folded: frozenset[str]


def count_words(texts: Iterable[str], leave_out: Collection[re.Pattern[str]] = ()) -> Counter[str]:
    """Count words without case, possessives and addresses, each in its most common spelling.

    *leave_out*: patterns of a keyword's terms; what they match is cut out before words are counted.
    Chinese and Japanese, which write no spaces, are counted by pairs of characters.
    """
    counts = Counter[str]()
    for text in texts:
        counts.update(words_of(text, leave_out))
    return merge_spellings(counts)


def merge_spellings(words: Counter[str]) -> Counter[str]:
    """Count words that differ in case alone as one, in the spelling that is most common."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for word, times in words.items():
        spellings[word.casefold()][word] = times

    merged = Counter[str]()
    for forms in spellings.values():
        _, most_common = max((times, form) for form, times in forms.items())
        merged[most_common] = forms.total()
    return merged


def words_of_terms(terms: Iterable[str]) -> set[str]:
    """Return the terms of a subject and their single words, case-folded.

    In a run over "Donald Trump", the word "Donald" tells nothing new.
    """
    words: set[str] = set()
    for term in terms:
        words.add(term.casefold())
        words.update(map(str.casefold, words_of(term)))
    return words


def has_words(text: str) -> bool:
    """Return whether a text holds three words besides addresses and names of accounts."""
    return len(list(words_of(text))) >= 3


def words_of(text: str, leave_out: Collection[re.Pattern[str]] = ()) -> Iterator[str]:
    """Yield the words of *text* as they are written, without addresses, possessives and numbers.

    What the patterns *leave_out* match is cut out first. Chinese and Japanese, which write no
    spaces, are given as pairs of characters.
    """
    remaining_text = _ADDRESS.sub(" ", text)
    for pattern in leave_out:
        remaining_text = pattern.sub(" ", remaining_text)
    yield from _words_in(remaining_text)


@lru_cache(maxsize=TEXTS_KEPT)
def read_words(text: str) -> TextWords:
    """Return the words of *text*, kept: jobs of a run are compared with the same texts."""
    remaining_text = _ADDRESS.sub(" ", text)
    words = tuple(_words_in(remaining_text))
    return TextWords(remaining_text, words, frozenset(map(str.casefold, words)))


def _words_in(text: str) -> Iterator[str]:
    for match in _WORD.findall(text):
        if _SPACELESS.search(match):
            for run in _IDEOGRAPHS.findall(match):
                yield from _pairs(run) if run[0] >= "\u3400" else (run,)
            continue

        word = _POSSESSIVE.sub("", match.replace("\u2019", "'"))
        if 1 < len(word) <= LONGEST_WORD and not word.isdigit():
            yield word


def _pairs(run: str) -> Iterator[str]:
    for start in range(len(run) - 1):
        yield run[start : start + 2]
