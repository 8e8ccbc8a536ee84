"""Arguments and options that `submit` and `plan` share, and the run that they describe."""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import ValidationError
from typer import Argument, Option

from analysis.options import Keyword, TextOptions
from analysis.parameters import (
    HandlesParameters,
    MonthsParameters,
    SearchParameters,
    TextParameters,
)
from analysis.pipelines import MONTHS, POSTS, Pipeline
from analysis.text.mentions import all_terms
from cli.messages import warn
from cli.options import Name, Wait, check_utf8, printable
from core.enums import DOCUMENTS
from core.errors import UsageError
from sources.registry import archives, default_archive, post_sources
from textapi.text.sentences import sentences

MONTH_RANGE = re.compile(r"([12]\d{3}-(?:0[1-9]|1[0-2]))\.\.([12]\d{3}-(?:0[1-9]|1[0-2]))")
STEPS = tuple(dict.fromkeys(MONTHS.names + POSTS.names))
POST_SOURCES = [source.name for source in post_sources()]
ARCHIVES = [source.name for source in archives()]


def _check_post_source(source: str | None) -> str | None:
    return source if source is None else _check_source(source, POST_SOURCES)


def _check_archive(source: str) -> str:
    return _check_source(source, ARCHIVES)


def _check_source(source: str, allowed: Sequence[str]) -> str:
    if source not in allowed:
        raise UsageError(f"--source {printable(source)}: it is one of {', '.join(allowed)}")
    return source


Source = Annotated[
    str | None,
    Option(callback=_check_post_source, help=f"Only this source: {', '.join(POST_SOURCES)}."),
]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of every run over texts."""

    steps: Annotated[str | None, Option(help=f"Comma-separated, of: {', '.join(STEPS)}.")] = None
    name: Name = None
    max_calls: Annotated[
        int | None, Option(min=1, help="Stop after so many calls of all workers.")
    ] = None
    limit: Annotated[int | None, Option(min=1, help="Fetch at most so many documents each.")] = None
    phrases: Annotated[
        int | None, Option(min=1, max=100, help="Phrases kept; 3 for months, 5 for accounts.")
    ] = None
    proportion: Annotated[float, Option(help="Share of the sentences that a summary keeps.")] = 0.1
    text_size: Annotated[int, Option(min=100, help="Characters packed into one request.")] = 3000
    mask: Annotated[Path | None, Option(help="A PNG in whose shape word clouds are drawn.")] = None
    max_words: Annotated[int, Option(min=1, help="Words of a word cloud at most.")] = 50
    wait: Wait = False


class RunArguments(ABC):
    """What a run is about; its docstring is the help text of its command."""

    @abstractmethod
    def resolve(self, options: RunOptions) -> tuple[TextParameters, Sequence[str]]:
        """Return the run's parameters and the names of its accounts or terms.

        Raises `UsageError`.
        """


@dataclass(frozen=True, kw_only=True)
class MonthsArguments(RunArguments):
    """Who mentions a subject in the archive, by month: counts, polarity, phrases, entities."""

    months: Annotated[
        str, Argument(metavar="FROM..TO", help="Months, as 2020-01..2021-12; both are included.")
    ]
    keyword: Annotated[
        list[str],
        Option(
            metavar="NAME[:TERM,TERM]",
            callback=check_utf8,
            help="A subject, with the other terms that count for it.",
        ),
    ]
    material: Annotated[
        str | None,
        Option(callback=check_utf8, help="Only documents of this type_of_material, as News."),
    ] = None
    source: Annotated[
        str, Option(callback=_check_archive, help=f"The archive: {', '.join(ARCHIVES)}.")
    ] = default_archive().name

    def resolve(self, options: RunOptions) -> tuple[TextParameters, Sequence[str]]:
        """Return the parameters of a run over months."""
        month_range = MONTH_RANGE.fullmatch(self.months)
        if not month_range or month_range[1] > month_range[2]:
            months = printable(self.months)
            raise UsageError(f"{months} is no range of months: write FROM..TO, as 2020-01..2021-12")
        keywords = _parse_keywords(self.keyword)
        for term in all_terms(keywords):
            if len(sentences(term)) > 1:
                warn(f"{term!r} holds the end of a sentence, and is looked for within one")

        values = {"first": month_range[1], "last": month_range[2], "keywords": keywords}
        values |= {"material": self.material, "source": self.source}
        return _validate(MonthsParameters, options, MONTHS, **values), ()


@dataclass(frozen=True, kw_only=True)
class HandlesArguments(RunArguments):
    """A portrait of each account: summary, phrases, entities, polarity over time."""

    handles: Annotated[
        list[str], Argument(metavar="HANDLE...", help="Accounts; - reads them from standard input.")
    ]
    source: Source = None

    def resolve(self, options: RunOptions) -> tuple[TextParameters, Sequence[str]]:
        """Return the parameters of a run over accounts of the command line or standard input."""
        lines = _read_lines() if self.handles == ["-"] else self.handles
        handles = [handle for handle in check_utf8(lines) if handle.strip("@ ")]
        if not handles:
            raise UsageError("no handle was given")
        return _validate(HandlesParameters, options, POSTS, source=self.source), handles


@dataclass(frozen=True, kw_only=True)
class SearchArguments(RunArguments):
    """What people post on a term: the same steps as for an account."""

    terms: Annotated[
        list[str],
        Argument(
            metavar="TERM...", callback=check_utf8, help="What people post on; a job for each."
        ),
    ]
    source: Source = None

    def resolve(self, options: RunOptions) -> tuple[TextParameters, Sequence[str]]:
        """Return the parameters of a run over search terms."""
        terms = [term for term in self.terms if term.strip()]
        if not terms:
            raise UsageError("no term was given")
        return _validate(SearchParameters, options, POSTS, source=self.source), terms


KINDS: dict[str, type[RunArguments]] = {
    "months": MonthsArguments,
    "handles": HandlesArguments,
    "search": SearchArguments,
}


def _parse_keywords(values: Sequence[str]) -> tuple[Keyword, ...]:
    try:
        keywords = tuple(Keyword.parse(value) for value in values)
    except ValueError as error:
        raise UsageError(f"--keyword: {error}") from None
    if len({keyword.name for keyword in keywords}) < len(keywords):
        raise UsageError(
            "--keyword: a name was given twice; put its terms behind one, NAME:term,term"
        )
    return keywords


def _read_lines() -> list[str]:
    try:
        return [line.strip() for line in sys.stdin]
    except UnicodeDecodeError as error:
        raise UsageError(f"standard input is no UTF-8 ({error.reason})") from None


def _parse_steps(value: str, pipeline: Pipeline) -> tuple[str, ...]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    for name in names:
        if name not in (DOCUMENTS, *pipeline.names):
            allowed = ", ".join(sorted(pipeline.names))
            raise UsageError(f"--steps: there is no step {name} here; choose of {allowed}")
    return tuple(name for name in names if name != DOCUMENTS)


def _validate(kind: type[Any], options: RunOptions, pipeline: Pipeline, **values: Any) -> Any:
    if options.steps is not None:
        values["steps"] = _parse_steps(options.steps, pipeline)
    for name in TextOptions.model_fields:
        if getattr(options, name) is not None:
            values[name] = getattr(options, name)
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0] if first["loc"] else "").replace("_", "-")
        raise UsageError(f"{option}: {first['msg']}") from None
