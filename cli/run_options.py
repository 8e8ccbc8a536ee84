"""The arguments and options of `submit` and `plan`: what the parameters of each kind declare."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_origin

from annotated_types import Ge
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from typer import Argument, Option

from analysis.kinds.kind import DocumentKind, Matched
from analysis.options import CommandOption, Keyword, declared_option, flag_of, list_fields
from analysis.pipelines import Pipeline
from cli.keywords import read_keywords
from cli.messages import warn
from cli.options import (
    MOST,
    By,
    Name,
    Once,
    RunBy,
    RunSeriesBy,
    SeriesBy,
    Wait,
    check_utf8,
    read_money,
)
from cli.text_files import read_names
from core.enums import DOCUMENTS, Grain, Within
from core.errors import UsageError
from core.prices import Money
from core.printing import printable

if TYPE_CHECKING:
    from core.settings import Settings
    from models.database import Database


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
    yes: Annotated[
        bool,
        Option("--yes", help="Agree that texts are sent to a language model outside this machine."),
    ] = False
    mask: Annotated[Path | None, Option(help="A PNG in whose shape word clouds are drawn.")] = None
    once: Once = False
    wait: Wait = False


@dataclass(frozen=True, kw_only=True)
class KeywordOptions:
    """Options of a kind whose parameters have keywords."""

    keyword: Annotated[
        list[str] | None,
        Option(
            metavar="NAME[:TERM,TERM]",
            help="A subject, with the other terms that count for it; or NAME:QUERY, of terms with "
            "AND, OR, NOT, near/N, brackets, quotes, a star, =.",
        ),
    ] = None
    keywords_file: Annotated[
        Path | None,
        Option(
            metavar="FILE", help="Subjects, one a line; or CSV with the columns name and query."
        ),
    ] = None
    within: Annotated[
        list[str] | None,
        Option(
            metavar="sentence|document|SHARE",
            help="What a query has to match: each sentence (the default), or the whole document. A "
            "SHARE, as 0.02: a model codes texts until the wanted shares are known to \u00b1 it. "
            "It may be given twice.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class SeriesOptions:
    """The option of a kind whose parameters have a grain."""

    by: By = None


@dataclass(frozen=True, kw_only=True)
class SeriesOfKeywordsOptions:
    """The option of a kind with keywords, whose documents may be grouped or sampled, too."""

    by: RunBy = None


@dataclass(frozen=True)
class RunRequest:
    """A run as the command line describes it; *given* are the parameters that it names."""

    kind: DocumentKind[Any]
    parameters: Any
    names: Sequence[str]
    given: frozenset[str]
    options: RunOptions

    def match_stored(self, db: Database, settings: Settings) -> Matched[Any]:
        """Return parameters and names as they are stored, and print what the user should know.

        Raises `UsageError`.
        """
        matched = self.kind.match_stored(db, settings, self.parameters, self.names, self.given)
        for remark in matched.remarks:
            warn(remark)

        return matched


def command_of_kind(command: Callable[..., None], kind: DocumentKind[Any]) -> Callable[..., None]:
    """Return *command* for runs of *kind*: its first argument holds the typed options."""
    # The module of *command* imports the type of its first argument for type checkers alone.
    types = {"RunRequest": RunRequest}
    signature = inspect.signature(command, locals=types, eval_str=True)
    _, *command_options = signature.parameters.values()
    command_option_names = {parameter.name for parameter in command_options}

    def of_kind(**arguments: Any) -> None:
        command_arguments = {option: arguments.pop(option) for option in command_option_names}
        command(read_request(kind, arguments), **command_arguments)

    options = [*_list_options(kind), *command_options]
    keyword_only = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options]
    of_kind.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined]
    return of_kind


def _list_options(kind: DocumentKind[Any]) -> list[inspect.Parameter]:
    """Return the argument of the kind, the options of its fields, and the options of all runs."""
    argument = Argument(metavar=kind.argument.metavar, help=kind.argument.help)
    texts: Any = list[str] if kind.argument.is_list else str
    parameters = [_parameter(kind.argument.name, Annotated[texts, argument])]

    fields = list_fields(kind.parameters)
    has_keywords = any(field.annotation == tuple[Keyword, ...] for _, field in fields)
    for field_name, field in fields:
        parameters += _options_of_field(field_name, field, has_keywords=has_keywords)

    return [*parameters, *inspect.signature(RunOptions, eval_str=True).parameters.values()]


def _parameter(option_name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> Any:
    return inspect.Parameter(
        option_name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _options_of_field(
    field_name: str, field: FieldInfo, *, has_keywords: bool
) -> list[inspect.Parameter]:
    """Return the options by which a field is typed; most fields declare one themselves."""
    if field.annotation == tuple[Keyword, ...]:
        return list(inspect.signature(KeywordOptions, eval_str=True).parameters.values())
    if field.annotation is Grain:
        series_options = SeriesOfKeywordsOptions if has_keywords else SeriesOptions
        return list(inspect.signature(series_options, eval_str=True).parameters.values())

    declared = declared_option(field)
    if declared is None:
        return []

    minimum = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    option = Option(
        flag_of(field_name, declared),
        metavar=declared.metavar,
        help=declared.help,
        min=minimum,  # type: ignore[arg-type]
    )
    typed, default = _typed(field, declared)
    return [_parameter(field_name, Annotated[typed, option], default)]


def _typed(field: FieldInfo, declared: CommandOption) -> tuple[Any, Any]:
    """Return the type of a field's option, and its default."""
    if field.annotation is bool:
        return bool, False
    if declared.is_file:
        return Path | None, None
    if get_origin(field.annotation) is tuple:
        return (str if declared.is_separated else list[str]) | None, None

    return field.annotation, field.default


def read_request(kind: DocumentKind[Any], typed: Mapping[str, Any]) -> RunRequest:
    """Return the run that the *typed* arguments of a command describe. Raises `UsageError`."""
    argument = typed[kind.argument.name]
    texts = [argument] if isinstance(argument, str) else list(argument)
    if kind.argument.reads_input and texts == ["-"]:
        texts = _read_lines()

    fields, subjects = kind.read_argument(check_utf8(texts))
    within, half_width = _read_within(typed.get("within") or ())
    if half_width is not None:
        fields["half_width"] = half_width

    for field_name, field in kind.parameters.model_fields.items():
        if field.annotation == tuple[Keyword, ...]:
            keywords = check_utf8(typed.get("keyword")) or ()
            fields[field_name] = read_keywords(keywords, typed.get("keywords_file"), within)
        elif field.annotation is Grain:
            by = typed.get("by") or SeriesBy()
            series, shares = by if isinstance(by, RunSeriesBy) else RunSeriesBy(by)
            fields |= _read_series(kind, series)
            # A period is of shares with --within SHARE, and where series have no such period.
            if shares is not None and (half_width is not None or series.grain is None):
                fields["wanted_by"] = shares
        elif (typed_value := typed.get(field_name)) not in (None, False, []):
            fields[field_name] = _read_value(kind, field_name, field, typed_value)

    option_names = inspect.signature(RunOptions).parameters
    options = RunOptions(**{option: typed[option] for option in option_names if option in typed})
    parameters = _validate(kind, fields)
    _warn_of_idle_options(kind, parameters, fields)
    if within == Within.DOCUMENT and not any(
        keyword.query for keyword in kind.keywords(parameters)
    ):
        warn("--within document changes nothing: no subject is a query")

    return RunRequest(kind, parameters, subjects, frozenset(fields), options)


def _read_within(texts: Sequence[str]) -> tuple[Within, float | None]:
    """Return what a query has to match, and the wanted half-width. Raises `UsageError`."""
    within, half_width = Within.SENTENCE, None
    for text in check_utf8(list(texts)):
        if text in list(Within):
            within = Within(text)
            continue

        try:
            half_width = float(text)
        except ValueError:
            half_width = math.nan

        if not 0.001 <= half_width <= 0.5:
            raise UsageError(
                f"--within {printable(text)}: write sentence or document, or a share from 0.001 to "
                "0.5, as 0.02 for \u00b1 2 points"
            )

    return within, half_width


def _warn_of_idle_options(
    kind: DocumentKind[Any], parameters: Any, typed_fields: Mapping[str, Any]
) -> None:
    """Warn of typed parameters that change nothing in such a run."""
    for field_name, field in list_fields(kind.parameters):
        declared = declared_option(field)
        if declared is None or typed_fields.get(field_name, field.default) == field.default:
            continue

        reason = declared.idle
        if declared.step is not None and declared.step not in parameters.steps:
            reason = f"the step {declared.step} is none of --steps"
        if reason is not None:
            warn(f"{flag_of(field_name, declared)} changes nothing: {reason}")


def _read_value(
    kind: DocumentKind[Any], field_name: str, field: FieldInfo, typed_value: Any
) -> Any:
    """Return the value of a typed field. Raises `UsageError`."""
    declared = declared_option(field)
    if declared is None:
        return typed_value
    if declared.is_negated:
        return False
    if declared.is_file:
        return read_names(flag_of(field_name, declared), typed_value)

    texts = typed_value if isinstance(typed_value, list) else [typed_value]
    check_utf8([text for text in texts if isinstance(text, str)])
    if declared.is_separated:
        separated = (text.strip() for text in typed_value.split(","))
        texts = list(dict.fromkeys(filter(None, separated)))

    for text in texts if declared.choices else ():
        if text not in declared.choices:
            flag, choices = flag_of(field_name, declared), ", ".join(declared.choices)
            raise UsageError(f"{flag} {printable(text)}: it is one of {choices}")

    if field_name == "steps":
        return _check_steps(typed_value, texts, kind.pipeline)

    is_several = get_origin(field.annotation) is tuple
    return tuple(texts) if is_several else typed_value


def _read_series(kind: DocumentKind[Any], by: SeriesBy) -> dict[str, Any]:
    if by.grouping is not None and "grouping" not in kind.parameters.model_fields:
        raise UsageError(
            f"--by {by.grouping}: documents are grouped in runs of months alone; leave it out, or "
            "write `submit months`"
        )

    typed = {"by": by.grain, "grouping": by.grouping}
    return {field: choice for field, choice in typed.items() if choice is not None}


def _check_steps(text: str, step_names: Sequence[str], pipeline: Pipeline) -> tuple[str, ...]:
    allowed = ", ".join(sorted(pipeline.names))
    for step_name in step_names:
        if step_name not in pipeline.parts:
            raise UsageError(f"--steps: there is no step {step_name} here; choose of {allowed}")

    if not step_names:
        raise UsageError(f"--steps names no step: choose of {allowed}")

    for step in pipeline.select(step_names):
        missing = [need for need in step.needs if need in pipeline.names and need not in step_names]
        if missing:
            raise UsageError(
                f"--steps: {step.name} needs {missing[0]}: write {missing[0]},{text.strip()}"
            )

    return tuple(step_name for step_name in step_names if step_name != DOCUMENTS)


def _read_lines() -> list[str]:
    if sys.stdin is None:
        raise UsageError("standard input is closed: give the accounts as arguments")

    try:
        return [line.strip() for line in sys.stdin.read().removeprefix("\ufeff").split("\n")]
    except UnicodeDecodeError as error:
        raise UsageError(f"standard input is no UTF-8 ({error.reason})") from None


def _validate(kind: DocumentKind[Any], typed_fields: Mapping[str, Any]) -> Any:
    fields = kind.parameters.model_fields
    try:
        return kind.parameters(**typed_fields)
    except ValidationError as error:
        problem = error.errors()[0]
        field_name = str(problem["loc"][0] if problem["loc"] else "")
        declared = declared_option(fields[field_name]) if field_name in fields else None
        raise UsageError(f"{flag_of(field_name, declared)}: {problem['msg']}") from None
