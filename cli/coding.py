"""Code a sample of texts by a codebook: ``tidings label RUN --codebook FILE``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli import context

if TYPE_CHECKING:
    from analysis.codebooks.codebook import Codebook
    from core.enums import SamplePeriod
    from models.codes import Coding
    from models.database import Database
    from producers.code_sample import SampledText


@dataclass(frozen=True)
class CodingRequest:
    """What `tidings label` was called with."""

    run: int

    # The path of a codebook, or the name of one that ships.
    codebook: str

    n: int
    per: SamplePeriod
    coder: str
    seed: int
    file: Path | None
    out: Path | None


def code_by_codebook(request: CodingRequest) -> None:
    """Draw the sample and code it in the terminal, or in a file."""
    from analysis.codebooks.reading import find_codebook
    from cli.label import check_terminal
    from models.codes import PERSON, Coding, store_codebook
    from producers.code_sample import draw_code_sample

    codebook = find_codebook(request.codebook)
    if request.file is None and request.out is None:
        check_terminal()
    with closing(context.open_database()) as db:
        sample = draw_code_sample(
            db, request.run, codebook, n=request.n, per=request.per, seed=request.seed
        )
        content = codebook.model_dump(mode="json", by_alias=True)
        with db.write() as connection:
            codebook_id = store_codebook(connection, db, codebook.name, codebook.hash, content)
        coding = Coding(request.run, codebook_id, f"{PERSON}{request.coder}")
        _code_in_terminal(db, codebook, coding, sample)


def _code_in_terminal(
    db: Database, codebook: Codebook, coding: Coding, sample: list[SampledText]
) -> None:
    from cli.coding_terminal import TerminalSession
    from models.codes import read_codes, read_codes_elsewhere
    from producers.coding_session import CodingSession, DatabaseCodes

    with db.read() as connection:
        codes = read_codes(connection, coding)
        codes_elsewhere = read_codes_elsewhere(connection, coding)
    units = [text.unit for text in sample]
    store = DatabaseCodes(db, coding)
    TerminalSession(sample, CodingSession(codebook, units, codes, store, codes_elsewhere)).run()
