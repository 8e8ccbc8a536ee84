"""Sentence boundaries, by one regular expression and lists of abbreviations.

A line break always ends a sentence, and no rule looks across it: a text has the same sentences
alone as packed with others, a line each, into one request. The case of letters decides only if
nothing else does, so that texts without capitals are split as well. The abbreviations are those of
English, German, French, Spanish, Italian and Dutch, one set for all: a text is split alike
wherever its language is not known, and none of them ends sentences in another of the languages.
"""

from __future__ import annotations

import re
from functools import lru_cache

Span = tuple[int, int]

# `str.splitlines` splits at these characters.
LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"

_CLOSERS = "\"'\u201d\u2019\u00bb)\\]}"
_CANDIDATE = re.compile(rf"[{LINE_BREAKS}]+|(?<![.!?\u2026])[.!?\u2026]++[{_CLOSERS}]*+(?=\s)")
_OPENERS = "\"'\u201c\u2018\u201e\u00ab([{"
_NEXT = re.compile(rf"[^\S{LINE_BREAKS}]*[{re.escape(_OPENERS)}]*([^\W\d_]{{1,11}}(?!\w)|\S)")
_LONGEST_ABBREVIATION = 12
_BEFORE_A_WORD = re.compile(r"[\s/\-\u2010\u2011\u2013\u2014]")

# Initials are letters, each with its full stop: "U.S.", "E.M.S.", "Ph.D.", "J.".
_INITIALS = re.compile(r"(?:[^\W\d_]{1,2}\.)*[^\W\d_]\.")

# These abbreviations stand before a name or a thing and never end a sentence.
_BEFORE_A_NAME = frozenset(
    re.findall(
        r"\w+",
        """adm atty brig capt cmdr col cpl det dr fr gen gov hon insp lt maj messrs mme mr mrs
        ms mt pfc pres prof pvt rep reps rev sen sens sgt supt vs viz cf approx dept vol
        bzw evtl ggf hr hrn inkl sog vgl zzgl dra ing sra srta av mlle mlles mmes arch avv dott
        ing sig bijv dhr drs mevr mgr""",
    )
)
# These stand behind a name, and a title in capitals goes on behind them ("Acme Inc. Sells"), or
# they stand behind the name of a street and before that of a place ("Main St.", "St. Louis"), or
# are states ("Conn. Reopens"). They end a sentence only before a word that begins one.
_BESIDE_A_NAME = frozenset(
    re.findall(
        r"\w+",
        """jr sr esq bros co corp inc llc ltd st ft ave blvd rd sq univ ala ariz ark calif colo conn
        del fla kan ky mich minn mo mont neb nev okla pa tenn tex va vt wis wyo""",
    )
)
_BEGINNINGS = frozenset(
    re.findall(
        r"\w+",
        """a an the this that these those there i you he she it we they my your his her its our
        their but""",
    )
)
# These abbreviations end a sentence unless a small letter or a number follows.
_BEFORE_A_CAPITAL = frozenset(
    re.findall(
        r"\w+",
        """al assn etc ste jan feb aug sept oct nov dec mon tue tues wed thu thur thurs fri
        enz usw""",
    )
)
# These are words, and abbreviations only before a number ("No. 5").
_BEFORE_A_NUMBER = frozenset(
    {"no", "nos", "p", "pp", "fig", "figs", "art", "sec", "mar", "apr", "jun", "jul"}
    | {"abs", "bd", "ca", "nr", "núm", "pág", "std"}
)
# A number with a full stop is an ordinal of German before these ("am 3. März").
_DAY = re.compile(r"[0-3]?[0-9]\.")
_BEHIND_AN_ORDINAL = frozenset(
    re.findall(
        r"\w+",
        """januar jänner februar märz april mai juni juli august september oktober november
        dezember jahrhundert""",
    )
)


def split(text: str) -> list[Span]:
    """Return the (start, end) offsets of the sentences, none empty, without outer white space."""
    spans: list[Span] = []
    start = 0
    for candidate in _CANDIDATE.finditer(text):
        if candidate[0][0] in LINE_BREAKS or _ends_sentence(text, candidate):
            _add_span(spans, text, start, candidate.end())
            start = candidate.end()

    _add_span(spans, text, start, len(text))
    return spans


def sentences(text: str) -> list[str]:
    """Return the sentences of *text*."""
    return [text[start:end] for start, end in split(text)]


def ends_sentence(text: str) -> bool:
    """Tell whether *text* ends in an end mark that can belong to no abbreviation."""
    stripped = text.rstrip()
    if not stripped.endswith("."):
        return stripped.endswith(("!", "?"))

    tail = stripped[-_LONGEST_ABBREVIATION - 1 :]
    return not _may_be_abbreviation(tail.rsplit(None, 1)[-1])


# Few words end most texts.
@lru_cache(maxsize=4096)
def _may_be_abbreviation(tail: str) -> bool:
    """Tell whether *tail*, which ends a text, is an abbreviation before a letter or a number."""
    word = _word_up_to(tail, len(tail))
    return _is_abbreviation(word, "a") or _is_abbreviation(word, "1")


def _add_span(spans: list[Span], text: str, start: int, end: int) -> None:
    part = text[start:end]
    stripped = part.strip()
    if stripped:
        start += len(part) - len(part.lstrip())
        spans.append((start, start + len(stripped)))


def _ends_sentence(text: str, candidate: re.Match[str]) -> bool:
    mark = candidate[0]
    following = _NEXT.match(text, candidate.end())
    next_word = following[1] if following else ""
    if mark == ".":
        return not _is_abbreviation(_word_up_to(text, candidate.end()), next_word)
    if mark[-1] in "!?":
        return True

    # After an ellipsis or a closing quote ("“Why?” he asked") the sentence may go on.
    return not next_word[:1].islower()


def _word_up_to(text: str, end: int) -> str:
    """Return the (tail of the) word that ends at *end*, in lower case, without opening quotes."""
    tail = text[max(0, end - _LONGEST_ABBREVIATION - 1) : end]
    return _BEFORE_A_WORD.split(tail)[-1].lstrip(_OPENERS).lower()


def _is_abbreviation(word: str, next_word: str) -> bool:
    """Tell whether *word* with its full stop is an abbreviation before *next_word*.

    A next word of more than eleven letters may be given by its first.
    """
    stem = word[:-1]
    if stem in _BEFORE_A_NAME:
        return True

    # Few words are initials, and the pattern costs more than this test.
    could_be_initials = len(stem) == 1 or "." in stem
    if could_be_initials and _INITIALS.fullmatch(word):
        return True

    if _DAY.fullmatch(word) and next_word.lower() in _BEHIND_AN_ORDINAL:
        return True

    next_letter = next_word[:1]
    if stem in _BEFORE_A_NUMBER:
        return next_letter.isdigit()
    if stem in _BESIDE_A_NAME:
        begins_sentence = next_letter.isupper() and next_word.lower() in _BEGINNINGS
        return bool(next_word) and not begins_sentence

    return stem in _BEFORE_A_CAPITAL and (next_letter.islower() or next_letter.isdigit())
