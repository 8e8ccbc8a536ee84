import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from textapi.engine.polarity import (
    Mode,
    most_negative,
    most_positive,
    polarity_by_sentence,
    text_polarity,
)
from textapi.text.sentences import sentences

VADER = SentimentIntensityAnalyzer()
MIXED = "A wonderful day. A dull day.\nA terrible, horrible day! Great joy"
MODES: tuple[Mode, ...] = ("vader", "compatible", "news")
PLAIN = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(["good", "bad", "not", "VERY", "but", "😀", ".", "\n"])).map(
        " ".join
    )
)
def test_vader_is_the_mean_of_what_the_library_says_of_each_sentence(text: str) -> None:
    scores = [
        VADER.polarity_scores(sentence.translate(PLAIN))["compound"] for sentence in sentences(text)
    ]
    assert text_polarity(text) == pytest.approx(
        math.fsum(scores) / len(scores) if scores else 0.0, abs=1e-12
    )


@pytest.mark.parametrize("text", ["I don't like it", 'It isn\'t "great" at all', "'Good'"])
def test_vader_reads_curly_quotes_as_plain_ones(text: str) -> None:
    curly = text.replace("'", "\u2019").replace('"', "\u201d")
    assert text_polarity(curly) == text_polarity(text) == VADER.polarity_scores(text)["compound"]


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(["good", "bad", "not", "very", "awful", ".", "\n"])).map(" ".join)
)
def test_compatible_is_what_the_lexicon_says_of_the_whole_text(text: str) -> None:
    from textblob import TextBlob  # noqa: PLC0415 - 2 s that no other process of the tests needs

    assert text_polarity(text, "compatible") == pytest.approx(
        TextBlob(text).sentiment.polarity, abs=1e-12
    )


def test_compatible_is_never_averaged() -> None:
    assert text_polarity("Good. Nothing. Nothing.", "compatible") == pytest.approx(0.7)


@pytest.mark.parametrize("mode", MODES)
@given(text=st.text())
def test_any_text_has_a_polarity_within_bounds(mode: Mode, text: str) -> None:
    assert -1 <= text_polarity(text, mode) <= 1
    assert [sentence for _, sentence in polarity_by_sentence(text, mode)] == sentences(text)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_to_score_is_neutral(mode: Mode) -> None:
    assert text_polarity("", mode) == 0
    assert polarity_by_sentence(" \n", mode) == []


def test_the_most_positive_and_negative_come_first_and_equals_in_their_order() -> None:
    assert most_positive(MIXED, 2) == ["Great joy", "A wonderful day."]
    assert most_negative(MIXED, 2) == ["A terrible, horrible day!", "A dull day."]
    assert most_positive("One. Two. Good. One.", 9) == ["Good.", "One.", "Two."]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", ["good ", "no not bad but ", "a", "😀", "!", " "])
def test_an_endless_sentence_takes_no_endless_time(piece: str) -> None:
    assert -1 <= text_polarity((piece * 20_000)[:20_000]) <= 1


def test_the_light_parts_of_the_engine_import_no_library() -> None:
    program = (
        "import sys\n"
        "import textapi.text.sentences, textapi.text.keywords\n"
        "import textapi.engine.polarity, textapi.engine.summary\n"
        "print(sorted({'spacy', 'numpy', 'textblob', 'nltk', 'vaderSentiment'} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
