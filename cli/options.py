"""Arguments and options that several commands share.

Typer reads the annotations of the dataclasses here, which are therefore no texts.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from typer import Argument, BadParameter, Option
from typer.core import TyperCommand

from core.enums import Grain, Grouping, SamplePeriod
from core.errors import NotFound, UsageError
from core.names import check_name
from core.prices import Money, parse_money
from core.printing import printable

# A column of whole numbers holds at most this value on every database.
MOST = 2**31 - 1

Text = TypeVar("Text", str, list[str], str | None, list[str] | None)


class DeclaredCommand(TyperCommand):
    """A command whose arguments and options are the fields of a dataclass.

    Typer makes an object of it with what was typed. That object runs the command.
    """

    def invoke(self, ctx: Any) -> None:
        """Run the command."""
        super().invoke(ctx).run()


def read_money(text: str) -> Money:
    """Return the amount of money of a cap. Raises `BadParameter`, which names the option."""
    try:
        return parse_money(text)
    except ValueError as error:
        raise BadParameter(str(error)) from None


def read_name(text: str) -> str:
    """Return the name of a person or a purse. Raises `UsageError`."""
    try:
        return check_name(text)
    except ValueError as error:
        raise UsageError(f"{printable(text)}: {error}") from None


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
    options = [option.strip() for option in text.split(",")]
    for option in options:
        if option not in (*Grain, *Grouping):
            is_quarter = option == SamplePeriod.QUARTER
            remedy = "; the quarters of a sample are --per quarter" if is_quarter else ""
            raise UsageError(
                f"--by {printable(option)}: it is one of {', '.join(Grain)}, or of "
                f"{', '.join(Grouping)}, or one of each with a comma{remedy}"
            )

    grains = [Grain(option) for option in options if option in list(Grain)]
    groupings = [Grouping(option) for option in options if option in list(Grouping)]
    for chosen in (grains, groupings):
        if len(chosen) > 1:
            raise UsageError(f"--by {printable(text)}: write one of {' and '.join(chosen)}")

    return SeriesBy(next(iter(grains), None), next(iter(groupings), None))


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
NoReport = Annotated[
    bool,
    Option(
        "--no-report",
        help="Make no report when the run ends; `tidings report` makes one at any time.",
    ),
]
Wait = Annotated[
    bool,
    Option(
        "--wait",
        help="Wait for the end: status 0 when all is done, 1 when a job failed or got no code.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of every run that are not among its parameters."""

    name: Name = None
    max_calls: Annotated[
        int | None,
        Option(
            min=1,
            max=MOST,
            help="Stop after so many calls of the Text API or a language model, by all workers.",
        ),
    ] = None
    max_cost: Annotated[
        Money | None,
        Option(
            parser=read_money,
            metavar="20USD",
            help="Stop before a language model costs more, whatever happens.",
        ),
    ] = None
    purse: Annotated[
        str | None,
        Option(
            metavar="GRANT",
            parser=read_name,
            help="The purse that is charged what a language model costs; `tidings costs` has them.",
        ),
    ] = None
    yes: Annotated[
        bool,
        Option("--yes", help="Agree that texts are sent to a language model outside this machine."),
    ] = False
    mask: Annotated[Path | None, Option(help="A PNG in whose shape word clouds are drawn.")] = None
    once: Once = False
    no_report: NoReport = False
    wait: Wait = False


@dataclass(frozen=True, kw_only=True)
class PlanOptions(RunOptions):
    """Options of a plan: those of the run that it is about, and its form."""

    as_json: Json = False
