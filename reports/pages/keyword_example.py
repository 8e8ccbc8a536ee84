"""What a keyword's rule finds, shown with an example."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import filterfalse

from textapi.text.keywords import pattern


@dataclass(frozen=True)
class KeywordExample:
    """A term, a text in which it is found, and one in which it is not."""

    term: str
    matching: str
    different: str


def find_example(term: str) -> KeywordExample:
    """Return texts that show what the *term* matches, each tried with the rule itself."""
    rule = pattern(term)
    matching = next(filter(rule.search, (f"{term.title()}\u2019s", term)))
    different = next(filterfalse(rule.search, (f"{term}s", f"{term}-2", f"@{term}")))
    return KeywordExample(term, matching, different)
