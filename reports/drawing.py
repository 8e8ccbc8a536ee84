"""What the pages of all kinds draw alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from reports import fonts
from reports.figure_store import FigureRef, FigureStore
from reports.figures import clouds, entities, style
from reports.run_data import RunData
from reports.tables.entities import EntityRow

ENTITIES_SHOWN = 8  # of each type
TYPES_SHOWN = 6
NO_NAMES = {
    "DATE",
    "TIME",
    "MONEY",
    "PERCENT",
    "QUANTITY",
    "CARDINAL",
    "ORDINAL",
}  # they are in the exports


def draw(texts: Iterable[str], make: Callable[[], Figure]) -> dict[str, bytes]:
    """A figure in the house's style, as SVG and PNG; *texts* are what it writes, for their fonts."""
    with style.house(texts):
        figure = make()
        svg = style.to_svg(figure)
        figure.set_layout_engine("none")  # it stays as it was laid out for the SVG
        return {"svg": svg, "png": style.to_png(figure)}


def cloud(
    store: FigureStore,
    name: str,
    words: Counter[str],
    leave_out: Sequence[str],
    data: RunData,
    *,
    caption: str,
) -> FigureRef | None:
    """A word cloud; None where there are no words that a font of this machine can draw."""
    chosen = clouds.choose(words, leave_out, data.parameters.max_words)
    if not chosen:
        return None
    lacking = clouds.font_for(chosen)[1]
    for word in lacking:
        del chosen[word]
    if not chosen:
        return None
    if lacking:
        caption += f" Left out, for want of one font that has them all: {', '.join(lacking[:5])}."
    if not fonts.shapes_arabic() and "Arabic" in fonts.count_scripts(chosen):
        caption += " Arabic letters stand unjoined: the machine lacks FriBiDi."
    return store.show(
        name,
        (chosen, data.mask),
        lambda: _drawn(chosen, data.mask),
        alt="Word cloud. Most frequent: "
        + ", ".join(f"{word} ({n})" for word, n in list(chosen.items())[:8])
        + ".",
        caption=caption,
    )


def _drawn(words: dict[str, int], mask: bytes | None) -> dict[str, bytes]:
    laid_out = clouds.lay_out(words, mask=clouds.read_mask(mask) if mask else None)
    return {"svg": clouds.to_svg(laid_out), "png": clouds.to_png(laid_out)}


@dataclass(frozen=True)
class Named:
    """The most frequent names of the most frequent types; *subject* counts those left out for holding the keyword."""

    by_type: dict[str, list[tuple[str, int]]]
    subject: int


def top_entities(rows: Iterable[EntityRow], terms: Sequence[re.Pattern[str]] = ()) -> Named:
    """What is named most, over the jobs of *rows*, the type of the most frequent name first.

    A name that holds the subject itself says nothing new, and one that came once may be a slip of the engine: both are
    left to the exports, the latter only where something came twice.
    """
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        if row.period is None and row.type not in NO_NAMES:
            counts.setdefault(row.type, Counter())[row.name] += row.count
    subject = {
        (kind, name)
        for kind in counts
        for name in counts[kind]
        if any(term.search(name) for term in terms)
    }
    for kind, name in subject:
        del counts[kind][name]
    least = 2 if any(times > 1 for names in counts.values() for times in names.values()) else 1
    found = {
        kind: [(name, times) for name, times in sorted(names.items(), key=lambda item: (-item[1], item[0]))
               if times >= least][:ENTITIES_SHOWN]
        for kind, names in counts.items()
    }  # fmt: skip
    order = sorted(
        (kind for kind in found if found[kind]), key=lambda kind: (-found[kind][0][1], kind)
    )
    return Named({kind: found[kind] for kind in order[:TYPES_SHOWN]}, len(subject))


def entities_shown(
    store: FigureStore, name: str, named: Named, *, subject: str, unit: str, texts: Sequence[str]
) -> FigureRef:
    """The bars of names, with what one has to know of them; *texts* are samples of what the engine read."""
    by_type = named.by_type
    caption = (
        "What the Text API's engine takes for names and the kinds it gives them: guesses, to be read with care. "
        "Spellings that are surely one are counted as one; names that came once, dates, sums and numbers are left to "
        "entities.csv."
    )
    if named.subject:
        caption += f" So are {named.subject:,} names that hold the subject itself."
    if in_title_case(texts):
        caption += " Headlines write every word with a capital, so common words pass for names more often than usual."
    return store.show(
        f"{name}-entities",
        (by_type, subject, unit),
        lambda: draw(
            [n for names in by_type.values() for n, _ in names],
            lambda: entities.entities_figure(by_type, subject=subject, unit=unit),
        ),
        alt="Bars of the most frequent names by type: "
        + "; ".join(
            f"{kind}: " + ", ".join(n for n, _ in names[:3]) for kind, names in by_type.items()
        )
        + ".",
        caption=caption,
    )


def in_title_case(texts: Sequence[str]) -> bool:
    """Whether most words of four letters and more begin with a capital, as in headlines."""
    words = [
        word
        for text in texts
        for word in re.findall(r"[^\W\d_]{4,}", text)
        if word[0].lower() != word[0].upper()
    ]
    capitals = len([word for word in words if word[0].isupper()])
    return bool(words) and capitals > 0.6 * len(words)
