"""Who coded how much, and how far people agree, for the terminal."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from cli.messages import inform, show
from core.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analysis.codebooks.codebook import Codebook
    from models.codes import UnitCodes, UnitKey
    from models.database import Database
    from reports.data.code_agreement import VariableAgreement


def show_coders(db: Database, run: int, codebook: Codebook, codebook_id: int) -> None:
    """Print how many texts each coder has coded, and how far several of them agree."""
    from models.codes import PERSON, Coding, list_coders, read_codes
    from reports.data.code_agreement import measure_agreement

    units: dict[UnitKey, dict[str, UnitCodes]] = defaultdict(dict)
    with db.read() as connection:
        coders = list_coders(connection, run, codebook_id)
        for coder in coders:
            codes = read_codes(connection, Coding(run, codebook_id, coder))
            show(f"{coder.removeprefix(PERSON)}: {quantity(len(codes), 'text')}")
            for unit, unit_codes in codes.items():
                units[unit][coder] = unit_codes

    if len(coders) > 1:
        show_agreement(measure_agreement(codebook, units.values()))

    inform(f"`tidings report {run}` shows what the codes say")


def show_agreement(agreements: Iterable[VariableAgreement]) -> None:
    """Print how far people agree on each variable."""
    for agreement in agreements:
        texts = quantity(agreement.shared, "text")
        alpha = agreement.alpha
        value = (
            "has no value yet"
            if alpha is None
            else f"{alpha.value:.3f}, {alpha.low:.3f} to {alpha.high:.3f}"
        )
        show(f"{agreement.name}: Krippendorff's alpha {value} ({texts} coded by several)")
