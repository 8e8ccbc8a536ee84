"""Splitting JSON into its documents: as the standard library does, but robust against faults."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import jsonstream
from sources.jsonstream import Element, parse_elements

ROOT = {()}
SIZES = st.integers(1, 40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def pieces(text: str, size: int) -> Iterator[str]:
    return iter([text[at : at + size] for at in range(0, len(text), size)])


def read(text: str, size: int = 7) -> list[Element]:
    found = parse_elements(pieces(text, size), lists={(), ("a", "docs")}, objects={(), ("a",)})
    return [element for element in found if element.value != [] or element.index is not None]


@given(
    values=st.lists(VALUES), size=SIZES, indent=st.sampled_from([None, 1]), ascii_only=st.booleans()
)
def test_a_list_comes_out_as_it_is_however_its_text_is_cut(
    values: list[Any], size: int, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    if not ascii_only:
        text = text.encode("utf-8", "replace").decode()
        values = json.loads(text)

    assert read(text, size) == [Element((), index, value) for index, value in enumerate(values)]


@given(values=st.lists(VALUES), cut=st.integers(1, 60), size=SIZES)
def test_a_truncated_list_keeps_what_is_whole_and_ends_with_the_reason(
    values: list[Any], cut: int, size: int
) -> None:
    text = json.dumps(values)
    short = text[: max(1, len(text) - cut)]
    *good, last = read(short, size)
    assert last.wrong is not None
    kept = [element.value for element in good if element.wrong is None]
    assert kept == values[: len(kept)]
    assert len(kept) >= len(values) - cut


@given(
    values=st.lists(st.dictionaries(st.text(), st.text()), min_size=1),
    where=st.integers(0, 50),
    size=SIZES,
)
def test_one_broken_document_costs_no_other(values: list[Any], where: int, size: int) -> None:
    bad = where % len(values)
    texts = [json.dumps(value) for value in values]
    texts[bad] = '{"x": nul}'
    found = read(f"[{', '.join(texts)}]", size)
    assert [element.value for element in found if element.index != bad] == [
        v for n, v in enumerate(values) if n != bad
    ]
    assert found[bad].wrong is not None


@given(text=st.text(alphabet='[]{},:" 1a\\\n\udcff', max_size=40), size=st.integers(1, 10))
def test_no_text_whatever_raises_or_hangs(text: str, size: int) -> None:
    assert len(read(text, size)) <= len(text) + 2


def test_lists_are_found_by_their_path_and_what_stands_beside_them_is_told() -> None:
    found = read('{"b": 1, "a": {"meta": {"hits": 2}, "docs": [{"x": 1}, 2]}, "c": [3]}')
    assert [(element.path, element.index, element.value) for element in found] == [
        (("b",), None, 1),
        (("a", "meta"), None, {"hits": 2}),
        (("a", "docs"), 0, {"x": 1}),
        (("a", "docs"), 1, 2),
        (("c",), None, [3]),
    ]


def test_commas_and_brackets_too_many_lose_nothing() -> None:
    found = read('[{"a": 1},, {"a": 2}} {"a": 3},]')
    assert [element.value for element in found if element.wrong is None] == [
        {"a": 1},
        {"a": 2},
        {"a": 3},
    ]


def test_a_number_is_whole_only_at_its_border() -> None:
    for size in range(1, 8):
        assert [element.value for element in read("[1e+16, 12.5, -3, null]", size)] == [
            1e16,
            12.5,
            -3,
            None,
        ]


def test_text_behind_the_end_is_named() -> None:
    assert read("[1] x")[-1] == Element(
        (), None, wrong="there is more text behind the end of the JSON"
    )
    assert read("[1];\n") == [Element((), 0, 1)]


def test_a_document_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonstream, "LONGEST", 1000)
    found = read('[1, {"a": "' + "x" * 5000, size=100)
    assert [(element.index, element.wrong) for element in found] == [
        (0, None),
        (1, "a document that does not end within 1,000 characters: shorten it, or leave it out"),
    ]


def test_numbers_and_nesting_beyond_reason_cost_their_document_alone() -> None:
    found = read(f"[1, {'9' * 5000}, {'[' * 200_000}{']' * 200_000}, 2]", size=4096)
    assert [element.value for element in found if element.wrong is None] == [1, 2]
    assert [element.index for element in found if element.wrong] == [1, 2]


def test_memory_does_not_grow_with_the_number_of_documents() -> None:
    def chunks(count: int) -> Iterator[str]:
        yield "["
        for number in range(count):
            yield json.dumps({"n": number, "text": "x" * 200}) + ","

        yield "0]"

    def peak(count: int) -> int:
        tracemalloc.start()
        total = sum(1 for _ in parse_elements(chunks(count), lists=ROOT, objects=ROOT))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert total == count + 2
        return found

    small = peak(1_000)
    assert peak(10_000) < small + 200_000
