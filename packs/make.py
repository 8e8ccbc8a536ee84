"""A run as one archive: what it was asked, what it rests on, and what came out."""

from __future__ import annotations

import asyncio
import json
import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from sqlalchemy import select

from core.atomic_files import write_atomically
from core.enums import ENDED
from core.errors import UsageError
from models.database import Database
from models.origins import ORIGIN_FIELDS, OriginKey, read_origins
from models.runs import get_run
from models.tables import Document, Training
from packs import contents
from packs.answers import write_answers
from packs.archive import write_archive
from packs.citation import Author, write_citation
from packs.contents import PackedDocument, PackedJob, PackedRun, hash_text, write_lines
from packs.jobs import in_order_of_submission, read_result
from packs.recording import record_run
from reports.build.report_folder import build
from reports.data.export_schema import describe_tables
from reports.data.exports import DICTIONARY_FILE, tables_of, write_table
from reports.data.queries import fetch_all, fetch_pages, fetch_scalars, in_batches, sort_by_identity
from reports.data.run_data import RunData, documents_condition, load_run
from reports.data.selection import describe_selection
from reports.data.tables import TABLES
from reports.figures.figure_store import slug
from reports.pages.run_summary import submit_command
from reports.report_files import FIGURES, MANIFEST

_WITH_TEXTS = "The documents' texts are here; they belong to those who wrote them."
_WITHOUT_TEXTS = (
    "The documents' texts are not here, but their hashes; sentences are quoted in tables."
)
_ABOUT_VERIFY = (
    "`tidings verify FILE` compares the checksums and computes the tables again from the",
    "answers, on any machine, without a service.",
)
_ABOUT_ANSWERS = (
    "The key of an answer is the BLAKE2b hash (16 bytes) of engine, operation, parameters and text",
    "as JSON. A request that found nothing has no line.",
)
_LIBRARIES = ("tidings", "numpy", "scipy", "sqlalchemy", "matplotlib", "wordcloud")


def make_pack(
    db: Database,
    run_id: int,
    out: Path,
    *,
    report: Path,
    texts: bool = False,
    title: str | None = None,
    authors: Sequence[Author] = (),
    check: Callable[[], None] = lambda: None,
) -> str:
    """Write the pack of a run to *out* and return its SHA-256.

    Figures are taken from the folder *report*, as far as they are there; *check* is called before
    another one is drawn. Raises `NotFound`, `UsageError` for a run that has not ended, and
    `TidingsError` where its results do not follow from the stored answers.
    """
    data = load_run(db, run_id)
    if data.state not in ENDED:
        raise UsageError(
            f"run {run_id} is {data.state}: wait for its end (`tidings status {run_id}`), or end "
            f"it with `tidings cancel {run_id}`"
        )

    with TemporaryDirectory(prefix="tidings-pack-") as place:
        folder = Path(place) / "pack"
        folder.mkdir()
        run = _describe_run(data, texts=texts)
        _write(folder / contents.RUN, contents.to_json(run, indent=1) + "\n")
        _write(folder / contents.README, _describe_pack(data, run))
        shown_title = title or data.name or _command_of(data)
        _write(folder / contents.CITATION, write_citation(run, shown_title, authors))
        if data.mask is not None:
            write_atomically(folder / contents.MASK, data.mask)

        if not data.kind.has_documents:
            _write_training(data, folder)
        else:
            _write_texts(data, folder, texts=texts)
        _write_tables(data, folder / contents.EXPORTS, texts=texts)
        _add_figures(data, folder, Path(place) / "report", report, check)
        return write_archive(folder, out)


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode())


def _describe_run(data: RunData, *, texts: bool) -> PackedRun:
    with data.db.read() as connection:
        parameters = get_run(connection, data.id).parameters
    versions = {library: version(library) for library in _LIBRARIES}
    return PackedRun(
        format=contents.FORMAT,
        number=data.id,
        name=data.name,
        kind=data.kind.name,
        state=data.state,
        reason=data.reason,
        created_at=data.created_at,
        ended_at=data.ended_at,
        parameters=parameters,
        engines=tuple(data.engines),
        texts=texts and data.kind.has_documents,
        tables=tuple(table.name for table in tables_of(data.kind.unit)),
        versions={**versions, "python": platform.python_version()},
    )


def _write_texts(data: RunData, folder: Path, *, texts: bool) -> None:
    """Write the jobs, the answers and the documents of a run over texts."""
    recording = asyncio.run(record_run(data))
    with (folder / contents.JOBS).open("wb") as file:
        write_lines(file, recording.jobs)

    (folder / contents.ANSWERS).mkdir()
    for step, answers in recording.answers_by_step.items():
        with (folder / contents.ANSWERS / f"{step}.jsonl").open("wb") as file:
            write_answers(file, answers)

    with (folder / contents.DOCUMENTS).open("wb") as file:
        write_lines(file, _read_documents(data, texts=texts))


def _read_documents(data: RunData, *, texts: bool) -> Iterator[PackedDocument]:
    """Yield the documents of all jobs by identity, each once."""
    jobs_by_document: dict[int, list[str]] = {}  # of a search: the others tell by themselves

    def read_identities() -> Iterator[Any]:
        for job in data.jobs:
            documents = select(Document.id, Document.identity)
            of_job = documents.where(documents_condition(data, job))
            for row in fetch_pages(data.db, of_job, Document.id):
                if data.kind.links_documents:
                    jobs_by_document.setdefault(row.id, []).append(job.name)
                yield row

    for batch in in_batches(sort_by_identity(read_identities())):
        rows = fetch_all(data.db, select(*Document.__table__.columns).where(Document.id.in_(batch)))
        with data.db.read() as connection:
            origins = read_origins(connection, map(attrgetter("origin_id"), rows))
        for row in sorted(rows, key=lambda row: str(row.identity)):
            yield PackedDocument(
                identity=row.identity,
                source=row.source,
                handle=row.handle,
                published_at=row.published_at,
                address=row.address,
                **_named_origin(origins[row.origin_id]),
                repost=row.repost,
                sha256=hash_text(row.text),
                jobs=tuple(jobs_by_document.get(row.id, ())),
                text=row.text if texts else None,
            )


def _named_origin(origin: OriginKey) -> dict[str, str | None]:
    values = zip(ORIGIN_FIELDS, origin, strict=True)
    return {field: value or None for field, value in values}


def _write_training(data: RunData, folder: Path) -> None:
    """Write the jobs of a training, and the weights of those that are finished."""
    weights_folder = folder / contents.WEIGHTS
    weights_folder.mkdir()
    jobs = []
    for job in in_order_of_submission(data):
        packed = PackedJob(
            name=job.name,
            kind=job.kind,
            state=job.state,
            result=read_result(data.db, job),
            reason=job.reason,
            options=job.options,
            frozen=False,
            steps=(),
        )
        jobs.append(packed)
        of_job = select(Training.weights).where(Training.job_id == job.id)
        for weights in fetch_scalars(data.db, of_job):
            if weights is not None:
                write_atomically(weights_folder / f"{slug(job.name)}.npz", weights)

    with (folder / contents.JOBS).open("wb") as file:
        write_lines(file, jobs)


def _write_tables(data: RunData, folder: Path, *, texts: bool) -> None:
    folder.mkdir()
    for table in tables_of(data.kind.unit):
        with ExitStack() as stack:
            files: dict[str, IO[bytes]] = {}
            for form in contents.forms_of(table.name):
                path = folder / f"{table.name}.{form}"
                files[form] = stack.enter_context(path.open("wb"))
            write_table(data, table, files, texts=texts)
    _write(folder / DICTIONARY_FILE, describe_tables(TABLES.values()))


def _add_figures(
    data: RunData, folder: Path, scratch: Path, report: Path, check: Callable[[], None]
) -> None:
    """Add the figures of the run's report, which is made at *scratch* with those of *report*."""
    drawn = report / FIGURES
    if drawn.is_dir():
        shutil.copytree(drawn, scratch / FIGURES)
    build(data.db, [data.id], scratch, check=check, texts=False)

    (folder / contents.FIGURES).mkdir()
    manifest = json.loads((scratch / MANIFEST).read_text(encoding="utf-8"))
    for name in manifest["files"]:
        if name.startswith(f"{FIGURES}/"):
            shutil.copyfile(scratch / name, folder / contents.FIGURES / Path(name).name)


def _describe_pack(data: RunData, run: PackedRun) -> str:
    files = _describe_files(data)
    width = max(map(len, files))

    lines = [f"Run {run.number} of Tidings {run.versions['tidings']}: {_command_of(data)}", ""]
    for name, meaning in sorted(files.items()):
        lines.append(f"{name:<{width}}  {meaning}")

    if data.kind.has_documents:
        lines += ["", *_ABOUT_ANSWERS, "", _WITH_TEXTS if run.texts else _WITHOUT_TEXTS]
    lines += ["", *_ABOUT_VERIFY, ""]
    return "\n".join(lines)


def _describe_files(data: RunData) -> dict[str, str]:
    """Return what is in each file and folder of the pack, by its name."""
    files = {
        contents.RUN: "the run: parameters, engines, versions of the programs",
        contents.JOBS: "its jobs, and how each step of them ended",
        contents.CITATION: "how to cite it (Citation File Format 1.2.0)",
        f"{contents.EXPORTS}/": f"its tables, and what their columns mean ({DICTIONARY_FILE})",
        f"{contents.FIGURES}/": "the figures of its report",
        contents.CHECKSUMS: "the SHA-256 of each file; `sha256sum -c SHA256SUMS` checks them",
    }

    if not data.kind.has_documents:
        files[f"{contents.WEIGHTS}/"] = "the weights of the trained networks"
    else:
        files[contents.DOCUMENTS] = "the documents: identity, date, address, hash of the text"
        files[f"{contents.ANSWERS}/"] = "by step: the answers that the tables rest on"
    return files


def _command_of(data: RunData) -> str:
    """Return the command that submits such a run."""
    job_names = [job.name for job in data.jobs]
    selection = describe_selection(data)
    return submit_command(
        data.parameters, job_names, selection, grain=data.grain, grouping=data.grouping
    )
