"""Write the stub of the module `tidings` from the declarations of the commands."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from typer.main import get_command

from cli.export import WEIGHTS
from cli.main import app
from core.enums import Grain, Grouping
from reports.data.formats import ALIGNED, WRITERS
from reports.data.tables.registry import EXPORTED

STUB = Path(__file__).parents[1] / "tidings" / "commands.pyi"

HEAD = '''\
"""The commands as methods, with the arguments and options that the commands declare.

Written by tests/reference_pages.py from the code: change it there, then run it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Literal, SupportsIndex, TypeAlias, TypeVar

from tidings.coding import CodingPage
from tidings.methods import command
from tidings.packs import PackFile
from tidings.report import Report
from tidings.tables import ArrowFrame
from tidings.words import Codebook, Pairs, PathText, Texts

P = TypeVar("P")
'''

# The texts that an option or argument takes, by the name of their type.
CHOICES = {
    "TableName": tuple(EXPORTED),
    "FormatName": (*WRITERS, ALIGNED),
    "GroupingName": tuple(Grouping),
    "By": (
        *Grain,
        *Grouping,
        *(f"{grain},{grouping}" for grain in Grain for grouping in Grouping),
    ),
}
NAMES_OF_TYPES = {
    "table": f'TableName | Literal["{WEIGHTS}"]',
    "format": "FormatName",
    "by": "By",
    "file": "PathText | ArrowFrame",
}

# The name of an option that may be given more than once is a plural in Python.
PLURALS = {"keyword": "keywords", "column": "columns", "author": "authors"}


@dataclass(frozen=True)
class Method:
    """A method: its command, what it returns, and what is to be said of it besides."""

    name: str
    command: str
    returns: str = "P"
    note: str | None = None


# The head of each class, and its methods.
CLASSES = {
    '''
class HomeCommands(Generic[P]):
    """The commands on a home; runs are planned, and submitted by their plan."""
''': (
        Method(
            "read",
            "import",
            "dict[str, Any]",
            "Read documents from files or a table; what is known is not read again. Return counts.",
        ),
        Method("months", "submit months"),
        Method("accounts", "submit handles"),
        Method("searches", "submit search"),
        Method("feeds", "submit feeds"),
    ),
    '''
class TrainingCommands(Generic[P]):
    """The networks that can be trained."""
''': tuple(
        Method(network, f"submit training {network}")
        for network in ("feedforward", "recurrent", "codes")
    ),
    '''
class RunCommands:
    """The commands on a run."""
''': (
        Method("report", "report", "Report"),
        Method(
            *("export", "export", "bytes"),
            "Returns the bytes of a file, or writes the file *out*. `table` returns a table.",
        ),
        Method(
            *("label", "code", "str | CodingPage"),
            "Read what people coded: a table of `sample` or a *file*. *serve* lets them code.",
        ),
        Method("pack", "pack", "PackFile"),
        Method("events", "events", "list[dict[str, Any]]"),
        Method("pause", "pause", "None"),
        Method("resume", "resume", "None"),
        Method("retry", "retry", "None"),
        Method("cancel", "cancel", "None"),
    ),
}
# These options are what methods return or take in another form: `Run.wait`, `Plan.submit(again=)`.
NO_PARAMETERS = {"--help", "--json", "--once", "--wait"}

# Options that may be given by position too.
LEADING = {("label", "codebook")}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a method, as the command declares it."""

    name: str
    annotation: str
    default: str | None
    is_positional: bool
    flag: str = ""

    def __str__(self) -> str:
        default = "" if self.default is None else f" = {self.default}"
        return f"{self.name}: {self.annotation}{default},"


@cache
def find_command(path: str) -> Any:
    """Return the command of that path."""
    command: Any = _root()
    for word in path.split():
        command = command.commands[word]

    return command


@cache
def _root() -> Any:
    return get_command(app)


def list_parameters(method: Method) -> list[Parameter]:
    """Return the parameters of a method, the run of a run's own methods left out."""
    parameters = []
    for declared in find_command(method.command).params:
        if declared.param_type_name == "argument":
            if method.returns == "P" or declared.name != "run":
                parameters.append(_argument(declared))
            elif declared.nargs != 1:
                parameters.append(Parameter("beside", "Sequence[SupportsIndex]", "()", True))
        elif not NO_PARAMETERS.intersection(declared.opts):
            parameters.append(_option(method, declared))

    return parameters


def _argument(declared: Any) -> Parameter:
    annotation = "Texts" if declared.nargs != 1 else "str"
    default = None if declared.required else "()"
    if declared.type_descriptor.annotation is int:
        annotation = "SupportsIndex"
    if declared.name == "paths":
        annotation = "PathText | Sequence[PathText] | ArrowFrame"
    if declared.name in NAMES_OF_TYPES:
        annotation = NAMES_OF_TYPES[declared.name]

    return Parameter(declared.name, annotation, default, True)


def _option(method: Method, declared: Any) -> Parameter:
    flag = next(flag for flag in declared.opts if flag.startswith("--"))
    option_name = flag.removeprefix("--").replace("-", "_")
    name = PLURALS.get(option_name, option_name)
    if keyword.iskeyword(name):
        name += "_"

    annotation, default = _annotation(declared, option_name), declared.default
    if isinstance(default, Enum):
        default = default.value
    if default in (None, ""):
        annotation, default = f"{annotation} | None", None

    shown = f'"{default}"' if isinstance(default, str) else repr(default)
    is_positional = (method.name, name) in LEADING
    return Parameter(name, annotation, shown, is_positional, flag)


def _annotation(declared: Any, option_name: str) -> str:
    kind = declared.type_descriptor.annotation
    metavar = declared.metavar or ""
    if declared.is_flag:
        return "bool"
    if declared.multiple:
        return "Pairs" if metavar.startswith("NAME[:") or "=" in metavar else "Texts"
    if metavar.startswith("FILE"):
        return "Codebook"
    if option_name in NAMES_OF_TYPES:
        return NAMES_OF_TYPES[option_name]
    if isinstance(kind, type) and issubclass(kind, Enum):
        choices = ", ".join(f'"{member.value}"' for member in kind)
        return f"Literal[{choices}]"
    if kind is Path:
        return "PathText"
    if kind in (int, float):
        return str(kind.__name__)

    return "str | float" if metavar in ("N", "R", "C") else "str"


def write_stub() -> str:
    """Return the text of the file."""
    lines = [HEAD]
    for type_name, choices in CHOICES.items():
        listed = [f'    "{choice}",' for choice in choices]
        lines += [f"{type_name}: TypeAlias = Literal[", *listed, "]"]

    for head, methods in CLASSES.items():
        lines.append(head)
        for method in methods:
            lines += _write_method(method)

        lines.append("")

    text = "\n".join(lines).rstrip() + "\n"
    # As the formatter has it: no empty line after a body of dots, one after a class.
    return re.sub("\n{3,}", "\n\n", text.replace(": ...\n\n    @", ": ...\n    @"))


def _write_method(method: Method) -> Iterator[str]:
    parameters = list_parameters(method)
    named = [parameter for parameter in parameters if not parameter.is_positional]
    flags = ""
    for parameter in parameters:
        if parameter.flag not in ("", f"--{parameter.name.replace('_', '-')}"):
            flags += f', {parameter.name}="{parameter.flag}"'

    yield f'    @command("{method.command}"{flags})'
    yield f"    def {method.name}("
    yield "        self,"
    yield from (f"        {parameter}" for parameter in parameters if parameter not in named)
    if named:
        yield "        *,"
        yield from (f"        {parameter}" for parameter in named)

    if method.note is None:
        yield f"    ) -> {method.returns}: ..."
    else:
        yield f"    ) -> {method.returns}:"
        yield f'        """{method.note}"""'

    yield ""
