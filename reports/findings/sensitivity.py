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

    # The figure of the highest month changes much.
    FIGURE = 1
    # More months may be the highest.
    DISTINCTION = 2
    # Another month is the highest.
    TOP = 3
    # Nothing like it can be claimed.
    CLAIM = 4


class Caution(NamedTuple):
    """What is said of a highlight that is lost or weakened without a pattern."""

    loss: Loss
    text: str


def caution_where_repeats_decide(
    highlights: Sequence[Highlight], without: Mapping[str, ReadHighlights]
) -> list[Highlight]:
    """Return the highlights, with a caution for each that rests on repeats.

    The functions *without* read the highlights without some patterns, and their keys are the words
    for what is left out: all large patterns in the first entry, a single one in each other entry.
    If a highlight is lost or weakened without all of them, its caution names the first pattern
    without which as much or more is lost, or else all patterns. A highlight that gains has none.
    """
    if not without:
        return list(highlights)

    @cache
    def read(left_out: str) -> Collection[Highlight]:
        return without[left_out]()

    all_patterns, *single_patterns = without
    checked = []
    for highlight in highlights:
        caution = _weaken(highlight, read(all_patterns), all_patterns)
        if caution is not None:
            single_cautions = [
                _weaken(highlight, read(left_out), left_out) for left_out in single_patterns
            ]
            caution = max([*filter(None, single_cautions), caution], key=attrgetter("loss"))
        notes = filter(None, (highlight.note, caution.text if caution else ""))
        checked.append(replace(highlight, note=" ".join(notes)))
    return checked


def _weaken(highlight: Highlight, restated: Collection[Highlight], left_out: str) -> Caution | None:
    """Return what is lost of *highlight* if only *restated* hold without *left_out*."""
    same_kind = [statement for statement in restated if statement.kind == highlight.kind]
    if highlight.ranking is not None:
        other_ranking = next(
            (statement.ranking for statement in same_kind if statement.ranking is not None), None
        )
        if other_ranking is not None and highlight.ranking.top in other_ranking.values:
            return _compare_rankings(highlight.ranking, other_ranking, left_out)
    elif any(highlight.claim in (statement.claim, *statement.implied) for statement in same_kind):
        return None
    elif highlight.claim[0] == "no change shown" and any(
        _is_change(statement) for statement in same_kind
    ):
        return Caution(Loss.CLAIM, f"Without {left_out} a clear change is found.")
    return Caution(Loss.CLAIM, f"Without {left_out} this cannot be said.")


def _is_change(highlight: Highlight) -> bool:
    return highlight.claim[0] not in NOT_COMPARED


def _compare_rankings(ranking: Ranking, reduced: Ranking, left_out: str) -> Caution | None:
    """Return what is lost of *ranking*; None if the *reduced* ranking says as much or more."""
    top, added = ranking.top, sorted(reduced.highest - ranking.highest)
    top_value, reduced_value = ranking.values[top], reduced.values[top]
    changes_much = abs(reduced_value - top_value) > ranking.half_width
    figure = f"it would be {ranking.form(reduced_value)} in {_month(top)}"

    if reduced.top != top:
        return Caution(Loss.TOP, f"Without {left_out} {figure}, and {_month(reduced.top)} highest.")
    if added:
        tie = f"{len(added)} more {grain_of(top)}s could not be told apart from it"
        if len(added) <= TIED:
            months = join_words(list(map(_month, added)))
            tie = f"{months} could not be told apart from {_month(top)}"
        text = f"{figure}, and {tie}" if changes_much else tie
        return Caution(Loss.DISTINCTION, f"Without {left_out} {text}.")
    return Caution(Loss.FIGURE, f"Without {left_out} {figure}.") if changes_much else None


def _month(period: str) -> str:
    return period_name(period, "%B %Y")
