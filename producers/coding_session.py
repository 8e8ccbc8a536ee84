"""A coder's way through a sample: which question is next, what keys mean, what undo takes back.

A terminal and a page in a browser show the same `CodingSession`; nothing here knows either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from string import ascii_letters

from analysis.codebooks.codebook import NONE_APPLIES, Codebook, Variable, VariableType
from core.enums import CodeState, UncodedReason
from models.codes import (
    CodeValue,
    Coding,
    StoreOutcome,
    UnitCodes,
    UnitKey,
    add_codes,
    delete_codes,
    read_unit_codes,
)
from models.database import Database

# What these keys do is the same in all codebooks: no code has one of them.
UNDO, QUIT, CANNOT_BE_CODED, HELP = "u", "q", "s", "?"

# The key of "none applies", where several categories may apply.
NONE_KEY = "0"

_FREE_LETTERS = [letter for letter in ascii_letters if letter.lower() not in "uqs"]
_CODE_KEYS = [*"123456789", *_FREE_LETTERS]

# A scale with more steps has no keys: its number is written.
_MOST_STEPS_WITH_KEYS = 10

REASONS_BY_KEY = dict(zip("123", UncodedReason, strict=True))

# These reasons hold for all variables of a text.
_REASONS_OF_TEXTS = (UncodedReason.OTHER_LANGUAGE, UncodedReason.TOO_SHORT)


def assign_keys(variable: Variable) -> dict[str, str]:
    """Return the code of each key: digits first, then letters, then capitals.

    Each step of a scale within 0 to 9 has its own digit. The dictionary is empty if the scale has
    too many steps for keys. `Variable.parse_code` takes the number that the coder writes then.
    """
    codes = variable.codes
    if variable.type == VariableType.SCALE:
        if all(code in "0123456789" for code in codes):
            return {code: code for code in codes}
        if len(codes) > _MOST_STEPS_WITH_KEYS:
            return {}

    keys = dict(zip(_CODE_KEYS, codes, strict=False))
    if variable.type == VariableType.CATEGORIES:
        keys[NONE_KEY] = NONE_APPLIES

    return keys


def code_of_key(variable: Variable, key: str) -> str | None:
    """Return the code that *key* gives; "y" and "n" answer questions of yes or no, too."""
    keys = assign_keys(variable)
    if variable.type == VariableType.YES_NO:
        keys |= {code[0]: code for code in variable.codes}

    return keys.get(key, keys.get(key.lower()))


@dataclass(frozen=True)
class Question:
    """A variable of a unit, which is to be coded."""

    # The place of the unit in the sample, from 0.
    index: int

    unit: UnitKey
    variable: Variable


class DatabaseCodes:
    """Keeps a coder's codes by a codebook in the database: each is stored at once."""

    def __init__(self, db: Database, coding: Coding) -> None:
        self._db = db
        self._coding = coding

    def add(self, unit: UnitKey, codes: UnitCodes) -> StoreOutcome:
        """Store codes of variables that have none of the coder. Raises `NotFound` for the run."""
        return add_codes(self._db, self._coding, unit, codes)

    def remove(self, unit: UnitKey, variables: Sequence[str]) -> None:
        """Delete the coder's codes of *variables*."""
        with self._db.write() as connection:
            delete_codes(connection, self._coding, [unit], variables)

    def read(self, unit: UnitKey) -> dict[str, CodeValue]:
        """Return the coder's codes of a unit, by variable."""
        return self._db.fetch(read_unit_codes, self._coding, unit)


class CodingSession:
    """Goes through *units* in their order, without the questions that *codes* already answer.

    Another session of the same coder may go through the same sample at the same time: what that
    stores stays as it is, and this session does not take it back.
    """

    def __init__(
        self,
        codebook: Codebook,
        units: Sequence[UnitKey],
        codes: Mapping[UnitKey, UnitCodes],
        store: DatabaseCodes,
        fixed: Mapping[UnitKey, UnitCodes] | None = None,
    ) -> None:
        """Begin where the coder stopped. *fixed* are codes that undo leaves alone."""
        self.codebook = codebook
        self.units = units
        self._store = store
        self._codes = {unit: dict(unit_codes) for unit, unit_codes in codes.items()}
        self._fixed: set[tuple[UnitKey, str]] = set()
        self._erased: set[UnitKey] = set()
        for unit, unit_codes in (fixed or {}).items():
            self._fix(unit, unit_codes)

        # All units before this one are done.
        self._first_open = 0

    @property
    def question(self) -> Question | None:
        """The first question that is open; None if the whole sample is coded."""
        while self._first_open < len(self.units):
            unit = self.units[self._first_open]
            variable = self._next_variable(unit)
            if variable is not None:
                return Question(self._first_open, unit, variable)

            self._first_open += 1

        return None

    @property
    def done(self) -> int:
        """How many units of the sample have no open question."""
        return sum(self._next_variable(unit) is None for unit in self.units)

    def codes_of(self, unit: UnitKey) -> UnitCodes:
        """Return the codes that the coder gave a unit so far, by variable."""
        return self._codes.get(unit, {})

    def answer(self, unit: UnitKey, variable: str, value: CodeValue) -> StoreOutcome:
        """Store the code of a variable, and return the outcome.

        A text that is too short or in another language cannot be coded at all: what else would
        have been asked of it gets the same answer.
        """
        known = self._codes.get(unit, {})
        completed = complete_codes(self.codebook, {**known, variable: value})
        codes = {name: code for name, code in completed.items() if name not in known}
        outcome = self._store.add(unit, codes)
        if outcome is StoreOutcome.ERASED:
            self._erased.add(unit)
        elif outcome is StoreOutcome.STORED:
            self._codes.setdefault(unit, {}).update(codes)
        else:
            self._fix(unit, self._store.read(unit))

        return outcome

    def replace_reason(self, unit: UnitKey, variable: str, value: CodeValue) -> StoreOutcome:
        """Store why a text cannot be coded in the place of another reason, and return the outcome.

        What the earlier reason answered beside it is asked again, unless the later one answers it.
        A code stays, and so does what another session stored.
        """
        codes = self._codes[unit]
        earlier = codes[variable]
        are_reasons = {earlier.state, value.state} == {CodeState.CANNOT_BE_CODED}
        if not are_reasons or (unit, variable) in self._fixed:
            return StoreOutcome.THERE_ALREADY

        replaced = [variable]
        if earlier.reason in _REASONS_OF_TEXTS:
            replaced = [name for name, code in codes.items() if code == earlier]

        self._store.remove(unit, replaced)
        for name in replaced:
            del self._codes[unit][name]

        self._first_open = min(self._first_open, self.units.index(unit))
        return self.answer(unit, variable, value)

    def undo(self) -> Question | None:
        """Take the last code before the open question back, and return its question.

        Codes that another session of the coder gave stay. None if there is nothing to take back.
        """
        question = self.question
        last = len(self.units) - 1 if question is None else question.index
        for index in range(last, -1, -1):
            unit = self.units[index]
            variables = self._last_variables(unit)
            if variables:
                self._store.remove(unit, variables)
                for variable in variables:
                    del self._codes[unit][variable]

                self._first_open = index
                return self.question

        return None

    def _next_variable(self, unit: UnitKey) -> Variable | None:
        if unit in self._erased:
            return None
        return next_variable(self.codebook, self._codes.get(unit, {}))

    def _fix(self, unit: UnitKey, stored: UnitCodes) -> None:
        """Take over codes that another session stored; undo leaves them alone."""
        codes = self._codes.setdefault(unit, {})
        self._fixed.update((unit, variable) for variable in stored if variable not in codes)
        codes.update(stored)

    def _last_variables(self, unit: UnitKey) -> list[str]:
        """Return the variables that our last answer to a unit coded; none if there is no such."""
        codes = self._codes.get(unit, {})
        coded = [entry for entry in self.codebook.variables if entry.name in codes]
        own = [entry.name for entry in coded if (unit, entry.name) not in self._fixed]
        if unit in self._erased or not own or self._is_base_of_fixed(unit, own[-1]):
            return []

        last = codes[own[-1]]
        if last.reason not in _REASONS_OF_TEXTS:
            return [own[-1]]

        return list(takewhile(lambda name: codes[name] == last, reversed(own)))

    def _is_base_of_fixed(self, unit: UnitKey, variable: str) -> bool:
        """Whether a code that is not ours was given because of the code of *variable*."""
        return any(
            (unit, entry.name) in self._fixed
            for entry in self.codebook.variables
            if entry.condition is not None and entry.condition.variable == variable
        )


def cannot_be_coded(reason: UncodedReason | None) -> CodeValue:
    """Return the answer of a coder who has no code for a text."""
    return CodeValue(None, CodeState.CANNOT_BE_CODED, reason)


def complete_codes(codebook: Codebook, codes: UnitCodes) -> dict[str, CodeValue]:
    """Return *codes*, and the same answer to all open variables if the text cannot be coded at all.

    Such is a text that is too short, or in another language.
    """
    completed = dict(codes)
    answers = [value for value in codes.values() if value.reason in _REASONS_OF_TEXTS]
    while answers and (variable := next_variable(codebook, completed)) is not None:
        completed[variable.name] = answers[-1]

    return completed


def next_variable(codebook: Codebook, codes: UnitCodes) -> Variable | None:
    """Return the first variable that is asked of a unit with these codes and has none yet."""
    return codebook.next_variable({name: value.code for name, value in codes.items()})
