"""The gate for all that the Text API answers: nothing of it comes into the program elsewhere.

It knows what each operation answers with: types, ranges and sizes. What does not fit is
`ServiceBadAnswer` with the reason, which the client retries. Text is made storable, as that of
documents is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.errors import ServiceBadAnswer
from core.storable import make_storable
from textapi.messages import SERVICE, Operation

LONGEST_ENGINE = 200  # characters of an engine's name
LONGEST_TYPE = 50  # characters of an entity's type
LONGEST_NAME = 300  # a longer entity is no name, and too long for the index of a database
# What is made of a text is hardly longer than the text, lists with a character for each item.
LONGEST_BY_TEXT = 10
LONGEST_AT_LEAST = 1000

_UNPRINTABLE = re.compile(r"[^ -~]")


def read_answer(operation: Operation, reply: Mapping[str, Any], name: str, text: str) -> Any:
    """Return what *reply*, the answer about *text*, holds under *name*; pairs become tuples.

    Raises `ServiceBadAnswer` where that is not what *operation* answers with.
    """
    if name not in reply:
        raise bad_answer(operation, f"nothing for {name!r}")

    try:
        value = _READERS[operation](reply[name])
    except _Misfit as misfit:
        raise bad_answer(operation, f"{misfit} for {name!r}") from None
    if _size(value) > LONGEST_BY_TEXT * len(text) + LONGEST_AT_LEAST:
        raise bad_answer(operation, f"far more than the text holds for {name!r}")
    return value


def read_engine(name: str | None) -> str | None:
    """Return the name of an engine as a header gives it, None if it gives none.

    The answer is paid for, whatever its engine is called: characters other than printable ASCII
    are escaped, and a name of more than `LONGEST_ENGINE` characters is cut.
    """
    printable = _UNPRINTABLE.sub(lambda character: ascii(character[0])[1:-1], name or "")
    return printable.strip()[:LONGEST_ENGINE].rstrip() or None


def bad_answer(operation: str, problem: str) -> ServiceBadAnswer:
    """Return the error of an answer to *operation* with a *problem*."""
    return ServiceBadAnswer(f"{SERVICE}: {operation} answered with {problem}", service=SERVICE)


class _Misfit(Exception):  # `read_answer` says of which operation and name
    """A value is not of the type or in the range that it should be."""


def _polarity(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Misfit("no number")
    if not -1 <= value <= 1:  # which no NaN is
        raise _Misfit("a polarity that is not within -1 and 1")
    return float(value)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _Misfit("no text")
    return make_storable(value)[0]


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _Misfit("no list")
    return value


def _strings(value: Any) -> list[str]:
    return list(map(_string, _items(value)))


def _scored_sentences(value: Any) -> list[tuple[float, str]]:
    pairs = []
    for item in _items(value):
        match item:
            case [score, sentence]:
                pairs.append((_polarity(score), _string(sentence)))
            case _:
                raise _Misfit("no pairs of polarity and sentence")
    return pairs


def _entities(value: Any) -> list[tuple[str, str]]:
    pairs = []
    for item in _items(value):
        match item:
            case [str(type_), str(name)] if len(type_) <= LONGEST_TYPE:
                if len(name) <= LONGEST_NAME:
                    pairs.append((_string(type_), _string(name)))
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


def _size(value: Any) -> int:
    """Return the characters of all strings in *value*, one more for each item of a list."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Iterable):
        return sum(1 + _size(item) for item in value)
    return 0
