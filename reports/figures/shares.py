"""The picture of a front page: the share of documents that mention each subject, in panels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from reports.figures import style
from reports.figures.series import BARS
from reports.figures.spec import FigureSpec
from reports.words.periods import period_name
from reports.words.quantities import format_share, quantity

# Up to this many periods three panels stand in a row, or two.
_FEW_PERIODS, _SOME_PERIODS = 13, 30
# Up to this many periods a bar has room for its share.
_MOST_LABELLED = 8
# Panels have one scale unless the highest share is this many times that of another panel.
_MOST_TIMES = 4.0
# A panel has this height in inches, by the number of panels one below the other.
_HEIGHTS = {1: 2.7, 2: 2.0, 3: 1.55}
_LEAST_HEIGHT = 1.35

_SOLID, _PALE = style.BLUE, "#a9cfe8"
# The bar of a share without repeats is this part as wide as the one behind it.
_NARROWER = 0.55
_LABEL: style.Look = {
    "ha": "center",
    "va": "bottom",
    "fontsize": 8.5,
    "color": style.INK,
    "zorder": 6,
}


@dataclass(frozen=True, slots=True)
class Share:
    """The share of a period's documents that mention a subject.

    *distinct* is the same share where neither its documents nor the others are repeats. It may be
    the larger one.
    """

    period: str
    share: float
    distinct: float


@dataclass(frozen=True, slots=True)
class SharePanel:
    """A subject: its shares, the periods without data, those cut off and those with bulk days."""

    name: str
    shares: tuple[Share, ...]
    gaps: tuple[str, ...]
    cut_off: tuple[str, ...]
    bulk: tuple[str, ...]

    @property
    def peak(self) -> Share | None:
        """The highest share of a whole period, the earliest of equals; None if all are zero."""
        whole = [share for share in self.shares if share.period not in self.cut_off]
        highest = max(whole or self.shares, key=lambda share: share.share, default=None)
        return highest if highest is not None and highest.share else None

    @property
    def has_repeats(self) -> bool:
        """Whether a share is another one without repeats."""
        return any(share.share != share.distinct for share in self.shares)

    @property
    def top(self) -> float:
        """Where the highest bar ends."""
        return max((max(share.share, share.distinct) for share in self.shares), default=0.0)


def shares_figure(panels: Sequence[SharePanel], span: style.Range, *, is_narrow: bool) -> Figure:
    """Return a panel of bars for each subject; *is_narrow* makes the picture of a phone."""
    columns = 1 if is_narrow else count_columns(len(panels), len(span))
    lines = -(-len(panels) // columns)
    panel_height = _HEIGHTS.get(lines, _LEAST_HEIGHT)
    if is_narrow:
        panel_height = min(panel_height, 1.7)

    width = style.NARROW if is_narrow else style.WIDTH
    figure = style.new_figure(0.9 + panel_height * lines, width)
    grid = figure.subplots(lines, columns, squeeze=False, sharey=has_one_scale(panels))
    axes = [ax for line in grid for ax in line]

    for ax, panel in zip(axes, panels, strict=False):
        draw_panel(ax, panel, span, across=2 if is_narrow else columns)

    for index, ax in enumerate(axes):
        if index >= len(panels):
            ax.set_axis_off()

        # A panel below has the dates.
        ax.tick_params(labelbottom=index + columns >= len(panels))

    for ax, limit in zip(axes, _list_limits(panels), strict=False):
        ax.set_ylim(0, limit)

    style.figure_title(figure, _title(panels, span, is_narrow=is_narrow))
    handles = _legend(panels, span)
    figure.legend(
        handles=handles, loc="outside lower left", ncols=1 if is_narrow else 3, columnspacing=1.6
    )
    return figure


def _title(panels: Sequence[SharePanel], span: style.Range, *, is_narrow: bool) -> str:
    if len(panels) == 1:
        return f"Share of documents that mention it, by {span.grain}"

    subject = "Share of documents" if is_narrow else "Share of documents that mention each"
    scale = "one scale" if has_one_scale(panels) else "scales differ"
    return f"{subject}, by {span.grain} ({scale})"


def count_columns(panels: int, periods: int) -> int:
    """Return how many panels stand in a row."""
    if periods <= _FEW_PERIODS:
        return min(3, panels)
    if panels > 3 or (panels == 2 and periods <= _SOME_PERIODS):
        return 2

    return 1


def has_one_scale(panels: Sequence[SharePanel]) -> bool:
    """Return whether one scale shows each panel's shares."""
    tops = [panel.peak.share for panel in panels if panel.peak is not None]
    return not tops or max(tops) <= _MOST_TIMES * min(tops)


def _list_limits(panels: Sequence[SharePanel]) -> list[float]:
    """Return the share at which the axis of each panel ends."""
    tops = [panel.top for panel in panels]
    if has_one_scale(panels):
        tops = [max(tops, default=0.0)] * len(tops)

    return [1.18 * top or 0.01 for top in tops]


def draw_panel(ax: Axes, panel: SharePanel, span: style.Range, *, across: int = 1) -> None:
    """Draw a bar for each share, with marks.

    Where a share of the panel is another one without repeats, its bar is pale, and a narrower one
    stands before it. *across* is how many panels share the width of a page.
    """
    width = BARS[span.grain]
    xs = [style.month_number(share.period) for share in panel.shares]
    heights = [share.share for share in panel.shares]
    color = _PALE if panel.has_repeats else _SOLID
    ax.bar(xs, heights, width=width, color=color, zorder=2, label="all")
    if panel.has_repeats:
        distinct = [share.distinct for share in panel.shares]
        narrow = _NARROWER * width
        ax.bar(xs, distinct, width=narrow, color=_SOLID, zorder=3, label="distinct")

    labelled = list(panel.shares) if len(span) <= _MOST_LABELLED else []
    if not labelled and panel.peak is not None:
        labelled = [panel.peak]

    for share in labelled:
        _label(ax, share, span)

    style.mark_gaps(ax, panel.gaps)
    style.mark_cut_off(ax, panel.cut_off)
    style.mark_bulk(ax, panel.bulk)
    _set_axes(ax, panel, span, across)


def _label(ax: Axes, share: Share, span: style.Range) -> None:
    """Write a share above its bar, within the panel's first and last day."""
    look = {**_LABEL, "path_effects": [withStroke(linewidth=2.5, foreground="white")]}
    share_of_span = (style.month_number(share.period) - style.first_day(span.first)) / (
        style.day_after(span.last) - style.first_day(span.first)
    )
    if len(span) > _MOST_LABELLED and not 0.06 < share_of_span < 0.94:
        look["ha"] = "left" if share_of_span < 0.5 else "right"

    label = ax.annotate(
        format_share(share.share),
        (style.month_number(share.period), max(share.share, share.distinct)),
        xytext=(0, 2),
        textcoords="offset points",
        **look,
    )
    label.set_in_layout(False)


def _set_axes(ax: Axes, panel: SharePanel, span: style.Range, across: int) -> None:
    style.date_axis(ax, span, across=across)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=3))
    ax.yaxis.set_major_formatter(style.format_percent)
    title_look: style.Look = {"fontsize": 10.5, "loc": "left", "pad": 6}
    ax.set_title(style.without_undrawable(panel.name), **title_look)


def _legend(panels: Sequence[SharePanel], span: style.Range) -> list[Patch | Line2D]:
    """Return an entry for each mark that is drawn."""
    handles: list[Patch | Line2D] = []
    if any(panel.has_repeats for panel in panels):
        handles.append(Patch(color=_PALE, label="share of all documents"))
        handles.append(Patch(color=_SOLID, label="without repeats"))
    else:
        handles.append(Patch(color=_SOLID, label="documents that mention it"))

    if any(panel.gaps for panel in panels):
        handles.append(Patch(label="no data, which is no zero", **style.GAP_LOOK))
    if any(panel.cut_off for panel in panels):
        text = f"{style.CUT_OFF} first or last days missing"
        handles.append(_line(text, linestyle="none"))

    if any(panel.bulk for panel in panels):
        handles.append(_line(f"{span.grain} with a bulk day", **style.BULK))

    return handles


def _line(label: str, **look: object) -> Line2D:
    entry: style.Look = {**look, "label": label}
    return Line2D([], [], **entry)


def shares_specs(
    panels: Sequence[SharePanel], span: style.Range, documents: int
) -> tuple[FigureSpec, FigureSpec] | None:
    """Declare the picture for a page and that for a phone; None if no share is known."""
    if not any(panel.shares for panel in panels):
        return None

    draw = partial(shares_figure, tuple(panels), span)
    alt, caption = _describe(panels, span), _explain(panels, documents)
    wide = FigureSpec(
        name="shares",
        draw=partial(draw, is_narrow=False),
        alt=alt,
        caption=caption,
        layout="chart lead",
    )
    narrow = FigureSpec(
        name="shares-narrow",
        draw=partial(draw, is_narrow=True),
        alt=alt,
        caption=caption,
        layout="chart lead",
    )
    return wide, narrow


def _describe(panels: Iterable[SharePanel], span: style.Range) -> str:
    peaks = []
    for panel in panels:
        if panel.peak is not None:
            period = period_name(panel.peak.period, "%B %Y")
            peaks.append(f"{panel.name} most in {period}, {format_share(panel.peak.share)}")

    peaks_in_words = f" {'; '.join(peaks)}." if peaks else ""
    return (
        f"Bars: share of documents that mention each subject in each {span.grain}, a panel for "
        f"each.{peaks_in_words}"
    )


def _explain(panels: Sequence[SharePanel], documents: int) -> str:
    parts = [f"Of {quantity(documents, 'document')} in all."]
    if any(panel.has_repeats for panel in panels):
        parts.append(
            "Pale bars and numbers are shares of all documents, narrow bars are shares of those "
            "that are no repeats."
        )

    if any(panel.bulk for panel in panels):
        parts.append(
            "A bulk day has far more documents than its weekday usually has, as if they were "
            "loaded at once."
        )

    return " ".join(parts)
