"""Adjudication: what coders answered differently stands side by side, and one answer is decided.

A decision is a code of the coder "adjudicated". Only what differs is asked: the answers that all
coders share are taken as they are, and stored with the decision, so that it is whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from analysis.codebooks.codebook import Codebook, Variable
from cli.coding_page.desks import Desk, describe_code
from cli.coding_page.people import PeopleCodes, list_finished, read_people_codes
from models.codes import (
    ADJUDICATED,
    CodeValue,
    Coding,
    StoreOutcome,
    UnitCodes,
    UnitKey,
    read_codes,
)
from models.database import Database
from models.searches import list_drawn_keys
from producers.code_sample import SampledText
from producers.coding_session import CodingSession, DatabaseCodes, next_variable

NOT_ANSWERED = "was not asked this"


class DecisionDesk(Desk):
    """The place where somebody decides between the codes of others, whose names are not shown."""

    decides = True

    def __init__(
        self,
        db: Database,
        codebook: Codebook,
        run_id: int,
        codebook_id: int,
        texts: Sequence[SampledText],
        *,
        coders: Sequence[str],
    ) -> None:
        super().__init__(db, codebook, Coding(run_id, codebook_id, ADJUDICATED), texts)
        self._coders = coders
        # What was read last: the codes of all people, and the units whose documents are stored.
        self.people: PeopleCodes = {}
        self.stored: set[UnitKey] = set()

    def open_session(self) -> CodingSession:
        """Return the way through the texts whose codes differ, decided ones among them."""
        run_id, codebook_id, _ = self.coding
        with self._db.read() as connection:
            self.stored = list_drawn_keys(connection, run_id, codebook_id)
            decisions = read_codes(connection, self.coding)
            self.people = read_people_codes(
                connection, run_id, codebook_id, self._coders, self.stored
            )

        shared = {
            unit: codes
            for unit in self._texts
            if unit in self.stored
            and (codes := find_shared(self._codebook, self.people, unit)) is not None
            and next_variable(self._codebook, codes) is not None
        }
        decided = {
            unit: {name: value for name, value in codes.items() if name not in shared[unit]}
            for unit, codes in decisions.items()
            if unit in shared
        }
        store = DecisionCodes(self._db, self._codebook, self.coding, shared)
        return CodingSession(self._codebook, list(shared), decided, store, fixed=shared)

    def _list_given(self, unit: UnitKey, variable: Variable) -> list[str]:
        """Return what the coders answered, in an order that tells nothing of who they are."""
        coders = list_finished(self._codebook, self.people, unit)
        item = self._texts[unit].item
        given: list[str] = []
        for coder in sorted(coders, key=lambda coder: _shuffle(item, coder)):
            value = self.people[coder][unit].get(variable.name)
            given.append(NOT_ANSWERED if value is None else describe_code(value))

        return given


class DecisionCodes(DatabaseCodes):
    """Stores what is decided of a unit together with the codes that its coders share."""

    def __init__(
        self,
        db: Database,
        codebook: Codebook,
        coding: Coding,
        shared: Mapping[UnitKey, UnitCodes],
    ) -> None:
        super().__init__(db, coding)
        self._codebook = codebook
        self._shared = shared

    def add(self, unit: UnitKey, codes: UnitCodes) -> StoreOutcome:
        """Store a decision, and the shared codes that are asked for after it."""
        whole = {**self._shared[unit], **self.read(unit), **codes}
        known = {name: value.code for name, value in whole.items()}
        asked = {
            variable.name: whole[variable.name]
            for variable in self._codebook.variables
            if variable.name in whole and variable.is_asked(known)
        }
        return super().add(unit, {**asked, **codes})

    def remove(self, unit: UnitKey, variables: Sequence[str]) -> None:
        """Delete decisions, and the shared codes too if nothing of the unit is decided then."""
        remaining = self.read(unit).keys() - set(variables)
        is_undecided = remaining <= self._shared[unit].keys()
        super().remove(unit, [*variables, *remaining] if is_undecided else variables)


def find_shared(
    codebook: Codebook, people: PeopleCodes, unit: UnitKey
) -> dict[str, CodeValue] | None:
    """Return the codes that all coders of a unit share; None unless two have coded it whole."""
    coders = list_finished(codebook, people, unit)
    if len(coders) < 2:
        return None

    answers: list[UnitCodes] = [people[coder][unit] for coder in coders]
    shared: dict[str, CodeValue] = {}
    for variable in codebook.variables:
        values = [codes[variable.name] for codes in answers if variable.name in codes]
        if len(values) == len(answers) and len({value.code for value in values}) == 1:
            shared[variable.name] = values[0]

    return shared


def _shuffle(item: str, coder: str) -> bytes:
    return hashlib.blake2b(f"{item}\0{coder}".encode(), digest_size=8).digest()
