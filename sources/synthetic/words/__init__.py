"""The word lists of the made-up archive, as TOML files beside this one."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, Final

NOTICE: Final = "Made up by the Tidings project: nobody here lives and nothing here happened."
"""What every made-up file says of itself."""


def load(name: str) -> dict[str, Any]:
    """The content of the word list *name* (``fever``, say)."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
