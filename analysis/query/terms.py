"""Terms of a query: words with a star, with all their forms or with their case."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from textapi.text.keywords import HYPHENS, TermPattern, write_expression

STAR = "*"
CASE = "="

#: It stands behind a word for all its forms; `analysis.query.word_forms` writes them in its place.
ALL_FORMS = "~"

# The rest of a word, with a hyphen and digits that follow it: "covid*" finds "covid-19".
_REST = rf"\w*+(?:[{HYPHENS}]\d\w*+)*+"

# It stands for the rest of a word in a plain word: no term holds these letters.
_ANY_REST = "zqxj"


@dataclass(frozen=True)
class Term:
    """A word or phrase; a star at a word's end stands for any further letters and digits.

    `ALL_FORMS` at a word's end stands for its forms until they are written in its place.
    """

    # Single spaces separate the words.
    words: str

    case_sensitive: bool = False

    def __str__(self) -> str:
        """Return the term as it is written in a query, without quotation marks."""
        return f"{CASE}{self.words}" if self.case_sensitive else self.words

    @property
    def has_star(self) -> bool:
        """Whether the term stands for several forms."""
        return STAR in self.words

    @property
    def has_all_forms(self) -> bool:
        """Whether a word of the term stands for all its forms."""
        return any(word.endswith(ALL_FORMS) for word in self.words.split())

    @property
    def identity(self) -> tuple[str, bool]:
        """What equal terms share, however they are written."""
        return (self.words if self.case_sensitive else self.words.casefold()), self.case_sensitive

    @cached_property
    def pattern(self) -> TermPattern:
        """The keyword rule for the term, with its star and its case."""
        expression = write_expression(self._with_rests, case_sensitive=self.case_sensitive)
        return TermPattern(expression.replace(_ANY_REST, _REST))

    @property
    def _with_rests(self) -> str:
        return self.words.replace(STAR, _ANY_REST)

    def implies(self, other: Term) -> bool:
        """Return whether a text that holds this term is certain to hold *other*."""
        if other.case_sensitive and not self.case_sensitive:
            return False
        return other.pattern.search(self._with_rests) is not None
