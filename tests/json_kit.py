"""Whether what a command prints with `--json` is as its model declares it."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from tests.reference_pages import is_model


def differences(printed: Any, model: Any, place: str = "") -> Iterator[str]:
    """Yield where *printed* is not as its model declares it."""
    if hasattr(model, "__metadata__"):
        model = get_args(model)[0]

    parts = list(parts_of(printed, model))
    if not fits(printed, model):
        yield f"{place} is {printed!r}"
        return

    for name, part, part_model in parts:
        yield from differences(part, part_model, f"{place}.{name}")


def parts_of(printed: Any, model: Any) -> Iterator[tuple[object, Any, Any]]:
    """Yield the parts of a list or an object, each with its model."""
    if is_model(model) and isinstance(printed, dict):
        hints = get_type_hints(model, include_extras=True)
        yield from ((key, printed[key], hints[key]) for key in printed if key in hints)
    elif get_origin(model) is list and isinstance(printed, list):
        yield from ((number, part, get_args(model)[0]) for number, part in enumerate(printed))
    elif get_origin(model) is dict and isinstance(printed, dict):
        yield from ((key, part, get_args(model)[1]) for key, part in printed.items())


def fits(printed: Any, model: Any) -> bool:
    """Return whether *printed*, its parts aside, is as its model declares it."""
    kind = get_origin(model)
    if is_model(model):
        return isinstance(printed, dict) and list(printed) == list(get_type_hints(model))
    if kind in {list, dict}:
        return isinstance(printed, kind)
    if kind is UnionType:
        return any(fits(printed, choice) for choice in get_args(model))
    if model is float:
        return isinstance(printed, int | float) and not isinstance(printed, bool)

    return model is Any or type(printed) is model
