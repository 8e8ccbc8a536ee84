"""Whether a highlight rests on a few patterns of repeated texts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from reports.highlights import Highlight

ReadHighlights = Callable[[], Collection[Highlight]]


def caution_where_repeats_decide(
    highlights: Sequence[Highlight], without: Mapping[str, ReadHighlights]
) -> list[Highlight]:
    """Return the highlights, with a caution in the text of each that rests on repeats.

    *without* reads the highlights without all large patterns (its first entry) and without each,
    by the words for what is left out. A highlight that is not claimed without all of them names the
    first pattern without which it is not claimed, else all.
    """
    if not without:
        return list(highlights)

    @cache
    def claims(name: str) -> frozenset[Hashable]:
        return frozenset(map(_claim, without[name]()))

    everything, *each = without
    checked = []
    for highlight in highlights:
        caution = ""
        if _claim(highlight) not in claims(everything):
            causes = (name for name in each if _claim(highlight) not in claims(name))
            caution = f" Without {next(causes, everything)} this cannot be said."
        checked.append(replace(highlight, text=highlight.text + caution))
    return checked


def _claim(highlight: Highlight) -> Hashable:
    return highlight.kind, *highlight.claim
