"""Folders of reports: which hold a run, and the removal of what Tidings wrote into them.

A folder carries our mark where its manifest names its runs, or where its page was made by us. What
else lies in it is left alone, and so is whatever a symbolic link points to.
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
from reports.report_files import FEED, FIGURES, MANIFEST, is_figure, is_own_page

ELSEWHERE = "report-folders.json"  # in TIDINGS_HOME: where `report --out` wrote to
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
    """Return the folders made with --out that hold one of *runs*, as far as they still exist."""
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
    """Remove the reports of these runs, those of several runs side by side too.

    Raises `StackError` where one cannot be removed.
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
    places = [folder, *folder.glob("run-[0-9]*")]
    report_files = [path for place in places for path in _report_files(place)]
    if not _is_marked(folder, report_files):
        return

    for path in report_files:
        path.unlink(missing_ok=True)
    for place in reversed(places):
        for emptied in (place / FIGURES, place):
            if not emptied.is_symlink():
                with suppress(OSError):  # something else is in it
                    emptied.rmdir()
    if folder.exists():
        warn(f"{folder} holds what Tidings did not make, which stays: look at it")


def _is_marked(folder: Path, report_files: Collection[Path]) -> bool:
    """Whether a report of ours is in the folder, be it unfinished."""
    manifest = _read_json(folder / MANIFEST)
    has_manifest = isinstance(manifest, dict) and "fingerprint" in manifest
    return has_manifest or any(
        path.parent.name == FIGURES or is_own_page(path) for path in report_files
    )


def _report_files(place: Path) -> list[Path]:
    """Return the files that are named as Tidings names those of a report."""
    report_files = [path for path in _files_in(place / FIGURES) if is_figure(whole_name(path))]
    for path in _files_in(place):
        name = whole_name(path)
        is_page = name.endswith(".html") and (name != path.name or is_own_page(path))
        if name in _NAMES or is_page:
            report_files.append(path)
    return report_files


def _files_in(folder: Path) -> list[Path]:
    """Return the files in *folder*; none where it is a symbolic link."""
    is_folder = folder.is_dir() and not folder.is_symlink()
    return [path for path in folder.iterdir() if path.is_file()] if is_folder else []


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
