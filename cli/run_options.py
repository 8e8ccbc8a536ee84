"""What can be asked for: the arguments and options that `submit` and `plan` share, and what they mean."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from analysis.options import Keyword
from analysis.parameters import (
    HANDLE_STEPS,
    MONTH_STEPS,
    HandlesParameters,
    MonthsParameters,
    SearchParameters,
)
from core.enums import Step
from core.errors import UsageError
from textapi.text.sentences import sentences

StrOrNone = TypeVar("StrOrNone", str, str | None)

_RANGE = re.compile(r"([12]\d{3}-(?:0[1-9]|1[0-2]))\.\.([12]\d{3}-(?:0[1-9]|1[0-2]))")

MonthRange = Annotated[
    str, typer.Argument(metavar="FROM..TO", help="Months, as 2020-01..2021-12; both are included.")
]
Keywords = Annotated[
    list[str],
    typer.Option(
        "--keyword",
        metavar="NAME[:TERM,TERM]",
        help="A subject, with the other terms that count for it.",
    ),
]
Material = Annotated[
    str | None, typer.Option(help="Only documents of this type_of_material, as News.")
]
Handles = Annotated[
    list[str],
    typer.Argument(metavar="HANDLE...", help="Accounts; - reads them from standard input."),
]
Terms = Annotated[
    list[str], typer.Argument(metavar="TERM...", help="What people post on; a job for each.")
]
Source = Annotated[
    str | None, typer.Option(help="Only this source: x, bluesky, mastodon or posts.")
]
Steps = Annotated[
    str | None,
    typer.Option(help=f"Comma-separated, of: {', '.join(s for s in Step if s != Step.DOCUMENTS)}."),
]
Name = Annotated[str | None, typer.Option(help="A name to know the run by.")]
MaxCalls = Annotated[
    int | None, typer.Option(min=1, help="Stop after so many calls, all workers together.")
]
Limit = Annotated[int | None, typer.Option(min=1, help="Fetch at most so many documents of each.")]
Phrases = Annotated[
    int | None, typer.Option(min=1, max=100, help="Phrases kept; 3 for months, 5 for accounts.")
]
Proportion = Annotated[float, typer.Option(help="Share of the sentences that a summary keeps.")]
TextSize = Annotated[int, typer.Option(min=100, help="Characters packed into one request.")]
Mask = Annotated[Path | None, typer.Option(help="A PNG in whose shape word clouds are drawn.")]
MaxWords = Annotated[int, typer.Option(min=1, help="Words of a word cloud at most.")]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait", help="Wait for the end: status 0 when all is done, 1 when a job failed."
    ),
]


@dataclass(frozen=True)
class Asked:
    """What a command line asked for."""

    parameters: MonthsParameters | HandlesParameters | SearchParameters
    names: Sequence[str]  # handles or terms
    name: str | None
    max_calls: int | None
    mask: Path | None
    wait: bool


Act = Callable[[Asked], None]


def for_months(act: Act) -> Callable[..., None]:
    """The command over months; *act* does what is to be done with what was asked."""

    def command(
        months: MonthRange,
        keyword: Keywords,
        material: Material = None,
        steps: Steps = None,
        name: Name = None,
        max_calls: MaxCalls = None,
        limit: Limit = None,
        phrases: Phrases = None,
        proportion: Proportion = 0.1,
        text_size: TextSize = 3000,
        mask: Mask = None,
        max_words: MaxWords = 50,
        wait: Wait = False,
    ) -> None:
        """Who mentions a subject in the archive, month by month: counts, mood, phrases, who else is named."""
        options = _options(phrases, proportion, text_size, limit, max_words)
        act(
            Asked(
                months_parameters(months, keyword, material, steps, options),
                (),
                utf8(name),
                max_calls,
                mask,
                wait,
            )
        )

    return command


def for_handles(act: Act) -> Callable[..., None]:
    """The command over accounts; *act* does what is to be done with what was asked."""

    def command(
        handles: Handles,
        source: Source = None,
        steps: Steps = None,
        name: Name = None,
        max_calls: MaxCalls = None,
        limit: Limit = None,
        phrases: Phrases = None,
        proportion: Proportion = 0.1,
        text_size: TextSize = 3000,
        mask: Mask = None,
        max_words: MaxWords = 50,
        wait: Wait = False,
    ) -> None:
        """A portrait of each account: summary, phrases, entities, mood over time."""
        given = _lines() if handles == ["-"] else handles
        names = [utf8(handle) for handle in given if handle.strip("@ ")]
        if not names:
            raise UsageError("no handle was given")
        options = _options(phrases, proportion, text_size, limit, max_words)
        wanted = {"source": _source(source), "steps": _steps(steps, HANDLE_STEPS)}
        act(
            Asked(
                _checked(HandlesParameters, **wanted, **options),
                names,
                utf8(name),
                max_calls,
                mask,
                wait,
            )
        )

    return command


def for_search(act: Act) -> Callable[..., None]:
    """The command over terms; *act* does what is to be done with what was asked."""

    def command(
        terms: Terms,
        source: Source = None,
        steps: Steps = None,
        name: Name = None,
        max_calls: MaxCalls = None,
        limit: Limit = None,
        phrases: Phrases = None,
        proportion: Proportion = 0.1,
        text_size: TextSize = 3000,
        mask: Mask = None,
        max_words: MaxWords = 50,
        wait: Wait = False,
    ) -> None:
        """What people post on a term: the same steps as for an account."""
        options = _options(phrases, proportion, text_size, limit, max_words)
        names = [utf8(term) for term in terms if term.strip()]
        if not names:
            raise UsageError("no term was given")
        wanted = {"source": _source(source), "steps": _steps(steps, HANDLE_STEPS)}
        act(
            Asked(
                _checked(SearchParameters, **wanted, **options),
                names,
                utf8(name),
                max_calls,
                mask,
                wait,
            )
        )

    return command


def months_parameters(
    months: str,
    keywords: Sequence[str],
    material: str | None,
    steps: str | None,
    options: dict[str, Any],
) -> MonthsParameters:
    """The parameters of `submit months`. Raises `UsageError`."""
    from producers.months import all_terms

    found = _RANGE.fullmatch(months)
    if not found or found[1] > found[2]:
        raise UsageError(
            f"{_shown(months)} is no range of months: write FROM..TO, as 2020-01..2021-12"
        )
    try:
        parsed = tuple(Keyword.parse(utf8(keyword)) for keyword in keywords)
    except ValueError as error:
        raise UsageError(f"--keyword: {error}") from None
    if len({keyword.name for keyword in parsed}) < len(parsed):
        raise UsageError(
            "--keyword: a name was given twice; put its terms behind one, NAME:term,term"
        )
    for term in all_terms(parsed):
        if len(sentences(term)) > 1:
            print(
                f"tidings: {term!r} holds the end of a sentence, and is looked for within one",
                file=sys.stderr,
            )
    parameters: MonthsParameters = _checked(
        MonthsParameters,
        first=found[1],
        last=found[2],
        keywords=parsed,
        material=utf8(material),
        steps=_steps(steps, MONTH_STEPS),
        **options,
    )
    return parameters


def _lines() -> list[str]:
    """What stands on standard input, a line each."""
    try:
        return [line.strip() for line in sys.stdin]
    except UnicodeDecodeError as error:
        raise UsageError(f"standard input is no UTF-8 ({error.reason})") from None


def utf8(text: StrOrNone) -> StrOrNone:
    """*text*, if it is text: bytes of another encoding come from a shell as halves of characters."""
    if text is not None and _shown(text) != text:
        raise UsageError(f"{_shown(text)} is no UTF-8: give it in that encoding")
    return text


def _shown(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _source(given: str | None) -> str | None:
    """Where posts can come from."""
    from sources.registry import post_sources

    posts = [source.name for source in post_sources()]
    if given is not None and given not in posts:
        raise UsageError(f"--source {_shown(given)}: it is one of {', '.join(posts)}")
    return given


def _options(
    phrases: int | None, proportion: float, text_size: int, limit: int | None, max_words: int
) -> dict[str, Any]:
    given = {
        "proportion": proportion,
        "text_size": text_size,
        "limit": limit,
        "max_words": max_words,
    }
    return given if phrases is None else given | {"phrases": phrases}


def _steps(given: str | None, default: tuple[Step, ...]) -> tuple[Step, ...]:
    if given is None:
        return default
    names = [part.strip() for part in given.split(",") if part.strip()]
    allowed = {*default, Step.SUMMARY}
    wrong = [name for name in names if name not in allowed and name != Step.DOCUMENTS]
    if wrong:
        raise UsageError(
            f"--steps: there is no step {wrong[0]} here; choose of {', '.join(sorted(allowed))}"
        )
    return tuple(step for step in Step if step in names and step != Step.DOCUMENTS)


def _checked(kind: type[Any], **values: Any) -> Any:
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0] if first["loc"] else "").replace("_", "-")
        raise UsageError(f"{option}: {first['msg']}") from None
