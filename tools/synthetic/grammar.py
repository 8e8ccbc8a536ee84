"""Sentences from word lists: a rule's name in braces stands for one of its ways to say it.

Everything is drawn with :meth:`random.Random.random` alone, the one method that Python promises to
keep: the same seed gives the same text on every version and machine.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")

_SLOT = re.compile(r"\{([a-z_]+)\d?\}")
_ARTICLE_BEFORE_A_VOWEL = re.compile(r"\b([Aa])(?= (?!One\b|one\b|Eu|Uni)[AEIOUaeiou])")


class Bag(Generic[T]):
    """Draws from *options* without replacement, and begins again once empty."""

    def __init__(self, options: Sequence[T], rng: Random) -> None:
        self._options, self._rng = tuple(options), rng
        self._left: list[T] = []

    def draw(self) -> T:
        """Return one of the options, each as often as it is listed."""
        self._left = self._left or list(self._options)
        return self._left.pop(int(self._rng.random() * len(self._left)))


class Grammar:
    """Expands templates by *rules*: a name and the ways to say it."""

    def __init__(self, rules: Mapping[str, Sequence[str]], rng: Random) -> None:
        self._rng = rng
        self._bags: dict[str, Bag[str]] = {}
        self.define(rules)

    def define(self, rules: Mapping[str, Sequence[str]]) -> None:
        """Add *rules*, in the place of those of the same name."""
        self._bags.update((name, Bag(ways, self._rng)) for name, ways in rules.items())

    def ways(self, name: str) -> Bag[str]:
        """Return the ways to say the rule *name*, their slots unfilled."""
        return self._bags[name]

    def expand(self, template: str) -> str:
        """Fill every slot of *template*.

        The same slot says the same each time, ``{place}`` and ``{place2}`` say different things.
        """
        filled: dict[str, str] = {}

        def fill(slot: re.Match[str]) -> str:
            if slot[0] not in filled:
                filled[slot[0]] = self._say(slot[1], unlike=filled.values())
            return filled[slot[0]]

        return _SLOT.sub(fill, template)

    def _say(self, name: str, unlike: Collection[str]) -> str:
        while (text := self.expand(self.ways(name).draw())) in unlike:
            pass
        return text


def polish(text: str) -> str:
    """Put ``an`` before a vowel, no stop twice, and a capital at the beginning."""
    text = _ARTICLE_BEFORE_A_VOWEL.sub(r"\1n", text).replace("..", ".")
    return text[:1].upper() + text[1:]
