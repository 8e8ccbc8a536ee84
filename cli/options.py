"""Arguments and options that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Annotated, Any, NamedTuple, TypeVar

from typer import Argument, Option

from core.enums import Grain, Grouping, SamplePeriod
from core.errors import NotFound, UsageError
from core.prices import Money, parse_money
from core.printing import printable

# A column of whole numbers holds at most this value on every database.
MOST = 2**31 - 1

Text = TypeVar("Text", str, list[str], str | None, list[str] | None)


def expand_options(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter of *command* that is a dataclass by the fields of that dataclass.

    Typer makes an argument or option of each field. So commands share options that are declared
    once, and get them as one object.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, tuple[type, list[str]]] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        options = parameter.annotation
        if isinstance(options, type) and is_dataclass(options):
            fields = inspect.signature(options, eval_str=True).parameters
            groups[parameter.name] = (options, list(fields))
            parameters.extend(fields.values())
        else:
            parameters.append(parameter)

    @functools.wraps(command)
    def expanded(**arguments: Any) -> None:
        for parameter_name, (options, fields) in groups.items():
            arguments[parameter_name] = options(**{field: arguments.pop(field) for field in fields})

        command(**arguments)

    keyword_only = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in parameters]
    expanded.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined]
    return expanded


def read_money(text: str) -> Money:
    """Return the amount of money that `--max-cost` names. Raises `UsageError`."""
    try:
        return parse_money(text)
    except ValueError as error:
        raise UsageError(f"--max-cost: {error}") from None


def check_utf8(argument: Text) -> Text:
    """Return *argument* if it is UTF-8: a shell passes bytes of other encodings on as surrogates.

    Raises `UsageError`.
    """
    for text in [argument] if isinstance(argument, str) else argument or ():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{printable(text)} is no UTF-8: give it in that encoding") from None

    return argument


def parse_run(text: str | int) -> int:
    """Return the number of a run that *text* is. Raises `UsageError`, `NotFound`."""
    return _parse_number(text, noun="run", list_command="tidings runs")


def parse_import(text: str | int) -> int:
    """Return the number of an import that *text* is. Raises `UsageError`, `NotFound`."""
    return _parse_number(text, noun="import", list_command="tidings stored")


def _parse_number(text: str | int, *, noun: str, list_command: str) -> int:
    try:
        parsed = int(text)
    except ValueError:
        raise UsageError(
            f"{printable(str(text))} is no {noun}'s number: `{list_command}` lists them"
        ) from None

    if not 0 < parsed <= MOST:
        raise NotFound(f"there is no {noun} {parsed}: `{list_command}` lists them")

    return parsed


class SeriesBy(NamedTuple):
    """The values that `--by` names; None stands for the run's own value."""

    grain: Grain | None = None
    grouping: Grouping | None = None


def parse_by(text: str) -> SeriesBy:
    """Return the grain, the grouping or both that *text* names. Raises `UsageError`."""
    grains, groupings = [], []
    for option in map(str.strip, text.split(",")):
        if option in list(Grain):
            grains.append(Grain(option))
        elif option in list(Grouping):
            groupings.append(Grouping(option))
        else:
            raise UsageError(
                f"--by {printable(option)}: it is one of {', '.join(Grain)}, or of "
                f"{', '.join(Grouping)}, or one of each with a comma"
            )

    for options in (grains, groupings):
        if len(options) > 1:
            raise UsageError(f"--by {printable(text)}: write one of {' and '.join(options)}")

    return SeriesBy(next(iter(grains), None), next(iter(groupings), None))


class RunSeriesBy(NamedTuple):
    """The values that `--by` of a new run names: of its series, and of shares to be known."""

    series: SeriesBy
    shares: SamplePeriod | None = None


def parse_run_by(text: str) -> RunSeriesBy:
    """Return what *text* names; a quarter is of shares alone. Raises `UsageError`."""
    options = [option.strip() for option in text.split(",")]
    series_options = [option for option in options if option != SamplePeriod.QUARTER]
    series = parse_by(",".join(series_options)) if series_options else SeriesBy()

    if len(series_options) < len(options):
        return RunSeriesBy(series, SamplePeriod.QUARTER)
    if series.grain in (Grain.MONTH, Grain.YEAR):
        return RunSeriesBy(series, SamplePeriod(series.grain))

    return RunSeriesBy(series)


def check_runs(runs: list[int]) -> list[int]:
    """Return *runs* if none is named twice. Raises `UsageError`."""
    for run in runs:
        if runs.count(run) > 1:
            raise UsageError(f"run {run} is named twice")

    return runs


Run = Annotated[
    int,
    Argument(metavar="RUN", parser=parse_run, help="The run's number, as `tidings runs` lists it."),
]
Distinct = Annotated[
    bool,
    Option(
        "--distinct",
        help="Count each pattern of repeated texts once a month: its first document.",
    ),
]
Without = Annotated[
    list[str] | None,
    Option(
        metavar="PATTERN",
        callback=check_utf8,
        help="Leave out a pattern of repeated texts, named by a text of it, as a report prints it.",
    ),
]
By = Annotated[
    SeriesBy | None,
    Option(
        parser=parse_by,
        metavar=f"{'|'.join(Grain)}[,{'|'.join(Grouping)}]",
        help="The periods of series, by default the run's: months; weeks are those of ISO 8601. Of "
        "months also by what documents are grouped.",
    ),
]
RunBy = Annotated[
    RunSeriesBy | None,
    Option(
        parser=parse_run_by,
        metavar=f"{'|'.join(Grain)}[,{'|'.join(Grouping)}]",
        help="The periods of series, by default the run's: months; weeks are those of ISO 8601. Of "
        "months also by what documents are grouped. With --within SHARE month, quarter or year: "
        "the shares of each are to be known too.",
    ),
]
Json = Annotated[bool, Option("--json", help="Print JSON.")]
Name = Annotated[str | None, Option(callback=check_utf8, help="A name for the run.")]
Once = Annotated[
    bool,
    Option(
        "--once",
        help="Take the run that is there already with the same options and name, whatever its "
        "caps, if it was not cancelled.",
    ),
]
Wait = Annotated[
    bool,
    Option(
        "--wait",
        help="Wait for the end: status 0 when all is done, 1 when a job failed or got no code.",
    ),
]
