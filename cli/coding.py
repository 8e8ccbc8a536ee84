"""How people code a sample: drawn, coded in the terminal, or written to a file that is read."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

from cli import context
from cli.coding_request import CodingRequest
from cli.messages import inform, warn
from core.enums import ActKind
from core.errors import UsageError
from core.quantities import quantity

if TYPE_CHECKING:
    from analysis.codebooks.codebook import Codebook
    from models.database import Database
    from producers.code_sample import SampledText


def code_sample(request: CodingRequest) -> None:
    """Draw the sample and code it in the terminal, or write it to a file, or read a coded file."""
    from cli.coding_files import read_file_of_codes, write_coded_file
    from cli.coding_terminal import code_in_terminal
    from cli.shown_coders import show_coders
    from models.codes import PERSON, Coding

    codebook = request.read_codebook()
    if request.file is None and request.out is None and request.within is None:
        check_terminal()

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        if request.file is not None:
            codebook_id = read_file_of_codes(db, codebook, request, request.file, settings.person)
        else:
            codebook_id, sample = draw_for_people(db, codebook, request)
            coding = Coding(request.run, codebook_id, f"{PERSON}{request.coder}")
            if request.out is not None:
                write_coded_file(db, codebook, coding, sample, request, request.out)
                return

            check_terminal()
            record_coding(db, codebook, request.run, settings.person)
            code_in_terminal(db, codebook, coding, sample)

        show_coders(db, request.run, codebook, codebook_id)


def record_coding(db: Database, codebook: Codebook, run: int, person: str) -> None:
    """Record the act of coding: each code is stored by itself, in the course of hours."""
    from models.acts import record_act

    with db.write() as connection:
        details = f"by the codebook {codebook.name}"
        record_act(connection, ActKind.CODE, f"run {run}", person=person, details=details)


def draw_for_people(
    db: Database, codebook: Codebook, request: CodingRequest
) -> tuple[int, list[SampledText]]:
    """Draw the sample, and return the codebook's id and the texts that people code."""
    from analysis.codebooks.stored import stored_codebook
    from cli.coding_plan import plan_sample
    from models.tables import POLARITY_CODEBOOK
    from producers.code_sample import choose_for_people, draw_code_sample
    from producers.label_sample import draw_label_sample

    run, per = request.run, request.per
    if isinstance(per, int):
        return POLARITY_CODEBOOK, draw_label_sample(db, run, per=per, seed=request.seed)

    within = request.within
    n = request.n if within is None else plan_sample(db, run, codebook, within, per)
    sample = draw_code_sample(db, run, codebook, n=n, per=per, seed=request.seed, goal=request.goal)
    codebook_id, _ = db.fetch(stored_codebook, codebook.hash.hex())
    if within is None:
        sample = choose_for_people(db, run, codebook_id, sample, request.n)

    _say_what_is_kept(db, codebook_id, request, len(sample))
    return codebook_id, sample


def check_terminal() -> None:
    """Raise `UsageError` if there is no terminal to code in."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "there is no terminal to code in: write the sample with --out, and read it with --file"
        )


def _say_what_is_kept(db: Database, codebook_id: int, request: CodingRequest, drawn: int) -> None:
    """Say which coded texts are drawn beside those that were asked for, and which do not count."""
    from models.code_samples import count_dropped_units

    dropped = db.fetch(count_dropped_units, request.run, codebook_id)
    if request.within is None and drawn > request.n:
        more = quantity(drawn - request.n, "text")
        inform(f"--n {request.n} and {more} more, so that all that is coded still counts")

    if dropped:
        warn(
            f"{quantity(dropped, 'coded text')} of run {request.run} are not in the sample as it "
            "is drawn now, and do not count. Their codes stay: --per and --seed as they were "
            "before draw them again"
        )
