"""Facts about groups of documents beside each other: in which a keyword is most common."""

from __future__ import annotations

from collections.abc import Sequence

from core.enums import Grouping
from reports.findings.finding import Finding, fact
from reports.findings.mood_facts import FEWEST_POLARITIES, LEAST_DIFFERENCE
from reports.series.groupings import NOT_KNOWN
from reports.series.groups import GroupCounts, KeywordGroups
from reports.words.quantities import format_share, quantity, signed

# A group with fewer documents is not ranked.
FEWEST_DOCUMENTS = 30
PLURALS = {Grouping.OUTLET: "outlets", Grouping.SECTION: "sections", Grouping.KIND: "kinds"}


def state_groups(
    keyword_groups: KeywordGroups, grouping: Grouping, engines: Sequence[str] = ()
) -> list[Finding]:
    """State in which groups a keyword is most and least common, and how their moods differ.

    Groups are compared in the months in which at least two of them have documents. Means of several
    *engines* are not compared.
    """
    groups = [group for name, group in keyword_groups.groups.items() if name != NOT_KNOWN]
    facts = _state_shares(keyword_groups, groups, grouping)
    if len(engines) <= 1:
        facts += _state_moods(keyword_groups, groups, grouping)

    return facts


def _state_shares(
    keyword_groups: KeywordGroups, groups: list[GroupCounts], grouping: Grouping
) -> list[Finding]:
    """Rank the groups by their shares.

    Nothing is said where the first one is ahead for its months alone: where another has more
    mentions beside what its months let one expect (indirect standardization).
    """
    shares, ratios = {}, {}
    for group in groups:
        compared = group.compared
        if compared.documents >= FEWEST_DOCUMENTS and compared.expected:
            shares[group.name] = compared.matched / compared.documents
            ratios[group.name] = compared.matched / compared.expected

    ranked = sorted(shares, key=lambda name: (-shares[name], name))
    if len(ranked) < 2 or shares[ranked[0]] == shares[ranked[1]]:
        return []

    highest, following, lowest = ranked[0], ranked[1], ranked[-1]
    if any(ratios[highest] <= ratio for name, ratio in ratios.items() if name != highest):
        return []

    compared = keyword_groups.groups[highest].compared
    counted = f"{compared.matched:,} of {quantity(compared.documents, 'document')}"
    others = (
        f"next is {following} with {format_share(shares[following])}, last {lowest} with "
        f"{format_share(shares[lowest])}"
    )
    if len(ranked) == 2:
        others = f"{lowest} has {format_share(shares[lowest])}"

    text = (
        f"Of {len(ranked)} {PLURALS[grouping]} with at least {FEWEST_DOCUMENTS} documents in their "
        f"common months, {highest} mentions “{keyword_groups.keyword}” in the largest share: "
        f"{counted} ({format_share(shares[highest])}); {others}."
    )
    clause = f"it is largest in {highest}: {counted} ({format_share(shares[highest])})"
    answer, shares_named = (highest,), (shares[highest],)
    topic = ("largest share", keyword_groups.keyword)
    counts = (compared.matched,)
    return [fact(topic, answer, text, clause=clause, counts=counts, shares=shares_named)]


def _state_moods(
    keyword_groups: KeywordGroups, groups: list[GroupCounts], grouping: Grouping
) -> list[Finding]:
    """Name the groups with the highest and the lowest mean polarity.

    A mean is that of all compared groups plus how far the group is from its months' means.
    """
    overall = keyword_groups.mean.mean or 0.0
    means = {}
    for group in groups:
        polarities = group.compared.polarities
        if polarities.n >= FEWEST_POLARITIES and polarities.mean is not None:
            means[group.name] = overall + polarities.mean

    if len(means) < 2 or max(means.values()) - min(means.values()) < LEAST_DIFFERENCE:
        return []

    highest, lowest = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    text = (
        f"The engine's mean polarity for “{keyword_groups.keyword}” is highest in {highest} "
        f"({signed(means[highest])}) and lowest in {lowest} ({signed(means[lowest])}), of "
        f"{len(means)} {PLURALS[grouping]}, month by month."
    )
    clause = (
        f"it is highest in {highest} ({signed(means[highest])}) and lowest in {lowest} "
        f"({signed(means[lowest])})"
    )
    answer, means_named = (highest, lowest), (means[highest], means[lowest])
    topic = ("moods", keyword_groups.keyword)
    return [fact(topic, answer, text, clause=clause, means=means_named)]
