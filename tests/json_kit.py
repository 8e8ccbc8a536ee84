"""Whether what a command prints with `--json` is as its shape declares it."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict


def differences(printed: Any, shape: Any, place: str = "") -> Iterator[str]:
    """Yield where *printed* is not as its shape declares it."""
    if hasattr(shape, "__metadata__"):
        shape = get_args(shape)[0]

    parts = list(parts_of(printed, shape))
    if not fits(printed, shape):
        yield f"{place} is {printed!r}"
        return

    for name, part, part_shape in parts:
        yield from differences(part, part_shape, f"{place}.{name}")


def parts_of(printed: Any, shape: Any) -> Iterator[tuple[object, Any, Any]]:
    """Yield the parts of a list or an object, each with its shape."""
    if is_typeddict(shape) and isinstance(printed, dict):
        hints = get_type_hints(shape, include_extras=True)
        yield from ((key, printed[key], hints[key]) for key in printed if key in hints)
    elif get_origin(shape) is list and isinstance(printed, list):
        yield from ((number, part, get_args(shape)[0]) for number, part in enumerate(printed))
    elif get_origin(shape) is dict and isinstance(printed, dict):
        yield from ((key, part, get_args(shape)[1]) for key, part in printed.items())


def fits(printed: Any, shape: Any) -> bool:
    """Return whether *printed*, its parts aside, is as its shape declares it."""
    kind = get_origin(shape)
    if is_typeddict(shape):
        return isinstance(printed, dict) and list(printed) == list(get_type_hints(shape))
    if kind in {list, dict}:
        return isinstance(printed, kind)
    if kind is UnionType:
        return any(fits(printed, choice) for choice in get_args(shape))
    if shape is float:
        return isinstance(printed, int | float) and not isinstance(printed, bool)

    return shape is Any or type(printed) is shape
