"""Write the methods of the module `tidings` from the declarations of the commands."""

from __future__ import annotations

import inspect
import keyword
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from typer.main import get_command

from cli.main import app

GENERATED_MODULE = Path(__file__).parents[1] / "tidings" / "generated.py"
WIDTH = 100

HEAD = '''\
"""The commands as methods, with the arguments and options that the commands declare.

Written by tests/reference_pages.py from the code: change it there, then run it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, SupportsInt

from tidings import words
from tidings.words import Pairs, PathText, Texts

if TYPE_CHECKING:
    from tidings.coding import CodingPage
    from tidings.packs import PackFile
    from tidings.plan import Plan
    from tidings.report import Report
'''

# These options are what methods return or take in another form: `Run.wait`, `Plan.submit(again=)`.
NO_PARAMETERS = {"--help", "--json", "--once", "--wait"}

# The name of an option that may be given more than once is a plural in Python.
PLURALS = {"keyword": "keywords", "column": "columns", "author": "authors"}


@dataclass(frozen=True)
class Method:
    """A method of a class: *path* is its command, *hook* gets the words of the command."""

    name: str
    path: tuple[str, ...]
    hook: str
    returns: str
    note: str | None = None

    # An option that may be given by position too.
    leading_option: str | None = None


@dataclass(frozen=True)
class MethodsOfClass:
    """A class whose methods are commands; *hooks* are what its subclass implements."""

    name: str
    docstring: str
    hooks: dict[str, str]
    methods: tuple[Method, ...]


CLASSES = (
    MethodsOfClass(
        "HomeCommands",
        "The commands on a home; runs are planned, and submitted by their plan.",
        {"_plan(self, kind: str, words: Sequence[str])": "Plan",
         "_read(self, words: Sequence[str])": "dict[str, Any]"},
        (
            Method("read", ("import",), "_read(", "dict[str, Any]",
                   "Returns the counts of `import --json`."),
            Method("months", ("submit", "months"), '_plan("months", ', "Plan"),
            Method("accounts", ("submit", "handles"), '_plan("handles", ', "Plan"),
            Method("searches", ("submit", "search"), '_plan("search", ', "Plan"),
        ),
    ),
    MethodsOfClass(
        "TrainingCommands",
        "The networks that can be trained.",
        {"_plan(self, kind: str, words: Sequence[str])": "Plan"},
        tuple(
            Method(network, ("submit", "training", network), f'_plan("{network}", ', "Plan")
            for network in ("feedforward", "recurrent", "codes")
        ),
    ),
    MethodsOfClass(
        "RunCommands",
        "The commands on a run.",
        {"_report(self, words: Sequence[str])": "Report",
         "_export(self, words: Sequence[str])": "bytes",
         "_label(self, words: Sequence[str])": "str | CodingPage",
         "_pack(self, words: Sequence[str])": "PackFile"},
        (
            Method("report", ("report",), "_report(", "Report"),
            Method("export", ("export",), "_export(", "bytes",
                   "Returns the bytes; none if *out* names a file. `table` returns Arrow."),
            Method("label", ("label",), "_label(", "str | CodingPage",
                   "With *serve* it returns the page with its links; there is no terminal here.",
                   leading_option="codebook"),
            Method("pack", ("pack",), "_pack(", "PackFile"),
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """A parameter of a method, as the command declares it."""

    name: str
    annotation: str
    default: str | None
    help: str
    words: str
    is_positional: bool
    declared: Any


@cache
def find_command(path: tuple[str, ...]) -> Any:
    """Return the command of that path."""
    command: Any = _root()
    for word in path:
        command = command.commands[word]

    return command


@cache
def _root() -> Any:
    return get_command(app)


def list_parameters(method: Method) -> list[Parameter]:
    """Return the parameters of a method, the run of a run's own methods left out."""
    declared = find_command(method.path).params
    is_of_run = method in CLASSES[-1].methods
    parameters = []
    for parameter in declared:
        if parameter.param_type_name == "argument":
            if not (is_of_run and parameter.name == "run" and parameter.nargs == 1):
                parameters.append(_argument(parameter, is_of_run=is_of_run))
        elif not NO_PARAMETERS.intersection(parameter.opts):
            parameters.append(_option(parameter))

    return parameters


def _argument(declared: Any, *, is_of_run: bool) -> Parameter:
    is_several = declared.nargs != 1
    annotation = "Texts" if is_several else "str"
    if declared.type_descriptor.annotation is int:
        annotation = "SupportsInt"
    if is_several and declared.name == "paths":
        annotation = "PathText | Sequence[PathText]"

    name, default, help_text = declared.name, None, declared.help
    if is_of_run and declared.name == "run":
        name, annotation, default = "beside", "Sequence[SupportsInt]", "()"
        help_text = "Other runs, to be put side by side with this one."

    words = f"*words.arguments({name})"
    return Parameter(name, annotation, default, _clean(help_text), words, True, declared)


def _option(declared: Any) -> Parameter:
    flag = next(flag for flag in declared.opts if flag.startswith("--"))
    name = flag.removeprefix("--").replace("-", "_")
    name = PLURALS.get(name, name)
    name = f"{name}_" if keyword.iskeyword(name) else name
    help_text = _clean(declared.help)

    if declared.is_flag:
        is_on = name
        word = flag
        if declared.secondary_opts:
            word, is_on = declared.secondary_opts[0], f"not {name}"

        words = f'*words.switch("{word}", is_on={is_on})'
        return Parameter(name, "bool", repr(declared.default), help_text, words, False, declared)

    sign = _sign_of(declared)
    if sign is not None:
        words = f'*words.pairs("{flag}", "{sign}", {name})'
        return Parameter(name, "Pairs | None", "None", help_text, words, False, declared)

    annotation = _annotation(declared)
    default = declared.default.value if isinstance(declared.default, Enum) else declared.default
    if default in (None, ""):
        default = None
        annotation += " | None"

    shown = _quote(default)
    given_default = "" if default is None else f", {shown}"
    function = "texts" if declared.multiple else "option"
    words = f'*words.{function}("{flag}", {name}{given_default})'
    return Parameter(name, annotation, shown, help_text, words, False, declared)


def _sign_of(declared: Any) -> str | None:
    """Return the sign between the halves of a pair, None if the option takes no pairs."""
    if not declared.multiple or declared.metavar is None:
        return None
    if declared.metavar.startswith("NAME[:"):
        return ":"

    return "=" if "=" in declared.metavar else None


def _annotation(declared: Any) -> str:
    kind = declared.type_descriptor.annotation
    if declared.multiple:
        return "Texts"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"Literal[{', '.join(_quote(member.value) for member in kind)}]"
    if kind is Path:
        return "PathText"
    if kind in (int, float):
        return kind.__name__

    is_number = declared.metavar in ("N", "R", "C")
    return "str | float" if is_number else "str"


def _quote(default: object) -> str:
    return f'"{default}"' if isinstance(default, str) else repr(default)


def _clean(text: str | None) -> str:
    return " ".join((text or "").replace("\\", "\\\\").split())


def write_module() -> str:
    """Return the text of the file."""
    lines = [HEAD]
    for methods_of_class in CLASSES:
        lines += ["", "", f"class {methods_of_class.name}(ABC):"]
        lines += [f'    """{methods_of_class.docstring}"""']
        if methods_of_class.name == "RunCommands":
            lines += ["", "    @abstractmethod", "    def __int__(self) -> int: ..."]

        for hook, returns in methods_of_class.hooks.items():
            lines += ["", "    @abstractmethod", f"    def {hook} -> {returns}: ..."]

        for method in methods_of_class.methods:
            lines += ["", *_write_method(method, is_of_run=methods_of_class is CLASSES[-1])]

    return "\n".join(lines).replace("\n\n\n\n", "\n\n\n") + "\n"


def _write_method(method: Method, *, is_of_run: bool) -> Iterator[str]:
    parameters = list_parameters(method)
    yield f"    def {method.name}("
    yield "        self,"
    for parameter in parameters:
        if parameter.is_positional:
            yield f"        {_declare(parameter)}"

    leading = [option for option in parameters if option.name == method.leading_option]
    yield from (f"        {_declare(option)}" for option in leading)
    yield "        *,"
    for parameter in parameters:
        if not parameter.is_positional and parameter not in leading:
            yield f"        {_declare(parameter)}"

    yield f"    ) -> {method.returns}:"
    yield from _write_docstring(method, parameters)
    yield "        options = ["
    for parameter in parameters:
        if not parameter.is_positional:
            yield f"            {parameter.words},"

    yield "        ]"
    positional = [parameter.words for parameter in parameters if parameter.is_positional]
    if is_of_run:
        positional.insert(0, "str(int(self))")

    yield f"        return self.{method.hook}words.join(options, [{', '.join(positional)}]))"


def _declare(parameter: Parameter) -> str:
    default = "" if parameter.default is None else f" = {parameter.default}"
    return f"{parameter.name}: {parameter.annotation}{default},"


def _write_docstring(method: Method, parameters: Sequence[Parameter]) -> Iterator[str]:
    summary, *paragraphs = inspect.cleandoc(find_command(method.path).help).split("\n\n")
    lines = _wrap(_clean(summary), '"""')
    lines[0] = f'        """{lines[0].strip()[3:]}'
    yield from lines
    for paragraph in [*paragraphs, *([method.note] if method.note else [])]:
        yield ""
        yield from _wrap(_clean(paragraph))

    yield ""
    yield f"        The parameters are those of `tidings {' '.join(method.path)}`:"
    yield ""
    for parameter in parameters:
        yield from _wrap(f"{parameter.name}: {parameter.help}", hanging="    ")

    yield '        """'


def _wrap(text: str, prefix: str = "", hanging: str = "") -> list[str]:
    indent = " " * 8
    return textwrap.wrap(
        prefix + text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
