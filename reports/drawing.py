"""What the pages of all kinds draw alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from matplotlib.figure import Figure

from reports import fonts
from reports.album import Album, Shown
from reports.facts import Facts
from reports.figures import clouds, style
from reports.results import EntityRow

ENTITIES_SHOWN = 8  # of each type
TYPES_SHOWN = 6
NO_NAMES = {"DATE", "TIME", "MONEY", "PERCENT", "QUANTITY", "CARDINAL", "ORDINAL"}  # they are in the exports


def draw(texts: Iterable[str], make: Callable[[], Figure]) -> dict[str, bytes]:
    """A figure in the house's style, as SVG and PNG; *texts* are what it writes, for their fonts."""
    with style.house(texts):
        figure = make()
        svg = style.to_svg(figure)
        figure.set_layout_engine("none")  # it stays as it was laid out for the SVG
        return {"svg": svg, "png": style.to_png(figure)}


def cloud(
    album: Album, name: str, words: Counter[str], leave_out: Sequence[str], facts: Facts, *, caption: str
) -> Shown | None:
    """A word cloud; None where there are no words that a font of this machine can draw."""
    chosen = clouds.choose(words, leave_out, facts.parameters.max_words)
    if not chosen:
        return None
    lacking = clouds.font_for(chosen)[1]
    for word in lacking:
        del chosen[word]
    if not chosen:
        return None
    if lacking:
        caption += f" Left out, for want of one font that has them all: {', '.join(lacking[:5])}."
    if not fonts.shapes_arabic() and "Arabic" in fonts.scripts_in(chosen):
        caption += " Arabic letters stand unjoined: the machine lacks FriBiDi."
    return album.show(
        name,
        (chosen, facts.mask),
        lambda: {"png": clouds.draw_cloud(chosen, mask=clouds.read_mask(facts.mask) if facts.mask else None)},
        alt="Word cloud. Most frequent: " + ", ".join(f"{word} ({n})" for word, n in list(chosen.items())[:8]) + ".",
        caption=caption,
        forms=("png",),
    )


def top_entities(rows: Iterable[EntityRow]) -> dict[str, list[tuple[str, int]]]:
    """The most frequent names of the most frequent types, over the jobs of *rows*."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        if row.period is None and row.type not in NO_NAMES:
            counts.setdefault(row.type, Counter())[row.name] += row.count
    order = sorted(counts, key=lambda kind: (-counts[kind].total(), kind))[:TYPES_SHOWN]
    return {kind: sorted(counts[kind].items(), key=lambda item: (-item[1], item[0]))[:ENTITIES_SHOWN] for kind in order}
