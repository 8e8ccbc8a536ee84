"""The names that a document has beside its text: of its outlet, section, desk and tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.base import (
    LONGEST_ABSTRACT,
    LONGEST_NAME,
    MAX_TAGS,
    clean_abstract,
    clean_name,
    clean_tags,
)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("  The\n Guardian ", "The Guardian"),
        ("Le\x00Monde", "Le\ufffdMonde"),
        ("", None),
        (" \t", None),
        ("None", None),
        ("none", None),
        ("None but the Brave", "None but the Brave"),
        (None, None),
        (7, None),
        (["The Guardian"], None),
        ("a" * LONGEST_NAME, "a" * LONGEST_NAME),
        ("a" * (LONGEST_NAME + 1), None),
    ],
)
def test_a_name_is_one_line_and_what_is_none_is_none(written: object, name: str | None) -> None:
    assert clean_name(written) == name


@given(st.text(max_size=2 * LONGEST_NAME))
def test_a_cleaned_name_is_bounded_storable_and_stays_as_it_is(written: str) -> None:
    name = clean_name(written)
    if name is not None:
        assert name == " ".join(name.split())
        assert len(name) <= LONGEST_NAME
        assert name.encode()
        assert clean_name(name) == name


def test_an_abstract_is_cut_and_keeps_its_lines() -> None:
    assert clean_abstract(" One.\nTwo. ") == "One.\nTwo."
    assert clean_abstract("a" * 3000) == "a" * LONGEST_ABSTRACT
    assert [clean_abstract(value) for value in ("", "None", None, {})] == [None] * 4


def test_tags_are_names_each_once_and_so_many_at_most() -> None:
    assert clean_tags(["Sea", " Sea", "", None, {"value": "Sky"}, "Sky"]) == ("Sea", "Sky")
    assert clean_tags([str(number) for number in range(150)]) == tuple(map(str, range(MAX_TAGS)))
    assert [clean_tags(value) for value in ("Sea", None, {"a": "b"})] == [None] * 3
    assert clean_tags([]) == ()


def test_tags_are_bounded_and_storable() -> None:
    hostile = ["A" * 1_000_000, "a\0b", "c\ud800", *(f"t{number}" for number in range(10_000))]
    tags = clean_tags(hostile)
    assert tags is not None
    assert (len(tags), tags[:3]) == (MAX_TAGS, ("a\ufffdb", "c\ufffd", "t0"))
