"""What a report's folder holds, and whether it shows the run as it is.

No drawing code is imported.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import starmap
from operator import attrgetter
from pathlib import Path

from core.enums import Grain, Grouping
from core.errors import UsageError
from models.database import Database
from reports.data.kept_documents import JobParts, LastReport, Member
from reports.data.run_data import NO_SELECTION, Selection
from reports.data.run_fingerprint import fingerprint_run
from reports.report_files import MANIFEST, is_own_page

# A report is made again when a file of one of these packages has changed: its own, and all that it
# imports.
PACKAGES = (
    "analysis",
    "core",
    "language_models",
    "models",
    "networks",
    "reports",
    "sources",
    "textapi",
)


def is_up_to_date(
    db: Database,
    run_ids: Sequence[int],
    out: Path,
    *,
    selection: Selection = NO_SELECTION,
    grain: Grain | None = None,
    grouping: Grouping | None = None,
    texts: bool = True,
) -> bool:
    """Return whether *out* holds the report of these runs as they are now. Raises `NotFound`."""
    fingerprint = fingerprint_report(db, run_ids, selection, grain, grouping, texts=texts)
    return has_report(out, fingerprint)


def fingerprint_report(
    db: Database,
    run_ids: Sequence[int],
    selection: Selection = NO_SELECTION,
    grain: Grain | None = None,
    grouping: Grouping | None = None,
    *,
    texts: bool = True,
) -> str:
    """Return a hash of the stored results, of the code that shows them, and of the options."""
    hashed = hashlib.sha256(f"{texts} {selection!r} {grain} {grouping} ".encode())
    for run_id in run_ids:
        hashed.update(f"{run_id} {fingerprint_run(db, run_id)}".encode())

    hashed.update(hash_code().encode())
    return hashed.hexdigest()


def hash_code() -> str:
    """Return a hash of the code that makes a report."""
    hashed = hashlib.sha256()
    for package in PACKAGES:
        # Only the outermost package is imported: inner ones import the drawing code.
        for file in list_files(files(package)):
            hashed.update(file.read_bytes())

    return hashed.hexdigest()


def list_files(folder: Traversable) -> Iterator[Traversable]:
    """Yield the files of a folder and of all folders in it, without compiled code."""
    for entry in sorted(folder.iterdir(), key=attrgetter("name")):
        if entry.is_file():
            yield entry
        elif entry.name != "__pycache__":
            yield from list_files(entry)


def has_report(out: Path, fingerprint: str) -> bool:
    """Return whether *out* holds the whole report of this *fingerprint*."""
    last_fingerprint, file_names = read_manifest(out)
    if last_fingerprint != fingerprint:
        return False

    return all((out / file_name).is_file() for file_name in file_names)


def read_remarks(out: Path) -> list[str]:
    """Return what the user of the report in the folder *out* should know, as when it was made."""
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        return list(map(str, manifest.get("remarks", ())))
    except (OSError, ValueError, AttributeError):
        return []


def read_manifest(out: Path) -> tuple[str | None, list[str]]:
    """Return the fingerprint of the last report and the names of its files; none without one."""
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        return str(manifest["fingerprint"]), list(map(str, manifest["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None, []


def read_last_reports(out: Path, version: str) -> dict[str, LastReport]:
    """Return what the last report has made of documents, by the name of each run's folder."""
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        last_reports = {}
        for folder, kept in manifest["kept"].items():
            parts = {job: JobParts(*job_parts) for job, job_parts in kept["parts"].items()}
            members = list(starmap(Member, kept["members"]))
            last_reports[folder] = LastReport(version, members, parts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}

    return last_reports


def refuse_foreign_page(index: Path) -> None:
    """Raise `UsageError` if a page of another program would be overwritten."""
    if index.exists() and not is_own_page(index):
        raise UsageError(
            f"{index} exists and is no report of Tidings: choose another folder with --out"
        )
