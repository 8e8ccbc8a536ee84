"""Names and words for groups of people, which the engine must not learn to like or dislike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import pairwise
from pathlib import Path

from textapi.engine.news_names import STAND_IN
from textapi.engine.news_words import LONGEST_NAME, plain
from tools.news_engine.wordnet import WordNet

_TOKEN = re.compile("[^\\W\\d_]+(?:['\u2019][^\\W\\d_]+)*|[.!?:\"\u201c\u201d]")

# A text tells nothing about names if more than this share of its words has a capital.
_TITLE_CASE = 0.6

# A word with a valence is a name if it is seen with a capital at least this many times.
_FEWEST_RATED = 5

# Each file names its source.
_WORD_LISTS = Path(__file__).with_name("words")


def read_word_list(list_name: str) -> frozenset[str]:
    """Return the words and phrases of a list: groups, word_names, long_names or neutral."""
    lines = (_WORD_LISTS / f"{list_name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def read_neutral_words() -> frozenset[str]:
    """Return all words and phrases that count for nothing by a list, and the stand-in of a name."""
    lists = map(read_word_list, ("groups", "word_names", "long_names", "neutral"))
    return frozenset({STAND_IN}).union(*lists)


def find_names(
    texts: Iterable[str],
    vocabulary: Iterable[str],
    wordnet: WordNet | None,
    rated: Collection[str],
) -> set[str]:
    """Return the words of *vocabulary* and WordNet that are names, and the listed words.

    A name has a capital within the sentences of *texts*. A word with a capital in WordNet is a name
    unless *texts* write it small as often. A word that they never write small is a name if neither
    WordNet nor *rated* holds it.
    """
    capital, small = count_capitals(texts)
    wordnet_words: Collection[str] = wordnet.words if wordnet else ()
    names = {word for word in read_neutral_words() if " " not in word}
    for word, count in capital.items():
        fewest = _FEWEST_RATED if word in rated else 1
        if count >= fewest and count > 2 * small[word]:
            names.add(word)

    for word in wordnet.names if wordnet else ():
        if " " not in word and (capital[word] > small[word] or not small[word]):
            names.add(word)

    for word in vocabulary:
        if not small[word] and word not in wordnet_words and word not in rated:
            names.add(word)

    return names - {"i"}


def find_long_names(
    texts: Iterable[str], wordnet_names: Iterable[str], counts: AbstractSet[str]
) -> set[str]:
    """Return the names of several words of which at least one is in *counts*.

    They are adjacent words with capitals within the sentences of *texts*, names of WordNet, and the
    listed phrases.
    """
    long_names = set()
    candidates = find_capital_phrases(texts)
    for candidate in (*candidates, *wordnet_names, *read_neutral_words()):
        words = plain(candidate).replace(".", "").replace("-", " ").split()
        if 1 < len(words) <= LONGEST_NAME and any(word in counts for word in words):
            long_names.add(" ".join(words))

    return long_names


def find_capital_phrases(texts: Iterable[str]) -> set[str]:
    """Return phrases of two to `LONGEST_NAME` adjacent words with capitals within a sentence."""
    phrases = set()
    for tokens in _read_telling_texts(texts):
        phrase: list[str] = []
        for preceding, token in pairwise([*tokens, "."]):
            # Words are shouted in "SO HAPPY"; "I'm" has a capital without being a name.
            is_shouted = token.isupper() or token.startswith("I'")
            if token[0].isupper() and not is_shouted and preceding[0].isalpha():
                phrase.append(plain(token).removesuffix("'s"))
                continue

            if 1 < len(phrase) <= LONGEST_NAME:
                phrases.add(" ".join(phrase))

            phrase = []

    return phrases


def count_capitals(texts: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """Count how often each word has a capital within a sentence, and how often it has none."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for tokens in _read_telling_texts(texts):
        for preceding, token in pairwise(tokens):
            if preceding[0].isalpha() and token[0].isalpha():
                word = plain(token).removesuffix("'s")
                (capital if token[0].isupper() else small)[word] += 1

    return capital, small


def _read_telling_texts(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words and signs of *texts* that are neither in Title Case nor in small letters."""
    for text in texts:
        tokens = _TOKEN.findall(text)
        words = [token for token in tokens if token[0].isalpha()]
        capitals = sum(word[0].isupper() for word in words)
        if 0 < capitals <= _TITLE_CASE * len(words):
            yield tokens
