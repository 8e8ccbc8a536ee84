"""Words of a sentence as the engine `news` reads them: case, quotes, names, negation, "but".

Case tells which words are names (`textapi.engine.news_names`) and nothing else; curly quotes are
made plain. A word without a valence, like any name, counts for nothing: which name stands in a
sentence makes no difference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from textapi.engine.news_names import STAND_IN, hide_names
from textapi.engine.truecase import SMALL_IN_HEADLINES

# Within a clause, this many words after "not" are negated.
NEGATION_WORDS = 4
# A name of several words has at most this many.
LONGEST_NAME = 4

_PLAIN_SIGNS = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201b": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"'}
)
# The pattern matches a word, an emoticon, or a sign that ends a clause.
_TOKEN = re.compile(
    r"[^\W\d_]+(?:'[^\W\d_]+)*|(?<!\S)[:;=][-']?[()\[\]dp|/*](?!\S)|[.,;:!?()\"\u2013\u2014]|--"
)
_CLAUSE_ENDS = frozenset([*'.,;:!?()"\u2013\u2014', "--"])


def _list_words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\S+", text))


_NEGATORS = _list_words(
    """not no never none nobody nothing nowhere neither nor cannot without hardly scarcely rarely
    seldom ain't lack lacks lacked"""
)
_BOOSTERS = _list_words(
    """very extremely highly really deeply hugely strongly sharply utterly totally absolutely
    completely remarkably especially particularly incredibly enormously greatly most more so too
    badly severely heavily bitterly truly wildly"""
)
_DAMPENERS = _list_words(
    """slightly somewhat partly marginally almost nearly barely little less rather fairly mildly
    moderately"""
)
_BOOST, _DAMP = 1.25, 0.8
# In capitals these words are no abbreviations.
_SHOUTED = _NEGATORS | _BOOSTERS | _DAMPENERS | {"but"}
# VADER (Hutto and Gilbert, ICWSM 2014) weighs a negated valence, and the words before and after
# "but", like this.
NEGATED = -0.74
_BEFORE_BUT, _AFTER_BUT = 0.5, 1.5


@dataclass(frozen=True, slots=True)
class Word:
    """A word that counts, in lower case.

    *gap* is true if a word that does not count, or a new clause, comes before it. *weight*
    multiplies its valence.
    """

    text: str
    negated: bool
    gap: bool
    weight: float


def plain(text: str) -> str:
    """Return *text* in lower case, with straight quotes."""
    plain_text = text if text.isascii() else text.translate(_PLAIN_SIGNS)
    return plain_text.replace("''", '"').casefold()


def find_tokens(text: str) -> list[str]:
    """Return the words of *text* without a possessive "'s", its emoticons and its clause ends."""
    return [token.removesuffix("'s") for token in _TOKEN.findall(plain(text))]


def read_all_words(text: str) -> Iterator[tuple[str, bool, bool]]:
    """Yield each word of *text*, also names; whether it is negated; whether it begins a clause."""
    negated_words = 0
    begins_clause = True
    for token in find_tokens(text):
        if token in _CLAUSE_ENDS:
            negated_words, begins_clause = 0, True
            continue

        yield token, negated_words > 0, begins_clause
        begins_clause = False
        if token in _NEGATORS or token.endswith("n't"):
            negated_words = NEGATION_WORDS
        elif negated_words:
            negated_words -= 1


def read_words(
    text: str, counts: Callable[[str], bool], names: Collection[str], first_words: Collection[str]
) -> list[Word]:
    """Return the words of *text* for which *counts* is true.

    *names* are names of several words, divided by blanks; they do not count. *first_words* holds
    the first word of each.
    """
    words: list[Word] = []
    # This many of the next words are negated.
    negated_words = 0
    boost = 1.0
    gap = True
    last_but = 0
    for token in _without_names(text, names, first_words):
        if token in _CLAUSE_ENDS:
            negated_words, boost, gap = 0, 1.0, True
            continue

        if token == "but":  # noqa: S105 - a word
            last_but, negated_words = len(words), 0

        if counts(token):
            weight = boost * (NEGATED if negated_words else 1.0)
            words.append(Word(token, negated_words > 0, gap, weight))
            negated_words = max(0, negated_words - 1)
            gap = False
        else:
            gap = True

        boost = _BOOST if token in _BOOSTERS else _DAMP if token in _DAMPENERS else 1.0
        if token in _NEGATORS or token.endswith("n't"):
            negated_words = NEGATION_WORDS

    return _weigh_clauses(words, last_but) if last_but else words


def _without_names(
    text: str, names: Collection[str], first_words: Collection[str]
) -> Iterator[str]:
    """Yield the tokens of *text*, empty ones in place of what is a name by list or by capitals."""
    tokens = find_tokens(text)
    hidden_tokens = find_tokens(hide_names(text, _SHOUTED))
    is_hidden = [token == STAND_IN for token in hidden_tokens]
    index = 0
    while index < len(tokens):
        length = 0
        if tokens[index] in first_words:
            length = _name_length(tokens, is_hidden, index, names)

        yield "" if length or is_hidden[index] else tokens[index]
        index += length or 1


def _name_length(
    tokens: Sequence[str], is_hidden: Sequence[bool], index: int, names: Collection[str]
) -> int:
    """Return how many tokens the longest name has that begins at *index*; 0 for none."""
    for length in range(LONGEST_NAME, 1, -1):
        end = index + length
        is_listed = end <= len(tokens) and " ".join(tokens[index:end]) in names
        if is_listed and _fits_capitals(tokens, is_hidden, index, end):
            return length

    return 0


def _fits_capitals(tokens: Sequence[str], is_hidden: Sequence[bool], start: int, end: int) -> bool:
    """Return whether capitals let the tokens be one name: those of "about Schmidt" do not.

    If one of them is hidden as a name, all are, but for small words and the first of a clause.
    """
    if not any(is_hidden[start:end]):
        return True

    is_first = start == 0 or tokens[start - 1] in _CLAUSE_ENDS
    for index in range(start, end):
        is_free = tokens[index] in SMALL_IN_HEADLINES or (is_first and index == start)
        if not is_hidden[index] and not is_free:
            return False

    return True


def _weigh_clauses(words: list[Word], last_but: int) -> list[Word]:
    weighed = []
    for index, word in enumerate(words):
        factor = _BEFORE_BUT if index < last_but else _AFTER_BUT
        weighed.append(replace(word, weight=word.weight * factor))

    return weighed
