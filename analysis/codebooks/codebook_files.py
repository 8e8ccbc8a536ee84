"""Codebooks in YAML or JSON files: a mistake is told with its line and what to write."""

from __future__ import annotations

from importlib.resources import files
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from analysis.codebooks.codebook import Codebook, CodebookMistake
from analysis.codebooks.look_alikes import check_categories
from core.errors import BadInput

MOST_BYTES = 64 * 1024
PROBLEMS_SHOWN = 5
# A codebook needs five levels.
DEEPEST = 20

# What most often keeps a file from being YAML.
_HINT = (
    "put a text that begins with a sign, or holds a colon, comma or question mark, in quotation "
    "marks, and indent by spaces"
)

# The codebooks that the program has of its own.
SHIPPED = ("relevance", "frames", "stance", "actors", "polarity")

_OPENING = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)

# The place of a part of the file: keys and numbers of items, from the outermost.
_Place = tuple[str | int, ...]

# What to write, by the type of pydantic's error; `_FORMS` has the forms.
_EXPLANATIONS = {
    "missing": "{field} is missing: write {field}: …",
    "extra_forbidden": "a codebook has no field {field} here: remove it, or look how it is spelt",
    "model_type": "{field} should be fields with what they hold, as name: …",
    "dict_type": "{field} should be fields with what they hold, as name: …",
    "tuple_type": "{field} should be a list, as [{written}]",
    "string_type": "{field} should be a text: put it in quotation marks",
    "string_pattern_mismatch": "{written} is no {field}: write {form}",
    "enum": "{written} is no {field}: write {expected}",
    "int_parsing": "{written} at {field} is no whole number: write one, as 5",
    "int_parsing_size": "{written} at {field} is too large a number: write one, as 5",
    "string_too_short": "{field} is empty: write a text",
    "too_short": "{field} is empty: write one at least",
    "string_too_long": "{field} is too long: write at most {max_length} characters",
    "too_long": "{field} has too many entries: write at most {max_length}",
}
_FORMS = {
    "name": "small letters, digits, - and _, at most 40, the first a letter",
    "language": "codes of languages in small letters, as [en, de]",
}


class _Refused(Exception):
    """Something in the file that no codebook may have."""

    def __init__(self, message: str, mark: yaml.Mark) -> None:
        super().__init__(message)
        self.line = mark.line + 1


def find_codebook(reference: str) -> Codebook:
    """Return the shipped codebook of that name, the one in the file of that path, or in the text.

    Raises `BadInput`.
    """
    if reference.startswith("{"):
        return parse_codebook(reference.encode(errors="replace"), "the codebook")

    return read_shipped(reference) if reference in SHIPPED else read_codebook(Path(reference))


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


def describe_shipped(name: str) -> str:
    """Return what the head of a shipped file says of it: its question, sources and agreement."""
    head = takewhile(lambda line: line.startswith("#"), shipped_text(name).splitlines())
    return " ".join(line.removeprefix("#").strip() for line in head)


def parse_codebook(content: bytes, origin: str) -> Codebook:
    """Return the codebook that *content* is, in UTF-8. Raises `BadInput`, which names *origin*."""
    # Where nothing stands, everything is missing on line 1.
    lines: dict[_Place, int] = {(): 1}
    try:
        text = _without_tabs_of_json(content.decode("utf-8-sig"))
        _refuse_traps(text)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        parts = {} if root is None else _build(root, (), lines)
    except UnicodeDecodeError:
        raise BadInput(f"{origin} is not in UTF-8: save it so") from None
    except _Refused as refusal:
        raise BadInput(f"{origin}, line {refusal.line}: {refusal}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = error.problem or error.context
        raise BadInput(f"{origin}, line {line}: this is no YAML ({problem}): {_HINT}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadInput(
            f"{origin}, line {line}: the character {error.character:#x} is none of a text: "
            "remove it"
        ) from None

    try:
        codebook = Codebook.model_validate(parts)
        check_categories(codebook)
    except CodebookMistake as mistake:
        line = _find_line(mistake.place, lines)
        raise BadInput(f"{origin}, line {line}: {mistake}") from None
    except ValidationError as error:
        problems = [_describe(problem, lines) for problem in _list_problems(error)]
        more = len(problems) - PROBLEMS_SHOWN
        ending = f"; and {more} more" if more > 0 else ""
        raise BadInput(f"{origin}, {'; '.join(problems[:PROBLEMS_SHOWN])}{ending}") from None

    return codebook


def _without_tabs_of_json(text: str) -> str:
    """Return *text* with spaces for tabs if it is JSON, which may have them where YAML may not."""
    return text.replace("\t", " ") if text.lstrip().startswith("{") else text


def _refuse_traps(text: str) -> None:
    """Raise an error for what would make a small file costly to read, and for tags.

    Costly are a part which stands for another, and lists within lists without end.
    """
    depth = 0
    for token in yaml.scan(text, Loader=yaml.BaseLoader):
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
            raise _Refused(
                "put a text that begins with &, * or ! in quotation marks, and write each part out",
                token.start_mark,
            )

        if depth > DEEPEST:
            raise _Refused("lists within lists go too deep for a codebook", token.start_mark)


def _build(node: yaml.Node, place: _Place, lines: dict[_Place, int]) -> Any:
    """Return the dictionaries, lists and texts of *node*; note the line of each place."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        parts: dict[str, Any] = {}
        for key_node, part_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Refused("a list is no name of a field: write a text", key_node.start_mark)

            key = _join_surrogates(key_node)
            if key in parts:
                raise _Refused(f"{key} stands here twice: remove one", key_node.start_mark)

            lines[(*place, key)] = key_node.start_mark.line + 1
            parts[key] = _build(part_node, (*place, key), lines)

        return parts

    if isinstance(node, yaml.SequenceNode):
        return [
            _build(item_node, (*place, number), lines)
            for number, item_node in enumerate(node.value)
        ]

    return _join_surrogates(node)


def _join_surrogates(node: yaml.Node) -> str:
    """Return the text of *node*. JSON may write a character as two halves, as YAML does not."""
    text: str = node.value
    if "\0" in text:
        raise _Refused(
            "a NUL stands here (written \\0 or \\u0000), which no database stores: remove it",
            node.start_mark,
        )

    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise _Refused(
            "half a character stands here: write the whole character", node.start_mark
        ) from None


def _list_problems(error: ValidationError) -> list[Any]:
    """Return the problems of the smallest parts: a part that holds a bad one is no problem more."""
    problems = error.errors()
    places = [_place_of(problem) for problem in problems]
    return [
        problem
        for problem, place in zip(problems, places, strict=True)
        if not any(other[: len(place)] == place and other != place for other in places)
    ]


def _place_of(problem: Any) -> _Place:
    mistake = problem.get("ctx", {}).get("error")
    inner_place = mistake.place if isinstance(mistake, CodebookMistake) else ()
    return (*problem["loc"], *inner_place)


def _describe(problem: Any, lines: dict[_Place, int]) -> str:
    """Return a problem with the line of the part that has it, or of what should hold it."""
    return f"line {_find_line(_place_of(problem), lines)}: {_explain(problem)}"


def _find_line(place: _Place, lines: dict[_Place, int]) -> int:
    while place not in lines:
        place = place[:-1]

    return lines[place]


def _explain(problem: Any) -> str:
    """Return what is wrong, and what to write."""
    context = problem.get("ctx", {})
    if problem["type"] == "value_error":
        return f"{context['error']}"

    keys = [part for part in problem["loc"] if isinstance(part, str) and part != "[key]"]
    field = keys[-1] if keys else "the codebook"
    template = _EXPLANATIONS.get(problem["type"], f"{{field}}: {problem['msg']}")
    form = _FORMS.get(field, _FORMS["name"])
    written = _excerpt(problem["input"])
    return template.format(**context, field=field, written=written, form=form)


def _excerpt(written: Any) -> str:
    text = written if isinstance(written, str) and written else "…"
    return text if len(text) <= 40 else f"{text[:40]}…"
