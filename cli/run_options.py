"""The arguments and options of `submit` and `plan`: what the parameters of each kind declare."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_origin

from annotated_types import Ge
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from typer import Argument, Option

from analysis.kinds.kind import Kind, Matched
from analysis.options import CommandOption, Keyword, declared_option, flag_of, list_fields
from analysis.pipelines import Pipeline
from cli.keywords import read_keywords
from cli.messages import warn
from cli.options import MOST, By, Name, SeriesBy, Wait, check_utf8
from core.enums import DOCUMENTS, Grain, Within
from core.errors import UsageError
from core.printing import printable

if TYPE_CHECKING:
    from core.settings import Settings
    from models.database import Database

_TEMPLATE_NUMBER = re.compile(r"template:\d+")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of every run that are none of its parameters."""

    name: Name = None
    max_calls: Annotated[
        int | None, Option(min=1, max=MOST, help="Stop after so many calls of all workers.")
    ] = None
    mask: Annotated[Path | None, Option(help="A PNG in whose shape word clouds are drawn.")] = None
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
        Within, Option(help="What a query has to match: each sentence, or the whole document.")
    ] = Within.SENTENCE


@dataclass(frozen=True, kw_only=True)
class SeriesOptions:
    """The option of a kind whose parameters have a grain, and may have a grouping."""

    by: By = None


@dataclass(frozen=True)
class RunRequest:
    """A run as the command line describes it; *given* are the parameters that it names."""

    kind: Kind[Any]
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


def command_of_kind(command: Callable[..., None], kind: Kind[Any]) -> Callable[..., None]:
    """Return *command* for runs of *kind*: what is typed becomes its first argument."""
    # The module of *command* imports the type of its first argument for type checkers alone.
    names = {"RunRequest": RunRequest}
    signature = inspect.signature(command, locals=names, eval_str=True)
    _, *others = signature.parameters.values()
    other_names = {parameter.name for parameter in others}

    def of_kind(**values: Any) -> None:
        further = {name: values.pop(name) for name in other_names}
        command(read_request(kind, values), **further)

    options = [*_list_options(kind), *others]
    keyword_only = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options]
    of_kind.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined]
    return of_kind


def _list_options(kind: Kind[Any]) -> list[inspect.Parameter]:
    """Return the argument of the kind, the options of its own fields, and those of all runs."""
    argument = Argument(metavar=kind.argument.metavar, help=kind.argument.help)
    texts: Any = list[str] if kind.argument.is_list else str
    parameters = [_parameter(kind.argument.name, Annotated[texts, argument])]

    for field_name, field in list_fields(kind.parameters):
        parameters += _options_of_field(field_name, field)
    return [*parameters, *inspect.signature(RunOptions, eval_str=True).parameters.values()]


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> Any:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _options_of_field(field_name: str, field: FieldInfo) -> list[inspect.Parameter]:
    """Return the options by which a field is typed; most fields declare one themselves."""
    if field.annotation == tuple[Keyword, ...]:
        return list(inspect.signature(KeywordOptions, eval_str=True).parameters.values())
    if field.annotation is Grain:
        return list(inspect.signature(SeriesOptions, eval_str=True).parameters.values())
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
    """Return the type of what is typed for a field, and its default."""
    if field.annotation is bool:
        return bool, False
    if get_origin(field.annotation) is tuple:
        return (str if declared.is_separated else list[str]) | None, None
    return field.annotation, field.default


def read_request(kind: Kind[Any], typed: Mapping[str, Any]) -> RunRequest:
    """Return the run that the *typed* values of a command describe. Raises `UsageError`."""
    argument = typed[kind.argument.name]
    texts = [argument] if isinstance(argument, str) else list(argument)
    if kind.argument.reads_input and texts == ["-"]:
        texts = _read_lines()
    values, names = kind.read_argument(check_utf8(texts))

    for field_name, field in kind.parameters.model_fields.items():
        if field.annotation == tuple[Keyword, ...]:
            keywords = check_utf8(typed.get("keyword")) or ()
            within = typed.get("within", Within.SENTENCE)
            values[field_name] = read_keywords(keywords, typed.get("keywords_file"), within)
        elif field.annotation is Grain:
            values |= _read_series(kind, typed.get("by") or SeriesBy())
        elif (value := typed.get(field_name)) not in (None, False, []):
            values[field_name] = _read_value(kind, field_name, field, value)

    option_names = inspect.signature(RunOptions).parameters
    options = RunOptions(**{name: typed[name] for name in option_names if name in typed})
    parameters = _validate(kind, values)
    _warn_of_idle_options(kind, parameters, values)
    if typed.get("within") == Within.DOCUMENT and not any(
        keyword.query for keyword in kind.keywords(parameters)
    ):
        warn("--within document changes nothing: no subject is a query")
    return RunRequest(kind, parameters, names, frozenset(values), options)


def _warn_of_idle_options(kind: Kind[Any], parameters: Any, values: Mapping[str, Any]) -> None:
    """Say which of the parameters that were given change nothing in such a run."""
    for field_name, field in list_fields(kind.parameters):
        declared = declared_option(field)
        if declared is None or values.get(field_name, field.default) == field.default:
            continue
        reason = declared.idle
        if declared.step is not None and declared.step not in parameters.steps:
            reason = f"the step {declared.step} is none of --steps"
        if reason is not None:
            warn(f"{flag_of(field_name, declared)} changes nothing: {reason}")


def _read_value(kind: Kind[Any], field_name: str, field: FieldInfo, value: Any) -> Any:
    """Return the value of a field that was typed. Raises `UsageError`."""
    declared = declared_option(field)
    if declared is None:
        return value
    if declared.is_negated:
        return False
    texts = value if isinstance(value, list) else [value]
    check_utf8([text for text in texts if isinstance(text, str)])
    if declared.is_separated:
        separated = (text.strip() for text in value.split(","))
        texts = list(dict.fromkeys(filter(None, separated)))
    for text in texts if declared.choices else ():
        if text not in declared.choices:
            flag, choices = flag_of(field_name, declared), ", ".join(declared.choices)
            raise UsageError(f"{flag} {printable(text)}: it is one of {choices}")

    if field_name == "steps":
        return _check_steps(value, texts, kind.pipeline)
    if field_name == "without":
        _refuse_template_numbers(texts)
    is_several = get_origin(field.annotation) is tuple
    return tuple(texts) if is_several else value


def _read_series(kind: Kind[Any], by: SeriesBy) -> dict[str, Any]:
    if by.grouping is not None and "grouping" not in kind.parameters.model_fields:
        raise UsageError(
            f"--by {by.grouping}: documents are grouped in runs of months alone; leave it out, or "
            "write `submit months`"
        )
    typed = {"by": by.grain, "grouping": by.grouping}
    return {name: value for name, value in typed.items() if value is not None}


def _check_steps(text: str, names: Sequence[str], pipeline: Pipeline) -> tuple[str, ...]:
    allowed = ", ".join(sorted(pipeline.names))
    for name in names:
        if name not in pipeline.parts:
            raise UsageError(f"--steps: there is no step {name} here; choose of {allowed}")
    if not names:
        raise UsageError(f"--steps names no step: choose of {allowed}")

    for step in pipeline.select(names):
        missing = [need for need in step.needs if need in pipeline.names and need not in names]
        if missing:
            raise UsageError(
                f"--steps: {step.name} needs {missing[0]}: write {missing[0]},{text.strip()}"
            )
    return tuple(name for name in names if name != DOCUMENTS)


def _refuse_template_numbers(texts: Sequence[str]) -> None:
    for text in texts:
        if _TEMPLATE_NUMBER.fullmatch(text):
            raise UsageError(
                f"--without {text}: templates are numbered by the report of a run, which this one "
                "does not have yet; give a text of it, or name the template to `tidings report` "
                "and `tidings export`"
            )


def _read_lines() -> list[str]:
    if sys.stdin is None:
        raise UsageError("standard input is closed: give the accounts as arguments")
    try:
        return [line.strip() for line in sys.stdin.read().removeprefix("\ufeff").split("\n")]
    except UnicodeDecodeError as error:
        raise UsageError(f"standard input is no UTF-8 ({error.reason})") from None


def _validate(kind: Kind[Any], values: Mapping[str, Any]) -> Any:
    fields = kind.parameters.model_fields
    try:
        return kind.parameters(**values)
    except ValidationError as error:
        problem = error.errors()[0]
        field_name = str(problem["loc"][0] if problem["loc"] else "")
        declared = declared_option(fields[field_name]) if field_name in fields else None
        raise UsageError(f"{flag_of(field_name, declared)}: {problem['msg']}") from None
