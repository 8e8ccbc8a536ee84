"""The keyword's own terms are neutral where a mention is scored, and nothing else changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from analysis.options import Keyword
from analysis.text.masking import STAND_IN, mask_terms
from textapi.engine.polarity import text_polarity
from textapi.text.keywords import pattern
from textapi.text.sentences import split

WORDS = ["protest", "fever", "U.S.", "covid-19", "no", "very", "good", "deadly", "calms", "Ann"]


@pytest.mark.parametrize(
    ("sentence", "terms", "masked"),
    [
        ("Protests Calm the City.", ["protests"], "Topic Calm the City."),
        ("PROTESTS TURN VIOLENT", ["protests"], "TOPIC TURN VIOLENT"),
        (
            "A wave of covid-19 and of covid!",
            ["covid", "covid-19"],
            "A wave of topic and of topic!",
        ),
        (
            "Donald Trump and Trump Jr. Speak.",
            ["Trump", "Donald Trump"],
            "Topic Topic and Topic Jr. Speak.",
        ),
        ("Trump Jr. Speaks.", ["Trump Jr"], "Topic Topic Speaks."),
        ("Rain in the U.S. Ends.", ["U.S."], "Rain in the TOPIC Ends."),
        ("He likes the U.S.", ["U.S."], "He likes the TOPIC."),
        ("“No fever.”", ["fever"], "“No topic.”"),
        (
            "An anti-protest law, #protest, protests",
            ["protest"],
            "An anti-topic law, #topic, protests",
        ),
        ("Chapter 11 ends.", ["11"], "Chapter 0 ends."),
        ("Ann's fever", ["ann"], "Topic's fever"),
    ],
)
def test_each_word_of_a_term_becomes_the_stand_in_with_its_capitals(
    sentence: str, terms: list[str], masked: str
) -> None:
    assert mask_terms(sentence, map(pattern, terms)) == masked


def test_a_sentence_of_two_keywords_is_masked_for_each_by_its_own_terms() -> None:
    sentence = "Fever Spreads at Protests."
    fever, protests = Keyword.parse("fever"), Keyword.parse("protests:protest")
    assert mask_terms(sentence, fever.patterns) == "Topic Spreads at Protests."
    assert mask_terms(sentence, protests.patterns) == "Fever Spreads at Topic."


def test_the_stand_in_has_no_polarity_in_either_engine() -> None:
    for word in (STAND_IN, STAND_IN.title(), STAND_IN.upper()):
        assert text_polarity(word) == 0
        assert text_polarity(word, "compatible") == 0


@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=9),
    st.lists(st.sampled_from([str.lower, str.title, str.upper]), min_size=9, max_size=9),
    st.sampled_from(["", ".", "!", "?!"]),
)
def test_vader_scores_a_masked_sentence_as_if_its_lexicon_lacked_the_terms(
    words: list[str], cases: list[type[str.lower]], end: str
) -> None:
    sentence = " ".join(case(word) for case, word in zip(cases, words, strict=False)) + end
    analyzer = SentimentIntensityAnalyzer()
    before = analyzer.polarity_scores(mask_terms(sentence, map(pattern, ["fever", "protest"])))[
        "compound"
    ]
    for term in ("fever", "protest"):
        analyzer.lexicon.pop(term, None)

    assert before == analyzer.polarity_scores(sentence)["compound"]


@given(st.lists(st.sampled_from([*WORDS, "Jr.", "Mr.", "Ph.D.", "11"]), min_size=1, max_size=9))
def test_a_masked_sentence_has_as_many_words_and_is_one_sentence_as_before(
    words: list[str],
) -> None:
    for sentence in (" ".join(words) + ".", " ".join(map(str.title, words))):
        masked = mask_terms(
            sentence, map(pattern, ["U.S.", "protest", "Jr", "Ph.D.", "11", "covid-19"])
        )
        assert len(masked.split()) == len(sentence.split())
        if len(split(sentence)) == 1:
            assert len(split(masked)) == 1

        same_shape = [word.isupper() for word in masked.split()]
        assert same_shape == [word.isupper() for word in sentence.split()]
