"""What a run was asked to do: the JSON in `Run.parameters`, checked when it is written and when it is read."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from core.enums import Step

PERIOD = re.compile(r"^[12]\d{3}-(0[1-9]|1[0-2])$")

MONTH_STEPS = (Step.KEYWORDS, Step.POLARITY, Step.PHRASES, Step.ENTITIES)
HANDLE_STEPS = (Step.SUMMARY, Step.PHRASES, Step.ENTITIES, Step.POLARITY)

Period = Annotated[str, Field(pattern=PERIOD.pattern)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Keyword(_Frozen):
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
        """Read ``NAME`` or ``NAME:term,term``; white space around a term is dropped, a repeated term too.

        Raises ValueError where a name or a term is empty.
        """
        name, colon, rest = text.partition(":")
        terms = [name, *rest.split(",")] if colon else [name]
        cleaned = [" ".join(term.split()) for term in terms]
        if not all(cleaned):
            raise ValueError(f"{text!r} has an empty term: write NAME or NAME:term,term")
        unique: dict[str, str] = {}
        for term in cleaned:
            unique.setdefault(term.casefold(), term)
        return cls(name=cleaned[0], terms=tuple(unique.values()))


class TextOptions(_Frozen):
    """What runs over texts have in common."""

    phrases: int = Field(3, ge=1, le=100)  # phrases kept per job and keyword
    proportion: float = Field(0.1, gt=0, le=1)  # of the sentences that a summary keeps
    text_size: int = Field(3000, ge=100, le=100_000)  # characters packed into one request
    limit: int | None = Field(None, ge=1)  # documents fetched from a service
    max_words: int = Field(50, ge=1, le=1000)  # of a word cloud


class MonthsParameters(TextOptions):
    """`submit months`."""

    kind: Literal["months"] = "months"
    first: Period
    last: Period
    keywords: tuple[Keyword, ...] = Field(min_length=1)
    material: str | None = None  # NYT's type_of_material, "News" say
    steps: tuple[Step, ...] = MONTH_STEPS


class HandlesParameters(TextOptions):
    """`submit handles`: the jobs' names are the handles."""

    kind: Literal["handles"] = "handles"
    source: str | None = None
    steps: tuple[Step, ...] = HANDLE_STEPS
    phrases: int = Field(5, ge=1, le=100)


class SearchParameters(TextOptions):
    """`submit search`: the jobs' names are ``search:TERM``."""

    kind: Literal["search"] = "search"
    source: str | None = None
    steps: tuple[Step, ...] = HANDLE_STEPS
    phrases: int = Field(5, ge=1, le=100)


class TrainingParameters(_Frozen):
    """`submit training`: what all jobs of a sweep share; `Job.options` holds what each has for itself."""

    kind: Literal["training"] = "training"
    network: Literal["feedforward", "recurrent"]
    data: str
    options: dict[str, Any]
    max_words: int = 50


Parameters = MonthsParameters | HandlesParameters | SearchParameters | TrainingParameters

_ADAPTER: TypeAdapter[Parameters] = TypeAdapter(Annotated[Parameters, Field(discriminator="kind")])


def read(stored: dict[str, Any]) -> Parameters:
    """The parameters that `Run.parameters` holds."""
    return _ADAPTER.validate_python(stored)


def months(first: str, last: str) -> list[str]:
    """Every ``YYYY-MM`` from *first* to *last*, both included; empty where *last* comes first."""
    start, end = (int(period[:4]) * 12 + int(period[5:]) - 1 for period in (first, last))
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(start, end + 1)]
