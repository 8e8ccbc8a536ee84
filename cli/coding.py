"""Code a sample of texts by a codebook: ``tidings label RUN --codebook FILE``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cli import context
from cli.messages import inform, show, warn
from core.enums import CodingProgram
from core.errors import BadInput, UsageError
from core.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.codebooks.codebook import Codebook
    from analysis.codebooks.drawing import SampleCounts
    from core.enums import SamplePeriod
    from models.codes import Coding
    from models.database import Database
    from producers.code_sample import SampledText


class PageOptions(NamedTuple):
    """How a page to code on is served."""

    port: int

    # The share of the texts that all coders get.
    doubles: float


@dataclass(frozen=True)
class CodingRequest:
    """What `tidings label` was called with."""

    run: int

    # The path of a codebook, or the name of one that ships.
    codebook: str

    n: int

    # The wanted half-width of an interval in the place of `n`.
    within: float | None

    per: SamplePeriod
    seed: int
    coder: str | None
    file: Path | None
    out: Path | None
    program: CodingProgram | None

    # None unless people code in a browser.
    page: PageOptions | None = None


def code_by_codebook(request: CodingRequest) -> None:
    """Draw the sample and code it in the terminal or a browser, or write or read a file."""
    from analysis.codebooks.codebook_files import find_codebook
    from analysis.codebooks.stored import stored_codebook
    from cli.label import DEFAULT_CODER, check_terminal
    from models.codes import PERSON, Coding
    from producers.code_sample import choose_for_people, draw_code_sample

    if request.page is not None:
        from cli.coding_page.command import code_in_browser

        code_in_browser(request, request.page)
        return

    codebook = find_codebook(request.codebook)
    if request.file is None and request.out is None and request.within is None:
        check_terminal()

    with closing(context.open_database()) as db:
        if request.file is not None:
            _read_file(db, codebook, request, request.file)
            return

        sample = draw_code_sample(
            db,
            request.run,
            codebook,
            n=count_texts(db, codebook, request),
            per=request.per,
            seed=request.seed,
        )
        with db.read() as connection:
            codebook_id, _ = stored_codebook(connection, codebook.hash.hex())

        if request.within is None:
            sample = choose_for_people(db, request.run, codebook_id, sample, request.n)

        say_what_is_kept(db, codebook_id, request, len(sample))
        coding = Coding(request.run, codebook_id, f"{PERSON}{request.coder or DEFAULT_CODER}")
        if request.out is not None:
            _write_file(db, codebook, coding, sample, request)
            return

        check_terminal()
        _code_in_terminal(db, codebook, coding, sample)
        _show_coders(db, request.run, codebook_id)


def count_texts(db: Database, codebook: Codebook, request: CodingRequest) -> SampleCounts | int:
    """Return how many texts are drawn: `--n`, or as many as `--within` takes."""
    from cli.coding_plan import plan_sample

    if request.within is None:
        return request.n

    return plan_sample(db, request.run, codebook, request.within, request.per)


def say_what_is_kept(db: Database, codebook_id: int, request: CodingRequest, drawn: int) -> None:
    """Say which coded texts are drawn beside those that were asked for, and which do not count."""
    from models.code_samples import count_dropped_units

    with db.read() as connection:
        dropped = count_dropped_units(connection, request.run, codebook_id)

    if request.within is None and drawn > request.n:
        more = quantity(drawn - request.n, "text")
        inform(f"--n {request.n} and {more} more, so that all that is coded still counts")

    if dropped:
        warn(
            f"{quantity(dropped, 'coded text')} of run {request.run} are not in the sample as it "
            "is drawn now, and do not count. Their codes stay: --per and --seed as they were "
            "before draw them again"
        )


def _code_in_terminal(
    db: Database, codebook: Codebook, coding: Coding, sample: Sequence[SampledText]
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


def _write_file(
    db: Database,
    codebook: Codebook,
    coding: Coding,
    sample: Sequence[SampledText],
    request: CodingRequest,
) -> None:
    from core.atomic_files import replace_file
    from models.codes import read_codes
    from producers.coded_files.label_studio import write_configuration, write_tasks
    from producers.coded_files.table import table_columns, table_rows
    from reports.data.formats import comma_separated

    out = request.out
    if out is None:
        raise AssertionError("--out names the file")

    texts = quantity(len(sample), "text")
    then = f"then `tidings label {request.run} --codebook {request.codebook} --file FILE`"
    if request.program is None:
        with db.read() as connection:
            codes = read_codes(connection, coding)

        with replace_file(out) as file, comma_separated(file, table_columns(codebook)) as write:
            write(list(table_rows(codebook, request.run, sample, codes)))

        inform(f"{texts} written to {out}: fill a column for each variable, {then}")
        return

    settings_file = out.with_suffix(".xml")
    if out == settings_file:
        raise UsageError(
            f"--out {out} is the name of the project's settings: give it another ending"
        )

    with replace_file(out) as file:
        file.write(write_tasks(codebook, request.run, sample).encode())

    with replace_file(settings_file) as file:
        file.write(write_configuration(codebook).encode())

    inform(f"{texts} written to {out}, what the project asks to {settings_file}: code them, {then}")


def _read_file(db: Database, codebook: Codebook, request: CodingRequest, path: Path) -> None:
    """Store all codes of a coded file; store none if there is any error."""
    from cli.label import DEFAULT_CODER, check_coder
    from models.codes import PERSON, Coding, find_stored_codebook, replace_codes
    from models.runs import get_run
    from producers.code_sample import read_code_sample
    from producers.coded_files.reading import read_coded_file
    from producers.coded_files.rows import check_rows

    with db.read() as connection:
        get_run(connection, request.run)
        codebook_id = find_stored_codebook(connection, codebook.hash)

    sample = [] if codebook_id is None else read_code_sample(db, request.run, codebook_id)
    if codebook_id is None or not sample:
        raise BadInput(
            f"run {request.run} has no sample for the codebook {codebook.name} as it is now: draw "
            "one with --out; if a word of the codebook was changed, take the file as it was"
        )

    file_codes = check_rows(read_coded_file(path, codebook), codebook, sample, request.coder)
    if file_codes.coded_rows == file_codes.unknown_items > 0:
        raise BadInput(
            f"{path} names no text of the sample of run {request.run}: is it the file of another "
            "run? A sample that was drawn anew with another --n or --seed has other texts"
        )

    with db.write() as connection:
        for file_coder, codes in file_codes.by_coder.items():
            coder = check_coder(file_coder or DEFAULT_CODER)
            coding = Coding(request.run, codebook_id, f"{PERSON}{coder}")
            replace_codes(connection, db, coding, codes)
            inform(f"codes of {quantity(len(codes), 'text')} by {coder} stored")

    if file_codes.unknown_items:
        left_out = quantity(file_codes.unknown_items, "row")
        warn(f"{left_out} of {path} left out: no text of the sample that was drawn last")

    _show_coders(db, request.run, codebook_id)


def _show_coders(db: Database, run: int, codebook_id: int) -> None:
    """Print how many texts each coder has coded."""
    from models.codes import PERSON, Coding, list_coders, read_codes

    with db.read() as connection:
        for coder in list_coders(connection, run, codebook_id):
            units = read_codes(connection, Coding(run, codebook_id, coder))
            show(f"{coder.removeprefix(PERSON)}: {quantity(len(units), 'text')}")

    inform(f"`tidings report {run}` shows what the codes say")
