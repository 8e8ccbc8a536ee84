"""A codebook as lines of a terminal: its questions as a coder sees them, with their keys."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterator

from analysis.codebooks.codebook import SEPARATOR, Codebook, Variable, VariableType
from producers.coding_session import CANNOT_BE_CODED, assign_keys

WIDEST = 100
NARROWEST = 20


def wrap(text: str, indent: str = "    ", hanging: str | None = None) -> list[str]:
    """Return the lines of *text* in the width of the terminal; *hanging* indents all but one."""
    hanging = indent if hanging is None else hanging
    width = max(len(hanging) + NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=hanging)


def describe_keys(variable: Variable) -> str:
    """Return the keys that answer a variable, on one line."""
    keys = []
    for key, code in assign_keys(variable).items():
        meaning = name_code(variable, code)
        keys.append(meaning if key == code else f"{key} {meaning}")

    if not keys:
        lowest, highest = variable.codes[0], variable.codes[-1]
        ends = f"{name_code(variable, lowest)} to {name_code(variable, highest)}"
        keys = [f"a number from {ends}, then Enter"]

    if variable.type == VariableType.CATEGORIES:
        keys.append("Enter when all are chosen")

    return "  ".join([*keys, f"{CANNOT_BE_CODED} cannot be coded"])


def list_instructions(codebook: Codebook, keyword: str | None = None) -> Iterator[str]:
    """Yield the lines of what coders are told before they begin.

    The lines of a paragraph run on; an empty line, a dash and an indented line begin another.
    """
    instructions = codebook.instructions
    if keyword is not None:
        instructions = codebook.instructions_about(keyword)

    for paragraph in re.split(r"\n(?=\s|[-*•]|\d+[.)])", instructions.strip()):
        yield from wrap(" ".join(paragraph.split()), indent="")


def list_definitions(variable: Variable) -> Iterator[str]:
    """Yield a line for each category with its key and definition, then the examples."""
    if not variable.categories:
        yield from wrap(describe_keys(variable))
    else:
        for key, code in assign_keys(variable).items():
            definition = variable.categories.get(code, "no category applies")
            meaning = f"{key} {code}: {definition}" if definition else f"{key} {code}"
            yield from wrap(meaning, hanging=" " * 8)

        if variable.type == VariableType.CATEGORIES:
            yield from wrap("any number of them, then Enter")

    for example in variable.examples:
        yield from wrap(f"“{example.text}”: {example.code}", hanging=" " * 8)


def name_code(variable: Variable, code: str) -> str:
    """Return a code as coders read it: a step of a scale with what it is called."""
    end = variable.ends.get(int(code)) if variable.type == VariableType.SCALE else None
    return f"{code} ({end})" if end else code.replace(SEPARATOR, ", ")
