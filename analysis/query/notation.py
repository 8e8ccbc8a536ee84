"""The notation of other tools: its signs are refused with advice, quotation marks are made plain.

These rules are for typed queries. The grammar alone reads stored queries, so that runs keep their
meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NoReturn
from unicodedata import normalize

from analysis.query.terms import STAR

QUOTED = re.compile('["\u201c\u201e][^"\u201c\u201d]*["\u201c\u201d]')

# Word processors set these marks: a key opens a quotation, and a character of its value closes it.
_CLOSING_MARKS = {
    "\u201c": "\u201d",
    "\u201e": "\u201c\u201d",
    "\u201d": "\u201d",
    "\u00ab": "\u00bb",
    "\u00bb": "\u00ab\u00bb",
    "\u2039": "\u203a",
    "\u203a": "\u2039\u203a",
    "\u201a": "\u2018\u2019",
    "\u2018": "\u2019",
    "\u2019": "\u2019",
    "'": "'",
}
# These are apostrophes too, so they are quotation marks only if they enclose a whole operand.
_APOSTROPHES = "\u2018\u2019'"
_OPERATOR = r"(?:AND|OR|NOT|(?i:near)/\d+)"
_OPERAND_BEGINS = re.compile(rf"(?:^|[(:,=]|(?<!\S){_OPERATOR}\s|\({_OPERATOR}\s)\s*$")
_OPERAND_ENDS = re.compile(rf"\*?\s*(?:$|[),]|(?<=\s){_OPERATOR}(?![^\s(]))")

_FIELDS = (
    "title|intitle|allintitle|headline|hlead|body|text|intext|author|byline|lang|language|date|"
    "url|inurl|site|domain|source|section"
)
_WHOLE_FIELD = re.compile(rf"(?i:{_FIELDS}):[^\s,:]+")

_PLAIN_MARKS = 'write "…" around the words'
# Each pattern matches a word of another tool; the text says what to write instead. The first match
# counts.
_SIGNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r".*\|.*"), "write OR"),
    (re.compile(r".*&&.*"), "write AND"),
    (re.compile(r".*;.*"), "write OR between words, or a comma in NAME:term,term"),
    (re.compile(r"[-\u2013\u2212][^\W\d].*"), "write NOT for -"),
    (re.compile(r"\+[^\W\d].*"), "write AND for +"),
    (re.compile(r"![^\W\d].*"), "write NOT for !"),
    (
        re.compile(r"AND[_-]?NOT|BUT[_-]?NOT|BUT|(?i:<not>)"),
        "write NOT alone, as in trump NOT biden",
    ),
    (re.compile(r"(?i:<(?:and|or)>)"), "write AND or OR"),
    (re.compile(r"XOR"), "write (a OR b) NOT (a AND b)"),
    (re.compile(r"ADJ\d*|(?i:adj[/:]?\d+)"), "write near/0 for words side by side"),
    (
        re.compile(
            r"(?i:(?:within|w|pre|n|p|onear|around)[/:]\d+|(?:near|within|around):?\d+|<near.*>)"
            r"|/(?:\d{1,3}|[sp])|~\d+|NEAR|AROUND"
        ),
        "write near/5 for at most five words between",
    ),
    (
        re.compile(r".*~[^)].*|[^\w]*~"),
        "other spellings are not found by it: write each, a star, vaccin*, or run~ for all forms",
    ),
    (re.compile(r".*\^\d.*"), "all words weigh the same: leave it out"),
    (re.compile(r"/.*[^\W\d].*/\w*"), "regular expressions are not read: write a star, vaccin*"),
    (re.compile(r".*\w\?\w.*"), "write each form, or a star at a word's end, vaccin*"),
    (re.compile(r"[\[{].*|.*[\]}]"), "write ( and )"),
    (re.compile("[\u00ab\u00bb\u2039\u203a].*|.*[\u00ab\u00bb\u2039\u203a]"), _PLAIN_MARKS),
    (re.compile("[\u3008-\u300b\u300c-\u300f\u301d-\u301f].*|.*[\u3008-\u300f]"), _PLAIN_MARKS),
    (re.compile("[\u3010-\u301b].*|.*[\u3010-\u301b]"), "write ( and )"),
    (re.compile("\u3001|.*[^\\W\\d_]\u3001.*"), "write OR between words, or NAME:term,term"),
)
# These letters of Cyrillic and Greek look like those of operators.
_LOOK_ALIKES = str.maketrans("\u0410\u041e\u0422\u0391\u039d\u039f\u03a4\u0430\u0435", "AOTANOTae")
# East Asian keyboards set these; the values are what to write in a query.
_FULL_WIDTH_SIGNS = {
    "\uff02": '"',
    "\uff06": "AND",
    "\uff08": "(",
    "\uff09": ")",
    "\uff0a": "*",
    "\uff0c": ",",
    "\uff1a": ":",
    "\uff1b": "OR",
    "\uff1d": "=",
    "\uff3b": "(",
    "\uff3d": ")",
    "\uff5b": "(",
    "\uff5c": "OR",
    "\uff5d": ")",
}
_FUNCTION = re.compile(r"(?<![^\s(:])((?:NEAR|ONEAR|WITHIN|AROUND|ADJ)\s*|(?i:near))\d*\(")
_WORD = re.compile(r"[^\s(),:]+|:\d+")
_ENDS_WITH_QUESTION_MARK = re.compile(r".*[^\W_]\?+")

# The words of a phrase, with the operators that they may stand for.
_OPERATOR_OF_WORD = {
    "and": "AND",
    "&": "AND",
    "+": "AND",
    "or": "OR",
    "/": "OR",
    "not": "NOT",
    "-": "NOT",
    "near": "near/5",
    "adj": "near/0",
}
_TRUNCATION = re.compile(r"([^\W_]*[^\W\d_])[?!$%]+")


def make_marks_plain(text: str) -> str:
    """Return *text* with the quotation marks of word processors as the ones that queries know."""
    for opening, closing in _CLOSING_MARKS.items():
        close = rf"[{closing}](?!\w)"
        pair = re.compile(rf'(?<![^\s(=:,]){opening}((?:(?!{close})[^"])+){close}')
        text = pair.sub(_make_plain(opening), text)

    return text


def _make_plain(opening: str) -> Callable[[re.Match[str]], str]:
    def make_plain(pair: re.Match[str]) -> str:
        left_text, right_text = pair.string[: pair.start()], pair.string[pair.end() :]
        is_operand = _OPERAND_BEGINS.search(left_text) and _OPERAND_ENDS.match(right_text)
        return pair[0] if opening in _APOSTROPHES and not is_operand else f'"{pair[1]}"'

    return make_plain


def refuse_foreign_signs(text: str, *, is_query: bool) -> None:
    """Raise ValueError, with what to write, if *text* has a sign that only other tools know.

    In quotation marks every sign stands for itself.
    """
    unquoted = QUOTED.sub('""', text)
    if _WHOLE_FIELD.fullmatch(unquoted.strip()):
        field, _, word = unquoted.strip().partition(":")
        raise ValueError(
            f"{field}: is no field here, and a document's text alone is searched: write "
            f"{word}, or {field} OR {word} where both are looked for"
        )

    if function := _FUNCTION.search(unquoted):
        _refuse_sign(function[0], "write near/5 between two words, as in police near/5 shot")

    words = _WORD.findall(unquoted)
    for index, word in enumerate(words):
        _refuse_look_alikes(word, is_alone=len(words) == 1)
        is_between = 0 < index < len(words) - 1
        for sign, remedy in _SIGNS:
            if sign.fullmatch(word) and (is_between or not word.isalpha()):
                _refuse_sign(word, remedy)

        if is_query and is_between and word == "near" and _joins_words(words, index):
            raise ValueError(
                "'near' stands in a phrase: write near/5, say, as an operator, or the phrase in "
                "quotation marks"
            )

        if (is_query or len(words) == 1) and _ENDS_WITH_QUESTION_MARK.fullmatch(word):
            raise ValueError(
                f"{word!r} ends with a question mark, which stands for no letter: write "
                f'{word.rstrip("?")}{STAR}, or "{word}" where the mark is meant'
            )


def _refuse_sign(written: str, remedy: str) -> NoReturn:
    raise ValueError(
        f"{written!r} is a notation of other tools: {remedy}; or put what is meant as it stands "
        'into quotation marks, "…"'
    )


def _refuse_look_alikes(word: str, *, is_alone: bool) -> None:
    """Raise ValueError for an operator in letters of another script, or a full-width sign."""
    plain = normalize("NFKC", word).translate(_LOOK_ALIKES)
    if plain != word and re.fullmatch(_OPERATOR, plain) and not is_alone:
        raise ValueError(
            f"{word!r} looks like {plain} and has other letters: write {plain} in Latin letters, "
            'or put what is meant as it stands into quotation marks, "…"'
        )

    for sign, remedy in _FULL_WIDTH_SIGNS.items():
        if sign in word:
            _refuse_sign(word, f"write {remedy} for {sign}")


def _joins_words(words: Sequence[str], index: int) -> bool:
    neighbours = (words[index - 1], words[index + 1])
    return not any(re.fullmatch(_OPERATOR, word) for word in neighbours)


def suggest_query(phrase: str) -> str | None:
    """Return the query that *phrase* may have been meant as; None if it looks like no query."""
    words = phrase.split()
    suggested: list[str] = []
    for index, word in enumerate(words):
        operator = _OPERATOR_OF_WORD.get(word.casefold())
        truncated = _TRUNCATION.fullmatch(word)
        is_first_not = index == 0 and operator == "NOT"
        if operator and index < len(words) - 1 and (index or is_first_not):
            suggested.append(operator)
        elif truncated:
            suggested.append(truncated[1] + STAR)
        else:
            suggested.append(word)

    return None if suggested == words else " ".join(suggested)
