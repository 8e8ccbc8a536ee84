"""Whether a highlight rests on a few patterns of repeated texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

_MONTH = r"[A-Z][a-z]+ \d{4}\b"
_FIGURES = re.compile(rf"({_MONTH})|\([^()]*\)|[+\u2212-]?\d[\d.,]*(?:\s%)?")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a page, and what it claims: equal where only figures differ."""

    claim: Hashable
    text: str

    @classmethod
    def read(cls, text: str) -> Statement:
        """Return the statement of a sentence, whose claim is the sentence without its figures.

        Months stay; what stands in parentheses goes.
        """
        return cls(" ".join(_FIGURES.sub(r"\1", text).split()), text)


ReadStatements = Callable[[], Collection[Statement]]


def keep_robust(
    statements: Sequence[Statement], without: Mapping[str, ReadStatements]
) -> list[Statement]:
    """Return the statements, with a caution in the text of each that rests on repeats.

    *without* yields what is stated without all large patterns (its first entry) and without each,
    by the words for what is left out. A statement that does not hold without all of them names the
    first pattern without which it does not hold, else all.
    """
    if not without:
        return list(statements)

    @cache
    def claims(name: str) -> frozenset[Hashable]:
        return frozenset(statement.claim for statement in without[name]())

    everything, *each = without
    checked = []
    for statement in statements:
        caution = ""
        if statement.claim not in claims(everything):
            causes = (name for name in each if statement.claim not in claims(name))
            caution = f" Without {next(causes, everything)} this cannot be said."
        checked.append(replace(statement, text=statement.text + caution))
    return checked
