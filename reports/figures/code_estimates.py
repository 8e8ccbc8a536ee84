"""What readers would say: the share of each category with its interval, by period or in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.figures import style
from reports.figures.marks import Axis, Chart, Layer, Mark, Picture, name_row
from reports.figures.shapes import draw_dots
from reports.figures.spec import FigureSpec
from reports.words.quantities import format_share


@dataclass(frozen=True, slots=True)
class EstimatedShare:
    """A share with its 95 % interval; *period* is as it is shown."""

    period: str
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CategoryPanel:
    """A category: its share in the whole run, and in each period that has an estimate."""

    name: str
    whole: EstimatedShare
    periods: tuple[EstimatedShare, ...]


def estimates_spec(name: str, title: str, panels: Sequence[CategoryPanel]) -> FigureSpec | None:
    """Declare the figure of a variable; None if nothing was estimated.

    It has a panel for each category over the periods; without periods a row for each.
    """
    if not panels:
        return None

    shares = "; ".join(f"{panel.name} {format_share(panel.whole.share)}" for panel in panels)
    has_periods = any(panel.periods for panel in panels)
    line = " The dashed line is the estimate for all periods." if has_periods else ""
    charts = _chart_periods(name, panels) if has_periods else [_chart_whole(name, panels)]
    columns = min(2, len(charts))
    return FigureSpec(
        name=name,
        picture=Picture(panels=charts, title=title, columns=columns),
        alt=f"{title}: {shares}.",
        caption="Dots are estimated from a sample. Had everything been read, a figure would lie "
        f"on its line, in about 19 of 20 cases.{line}",
        layout="chart wide",
    )


def _chart_periods(name: str, panels: Sequence[CategoryPanel]) -> list[Chart]:
    """Return a panel for each category: shares are compared, so all have one scale from zero."""
    ends = [share.high for panel in panels for share in panel.periods]
    scale = Axis(high=1.08 * max(ends) or 1.0, format=style.format_percent)
    charts = []
    for panel in panels:
        marks = [_mark(name, panel.name, share, share.period) for share in panel.periods]
        chart = Chart(
            layers=[Layer(draw=draw_dots, marks=marks)],
            title=panel.name,
            names=[share.period for share in panel.periods],
            values=scale,
            rules=(0.0, panel.whole.share),
        )
        charts.append(chart)

    return charts


def _chart_whole(name: str, panels: Sequence[CategoryPanel]) -> Chart:
    marks = [_mark(name, panel.name, panel.whole, panel.name) for panel in panels]
    end = max(panel.whole.high for panel in panels)
    return Chart(
        layers=[Layer(draw=draw_dots, marks=marks)],
        names=[panel.name for panel in panels],
        # The figure stands right of its interval.
        values=Axis(high=1.15 * end or 1.0, format=style.format_percent),
    )


def _mark(name: str, category: str, share: EstimatedShare, position: str) -> Mark:
    when = f", {share.period}" if share.period else ""
    low, high = format_share(share.low), format_share(share.high)
    return Mark(
        position=position,
        value=share.share,
        low=share.low,
        high=share.high,
        label="" if share.period else format_share(share.share),
        title=f"{category}{when}: {format_share(share.share)} ({low} to {high})",
        row=name_row("estimates", name, share.period or None, category),
    )
