import pytest
from hypothesis import given
from hypothesis import strategies as st

from textapi.engine.summary import summarize, words
from textapi.text.sentences import sentences

TEXT = "The virus spreads. A cat sleeps.\nVirus crews fight the virus. Rain falls. Crews rest."


def test_words_say_something_and_are_lower_case() -> None:
    assert words("The President\u2019s men don't wait for COVID-19, it's 5 p.m.!") == [
        "president's", "men", "wait", "covid", "19", "5", "p",
    ]  # fmt: skip


def test_the_sentences_with_the_most_frequent_words_stand_in_the_order_of_the_text() -> None:
    # virus 3, crews 2: means 2 (virus spreads), 9/4 (virus crews fight virus), 3/2 (crews rest),
    # 1, 1
    assert summarize(TEXT, 0.2) == "Virus crews fight the virus."
    assert summarize(TEXT, 0.4) == "The virus spreads. Virus crews fight the virus."
    assert summarize(TEXT, 0.6) == "The virus spreads. Virus crews fight the virus. Crews rest."


def test_of_equals_the_earlier_is_taken_and_no_sentence_twice() -> None:
    assert summarize("One cat. Two dogs. One cat. Three birds.", 0.5) == "One cat. Two dogs."


@pytest.mark.parametrize("text", ["", " \n "])
def test_no_text_has_no_summary(text: str) -> None:
    assert summarize(text) == ""


@given(st.text(), st.floats(0, 1, exclude_min=True))
def test_a_summary_holds_at_least_one_sentence_and_no_more_than_its_share(
    text: str, proportion: float
) -> None:
    distinct = list(dict.fromkeys(sentences(text)))
    count = max(1, round(proportion * len(distinct)))
    assert len(summarize(text, proportion)) == (
        0 if not distinct else len(" ".join(s for s in distinct if s in _chosen(text, proportion)))
    )
    assert len(_chosen(text, proportion)) == min(count, len(distinct))


def _chosen(text: str, proportion: float) -> list[str]:
    """Every sentence the summary is made of, found again by walking through it."""
    rest, chosen = summarize(text, proportion), []
    for sentence in dict.fromkeys(sentences(text)):
        if rest == sentence or rest.startswith(sentence + " "):
            chosen.append(sentence)
            rest = rest[len(sentence) + 1 :]

    return chosen
