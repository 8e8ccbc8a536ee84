"""Facts about mean polarities and posts: what they say of figures that are known."""

from __future__ import annotations

from dataclasses import replace

from reports.data.tables.periods import PeriodRow
from reports.findings.mood_facts import find_mood_facts
from reports.findings.post_facts import find_account_facts, find_post_facts
from tests.period_rows import row


def posts(period: str, count: int, **given: bool) -> PeriodRow:
    return replace(row(period, count, documents=count, **given), keyword=None, handle="nasa")


def test_the_mean_is_said_with_its_highest_and_lowest_month() -> None:
    rows = [row("2020-03", 100, -0.1), row("2020-04", 50, 0.2), row("2020-05", 50, -0.3)]
    (fact,) = find_mood_facts("“covid”", rows, "mention")
    assert fact.text == (
        "The engine's mean polarity for “covid” is −0.07 (200 mentions); of the months with at "
        "least 30 it is highest in April 2020 (+0.20, 50 mentions) and lowest in May 2020 "
        "(−0.30, 50 mentions)."
    )
    assert (*fact.topic, *fact.answer) == ("mood", "2020-04", "2020-05")


def test_months_whose_means_hardly_differ_share_the_highest_place() -> None:
    means = [0.201, -0.3, 0.2, 0.193, 0.1, -0.298]
    rows = [row(f"2020-{month:02}", 50, mean) for month, mean in enumerate(means, 1)]
    (fact,) = find_mood_facts("“covid”", rows, "mention")
    assert fact.text.endswith(
        "it is highest in January 2020 (+0.20, 50 mentions), March 2020 (+0.20, 50 mentions) and "
        "April 2020 (+0.19, 50 mentions) and lowest in February 2020 (−0.30, 50 mentions) and June "
        "2020 (−0.30, 50 mentions)."
    )
    rows.append(row("2020-07", 50, 0.199))
    (fact,) = find_mood_facts("“covid”", rows, "mention")
    assert "it is highest in 4 months (about +0.20) and lowest in" in fact.text


def test_means_of_few_mentions_and_months_that_are_cut_off_are_not_ranked() -> None:
    rows = [row("2020-03", 29, -0.9), row("2020-04", 50, 0.2)]
    assert find_mood_facts("“covid”", rows, "mention") == []
    rows = [row("2020-03", 90, -0.9, cut_off=True), row("2020-04", 50, 0.2)]
    assert find_mood_facts("“covid”", rows, "mention") == []


def test_moods_of_several_engines_are_not_compared() -> None:
    rows = [row("2020-03", 100, -0.1), row("2020-04", 50, 0.2)]
    (fact,) = find_mood_facts("“covid”", rows, "mention", ["old/1", "new/2"])
    assert fact.text == (
        "The mood around “covid” is not compared over time: old/1 and new/2 have scored it, each "
        "on a scale of its own."
    )


def test_the_busiest_month_is_that_with_most_posts_a_day() -> None:
    rows = [posts("2020-01", 62), posts("2020-02", 60), posts("2020-03", 31)]
    (fact,) = find_post_facts("@nasa", rows)
    assert fact.text == (
        "@nasa posted most in February 2020 of 3 whole months: 60 posts, 2.1 a day; next is "
        "January 2020 with 2.0, fewest in March 2020 with 1.0."
    )
    (fact,) = find_post_facts("search:rain", rows[:2])
    assert fact.text == (
        "Most was posted on “rain” in February 2020 of 2 whole months: 60 posts, 2.1 a day; "
        "January 2020 has 2.0."
    )


def test_months_without_a_post_are_named_or_counted_and_have_no_rate() -> None:
    rows = [posts("2020-01", 62), posts("2020-02", 29), posts("2020-03", 0), posts("2020-04", 0)]
    (fact,) = find_post_facts("@nasa", rows[:3])
    assert fact.text.endswith("next is February 2020 with 1.0, none in March 2020.")
    (fact,) = find_post_facts("@nasa", rows)
    assert fact.text.endswith("next is February 2020 with 1.0, none in 2 months.")
    rows = [posts("2020-01", 62), posts("2020-03", 31), posts("2020-05", 31)]
    (fact,) = find_post_facts("@nasa", rows)
    assert fact.text.endswith("fewest in 2 months with 1.0.")


def test_accounts_are_compared_in_the_months_that_all_cover_whole() -> None:
    nasa = [posts("2020-01", 620), posts("2020-02", 58), posts("2020-03", 62)]
    esa = [posts("2020-02", 29), posts("2020-03", 31), posts("2020-04", 900)]
    facts = find_account_facts({"@nasa": nasa, "@esa": esa, "@empty": []})
    most, silent = [fact.text for fact in facts]
    assert most == (
        "@nasa posts more than @esa: 2.0 posts a day against 1.0, in the 2 months that are "
        "complete for those with posts (February 2020 to March 2020). Reposts count."
    )
    assert silent == "1 of 3 has no posts; the table says why."
    assert find_account_facts({"@nasa": nasa[:1], "@esa": esa[2:]}) == []
