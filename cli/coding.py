"""How people code a sample: drawn, coded in the terminal, or written to a file that is read."""

from __future__ import annotations

import sys
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli import context
from cli.messages import inform, show, warn
from cli.options import check_utf8
from core.enums import MODEL, ActKind, CodingProgram, SampleGoal, SamplePeriod
from core.errors import BadInput, UsageError
from core.printing import printable
from core.quantities import quantity
from textapi.text.normal_form import normal_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from analysis.codebooks.codebook import Codebook
    from models.codes import Coding, UnitCodes, UnitKey
    from models.database import Database
    from producers.code_sample import SampledText
    from reports.data.code_agreement import VariableAgreement

DEFAULT_CODER = "coder 1"

# A coder's name has at most this many characters.
LONGEST_NAME = 100

# The page of `--serve` on which codes are decided is called so, and so is its address.
_NAMES_OF_PAGES = ("decisions", "decide")


@dataclass(frozen=True)
class CodingRequest:
    """What `tidings code` was called with."""

    run: int

    # The path of a codebook, or the name of one that ships; None for labels of mentions.
    codebook: str | None

    n: int

    # The wanted half-width of an interval in the place of `n`.
    within: float | None

    # The periods between which texts are shared out, or how many mentions of each month and keyword
    # are labelled.
    per: SamplePeriod | int

    seed: int
    coder: str

    # Whether the coder was named, who is then that of all rows of a file.
    names_coder: bool

    file: Path | None
    out: Path | None
    program: CodingProgram | None

    # What the sample is to tell best.
    goal: SampleGoal = SampleGoal.SHARE

    def read_codebook(self) -> Codebook:
        """Return the codebook. Raises `BadInput` and `UsageError`."""
        from analysis.codebooks.codebook_files import find_codebook, read_shipped

        return read_shipped("polarity") if self.codebook is None else find_codebook(self.codebook)

    def describe_reading(self, path: object) -> str:
        """Return the command that reads a coded file."""
        if self.codebook is None:
            return f"`tidings label {self.run} --file {path}`"

        return f"`tidings code {self.run} --codebook {self.codebook} --file {path}`"


def check_coder(coder: str) -> str:
    """Return the name of a coder, from whatever place. Raises `UsageError` if it cannot be one."""
    from models.codes import ADJUDICATED, NETWORK, PERSON

    stripped = " ".join(check_utf8(coder).split())
    # Names that look the same are the same: a link shows no soft hyphen and no width of letters.
    plain = normal_form(stripped).casefold()
    if not plain or len(stripped) > LONGEST_NAME or printable(stripped) != stripped:
        raise UsageError(f"--coder wants a name of up to {LONGEST_NAME} characters")

    reason = None
    if plain == ADJUDICATED.removeprefix(PERSON):
        reason = "decisions between coders are stored so"
    elif plain in _NAMES_OF_PAGES:
        reason = "the page on which codes are decided is called so"
    elif plain.startswith((MODEL, NETWORK)):
        reason = "machines that code are named so, and a coder here is a person"
    elif plain.startswith(PERSON):
        reason = f"give the name without {PERSON}, which is put before it where codes are stored"

    if reason is not None:
        raise UsageError(f"no coder can be called {stripped}: {reason}")

    return stripped


def code_sample(request: CodingRequest) -> None:
    """Draw the sample and code it in the terminal, or write it to a file, or read a coded file."""
    from models.codes import PERSON, Coding

    codebook = request.read_codebook()
    if request.file is None and request.out is None and request.within is None:
        check_terminal()

    settings = context.load_settings()
    with closing(context.open_database(settings)) as db:
        if request.file is not None:
            codebook_id = _read_file(db, codebook, request, request.file, settings.person)
        else:
            codebook_id, sample = draw_for_people(db, codebook, request)
            coding = Coding(request.run, codebook_id, f"{PERSON}{request.coder}")
            if request.out is not None:
                _write_file(db, codebook, coding, sample, request, request.out)
                return

            check_terminal()
            record_coding(db, codebook, request.run, settings.person)
            code_in_terminal(db, codebook, coding, sample)

        _show_coders(db, request.run, codebook, codebook_id)


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
    with db.read() as connection:
        codebook_id, _ = stored_codebook(connection, codebook.hash.hex())

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


def code_in_terminal(
    db: Database,
    codebook: Codebook,
    coding: Coding,
    sample: Sequence[SampledText],
    *,
    is_part: bool = False,
) -> bool:
    """Ask until all texts are coded; return whether they are. More follow if they are a part."""
    from cli.coding_terminal import TerminalSession
    from models.codes import read_codes, read_codes_elsewhere
    from producers.coding_session import CodingSession, DatabaseCodes

    with db.read() as connection:
        codes = read_codes(connection, coding)
        codes_elsewhere = read_codes_elsewhere(connection, coding)

    units = [text.unit for text in sample]
    store = DatabaseCodes(db, coding)
    session = CodingSession(codebook, units, codes, store, codes_elsewhere)
    return TerminalSession(sample, session, is_part=is_part).run()


def _write_file(
    db: Database,
    codebook: Codebook,
    coding: Coding,
    sample: Sequence[SampledText],
    request: CodingRequest,
    out: Path,
) -> None:
    from core.atomic_files import replace_file
    from models.codes import read_codes
    from producers.coded_files.label_studio import write_configuration, write_tasks
    from producers.coded_files.table import table_columns, table_rows
    from reports.data.formats import comma_separated

    texts = quantity(len(sample), "text")
    if request.program is None:
        with db.read() as connection:
            codes = read_codes(connection, coding)

        with replace_file(out) as file, comma_separated(file, table_columns(codebook)) as write:
            rows = table_rows(codebook, request.run, sample, codes)
            write(list(zip(*rows, strict=True)))

        fill = "a column for each variable"
        if request.codebook is None:
            fill = "the column label with -1, 0, 1 or skip"

        inform(f"{texts} written to {out}: fill {fill}, then {request.describe_reading(out)}")
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

    inform(
        f"{texts} written to {out}, what the project asks to {settings_file}: code them, then "
        f"{request.describe_reading('FILE')}"
    )


def _read_file(
    db: Database, codebook: Codebook, request: CodingRequest, path: Path, person: str
) -> int:
    """Store all codes of a coded file, or none if there is any error; return the codebook's id."""
    from models.acts import record_act
    from models.codes import PERSON, Coding, find_stored_codebook, replace_codes
    from models.runs import get_run
    from models.tables import POLARITY_CODEBOOK
    from producers.code_sample import read_code_sample
    from producers.coded_files.reading import read_coded_file
    from producers.coded_files.rows import check_rows
    from producers.label_sample import find_mentions

    run = request.run
    with db.read() as connection:
        get_run(connection, run)
        codebook_id = find_stored_codebook(connection, codebook.hash)

    if request.codebook is None:
        codebook_id = POLARITY_CODEBOOK
        file = read_coded_file(path, codebook)
        sample = find_mentions(db, run, {row.item for row in file.rows})
    else:
        sample = [] if codebook_id is None else read_code_sample(db, run, codebook_id)
        if codebook_id is None or not sample:
            raise BadInput(
                f"run {run} has no sample for the codebook {codebook.name} as it is now: draw one "
                "with --out; if a word of the codebook was changed, take the file as it was"
            )

        file = read_coded_file(path, codebook)

    coder = request.coder if request.names_coder else None
    file_codes = check_rows(file, codebook, sample, coder)
    if file_codes.coded_rows == file_codes.unknown_items > 0:
        raise BadInput(
            f"{path} names no text of the sample of run {run}: is it the file of another run? A "
            "sample that was drawn anew with another --n or --seed has other texts"
        )

    texts = quantity(sum(map(len, file_codes.by_coder.values())), "text")
    details = f"{texts} of a file, by the codebook {codebook.name}"
    with db.write() as connection:
        record_act(connection, ActKind.CODE, f"run {run}", person=person, details=details)
        for file_coder, codes in file_codes.by_coder.items():
            coder = check_coder(file_coder or DEFAULT_CODER)
            replace_codes(connection, db, Coding(run, codebook_id, f"{PERSON}{coder}"), codes)
            inform(f"codes of {quantity(len(codes), 'text')} by {coder} stored")

    if file_codes.unknown_items:
        left_out = quantity(file_codes.unknown_items, "row")
        warn(f"{left_out} of {path} left out: no text of the sample that was drawn last")

    return codebook_id


def _show_coders(db: Database, run: int, codebook: Codebook, codebook_id: int) -> None:
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
