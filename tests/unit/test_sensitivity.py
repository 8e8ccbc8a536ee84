"""A highlight that rests on repeated texts says so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.findings.highlights import Highlight, Ranking
from reports.findings.sensitivity import ReadHighlights, caution_where_repeats_decide
from reports.words.periods import month_name
from reports.words.quantities import format_share

JANUARY = Highlight("share", ("peak", "2021-01"), "“x” stood out most in January: 1,932 of 2,044.")
FEWER = Highlight("share", ("peak", "2021-01"), "“x” stood out most in January: 112 of 2,000.")
FEBRUARY = Highlight("share", ("peak", "2021-02"), "“x” stood out most in February: 120 of 2,000.")


def reading(*highlights: Highlight) -> ReadHighlights:
    return lambda: highlights


def kept(highlights: Sequence[Highlight], without: dict[str, ReadHighlights]) -> list[str]:
    """Return the sentences with their notes."""
    checked = caution_where_repeats_decide(highlights, without)
    return [f"{each.text} {each.note}".strip() for each in checked]


def test_a_highlight_that_holds_without_the_patterns_is_printed_as_it_is() -> None:
    assert kept([JANUARY], {"the pattern “a”": reading(FEWER, FEBRUARY)}) == [JANUARY.text]


def test_a_highlight_that_does_not_hold_names_the_pattern_that_it_rests_on() -> None:
    without = {
        "the 2 largest patterns of repeats": reading(FEBRUARY),
        "the pattern “a”": reading(FEWER),
        "the pattern “b”": reading(FEBRUARY),
    }
    caution = "Without the pattern “b” this cannot be said."
    assert kept([JANUARY], without) == [f"{JANUARY.text} {caution}"]


def test_a_highlight_that_rests_on_several_patterns_together_says_so() -> None:
    without = {
        "the 2 largest patterns of repeats": reading(),
        "the pattern “a”": reading(FEWER),
        "the pattern “b”": reading(FEWER),
    }
    caution = "Without the 2 largest patterns of repeats this cannot be said."
    assert kept([JANUARY], without) == [f"{JANUARY.text} {caution}"]


def test_the_same_claim_of_another_kind_is_another_one() -> None:
    posts = Highlight("posts", JANUARY.claim, JANUARY.text)
    (text,) = kept([JANUARY], {"the pattern “a”": reading(posts)})
    assert text.endswith("Without the pattern “a” this cannot be said.")


def test_without_any_pattern_nothing_is_read_again() -> None:
    assert kept([JANUARY], {}) == [JANUARY.text]
    assert kept([], {"the pattern “a”": pytest.fail}) == []  # type: ignore[dict-item]


# --- highlights that name the highest month ---

APRIL = {"2020-03": 0.003, "2020-04": 0.026, "2020-05": 0.016, "2020-06": 0.008}


def ranking(values: dict[str, float], *highest: str, half_width: float = 0.004) -> Highlight:
    top = max(values, key=values.__getitem__)
    text = f"It was highest in {month_name(top, '%B')}."
    ranked = Ranking(values, frozenset(highest), half_width, format_share)
    return Highlight("share", ("among the highest", *highest), text, ranking=ranked)


def caution(before: Highlight, after: Highlight) -> str:
    (highlight,) = caution_where_repeats_decide([before], {"the pattern “a”": reading(after)})
    return highlight.note


def test_no_caution_is_printed_where_fewer_months_may_be_the_highest() -> None:
    """Four of a thousand mentions keep a month in the set: without them more can be said."""
    before = ranking(APRIL, "2020-04", "2020-05", "2020-06")
    assert caution(before, ranking(APRIL, "2020-04", "2020-05")) == ""
    assert caution(before, ranking(APRIL, "2020-04")) == ""


def test_another_highest_month_is_named_with_the_figure_that_is_left() -> None:
    """The set of the highest is the same, and so is the claim; the sentence is not."""
    highest = ("2020-04", "2020-05", "2020-06")
    after = ranking({**APRIL, "2020-04": 0.0147, "2020-05": 0.015}, *highest)
    assert caution(ranking(APRIL, *highest), after) == (
        "Without the pattern “a” it would be 1.5 % in April 2020, and May 2020 highest."
    )


def test_a_figure_that_changes_beyond_its_interval_is_named() -> None:
    before = ranking(APRIL, "2020-04")
    assert caution(before, ranking({**APRIL, "2020-04": 0.0225}, "2020-04")) == ""
    assert caution(before, ranking({**APRIL, "2020-04": 0.0215}, "2020-04")) == (
        "Without the pattern “a” it would be 2.1 % in April 2020."
    )


def test_months_that_may_be_the_highest_as_well_are_named() -> None:
    before = ranking(APRIL, "2020-04")
    assert caution(before, ranking(APRIL, "2020-04", "2020-05", "2020-06")) == (
        "Without the pattern “a” May 2020 and June 2020 could not be told apart from April 2020."
    )
    after = ranking({**APRIL, "2020-04": 0.018}, "2020-04", "2020-05")
    assert caution(before, after) == (
        "Without the pattern “a” it would be 1.8 % in April 2020, and May 2020 could not be told "
        "apart from April 2020."
    )


def test_a_highest_month_where_nothing_differs_any_more_cannot_be_said() -> None:
    none = Highlight("share", ("no change shown", "share"), "No clear change.")
    lost = "Without the pattern “a” this cannot be said."
    assert caution(ranking(APRIL, "2020-04"), none) == lost
    uncounted = ranking({"2020-05": 0.1, "2020-06": 0.0}, "2020-05")  # too few are left of April
    assert caution(ranking(APRIL, "2020-04"), uncounted) == lost


def test_a_change_that_a_pattern_hides_is_told_as_one() -> None:
    none = Highlight("share", ("no change shown", "share"), "No clear change.")
    few = Highlight("share", ("few",), "Not compared.")
    assert caution(none, ranking(APRIL, "2020-04")) == (
        "Without the pattern “a” a clear change is found."
    )
    assert caution(none, few) == "Without the pattern “a” this cannot be said."


def test_a_pair_that_still_differs_needs_not_be_the_clearest_one() -> None:
    pair, other = ("higher", "2020-05", "2020-06"), ("higher", "2020-05", "2020-07")
    before = Highlight("mood", pair, "It was higher in May than in June.")
    assert caution(before, Highlight("mood", other, "", implied={pair, other})) == ""
    assert caution(before, Highlight("mood", other, "", implied={other})) != ""


def test_the_pattern_that_takes_most_is_named_and_all_where_none_takes_as_much() -> None:
    before = ranking(APRIL, "2020-04")
    lower = ranking({**APRIL, "2020-04": 0.02}, "2020-04")
    moved = ranking({**APRIL, "2020-04": 0.01}, "2020-05")
    whole = "the 2 largest patterns of repeats"
    (text,) = kept([before], {whole: reading(moved), "a": reading(lower), "b": reading(moved)})
    assert text.endswith("Without b it would be 1.0 % in April 2020, and May 2020 highest.")
    (text,) = kept([before], {whole: reading(moved), "a": reading(lower), "b": reading(lower)})
    assert f"Without {whole} it would be 1.0 % in April 2020" in text


def test_a_caution_stands_after_the_note_of_the_highlight() -> None:
    (text,) = kept([Highlight("mood", ("moved",), "It moved.", "A note.")], {"b": reading()})
    assert text == "It moved. A note. Without b this cannot be said."


HIGHLIGHTS = st.lists(
    st.builds(Highlight, st.sampled_from(["share", "mood"]), st.tuples(st.text(max_size=2)),
              st.text(max_size=30)),
    max_size=4,
)  # fmt: skip


@given(HIGHLIGHTS, HIGHLIGHTS)
def test_each_highlight_is_kept_once_in_its_order(
    first: list[Highlight], second: list[Highlight]
) -> None:
    checked = caution_where_repeats_decide(first, {"the pattern “a”": reading(*second)})
    assert [each.text for each in checked] == [each.text for each in first]
    assert {each.note for each in checked} <= {"", "Without the pattern “a” this cannot be said."}
