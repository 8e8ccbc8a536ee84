"""The words of a command from arguments of Python."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from operator import index
from typing import Any, SupportsIndex, TypeAlias

from tidings.errors import UsageError

PathText: TypeAlias = str | os.PathLike[str]

# An option that may be given more than once, or an argument that may be several.
Texts: TypeAlias = str | Sequence[str]

# Pairs of a name and what belongs to it, by name or as the command writes them.
Pairs: TypeAlias = Mapping[str, Texts | None] | Texts

# The path of a codebook, the name of one that ships, or what its file would hold.
Codebook: TypeAlias = PathText | Mapping[str, Any]

# What the names above stand for, as signatures show it.
PLAIN_TYPES = {
    "PathText": "str | os.PathLike[str]",
    "Texts": "str | Sequence[str]",
    "Pairs": "str | Sequence[str] | Mapping[str, str | Sequence[str] | None]",
    "Codebook": "str | os.PathLike[str] | Mapping[str, Any]",
    "ArrowFrame": "DataFrame",
}

# Before this sign the command reads the name of a keyword.
_KEYWORD_SIGN = ":"
_QUOTED = re.compile('"[^"]*"')

_WRONG_USAGE = 2


def arguments(typed: object) -> list[str]:
    """Return the words of an argument; a sequence has a word for each of its elements."""
    if isinstance(typed, Sequence) and not isinstance(typed, str):
        return [_text(element) for element in typed]
    return [_text(typed)]


def option(flag: str, typed: object, default: object = None) -> list[str]:
    """Return the word of an option, none if *typed* is its default; commas separate several."""
    if typed is None or typed == default:
        return []
    return [f"{flag}={','.join(arguments(typed))}"]


def texts(flag: str, typed: Texts | None) -> list[str]:
    """Return the words of an option that may be given more than once."""
    return [] if typed is None else [f"{flag}={text}" for text in arguments(typed)]


def pairs(flag: str, typed: Pairs | None) -> list[str]:
    """Return the words of an option whose values are pairs of a name and what belongs to it.

    Several texts that belong to one name are separated by commas. Raises `UsageError` if the
    command would read a name or a text as two.
    """
    sign = _KEYWORD_SIGN if flag == "--keyword" else "="
    if not isinstance(typed, Mapping):
        return texts(flag, typed)

    words = []
    for pair_name, belonging in typed.items():
        if sign in pair_name:
            raise wrong_usage(
                f"{flag}: the name {pair_name!r} has a {sign!r}, at which the command would divide "
                "it: give it another name"
            )

        joined = _join(flag, belonging or ())
        is_query = isinstance(belonging, str) and sign == _KEYWORD_SIGN
        if is_query and "," in _QUOTED.sub("", str(belonging)):
            raise wrong_usage(
                f"{flag}: {belonging!r} of {pair_name!r} has a comma: write a list for several "
                "terms, OR between the words of a query, or double quotes around a phrase with a "
                "comma"
            )

        words.append(f"{flag}={pair_name}{sign}{joined}" if joined else f"{flag}={pair_name}")

    return words


def _join(flag: str, typed: object) -> str:
    """Return an argument as one text, the elements of a sequence separated by commas."""
    elements = arguments(typed)
    divided = [element for element in elements if "," in element]
    if divided and not isinstance(typed, str):
        raise wrong_usage(
            f"{flag}: {divided[0]!r} has a comma, at which the command would divide it: leave the "
            "comma out, or, in a keyword, write a query with the words in double quotes"
        )

    return ",".join(elements)


def wrong_usage(sentence: str) -> UsageError:
    """Return the error for arguments that do not fit."""
    return UsageError(sentence, status=_WRONG_USAGE, command=())


def switch(flag: str, *, is_on: bool) -> list[str]:
    """Return the word of an option without a value; none if it is off."""
    return [flag] if is_on else []


def join(options: Sequence[str], positional: Sequence[str] = ()) -> list[str]:
    """Return the words of a command: options and arguments, which may begin with a hyphen."""
    is_like_option = any(word.startswith("-") for word in positional)
    return [*options, *(["--"] if is_like_option else []), *positional]


def add_switch(words: Sequence[str], flag: str) -> list[str]:
    """Return the words of a command with one more switch among its options."""
    end_of_options = words.index("--") if "--" in words else len(words)
    return [*words[:end_of_options], flag, *words[end_of_options:]]


def _text(typed: object) -> str:
    if isinstance(typed, Mapping):
        # It is a codebook, which the command reads as a file would hold it.
        return json.dumps(typed, ensure_ascii=False)
    if isinstance(typed, SupportsIndex):
        # It is a number, or a run, which has one.
        return str(index(typed))

    return os.fspath(typed) if isinstance(typed, os.PathLike) else str(typed)
