"""A picture to pass on: a page of its own, a PNG of 1200 to 675 dots, and a CSV of its numbers."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from io import BytesIO, StringIO

from PIL import Image, ImageOps

from analysis.grains import grain_of
from core.atomic_files import StagedFiles
from core.enums import Grain
from reports.figures import style
from reports.figures.figure_store import FigureStore, PassedPicture
from reports.figures.marks import Chart, Picture
from reports.figures.panels import draw_picture
from reports.figures.shares import SharePanel, choose_panels, shares_spec
from reports.findings.finding import Finding, FindingsBySubject
from reports.findings.share_facts import LEVEL, SHARE, YEARS
from reports.pages.front_values import FrontPage
from reports.report_files import INDEX
from reports.shared_calls import SharedCall

# Dots of the PNG: services that show a link with a picture cut others.
PNG_SIZE = (1200, 675)
# Of more subjects a picture of this size cannot be read.
MOST_PANELS = 6
# The topic of an event of a share begins so.
EVENT = ("event", "share")
# In units, of which the PNG is so wide: on a telephone its letters can be read.
WIDTH = 480.0

COLUMNS = ("subject", "period", "documents", "matched", "share", "share_without_repeats")


def pass_all_on(
    front: FrontPage,
    findings: FindingsBySubject,
    leading: Sequence[Finding],
    store: FigureStore,
    pages: StagedFiles,
) -> list[PassedPicture]:
    """Give the front page and each keyword a picture to pass on, and return those pictures."""
    panels = front.share_panels
    draw = partial(_pass_on, span=front.share_span, store=store, pages=pages)
    front.passed_picture = draw("picture", list(panels.values()), leading, origin=INDEX)
    for keyword in front.keywords:
        keyword.passed_picture = draw(
            f"picture-{keyword.subject.slug}",
            [panels[keyword.name]],
            findings[keyword.name],
            origin=keyword.page,
        )

    drawn = [front.passed_picture, *(keyword.passed_picture for keyword in front.keywords)]
    store.progress.expect_pages(store.progress.all_pages - drawn.count(None))
    return list(filter(None, drawn))


def _pass_on(
    name: str,
    panels: Sequence[SharePanel],
    findings: Sequence[Finding],
    *,
    span: style.Range,
    origin: str,
    store: FigureStore,
    pages: StagedFiles,
) -> PassedPicture | None:
    """Draw a picture to pass on, and write its CSV; None if no share is known.

    Of many *panels* it has those of subjects in most documents. Its title is one of the *findings*.
    *origin* is the page that shows the picture. Raises `TidingsError`.
    """
    shown = choose_panels(panels, MOST_PANELS)
    spec = shares_spec(shown, span, name)
    if spec is None:
        return None

    title = choose_title(findings, span.grain) or spec.picture.title
    picture = _fit(replace(spec.picture, title=title), store.note)
    pages.add(f"{name}.csv", write_numbers(shown).encode())
    figure = store.show(replace(spec, picture=picture, caption="", layout="passed"))
    return PassedPicture(name, title, figure, origin, draw_picture(picture, store.note).to_svg())


def share_pngs(
    pictures: Iterable[PassedPicture], executor: Executor | None
) -> list[tuple[str, SharedCall[bytes]]]:
    """Return for each picture the file of its PNG, and what draws it: equal pictures once."""
    calls: dict[bytes, SharedCall[bytes]] = {}
    files = []
    for picture in pictures:
        if picture.svg not in calls:
            calls[picture.svg] = SharedCall(executor, _draw_png, picture.svg)

        files.append((f"{picture.name}.png", calls[picture.svg]))

    return files


def choose_title(findings: Sequence[Finding], grain: Grain, longest: int = 140) -> str:
    """Return a sentence on shares that leaves room for the picture of them, if there is one.

    A week's event stands in no bar of a month.
    """
    for finding in findings:
        is_event = finding.topic[:2] == EVENT and grain_of(str(finding.answer[-1])) == grain
        is_of_shares = is_event or finding.topic in (SHARE, LEVEL, YEARS)
        if is_of_shares and len(finding.text) <= longest:
            return str(finding.text)

    return ""


def write_numbers(panels: Sequence[SharePanel]) -> str:
    """Return the numbers of a picture as CSV: a row for each bar."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for panel in panels:
        for row in panel.rows:
            distinct = panel.distinct.get(row.period) if panel.has_repeats else None
            numbers = (row.documents, row.matched, row.share, distinct)
            writer.writerow((row.keyword, row.period, *numbers))

    return text.getvalue()


def _draw_png(svg: bytes, colors: int = 64) -> bytes:
    """Return the PNG, whose *colors* make it small and leave no edge of a letter jagged."""
    # The reports of accounts and trainings need no matplotlib.
    from reports.figures.png import draw_image  # noqa: PLC0415

    padded = ImageOps.pad(draw_image(svg, 72 * PNG_SIZE[0] / WIDTH), PNG_SIZE, color="white")
    file = BytesIO()
    padded.quantize(colors, Image.Quantize.MAXCOVERAGE).save(file, "png")
    return file.getvalue()


def _fit(
    picture: Picture, note: str, *, lowest_panel: float = 55.0, most_columns: int = 3
) -> Picture:
    """Return *picture* with panels so high that it has the form of its PNG, where they can be.

    Lower or narrower panels cannot be read.
    """
    charts = [panel for panel in picture.panels if isinstance(panel, Chart)]
    columns = min(most_columns, math.ceil(len(charts) ** 0.5))
    lowest = [replace(chart, height=lowest_panel) for chart in charts]
    fitted = replace(picture, panels=lowest, columns=columns, width=WIDTH)
    room = WIDTH * PNG_SIZE[1] / PNG_SIZE[0] - draw_picture(fitted, note).height
    height = lowest_panel + max(0.0, room / math.ceil(len(charts) / columns))
    return replace(fitted, panels=[replace(chart, height=height) for chart in charts])
