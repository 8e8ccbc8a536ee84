"""Folders of reports: which hold a run, and the removal of the files that Tidings wrote.

A folder is ours if its manifest names its runs, or if Tidings made its page. Other files in it
stay, and so does the target of a symbolic link.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from cli.messages import warn
from core.atomic_files import whole_name
from core.errors import SettingsError, StackError
from core.settings import Settings, private_folder, write_private
from reports.data.exports import DICTIONARY_FILE, TABLE_FILES
from reports.report_files import (
    DOCUMENT_PARTS,
    FEED,
    FIGURES,
    MANIFEST,
    is_document_part,
    is_figure,
    is_own_page,
    is_passed_picture,
)

# This file in TIDINGS_HOME lists the folders that `report --out` wrote to.
ELSEWHERE = "report-folders.json"

_NAMES = {MANIFEST, FEED, DICTIONARY_FILE, *TABLE_FILES}


def remember_folder(settings: Settings, folder: Path) -> None:
    """Note that a report was written to *folder*, which `forget` names later."""
    folders = dict.fromkeys([*_remembered(settings), str(folder.resolve())])
    content = json.dumps(list(folders), indent=1) + "\n"
    try:
        write_private(private_folder(settings.home) / ELSEWHERE, content)
    except (OSError, SettingsError) as error:
        warn(f"{folder} is not noted, so `tidings forget` will not name it: {error}")


def folders_elsewhere(settings: Settings, runs: Collection[int]) -> list[Path]:
    """Return the folders made with --out that still exist and hold one of *runs*."""
    folders = map(Path, _remembered(settings))
    return [folder for folder in folders if not runs_in(folder).isdisjoint(runs)]


def _remembered(settings: Settings) -> list[str]:
    folders = _read_json(settings.home / ELSEWHERE)
    return [str(folder) for folder in folders] if isinstance(folders, list) else []


def runs_in(folder: Path) -> set[int]:
    """Return the numbers of the runs whose report *folder* holds, as its manifest says."""
    manifest = _read_json(folder / MANIFEST)
    runs = manifest.get("runs") if isinstance(manifest, dict) else None
    return {run for run in runs if isinstance(run, int)} if isinstance(runs, list) else set()


def remove_reports(settings: Settings, runs: Collection[int]) -> None:
    """Remove the reports of *runs*, also reports that compare several runs.

    Raises `StackError` if one cannot be removed.
    """
    for folder in sorted(settings.reports.glob("[0-9]*")):
        numbers = folder.name.split("-")
        is_named = all(map(str.isdecimal, numbers)) and not set(runs).isdisjoint(map(int, numbers))
        if not is_named or not folder.is_dir():
            continue
        if folder.is_symlink():
            warn(f"{folder} is a symbolic link and stays: remove what it points to by hand")
            continue

        try:
            _remove_report(folder)
        except OSError as error:
            raise StackError(
                f"{error.filename or folder} cannot be removed ({error.strerror}): see to it, then "
                "forget again"
            ) from error


def _remove_report(folder: Path) -> None:
    report_folders = [folder, *folder.glob("run-[0-9]*")]
    report_files = [
        path for report_folder in report_folders for path in _report_files(report_folder)
    ]
    if not _is_marked(folder, report_files):
        return

    for path in report_files:
        path.unlink(missing_ok=True)

    for report_folder in reversed(report_folders):
        for emptied in (
            report_folder / FIGURES,
            report_folder / DOCUMENT_PARTS,
            report_folder,
        ):
            if not emptied.is_symlink():
                # The folder stays if it holds other files.
                with suppress(OSError):
                    emptied.rmdir()

    if folder.exists():
        warn(f"{folder} holds what Tidings did not make, which stays: look at it")


def _is_marked(folder: Path, report_files: Collection[Path]) -> bool:
    """Return whether the folder holds a report of ours, even an unfinished one."""
    manifest = _read_json(folder / MANIFEST)
    has_manifest = isinstance(manifest, dict) and "fingerprint" in manifest
    return has_manifest or any(
        path.parent.name == FIGURES or is_own_page(path) for path in report_files
    )


def _report_files(folder: Path) -> list[Path]:
    """Return the files that have the names of a report's files."""
    is_own_file = {FIGURES: is_figure, DOCUMENT_PARTS: is_document_part}
    report_files = [
        path
        for part, is_own in is_own_file.items()
        for path in _files_in(folder / part)
        if is_own(whole_name(path))
    ]
    for path in _files_in(folder):
        base_name = whole_name(path)
        is_page = base_name.endswith(".html") and (base_name != path.name or is_own_page(path))
        if base_name in _NAMES or is_page or is_passed_picture(base_name):
            report_files.append(path)

    return report_files


def _files_in(folder: Path) -> list[Path]:
    """Return the files in *folder*; none if it is a symbolic link."""
    is_folder = folder.is_dir() and not folder.is_symlink()
    return [path for path in folder.iterdir() if path.is_file()] if is_folder else []


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
