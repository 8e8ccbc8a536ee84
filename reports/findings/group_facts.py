"""Facts about groups of documents beside each other: in which a keyword is most common."""

from __future__ import annotations

from collections.abc import Sequence

from core.enums import Grain, Grouping
from reports.data.group_counts import GroupCounts, KeywordGroups, count_groups
from reports.data.run_data import RunData
from reports.data.subject_names import read_names
from reports.findings.finding import Fact
from reports.series.groupings import GROUPINGS, NOT_KNOWN
from reports.stats.thresholds import FEWEST_EXPECTED, FEWEST_OF_GROUP, LEAST_DIFFERENCE


def find_group_facts(
    subject: str, keyword_groups: KeywordGroups, grouping: Grouping, engines: Sequence[str] = ()
) -> list[Fact]:
    """Return in which groups a keyword is most and least common, and how their moods differ.

    Groups are compared in the months in which at least two of them have documents. Means of several
    *engines* are not compared.
    """
    plural = GROUPINGS[grouping].plural
    groups = [
        group for group_name, group in keyword_groups.groups.items() if group_name != NOT_KNOWN
    ]
    facts = _rank_shares(subject, groups, plural)
    if len(engines) <= 1:
        facts += _rank_means(subject, groups, keyword_groups.mean)

    return facts


def _rank_shares(subject: str, groups: Sequence[GroupCounts], plural: str) -> list[Fact]:
    """Rank the groups by their shares.

    Nothing is said where the first one is ahead for its months alone: where another has more
    mentions beside what its months let one expect (indirect standardization).
    """
    compared = {group.name: group.compared for group in groups}
    shares, ratios = {}, {}
    for group_name, counts in compared.items():
        if counts.documents >= FEWEST_OF_GROUP and counts.expected >= FEWEST_EXPECTED:
            shares[group_name] = counts.matched / counts.documents
            ratios[group_name] = counts.matched / counts.expected

    ranked = sorted(shares, key=lambda group_name: (-shares[group_name], group_name))
    if len(ranked) < 2 or shares[ranked[0]] == shares[ranked[1]]:
        return []

    highest, following, lowest = ranked[0], ranked[1], ranked[-1]
    if any(
        ratios[highest] <= ratio for group_name, ratio in ratios.items() if group_name != highest
    ):
        return []

    figures = {
        "groups": len(ranked),
        "plural": plural,
        "highest": highest,
        "matched": compared[highest].matched,
        "documents": compared[highest].documents,
        "share": shares[highest],
        "following": following,
        "following_share": shares[following],
        "lowest": lowest,
        "lowest_share": shares[lowest],
    }
    return [
        Fact(
            "larger share of two groups" if len(ranked) == 2 else "largest share of groups",
            subject,
            ("largest share",),
            (highest,),
            figures,
            counts=(compared[highest].matched,),
            shares=(shares[highest],),
        )
    ]


def _rank_means(subject: str, groups: Sequence[GroupCounts], overall: float) -> list[Fact]:
    """Return the groups with the highest and the lowest mean polarity.

    A mean is that of all compared groups plus how far the group is from its months' means.
    """
    means = {}
    for group in groups:
        if group.compared.scored >= FEWEST_OF_GROUP:
            means[group.name] = overall + group.compared.apart

    if len(means) < 2 or max(means.values()) - min(means.values()) < LEAST_DIFFERENCE:
        return []

    highest, lowest = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    figures = {
        "highest": highest,
        "highest_mean": means[highest],
        "lowest": lowest,
        "lowest_mean": means[lowest],
    }
    answer, named = (highest, lowest), (means[highest], means[lowest])
    return [Fact("means of groups", subject, ("moods",), answer, figures, means=named)]


def read_group_facts(run: RunData, grain: Grain) -> dict[str, list[Fact]]:
    """Return the facts of each keyword of a grouped run on its groups."""
    assert run.grouping is not None  # noqa: S101 - the caller has groups
    facts, names = {}, read_names(run)
    for keyword_groups in count_groups(run, grain):
        keyword = keyword_groups.keyword
        facts[keyword] = find_group_facts(names[keyword], keyword_groups, run.grouping, run.engines)

    return facts
