"""A report: one folder with `index.html`, its pictures and the exports, made from stored results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from importlib.resources import files
from pathlib import Path

from analysis import parameters as run_parameters
from core.errors import UsageError
from models.database import Database
from reports import comparison, exports, fonts, handles, months, page, run_summary, trainings
from reports.figure_store import FigureStore, put
from reports.formats import WRITERS
from reports.queries import batches, read_run
from reports.run_summary import Facts

INDEX = "index.html"
MANIFEST = "report.json"

PART = 24  # pictures that one job of a large report draws: a few seconds
SMALL = 2  # a report of so many parts is drawn by the job that makes it


def build(
    db: Database,
    run_ids: Sequence[int],
    out: Path,
    *,
    check: Callable[[], None] = lambda: None,
) -> Path:
    """Make the report of a run in the folder *out*, or of several side by side; the path of its `index.html`.

    Where nothing has changed since it was last made, nothing is done. Pictures and tables are put in place first, each
    whole, and the page last, so that at any time the folder holds a report that is right in itself; after a kill the
    next build goes on where this one stopped. *check* is called before each picture that is to be drawn: what it raises
    ends the build there.
    Raises `NotFound` where there is no such run, `UsageError` where *out* holds another program's page.
    """
    index = out / INDEX
    _refuse_foreign(index)
    print_of = _fingerprint(db, run_ids)
    if _is_unchanged(out, print_of):
        return index
    read = [run_summary.read(db, run_id) for run_id in run_ids]
    album = FigureStore(out, check=check)
    pages = _pages(db, read, album)
    written = [
        str(path.relative_to(out))
        for one in read
        for path in _export(db, one, out, several=len(read) > 1)
    ]
    for name in sorted(pages, key=lambda name: name == INDEX):
        put(out / name, pages[name].encode())
    album.drop_unused()
    held = sorted({*written, *pages, *(f"{album.folder.name}/{name}" for name in album.used)})
    put(
        out / MANIFEST,
        json.dumps(
            {"fingerprint": print_of, "runs": list(run_ids), "files": held}, indent=1
        ).encode(),
    )
    return index


def is_made(db: Database, run_ids: Sequence[int], out: Path) -> bool:
    """Whether *out* holds the report of these runs as they are now. Raises `NotFound`."""
    return _is_unchanged(out, _fingerprint(db, run_ids))


def parts(db: Database, run_id: int) -> list[tuple[str, ...]]:
    """The names of the run's jobs in groups whose pictures one worker draws in a few seconds; none for a small run."""
    run = read_run(db, run_id)
    if isinstance(run.parameters, run_parameters.MonthsParameters):
        pictures = 2 * len(run.parameters.keywords)
    else:
        pictures = 3 if isinstance(run.parameters, run_parameters.TrainingParameters) else 4
    groups = list(batches((job.name for job in run.jobs), max(1, PART // pictures)))
    return [tuple(group) for group in groups] if len(groups) > SMALL else []


def draw(
    db: Database, run_id: int, out: Path, names: Collection[str], *, check: Callable[[], None]
) -> int:
    """Draw the pictures of the run's jobs *names* that are not there yet, which `build` then finds; how many."""
    one, album = run_summary.read(db, run_id), FigureStore(out, check=check)
    if isinstance(one.parameters, run_parameters.MonthsParameters):
        months.draw_months(db, one, album, names)
    elif isinstance(one.parameters, run_parameters.TrainingParameters):
        trainings.make(db, one, album, names)
    else:
        handles.draw_accounts(db, one, album, names)
    return album.drawn


def _pages(db: Database, read: Sequence[Facts], album: FigureStore) -> dict[str, str]:
    if len(read) > 1:
        return _comparison(db, read, album)
    (one,) = read
    if isinstance(one.parameters, run_parameters.MonthsParameters):
        return _months(db, one, album)
    if isinstance(one.parameters, run_parameters.TrainingParameters):
        return _trainings(db, one, album)
    return _handles(db, one, album)


def _months(db: Database, one: Facts, album: FigureStore) -> dict[str, str]:
    shown = months.make(db, one, album)
    return {
        INDEX: page.render(
            "months.html",
            title=f"What was said about {_and([f'“{keyword.name}”' for keyword in shown.keywords])}",
            page=shown,
            missing_fonts=fonts.missing(shown.texts),
            **_common(one, [run_summary.command(one.parameters, [])]),
        )
    }


def _handles(db: Database, one: Facts, album: FigureStore) -> dict[str, str]:
    """A page that compares, and one for each; a run of one account has its portrait alone."""
    shown = handles.make(db, one, album)
    common = _common(one, [run_summary.command(one.parameters, _names(db, one))])
    if len(shown.portraits) == 1:
        (portrait,) = shown.portraits
        missing = fonts.missing(shown.texts)
        return {
            INDEX: page.render(
                "handle.html",
                title=portrait.name,
                portrait=portrait,
                page=shown,
                alone=True,
                missing_fonts=missing,
                **common,
            )
        }
    title = (
        one.name or f"{len(shown.portraits)} {'searches' if one.kind == 'search' else 'accounts'}"
    )
    pages = {
        INDEX: page.render(
            "handles.html",
            title=title,
            page=shown,
            missing_fonts=fonts.missing(shown.texts),
            **common,
        )
    }
    for portrait in shown.portraits:
        texts = [post.text for post in portrait.posts]
        pages[f"{portrait.slug}.html"] = page.render(
            "handle.html",
            title=portrait.name,
            portrait=portrait,
            page=shown,
            alone=False,
            missing_fonts=fonts.missing(texts),
            **common,
        )
    return pages


def _trainings(db: Database, one: Facts, album: FigureStore) -> dict[str, str]:
    shown = trainings.make(db, one, album)
    title = (
        f"A {shown.network} network"
        if len(shown.sections) == 1
        else f"{shown.network} networks".capitalize()
    )
    common = _common(one, [run_summary.command(one.parameters, [])])
    return {INDEX: page.render("trainings.html", title=title, page=shown, **common)}


def _comparison(db: Database, read: Sequence[Facts], album: FigureStore) -> dict[str, str]:
    shown = comparison.make(db, read, album)
    return {
        INDEX: page.render(
            "comparison.html",
            title=f"{_and(list(comparison.labels(read).values()))} side by side",
            page=shown,
            runs=read,
            made=max((one.ended for one in read if one.ended), default=None),
            states=[run_summary.states_in_words(one.jobs) for one in read],
            commands=[[run_summary.command(one.parameters, _names(db, one))] for one in read],
            files=[_files(one, f"run-{one.id}/") for one in read],
        )
    }


def _names(db: Database, one: Facts) -> list[str]:
    """The handles or terms of a run, as they are given to `tidings submit`."""
    if isinstance(one.parameters, run_parameters.MonthsParameters):
        return []
    return [job.name.removeprefix("search:") for job in read_run(db, one.id).jobs]


def _files(one: Facts, folder: str) -> dict[str, dict[str, str]]:
    tables = exports.tables_of(one.parameters)
    return {table: {form: f"{folder}{table}.{form}" for form in WRITERS} for table in tables}


def _common(one: Facts, commands: list[str]) -> dict[str, object]:
    return {
        "facts": one,
        "states": run_summary.states_in_words(one.jobs),
        "commands": commands,
        "files": _files(one, ""),
        "made": one.ended,
    }


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _export(db: Database, one: Facts, out: Path, *, several: bool) -> list[Path]:
    folder = out / f"run-{one.id}" if several else out
    folder.mkdir(exist_ok=True)
    return exports.write_all(db, one.id, folder)


def _fingerprint(db: Database, run_ids: Sequence[int]) -> str:
    """Of the stored results and of the code that shows them."""
    hashed = hashlib.sha256()
    for run_id in run_ids:
        hashed.update(f"{run_id} {run_summary.fingerprint(db, run_id)}".encode())
    for package in ("reports", "reports.figures", "reports.templates", "reports.stopwords"):
        for file in sorted(files(package).iterdir(), key=lambda entry: entry.name):
            if file.is_file():
                hashed.update(file.read_bytes())
    return hashed.hexdigest()


def _is_unchanged(out: Path, print_of: str) -> bool:
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        return manifest["fingerprint"] == print_of and all(
            (out / name).is_file() for name in manifest["files"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _refuse_foreign(index: Path) -> None:
    """Never write over a page that is not ours."""
    if index.exists() and b'name="generator" content="Tidings"' not in index.read_bytes()[:4096]:
        raise UsageError(
            f"{index} is there already and no report of Tidings: choose another folder with --out"
        )
