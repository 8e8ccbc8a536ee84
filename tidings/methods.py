"""Methods from the declarations of commands, as `commands.pyi` has them.

A method takes what its function in the stub declares, and turns it into the words of its command.
What each parameter means is told by the page of commands, which lies beside this file in the wheel.
"""

from __future__ import annotations

import functools
import inspect
import re
import runpy
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

from tidings import words
from tidings.errors import suggest
from tidings.tables import FRAME_FILE, FRAME_FOLDER, ArrowFrame, is_frame, write_csv

Declared = TypeVar("Declared", bound=Callable[..., Any])

_WIDTH = 92

# An option, as the pages write it.
_FLAG = re.compile(r"(--[a-z][a-z-]*[a-z])\b=?")

_STUB = Path(__file__).with_name("commands.pyi")
_PAGES = (
    Path(__file__).with_name("commands.md"),
    Path(__file__).parents[1] / "docs" / "reference" / "commands.md",
)


def read_declarations() -> dict[str, Any]:
    """Return the classes of the stub."""
    return runpy.run_path(str(_STUB), run_name="tidings.commands")


def command(name: str, **flags: str) -> Callable[[Declared], Declared]:
    """Return a decorator that makes a method of what the stub declares for the command *name*.

    Parameters that are not called like their option have it in *flags*. The method gives its
    object's `_call` the command, the words of the options, and those of the arguments.
    """

    def make_method(declared: Declared) -> Declared:
        signature = inspect.signature(declared)
        parameters = list(signature.parameters.values())[1:]

        @functools.wraps(declared)
        def method(*arguments: Any, **named: Any) -> Any:
            typed = _bind(declared.__name__, signature, arguments, named)
            options: list[str] = []
            positional: list[str] = []
            with ExitStack() as stack:
                for parameter in parameters:
                    value, flag = typed[parameter.name], _flag_of(parameter, flags)
                    if is_frame(value):
                        # A table in the place of a codebook is one of labels.
                        flag = flag.replace("--codebook", "--file")
                        value = stack.enter_context(_frame_file(value, typed["self"].program))
                    if _is_argument(parameter):
                        positional += words.arguments(value)
                    else:
                        options += _option_words(parameter, flag, value)

                return typed["self"]._call(name, options, positional)  # noqa: SLF001

        write_out_types(method, declared.__globals__)
        method.__doc__ = _describe(name, declared.__doc__, parameters, flags)
        return cast("Declared", method)

    return make_method


def _bind(
    name: str, signature: inspect.Signature, arguments: Sequence[Any], named: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments by name, defaults included. Raises `UsageError` for a wrong one."""
    for typed_name in named:
        if typed_name not in signature.parameters:
            meant = suggest(typed_name, list(signature.parameters)[1:])
            raise words.wrong_usage(f"{name}() has no parameter {typed_name}: {meant}")

    try:
        typed = signature.bind(*arguments, **named)
    except TypeError as error:
        raise words.wrong_usage(f"{name}(): {error}") from None

    typed.apply_defaults()
    return typed.arguments


@contextmanager
def _frame_file(frame: ArrowFrame, program: Any) -> Iterator[Path]:
    """Yield the path of a file that holds a table, as long as the context lasts."""
    program.check_is_here()
    with TemporaryDirectory(prefix=FRAME_FOLDER) as folder:
        path = Path(folder) / FRAME_FILE
        write_csv(frame, path)
        yield path


def write_out_types(function: Callable[..., Any], names: Mapping[str, Any]) -> None:
    """Let the signature of *function* say in plain types what its module's *names* of types are."""
    signature = inspect.signature(function)
    parameters = []
    for parameter in signature.parameters.values():
        types = []
        for part in str(parameter.annotation).split(" | "):
            choices = str(names.get(part)).removeprefix("typing.")
            is_literal = choices.startswith("Literal[")
            types.append(choices if is_literal else words.PLAIN_TYPES.get(part, part))

        is_typed = parameter.annotation is not inspect.Parameter.empty
        annotation = " | ".join(types) if is_typed else parameter.annotation
        parameters.append(parameter.replace(annotation=annotation))

    function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]


@functools.cache
def _read_sections() -> dict[str, str]:
    """Return what the page of commands says of each."""
    page = next(path for path in _PAGES if path.exists()).read_text(encoding="utf-8")
    return dict(section.split("\n", 1) for section in page.split("\n## tidings ")[1:])


def _flag_of(parameter: inspect.Parameter, flags: Mapping[str, str]) -> str:
    return flags.get(parameter.name, f"--{parameter.name.replace('_', '-')}")


def _is_argument(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter is an argument of the command; an option may lack a value."""
    is_named_only = parameter.kind is inspect.Parameter.KEYWORD_ONLY
    return not is_named_only and parameter.default is not None


def _option_words(parameter: inspect.Parameter, flag: str, value: Any) -> list[str]:
    """Return the words of an option whose value is *value*."""
    match parameter.annotation:
        case "bool" if parameter.default:
            return words.switch(flag.replace("--", "--no-", 1), is_on=not value)
        case "bool":
            return words.switch(flag, is_on=value)
        case "Pairs | None":
            return words.pairs(flag, value)
        case "Texts | None":
            return words.texts(flag, value)
        case _:
            return words.option(flag, value, parameter.default)


def _describe(
    name: str,
    note: str | None,
    parameters: Sequence[inspect.Parameter],
    flags: Mapping[str, str],
) -> str:
    """Return what the page of commands says of a command and of each parameter."""
    section = _read_sections()[name]
    meanings = {}
    for row in section.splitlines():
        if row.startswith("| `"):
            typed, _default, meaning = row.strip("| ").split(" | ", 2)
            meanings[typed.strip("`").split()[0].rstrip(",")] = meaning

    arguments = [parameter.name for parameter in parameters if _is_argument(parameter)]
    typed_arguments = [typed for typed in meanings if not typed.startswith("--")]
    # The first argument of a command on a run is the run itself.
    typed_by_argument = dict(zip(arguments[::-1], typed_arguments[::-1], strict=False))

    lines = []
    for parameter in parameters:
        typed = typed_by_argument.get(parameter.name, _flag_of(parameter, flags))
        meaning = meanings[typed].replace("\\|", "|")
        line = f"{parameter.name}: {meaning}"
        lines.append(textwrap.fill(line, _WIDTH, subsequent_indent="    "))

    text = note or section.split("\n    tidings ")[0].strip()
    heading = f"The parameters are those of `tidings {name}`:"
    parameter_of_flag = {flag: parameter for parameter, flag in flags.items()}

    def name_parameter(flag: re.Match[str]) -> str:
        return f"{parameter_of_flag.get(flag[1], flag[1][2:].replace('-', '_'))}="

    return _FLAG.sub(name_parameter, "\n\n".join((text, heading, "\n".join(lines))))
