"""The files of a pack that follow from its answers and documents.

`make` writes them when a run is packed. `verify` writes them again and compares.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from core.atomic_files import write_atomically
from packs import contents
from packs.citation import write_citation
from packs.contents import Author, PackedRun
from packs.data_package import make_data_package
from packs.jobs import read_states, steps_to_repeat
from packs.ro_crate import make_crate
from packs.rows import ROWS
from packs.weights import NETWORK_FILE, name_coder_of_run
from reports.data.export_schema import describe_tables
from reports.data.exports import DICTIONARY_FILE, tables_of
from reports.data.run_command import submit_command
from reports.data.run_data import RunData
from reports.data.tables.registry import TABLES
from reports.figures.figure_store import style_hash

_LIBRARIES = ("tidings", "numpy", "scipy", "sqlalchemy", "pillow", "wordcloud")
_WITH_TEXTS = "The documents' texts are here; they belong to those who wrote them."
_WITHOUT_TEXTS = (
    "The documents' texts are not here, but their hashes; sentences are quoted in tables."
)
_ABOUT_VERIFY = (
    "`tidings verify FILE` compares the checksums and computes the other files again from the",
    "answers, on any machine, without a service.",
)
_ABOUT_ANSWERS = (
    "The key of an answer is the BLAKE2b hash (16 bytes) of engine, operation, parameters and text",
    "as JSON. A request that found nothing has no line.",
)


def describe_run(
    run_data: RunData,
    stored_run: Row[Any],
    *,
    texts: bool,
    title: str,
    authors: Sequence[Author],
    license_id: str | None,
) -> PackedRun:
    """Return the manifest of the pack of a run."""
    return PackedRun(
        format=contents.FORMAT,
        number=run_data.id,
        name=run_data.name,
        kind=run_data.kind.name,
        state=stored_run.state,
        reason=stored_run.reason,
        created_at=run_data.created_at,
        ended_at=stored_run.ended_at,
        parameters=stored_run.parameters,
        engines=tuple(run_data.engines),
        engine_languages=sort_languages(run_data),
        texts=texts and run_data.kind.has_documents,
        tables=tuple(table.name for table in tables_of(run_data.kind)),
        title=title,
        authors=tuple(dict.fromkeys(authors)),
        license=license_id,
        versions={**installed_versions(), "python": platform.python_version()},
        figure_style=style_hash(),
    )


def write_descriptions(run_data: RunData, run: PackedRun, folder: Path) -> None:
    """Write the files that describe the pack: its run, and how it is cited."""
    _write(folder / contents.RUN, contents.to_json(run, indent=1) + "\n")
    files = _describe_files(run_data, run)
    _write(folder / contents.README, _describe_pack(run_data, run, files))
    _write(folder / contents.CITATION, write_citation(run))
    exports = folder / contents.EXPORTS
    exports.mkdir()
    _write(exports / DICTIONARY_FILE, describe_tables(TABLES.values()))


def write_metadata(run_data: RunData, run: PackedRun, folder: Path) -> None:
    """Write what other programs and repositories read, for a *folder* that has the tables."""
    files = {contents.README: "what is in the pack"}
    files |= _describe_files(run_data, run)
    metadata = {
        contents.DATA_PACKAGE: make_data_package(run, folder),
        contents.RO_CRATE: make_crate(run, files, command_of(run_data)),
    }
    for file_name, description in metadata.items():
        _write(folder / file_name, json.dumps(description, ensure_ascii=False, indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode())


def list_answer_files(run_data: RunData, run: PackedRun) -> set[str]:
    """Return the names of the files of answers that such a pack has."""
    file_names = set()
    for job in run_data.jobs if run.run_kind.has_documents else ():
        states = read_states(run_data.db, job)
        for step in steps_to_repeat(run_data, states, texts=run.texts):
            file_names.add(contents.answers_file(step.name))

    return file_names


def installed_versions() -> dict[str, str]:
    """Return the versions of this program and of what it computes and draws with."""
    return {library: version(library) for library in _LIBRARIES}


def sort_languages(run_data: RunData) -> dict[str, tuple[str, ...] | None]:
    """Return the languages that each of the run's engines reads, as a pack writes them."""
    languages: dict[str, tuple[str, ...] | None] = {}
    for engine in run_data.engines:
        declared = run_data.engine_languages[engine]
        languages[engine] = None if declared is None else tuple(sorted(declared))

    return languages


def _describe_pack(run_data: RunData, run: PackedRun, files: Mapping[str, str]) -> str:
    width = max(map(len, files))

    lines = [f"Run {run.number} of Tidings {run.versions['tidings']}: {command_of(run_data)}", ""]
    for file_name, meaning in sorted(files.items()):
        lines.append(f"{file_name:<{width}}  {meaning}")

    if f"{contents.ANSWERS}/" in files:
        lines += ["", *_ABOUT_ANSWERS]
    if run_data.kind.has_documents:
        lines += ["", _WITH_TEXTS if run.texts else _WITHOUT_TEXTS]

    lines += ["", *_ABOUT_VERIFY, ""]
    return "\n".join(lines)


def _describe_files(run_data: RunData, run: PackedRun) -> dict[str, str]:
    """Return what is in each file and folder of the pack, by its name."""
    files = {
        contents.RUN: "the run: parameters, engines, versions of the programs",
        f"{ROWS}/": "its jobs, how each step of them ended, codebooks and samples, by table",
        contents.CITATION: "how to cite it (Citation File Format 1.2.0)",
        contents.DATA_PACKAGE: "its tables for programs: columns, types, keys (Data Package 2.0)",
        contents.RO_CRATE: "which program made what from what (Process Run Crate 0.5)",
        f"{contents.EXPORTS}/": f"its tables, and what their columns mean ({DICTIONARY_FILE})",
        f"{contents.FIGURES}/": "the figures of its report",
        contents.CHECKSUMS: "the SHA-256 of each file; `sha256sum -c SHA256SUMS` checks them",
    }

    if not run_data.kind.has_documents:
        files[f"{contents.WEIGHTS}/"] = "the weights of the trained networks"
    else:
        files[contents.DOCUMENTS] = "the documents: identity, date, address, hash of the text"

    if name_coder_of_run(run_data) is not None:
        files[NETWORK_FILE] = "the network that coded the texts, as far as it was still there"
    if run_data.mask is not None:
        files[contents.MASK] = "the shape of the word clouds"
    if list_answer_files(run_data, run):
        files[f"{contents.ANSWERS}/"] = "by step: the answers that the tables rest on"

    return files


def command_of(run_data: RunData) -> str:
    """Return the command that submits such a run."""
    job_names = [job.name for job in run_data.jobs]
    return submit_command(
        run_data.parameters,
        job_names,
        run_data.selection,
        grain=run_data.grain,
        grouping=run_data.grouping,
    )
