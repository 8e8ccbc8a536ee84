"""How every figure of a report looks: size, type, colours that a colour-blind reader can tell apart, dates, gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from analysis.parameters import list_months
from reports import fonts

# Okabe and Ito, "Color Universal Design" (2008).
BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, BLACK = "#56B4E9", "#CC79A7", "#F0E442", "#1b1f24"
CYCLE = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, BLACK, YELLOW)
INK, MUTED, HAIR, GAP = "#1b1f24", "#5d6670", "#d9dde1", "#eceef0"

WIDTH = 9.0  # inches of a figure that fills the page's column
FEW = 5  # a month with fewer mentions than this is drawn lighter
GAP_LOOK: dict[str, Any] = {
    "facecolor": GAP,
    "edgecolor": "#c3c8cd",
    "hatch": "////",
    "linewidth": 0,
    "zorder": 0.5,
}
FAINT = 0.38  # opacity of what is drawn lighter
PNG_DPI = 150

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_RULES: dict[str, Any] = {
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,  # a "$" in a headline is a dollar
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9.5,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.titley": 1.0,  # else each title looks for its place among all ticks, every time it is drawn
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": HAIR,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",  # the same letters on every machine, whatever fonts it has
    "svg.hashsalt": "tidings",  # equal data, equal bytes
    "path.simplify": True,
}


def shade(color: str, n: int) -> tuple[float, float, float, float]:
    """*color*, lighter where *n* is small."""
    return to_rgba(color, FAINT if n < FEW else 1.0)


@contextmanager
def house(texts: Iterable[str] = ()) -> Iterator[None]:
    """Draw in the house's style, with fonts for the writing systems of *texts*."""
    rules: Any = _RULES | {"font.family": fonts.font_families(texts)}
    with mpl.rc_context(rules):
        yield


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure, sizes in inches, that lays itself out."""
    return Figure(figsize=(width, height), layout="constrained")


def new_axes(height: float = 3.2, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure that holds one pair of axes."""
    figure = new_figure(height, width)
    return figure, figure.add_subplot()


def to_svg(figure: Figure) -> bytes:
    """The figure as SVG, without a date, so that equal figures are equal bytes."""
    out = BytesIO()
    # not `savefig`, which draws a figure with a layout engine twice
    FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": "Tidings"})  # type: ignore[no-untyped-call]
    return out.getvalue()


def to_png(figure: Figure) -> bytes:
    """The figure as PNG, 150 dots per inch."""
    out = BytesIO()
    figure.set_dpi(PNG_DPI)
    FigureCanvasAgg(figure).print_png(out, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return out.getvalue()


def first_day(period: str) -> float:
    """The first day of the month ``YYYY-MM`` on a date axis, which matplotlib counts in days from 1970."""
    return float((date(int(period[:4]), int(period[5:]), 1) - date(1970, 1, 1)).days)


def month_number(period: str) -> float:
    """Where the middle of a month lies on a date axis."""
    return first_day(period) + 15.0


def month_name(period: str, form: str = "%b %Y") -> str:
    """``2020-03`` as "Mar 2020"; English at every locale."""
    full = _MONTHS[int(period[5:]) - 1]
    return form.replace("%b", full[:3]).replace("%B", full).replace("%Y", period[:4])


@dataclass(frozen=True)
class Range:
    """The months that an axis shows: from *first* to *last*, every one of them, whether there is data or not."""

    first: str
    last: str

    @classmethod
    def of(cls, periods: Iterable[str]) -> Range:
        """The range that holds all *periods*, of which there is at least one."""
        listed = sorted(periods)
        return cls(listed[0], listed[-1])

    def __iter__(self) -> Iterator[str]:
        return iter(list_months(self.first, self.last))

    def __len__(self) -> int:
        return len(list_months(self.first, self.last))


def ticks(span: Range) -> list[tuple[str, str]]:
    """As many months as have room for a label, and their labels: the year stands under the first and each January."""
    shown = list(span)
    step = next((s for s in (1, 3, 6, 12, 24, 60, 120) if len(shown) / s <= 16), 240)
    chosen = [p for p in shown if step == 1 or (int(p[:4]) * 12 + int(p[5:]) - 1) % step == 0]
    labels = []
    for number, period in enumerate(chosen):
        new_year = number == 0 or chosen[number - 1][:4] != period[:4]
        labels.append(
            period[:4] if step >= 12 else month_name(period, "%b\n%Y" if new_year else "%b")
        )
    return list(zip(chosen, labels, strict=True))


def date_axis(ax: Axes, span: Range) -> None:
    """Let *ax* show the months of *span*, each from its first day to its last, with ticks in the middle."""
    ax.set_xlim(first_day(span.first), first_day(after(span.last)))
    chosen = ticks(span)
    ax.set_xticks([month_number(period) for period, _ in chosen], [label for _, label in chosen])
    ax.tick_params(axis="x", length=3, color=HAIR)


def after(period: str) -> str:
    """The month after *period*."""
    year, month = int(period[:4]), int(period[5:])
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}"


def mark_gaps(ax: Axes, gaps: Sequence[str]) -> None:
    """Shade the months of which nothing is known, so that nobody takes them for zeros; they are named "gap"."""
    for period in gaps:
        start = first_day(period)
        end = first_day(after(period))
        ax.axvspan(start, end, label="_gap", **GAP_LOOK)


def title(ax: Axes, text: str, *, sub: str = "") -> None:
    """A bold title at the left and, at the right in a lighter hand, what it counts."""
    ax.set_title(text)
    if sub:
        ax.set_title(sub, loc="right", color=MUTED, fontsize=9, fontweight="normal")


def signed(value: float) -> str:
    """A polarity with its sign, two places, a true minus: +0.12, 0.00."""
    text = f"{value:+.2f}"
    return "0.00" if text in {"+0.00", "-0.00"} else text.replace("-", "\u2212")


def segments(
    positions: Sequence[float], values: Sequence[float | None]
) -> list[tuple[list[float], list[float]]]:
    """The runs of known values, cut where one is None: a line must not bridge a gap."""
    runs: list[tuple[list[float], list[float]]] = []
    open_run = False
    for x, y in zip(positions, values, strict=True):
        if y is None:
            open_run = False
            continue
        if not open_run:
            runs.append(([], []))
            open_run = True
        runs[-1][0].append(x)
        runs[-1][1].append(y)
    return runs
