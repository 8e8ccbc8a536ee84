"""The words of a text, as word clouds and the comparison of corpora count them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from textapi.text.keywords import TermPattern
from textapi.text.normal_form import normal_form, readings

# A word has at most this many characters.
LONGEST_WORD = 40

# `read_words` keeps the words of this many texts, which take some 2 kB each.
TEXTS_KEPT = 4000
# The words of a newspaper, which come again and again: 6 MB.
WORDS_KEPT = 50_000

_ADDRESS = re.compile(r"\bhttps?\b\S*|\bwww\.\S+|@\w+")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_IDEOGRAPHS = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+|[\u30a0-\u30ff]{2,}")
_SPACELESS = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_POSSESSIVE = re.compile(r"'s$")
# What stands between the words of a pair, and between those of a text that make one.
_PAIR = " "
_BLANKS = (" ", "\u00a0")

# Two words are one name if they come together so often, which has to be this share of the uses of
# the rarer word, and this share of those of the other.
_FEWEST_PAIRS = 3
_SHARE_OF_RARER = 2 / 3
_SHARE_OF_OTHER = 1 / 4
# These are stop words alone, and parts of "New York", "Los Angeles", "El Paso" and "La Paz".
_BEGINNINGS_OF_NAMES = {"new", "los", "las", "el", "la"}


@dataclass(frozen=True, slots=True)
class TextWords:
    """The words of a text."""

    without_addresses: str
    words: tuple[str, ...]

    # The different words, case-folded.
    folded: frozenset[str]


def count_words(texts: Iterable[str], leave_out: Collection[TermPattern] = ()) -> Counter[str]:
    """Count the *texts* that hold each word, in its most common spelling.

    Case, possessives and addresses are ignored. Words that one of the patterns *leave_out* matches
    are not counted.
    Chinese and Japanese, which write no spaces, are counted by pairs of characters. Neighbouring
    words with capitals are counted as a pair, too ("Los Angeles"): `join_names` tells the names.
    """
    counts = Counter[str]()
    for text in texts:
        remaining_text = _cut_out(text, ())
        spellings: dict[str, str] = {}
        for word in chain(_words_in(remaining_text), _pairs_of_capitals(remaining_text)):
            spellings.setdefault(word.casefold(), word)

        counts.update(spellings.values())

    merged = merge_spellings(counts)
    for word in list(merged):
        if any(pattern.search(word) for pattern in leave_out):
            del merged[word]

    return merged


def list_words(text: str, leave_out: Collection[TermPattern] = ()) -> set[str]:
    """Return the different words that `count_words` counts in a text, case-folded."""
    remaining_text = _cut_out(text, leave_out)
    counted = chain(_words_in(remaining_text), _pairs_of_capitals(remaining_text))
    return set(map(str.casefold, counted))


def join_names(counts: Counter[str], leave_out: Collection[str]) -> Counter[str]:
    """Return the words of *counts*, and each of its pairs that is mostly used as one name.

    A pair is one if it comes three times, and is most of the uses of its rarer word and some of
    those of the other: "Los Angeles", "New York", but not "President Trump" where "Trump" mostly
    stands alone. Its uses no longer count for its words. No word of *leave_out*, which are
    case-folded, is part of one, except the beginnings of "New York" and "Los Angeles".
    """
    words = {word.casefold(): word for word in counts if _PAIR not in word}
    remaining = Counter({folded: counts[word] for folded, word in words.items()})
    joined = Counter[str]()

    pairs = [(pair, count) for pair, count in counts.items() if _PAIR in pair]
    for pair, count in sorted(pairs, key=lambda entry: (-entry[1], entry[0])):
        left, right = pair.casefold().split(_PAIR)
        unwanted = {left, right}.intersection(leave_out) - _BEGINNINGS_OF_NAMES
        if count < _FEWEST_PAIRS or left == right or unwanted:
            continue

        rarer_uses, other_uses = sorted((remaining[left], remaining[right]))
        is_name = count >= _SHARE_OF_RARER * rarer_uses and count >= _SHARE_OF_OTHER * other_uses
        if is_name and rarer_uses >= count:
            joined[pair] = count
            remaining.subtract((left, right) * count)

    for folded, word in words.items():
        if remaining[folded] > 0:
            joined[word] = remaining[folded]

    return joined


def without_rare_pairs(counts: Counter[str]) -> Counter[str]:
    """Return *counts* without the pairs of words that come once, which are most of them."""
    return Counter(
        {word: times for word, times in counts.items() if times > 1 or _PAIR not in word}
    )


def merge_spellings(words: Counter[str]) -> Counter[str]:
    """Count words that differ in case alone as one, in the spelling that is most common."""
    spellings: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for word, times in words.items():
        spellings[word.casefold()].append((times, word))

    merged = Counter[str]()
    for forms in spellings.values():
        _, most_common = max(forms)
        merged[most_common] = sum(times for times, _ in forms)

    return merged


def words_of_terms(terms: Iterable[str]) -> set[str]:
    """Return the terms of a subject and their single words, case-folded.

    In a run over "Donald Trump", the word "Donald" tells nothing new.
    """
    words: set[str] = set()
    for term in terms:
        words.add(normal_form(term).casefold())
        words.update(map(str.casefold, words_of(term)))

    return words


def words_of(text: str, leave_out: Collection[TermPattern] = ()) -> Iterator[str]:
    """Yield the words of *text* as they are written, without addresses, possessives and numbers.

    What the patterns *leave_out* match is cut out first. Chinese and Japanese, which write no
    spaces, are given as pairs of characters.
    """
    yield from _words_in(_cut_out(text, leave_out))


def _cut_out(text: str, leave_out: Collection[TermPattern]) -> str:
    """Return *text* with a line break for each address and each match of *leave_out*."""
    remaining_text = _ADDRESS.sub("\n", _parted_form(text))
    for pattern in leave_out:
        remaining_text = pattern.replace(remaining_text, "\n")

    return remaining_text


def _parted_form(text: str) -> str:
    """Return *text* in normal form, with white space where zero-width spaces may part words."""
    return normal_form(readings(text)[-1])


@lru_cache(maxsize=TEXTS_KEPT)
def read_words(text: str) -> TextWords:
    """Return the words of *text*, kept: jobs of a run are compared with the same texts."""
    remaining_text = _ADDRESS.sub(" ", _parted_form(text))
    words = tuple(_words_in(remaining_text))
    return TextWords(remaining_text, words, frozenset(map(str.casefold, words)))


def _words_in(text: str) -> Iterator[str]:
    for match in _WORD.findall(text):
        if not match.isascii() and _SPACELESS.search(match):
            for run in _IDEOGRAPHS.findall(match):
                yield from _pairs(run) if run[0] >= "\u3400" else (run,)

            continue

        word = _read_word(match)
        if word is not None:
            yield word


@lru_cache(maxsize=WORDS_KEPT)
def _read_word(match: str) -> str | None:
    """Return a match of `_WORD` without its possessive; None for a letter or a number."""
    word = _POSSESSIVE.sub("", match.replace("\u2019", "'"))
    return word if 1 < len(word) <= LONGEST_WORD and not word.isdigit() else None


def _pairs_of_capitals(text: str) -> Iterator[str]:
    previous_word, previous_end = None, 0
    for match in _WORD.finditer(text):
        word = _read_word(match[0])
        if word is not None and (not word[0].isupper() or _SPACELESS.search(word)):
            word = None
        if word and previous_word and text[previous_end : match.start()] in _BLANKS:
            yield f"{previous_word}{_PAIR}{word}"

        # A possessive ends a name.
        previous_word = word if word and len(word) == len(match[0]) else None
        previous_end = match.end()


def _pairs(run: str) -> Iterator[str]:
    for start in range(len(run) - 1):
        yield run[start : start + 2]
