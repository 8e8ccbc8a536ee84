"""One figure of a run's report, which is made as far as to that figure."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from core.atomic_files import StagedFiles
from core.enums import Grain, Grouping
from core.errors import NotFound
from core.printing import printable
from models.database import Database
from reports.build.run_report import read_report, write_report
from reports.data.exports import ExportFolder
from reports.data.run_data import NO_SELECTION, Selection, load_run
from reports.data.selection import check_found
from reports.figures.figure_store import FigureRef, FigureStore
from reports.figures.origin import describe_origin
from reports.figures.panels import draw_picture
from reports.figures.png import to_png
from reports.figures.spec import FigureSpec

# An error names at most this many figures.
MOST_NAMED = 10


class _Found(Exception):
    """The report has come to the figure, which has a *note* below it."""

    def __init__(self, spec: FigureSpec, note: str) -> None:
        super().__init__(spec.name)
        self.spec, self.note = spec, note


class _FigureSearch(FigureStore):
    """Draws no figure, and raises `_Found` where the report shows the one of the name *wanted*."""

    def __init__(self, folder: Path, wanted: str, note: str) -> None:
        super().__init__(folder, note=note)
        self._wanted = wanted
        self.names: list[str] = []

    def show(self, spec: FigureSpec, note: str | None = None) -> FigureRef:
        note = self.note if note is None else note
        if spec.name == self._wanted:
            raise _Found(spec, note)

        self.names.append(spec.name)
        return FigureRef(spec.alt, spec.caption, spec.layout)


def draw_figure(
    db: Database,
    run_id: int,
    figure: str,
    scratch: Path,
    *,
    is_png: bool,
    selection: Selection = NO_SELECTION,
    grain: Grain | None = None,
    grouping: Grouping | None = None,
) -> bytes:
    """Return the figure of that name as SVG or PNG; the folder *scratch* gets parts of the report.

    Raises `NotFound` if there is no such run, or if its report has no such figure, and `UsageError`
    as `build` does.
    """
    run = load_run(db, run_id, selection, grain, grouping)
    check_found(run, selection)
    store = _FigureSearch(scratch, figure, describe_origin([run]))
    with StagedFiles(scratch) as pages:
        try:
            write_report(read_report(run, pages, store, ExportFolder(run, scratch, texts=False)))
        except _Found as found:
            sheet = draw_picture(found.spec.picture, found.note)
            svg = sheet.to_svg()
            return to_png(svg) if is_png else svg

    nearest = get_close_matches(figure, store.names, MOST_NAMED, cutoff=0.0)
    raise NotFound(
        f"the report of run {run_id} has no figure {printable(figure)}: the nearest of its "
        f"{len(store.names)} are {', '.join(nearest)}"
        if nearest
        else f"the report of run {run_id} has no figure"
    )
