"""The look of every figure: sizes, type, colours for colour-blind readers too, dates, gaps."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from analysis import grains
from core.enums import Grain
from reports.figures import compact, fonts, small_print
from reports.figures.canvas import POINTS, Canvas
from reports.words.periods import MONTHS, month_name

# A file `matplotlibrc` in the working folder, or the user's own, changes no figure.
mpl.rcdefaults()

# The colours are those of Okabe and Ito, "Color Universal Design" (2008).
BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, BLACK = "#56B4E9", "#CC79A7", "#F0E442", "#1b1f24"
CYCLE = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, BLACK, YELLOW)
INK, MUTED, HAIR, GAP = "#1b1f24", "#5d6670", "#d9dde1", "#eceef0"

# A figure of a phone has this width in inches.
NARROW = 4.4
# More labels beside each other than this are smaller there.
MOST_LABELS_IF_NARROW = 14
# The labels of its rows, and its titles, have so many letters in a line.
LONGEST_ROW_IF_NARROW = 32
LONGEST_LINE_IF_NARROW = 40
# A figure that fills the page's column has this width in inches.
WIDTH = 9.0
# The arguments by name say how matplotlib draws a thing.
Look = dict[str, Any]
GAP_LOOK: Look = {
    "facecolor": GAP,
    "edgecolor": "#c3c8cd",
    "hatch": "////",
    "linewidth": 0,
    "zorder": 0.5,
}
# A month of which days are missing has this mark.
CUT_OFF = "†"
# Periods with fewer mentions are drawn lighter, and nothing is said of their means.
FEW = 5
# Fainter things are drawn with this opacity.
FAINT = 0.38
# The mark of a mean of fewer than five has this part of a mark's area.
SIZE_OF_FEW = 0.4

# The steps are in months.
_TICK_STEPS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 12_000)
_YEAR_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 1000)
# Up to this many periods, marks are drawn at full size.
_ROOMY = 40
# Up to this many months, the axis labels Mondays.
_FEW_MONTHS = 3
# An axis has room for this many labels.
MOST_TICKS = 16
_RULES: Look = {
    "font.size": 10,
    "text.color": INK,
    # A "$" in a headline is a dollar.
    "text.parse_math": False,
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
    # Without this, each title searches for its place at each drawing, which is slow.
    "axes.titley": 1.0,
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
    "ytick.left": False,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    # The letters are the same on every machine, whatever fonts it has.
    "svg.fonttype": "path",
    # Equal data give equal bytes.
    "svg.hashsalt": "tidings",
    # Letters of a PNG are as wide as those of the SVG.
    "text.hinting": "no_hinting",
    "path.simplify": True,
}


def shade(color: str, count: int) -> tuple[float, float, float, float]:
    """Return *color*, lighter where *count* is small."""
    return to_rgba(color, FAINT if count < FEW else 1.0)


@contextmanager
def house_style(texts: Iterable[str] = ()) -> Iterator[None]:
    """Draw in the style of all reports, with fonts for the writing systems of *texts*."""
    rules: Any = _RULES | {"font.family": fonts.font_families(texts)}
    with mpl.rc_context(rules):
        yield


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure, sizes in inches, that lays itself out."""
    return Figure(figsize=(width, height), layout="constrained")


def new_axes(height: float = 3.2, width: float = WIDTH) -> tuple[Figure, Axes]:
    """Return a figure that holds one pair of axes."""
    figure = new_figure(height, width)
    return figure, figure.add_subplot()


def to_svg(figure: Figure, note: str = "") -> bytes:
    """Return the figure as SVG, with *note* in small print below it.

    Equal figures and notes give equal bytes, so it has no date.
    """
    page = _lay_out(figure, note)
    svg = BytesIO()
    metadata: Any = {"Date": None, "Creator": "Tidings"}
    figure.savefig(svg, format="svg", dpi=POINTS, bbox_inches=page, metadata=metadata)
    return compact.compact_svg(svg.getvalue())


def to_png(figure: Figure, note: str = "") -> bytes:
    """Return the figure as PNG, laid out as `to_svg` does."""
    page = _lay_out(figure, note)
    png = BytesIO()
    metadata: Any = {"Software": "Tidings"}
    figure.savefig(png, dpi=small_print.PNG_DPI, bbox_inches=page, metadata=metadata)
    return png.getvalue()


def _lay_out(figure: Figure, note: str) -> Bbox:
    """Lay the figure out with *note* below it; return the box of both, in inches."""
    # The figure is laid out for this canvas.
    Canvas(figure)
    engine = figure.get_layout_engine()
    if engine is not None:
        for ax in figure.axes:
            _measure_once(figure, ax)

        engine.execute(figure)
        figure.set_layout_engine(None)

    return small_print.write_below(figure, note)


def _measure_once(figure: Figure, ax: Axes) -> None:
    """Let a layout, which measures the margins of *ax* twice, keep those of the first time.

    Those of pictures that keep their form, and of the bars beside them, do change.
    """
    if ax.get_subplotspec() is None or ax.get_aspect() != "auto":
        return

    measure = ax.get_tightbbox
    margins: list[np.ndarray] = []

    def measure_first(renderer: Any = None, **options: Any) -> Bbox | None:
        edges = np.array(ax.get_position(original=True).transformed(figure.transFigure).extents)
        if not margins:
            box = measure(renderer, **options)
            if box is None:
                return None

            margins.append(np.array(box.extents) - edges)

        return Bbox.from_extents(*(edges + margins[0]).tolist())

    ax.get_tightbbox = measure_first  # type: ignore[method-assign]


def first_day(period: str) -> float:
    """Return the first day of a period in matplotlib's days from 1970."""
    return float((grains.first_day(period) - date(1970, 1, 1)).days)


def day_after(period: str) -> float:
    """Return the day after a period, as `first_day`, also after the calendar's last day."""
    return first_day(period) + grains.count_days(period)


def month_number(period: str) -> float:
    """Return where the middle of a month, or of another period, lies on a date axis."""
    if grains.grain_of(period) == Grain.MONTH:
        return first_day(period) + 15.0
    return first_day(period) + grains.count_days(period) / 2


# The mark of a period with a bulk day.
BULK: Look = {
    "marker": "v",
    "markersize": 5.5,
    "color": VERMILLION,
    "linestyle": "none",
    "clip_on": False,
    "zorder": 5,
}


@dataclass(frozen=True)
class Range:
    """The periods that an axis shows: every one from *first* to *last*, with data or without."""

    first: str
    last: str

    # The periods with a bulk day, which are marked.
    bulk: tuple[str, ...] = ()

    @classmethod
    def of(cls, periods: Iterable[str]) -> Range:
        """Return the range that holds all *periods*, of which there is at least one."""
        sorted_periods = sorted(periods)
        return cls(sorted_periods[0], sorted_periods[-1])

    def __iter__(self) -> Iterator[str]:
        return iter(grains.list_periods(self.first, self.last))

    def __len__(self) -> int:
        return len(grains.list_periods(self.first, self.last))

    @property
    def grain(self) -> Grain:
        """The grain of the periods."""
        return grains.grain_of(self.first)


def crowding(span: Range) -> float:
    """Return the factor by which marks shrink: 1 for months, and for others that have room."""
    return 1.0 if span.grain == Grain.MONTH else min(1.0, _ROOMY / len(span))


def ticks(span: Range, across: int = 1) -> list[tuple[str, str]]:
    """Return as many periods as have room for a label, and their labels.

    *across* is how many axes share the width of a page.

    Days and weeks have a label where the first of a month begins; in a span of a few months the
    Mondays have. The year stands under the first label and where it changes.
    """
    if span.grain == Grain.MONTH:
        return _month_ticks(list(span), MOST_TICKS // across)
    if span.grain == Grain.YEAR:
        years = list(span)
        step = next(step for step in _YEAR_STEPS if len(years) / step <= MOST_TICKS // across)
        return [(year, year) for year in years if int(year) % step == 0 or step == 1]

    months: dict[str, str] = {}
    for period in span:
        months.setdefault(grains.period_of(grains.first_day(period), Grain.MONTH), period)

    if len(months) <= _FEW_MONTHS:
        return _monday_ticks(span)[::across]

    start = grains.first_day(span.first)
    if start.day > 1 and len(months) > 1:
        # Only the end of that month is shown.
        del months[next(iter(months))]

    month_ticks = _month_ticks(list(months), MOST_TICKS // across)
    return [(months[month], label) for month, label in month_ticks]


def _monday_ticks(span: Range) -> list[tuple[str, str]]:
    labelled: list[tuple[str, str]] = []
    year = ""
    for period in span:
        day = grains.first_day(period)
        if day.weekday() and len(span) > MOST_TICKS:
            continue

        label = f"{day.day} {MONTHS[day.month - 1][:3]}"
        labelled.append((period, label if str(day.year) == year else f"{label}\n{day.year}"))
        year = str(day.year)

    return labelled


def _month_ticks(periods: Sequence[str], most: int) -> list[tuple[str, str]]:
    step = next(step for step in _TICK_STEPS if len(periods) / step <= most)
    labelled: list[tuple[str, str]] = []
    year = ""
    for period in periods:
        if step > 1 and (int(period[:4]) * 12 + int(period[5:]) - 1) % step:
            continue

        label = month_name(period, "%b" if period[:4] == year else "%b\n%Y")
        year = period[:4]
        labelled.append((period, year if step >= 12 else label))

    return labelled


def date_axis(ax: Axes, span: Range, across: int = 1) -> None:
    """Let *ax* show the periods of *span*, with ticks in the middle of periods: see `ticks`."""
    ax.set_xlim(first_day(span.first), day_after(span.last))
    periods, labels = zip(*ticks(span, across), strict=True)
    # Ticks that have their look from the beginning are made faster.
    ax.tick_params(axis="x", length=3, color=HAIR)
    ax.set_xticks([month_number(period) for period in periods], labels)


def mark_gaps(ax: Axes, gaps: Sequence[str]) -> None:
    """Hatch the periods without a value, so that nobody takes them for zeros."""
    for start, end in grains.find_stretches(gaps):
        ax.axvspan(first_day(start), day_after(end), label="_gap", **GAP_LOOK)


def mark_cut_off(ax: Axes, periods: Iterable[str]) -> None:
    """Set a dagger at the top of the periods that are cut off: part of their days is missing."""
    look: Look = {"ha": "center", "va": "top", "fontsize": 10, "color": INK, "zorder": 5}
    for period in periods:
        ax.text(month_number(period), 0.99, CUT_OFF, transform=ax.get_xaxis_transform(), **look)


def mark_bulk(ax: Axes, periods: Sequence[str]) -> None:
    """Set a triangle at the top of the periods with a bulk day."""
    xs = [month_number(period) for period in periods]
    if xs:
        tops = [1.0] * len(xs)
        ax.plot(xs, tops, transform=ax.get_xaxis_transform(), label="_bulk", **BULK)


def explain_bulk(span: Range) -> str:
    """Return what a caption says of the triangles."""
    if not span.bulk:
        return ""

    return (
        f" A triangle: a {span.grain} with a bulk day, which has far more documents than its "
        "weekday usually has."
    )


def format_percent(share: float, _place: float) -> str:
    """Return the label of a tick on an axis of shares, for ``set_major_formatter``."""
    return f"{100 * share:.3g} %"


def zero_line(ax: Axes) -> None:
    """Mark zero on the vertical axis."""
    ax.axhline(0, color=MUTED, linewidth=0.8, zorder=1, label="_zero")


def label_rows(ax: Axes, row_names: Sequence[str], *, longest: int | None = None) -> None:
    """Write *row_names* beside the rows 0, 1, …: cut to *longest*, without what no font has."""
    usable = fonts.font_families(row_names)
    labels = []
    for row_name in row_names:
        label = fonts.replace_undrawable(row_name, usable)
        if longest and len(label) > longest:
            label = label[: longest - 1].rstrip() + "…"

        labels.append(label)

    ax.tick_params(axis="y", labelcolor=INK)
    ax.set_yticks(range(len(row_names)), labels)


def without_undrawable(text: str) -> str:
    """Return *text* in one line, with "…" for what no font of this machine has."""
    return fonts.replace_undrawable(text, fonts.font_families([text]))


def title(ax: Axes, text: str, *, sub: str = "") -> None:
    """Write a bold title at the left and, lighter at the right, what is counted."""
    ax.set_title(without_undrawable(text))
    if sub:
        look: Look = {"color": MUTED, "fontsize": 9, "fontweight": "normal"}
        ax.set_title(without_undrawable(sub), loc="right", **look)


def make_narrow(figure: Figure) -> None:
    """Give a figure of a page's width that of a phone; what stands right of a title goes below."""
    figure.set_figwidth(NARROW)
    figure_lines = _wrap(figure.get_suptitle())
    for ax in figure.axes:
        has_rows = any(
            isinstance(bars, BarContainer) and bars.orientation == "horizontal"
            for bars in ax.containers
        )
        if has_rows:
            _wrap_rows(ax)
        elif len(ax.texts) > MOST_LABELS_IF_NARROW:
            for label in ax.texts:
                label.set_fontsize(0.7 * float(label.get_fontsize()))

        counted = ax.get_title(loc="right")
        if counted:
            ax.set_title("", loc="right")
            ax.set_title(f"{ax.get_title(loc='left')}\n{counted}", loc="left", fontsize=10)

        if has_rows and len(figure.axes) == 1:
            figure_lines = "\n".join(map(_wrap, ax.get_title(loc="left").splitlines()))
            ax.set_title("", loc="left")

    if figure_lines:
        figure.suptitle(figure_lines, x=0.01, ha="left", fontsize=10, fontweight="bold")


def _wrap_rows(ax: Axes) -> None:
    """Write long labels of rows, and of their axis, in several lines."""
    labels = [label.get_text() for label in ax.get_yticklabels()]
    rows = [textwrap.fill(label, LONGEST_ROW_IF_NARROW) for label in labels]
    ax.set_yticks(ax.get_yticks(), rows, linespacing=0.9)
    ax.set_xlabel(_wrap(ax.get_xlabel()))


def _wrap(text: str) -> str:
    return textwrap.fill(text, LONGEST_LINE_IF_NARROW)


def figure_title(figure: Figure, text: str, **position: Any) -> None:
    """Write the title of a figure of several panels."""
    look: Look = {"ha": "left", "fontsize": 11.5, "fontweight": "bold"}
    figure.suptitle(without_undrawable(text), x=0.01, **look, **position)


def segments(
    positions: Sequence[float], heights: Sequence[float | None]
) -> list[tuple[list[float], list[float]]]:
    """Return the runs of points, cut where a height is None: a line must not bridge a gap."""
    runs: list[tuple[list[float], list[float]]] = []
    is_open = False
    for x, y in zip(positions, heights, strict=True):
        if y is None:
            is_open = False
            continue

        if not is_open:
            runs.append(([], []))
            is_open = True

        runs[-1][0].append(x)
        runs[-1][1].append(y)

    return runs
