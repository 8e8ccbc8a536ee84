"""A report: one folder with `index.html`, its figures and the exports, made from stored results."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from core.atomic_files import StagedFiles, replace_file, whole_name, write_atomically
from core.enums import Grain, Grouping
from core.errors import TidingsError
from models.database import Database
from reports.build.manifest import (
    fingerprint_report,
    has_report,
    hash_code,
    read_last_reports,
    read_manifest,
    refuse_foreign_page,
)
from reports.build.run_report import read_report, write_report
from reports.build_progress import BuildProgress
from reports.data.exports import TABLE_FILES, ExportFolder
from reports.data.kept_documents import LastReport
from reports.data.run_data import NO_SELECTION, Selection, load_run
from reports.data.selection import check_found
from reports.figures.figure_store import FigureStore
from reports.figures.origin import describe_origin
from reports.kinds.report_kind import RunReport
from reports.pages import comparison, page
from reports.pages.summarizing import summarize_run
from reports.report_files import (
    DOCUMENT_PARTS,
    FEED,
    INDEX,
    MANIFEST,
    is_document_part,
    is_own_page,
    is_passed_picture,
)
from reports.words.quantities import join_words


def build(
    db: Database,
    run_ids: Sequence[int],
    out: Path,
    *,
    selection: Selection = NO_SELECTION,
    grain: Grain | None = None,
    grouping: Grouping | None = None,
    check: Callable[[], None] = lambda: None,
    progress: BuildProgress | None = None,
    texts: bool = True,
    executor: Executor | None = None,
    figure_files: bool = False,
) -> Path:
    """Make the report of a run, or of several side by side, in the folder *out*.

    Return the path of its `index.html`. A report that is up to date is left as it is. Tables are
    put in place first, then the pages, the index last, so that the folder holds a consistent report
    at any time. Files of an earlier report that this one does not have are deleted.

    *check* is called before each figure, and what it raises ends the build. *progress* counts what
    is made. Figures are parts of the pages, or *figure_files*, as a pack has them.
    Without *texts* the documents' texts are left out except for quoted sentences. Series have the
    *grain*, by default that of the run, or months if there are several runs. The process of an
    *executor* writes the documents and what has their texts; the report is the same.

    Raises `NotFound` if there is no such run, and `UsageError` if *out* holds another program's
    page, *selection* names no pattern of the run, a training is given a *grain*, or a run
    other than one of months a *grouping*.
    """
    index = out / INDEX
    refuse_foreign_page(index)
    fingerprint = fingerprint_report(db, run_ids, selection, grain, grouping, texts=texts)
    if has_report(out, fingerprint):
        return index

    version = hash_code()
    last_reports = read_last_reports(out, version)
    progress = progress or BuildProgress()
    progress.show(progress)
    runs = [load_run(db, run_id, selection, grain, grouping) for run_id in run_ids]
    if len(run_ids) > 1 and grain is None:
        runs = [replace(run, grain=Grain.MONTH) for run in runs]

    with ExitStack() as stack:
        note = describe_origin(runs)
        links = len(runs) == 1
        store = FigureStore(
            out,
            note=note,
            links=links,
            word_links=texts and not any(run.selection for run in runs),
            in_files=figure_files,
            check=check,
            progress=progress,
        )
        pages = stack.enter_context(StagedFiles(out))
        folders = [out / f"run-{run.id}" for run in runs] if len(runs) > 1 else [out]
        reports = []
        for run, folder in zip(runs, folders, strict=True):
            last = last_reports.get(str(folder.relative_to(out)), LastReport(version))
            exports = ExportFolder(run, folder, texts=texts, progress=progress, last=last)
            folder.mkdir(exist_ok=True)
            if len(runs) == 1:
                check_found(run, selection)

            exports.write_documents(executor)
            if len(runs) == 1:
                reports.append(read_report(run, pages, store, exports, executor))
            else:
                summary = summarize_run(run)
                reports.append(RunReport(summary, pages, store, exports))

        if len(reports) > 1:
            _write_comparison(reports, pages, store)
        else:
            write_report(*reports)

        figure_names = (f"{store.folder.name}/{file_name}" for file_name in store.used)
        file_names = {*pages.names, *figure_names}
        kept = {}
        for report, folder in zip(reports, folders, strict=True):
            file_names.update(str(path.relative_to(out)) for path in report.exports.write_all())
            kept[str(folder.relative_to(out))] = {
                "members": report.exports.members,
                "parts": report.parts.result() if report.parts else {},
            }

        pages.put_in_place(last=INDEX)

    store.drop_unused()
    _drop_stale(out, file_names)
    _drop_parts(out, file_names)
    remarks = [report.repeats.propose_distinct() for report in reports if report.repeats]
    manifest = {
        "fingerprint": fingerprint,
        "runs": list(run_ids),
        "files": sorted(file_names),
        "remarks": list(filter(None, remarks)),
        "kept": kept,
    }
    write_atomically(out / MANIFEST, json.dumps(manifest, indent=1).encode())
    return index


def _write_comparison(reports: Sequence[RunReport], pages: StagedFiles, store: FigureStore) -> None:
    runs = [report.run for report in reports]
    comparison_page = comparison.make_page(runs, store)
    labels = list(comparison.label_runs(runs).values())
    html = page.render(
        "comparison.html",
        title=f"{join_words(labels)} side by side",
        page=comparison_page,
        runs=runs,
        made=max((run.ended_at for run in runs if run.ended_at), default=None),
        files=[report.exports.files(f"run-{report.run.id}/") for report in reports],
        texts=reports[0].exports.texts,
    )
    pages.add(INDEX, html.encode())
    store.progress.count_page()


def copy_report(source: Path, out: Path) -> Path:
    """Copy the report in the folder *source*, which is complete, to *out*; return its index.

    The folder *out* is then as if the report had been made there. Raises `UsageError` if it holds
    another program's page, and `TidingsError` if *source* is made anew meanwhile.
    """
    index = out / INDEX
    refuse_foreign_page(index)
    store = FigureStore(out)
    try:
        manifest = (source / MANIFEST).read_bytes()
        fingerprint, file_names = read_manifest(source)
        if fingerprint is not None and has_report(out, fingerprint):
            return index

        # The index is copied last.
        for file_name in sorted(file_names, key=lambda file_name: file_name == INDEX):
            (out / file_name).parent.mkdir(exist_ok=True)
            with (source / file_name).open("rb") as file, replace_file(out / file_name) as copied:
                shutil.copyfileobj(file, copied)
    except FileNotFoundError as error:
        raise TidingsError(
            f"the report in {source} was made anew while it was copied: try again"
        ) from error

    store.used.update(Path(file_name).name for file_name in file_names)
    store.drop_unused()
    _drop_stale(out, file_names)
    write_atomically(out / MANIFEST, manifest)
    return index


def _drop_stale(out: Path, file_names: Collection[str]) -> None:
    """Delete what the last report had and that is none of *file_names*."""
    _, last_file_names = read_manifest(out)
    for file_name in set(last_file_names) - set(file_names):
        path = out / file_name
        if not path.is_file() or out not in path.parents or ".." in path.parts:
            continue
        is_page = path.suffix == ".html" and is_own_page(path)
        is_table = path.name in (FEED, *TABLE_FILES)
        if is_page or is_table or is_passed_picture(path.name):
            path.unlink()

    # A killed build may have written parts that no manifest names.
    for path in (out / DOCUMENT_PARTS).glob("*.js"):
        if is_document_part(path.name) and str(path.relative_to(out)) not in file_names:
            path.unlink()


def _drop_parts(out: Path, file_names: Collection[str]) -> None:
    """Delete the unfinished parts of *file_names* that a killed process left behind."""
    for folder in {(out / file_name).parent for file_name in file_names}:
        for path in folder.iterdir():
            whole = path.with_name(whole_name(path))
            if whole != path and str(whole.relative_to(out)) in file_names:
                path.unlink(missing_ok=True)
