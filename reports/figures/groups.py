"""The share of each group's documents: in all, over time side by side, and as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.figures import style
from reports.figures.marks import (
    Axis,
    Chart,
    Heat,
    Layer,
    Mark,
    Picture,
    label_columns,
    name_row,
)
from reports.figures.period_marks import fill_span
from reports.figures.shapes import draw_dots, draw_line
from reports.figures.sheet import HATCHED
from reports.figures.spec import FigureSpec
from reports.stats.thresholds import FEWEST_OF_GROUP
from reports.words.document_queries import DocumentQuery
from reports.words.periods import period_name
from reports.words.quantities import format_share, quantity

# This layout is for a figure that may stand alone, but not across the page.
NOT_WIDE = "chart square"
# A cell of few documents has this sign.
_FEW_SIGN = "·"


@dataclass(frozen=True, slots=True)
class GroupPanel:
    """A group: its shares, the periods without data, and those that are cut off."""

    name: str
    shares: tuple[Mark, ...]
    gaps: tuple[str, ...]
    cut_off: tuple[str, ...]


def mark_share(  # noqa: PLR0917 - what a mark consists of
    group: str,
    period: str,
    counts: tuple[int, int],
    share: float,
    low: float,
    high: float,
    found: DocumentQuery | None = None,
) -> Mark:
    """Return the mark of a group's share in a period, or in all if it is empty.

    *counts* are the documents that are *found*, and all.
    """
    when = f", {period_name(period, '%B %Y')}" if period else ""
    matched, documents = counts
    return Mark(
        position=period or group,
        value=share,
        low=low,
        high=high,
        n=documents,
        is_few=documents < FEWEST_OF_GROUP,
        title=f"{group}{when}: {matched:,} of {quantity(documents, 'document')}, "
        f"{format_share(share)}",
        row=name_row("groups", "share", period or None, group),
        documents=found if matched else None,
    )


def totals_spec(keyword: str, slug: str, groups: Sequence[Mark]) -> FigureSpec | None:
    """Declare the figure of the groups' shares over all periods."""
    if len(groups) < 2:
        return None

    few = ""
    if any(mark.is_few for mark in groups):
        few = f" Hollow: fewer than {FEWEST_OF_GROUP} documents; the interval may end outside."

    chart = Chart(
        layers=[Layer(draw=draw_dots, marks=groups, color=style.VERMILLION)],
        names=[str(mark.position) for mark in groups],
        values=Axis(format=style.format_percent),
    )
    return FigureSpec(
        name=f"groups-{slug}",
        picture=Picture(panels=[chart], title=f"Documents that mention “{keyword}”"),
        alt=f"Dots: share of the documents of each group that mention {keyword}, with its "
        "interval. The numbers are in the table.",
        caption=f"Over all months that each group has, with 95 % Wilson intervals.{few}",
        layout=NOT_WIDE,
    )


def panel_spec(
    keyword: str, slug: str, of_all: Sequence[Mark], of_panel: Sequence[Mark], span: style.Range
) -> FigureSpec | None:
    """Declare the figure of all documents beside the fixed panel; None without a panel."""
    if len(span) < 2 or not of_panel:
        return None

    all_marks, panel_marks = fill_span(of_all, span), fill_span(of_panel, span)
    chart = Chart(
        layers=[
            Layer(draw=draw_line, marks=all_marks, color=style.MUTED, name="all documents"),
            Layer(draw=draw_line, marks=panel_marks, color=style.VERMILLION, name="fixed panel"),
        ],
        span=span,
        values=Axis(format=style.format_percent),
        gaps=[str(mark.position) for mark in all_marks if mark.value is None],
    )
    return FigureSpec(
        name=f"groups-{slug}-panel",
        picture=Picture(panels=[chart], title=f"“{keyword}”: all outlets and the fixed panel"),
        alt=f"Lines: share of documents that mention {keyword}, in each {span.grain}, of all "
        "documents and of those of the outlets that are there throughout.",
        caption=f"Share of documents per {span.grain}. The fixed panel has only outlets with "
        "documents in every month.",
        layout=NOT_WIDE,
    )


def series_spec(
    keyword: str, slug: str, panels: Sequence[GroupPanel], span: style.Range, *, most: int
) -> FigureSpec | None:
    """Declare the shares over time: a panel for each of at most *most* groups, else a heat map."""
    if len(span) < 2 or not any(panel.shares for panel in panels):
        return None
    if len(panels) > most:
        return _heat_spec(keyword, slug, panels[: style.MOST_ROWS], span)

    marks = [mark for panel in panels for mark in panel.shares if not mark.is_few]
    top = max((mark.high or 0 for mark in marks), default=1.0)
    charts = [_chart(panel, span, top or 1.0) for panel in panels]
    return FigureSpec(
        name=f"groups-{slug}-series",
        picture=Picture(panels=charts, title=f"“{keyword}”: share of documents per {span.grain}"),
        alt=f"Lines: share of the documents of each group that mention {keyword}, in each "
        f"{span.grain}, a panel for each group.",
        caption="All on one scale; bands are 95 % intervals. Small faint dots: fewer than "
        f"{FEWEST_OF_GROUP} documents.",
        layout=NOT_WIDE,
    )


def _chart(panel: GroupPanel, span: style.Range, top: float) -> Chart:
    line = Layer(draw=draw_line, marks=fill_span(panel.shares, span), color=style.VERMILLION)
    return Chart(
        layers=[line],
        title=panel.name,
        span=span,
        values=Axis(high=1.05 * top, format=style.format_percent),
        gaps=panel.gaps,
        cut_off=panel.cut_off,
        height=60,
    )


def _heat_spec(
    keyword: str, slug: str, panels: Sequence[GroupPanel], span: style.Range
) -> FigureSpec:
    """Declare a row for each group, a cell for each period.

    The darkest colour is the highest share of a cell with enough documents: a cell with one
    document, which matches, would pale all others.
    """
    marks = [mark for panel in panels for mark in panel.shares]
    sure = [mark.value or 0 for mark in marks if not mark.is_few]
    highest = max((mark.value or 0 for mark in marks), default=0.0)
    heat = Heat(
        rows={panel.name: [_sign_few(mark) for mark in panel.shares] for panel in panels},
        columns=label_columns(span),
        high=max(sure, default=0.0) or highest or 0.01,
        format=style.format_percent,
        gaps={panel.name: panel.gaps for panel in panels},
        legend={
            "0 %": style.BLUES[0],
            "no document of it": "#ffffff",
            "no data": HATCHED,
            f"fewer than {FEWEST_OF_GROUP} documents": _FEW_SIGN,
        },
    )
    return FigureSpec(
        name=f"groups-{slug}-heat",
        picture=Picture(panels=[heat], title=f"“{keyword}”: share of documents per {span.grain}"),
        alt=f"Heat map: share of the documents of each group that mention {keyword}, in each "
        f"{span.grain}; hatched where a group has no data.",
        caption=f"One scale for all. Blank: it has no documents in a {span.grain} in which "
        "others have. A share of few documents says little.",
    )


def _sign_few(mark: Mark) -> Mark:
    return replace(mark, label=_FEW_SIGN) if mark.is_few else mark
