"""Whether a highlight rests on a few patterns of repeated texts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from enum import IntEnum
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from analysis.grains import grain_of
from reports.findings.highlights import TIED, Highlight, Ranking
from reports.words.periods import period_name
from reports.words.quantities import join_words

# Claims that compare nothing: too little was counted, or engines on scales of their own scored it.
NOT_COMPARED = ("few", "never", "one month", "engines")

ReadHighlights = Callable[[], Collection[Highlight]]


class Loss(IntEnum):
    """How much of a highlight is lost without a pattern."""

    FIGURE = 1  # the figure of the highest month changes much
    DISTINCTION = 2  # more months may be the highest
    TOP = 3  # another month is the highest
    CLAIM = 4  # nothing like it can be claimed


class Caution(NamedTuple):
    """What is said of a highlight that is lost or weakened without a pattern."""

    loss: Loss
    text: str


def caution_where_repeats_decide(
    highlights: Sequence[Highlight], without: Mapping[str, ReadHighlights]
) -> list[Highlight]:
    """Return the highlights, with a caution for each that rests on repeats.

    *without* reads the highlights without all large patterns (its first entry) and without each,
    by the words for what is left out. Where a highlight is lost or weakened without all of them,
    its caution names the first pattern without which as much or more is lost, else all. There is
    none where more can be said without them.
    """
    if not without:
        return list(highlights)

    @cache
    def read(name: str) -> Collection[Highlight]:
        return without[name]()

    everything, *each = without
    checked = []
    for highlight in highlights:
        caution = _weaken(highlight, read(everything), everything)
        if caution is not None:
            of_each = [_weaken(highlight, read(name), name) for name in each]
            caution = max([*filter(None, of_each), caution], key=attrgetter("loss"))
        notes = filter(None, (highlight.note, caution.text if caution else ""))
        checked.append(replace(highlight, note=" ".join(notes)))
    return checked


def _weaken(highlight: Highlight, others: Collection[Highlight], name: str) -> Caution | None:
    """Return what is lost of *highlight* if only *others* are stated, without *name*."""
    of_kind = [other for other in others if other.kind == highlight.kind]
    if highlight.ranking is not None:
        other_ranking = next(filter(None, map(attrgetter("ranking"), of_kind)), None)
        if other_ranking is not None and highlight.ranking.top in other_ranking.values:
            return _compare_rankings(highlight.ranking, other_ranking, name)
    elif any(highlight.claim in (other.claim, *other.implied) for other in of_kind):
        return None
    elif highlight.claim[0] == "no change shown" and any(map(_is_change, of_kind)):
        return Caution(Loss.CLAIM, f"Without {name} a clear change is found.")
    return Caution(Loss.CLAIM, f"Without {name} this cannot be said.")


def _is_change(highlight: Highlight) -> bool:
    return highlight.claim[0] not in NOT_COMPARED


def _compare_rankings(ranking: Ranking, other: Ranking, name: str) -> Caution | None:
    """Return what is lost of *ranking*; nothing where fewer months may be the highest."""
    top, added = ranking.top, sorted(other.highest - ranking.highest)
    before, after = ranking.values[top], other.values[top]
    changes_much = abs(after - before) > ranking.half_width
    figure = f"it would be {ranking.form(after)} in {_month(top)}"

    if other.top != top:
        return Caution(Loss.TOP, f"Without {name} {figure}, and {_month(other.top)} highest.")
    if added:
        tie = f"{len(added)} more {grain_of(top)}s could not be told apart from it"
        if len(added) <= TIED:
            months = join_words(list(map(_month, added)))
            tie = f"{months} could not be told apart from {_month(top)}"
        text = f"{figure}, and {tie}" if changes_much else tie
        return Caution(Loss.DISTINCTION, f"Without {name} {text}.")
    return Caution(Loss.FIGURE, f"Without {name} {figure}.") if changes_much else None


def _month(period: str) -> str:
    return period_name(period, "%B %Y")
