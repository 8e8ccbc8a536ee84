"""A run as one archive: its parameters, the answers that it rests on, and its results."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.atomic_files import replace_file, write_atomically
from core.enums import ENDED
from core.errors import UsageError
from models.database import Database
from models.runs import get_run
from packs import contents
from packs.answers import write_answers
from packs.archive import write_archive
from packs.contents import Author
from packs.derived import (
    command_of,
    describe_run,
    write_descriptions,
    write_metadata,
)
from packs.documents import read_documents, write_documents
from packs.figures import draw_figures
from packs.recording import Recording, record_run
from packs.rows import list_codebooks, write_run_rows
from packs.samples import find_seeds
from packs.tables import write_tables
from packs.weights import write_network, write_training_weights
from reports.data.exports import tables_of
from reports.data.run_data import load_run


def make_pack(
    db: Database,
    run_id: int,
    out: Path,
    *,
    scratch: Path,
    texts: bool = False,
    coders: bool = False,
    title: str | None = None,
    authors: Sequence[Author] = (),
    license_id: str | None = None,
) -> str:
    """Write the pack of a run to *out* and return its SHA-256.

    The empty folder *scratch* holds the pack's files meanwhile. Unless *coders* are named, they are
    numbered. Raises `NotFound`, `UsageError` for a run that has not ended, and `TidingsError` if
    its results do not follow from stored answers.
    """
    run_data = replace(load_run(db, run_id), hides_coders=not coders)
    stored_run = db.fetch(get_run, run_id)
    if stored_run.state not in ENDED:
        raise UsageError(
            f"run {run_id} is {stored_run.state}: wait for its end (`tidings status {run_id}`), or "
            f"end it with `tidings cancel {run_id}`"
        )

    folder = scratch / "pack"
    folder.mkdir()
    shown_title = title or run_data.name or command_of(run_data)
    run = describe_run(
        run_data, stored_run, texts=texts, title=shown_title, authors=authors, license_id=license_id
    )
    if run_data.mask is not None:
        write_atomically(folder / contents.MASK, run_data.mask)

    recording = Recording()
    if not run_data.kind.has_documents:
        write_training_weights(run_data, folder)
    else:
        network = write_network(run_data, folder)
        recording = asyncio.run(record_run(run_data, texts=run.texts, network=network))
        _write_answers(recording, folder)
        write_documents(read_documents(run_data, texts=texts), folder)

    sampled = {codebook_id for codebook_id, _ in list_codebooks(run_data)}
    without_seed = sampled - find_seeds(run_data).keys()
    write_run_rows(run_data, folder, recording.engines, without_seed=without_seed)
    write_descriptions(run_data, run, folder)
    write_tables(run_data, tables_of(run_data.kind), folder, texts=texts)
    write_metadata(run_data, run, folder)
    draw_figures(run_data, folder, scratch / "report")

    archive = scratch / "pack.zip"
    checksum = write_archive(folder, archive)
    with archive.open("rb") as packed, replace_file(out) as file:
        shutil.copyfileobj(packed, file)

    return checksum


def _write_answers(recording: Recording, folder: Path) -> None:
    for step, answers in recording.answers_by_step.items():
        path = folder / contents.answers_file(step)
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            write_answers(file, answers)
