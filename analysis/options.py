"""The options of runs over texts that steps read."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.enums import Grain


class FrozenModel(BaseModel):
    """A model that does not change and takes no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Keyword(FrozenModel):
    """A keyword and the terms that count for it, its own name among them."""

    name: str = Field(min_length=1, max_length=200)
    terms: tuple[str, ...]

    @model_validator(mode="after")
    def _name_is_a_term(self) -> Keyword:
        if self.name not in self.terms:
            raise ValueError("the keyword's name is one of its terms")
        return self

    @classmethod
    def parse(cls, text: str) -> Keyword:
        """Read ``NAME`` or ``NAME:term,term``.

        White space around a term is dropped, and so is a repeated term. Raises ValueError where a
        name or a term is empty, or could match nothing that was meant.
        """
        name, colon, others = text.partition(":")
        terms = [name, *others.split(",")] if colon else [name]
        stripped = [" ".join(term.split()) for term in terms]
        if not all(stripped):
            raise ValueError(f"{text!r} has an empty term: write NAME or NAME:term,term")
        if "," in name:
            first, _, others = (part.strip() for part in name.partition(","))
            raise ValueError(
                f"{text!r} has a comma in its name: write {first}:{others} for one subject of "
                "several terms, or --keyword again for another subject"
            )
        for term in stripped:
            _check_term(term)

        unique: dict[str, str] = {}
        for term in stripped:
            unique.setdefault(term.casefold(), term)

        return cls(name=stripped[0], terms=tuple(unique.values()))


_QUOTES = "\"'\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"


def _check_term(term: str) -> None:
    """Raise ValueError where *term* cannot match, or not what was meant."""
    if "*" in term:
        raise ValueError(
            f"{term!r} has a star, which stands for itself: whole words are matched, so write "
            "each form, NAME:term,term"
        )
    if term[0] in _QUOTES and term[-1] in _QUOTES:
        raise ValueError(
            f"{term!r} has quotation marks, which stand for themselves: leave them out"
        )
    if not any(map(str.isalnum, term)):
        raise ValueError(f"{term!r} has no letter or digit: write a word")


class TextOptions(FrozenModel):
    """The options that all runs over texts share."""

    phrases: int = Field(3, ge=1, le=100)  # kept per job and keyword
    proportion: float = Field(0.1, gt=0, le=1)  # of the sentences that a summary keeps
    text_size: int = Field(3000, ge=100, le=100_000)  # characters packed into one request
    limit: int | None = Field(None, ge=1)  # documents fetched from a service
    max_words: int = Field(50, ge=1, le=1000)  # of a word cloud
    distinct: bool = False  # in figures each pattern of texts counts once a month
    by: Grain = Grain.MONTH  # of the series in figures and in the table of periods
    without: tuple[Annotated[str, Field(max_length=500)], ...] = Field((), max_length=20)  # texts
