"""The keyword rule: where a text mentions a term, the same rule in the client, the workers and the server.

A term matches as whole words, case ignored: not next to a word character (at an edge of the term that is itself a word
character), not after "@", not before a hyphen and a digit, not before "." and a word character. White space in a term
matches any run of white space, a hyphen any of four hyphens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from textapi.text.sentences import sentences

_HYPHENS = "-\u2010\u2011\u2013"
_HYPHEN = f"[{_HYPHENS}]"
_WORD = re.compile(r"\w+")
_MANY = 8  # terms from which an index of the text's words pays


def pattern(term: str) -> re.Pattern[str]:
    """The rule for *term* as a regular expression (cached).

    Raises `ValueError` where *term* holds nothing but white space.
    """
    return _compiled(term)


def sentences_with(
    text: str, terms: Iterable[str], include_before: bool = False, include_after: bool = False
) -> dict[str, list[str]]:
    """For each of *terms*, as it was written, the sentences of *text* that mention it, in their order.

    With *include_before* and *include_after* the sentence before and after a mention is listed too, each sentence once.
    """
    found = sentences(text)
    patterns = {term: pattern(term) for term in terms}
    words = _index(found) if len(patterns) >= _MANY else None
    answer: dict[str, list[str]] = {}
    for term, rule in patterns.items():
        candidates = range(len(found)) if words is None else _candidates(term, words, len(found))
        positions = [i for i in candidates if rule.search(found[i])]
        if include_before or include_after:
            positions = _with_neighbours(
                positions, len(found), before=include_before, after=include_after
            )
        answer[term] = [found[i] for i in positions]
    return answer


def _with_neighbours(positions: list[int], count: int, *, before: bool, after: bool) -> list[int]:
    wanted = set(positions)
    if before:
        wanted.update(i - 1 for i in positions if i > 0)
    if after:
        wanted.update(i + 1 for i in positions if i + 1 < count)
    return sorted(wanted)


@lru_cache(maxsize=4096)
def _compiled(term: str) -> re.Pattern[str]:
    return re.compile(_expression(term), re.IGNORECASE)


def _index(found: list[str]) -> dict[str, list[int]]:
    """For each word, its case folded away, the positions of the sentences that hold it."""
    index: dict[str, list[int]] = {}
    for i, sentence in enumerate(found):
        for word in set(_WORD.findall(sentence)):
            positions = index.setdefault(_fold(word), [])
            if not positions or positions[-1] != i:
                positions.append(i)
    return index


def _candidates(term: str, words: dict[str, list[int]], count: int) -> Sequence[int]:
    """Where *term* may stand: in sentences that hold its rarest word, since the rule lets whole words match alone."""
    return min(
        (words.get(_fold(word), []) for word in _WORD.findall(term)), key=len, default=range(count)
    )


def _fold(word: str) -> str:
    """*word* so that any two which `re.IGNORECASE` takes for equal are equal (dotless and dotted i included)."""
    return word.casefold().replace("\u0131", "i").replace("\u0307", "")


def _expression(term: str) -> str:
    words = term.split()
    if not words:
        raise ValueError("a keyword needs at least one character that is not white space")
    core = r"\s++".join(
        "".join(_HYPHEN if character in _HYPHENS else re.escape(character) for character in word)
        for word in words
    )
    before = r"(?<![\w@])" if re.match(r"\w", words[0]) else "(?<!@)"
    after = r"(?!\w)" if re.match(r"\w", words[-1][-1]) else ""
    return rf"{before}{core}{after}(?!{_HYPHEN}\d)(?!\.\w)"
