"""Codes of people in files: the sample is written to one, and a coded one is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.coding_request import DEFAULT_CODER, check_coder
from cli.messages import inform, warn
from core.enums import ActKind
from core.errors import BadInput, UsageError
from core.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.codebooks.codebook import Codebook
    from cli.coding_request import CodingRequest
    from models.codes import Coding
    from models.database import Database
    from producers.code_sample import SampledText


def write_coded_file(
    db: Database,
    codebook: Codebook,
    coding: Coding,
    sample: Sequence[SampledText],
    request: CodingRequest,
    out: Path,
) -> None:
    """Write a sample to *out*, for a spreadsheet or another program. Raises `UsageError`."""
    from core.atomic_files import replace_file
    from models.codes import read_codes
    from producers.coded_files.label_studio import write_configuration, write_tasks
    from producers.coded_files.table import table_columns, table_rows
    from reports.data.formats import comma_separated

    texts = quantity(len(sample), "text")
    if request.program is None:
        codes = db.fetch(read_codes, coding)
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


def read_file_of_codes(
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
