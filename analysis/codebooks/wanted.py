"""The categories of a codebook whose shares a sample is to tell: what ``--for`` names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.codebooks.codebook import SEPARATOR, YES, Codebook, Variable, VariableType
from core.errors import UsageError
from core.printing import printable
from models.codes import UnitCodes

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

    def is_found(self, codebook: Codebook, codes: Iterable[UnitCodes]) -> bool | None:
        """Return whether a text is of the category, by the *codes* that each coder gave it.

        Where they differ, it is if half of them say so. None if nobody has read it.
        """
        judgements = [self._judge(codebook, given) for given in codes]
        known = [judgement for judgement in judgements if judgement is not None]
        return 2 * sum(known) >= len(known) if known else None

    def _judge(self, codebook: Codebook, codes: UnitCodes) -> bool | None:
        """Return what a coder said; what cannot be coded, or is not asked, is not of it."""
        value = codes.get(self.variable)
        if value is not None:
            return self.category in (value.code or "").split(SEPARATOR)

        known = {name: given.code for name, given in codes.items()}
        variable = codebook.variable(self.variable)
        is_decided = variable.condition is not None and variable.condition.variable in known
        is_left_out = is_decided and not variable.is_asked(known)
        return False if is_left_out or codebook.next_variable(known) is None else None


@dataclass(frozen=True)
class SoughtCategory:
    """A category whose documents are searched for, and the keyword that is asked of, if any."""

    category: WantedCategory
    keyword: str | None

    def __str__(self) -> str:
        return f"{self.keyword}:{self.category}" if self.keyword else f"{self.category}"

    def choose_keywords(self, codebook: Codebook, names: Sequence[str]) -> list[str]:
        """Return those of a run's keywords *names* that are asked of, all if none is.

        Raises `UsageError` if no document can be searched for.
        """
        if codebook.is_of_mentions:
            raise UsageError("a search is for documents: write unit: document into the codebook")
        if not codebook.asks_of_keyword:
            return list(names)

        chosen = [name for name in names if self.keyword in (None, name)]
        if len(chosen) != 1:
            raise UsageError(
                f"the codebook {codebook.name} asks of each keyword: write --find "
                f"KEYWORD:{self.category} with one of the run"
            )

        return chosen


def parse_sought(codebook: Codebook, find: str) -> SoughtCategory:
    """Return what ``--find`` names. Raises `UsageError`."""
    keyword, _, category = find.rpartition(":") if codebook.asks_of_keyword else ("", "", find)
    (wanted,) = parse_wanted(codebook, [category], "--find")
    return SoughtCategory(wanted, keyword or None)


def parse_wanted(
    codebook: Codebook, texts: Sequence[str], option: str = "--for"
) -> list[WantedCategory]:
    """Return the categories that an *option* names, all of the codebook's if it names none.

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
            raise UsageError(f"{option} {printable(text)} {problem}: write one of {names}")

        wanted[matching[0]] = None

    return list(wanted)
