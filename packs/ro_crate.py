"""`ro-crate-metadata.json`: which program made what from what, as a Process Run Crate 0.5.

Sources of the format: P. Sefton and others, "RO-Crate Metadata Specification 1.1",
https://w3id.org/ro/crate/1.1; Workflow Run RO-Crate working group, "Process Run Crate 0.5" (2024),
https://w3id.org/ro/wfrun/process/0.5.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from core.enums import State
from packs import contents
from packs.contents import Author, PackedRun, forms_of
from packs.study import (
    NO_LICENSE,
    describe_study,
    end_of,
    license_address,
    list_keywords,
    name_program,
    print_text,
)
from reports.data.exports import DICTIONARY_FILE, tables_of

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
CRATE = "https://w3id.org/ro/crate/1.1"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_ROOT = "./"
_PROGRAM = "#tidings"
_CONSUMED = (
    contents.RUN,
    contents.DOCUMENTS,
    contents.MASK,
    f"{contents.ANSWERS}/",
)
_CREATED = (
    "rows/",
    f"{contents.EXPORTS}/",
    f"{contents.FIGURES}/",
    f"{contents.WEIGHTS}/",
)
_MEDIA_TYPES = {
    ".cff": "application/yaml",
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".png": "image/png",
    ".txt": "text/plain",
}

Entity = dict[str, Any]


def make_crate(run: PackedRun, files: Mapping[str, str], command: str) -> Entity:
    """Return the crate of the pack of *run*, which *command* submits.

    *files* tells what is in each file and folder of the pack, by its name.
    """
    parts = {name: meaning for name, meaning in files.items() if name != contents.RO_CRATE}
    authors = [_author(number, author) for number, author in enumerate(run.authors, start=1)]
    graph = [
        {
            "@id": contents.RO_CRATE,
            "@type": "CreativeWork",
            "conformsTo": {"@id": CRATE},
            "about": {"@id": _ROOT},
        },
        _root(run, parts, authors),
        {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        *_license_entities(run),
        {
            "@id": _PROGRAM,
            "@type": "SoftwareApplication",
            "name": "Tidings",
            "softwareVersion": run.versions["tidings"],
        },
        _action(run, parts, authors, command),
        *authors,
    ]
    table_files = _describe_table_files(run)
    for name, meaning in (parts | table_files).items():
        entity = _data_entity(name, meaning)
        if name == f"{contents.EXPORTS}/":
            entity["hasPart"] = _link(table_files)

        graph.append(entity)

    return {"@context": CONTEXT, "@graph": graph}


def _root(run: PackedRun, parts: Iterable[str], authors: Sequence[Entity]) -> Entity:
    root: Entity = {
        "@id": _ROOT,
        "@type": "Dataset",
        "conformsTo": {"@id": PROFILE},
        "name": print_text(run.title),
        "description": describe_study(run),
        "datePublished": f"{end_of(run):%Y-%m-%d}",
        "keywords": list_keywords(run),
        "license": NO_LICENSE,
        "hasPart": _link(parts),
        "mentions": {"@id": _action_id(run)},
    }
    if run.license is not None:
        root["license"] = {"@id": license_address(run.license)}
    if authors:
        root["author"] = _link(author["@id"] for author in authors)

    return root


def _license_entities(run: PackedRun) -> list[Entity]:
    if run.license is None:
        return []

    return [
        {
            "@id": license_address(run.license),
            "@type": "CreativeWork",
            "name": run.license,
            "description": f"The licence {run.license} of the SPDX list.",
        }
    ]


def _action_id(run: PackedRun) -> str:
    return f"#run-{run.number}"


def _action(
    run: PackedRun, parts: Collection[str], authors: Sequence[Entity], command: str
) -> Entity:
    """Return the action that made the results; the authors are its agents."""
    action: Entity = {
        "@id": _action_id(run),
        "@type": "CreateAction",
        "name": f"Run {run.number} of {name_program(run)}",
        "description": command,
        "startTime": _print_time(run.created_at),
        "endTime": _print_time(end_of(run).timestamp()),
        "instrument": {"@id": _PROGRAM},
        "object": _link(name for name in _CONSUMED if name in parts),
        "result": _link(name for name in _CREATED if name in parts),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }
    if run.state != State.DONE:
        action["actionStatus"] = "http://schema.org/FailedActionStatus"
        action["error"] = run.reason or f"the run is {run.state}"

    if authors:
        action["agent"] = _link(author["@id"] for author in authors)

    return action


def _author(number: int, author: Author) -> Entity:
    author_id = f"#author-{number}"
    if author.given_names is None:
        return {"@id": author_id, "@type": "Organization", "name": author.name}

    return {
        "@id": author_id,
        "@type": "Person",
        "name": f"{author.given_names} {author.name}",
        "givenName": author.given_names,
        "familyName": author.name,
    }


def _describe_table_files(run: PackedRun) -> dict[str, str]:
    """Return what is in each file of the folder of tables, by its name."""
    table_files = {f"{contents.EXPORTS}/{DICTIONARY_FILE}": "What the columns of the tables mean."}
    for table in tables_of(run.run_kind):
        for form in forms_of(table.name):
            table_files[f"{contents.EXPORTS}/{table.name}.{form}"] = table.description

    return table_files


def _data_entity(name: str, meaning: str) -> Entity:
    """Return the entity of a file, or of a folder, whose name ends with a slash."""
    if name.endswith("/"):
        return {"@id": name, "@type": "Dataset", "name": name, "description": meaning}

    return {
        "@id": name,
        "@type": "File",
        "name": name,
        "description": meaning,
        "encodingFormat": _MEDIA_TYPES.get(PurePosixPath(name).suffix, "text/plain"),
    }


def _link(ids: Iterable[str]) -> Entity | list[Entity]:
    """Return links to entities; a single one is no list, as RO-Crate 1.1 recommends."""
    links = [{"@id": entity_id} for entity_id in ids]
    return links[0] if len(links) == 1 else links


def _print_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
