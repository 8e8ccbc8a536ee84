"""Truecasing: small letters for the words of a headline in Title Case, before the model reads it.

The model learned names from running text and takes most words with a capital for names. A word
that running text writes small (`textapi.text.word_list`) is written small, unless it begins a
sentence or stands where a name stands. The task is that of Lita, Ittycheriah, Roukos and Kambhatla,
tRuEcasIng (2003), with a list and rules in place of their language model. Each line is decided by
itself, so that it has the same answer alone as with others.
"""

from __future__ import annotations

import re

from textapi.text import word_list
from textapi.text.word_list import WordList, base_form

_TOKEN = re.compile(r"\S+")
_EDGES = "\"'\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb.,;:()!?[]{}\u2026\u2013\u2014-/*"
_INITIAL = re.compile(r"[A-Z]\.")
_SENTENCE_ENDS = "?!:"
# These abbreviations end in a full stop before a name or a number.
ABBREVIATIONS = frozenset(
    re.findall(
        r"\w+",
        """mr mrs ms dr prof st gov sen rep gen col lt sgt capt rev jr sr inc corp co ltd vs no jan
        feb mar apr aug sept oct nov dec""",
    )
)
# A tokenizer cut these pieces off, and Title Case gave them a capital: "Don 'T" of a corpus.
_CLITICS = frozenset({"n't", "'s", "'ll", "'re", "'ve", "'d", "'m"})

# Headlines write these words small, so their case says nothing.
SMALL_IN_HEADLINES = frozenset(
    re.findall(
        r"\w+", "a an the and but nor or as at by for from in into of off on per to up via vs with"
    )
)
_FEWEST_CONTENT_WORDS = 2
_TITLE_CASE_SHARE = 0.8
# Numbers, small words and quotes have no capital, so this share of all words is low.
_FEWEST_CAPITALS = 0.3


class _CasedToken:
    """A word of a line with what the list says of it."""

    __slots__ = (
        "base",
        "core",
        "is_capital",
        "is_common",
        "is_name",
        "joins_next",
        "start",
        "text",
    )

    def __init__(self, start: int, text: str, known_words: WordList) -> None:
        self.start = start
        self.text = text
        # Punctuation at the edges of the word is left out.
        self.core = text.strip(_EDGES)
        self.base = base_form(self.core)
        self.is_capital = self.core[:1].isupper()
        self.is_common = self.base in known_words.common or self.core.lower() in _CLITICS
        # Running text gives the word a capital as well.
        self.is_name = self.is_capital and not self.is_common and len(self.core) > 1
        # No punctuation stands between this word and the next.
        self.joins_next = text[-1].isalnum() or text[-1] in ".'\u2019"


def restore_case(line: str) -> str:
    """Return *line* as running text would write it if it is in Title Case, else as it is.

    The result has the same length, character by character.
    """
    if not _may_be_title_case(line):
        return line

    known_words = word_list.load()
    tokens = [_CasedToken(match.start(), match[0], known_words) for match in _TOKEN.finditer(line)]
    begins = _sentence_begins(tokens)
    if not _is_title_case(tokens, begins):
        return line

    capitalized = begins | _known_names(tokens, known_words) | _persons(tokens, known_words)
    pieces = list(line)
    for index, token in enumerate(tokens):
        if index not in capitalized and token.is_capital:
            for begin, end in _small_parts(token, known_words):
                pieces[token.start + begin : token.start + end] = map(_small, token.text[begin:end])

    return "".join(pieces)


def _may_be_title_case(line: str) -> bool:
    """Return False if so few words have a capital that the list need not be read."""
    words = line.split()
    capitals = sum(word[0].isupper() for word in words)
    return capitals > _FEWEST_CAPITALS * len(words)


def _small(letter: str) -> str:
    """Return the small form of *letter*, or the letter itself if the form has several letters."""
    small = letter.lower()
    return small if len(small) == 1 else letter


def _sentence_begins(tokens: list[_CasedToken]) -> set[int]:
    """Return the indexes of words that begin a sentence, and of signs before a first word."""
    begins = set()
    is_begin = True

    for index, token in enumerate(tokens):
        if is_begin:
            begins.add(index)
        if token.core:
            is_begin = token.text[-1] in _SENTENCE_ENDS or _ends_in_full_stop(token)
        else:
            is_begin = is_begin or token.text[-1] in ".?!:"

    return begins


def _ends_in_full_stop(token: _CasedToken) -> bool:
    """Return whether the full stop behind a word ends a sentence: "U.S." and "Mr." do not."""
    if token.text[-1] != "." or "." in token.core or len(token.core) == 1:
        return False
    return token.core.lower() not in ABBREVIATIONS


def _is_title_case(tokens: list[_CasedToken], begins: set[int]) -> bool:
    """Return whether nearly all words have a capital that running text writes small.

    Words that begin a sentence, articles, prepositions and conjunctions are left out.
    """
    content = capitals = 0

    for index, token in enumerate(tokens):
        is_content = token.is_common and len(token.core) > 1
        if is_content and index not in begins and token.base not in SMALL_IN_HEADLINES:
            content += 1
            capitals += token.is_capital

    return content >= _FEWEST_CONTENT_WORDS and capitals >= _TITLE_CASE_SHARE * content


def _known_names(tokens: list[_CasedToken], known_words: WordList) -> set[int]:
    """Return the indexes of the words in names of several words: "White House"."""
    capitalized: set[int] = set()
    bases = [token.base for token in tokens]

    for index, base in enumerate(bases):
        for name_words in known_words.names.get(base, ()):
            if tuple(bases[index : index + len(name_words)]) == name_words:
                capitalized.update(range(index, index + len(name_words)))
                break

    return capitalized


def _persons(tokens: list[_CasedToken], known_words: WordList) -> set[int]:
    """Return the indexes of the common words that are a part of a person's name.

    "I" is one of them. The others are initials; a last name behind a given name or an initial
    ("Karen Woods", "J. Brown"); a given name before a name ("Mark Rutte").
    """
    capitalized: set[int] = set()

    for index, token in enumerate(tokens):
        if not (token.is_capital and token.is_common):
            continue

        previous = tokens[index - 1] if index else None
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        is_initial = token.core == "I" or _INITIAL.fullmatch(token.text) is not None
        is_last = (
            token.base in known_words.last
            and previous is not None
            and _is_given(previous, known_words)
        )
        is_given = token.base in known_words.given and token.joins_next
        if is_initial or is_last or (is_given and following is not None and following.is_name):
            capitalized.add(index)

    return capitalized


def _is_given(token: _CasedToken, known_words: WordList) -> bool:
    """Return whether *token* is a given name and nothing else, or an initial."""
    if not token.joins_next:
        return False
    if _INITIAL.fullmatch(token.text):
        return True

    return token.is_name and token.base in known_words.given


def _small_parts(token: _CasedToken, known_words: WordList) -> list[tuple[int, int]]:
    """Return the parts of *token* to write small: all, or the common words between hyphens."""
    if token.is_common:
        return [(0, len(token.text))]
    if "-" not in token.core:
        return []

    parts = []
    start = 0
    for part in token.text.split("-"):
        if base_form(part.strip(_EDGES)) in known_words.common:
            parts.append((start, start + len(part)))

        start += len(part) + 1

    return parts
