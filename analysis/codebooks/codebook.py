"""What a codebook asks: its variables, the codes that each may have, and its hash.

The words are those of content analysis: a coder answers each variable of a unit with a code.
K. Krippendorff, "Content Analysis" (2004), chapters 5 and 7.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from analysis.frozen_model import FrozenModel
from core.enums import CodeState, UncodedReason
from core.printing import printable

MOST_VARIABLES = 20
MOST_CATEGORIES = 50
MOST_EXAMPLES = MOST_CATEGORIES
# A scale has at most so many steps.
MOST_STEPS = 101

YES, NO = "yes", "no"
# The code of a variable of several categories none of which applies.
NONE_APPLIES = "none"
# The sign between the categories that a text has at once.
SEPARATOR = "|"

# What a model writes instead of a code that the text does not let it give.
UNCODED_WORDS = {f"{CodeState.CANNOT_BE_CODED}: {reason}": reason for reason in UncodedReason}

# A file that is coded has columns of these names, beside a column for each variable.
FILE_COLUMNS = ("item", "text", "run", "period", "keyword", "document")

# A message lists at most so many codes.
_CODES_SHOWN = 12

# What stands for the name of the keyword in a question.
KEYWORD_SIGN = "{keyword}"

_SPELLINGS_OF_YES_AND_NO = {"y": YES, "n": NO, "1": YES, "0": NO, "true": YES, "false": NO}
_WHOLE_NUMBER = re.compile(r"-?\d+(?:[.,]0+)?", re.ASCII)

_CONDITION = re.compile(r"\s*(?P<variable>\S+)\s*=\s*(?P<code>.*\S)\s*")

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
_Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class CodebookMistake(ValueError):
    """A mistake in a part of a codebook.

    *place* leads to the part, by keys and numbers, from what was validated.
    """

    def __init__(self, message: str, *place: str | int) -> None:
        super().__init__(message)
        self.place = place


class CodedUnit(StrEnum):
    """What a codebook is answered of."""

    # A sentence that matches a keyword.
    MENTION = "mention"

    # The whole text of a document.
    DOCUMENT = "document"

    # A post of an account or a search.
    POST = "post"


class VariableType(StrEnum):
    """How a variable is answered."""

    YES_NO = "yes-no"

    # Exactly one category applies.
    CATEGORY = "category"

    # Any number of categories applies.
    CATEGORIES = "categories"

    # The code is a whole number.
    SCALE = "scale"


class Example(FrozenModel):
    """A text with the code that it should get."""

    text: _Text
    code: _Text


class Condition(FrozenModel):
    """A variable is asked only where an earlier one has this code."""

    variable: str
    code: str

    def __str__(self) -> str:
        return f"{self.variable} = {self.code}"


def _parse_condition(written: Any) -> Any:
    if not isinstance(written, str):
        return written

    condition = _CONDITION.fullmatch(written)
    if condition is None:
        raise ValueError(f"{written!r} is no condition: write VARIABLE = CODE, as about = yes")

    return condition.groupdict()


class Variable(FrozenModel):
    """A question about a text, and the codes that answer it."""

    name: _Name
    question: _Text
    type: VariableType
    condition: Annotated[Condition | None, BeforeValidator(_parse_condition)] = Field(
        None, alias="if"
    )

    # Each category with its definition.
    categories: dict[str, str] = Field(default_factory=dict, max_length=MOST_CATEGORIES)

    # The first and the last step of a scale, and what steps are called.
    lowest: int | None = Field(None, alias="from")
    highest: int | None = Field(None, alias="to")
    ends: dict[int, str] = Field(default_factory=dict)

    examples: tuple[Example, ...] = Field((), max_length=MOST_EXAMPLES)

    @field_validator("categories")
    @classmethod
    def _categories_can_be_told_apart(cls, categories: dict[str, str]) -> dict[str, str]:
        definitions: dict[str, str] = {}
        spellings = {NONE_APPLIES: NONE_APPLIES}
        for written, definition in categories.items():
            category = " ".join(written.split())
            is_plain = printable(category) == category and not re.search(r"[|,=]", category)
            if not category or len(category) > 60 or not is_plain:
                raise CodebookMistake(
                    f"{written!r} is no name of a category: write up to 60 characters without "
                    "comma, bar and =",
                    written,
                )

            other = spellings.get(category.casefold())
            if other is not None:
                raise CodebookMistake(
                    f"the category {category!r} cannot be told from {other!r}: write another name",
                    written,
                )

            spellings[category.casefold()] = category
            definitions[category] = definition

        return definitions

    @field_validator("ends")
    @classmethod
    def _ends_go_up(cls, ends: dict[int, str]) -> dict[int, str]:
        return dict(sorted(ends.items()))

    @field_validator("name")
    @classmethod
    def _is_no_column_of_files(cls, name: str) -> str:
        if name in FILE_COLUMNS:
            raise CodebookMistake(
                f"{name} is no name for a variable, since files that are coded have such a column: "
                "write another name"
            )

        return name

    @model_validator(mode="after")
    def _codes_fit_the_type(self) -> Variable:
        has_categories = self.type in (VariableType.CATEGORY, VariableType.CATEGORIES)
        if has_categories and len(self.categories) < 2:
            raise ValueError(f"a variable of the type {self.type} needs two categories at least")
        if self.categories and not has_categories:
            raise CodebookMistake(
                f"a variable of the type {self.type} has no categories", "categories"
            )

        if self.type == VariableType.SCALE:
            self._check_scale()
        elif self.lowest is not None or self.highest is not None or self.ends:
            raise ValueError(f"from, to and ends belong to a scale, not to the type {self.type}")

        for number, example in enumerate(self.examples):
            try:
                self.parse_code(example.code)
            except ValueError as error:
                message = f"the example {example.text[:40]!r}: {error}"
                raise CodebookMistake(message, "examples", number, "code") from None

        return self

    def _check_scale(self) -> None:
        if self.lowest is None or self.highest is None:
            raise ValueError("a scale needs from and to, as from: 1 and to: 5")
        if not 0 < self.highest - self.lowest < MOST_STEPS:
            raise ValueError(f"a scale goes up, by at most {MOST_STEPS - 1} steps")

        for step in self.ends:
            if not self.lowest <= step <= self.highest:
                raise CodebookMistake(
                    f"{step} of ends lies beyond {self.lowest}..{self.highest}", "ends", f"{step}"
                )

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes that may be given, in their order; each category if several may apply."""
        if self.type == VariableType.YES_NO:
            return YES, NO
        if self.lowest is not None and self.highest is not None:
            return tuple(map(str, range(self.lowest, self.highest + 1)))

        return tuple(self.categories)

    @property
    def meanings(self) -> dict[str, str]:
        """What codes mean: the definitions of categories, or what steps of a scale are called."""
        return self.categories | {f"{step}": end for step, end in self.ends.items()}

    def parse_code(self, written: str) -> str:
        """Return the code that a person has written, case ignored, as it is stored.

        A step of a scale may be written by its name. Several categories are separated by commas or
        bars. Raises ValueError if it is none.
        """
        codes_by_spelling = {code.casefold(): code for code in self.codes}
        if self.type == VariableType.YES_NO:
            codes_by_spelling |= _SPELLINGS_OF_YES_AND_NO

        codes_by_spelling |= {end.casefold(): f"{step}" for step, end in self.ends.items()}
        if self.type != VariableType.CATEGORIES:
            return self._find_code(written, codes_by_spelling)

        if written.strip().casefold() == NONE_APPLIES:
            return NONE_APPLIES

        parts = re.split(r"[|,]", written)
        given = {self._find_code(part, codes_by_spelling) for part in parts}
        return SEPARATOR.join(code for code in self.codes if code in given)

    def _find_code(self, written: str, codes_by_spelling: Mapping[str, str]) -> str:
        spelling = " ".join(written.split()).casefold()
        code = codes_by_spelling.get(spelling) or codes_by_spelling.get(_write_plainly(spelling))
        if code is None:
            plain = written.strip()
            excerpt = plain if len(plain) <= 40 else f"{plain[:40]}…"
            raise ValueError(
                f"{excerpt!r} is no code of {self.name}: write {self.describe_codes()}"
            )

        return code

    def describe_codes(self) -> str:
        """Return which codes the variable may have, in words."""
        codes = [*self.codes, NONE_APPLIES] if self.type == VariableType.CATEGORIES else self.codes
        if self.type == VariableType.SCALE:
            return f"a whole number from {codes[0]} to {codes[-1]}"
        if len(codes) > _CODES_SHOWN:
            return f"one of its codes, as {', '.join(codes[:_CODES_SHOWN])}"

        return f"{', '.join(codes[:-1])} or {codes[-1]}"

    def question_about(self, keyword: str) -> str:
        """Return the question with the name of the keyword in it."""
        return self.question.replace(KEYWORD_SIGN, keyword)

    def is_asked(self, codes: Mapping[str, str | None]) -> bool:
        """Whether the variable is asked of a unit whose earlier variables have these *codes*.

        Where several categories apply, one of them is enough for a condition.
        """
        if self.condition is None:
            return True

        code = codes.get(self.condition.variable)
        return code is not None and self.condition.code in code.split(SEPARATOR)


def _write_plainly(number: str) -> str:
    """Return a whole number as codes have it: other programs may write +1, 1,0 or 1.0."""
    plain = number.replace("\N{MINUS SIGN}", "-").removeprefix("+")
    return re.sub(r"[.,]0+$", "", plain) if _WHOLE_NUMBER.fullmatch(plain) else number


class Codebook(FrozenModel):
    """The questions that coders answer of each text."""

    name: _Name
    unit: CodedUnit

    # Texts in other languages are not coded; without any, texts of all languages are.
    language: tuple[_Language, ...] = ()
    instructions: str = Field("", max_length=20_000)
    variables: tuple[Variable, ...] = Field(min_length=1, max_length=MOST_VARIABLES)

    @field_validator("language")
    @classmethod
    def _languages_are_a_set(cls, language: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(language)))

    @model_validator(mode="after")
    def _conditions_name_earlier_variables(self) -> Codebook:
        earlier: dict[str, Variable] = {}
        for number, variable in enumerate(self.variables):
            place = ("variables", number)
            if variable.name in earlier:
                raise CodebookMistake(
                    f"two variables are called {variable.name}: write another name", *place, "name"
                )

            if variable.condition is not None:
                try:
                    _check_condition(variable.condition, earlier)
                except ValueError as error:
                    message = f"{variable.name} is asked if {variable.condition}, and {error}"
                    raise CodebookMistake(message, *place, "if") from None

            earlier[variable.name] = variable

        return self

    @cached_property
    def hash(self) -> bytes:
        """The SHA-256 of what the codebook means; its name and its white space do not count."""
        meaning = _with_plain_space(self.model_dump(mode="json", by_alias=True, exclude={"name"}))
        return hashlib.sha256(json.dumps(meaning, ensure_ascii=False).encode()).digest()

    @property
    def short_hash(self) -> str:
        """The beginning of the hash, by which people tell versions of a codebook apart."""
        return self.hash.hex()[:12]

    @property
    def is_of_mentions(self) -> bool:
        """Whether each sentence that mentions a keyword is coded."""
        return self.unit == CodedUnit.MENTION

    @property
    def is_of_posts(self) -> bool:
        """Whether each post is coded, which a run over articles does not have."""
        return self.unit == CodedUnit.POST

    @property
    def asks_of_keyword(self) -> bool:
        """Whether each keyword of a run is asked of by itself."""
        texts = [self.instructions, *(variable.question for variable in self.variables)]
        return self.is_of_mentions or any(KEYWORD_SIGN in text for text in texts)

    def variable(self, name: str) -> Variable:
        """Return the variable of that *name*. Raises KeyError."""
        return {variable.name: variable for variable in self.variables}[name]

    def instructions_about(self, keyword: str) -> str:
        """Return the instructions with the name of the keyword in them."""
        return self.instructions.replace(KEYWORD_SIGN, keyword)

    def next_variable(self, codes: Mapping[str, str | None]) -> Variable | None:
        """Return the first variable that is asked of a unit and not among its *codes* yet.

        A code is None if the variable could not be coded. None if the unit is done.
        """
        for variable in self.variables:
            if variable.name not in codes and variable.is_asked(codes):
                return variable

        return None


def _check_condition(condition: Condition, earlier: Mapping[str, Variable]) -> None:
    """Raise ValueError if no variable that is asked before can have the condition's code."""
    if condition.variable not in earlier:
        raise ValueError(f"no variable before it is called {condition.variable}")

    variable = earlier[condition.variable]
    has_none = variable.type == VariableType.CATEGORIES
    if condition.code not in (*variable.codes, *([NONE_APPLIES] if has_none else [])):
        raise ValueError(
            f"{condition.code} is no code of {variable.name}: write {variable.describe_codes()}"
        )


def _with_plain_space(meaning: Any) -> Any:
    """Return *meaning* with single spaces, dictionaries as lists so that their order counts."""
    if isinstance(meaning, dict):
        return [[key, _with_plain_space(part)] for key, part in meaning.items()]
    if isinstance(meaning, list):
        return [_with_plain_space(part) for part in meaning]

    return " ".join(meaning.split()) if isinstance(meaning, str) else meaning
