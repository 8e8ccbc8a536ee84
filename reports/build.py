"""A report: one folder with `index.html`, its figures and the exports, made from stored results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from operator import attrgetter
from pathlib import Path
from typing import Any

from core.errors import UsageError
from models.database import Database
from reports import comparison, fonts, handles, months, page, run_summary, trainings
from reports.atomic_files import write_atomically
from reports.exports import ExportFolder, tables_of
from reports.figure_store import FigureStore
from reports.formats import WRITERS
from reports.queries import in_batches
from reports.repeats import Repeats, read_repeats
from reports.report_files import INDEX, MANIFEST, is_own_page
from reports.run_data import NO_SELECTION, RunData, Selection, load_run
from reports.run_summary import RunSummary, summarize_run
from reports.selection import check_found, refuse_numbers
from reports.tables.mentions import MENTIONS

_PACKAGES = (  # that make a report
    *("reports", "reports.figures", "reports.tables", "reports.templates"),
    *("analysis.text", "analysis.text.stopwords"),
)

FIGURES_PER_PART = 24  # figures that one job of a large report draws: a few seconds
MAX_PARTS_UNDIVIDED = 2  # a report of so few parts is drawn by the job that makes it

Pages = dict[str, str]  # HTML by the file's name


@dataclass(frozen=True)
class _Report:
    """A run whose report is made, and where its figures and tables go."""

    run: RunSummary
    store: FigureStore
    exports: ExportFolder
    repeats: Repeats | None  # None of trainings, and of runs side by side


@dataclass(frozen=True)
class _ReportKind:
    """How the report of one kind of run is made."""

    render_pages: Callable[[_Report], Pages]
    draw_figures: Callable[[RunData, FigureStore, Collection[str]], object]
    figures_per_job: int  # about; of a month, for each keyword


def build(
    db: Database,
    run_ids: Sequence[int],
    out: Path,
    *,
    selection: Selection = NO_SELECTION,
    check: Callable[[], None] = lambda: None,
) -> Path:
    """Make the report of a run, or of several side by side, in the folder *out*.

    Return the path of its `index.html`. Where nothing has changed since the report was last made,
    nothing is done. Figures and tables are put in place first, each whole, and the page last, so
    that at any time the folder holds a consistent report; after a kill the next build continues
    where this one stopped. *check* is called before each figure that is to be drawn: what it
    raises ends the build. Raises `NotFound` where there is no such run, `UsageError` where *out*
    holds another program's page or *selection* names a template that the run does not have.
    """
    index = out / INDEX
    refuse_foreign_page(index)
    refuse_numbers(selection, run_ids)
    fingerprint = _fingerprint(db, run_ids, selection)
    if _is_unchanged(out, fingerprint):
        return index

    store = FigureStore(out, check=check)
    reports = []
    for run_id in run_ids:
        data = load_run(db, run_id, selection)
        if len(run_ids) == 1:
            check_found(data, selection)
        reports.append(_open_report(data, out, store, len(run_ids) > 1))
    if len(reports) > 1:
        pages = _render_comparison(reports, store)
    else:
        (report,) = reports
        pages = _KINDS[report.run.kind].render_pages(report)

    names = {*pages, *(f"{store.folder.name}/{name}" for name in store.used)}
    for report in reports:
        names.update(str(path.relative_to(out)) for path in report.exports.write_all())
    for name in sorted(pages, key=INDEX.__eq__):  # the index last
        write_atomically(out / name, pages[name].encode())
    store.drop_unused()

    manifest = {"fingerprint": fingerprint, "runs": list(run_ids), "files": sorted(names)}
    write_atomically(out / MANIFEST, json.dumps(manifest, indent=1).encode())
    return index


def is_up_to_date(db: Database, run_ids: Sequence[int], out: Path) -> bool:
    """Return whether *out* holds the report of these runs as they are now. Raises `NotFound`."""
    return _is_unchanged(out, _fingerprint(db, run_ids))


def divide_figures(db: Database, run_id: int) -> list[tuple[str, ...]]:
    """Return the names of the run's jobs in parts whose figures one worker draws in a few seconds.

    A small run has no parts.
    """
    data = load_run(db, run_id)
    keywords = getattr(data.parameters, "keywords", ("",))
    figures_per_job = _KINDS[data.kind].figures_per_job * len(keywords)
    names = map(attrgetter("name"), data.jobs)
    parts = list(map(tuple, in_batches(names, max(1, FIGURES_PER_PART // figures_per_job))))
    return parts if len(parts) > MAX_PARTS_UNDIVIDED else []


def draw_part(
    db: Database, run_id: int, out: Path, names: Collection[str], *, check: Callable[[], None]
) -> int:
    """Draw the missing figures of the jobs *names*, for `build` to find; return their number."""
    data, store = load_run(db, run_id), FigureStore(out, check=check)
    _KINDS[data.kind].draw_figures(data, store, names)
    return store.drawn


def _open_report(data: RunData, out: Path, store: FigureStore, is_one_of_several: bool) -> _Report:
    folder = out / f"run-{data.id}" if is_one_of_several else out
    folder.mkdir(exist_ok=True)
    repeats = None if is_one_of_several else _read_repeats(data)
    return _Report(summarize_run(data), store, ExportFolder(data, folder), repeats)


def _read_repeats(data: RunData) -> Repeats | None:
    read_statements = _STATEMENTS.get(data.kind)
    return None if read_statements is None else read_repeats(data, read_statements)


def _render_months(report: _Report) -> Pages:
    with closing(report.exports.write_while_reading(MENTIONS)) as mentions:
        shown = months.make_page(report.run, report.store, mentions)
    keywords = map("“{0.name}”".format, shown.keywords)
    title = f"What was said about {_join_names(list(keywords))}"
    return {INDEX: _render(report, "months.html", shown, title, shown.texts)}


def _render_handles(report: _Report) -> Pages:
    """Render a page that compares the accounts and one for each; an only one is the index."""
    shown = handles.make_page(report.run, report.store)
    is_alone = len(shown.portraits) == 1
    pages: Pages = {}
    for portrait in shown.portraits:
        name = INDEX if is_alone else f"{portrait.slug}.html"
        texts = shown.texts if is_alone else map(attrgetter("text"), portrait.posts)
        more = {"portrait": portrait, "alone": is_alone}
        pages[name] = _render(report, "handle.html", shown, portrait.name, texts, **more)

    if not is_alone:
        kind = "searches" if report.run.kind == "search" else "accounts"
        title = report.run.name or f"{len(shown.portraits)} {kind}"
        pages[INDEX] = _render(report, "handles.html", shown, title, shown.texts)
    return pages


def _render_trainings(report: _Report) -> Pages:
    shown = trainings.make_page(report.run, report.store)
    is_alone = len(shown.sections) == 1
    title = f"A {shown.network} network" if is_alone else f"{shown.network} networks".capitalize()
    return {INDEX: _render(report, "trainings.html", shown, title, [])}


def _render(
    report: _Report, template: str, shown: object, title: str, texts: Iterable[str], **more: Any
) -> str:
    return page.render(
        template,
        title=title,
        page=shown,
        missing_fonts=fonts.missing_scripts(texts),
        summary=report.run,
        repeats=report.repeats,
        files=_export_links(report.run),
        made=report.run.ended,
        **more,
    )


def _render_comparison(reports: Sequence[_Report], store: FigureStore) -> Pages:
    runs = list(map(attrgetter("run"), reports))
    shown = comparison.make_page(runs, store)
    labels = list(comparison.label_runs(runs).values())
    html = page.render(
        "comparison.html",
        title=f"{_join_names(labels)} side by side",
        page=shown,
        runs=runs,
        made=max(filter(None, map(attrgetter("ended"), runs)), default=None),
        files=[_export_links(run, f"run-{run.id}/") for run in runs],
    )
    return {INDEX: html}


_ACCOUNTS = _ReportKind(_render_handles, handles.draw_figures, figures_per_job=4)
_KINDS = {
    "months": _ReportKind(_render_months, months.draw_figures, figures_per_job=2),
    "handles": _ACCOUNTS,
    "search": _ACCOUNTS,
    "training": _ReportKind(_render_trainings, trainings.make_page, figures_per_job=3),
}


_STATEMENTS = {
    "months": months.read_statements,
    "handles": handles.read_statements,
    "search": handles.read_statements,
}


def _export_links(run: RunData, folder: str = "") -> dict[str, dict[str, str]]:
    """Return the addresses of the run's exports, by table and format."""
    links: dict[str, dict[str, str]] = {}
    for table in tables_of(run.kind):
        links[table.name] = {form: f"{folder}{table.name}.{form}" for form in WRITERS}
    return links


def _join_names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _fingerprint(db: Database, run_ids: Sequence[int], selection: Selection = NO_SELECTION) -> str:
    """Return a hash of the stored results, of what is left out, and of the code that shows them."""
    hashed = hashlib.sha256(repr(selection).encode())
    for run_id in run_ids:
        hashed.update(f"{run_id} {run_summary.fingerprint(db, run_id)}".encode())
    for package in _PACKAGES:
        for file in sorted(files(package).iterdir(), key=attrgetter("name")):
            if file.is_file():
                hashed.update(file.read_bytes())
    return hashed.hexdigest()


def _is_unchanged(out: Path, fingerprint: str) -> bool:
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        is_same = manifest["fingerprint"] == fingerprint
        return is_same and all((out / name).is_file() for name in manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def refuse_foreign_page(index: Path) -> None:
    """Raise `UsageError` where a page of another program would be overwritten."""
    if index.exists() and not is_own_page(index):
        raise UsageError(
            f"{index} exists and is no report of Tidings: choose another folder with --out"
        )
