"""A highlight that rests on repeated texts says so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.highlights import Highlight
from reports.sensitivity import ReadHighlights, caution_where_repeats_decide

JANUARY = Highlight("share", ("peak", "2021-01"), "“x” stood out most in January: 1,932 of 2,044.")
FEWER = Highlight("share", ("peak", "2021-01"), "“x” stood out most in January: 112 of 2,000.")
FEBRUARY = Highlight("share", ("peak", "2021-02"), "“x” stood out most in February: 120 of 2,000.")


def reading(*highlights: Highlight) -> ReadHighlights:
    return lambda: highlights


def kept(highlights: Sequence[Highlight], without: dict[str, ReadHighlights]) -> list[str]:
    return [each.text for each in caution_where_repeats_decide(highlights, without)]


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


HIGHLIGHTS = st.lists(
    st.builds(Highlight, st.sampled_from(["share", "mood"]), st.tuples(st.text(max_size=2)),
              st.text(max_size=30)),
    max_size=4,
)  # fmt: skip


@given(HIGHLIGHTS, HIGHLIGHTS)
def test_each_highlight_is_kept_once_in_its_order(
    first: list[Highlight], second: list[Highlight]
) -> None:
    sentences = kept(first, {"the pattern “a”": reading(*second)})
    assert len(sentences) == len(first)
    for highlight, printed in zip(first, sentences, strict=True):
        caution = f"{highlight.text} Without the pattern “a” this cannot be said."
        assert printed in {highlight.text, caution}
