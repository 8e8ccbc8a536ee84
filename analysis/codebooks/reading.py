"""Codebooks in YAML or JSON files: a mistake is told with its line and what to write."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from analysis.codebooks.codebook import Codebook
from core.errors import BadInput

MOST_BYTES = 64 * 1024
PROBLEMS_SHOWN = 5
# A codebook needs five levels.
DEEPEST = 20

# The codebooks that the program has of its own.
SHIPPED = ("relevance", "polarity")

_OPENING = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)

# The place of a part of the file: keys and numbers of items, from the outermost.
_Place = tuple[str | int, ...]


def read_codebook(path: Path) -> Codebook:
    """Return the codebook in a file. Raises `BadInput`."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise BadInput(f"{path} is larger than {MOST_BYTES // 1024} KiB, which a codebook may have")
    return parse_codebook(content, f"{path}")


def read_shipped(name: str) -> Codebook:
    """Return the codebook of that *name* that the program ships."""
    return parse_codebook(shipped_text(name).encode(), f"{name}.yaml")


def shipped_text(name: str) -> str:
    """Return the file of a shipped codebook, comments included."""
    return (files("analysis.codebooks") / "shipped" / f"{name}.yaml").read_text(encoding="utf-8")


def parse_codebook(content: bytes, origin: str) -> Codebook:
    """Return the codebook that *content* is, in UTF-8. Raises `BadInput`, which names *origin*."""
    lines: dict[_Place, int] = {}
    try:
        text = content.decode("utf-8-sig")
        _refuse_traps(text)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        parts = _build(root, (), lines) if root is not None else {}
    except UnicodeDecodeError:
        raise BadInput(f"{origin} is not in UTF-8: save it so") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"{origin}, line {line}: this is no YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise BadInput(f"{origin} is no YAML: {error}") from None

    try:
        return Codebook.model_validate(parts)
    except ValidationError as error:
        problems = [_describe(problem, lines) for problem in _list_problems(error)]
        more = len(problems) - PROBLEMS_SHOWN
        ending = f"; and {more} more" if more > 0 else ""
        raise BadInput(f"{origin}, {'; '.join(problems[:PROBLEMS_SHOWN])}{ending}") from None


def _refuse_traps(text: str) -> None:
    """Raise an error for what would make a small file costly to read.

    That is a part which stands for another, and lists within lists without end.
    """
    depth = 0
    for token in yaml.scan(text, Loader=yaml.BaseLoader):
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if isinstance(token, yaml.AnchorToken | yaml.AliasToken):
            raise yaml.MarkedYAMLError(
                problem="write each part out instead of & and *, or put a text in quotation marks",
                problem_mark=token.start_mark,
            )
        if depth > DEEPEST:
            raise yaml.MarkedYAMLError(
                problem="lists within lists go too deep for a codebook",
                problem_mark=token.start_mark,
            )


def _build(node: yaml.Node, place: _Place, lines: dict[_Place, int]) -> Any:
    """Return the dictionaries, lists and texts of *node*; note the line of each place."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        parts: dict[str, Any] = {}
        for key_node, part_node in node.value:
            key = key_node.value
            if not isinstance(key, str) or key in parts:
                raise yaml.MarkedYAMLError(
                    problem="a key stands here twice, or is no text",
                    problem_mark=key_node.start_mark,
                )
            lines[(*place, key)] = key_node.start_mark.line + 1
            parts[key] = _build(part_node, (*place, key), lines)
        return parts
    if isinstance(node, yaml.SequenceNode):
        return [
            _build(item_node, (*place, number), lines)
            for number, item_node in enumerate(node.value)
        ]
    return node.value


def _list_problems(error: ValidationError) -> list[Any]:
    """Return the problems of the smallest parts: a part that holds a bad one is no problem more."""
    problems = error.errors()
    places = [problem["loc"] for problem in problems]
    return [
        problem
        for problem, place in zip(problems, places, strict=True)
        if not any(other[: len(place)] == place and other != place for other in places)
    ]


def _describe(problem: Any, lines: dict[_Place, int]) -> str:
    """Return a problem with the line of the part that has it, or of what should hold it."""
    place: _Place = problem["loc"]
    while place not in lines:
        place = place[:-1]
    return f"line {lines[place]}: {_explain(problem)}"


def _explain(problem: Any) -> str:
    field = next((part for part in reversed(problem["loc"]) if isinstance(part, str)), "codebook")
    if problem["type"] == "missing":
        return f"{field} is missing: write {field}: …"
    if problem["type"] == "extra_forbidden":
        return f"a codebook has no field {field} here"
    if problem["type"] in ("model_type", "dict_type"):
        return f"{field} should be fields with what they hold, as name: …"
    if problem["type"] == "tuple_type":
        return f"{field} should be a list"
    if problem["type"] == "value_error":
        return f"{problem['ctx']['error']}"
    return f"{field}: {problem['msg']}"
