"""Facts about mean polarities and posts: what they say of figures that are known."""

from __future__ import annotations

from dataclasses import replace

from reports.data.tables.periods import PeriodRow
from reports.findings.mood_facts import find_mood_facts
from reports.findings.post_facts import find_account_facts, find_post_facts
from tests.period_rows import row


def posts(period: str, count: int, **given: bool) -> PeriodRow:
    return replace(row(period, count, documents=count, **given), keyword=None, handle="nasa")


def test_the_month_whose_mean_is_furthest_from_the_usual_is_said_with_its_number() -> None:
    rows = [row("2020-03", 300, -0.1), row("2020-04", 50, -0.08), row("2020-05", 44, -0.4)]
    (fact,) = find_mood_facts("Covid", rows, "mention")
    assert fact.text == (
        "The engine's mood score for Covid was lowest in May 2020: −0.40 (44 mentions); the "
        "average is −0.13."
    )
    assert (*fact.topic, *fact.answer) == ("mood", "2020-05", "lowest")


def test_a_mean_that_hardly_differs_or_whose_interval_is_wide_is_not_told() -> None:
    near = [row("2020-03", 300, -0.1), row("2020-04", 50, -0.1), row("2020-05", 900, -0.19)]
    assert find_mood_facts("Covid", near, "mention") == []
    # Alone its interval would exclude the average; of 24 months the furthest has a wider one.
    means = [0.0, 0.02] * 11 + [0.01, 0.13]
    wide = [row(f"20{20 + n // 12}-{n % 12 + 1:02}", 30, mean) for n, mean in enumerate(means)]
    low, high = wide[-1].polarity_low, wide[-1].polarity_high
    assert low is not None
    assert high is not None
    assert not low < 0.015 < high
    assert find_mood_facts("Covid", wide, "mention") == []


def test_means_of_few_mentions_and_months_that_are_cut_off_are_not_compared() -> None:
    usual = [row("2020-01", 90, 0.2), row("2020-02", 90, 0.2), row("2020-04", 90, 0.2)]
    assert find_mood_facts("Covid", [*usual, row("2020-03", 29, -0.2)], "mention") == []
    assert (
        find_mood_facts("Covid", [*usual, row("2020-03", 90, -0.9, cut_off=True)], "mention") == []
    )


def test_moods_of_several_engines_are_not_compared() -> None:
    rows = [row("2020-03", 100, -0.1), row("2020-04", 50, 0.2)]
    (fact,) = find_mood_facts("“covid”", rows, "mention", ["old/1", "new/2"])
    assert fact.text == (
        "Mood scores for “covid” are not compared over time: old/1 and new/2 have different scales."
    )


def test_the_busiest_month_is_that_with_most_posts_a_day() -> None:
    rows = [posts("2020-01", 61), posts("2020-02", 60), posts("2020-03", 0)]
    (fact,) = find_post_facts("@nasa", rows)
    assert fact.text == (
        "@nasa published most in February 2020: 60 posts, 2.1 a day; the average is 1.3."
    )
    (fact,) = find_post_facts("search:rain", rows)
    assert fact.text == (
        "Most was posted on “rain” in February 2020: 60 posts, 2.1 a day; the average is 1.3."
    )
    assert find_post_facts("@nasa", [posts("2020-01", 62), posts("2020-03", 42)]) == []


def test_accounts_are_compared_in_the_months_that_all_cover_whole() -> None:
    nasa = [posts("2020-01", 620), posts("2020-02", 58), posts("2020-03", 62)]
    esa = [posts("2020-02", 29), posts("2020-03", 31), posts("2020-04", 900)]
    facts = find_account_facts({"@nasa": nasa, "@esa": esa, "@empty": []})
    most, silent = [fact.text for fact in facts]
    assert most == (
        "@nasa publishes most: 2.0 a day, against 1.0 of @esa. This counts the 2 months that all "
        "accounts with posts have complete, reposts included."
    )
    assert silent == "1 of 3 accounts has no posts; the table says why."
    assert find_account_facts({"@nasa": nasa[:1], "@esa": esa[2:]}) == []
