"""Highlights say what the numbers show, and no more."""

from __future__ import annotations

from dataclasses import replace

from reports.figures.accounts import Account
from reports.highlights import account_highlights, handle_highlights, keyword_highlights
from reports.statistics import wilson_interval
from reports.tables.periods import PeriodRow


def row(
    period: str, matched: int | None, mean: float | None = None, half: float = 0.1
) -> PeriodRow:
    low, high = wilson_interval(matched, 1000) if matched is not None else (None, None)
    ends = (None, None) if mean is None else (mean - half, mean + half)
    state = "complete" if matched is not None else "no-data"
    share = None if matched is None else matched / 1000
    return PeriodRow(
        1,
        period,
        None,
        "c",
        None,
        state,
        1000,
        matched,
        matched,
        share,
        low,
        high,
        mean,
        *ends,
        period,
    )


def test_the_peak_is_the_month_with_the_greatest_share() -> None:
    first, *_ = keyword_highlights(
        "X", [row("2020-01", 3), row("2020-02", 9), row("2020-03", None)], {}
    )
    assert first == (
        "X stood out most in February 2020: 9 of 1,000 documents mention it, 0.90 % "
        "(95 % interval 0.47 % to 1.7 %)."
    )


def test_months_without_a_mention_are_called_a_true_zero() -> None:
    assert keyword_highlights("X", [row("2020-01", 0)], {}) == [
        "No document mentions X in the months that were read: a true zero."
    ]


def test_one_is_written_in_the_singular() -> None:
    only = replace(row("2020-01", 1), documents=1, share=1.0)
    assert "1 of 1 document mentions it, 100.0 %" in keyword_highlights("X", [only], {})[0]
    before = replace(row("2020-01", 0), documents=1)
    assert keyword_highlights("X", [before, row("2020-02", 2)], {})[-1] == (
        "X is first mentioned in February 2020; "
        "the only document of the months before does not mention it."
    )
    assert handle_highlights("@a", [row("2020-01", 1)], []) == [
        "@a posted most in January 2020: 1 post."
    ]


def test_the_posts_of_a_search_are_on_its_term_and_of_nobody() -> None:
    rows = [row("2020-01", 50, 0.5, 0.05), row("2020-02", 60, -0.5, 0.05)]
    assert handle_highlights("search:mars", rows, rows) == [
        "Most is posted on “mars” in February 2020: 60 posts.",
        (
            "The mood of the posts on “mars” changed by more than chance explains: "
            "highest in January 2020 (+0.50, n = 50), lowest in February 2020 (\u22120.50, n = 60)."
        ),
    ]


def test_an_interval_cut_at_an_end_of_the_scale_tests_as_before() -> None:
    cut = replace(row("2020-02", 50, 0.9, 0.3), polarity_high=1.0)
    whole = row("2020-02", 50, 0.9, 0.3)
    other = row("2020-01", 50, 0.55, 0.05)
    assert keyword_highlights("X", [other, cut], {}) == keyword_highlights("X", [other, whole], {})


def test_a_mean_whose_interval_is_the_whole_scale_is_compared_with_none() -> None:
    nothing = replace(row("2020-02", 5, 0.1), polarity_low=-1.0, polarity_high=1.0)
    assert len(keyword_highlights("X", [row("2020-01", 50, 0.5), nothing], {})) == 1


def test_months_without_data_give_no_highlight() -> None:
    assert keyword_highlights("X", [row("2020-01", None)], {}) == []


def test_polarities_that_differ_significantly_are_reported() -> None:
    sentences = keyword_highlights(
        "X", [row("2020-01", 50, 0.5, 0.05), row("2020-02", 50, -0.5, 0.05)], {}
    )
    assert sentences[1] == (
        "The mood around X changed by more than chance explains: "
        "highest in January 2020 (+0.50, n = 50), lowest in February 2020 (\u22120.50, n = 50)."
    )


def test_polarities_that_chance_explains_show_no_change() -> None:
    sentences = keyword_highlights("X", [row("2020-01", 50, 0.05), row("2020-02", 50, -0.05)], {})
    assert "shows no change beyond chance" in sentences[1]


def test_the_test_of_polarities_is_corrected_for_the_number_of_months() -> None:
    apart = [row("2020-01", 50, 0.15), row("2020-02", 50, 0.0)]  # two alone differ
    many = apart + [row(f"20{year}-03", 50, 0.07) for year in range(21, 51)]
    assert "changed by more than chance" in keyword_highlights("X", apart, {})[1]
    assert "no change" in keyword_highlights("X", many, {})[1]


def test_months_with_few_mentions_have_no_highlight_on_polarity() -> None:
    assert len(keyword_highlights("X", [row("2020-01", 4, 0.9), row("2020-02", 4, -0.9)], {})) == 1


def test_the_first_mention_is_reported_where_earlier_documents_were_read() -> None:
    sentences = keyword_highlights("X", [row("2020-01", 0), row("2020-02", 2)], {})
    assert sentences[-1] == (
        "X is first mentioned in February 2020; "
        "the 1,000 documents of the months before do not mention it."
    )


def test_accounts_are_compared_by_number_and_polarity() -> None:
    accounts = [
        Account("@a", 90, 80, 0.5, 0.45, 0.55),
        Account("@b", 10, 10, 0.0, -0.1, 0.1),
        Account("@c", 0, 0, None, None, None),
    ]
    sentences = account_highlights(accounts)
    assert sentences[0] == "@a has the most posts: 90 of 100."
    assert "The accounts differ in mood by more than chance explains" in sentences[1]
    assert "highest for @a (+0.50, n = 80), lowest for @b (0.00, n = 10)" in sentences[1]
    assert sentences[2] == "1 of 3 has no posts; the table says why."


def test_the_term_that_gained_most_is_reported_where_chance_does_not_explain_it() -> None:
    by_term = {
        "coronavirus": [row("2020-03", 760), row("2020-06", 140)],
        "covid-19": [row("2020-03", 6), row("2020-06", 20)],
    }
    together = [row("2020-03", 766), row("2020-06", 160)]
    assert keyword_highlights("X", together, by_term)[-1] == (
        "Of the words for it \u201ccovid-19\u201d gained most: "
        "6 of 766 mentions in March 2020, 20 of 160 in June 2020."
    )
    same = {
        "a": [row("2020-03", 50), row("2020-06", 48)],
        "b": [row("2020-03", 50), row("2020-06", 52)],
    }
    assert "gained" not in " ".join(keyword_highlights("X", together, same))


def test_months_without_a_document_before_the_first_mention_say_nothing() -> None:
    empty = PeriodRow(
        1,
        "2020-02",
        None,
        "c",
        None,
        "complete",
        0,
        0,
        0,
        None,
        None,
        None,
        None,
        None,
        None,
        "2020-02",
    )
    sentences = keyword_highlights("X", [empty, row("2020-03", 9)], {})
    assert "first mentioned" not in " ".join(sentences)
