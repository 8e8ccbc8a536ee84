"""The categories of a codebook whose shares a sample is to tell: what ``--for`` names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.codebooks.codebook import YES, Codebook, Variable, VariableType
from core.errors import UsageError
from core.printing import printable

# What may stand before a category.
_MEASURE = "share:"


def list_categories(variable: Variable) -> list[str]:
    """Return the categories whose shares are estimated: of yes and no the first alone."""
    return [YES] if variable.type == VariableType.YES_NO else list(variable.codes)


@dataclass(frozen=True)
class WantedCategory:
    """A category of a variable whose share is to be known."""

    variable: str
    category: str

    def __str__(self) -> str:
        return f"{self.variable}={self.category}"


def parse_wanted(codebook: Codebook, texts: Sequence[str]) -> list[WantedCategory]:
    """Return the categories that `--for` names, all of the codebook's if it names none.

    Each is written ``CATEGORY`` or ``VARIABLE=CATEGORY``, with ``share:`` before it or not. Raises
    `UsageError` for a name that is none, or is one of several variables.
    """
    known = [
        WantedCategory(variable.name, category)
        for variable in codebook.variables
        if variable.type != VariableType.SCALE
        for category in list_categories(variable)
    ]
    if not known:
        raise UsageError(f"the codebook {codebook.name} has no category whose share is estimated")
    if not texts:
        return known

    wanted: dict[WantedCategory, None] = {}
    for text in texts:
        name = text.strip().removeprefix(_MEASURE)
        matching = [category for category in known if name in (category.category, f"{category}")]
        if len(matching) != 1:
            names = ", ".join(f"{category}" for category in matching or known)
            problem = "is of several variables" if matching else "is no category of the codebook"
            raise UsageError(f"--for {printable(text)} {problem}: write one of {names}")

        wanted[matching[0]] = None

    return list(wanted)
