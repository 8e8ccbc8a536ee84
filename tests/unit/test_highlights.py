"""Highlights say what the numbers show, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from reports.data.daily_counts import no_documents
from reports.data.tables.periods import PeriodRow
from reports.findings.highlights import (
    Highlight,
    account_highlights,
    handle_highlights,
    keyword_highlights,
)
from tests.highlight_rows import row


def months(*matched: int | None, mean: float | None = None) -> list[PeriodRow]:
    periods = [f"{2020 + place // 12}-{place % 12 + 1:02d}" for place in range(len(matched))]
    return [row(period, n, mean) for period, n in zip(periods, matched, strict=True)]


def of_kind(kind: str, highlights: Sequence[Highlight]) -> Highlight | None:
    (highlight,) = [h for h in highlights if h.kind == kind] or [None]
    return highlight


def keyword(kind: str, rows: Sequence[PeriodRow], **by_term: list[PeriodRow]) -> Highlight | None:
    return of_kind(kind, keyword_highlights("X", rows, by_term))


def constant_days(rows: Sequence[PeriodRow], seed: int = 1) -> dict[str, list[int]]:
    """Spread the posts of each month over its days at random."""
    rng = np.random.default_rng(seed)
    days = {}
    for of_month in rows:
        length = len(no_documents(of_month.period))
        chances = [1 / length] * length
        days[of_month.period] = rng.multinomial(of_month.mentions or 0, chances).tolist()
    return days


# --- shares ---


def test_a_peak_is_named_where_it_differs_from_every_other_month() -> None:
    assert keyword("share", months(30, 90, 40)) == Highlight(
        "share",
        ("peak", "2020-02"),
        "X stood out most in February 2020: 90 of 1,000 documents mention it, 9.0 % "
        "(95 % interval 7.4 % to 10.9 %), more than in any other of the 3 months compared "
        "(next: March 2020, 4.0 %).",
    )


def test_a_peak_that_chance_explains_is_not_named() -> None:
    """97 of 2,781 documents against 100 of 3,090 a year before."""
    rows = [row("2020-12", 100, documents=3090), row("2021-12", 97, documents=2781)]
    highlight = keyword("share", rows)
    assert highlight is not None
    assert highlight.claim == ("no change shown", highlight.kind)
    assert highlight.text == (
        "No clear change of the share of documents that mention X was found; the figures rule out "
        "only differences above 1.6 percentage points (2 months compared)."
    )


def test_months_that_cannot_be_told_from_the_highest_are_named_with_it() -> None:
    highlight = keyword("share", months(30, 90, 95, 35))
    assert highlight is not None
    assert highlight.claim == ("among the highest", "2020-02", "2020-03")
    assert highlight.text == (
        "The share of documents that mention X moved. It was highest in March 2020 (9.5 %), "
        "but February 2020 (9.0 %) cannot be told apart from it (4 months compared)."
    )


def test_all_that_cannot_be_told_from_the_highest_are_named_the_higher_first() -> None:
    highlight = keyword("share", months(30, 90, 95, 85, 80))
    assert highlight is not None
    assert "March 2020 (9.5 %), but February 2020 (9.0 %), April 2020 (8.5 %) and May" in (
        highlight.text
    )


def test_many_months_that_cannot_be_told_from_the_highest_are_counted() -> None:
    highlight = keyword("share", months(*[90] * 6, *[40] * 6))
    assert highlight is not None
    assert highlight.claim == ("moved", "share")
    assert "no month stands out: 5 of the other 11 months cannot be told" in highlight.text


def test_bursts_that_hide_a_difference_between_separate_intervals_are_named() -> None:
    rows = [row("2020-01", 60), row("2020-02", 200, dispersion=5.0), row("2020-03", 110)]
    highlight = keyword("share", rows)
    assert highlight is not None
    assert highlight.claim == ("among the highest", "2020-02", "2020-03")
    assert highlight.note == (
        "The 95 % intervals of February 2020 and March 2020 do not overlap, but mentions came in "
        "bursts, most of all in February 2020 (its days vary 5 times as much as chance allows)."
    )


def test_separate_intervals_without_bursts_are_below_the_strict_level() -> None:
    highlight = keyword("share", months(90, 129))
    assert highlight is not None
    assert highlight.claim == ("no change shown", "share")
    assert highlight.note == (
        "The 95 % intervals of January 2020 and February 2020 do not overlap, but that is not "
        "beyond the strict level of this page."
    )


def test_no_reason_is_given_where_the_intervals_overlap() -> None:
    highlight = keyword("share", months(30, 90, 95, 35))
    assert highlight is not None
    assert highlight.note == ""


def test_a_peak_made_by_a_few_days_is_not_named() -> None:
    """On most days of such a month as few documents mention it as in the others."""
    rows = months(30, 90, 40)
    bursts = [replace(of_month, dispersion=8.0) for of_month in rows]
    highlight = keyword("share", bursts)
    assert highlight is not None
    assert highlight.claim == ("no change shown", highlight.kind)


def test_a_cut_off_month_is_in_no_highlight() -> None:
    rows = months(30, 90, 35)
    cut = [rows[0], replace(rows[1], cut_off=True), rows[2]]
    highlight = keyword("share", cut)
    assert highlight is not None
    assert highlight.claim == ("no change shown", highlight.kind)
    assert "(2 months compared)" in highlight.text


def test_months_without_a_mention_are_called_a_true_zero() -> None:
    assert keyword_highlights("X", months(0), {}) == [
        Highlight(
            "share",
            ("never",),
            "No document mentions X in the months that were read: a true zero.",
        )
    ]


def test_one_month_is_compared_with_none_and_written_in_the_singular() -> None:
    only = row("2020-01", 1, documents=1)
    (highlight,) = keyword_highlights("X", [only], {})
    assert highlight.text.startswith("In January 2020 1 of 1 document mentions X, 100.0 % (95 %")


def test_too_few_documents_are_not_compared() -> None:
    highlight = keyword("share", months(1, 0, 1))
    assert highlight is not None
    assert highlight.text == (
        "The months of X are not compared: too few documents mention it (2 of 3,000 documents in "
        "all)."
    )


def test_months_without_data_give_no_highlight() -> None:
    assert keyword_highlights("X", months(None), {}) == []


# --- moods ---


def test_the_pair_of_months_that_differs_most_surely_is_named() -> None:
    rows = [row("2020-01", 200, 0.0), row("2020-02", 200, -0.3), row("2020-03", 12, -0.4)]
    assert keyword("mood", rows) == Highlight(
        "mood",
        ("higher", "2020-01", "2020-02"),
        "The mood around X moved: it was higher in January 2020 (0.00, n = 200) than in February "
        "2020 (\u22120.30, n = 200); 2 of 3 pairs of months differ.",
    )


def test_a_change_among_large_months_is_seen_where_the_extremes_are_the_small_ones() -> None:
    """The highest and the lowest mean are those of the smallest months and prove nothing."""
    small = [row("2020-01", 12, 0.2), row("2020-02", 12, -0.2)]
    large = [row("2020-03", 900, 0.05), row("2020-04", 900, -0.05)]
    highlight = keyword("mood", small + large)
    assert highlight is not None
    assert highlight.claim == ("higher", "2020-03", "2020-04")


def test_no_change_is_never_said_without_its_bound() -> None:
    highlight = keyword("mood", [row("2020-01", 50, 0.05), row("2020-02", 50, 0.0)])
    assert highlight is not None
    # 0.05 + t(98; 1 - 0.0025)·0.3·√(2/50) = 0.05 + 2.874·0.06
    assert highlight.text == (
        "No clear change of the mood around X was found; the figures rule out only differences "
        "above 0.22 (2 months compared)."
    )


@pytest.mark.parametrize(("n", "bound"), [(30, "0.28"), (20, "0.33")])
def test_a_bound_on_the_mood_above_a_third_of_a_point_or_so_tells_next_to_nothing(
    n: int, bound: str
) -> None:
    highlight = keyword("mood", [row("2020-01", n, 0.05), row("2020-02", n, 0.0)])
    assert highlight is not None
    assert highlight.text.startswith("Too few or too uneven to tell") == (n == 20)
    assert f"rule out only differences above {bound} (2 months" in highlight.text


def test_a_bound_on_a_share_of_more_than_half_of_it_tells_next_to_nothing() -> None:
    highlight = keyword("share", months(20, 22, 19))
    assert highlight is not None
    assert highlight.text == (
        "Too few or too uneven to tell whether the share of documents that mention X changed: the "
        "figures rule out only differences above 2.3 percentage points (3 months compared)."
    )


def test_moods_that_differ_without_a_clear_pair_are_said_to_vary() -> None:
    rows = [row(r.period, 100, 0.07 * (-1) ** place) for place, r in enumerate(months(*[9] * 28))]
    highlight = keyword("mood", rows)
    assert highlight is not None
    assert highlight.claim == ("moved", "mood")
    assert highlight.text == (
        "The mood around X varied more than chance allows over 28 months, but no single pair of "
        "months is clear."
    )
    assert highlight.note == (
        "The 95 % intervals of 196 pairs of months, such as January 2020 and February 2020, do not "
        "overlap, but that is not beyond the strict level of this page."
    )


def test_the_months_that_are_not_compared_with_an_only_pair_are_accounted_for() -> None:
    pair = [row("2020-01", 200, 0.0), row("2020-02", 200, -0.3)]
    few, cut = row("2020-03", 9, 0.9), row("2020-04", 200, 0.9, cut_off=True)
    endings = {}
    for others in ((), (few,), (few, cut), (row("2020-03", None),)):
        highlight = keyword("mood", [*pair, *others])
        assert highlight is not None
        endings[others] = highlight.text.partition("(\u22120.30, n = 200)")[2]
    assert list(endings.values()) == [
        ".",
        "; the others have fewer than ten mentions.",
        "; the others have fewer than ten mentions or are cut off.",
        "; the others have no data.",
    ]


def test_moods_that_two_engines_have_scored_are_not_compared() -> None:
    rows = [row(f"2020-{month:02}", 400, month / 20) for month in range(1, 13)]

    def mood_texts(*engines: str) -> list[str]:
        highlights = keyword_highlights("X", rows, {}, engines)
        return [highlight.text for highlight in highlights if "mood" in highlight.text]

    assert len(mood_texts("vader-1")) == 2
    refusal = (
        "The moods around X are not compared over time: news-1 and vader-1 have scored them, each "
        "on a scale of its own."
    )
    assert mood_texts("news-1", "vader-1") == [refusal]


def test_months_with_few_mentions_take_no_part_in_moods() -> None:
    assert keyword("mood", [row("2020-01", 9, 0.9), row("2020-02", 9, -0.9)]) is None
    rows = [row("2020-01", 10, 0.9), row("2020-02", 9, -0.9), row("2020-03", 10, -0.9)]
    highlight = keyword("mood", rows)
    assert highlight is not None
    assert highlight.claim == ("higher", "2020-01", "2020-03")


def test_the_mood_of_a_cut_off_month_is_in_no_highlight() -> None:
    rows = [row("2020-01", 200, 0.3, cut_off=True), row("2020-02", 200, 0.0)]
    assert keyword("mood", rows) is None
    rows.append(row("2020-03", 200, 0.0))
    highlight = keyword("mood", rows)
    assert highlight is not None
    assert highlight.claim == ("no change shown", "mood")


def test_a_few_equal_polarities_are_told_from_none() -> None:
    """Small months of zeros alone look sure, and are not."""
    zeros = row("2020-01", 12, 0.0, spread=0.001)
    rows = [zeros, row("2020-02", 400, 0.1), row("2020-03", 400, 0.1), row("2020-04", 400, -0.1)]
    highlight = keyword("mood", rows)
    assert highlight is not None
    assert highlight.text.endswith("; 2 of 6 pairs of months differ.")


def test_an_interval_cut_at_an_end_of_the_scale_tests_as_before() -> None:
    whole = row("2020-02", 20, 0.9)
    other = row("2020-01", 50, 0.55)
    assert whole.polarity_high == 1.0
    assert whole.polarity_low == pytest.approx(0.9 - 0.1404, abs=1e-4)
    highlight = keyword("mood", [other, whole])
    assert highlight is not None
    assert highlight.claim == ("higher", "2020-02", "2020-01")


# --- trends ---


def test_a_trend_is_named_with_its_slope_and_interval() -> None:
    # p = .066 of 1,000: t(22; 1 - 0.00125)·√(.066·.934 / 1000 / 1150) = 3.41·0.000232
    highlight = keyword("trend", months(*range(20, 116, 4)))
    assert highlight is not None
    assert highlight.claim == ("trend", "share", "up")
    assert highlight.text == (
        "A straight line fitted to the share of documents that mention X rises by 0.4 percentage "
        "points a month (99.75 % interval 0.32 to 0.48, 24 months)."
    )


def test_a_large_change_is_written_out() -> None:
    rows = months(*[30 * place + 60 for place in range(1, 25)])
    days = {r.period: [(r.mentions or 0) * 31] * len(no_documents(r.period)) for r in rows}
    highlight = of_kind("trend", handle_highlights("@a", rows, [], days))
    assert highlight is not None
    assert "a day rises by 930 a month (99.75 % interval 928 to 932" in highlight.text


def test_a_step_is_named_as_one_and_not_as_a_slope() -> None:
    """3.9 posts a day for 18 months, and 0.2 after: no month is 0.2 lower than the one before."""
    rows = months(*[117] * 18, *[6] * 14)
    highlight = of_kind("trend", handle_highlights("@a", rows, [], constant_days(rows)))
    assert highlight is not None
    assert highlight.claim == ("step", "posts", "down", "2021-07")
    assert highlight.text == (
        "The number of posts of @a a day fell in one step rather than month by month: 3.9 on "
        "average to June 2021, 0.2 from July 2021 on (32 months)."
    )


def test_a_spike_is_no_trend() -> None:
    assert keyword("trend", months(*[20] * 20, 200, *[20] * 3)) is None


def test_a_mood_that_falls_is_named() -> None:
    rows = []
    for place, of_month in enumerate(months(*[100] * 24)):
        rows.append(row(of_month.period, 100, 0.3 - 0.02 * place))
    highlight = keyword("trend", rows)
    assert highlight is not None
    assert highlight.claim == ("trend", "mood", "down")


# --- wording, subjects, first mentions ---


def test_the_term_that_overtakes_another_is_named() -> None:
    highlight = keyword("wording", months(90, 70), a=months(80, 10), b=months(10, 60))
    assert highlight == Highlight(
        "wording",
        ("overtakes", "b", "a", "2020-02"),
        "“b” overtook “a” in February 2020: 10 to 80 documents before, 60 to 10 from then on.",
    )


def test_the_term_that_gained_most_is_named_where_chance_does_not_explain_it() -> None:
    by_term = {
        "coronavirus": [row("2020-03", 760), row("2020-06", 140)],
        "covid-19": [row("2020-03", 6), row("2020-06", 20)],
    }
    together = [row("2020-03", 766), row("2020-06", 160)]
    highlight = of_kind("wording", keyword_highlights("X", together, by_term))
    assert highlight is not None
    assert highlight.text == (
        "Of the words for it “covid-19” gained most: 6 of 766 mentions in March 2020, 20 of 160 in "
        "June 2020."
    )
    assert keyword("wording", months(100, 100), a=months(50, 48), b=months(50, 52)) is None


def test_the_first_mention_is_named_where_chance_would_not_have_put_it_so_late() -> None:
    assert keyword("first", months(0, 0, 8)) == Highlight(
        "first",
        ("first", "2020-03"),
        "X is first mentioned in March 2020; none of the 2,000 documents of the months before "
        "mentions it.",
    )
    assert keyword("first", months(0, 2, 3)) is None
    assert keyword("first", months(8, 0)) is None


def test_months_without_a_document_before_the_first_mention_say_nothing() -> None:
    assert keyword("first", [row("2020-02", 0, documents=0), row("2020-03", 9)]) is None


# --- accounts ---


def test_the_month_of_most_posts_is_named_where_its_days_differ_from_others() -> None:
    rows = months(100, 300, 110, 95)
    (highlight,) = handle_highlights("@a", rows, [], constant_days(rows))
    assert highlight == Highlight(
        "posts",
        ("peak", "2020-02"),
        "@a posted most in February 2020: 10.3 posts a day, more than in any other of the 4 months "
        "compared (next: March 2020, 3.5).",
    )


def test_one_day_of_many_posts_makes_no_month_of_most_posts() -> None:
    rows = months(60, 160, 62)
    days = constant_days(months(60, 60, 62))
    days["2020-02"][10] += 100
    (highlight,) = handle_highlights("@a", rows, [], days)
    assert highlight.claim == ("no change shown", highlight.kind)
    assert highlight.text == (
        "Too few or too uneven to tell whether the number of posts of @a a day changed: the "
        "figures rule out only differences above 11.3 (3 months compared)."
    )


def test_a_half_covered_month_has_not_fewer_posts() -> None:
    """15 days were collected of one month, and 11 of another."""
    rows = months(100, 300, 110)
    cut = [rows[0], replace(rows[1], cut_off=True), rows[2]]
    highlight = of_kind("posts", handle_highlights("@a", cut, [], constant_days(rows)))
    assert highlight is not None
    assert highlight.claim == ("no change shown", highlight.kind)


def test_the_posts_of_a_search_are_on_its_term_and_of_nobody() -> None:
    rows = months(100, 300, 110)
    scored = [row("2020-01", 50, 0.5), row("2020-02", 60, -0.5)]
    posts, mood = handle_highlights("search:mars", rows, scored, constant_days(rows))
    assert posts.text.startswith("Most was posted on “mars” in February 2020: 10.3 posts a day")
    assert mood.text.startswith("The mood of the posts on “mars” moved: it was higher in January")


def test_the_account_that_posts_most_is_named_by_the_months_that_all_cover() -> None:
    rows = {"@a": months(300, 290, 310), "@b": months(None, 90, 100), "@c": []}
    days = {"@a": constant_days(rows["@a"]), "@b": constant_days(rows["@b"], 2), "@c": {}}
    first, second = account_highlights(rows, days)
    assert first.claim == ("most", "@a")
    assert first.text == (
        "@a posts more than @b: 10.0 posts a day against 3.2, in the 2 months that are complete "
        "for both (February 2020 to March 2020). Reposts count."
    )
    assert second.text == "1 of 3 has no posts; the table says why."


def test_of_three_accounts_one_posts_most() -> None:
    rows = {"@a": months(90), "@b": months(310), "@c": months(60)}
    days = {name: constant_days(rows[name]) for name in rows}
    (highlight,) = account_highlights(rows, days)
    assert highlight.text == (
        "@b posts most of 3: 10.0 posts a day against 2.9 of @a, the next, in the 1 month that is "
        "complete for all (January 2020). Reposts count."
    )


def test_accounts_that_no_month_covers_together_are_not_compared() -> None:
    rows = {"@a": months(300, None), "@b": months(None, 90)}
    assert account_highlights(rows, {name: constant_days(rows[name]) for name in rows}) == []


def test_the_moods_of_accounts_are_never_compared() -> None:
    rows = {"@a": months(900, 900, mean=0.9), "@b": months(900, 900, mean=-0.9)}
    days = {name: constant_days(rows[name]) for name in rows}
    assert not any("mood" in h.text for h in account_highlights(rows, days))


def test_claims_hold_no_figures_that_vary_a_little() -> None:
    first = keyword_highlights("X", months(30, 90, 40, mean=0.1), {})
    second = keyword_highlights("X", months(31, 88, 40, mean=0.1), {})
    assert [h.text for h in first] != [h.text for h in second]
    assert [h.claim for h in first] == [h.claim for h in second]
    assert len({h.claim for h in first}) == len(first)
