"""Check a codebook, or begin one: ``tidings codebook …``."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer
from typer import Argument, Option

from cli.messages import inform, show, show_json
from cli.options import Json, check_utf8
from core.errors import BadInput, UsageError
from core.printing import printable
from core.quantities import quantity

if TYPE_CHECKING:
    from analysis.codebooks.codebook import Codebook, Variable


class ExampleText(TypedDict):
    """A text with the code that it should get."""

    text: Annotated[str, "The text."]
    code: Annotated[str, "Its code."]


# One of its keys is a word of Python.
VariableListing = TypedDict(
    "VariableListing",
    {
        "name": Annotated[str, "Name of the variable."],
        "question": Annotated[str, "What coders are asked."],
        "type": Annotated[str, "Type of the variable."],
        "if": Annotated[str | None, "When it is asked."],
        "codes": Annotated[list[str], "Its codes."],
        "keys": Annotated[dict[str, str], "Code by key."],
        "definitions": Annotated[dict[str, str], "Meaning by code."],
        "examples": list[ExampleText],
    },
)
VariableListing.__doc__ = "A variable of a codebook."


class CodebookListing(TypedDict):
    """A codebook as coders see it."""

    name: Annotated[str, "Name of the codebook."]
    hash: Annotated[str, "SHA-256 of what it asks."]
    unit: Annotated[str, "What is coded."]
    language: Annotated[list[str], "Languages of its texts; none for all."]
    asks_of_keyword: Annotated[bool, "Whether each keyword is asked of by itself."]
    instructions: Annotated[str | None, "What coders are told before they begin."]
    variables: list[VariableListing]


group = typer.Typer(
    no_args_is_help=True,
    help="Check a codebook, or write a new one: questions that people answer about texts.",
)

CodebookOption = Annotated[
    str | None,
    Option(
        "--codebook",
        metavar="FILE|NAME",
        callback=check_utf8,
        help="The codebook: a YAML or JSON file, or the name of one that ships: relevance, frames, "
        "stance or actors.",
    ),
]


@group.command()
def check(
    file: Annotated[
        str,
        Argument(
            metavar="FILE",
            callback=check_utf8,
            help="A YAML or JSON file, or the name of one that ships.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Print the questions of a codebook as coders see them, its size and its hash.

    A mistake ends with its line and what to write.
    """
    from analysis.codebooks.codebook_files import find_codebook

    codebook = find_codebook(file)
    if as_json:
        listing = CodebookListing(
            name=codebook.name,
            hash=codebook.hash.hex(),
            unit=codebook.unit,
            language=list(codebook.language),
            asks_of_keyword=codebook.asks_of_keyword,
            instructions=codebook.instructions,
            variables=list(map(_list_variable, codebook.variables)),
        )
        show_json(listing)
        return

    _show_head(codebook)
    from cli.codebook_text import list_definitions, list_instructions, wrap

    for line in list_instructions(codebook):
        show(line)

    for variable in codebook.variables:
        show()
        condition = f" (if {variable.condition})" if variable.condition else ""
        for line in wrap(f"{variable.name}{condition}: {variable.question}", "", "    "):
            show(line)

        for line in list_definitions(variable):
            show(line)


@group.command("list")
def list_shipped() -> None:
    """Print the codebooks that ship: what they ask, by whose definitions, how far others agreed."""
    from analysis.codebooks.codebook_files import SHIPPED, describe_shipped
    from cli.codebook_text import wrap

    for name in SHIPPED:
        for line in wrap(f"{name}: {describe_shipped(name)}", "", "    "):
            show(line)


@group.command()
def new(
    codebook_name: Annotated[
        str, Argument(metavar="NAME", callback=check_utf8, help="The codebook's name.")
    ],
) -> None:
    """Write a commented codebook to NAME.yaml, in which each line can be changed."""
    if not re.fullmatch("[a-z][a-z0-9_-]{0,39}", codebook_name):
        raise UsageError(
            f"{printable(codebook_name)} is no name of a codebook: write small letters, digits, - "
            "and _, at most 40, the first a letter"
        )

    path = Path(f"{codebook_name}.yaml")
    template = files("analysis.codebooks") / "template.yaml"
    content = template.read_text(encoding="utf-8").replace("NAME", codebook_name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        raise BadInput(
            f"{path} is there already and stays as it is: give another name, or remove it"
        ) from None

    inform(f"{path} written: change it, then `tidings codebook check {path}`")


def _show_head(codebook: Codebook) -> None:
    variables = quantity(len(codebook.variables), "variable")
    codes = sum(len(variable.codes) for variable in codebook.variables)
    languages = ", ".join(codebook.language) or "all"
    of_keywords = "; each keyword is asked of by itself" if codebook.asks_of_keyword else ""
    show(f"{codebook.name}: {variables}, {quantity(codes, 'code')}")
    show(f"unit: {codebook.unit}{of_keywords}; languages: {languages}")
    show(f"hash {codebook.hash.hex()}")
    show()


def _list_variable(variable: Variable) -> VariableListing:
    from producers.coding_session import assign_keys

    return {
        "name": variable.name,
        "question": variable.question,
        "type": variable.type,
        "if": None if variable.condition is None else f"{variable.condition}",
        "codes": list(variable.codes),
        "keys": assign_keys(variable),
        "definitions": variable.meanings,
        "examples": [
            ExampleText(text=example.text, code=example.code) for example in variable.examples
        ],
    }
