from hypothesis import given
from hypothesis import strategies as st

from textapi.engine.input_limits import (
    LONGEST_LINE,
    cut_endless_line,
    without_endless_signs,
    without_endless_words,
)
from textapi.text.size import count_words


def test_signs_end_after_twenty_and_words_are_cut_at_two_hundred() -> None:
    assert without_endless_signs("Ha" + "!?" * 50 + " ok") == "Ha" + "!?" * 10 + " ok"
    assert (
        without_endless_words("a" * 450 + " b")
        == "a" * 200 + " " + "a" * 200 + " " + "a" * 50 + " b"
    )


@given(st.text(max_size=20))
def test_what_is_short_stays_as_it_is(text: str) -> None:
    assert without_endless_words(without_endless_signs(text)) == text


def test_an_endless_line_is_cut_between_its_sentences() -> None:
    sentences = "Good day, Angela Merkel of New York! " * 1000  # nine words and signs each
    pieces = cut_endless_line(sentences)
    assert "".join(pieces) == sentences
    assert len(pieces) == 2
    assert all(piece.startswith("Good day") and piece.endswith("! ") for piece in pieces)
    assert count_words(pieces[0]) == LONGEST_LINE // 9 * 9


@given(
    st.lists(st.sampled_from(["a ", "b,", ". ", "! A", "\U0001f600", "  "]), max_size=8),
    st.integers(0, 3_000),
)
def test_the_pieces_of_a_line_are_the_line_and_none_is_endless(parts: list[str], n: int) -> None:
    line = "".join(parts) * n
    pieces = cut_endless_line(line)
    assert "".join(pieces) == line
    assert max(map(count_words, pieces)) <= LONGEST_LINE
    assert len(pieces) == 1 or all(pieces)
    assert len(pieces) <= 1 + 2 * count_words(line) // LONGEST_LINE
