"""Cuts of texts that no person writes, so that no library needs too much time or memory."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from textapi.text.sentences import split
from textapi.text.size import count_words, find_words

# The model reads at most this many words and signs of a line at once, some 21,000 characters. It
# needs 15 kB for each, and holds the interpreter for a second at 40,000.
LONGEST_LINE = 5_000

_SIGNS = re.compile(r"([^\w\s]{20})[^\w\s]+")
_WORD = re.compile(r"(\S{200})(?=\S)")


def without_endless_signs(text: str) -> str:
    """Return *text* with at most twenty signs (punctuation, emoji) in a row."""
    return _SIGNS.sub(r"\1", text)


def without_endless_words(text: str) -> str:
    """Return *text* with a blank after each two hundred characters of a word."""
    return _WORD.sub(r"\1 ", text)


def cut_endless_line(line: str) -> list[str]:
    """Return *line* in pieces of at most `LONGEST_LINE` words, between sentences where it can."""
    if len(line) <= LONGEST_LINE or count_words(line) <= LONGEST_LINE:
        return [line]

    word_starts = find_words(line)
    sentences = [start for start, _ in split(line)]
    pieces = []
    begin = 0
    while (begin_index := bisect_left(word_starts, begin)) + LONGEST_LINE < len(word_starts):
        limit = word_starts[begin_index + LONGEST_LINE]
        end = sentences[bisect_right(sentences, limit) - 1]
        if end <= begin:
            end = limit

        pieces.append(line[begin:end])
        begin = end

    return [*pieces, line[begin:]]
