"""The front page begins with three sentences, of as many subjects as it can."""

from __future__ import annotations

from reports.pages.front_page import FURTHER, arrange_sentences
from reports.pages.repeats import ALL


def test_each_subject_has_a_sentence_before_any_has_two() -> None:
    stated = {"a": ["a1", "a2"], "b": ["b1"], ALL: ["both"]}
    front = arrange_sentences(["a", "b"], stated.__getitem__)
    assert front.leading == ["a1", "b1", "both"]
    assert front.by_subject["a"].shown == ["a2"]
    assert front.by_subject["b"].shown == []


def test_a_single_subject_leads_with_three_of_its_own() -> None:
    stated = {"a": ["a1", "a2", "a3", "a4"], ALL: []}
    front = arrange_sentences(["a"], stated.__getitem__)
    assert front.leading == ["a1", "a2", "a3"]
    assert front.by_subject["a"].shown == ["a4"]


def test_no_sentence_stands_twice_and_the_rest_is_counted() -> None:
    many = [f"a{number}" for number in range(9)]
    stated = {"a": many, "b": ["b1", "b2"], ALL: []}
    front = arrange_sentences(["a", "b"], stated.__getitem__)
    assert front.leading == ["a0", "b1", "a1"]
    assert front.by_subject["a"].shown == many[2 : 2 + FURTHER]
    assert front.by_subject["a"].hidden == 9 - 2 - FURTHER
    assert front.by_subject["b"].shown == ["b2"]
