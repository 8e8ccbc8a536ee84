from hypothesis import given
from hypothesis import strategies as st

from textapi.engine.input_limits import without_endless_signs, without_endless_words


def test_signs_end_after_twenty_and_words_are_cut_at_two_hundred() -> None:
    assert without_endless_signs("Ha" + "!?" * 50 + " ok") == "Ha" + "!?" * 10 + " ok"
    assert (
        without_endless_words("a" * 450 + " b")
        == "a" * 200 + " " + "a" * 200 + " " + "a" * 50 + " b"
    )


@given(st.text(max_size=20))
def test_what_is_short_stays_as_it_is(text: str) -> None:
    assert without_endless_words(without_endless_signs(text)) == text
