"""Write docs/reference and the stub of the module `tidings` from the code.

``python tests/reference_pages.py`` writes them; tests compare both.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints, is_typeddict

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from typer.main import get_command

from cli.codebook import CodebookListing
from cli.doctor import PartCheck
from cli.import_ import ImportTotals
from cli.limits import ServiceLimits
from cli.main import app
from cli.plan_sample import RunPlan
from cli.watch import WatchListing
from core.settings import Settings
from models.acts import ActListing
from models.bills import CostListing
from models.inventory import StoredListing
from packs.verification import Verification
from producers.job_groups import FailureListing
from producers.status import RunListing, RunStatus
from reports.pages.surprises import EventRow
from sources.registry import SOURCES
from tests.module_commands import STUB, write_stub

# The models that commands print with `--json`.
MODELS: dict[str, Any] = {
    "acts": list[ActListing],
    "codebook check": CodebookListing,
    "costs": CostListing,
    "doctor": list[PartCheck],
    "events": list[EventRow],
    "import": ImportTotals,
    "limits": list[ServiceLimits],
    "plan feeds": RunPlan,
    "plan handles": RunPlan,
    "plan months": RunPlan,
    "plan search": RunPlan,
    "predict": list[
        Annotated[
            dict[str, Any],
            "`index` of the input and `predicted`; of series also `actual`; of codes a key for "
            "each variable, and `VARIABLE probability`.",
        ]
    ],
    "runs": list[RunListing],
    "status": RunStatus,
    "stored": StoredListing,
    "verify": Verification,
    "watch": list[WatchListing],
}

# What options let a command print in the place of its model.
PRINTED_BY_OPTIONS: dict[str, Any] = {"status --failed": list[FailureListing]}

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "<!-- Written by tests/reference_pages.py from the code: change it there, then run it. -->"
GROUPS = {
    "Where things are": ("home", "database_url", "redis_url", "reports_dir"),
    "Workers": (),  # whatever no other group has
    "The Text API": (
        "textapi_url", "textapi_key", "textapi_limits", "textapi_concurrency",
        "textapi_connect_timeout", "textapi_timeout",
    ),
    "Language models": (
        "model_url", "model_key", "model_name", "model_limits", "model_price", "model_max_tokens",
        "model_batch_lines", "model_batch_tokens", "model_batch_seconds", "model_concurrency",
        "model_timeout",
    ),
    "The self-hosted Text API's server": (
        "textapi_keys", "textapi_polarity", "textapi_key_limit", "textapi_cors_origins",
    ),
    "Services that documents come from": tuple(f"{each.name}_" for each in SOURCES if each.service),
}  # fmt: skip


SETTINGS_INTRODUCTION = """\
A setting is an environment variable. It comes from the first of: the environment, a `.env` file in
the working directory, what `tidings up` wrote to `TIDINGS_HOME`, the default. An empty value counts
as none.

A limit is calls per unit, several of them comma-separated: `10/s`, `450/15min`, `100/h`, `50000/d`,
`10000/month`; nothing is no limit. Seconds may be fractions. A list is comma-separated.
"""
JSON_INTRODUCTION = """\
With `--json` a command prints one line of JSON on standard output; remarks stay on standard error.
Keys keep their names and types; there may be more of them in a later version. `export` writes
tables in other forms, whose columns `dictionary.md` of a report explains.
"""
COMMANDS_INTRODUCTION = """\
A known error is one line on standard error and exit status 1; wrong usage is 2.
`tidings COMMAND --help` says the same as this page.
"""


def settings_page() -> str:
    """Return every setting with its kind, its default and what it means."""
    lines = ["# Settings", "", NOTE, "", *SETTINGS_INTRODUCTION.splitlines()]
    fields = dict(Settings.model_fields)
    groups: dict[str, list[str]] = {title: [] for title in GROUPS}
    for name in fields:
        groups[_group(name)].append(name)

    for title, names in groups.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| variable | kind | default | meaning |",
            "| --- | --- | --- | --- |",
        ]
        for name in names:
            field = fields[name]
            meaning = _cell(field.description or "")
            row = f"`TIDINGS_{name.upper()}` | {_kind(field)} | {_default(field)} | {meaning}"
            lines.append(f"| {row} |")

    return "\n".join(lines) + "\n"


def _group(name: str) -> str:
    for title, names in GROUPS.items():
        if name in names or (title.startswith("Services") and name.startswith(names)):
            return title
    return "Workers"


def _kind(field: FieldInfo) -> str:
    kind: Any = field.annotation
    options = get_args(kind) if get_origin(kind) is not None else (kind,)
    # A literal that may be None is a union of both.
    if options and get_origin(options[0]) is Literal:
        options = get_args(options[0])
    if any(isinstance(option, str) for option in options):
        return " or ".join(f"`{option}`" for option in options)
    if get_origin(kind) is tuple:
        return "list of secrets" if SecretStr in options else "list"

    first = next(option for option in options if option is not type(None))
    first = getattr(first, "__origin__", first)  # of an annotated type
    words = {
        str: "text",
        int: "number",
        float: "number",
        Path: "path",
        SecretStr: "secret",
        bool: "yes or no",
    }
    bounds = [
        f"{word} {value:g}"
        for each in field.metadata
        for sign, word in (("ge", "from"), ("gt", "over"), ("le", "to"))
        if (value := getattr(each, sign, None)) is not None
    ]
    return " ".join([words[first], ", ".join(bounds)]).strip()


def _default(field: FieldInfo) -> str:
    value = field.get_default()
    return "none" if value in (None, "", ()) else f"`{value}`"


def commands_page() -> str:
    """Return every command with its arguments and options."""
    lines = ["# Commands", "", NOTE, "", *COMMANDS_INTRODUCTION.splitlines()]
    for path, command in sorted(_commands(get_command(app), ("tidings",))):
        if path[1] == "label":
            lines += ["", "## tidings label", "", "The same command as `tidings code`."]
            continue

        lines += ["", f"## {' '.join(path)}", "", _text(command.help)]
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        options = [
            each
            for each in command.params
            if each.param_type_name == "option" and each.name != "help"
        ]
        usage = " ".join(
            [*path, *(_metavar(each) for each in arguments), *(["[OPTIONS]"] if options else [])]
        )
        lines += ["", f"    {usage}"]
        if path[1] == "plan":
            # Options are told once.
            submit = f"tidings submit {path[2]}"
            lines += ["", f"Arguments and options: `{submit}`; `--json` prints JSON."]
            continue

        if arguments or options:
            lines += ["", "| | default | meaning |", "| --- | --- | --- |"]

        for each in arguments:
            lines.append(f"| `{_metavar(each)}` | {_shown(each)} | {_cell(_text(each.help))} |")

        for each in options:
            value = "" if each.is_flag else f" {_cell(_value_name(each))}"
            names = ", ".join([*each.opts, *each.secondary_opts])
            lines.append(f"| `{names}{value}` | {_shown(each)} | {_cell(_text(each.help))} |")

    return "\n".join(lines) + "\n"


def json_page() -> str:
    """Return what each command prints with `--json`, key by key."""
    lines = ["# JSON", "", NOTE, "", *JSON_INTRODUCTION.splitlines()]
    for command, model in sorted((MODELS | PRINTED_BY_OPTIONS).items()):
        flag = "--list --json" if command == "watch" else "--json"
        is_list = get_origin(model) is list
        printed = get_args(model)[0] if is_list else model
        lines += ["", f"## tidings {command} {flag}", ""]
        if not is_model(printed):
            lines += [f"A list of objects: {get_args(printed)[1]}"]
            continue

        several = "A list of objects. " if is_list else ""
        lines += [
            f"{several}{printed.__doc__}",
            "",
            "| key | type | meaning |",
            "| --- | --- | --- |",
        ]
        lines += _json_rows(printed, "")

    return "\n".join(lines) + "\n"


def is_model(kind: Any) -> bool:
    """Return whether JSON has an object with declared keys for *kind*."""
    return is_dataclass(kind) or is_typeddict(kind)


def _json_rows(model: Any, prefix: str) -> Iterator[str]:
    """Yield a line for each key; those of an object in a list or a dictionary follow it."""
    for key, hint in get_type_hints(model, include_extras=True).items():
        is_annotated = get_origin(hint) is Annotated
        kind, meaning = get_args(hint)[:2] if is_annotated else (hint, None)
        inner, mark = kind, ""
        if get_origin(inner) is UnionType:
            inner = next((part for part in get_args(inner) if is_model(part)), inner)

        while get_origin(inner) in {list, dict}:
            mark += "[]" if get_origin(inner) is list else ".NAME"
            inner = get_args(inner)[-1]

        if is_model(inner):
            meaning = meaning or inner.__doc__

        yield f"| `{prefix}{key}` | {_json_type(kind)} | {_cell(meaning or '')} |"
        if is_model(inner):
            yield from _json_rows(inner, f"{prefix}{key}{mark}.")


def _json_type(kind: Any) -> str:
    words = {str: "text", int: "integer", float: "number", bool: "true or false", NoneType: "null"}
    if kind in words:
        return words[kind]
    if get_origin(kind) is list:
        return f"list of {_json_type(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return f"object of {_json_type(get_args(kind)[1])}"
    if is_model(kind):
        return "object"

    return " or ".join(map(_json_type, get_args(kind)))


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield path, command
        return

    for name, below in command.commands.items():
        if not below.hidden:
            yield from _commands(below, (*path, name))


def _metavar(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _value_name(option: Any) -> str:
    return option.metavar or option.name.upper()


def _shown(parameter: Any) -> str:
    if parameter.required:
        return "needed"

    value = parameter.default
    if value in (None, False, (), []) or callable(value):
        return "" if parameter.param_type_name == "option" and parameter.is_flag else "none"

    return f"`{value}`"


def _text(help_text: str | None) -> str:
    return inspect.cleandoc(help_text or "").strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES = {"settings.md": settings_page, "commands.md": commands_page, "json.md": json_page}

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, page in PAGES.items():
        (FOLDER / file).write_text(page(), encoding="utf-8")
    STUB.write_text(write_stub(), encoding="utf-8")
