"""The arguments and options of `submit` and `plan`: what the parameters of each kind declare.

Typer reads the annotations of the dataclasses here, which are therefore no texts.
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, get_origin

from annotated_types import Ge
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from typer import Argument, Option

from analysis.kinds.kind import DocumentKind, Matched
from analysis.options import CommandOption, Keyword, declared_option, flag_of, list_fields
from analysis.step import Pipeline
from cli.keywords import read_keywords
from cli.messages import warn
from cli.options import By, RunOptions, SeriesBy, check_utf8
from cli.text_files import read_names
from core.enums import DOCUMENTS, Grain, Within
from core.errors import UsageError
from core.printing import printable

if TYPE_CHECKING:
    from core.settings import Settings
    from models.database import Database


@dataclass(frozen=True, kw_only=True)
class KeywordOptions:
    """Options of a kind whose parameters have keywords."""

    keyword: Annotated[
        list[str] | None,
        Option(
            metavar="NAME[:TERM,TERM]",
            help="A subject, with the other terms that count for it; or NAME:QUERY, of terms with "
            "AND, OR, NOT, near/N, brackets, quotes, a star, =, ~ for all forms of a word.",
        ),
    ] = None
    keywords_file: Annotated[
        Path | None,
        Option(
            metavar="FILE", help="Subjects, one a line; or CSV with the columns name and query."
        ),
    ] = None
    match: Annotated[
        Within | None,
        Option(help="What a query has to match: each sentence (the default), or the document."),
    ] = None
    within: Annotated[
        list[str] | None,
        Option(
            metavar="SHARE",
            help="A model codes texts until the wanted shares are known to \u00b1 SHARE, as 0.02.",
        ),
    ] = None


Options = TypeVar("Options", bound=RunOptions)


@dataclass(frozen=True)
class RunRequest(Generic[Options]):
    """A run as the command line describes it; *given* are the parameters that it names."""

    kind: DocumentKind[Any]
    parameters: Any
    names: Sequence[str]
    given: frozenset[str]
    options: Options

    def match_stored(self, db: "Database", settings: "Settings") -> Matched[Any]:
        """Return parameters and names as they are stored, and print what the user should know.

        Raises `UsageError`.
        """
        matched = self.kind.match_stored(db, settings, self.parameters, self.names, self.given)
        for remark in matched.remarks:
            warn(remark)

        return matched


def declare_command(
    kind: DocumentKind[Any], options: type[Options], run: Callable[[RunRequest[Options]], None]
) -> type[Options]:
    """Return the dataclass of the arguments and options of a command for runs of *kind*.

    Its *options* follow those of the kind. An object of it calls *run* with what was typed.
    """

    def run_typed(typed: Options) -> None:
        run(read_request(kind, typed))

    parameters = make_dataclass(
        f"{kind.name}_parameters", _list_options(kind), frozen=True, kw_only=True
    )
    return make_dataclass(
        f"{kind.name}_command",
        (),
        bases=(options, parameters),
        namespace={"run": run_typed},
        frozen=True,
        kw_only=True,
    )


def _list_options(kind: DocumentKind[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the name, the type and the default of the argument, then of each field's options."""
    argument = Argument(metavar=kind.argument.metavar, help=kind.argument.help)
    texts: Any = list[str] if kind.argument.is_list else str
    yield kind.argument.name, Annotated[texts, argument], MISSING
    for field_name, field in list_fields(kind.parameters):
        declared = declared_option(field)
        if field.annotation == tuple[Keyword, ...]:
            for option in fields(KeywordOptions):
                yield option.name, option.type, option.default
        elif field.annotation is Grain:
            yield "by", By, None
        elif declared is not None:
            yield field_name, *_type_field(field_name, field, declared)


def _type_field(field_name: str, field: FieldInfo, declared: CommandOption) -> tuple[Any, Any]:
    """Return the type of a field's option, and its default."""
    minimum: Any = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    flag = flag_of(field_name, declared)
    option = Option(flag, metavar=declared.metavar, help=declared.help, min=minimum)
    typed: Any = field.annotation
    default = field.default
    if typed is bool:
        default = False
    elif declared.is_file:
        typed, default = Path | None, None
    elif get_origin(typed) is tuple or declared.choices:
        typed, default = (str if declared.has_one_text else list[str]) | None, None

    return Annotated[typed, option], default


def read_request(kind: DocumentKind[Any], typed: Options) -> RunRequest[Options]:
    """Return the run that *typed*, an object of the command, describes. Raises `UsageError`."""
    values: Mapping[str, Any] = vars(typed)
    argument = values[kind.argument.name]
    texts = [argument] if isinstance(argument, str) else list(argument)
    if kind.argument.reads_input and texts == ["-"]:
        texts = _read_lines()

    typed_fields, subjects = kind.read_argument(check_utf8(texts))
    within, half_width = _read_within(values.get("match"), values.get("within") or ())
    if half_width is not None:
        typed_fields["half_width"] = half_width

    for field_name, field in kind.parameters.model_fields.items():
        if field.annotation == tuple[Keyword, ...]:
            keywords = check_utf8(values["keyword"]) or ()
            typed_fields[field_name] = read_keywords(keywords, values["keywords_file"], within)
        elif field.annotation is Grain:
            typed_fields |= _read_series(kind, values["by"] or SeriesBy(), half_width)
        elif values.get(field_name) not in (None, False, []):
            typed_fields[field_name] = _read_value(kind, field_name, field, values[field_name])

    parameters = _validate(kind, typed_fields)
    _warn_of_idle_options(kind, parameters, typed_fields)
    keywords_of_run = kind.keywords(parameters)
    if within == Within.DOCUMENT and not any(keyword.query for keyword in keywords_of_run):
        warn("--match document changes nothing: no subject is a query")

    return RunRequest(kind, parameters, subjects, frozenset(typed_fields), typed)


def _read_within(match: Within | None, texts: Sequence[str]) -> tuple[Within, float | None]:
    """Return what a query has to match, and the wanted half-width. Raises `UsageError`.

    Before there was `--match`, `--within` said both, and may have been given twice.
    """
    half_width = None
    for text in check_utf8(list(texts)):
        if text in list(Within):
            match = match or Within(text)
            continue

        try:
            half_width = float(text)
        except ValueError:
            half_width = math.nan

        if not 0.001 <= half_width <= 0.5:
            raise UsageError(
                f"--within {printable(text)}: write a share from 0.001 to 0.5, as 0.02 for \u00b1 "
                "2 points; --match says what a query has to match, sentence or document"
            )

    return match or Within.SENTENCE, half_width


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


def _read_series(kind: DocumentKind[Any], by: SeriesBy, half_width: float | None) -> dict[str, Any]:
    """Return the fields that `--by` names; with `--within` a month or a year is that of `--per`."""
    if by.grouping is not None and "grouping" not in kind.parameters.model_fields:
        raise UsageError(
            f"--by {by.grouping}: documents are grouped in runs of months alone; leave it out, or "
            "write `submit months`"
        )

    typed_fields: dict[str, Any] = {"by": by.grain, "grouping": by.grouping}
    if half_width is not None and by.grain in (Grain.MONTH, Grain.YEAR):
        typed_fields["wanted_by"] = by.grain

    return {field: choice for field, choice in typed_fields.items() if choice is not None}


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
    try:
        return kind.parameters(**typed_fields)
    except ValidationError as error:
        problem = error.errors()[0]
        field_name = str(problem["loc"][0] if problem["loc"] else "")
        field = kind.parameters.model_fields.get(field_name)
        declared = None if field is None else declared_option(field)
        raise UsageError(f"{flag_of(field_name, declared)}: {problem['msg']}") from None
