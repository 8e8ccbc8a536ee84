"""The words of a command from arguments of Python."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TypeAlias

PathText: TypeAlias = str | os.PathLike[str]

# An option that may be given more than once, or an argument that may be several.
Texts: TypeAlias = str | Sequence[str]

# Pairs of a name and what belongs to it, by name or as the command writes them.
Pairs: TypeAlias = Mapping[str, Texts | None] | Texts


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


def pairs(flag: str, sign: str, typed: Pairs | None) -> list[str]:
    """Return the words of an option whose values are pairs with *sign* between them.

    Several texts that belong to one name are separated by commas.
    """
    if not isinstance(typed, Mapping):
        return texts(flag, typed)

    words = []
    for pair_name, belonging in typed.items():
        joined = ",".join(arguments(belonging or ()))
        words.append(f"{flag}={pair_name}{sign}{joined}" if joined else f"{flag}={pair_name}")

    return words


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
    return os.fspath(typed) if isinstance(typed, os.PathLike) else str(typed)
