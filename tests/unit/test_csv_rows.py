"""Rows of CSV: a bad one costs itself alone, in bounded memory and time."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import csv_rows
from sources.csv_rows import Row, read_rows
from sources.file_reading import split_lines

CUT = "the file ends in the middle of this row"
UNCLOSED = "a quotation mark opens a field, and none closes it"
CELLS = st.text(alphabet='ab",;\n 1', max_size=8)
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
)


def rows(text: str, size: int = 7) -> list[Row]:
    pieces = iter([text[at : at + size] for at in range(0, len(text), size)])
    return list(read_rows(split_lines(pieces, csv_rows.LONGEST_ROW)))


@given(table=TABLES, size=st.integers(1, 30))
def test_a_table_comes_back_as_it_was_written_however_its_text_is_cut(
    table: list[list[str]], size: int
) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["a,b", "c"], *table])
    assert rows(out.getvalue(), size) == [["a,b", "c"], *table]


def test_a_quote_that_is_never_closed_costs_its_line_alone() -> None:
    others = [[str(number), "post"] for number in range(3, 60)]
    text = 'id,text\n1,a\n2,"unclosed\n' + "".join(f"{number},{text}\n" for number, text in others)
    assert rows(text) == [["id", "text"], ["1", "a"], UNCLOSED, *others]


def test_a_quote_that_a_later_row_closes_takes_none_of_the_rows_between() -> None:
    text = 'id,text\n1,"a"\n2,"unclosed\n3,c\n4,"fine"\n5,"e"\n'
    assert rows(text)[2:] == [UNCLOSED, ["3", "c"], ["4", "fine"], ["5", "e"]]


def test_a_file_that_ends_within_a_field_says_so() -> None:
    assert rows('id,text\n1,a\n2,"cut of') == [["id", "text"], ["1", "a"], UNCLOSED]


def test_quotes_within_a_line_are_read_as_far_as_they_can_be_meant() -> None:
    text = 'id,text,n\n1,"He said "hi" there",3\n2,5" wide,3\n3,"a ""b"" c",3\n'
    assert [row[0] for row in rows(text)] == ["id", "1", "2", "3"]
    assert [row[1] for row in rows(text)][2:] == ['5" wide', 'a "b" c']


@given(text=st.text(alphabet='a",\n\x00', max_size=60), size=st.integers(1, 9))
def test_no_text_raises_and_no_line_makes_two_rows(text: str, size: int) -> None:
    assert len(rows(text, size)) <= text.count("\n") + 1


def test_a_long_line_is_named_and_the_next_ones_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "LONGEST_ROW", 100)
    text = f'id,text\n1,{"a" * 200}\n2,"b\n{"c" * 200}"\n3,d\n'
    assert rows(text) == [
        ["id", "text"],
        "line 2 is longer than 100 characters: shorten it, or leave it out",
        UNCLOSED,
        "line 4 is longer than 100 characters: shorten it, or leave it out",
        ["3", "d"],
    ]


def test_a_first_line_that_is_too_long_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "LONGEST_ROW", 100)
    too_long = "line 2 is longer than 100 characters: shorten it, or leave it out"
    assert rows("\n" + "a" * 200 + "\n1,2\n") == [too_long]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("id,text,date\n1,a,b\n2,c", CUT),
        ("id,text,date\n1,a,b\n2,c,d", ["2", "c", "d"]),
        # Rows of some programs leave out empty fields at their end.
        ("id,text,date\n1,a\n2,c", ["2", "c"]),
        ("id,text,date\n1,a,b\n2,c\n", ["2", "c"]),
        ("id,text,date\n1,a,b\n2", CUT),
        ('id,text,date\n1,a,b\n2,"c\nd"', CUT),
        ("id,text,date", ["id", "text", "date"]),
    ],
)
def test_the_row_in_which_a_file_is_cut_is_none(text: str, last: Row) -> None:
    assert rows(text)[-1] == last


def test_the_last_row_of_a_damaged_file_is_none_unless_its_line_ended() -> None:
    for text, last in (("a,b\n1,2\n3,4", CUT), ("a,b\n1,2\n3,4\n", ["3", "4"])):
        lines = split_lines(iter([text]), csv_rows.LONGEST_ROW)
        assert list(read_rows(lines, ["its end is missing"]))[-1] == last


def test_a_row_of_many_lines_ends_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "LONGEST_ROW", 100)
    assert rows('id,text\n1,"' + "a\n" * 80 + "2,b\n")[1:] == [UNCLOSED, *[["a"]] * 79, ["2", "b"]]


def test_quotes_that_open_again_and_again_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "LONGEST_ROW", 1000)
    monkeypatch.setattr(csv_rows, "MAX_REREAD", 10_000)
    given_lines = 0

    def lines() -> Iterator[str]:
        nonlocal given_lines
        yield "id,text,more\n"
        for given_lines in range(100_000):  # noqa: B007 - counted
            yield 'y",z,"w\n'  # opens a field, and goes on exactly in one that is open

    found = list(read_rows(lines()))
    assert found[-1] == "too many quotation marks are not closed: the file was read no further"
    assert given_lines < 1000


def test_memory_is_bounded_by_the_longest_row_that_is_read() -> None:
    def chunks() -> Iterator[str]:
        yield "id,text\n1,"
        for _ in range(200):
            yield "a" * 250_000

        yield "\n2,b\n"

    tracemalloc.start()
    found = list(read_rows(split_lines(chunks(), csv_rows.LONGEST_ROW)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found[-1] == ["2", "b"]
    assert peak < 4 * csv_rows.LONGEST_ROW
