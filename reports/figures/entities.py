"""Who and what is named: bars by type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports import fonts
from reports.figures import style

_LONG = 30

#: What the engine's types are called in a report.
TYPES = {
    "PERSON": "People",
    "ORG": "Organisations",
    "GPE": "Countries and cities",
    "LOC": "Places",
    "FAC": "Buildings and roads",
    "NORP": "Peoples, faiths and parties",
    "EVENT": "Events",
    "PRODUCT": "Products",
    "WORK_OF_ART": "Works",
    "LAW": "Laws",
    "LANGUAGE": "Languages",
}


def draw_entities(
    ax: Axes, names: Sequence[str], counts: Sequence[int], *, color: str = style.BLUE
) -> None:
    """A bar for each name, the most frequent above, its count at its end."""
    usable = fonts.font_families(names)
    shown = [fonts.replace_undrawable(name, usable) for name in names]
    shown = [name if len(name) <= _LONG else name[: _LONG - 1].rstrip() + "…" for name in shown]
    bars = ax.barh(range(len(names)), counts, color=color, height=0.7, label="entities")
    ax.bar_label(
        bars, labels=[f"{count:,}" for count in counts], padding=3, fontsize=8, color=style.MUTED
    )
    ax.set_yticks(range(len(names)), shown)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", labelcolor=style.INK)
    ax.grid(visible=False)
    ax.set_xlim(0, max([*counts, 1]) * 1.15)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(axis="x", length=0, labelbottom=False)


def entities_figure(
    by_type: Mapping[str, Sequence[tuple[str, int]]], *, subject: str, unit: str
) -> Figure:
    """A panel for each type of entity, of at most eight names each. *unit* says what the counts count."""
    types = list(by_type)
    across = min(2, len(types))
    down = -(-len(types) // across)
    heights = [
        max(len(by_type[t]) for t in types[row * across : (row + 1) * across])
        for row in range(down)
    ]
    figure = style.new_figure(0.6 + sum(0.55 + 0.25 * h for h in heights))
    panels = figure.subplots(down, across, squeeze=False, height_ratios=[h + 1.5 for h in heights])
    for number, ax in enumerate(panels.flat):
        if number >= len(types):
            ax.set_axis_off()
            continue
        names = by_type[types[number]]
        draw_entities(ax, [n for n, _ in names], [c for _, c in names])
        rows = heights[number // across]
        ax.set_ylim(rows - 0.4, -0.6)  # bars of one thickness in a row of panels
        ax.set_title(
            TYPES.get(types[number], types[number].replace("_", " ").capitalize()),
            fontsize=10,
            color=style.MUTED,
        )
    figure.suptitle(
        f"Named along with {subject} ({unit})", x=0.01, ha="left", fontsize=11.5, fontweight="bold"
    )
    return figure
