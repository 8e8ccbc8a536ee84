"""A codebook, a sample and its coders: what the page is about, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from analysis.codebooks.codebook import Codebook
from cli.coding_page.decisions import DecisionDesk
from cli.coding_page.desks import Desk
from cli.coding_page.people import PeopleCodes, list_finished, read_people_codes
from cli.coding_page.progress import CoderProgress, count_done
from cli.coding_page.shares import share_out
from models.codes import PERSON, Coding, UnitKey
from models.database import Database
from models.searches import list_drawn_keys
from producers.code_sample import SampledText
from reports.data.code_agreement import VariableAgreement, measure_agreement


class CodingProject:
    """The texts of a run's sample, shared out among coders."""

    def __init__(
        self,
        db: Database,
        run_id: int,
        codebook: Codebook,
        codebook_id: int,
        sample: Sequence[SampledText],
        *,
        coders: Sequence[str],
        doubles: float,
    ) -> None:
        self.codebook = codebook
        self._db = db
        self._run_id = run_id
        self._codebook_id = codebook_id
        self._sample = sample
        self._coders = coders
        # The codes of which agreement was measured last, and what it was.
        self._measured: tuple[PeopleCodes, list[VariableAgreement]] = ({}, [])

        people, _ = self._read()
        coded_by = {
            text.unit: {name.removeprefix(PERSON) for name in names}
            for text in sample
            if (names := list_finished(codebook, people, text.unit))
        }
        self._texts_by_coder = share_out(
            sample, coders, doubles=doubles, codebook_hash=codebook.hash, coded_by=coded_by
        )

    @property
    def size(self) -> int:
        """How many texts the sample has."""
        return len(self._sample)

    def make_desks(self) -> dict[str, Desk]:
        """Return the desk of each coder by their name."""
        return {
            coder: Desk(self._db, self.codebook, self._coding(coder), texts)
            for coder, texts in self._texts_by_coder.items()
        }

    def make_decision_desk(self) -> DecisionDesk:
        """Return the desk at which codes that differ are decided."""
        return DecisionDesk(
            self._db,
            self.codebook,
            self._run_id,
            self._codebook_id,
            self._sample,
            coders=self._coders,
        )

    def count_done(self) -> list[CoderProgress]:
        """Return how far each coder is."""
        people, stored = self._read()
        return self._count_done(people, stored)

    def measure_agreement(self) -> list[VariableAgreement]:
        """Return how far coders agree on each variable."""
        people, _ = self._read()
        return self._measure_agreement(people)

    def describe_progress(self, desk: DecisionDesk) -> dict[str, Any]:
        """Return what the overview shows, by the codes that *desk* reads."""
        state = desk.show()
        coders = self._count_done(desk.people, desk.stored)
        agreements = self._measure_agreement(desk.people)
        return {
            "coders": [asdict(progress) for progress in coders],
            "agreement": [_describe_agreement(agreement) for agreement in agreements],
            "differing": state["total"],
            "decided": state["done"],
        }

    def _coding(self, coder: str) -> Coding:
        return Coding(self._run_id, self._codebook_id, f"{PERSON}{coder}")

    def _read(self) -> tuple[PeopleCodes, set[UnitKey]]:
        """Return the codes of all people, and the units whose documents are stored."""
        with self._db.read() as connection:
            stored = list_drawn_keys(connection, self._run_id, self._codebook_id)
            people = read_people_codes(
                connection, self._run_id, self._codebook_id, self._coders, stored
            )

        return people, stored

    def _count_done(self, people: PeopleCodes, stored: set[UnitKey]) -> list[CoderProgress]:
        units_by_coder: Mapping[str, list[UnitKey]] = {
            coder: [text.unit for text in texts if text.unit in stored]
            for coder, texts in self._texts_by_coder.items()
        }
        return count_done(self.codebook, people, units_by_coder)

    def _measure_agreement(self, people: PeopleCodes) -> list[VariableAgreement]:
        if self._measured[0] != people:
            # The units are in the order of the sample, on which the bootstrap depends.
            units = [
                {coder: codes[text.unit] for coder, codes in people.items() if text.unit in codes}
                for text in self._sample
            ]
            self._measured = (people, measure_agreement(self.codebook, units))

        return self._measured[1]


def _describe_agreement(agreement: VariableAgreement) -> dict[str, Any]:
    alpha = agreement.alpha
    interval = None if alpha is None else [alpha.value, alpha.low, alpha.high]
    return {"variable": agreement.name, "units": agreement.shared, "alpha": interval}
