"""What can be said of groups beside each other: who mentions a keyword more, whose mood differs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from core.enums import Grouping
from reports.data.group_counts import KeywordGroups
from reports.data.groupings import NOT_KNOWN
from reports.findings.highlights import Highlight
from reports.stats.comparing import LEVEL, Comparison, compare_means, compare_shares
from reports.words.quantities import format_points, format_share, join_words, quantity, signed

# A bound above this difference of polarity rules out next to nothing.
LARGE_POLARITY = 0.3
# At most this many groups are named as the highest.
TIED = 4

_APART = (
    "Some look apart in the table, where each {} has its own months and documents count singly; "
    "here they are compared within the months that they share, and mentions of one burst count for "
    "fewer."
)
PLURALS = {Grouping.OUTLET: "outlets", Grouping.SECTION: "sections", Grouping.KIND: "kinds"}


def describe_groups(keyword_groups: KeywordGroups, grouping: Grouping) -> list[Highlight]:
    """Describe how shares and moods of a keyword differ between groups, a sentence for each."""
    group_names = [group for group in keyword_groups.groups if group != NOT_KNOWN]
    if len(group_names) < 2:
        return []

    shares = compare_shares(keyword_groups.list_shares(group_names))
    moods = compare_means(keyword_groups.list_moods(group_names), one_variance=True)
    highlights = []
    if shares is not None:
        highlights.append(_describe_shares(keyword_groups, grouping, shares))
    if moods is not None:
        highlights.append(_describe_moods(keyword_groups, grouping, moods))
    return highlights


def _describe_shares(
    keyword_groups: KeywordGroups, grouping: Grouping, comparison: Comparison
) -> Highlight:
    subject = f"“{keyword_groups.keyword}”"
    plural = PLURALS[grouping]
    if not comparison.differs(LEVEL):
        most = format_points(comparison.bound_change(LEVEL)).lstrip("+")
        text = (
            f"The {plural} cannot be told apart by how often they mention {subject}: the figures "
            f"rule out only differences above {most} percentage points "
            f"({_compared(comparison, plural)})."
        )
        note = _APART.format(grouping) if _look_apart(keyword_groups, comparison) else ""
        return Highlight("groups", ("no difference shown", "share"), text, note)

    shares = {
        group: keyword_groups.groups[group].compared_share or 0.0 for group in comparison.names
    }
    highest = _list_highest(comparison, shares)
    if len(highest) > 1:
        top, *tied_groups = highest
        ties = [
            f"{_name(group, grouping)} ({format_share(shares[group])})" for group in tied_groups
        ]
        text = (
            f"{subject} is mentioned most in {_name(top, grouping)} "
            f"({format_share(shares[top])} of its documents), but {join_words(ties)} cannot be "
            f"told apart from it; {_count_pairs(comparison)}."
        )
        return Highlight("groups", ("among the highest", *highest), text)

    pair = _find_pair(comparison, shares)
    if pair is None:
        text = (
            f"The {plural} differ in how often they mention {subject}, but no pair of them is "
            f"clear ({_compared(comparison, plural)})."
        )
        return Highlight("groups", ("differ", "share"), text)

    high, low = pair
    share = format_share(shares[high])
    lead = f"{high} mentions {subject} in {share} of its documents"
    if grouping != Grouping.OUTLET:
        lead = f"{share} of the documents of the {grouping} “{high}” mention {subject}"
    text = f"{lead}, more than {_than(comparison, shares, pair, format_share, grouping)}."
    return Highlight("groups", ("more", high, low), text)


def _describe_moods(
    keyword_groups: KeywordGroups, grouping: Grouping, comparison: Comparison
) -> Highlight:
    subject = f"“{keyword_groups.keyword}”"
    plural = PLURALS[grouping]
    if not comparison.differs(LEVEL):
        most = comparison.bound_change(LEVEL)
        verb = "cannot be told apart by"
        if most > LARGE_POLARITY:
            verb = "have too few mentions to tell them apart by"
        text = (
            f"The {plural} {verb} the mood around {subject}: the figures rule out only "
            f"differences above {most:.2f} ({_compared(comparison, plural)})."
        )
        return Highlight("groups", ("no difference shown", "mood"), text)

    means = {
        group: keyword_groups.groups[group].polarities.mean or 0.0 for group in comparison.names
    }
    pair = _find_pair(comparison, means)
    if pair is None:
        text = (
            f"The {plural} differ in the mood around {subject}, but no pair of them is clear "
            f"({_compared(comparison, plural)})."
        )
        return Highlight("groups", ("differ", "mood"), text)

    high, low = pair
    text = (
        f"The mood around {subject} is higher in {_name(high, grouping)} ({signed(means[high])}) "
        f"than in {_than(comparison, means, pair, signed, grouping)}."
    )
    return Highlight("groups", ("higher", high, low), text)


def _look_apart(keyword_groups: KeywordGroups, comparison: Comparison) -> bool:
    """Return whether the intervals of two groups in the table do not overlap."""
    intervals = [keyword_groups.groups[group].total.interval for group in comparison.names]
    lows = [interval[0] for interval in intervals if interval is not None]
    highs = [interval[1] for interval in intervals if interval is not None]
    return max(lows) > min(highs)


def _name(group: str, grouping: Grouping) -> str:
    return group if grouping == Grouping.OUTLET else f"“{group}”"


def _compared(comparison: Comparison, plural: str) -> str:
    return f"{len(comparison.names)} {plural} compared"


def _count_pairs(comparison: Comparison) -> str:
    different = len(comparison.list_different(LEVEL))
    pairs = math.comb(len(comparison.names), 2)
    verb = "differs" if different < 2 else "differ"
    return f"{different or 'none'} of {quantity(pairs, 'pair')} {verb}"


def _list_highest(comparison: Comparison, shown_values: Mapping[str, float]) -> list[str]:
    """Return the highest group and those that cannot be told apart from it, if they are few.

    Return nothing if the shown figures put another group first.
    """
    highest = comparison.list_highest(LEVEL)
    ranked = sorted(highest, key=shown_values.__getitem__, reverse=True)
    top = comparison.names[comparison.values.index(max(comparison.values))]
    is_few = len(highest) <= min(TIED, len(comparison.names) - 1)
    return ranked if is_few and ranked[0] == top else []


def _find_pair(comparison: Comparison, shown_values: Mapping[str, float]) -> tuple[str, str] | None:
    """Return the higher and the lower group of the pair that is named; None if no pair is clear.

    The pair is the highest group and the next one if the highest is above each other group;
    otherwise it is the clearest pair. A pair is not named if the shown figures say the contrary,
    since the groups then have documents of different months.
    """
    highest = comparison.list_highest(LEVEL)
    ranked = sorted(comparison.names, key=shown_values.__getitem__, reverse=True)
    if highest == ranked[:1]:
        return ranked[0], ranked[1]

    pair = comparison.find_clearest_pair(LEVEL)
    return pair if pair is not None and shown_values[pair[0]] > shown_values[pair[1]] else None


def _than(
    comparison: Comparison,
    shown_values: Mapping[str, float],
    pair: tuple[str, str],
    form: Callable[[float], str],
    grouping: Grouping,
) -> str:
    """Return the group that the higher one exceeds, and what can be said of the others."""
    high, low = pair
    lower = f"{_name(low, grouping)} ({form(shown_values[low])})"
    if len(comparison.names) == 2:
        return lower
    if comparison.list_highest(LEVEL) == [high]:
        other_groups = f"{len(comparison.names) - 1} {PLURALS[grouping]} compared"
        runner_up = f"next: {_name(low, grouping)}, {form(shown_values[low])}"
        return f"each of the other {other_groups} ({runner_up})"

    different = len(comparison.list_different(LEVEL))
    if different == 1:
        return f"{lower}; the others cannot be told apart"
    return f"{lower}; {_count_pairs(comparison)}"
