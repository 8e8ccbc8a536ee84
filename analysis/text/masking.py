"""Masking: the keyword's own terms are made neutral before a sentence is scored.

A keyword with a valence of its own ("protest", "fever") moves every mention by the same amount,
whatever the sentence says of it.

Each word of a term becomes `STAND_IN`, a noun as nearly all terms are, without valence in VADER's
lexicon and in TextBlob's; the engine `news` reads it as it reads a name. It takes the word's
capitals, and one word stays one word: VADER looks at capitals word by word, and at negations and
degrees up to three words before. So its polarity is the one that it would give if its lexicon
lacked the terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from textapi.engine.news_names import STAND_IN
from textapi.text.keywords import TermPattern
from textapi.text.normal_form import normal_form

# Stands in for a word that has no capitals to keep: a number, or another script.
_WITHOUT_CASE = "0"

# A word includes the full stops of an abbreviation.
_WORD = re.compile(r"\w(?:\S*\w)?\.*")


def mask_terms(sentence: str, patterns: Iterable[TermPattern]) -> str:
    """Return *sentence* with a stand-in for each word of what the terms' *patterns* match.

    A full stop within the sentence is removed with its abbreviation: behind the stand-in it would
    end a sentence. The full stop at the end stays.
    """
    parts: list[str] = []
    cursor = 0

    for start, end in _find_spans(sentence, patterns):
        is_last = not any(map(str.isalnum, sentence[end:]))
        if is_last:
            end = start + len(sentence[start:end].rstrip("."))  # noqa: PLW2901
        elif sentence[end] == ".":
            end += 1  # noqa: PLW2901

        term = normal_form(sentence[start:end])
        parts += [sentence[cursor:start], _WORD.sub(_stand_in, term)]
        cursor = end

    return "".join([*parts, sentence[cursor:]])


def _find_spans(sentence: str, patterns: Iterable[TermPattern]) -> list[tuple[int, int]]:
    """Return the spans of the terms; join matches that overlap or touch."""
    matches: list[tuple[int, int]] = []
    for pattern in patterns:
        matches += pattern.find_spans(sentence)

    spans: list[tuple[int, int]] = []
    for start, end in sorted(matches):
        if spans and start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))

    return spans


def _stand_in(match: re.Match[str]) -> str:
    if match[0].isupper():
        return STAND_IN.upper()
    if match[0].upper() == match[0].lower():
        return _WITHOUT_CASE

    return STAND_IN.title() if match[0][0].isupper() else STAND_IN
