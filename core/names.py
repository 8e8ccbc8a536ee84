"""Names of people and purses, which stand in tables, commands and keys."""

from __future__ import annotations

from core.printing import printable

LONGEST_NAME = 100


def check_name(text: str) -> str:
    """Return the name of a person or a purse, with single spaces. Raises ValueError."""
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or printable(name) != name:
        raise ValueError(f"write a name of up to {LONGEST_NAME} characters that can be printed")

    return name
