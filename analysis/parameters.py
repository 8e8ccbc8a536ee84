"""What a run was asked to do: `Run.parameters`, checked when it is written and when it is read."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter

from analysis.options import FrozenModel, Keyword, TextOptions
from analysis.pipelines import MONTHS, POSTS, Pipeline
from core.enums import Grouping
from sources.registry import default_archive

PERIOD = re.compile(r"^[12]\d{3}-(0[1-9]|1[0-2])$")

Period = Annotated[str, Field(pattern=PERIOD.pattern)]


def _steps_of(pipeline: Pipeline) -> AfterValidator:
    """Return the validator that puts names of steps in the order of *pipeline*."""

    def validate(names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in pipeline.names]
        if unknown:
            raise ValueError(
                f"there is no step {unknown[0]}: choose of {', '.join(pipeline.names)}"
            )
        return tuple(name for name in pipeline.names if name in names)

    return AfterValidator(validate)


class MonthsParameters(TextOptions):
    """The parameters of `submit months`."""

    kind: Literal["months"] = "months"
    first: Period
    last: Period
    keywords: tuple[Keyword, ...] = Field(min_length=1)
    sources: tuple[str, ...] = (default_archive().name,)  # the archives
    outlets: tuple[str, ...] = ()  # only documents of these; none stands for all
    sections: tuple[str, ...] = ()
    material: str | None = None  # only documents of this material, "News" say
    grouping: Grouping | None = None  # series are of each group too
    mask_keyword: bool = True  # the keyword's terms are masked when a mention is scored
    steps: Annotated[tuple[str, ...], _steps_of(MONTHS)] = MONTHS.default_names


class _PostsParameters(TextOptions):
    source: str | None = None  # None: every source of posts
    steps: Annotated[tuple[str, ...], _steps_of(POSTS)] = POSTS.default_names
    phrases: int = Field(5, ge=1, le=100)


class HandlesParameters(_PostsParameters):
    """The parameters of `submit handles`; the handles are the names of its jobs."""

    kind: Literal["handles"] = "handles"


class SearchParameters(_PostsParameters):
    """The parameters of `submit search`; its jobs are named ``search:TERM``."""

    kind: Literal["search"] = "search"


class TrainingParameters(FrozenModel):
    """The parameters of `submit training` that all jobs of a sweep share.

    `Job.options` holds those in which jobs differ.
    """

    kind: Literal["training"] = "training"
    network: Literal["feedforward", "recurrent", "polarity"]
    data: str
    options: dict[str, Any]
    max_words: int = 50


TextParameters = MonthsParameters | HandlesParameters | SearchParameters
Parameters = TextParameters | TrainingParameters

_ADAPTER: TypeAdapter[Parameters] = TypeAdapter(Annotated[Parameters, Field(discriminator="kind")])


def read_parameters(stored: dict[str, Any]) -> Parameters:
    """Return the parameters that `Run.parameters` holds.

    A run from before terms could be masked was scored without; one from before there were several
    archives, which a pack may hold, names its only one.
    """
    if stored.get("kind") == "months":
        stored = {"mask_keyword": False, **stored}
        if source := stored.pop("source", None):
            stored["sources"] = (source,)
    return _ADAPTER.validate_python(stored)


def list_months(first: str, last: str) -> list[str]:
    """Return every ``YYYY-MM`` from *first* to *last*; empty where *last* comes first."""
    start, end = (int(period[:4]) * 12 + int(period[5:]) - 1 for period in (first, last))
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(start, end + 1)]
