"""The validation of all answers of the Text API: they enter the program nowhere else.

It knows the types, ranges and sizes of each operation's answer. An answer that does not fit raises
`ServiceBadAnswer` with the reason, which the client retries. Text is made storable, as that of
documents is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.errors import ServiceBadAnswer
from core.languages import find_language
from core.storable import make_storable
from textapi.messages import SERVICE, Operation

# An engine's name has at most this many characters.
LONGEST_ENGINE = 200
# An entity's type has at most this many characters.
LONGEST_TYPE = 50
# A longer entity is no name, and too long for the index of a database.
LONGEST_NAME = 300
# An answer is hardly longer than its text; an element of a list counts as one more character.
LONGEST_BY_TEXT = 10
LONGEST_AT_LEAST = 1000

_UNPRINTABLE = re.compile(r"[^ -~]")


def read_answer(operation: Operation, reply: Mapping[str, Any], key: str, text: str) -> Any:
    """Return the answer that *reply* holds under *key* about *text*; pairs become tuples.

    Raises `ServiceBadAnswer` if it is not an answer to *operation*.
    """
    if key not in reply:
        raise bad_answer(operation, f"nothing for {key!r}")

    try:
        answer = _READERS[operation](reply[key])
    except _Misfit as misfit:
        raise bad_answer(operation, f"{misfit} for {key!r}") from None

    if _size(answer) > LONGEST_BY_TEXT * len(text) + LONGEST_AT_LEAST:
        raise bad_answer(operation, f"far more than the text holds for {key!r}")

    return answer


def read_engine(header: str | None) -> str | None:
    """Return the name of an engine in a *header*; None if it has none.

    The answer is paid for, whatever its engine is called: characters other than printable ASCII
    are escaped, and a name of more than `LONGEST_ENGINE` characters is cut.
    """
    printable = _UNPRINTABLE.sub(lambda character: ascii(character[0])[1:-1], header or "")
    return printable.strip()[:LONGEST_ENGINE].rstrip() or None


def read_languages(header: str | None) -> frozenset[str] | None:
    """Return the languages that a *header* declares; None if it names none that is known.

    They are codes, "fr;ner" if it is read by one of the endpoints alone. Others are left out.
    """
    declared = set()
    for part in (header or "").split(","):
        written, _, endpoint = part.partition(";")
        code = find_language(written)
        if code is not None and not endpoint.strip():
            declared.add(code)
        elif code is not None and endpoint.strip() in [*Operation]:
            declared.add(f"{code};{endpoint.strip()}")

    return frozenset(declared) or None


def bad_answer(operation: str, problem: str) -> ServiceBadAnswer:
    """Return the error of an answer to *operation* with a *problem*."""
    return ServiceBadAnswer(f"{SERVICE}: {operation} answered with {problem}", service=SERVICE)


class _Misfit(Exception):
    """A value has the wrong type or is out of range; `read_answer` adds operation and key."""


def _polarity(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise _Misfit("no number")
    # A NaN fails this test too.
    if not -1 <= raw <= 1:
        raise _Misfit("a polarity that is not within -1 and 1")

    return float(raw)


def _string(raw: Any) -> str:
    if not isinstance(raw, str):
        raise _Misfit("no text")
    return make_storable(raw)[0]


def _items(raw: Any) -> list[Any]:
    if not isinstance(raw, list):
        raise _Misfit("no list")
    return raw


def _strings(raw: Any) -> list[str]:
    return [_string(element) for element in _items(raw)]


def _scored_sentences(raw: Any) -> list[tuple[float, str]]:
    pairs = []
    for pair in _items(raw):
        match pair:
            case [score, sentence]:
                pairs.append((_polarity(score), _string(sentence)))
            case _:
                raise _Misfit("no pairs of polarity and sentence")

    return pairs


def _entities(raw: Any) -> list[tuple[str, str]]:
    pairs = []
    for pair in _items(raw):
        match pair:
            case [str(type_), str(entity_text)] if len(type_) <= LONGEST_TYPE:
                if len(entity_text) <= LONGEST_NAME:
                    pairs.append((_string(type_), _string(entity_text)))
            case _:
                raise _Misfit("no pairs of type and text")

    return pairs


_READERS: dict[Operation, Callable[[Any], Any]] = {
    Operation.SENTENCES_WITH_KEYWORDS: _strings,
    Operation.TEXT_POLARITY: _polarity,
    Operation.POLARITY_BY_SENTENCE: _scored_sentences,
    Operation.MOST_COMMON_PHRASES: _strings,
    Operation.LEAST_COMMON_PHRASES: _strings,
    Operation.MOST_POSITIVE_SENTENCES: _strings,
    Operation.MOST_NEGATIVE_SENTENCES: _strings,
    Operation.NER: _entities,
    Operation.SUMMARIZE: _string,
}


def _size(answer: Any) -> int:
    """Return the characters of all strings in *answer*, one more for each item of a list."""
    if isinstance(answer, str):
        return len(answer)
    if isinstance(answer, Iterable):
        return sum(1 + _size(element) for element in answer)

    return 0
