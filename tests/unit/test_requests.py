"""Batches of texts: what goes into one call, and which answer belongs to which text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ServiceBadAnswer
from textapi.packing import chunks
from textapi.requests import (
    KeywordBatch,
    PolarityBatch,
    keyword_batches,
    keyword_key,
    polarity_key,
    polarity_of,
    polarity_requests,
    summary_of,
)
from textapi.text.keywords import sentences_with
from textapi.text.sentences import sentences, split

TEXTS = (
    "Covid is back. Stay in.",
    "No news today.",
    "A Covid ward. Long Covid is back.",
    "Covid is back.",
)


def test_each_sentence_goes_to_the_text_it_stands_in_even_where_it_stands_in_several() -> None:
    batch = KeywordBatch("e", TEXTS, ("covid", "news"))
    body = batch.body(batch.keys)
    answers = batch.answers(sentences_with(body["text"], body["keywords"]), batch.keys)
    assert [json.loads(answers[keyword_key("e", "covid", text)]) for text in TEXTS] == [
        ["Covid is back."],
        [],
        ["A Covid ward.", "Long Covid is back."],
        ["Covid is back."],
    ]
    assert json.loads(answers[keyword_key("e", "news", TEXTS[1])]) == ["No news today."]


def test_keys_are_those_of_answers_stored_before_texts_were_joined_otherwise() -> None:
    text = "Stay in.’"
    assert keyword_key("tidings/1", "covid", text).hex() == "af330aa7ac7ad31724c83aea1932d0ce"
    assert polarity_key("tidings/1", text).hex() == "3e61064f99d3cb81b3c9f31ff2d1ec9b"
    batch = KeywordBatch("tidings/1", (text, "Go out."), ("covid",))
    assert batch.keys[0] == keyword_key("tidings/1", "covid", text)


def test_only_what_lacks_an_answer_is_sent() -> None:
    batch = KeywordBatch("e", TEXTS, ("covid", "news"))
    missing = [keyword_key("e", "news", TEXTS[1]), keyword_key("e", "news", TEXTS[3])]
    assert batch.body(missing) == {"text": f"{TEXTS[1]}\n{TEXTS[3]}", "keywords": ["news"]}


def test_a_sentence_that_runs_over_two_texts_leaves_these_open_and_no_others() -> None:
    texts = ("One Covid", "ward is full", "No news", "A Covid ward.")
    batch = KeywordBatch("e", texts, ("covid", "news"))
    reply = {"covid": ["One Covid\n.\nward is full", "A Covid ward."], "news": ["No news"]}
    answers = batch.answers(reply, batch.keys)

    missing = [keyword_key("e", "covid", text) for text in texts[:2]]
    assert set(batch.keys) - answers.keys() == set(missing)
    assert answers[keyword_key("e", "covid", texts[3])] == '["A Covid ward."]'
    assert batch.split(missing) == [KeywordBatch("e", (text,), ("covid",)) for text in texts[:2]]


def test_a_reply_without_the_term_is_a_bad_answer() -> None:
    batch = KeywordBatch("e", ("One Covid",), ("covid",))
    with pytest.raises(ServiceBadAnswer, match="covid"):
        batch.answers({"Covid": []}, batch.keys)


def test_polarities_are_kept_under_the_key_of_a_single_text() -> None:
    batch = PolarityBatch("e", ("Good.", "Bad."))
    assert batch.answers({"polarity by sentence": [[0.5, "Good."], [-1, "Bad."]]}, batch.keys) == {
        polarity_key("e", "Good."): "0.5",
        polarity_key("e", "Bad."): "-1.0",
    }


def test_a_text_that_is_no_sentence_of_the_reply_has_no_polarity_and_is_asked_alone() -> None:
    batch = PolarityBatch("e", ("Good.", "Bad", "So so.", "Fine."))
    pairs = [[0.5, "Good."], [-1, "Bad\n.\nSo so."], [0.25, "Fine."]]
    answers = batch.answers({"polarity by sentence": pairs}, batch.keys)
    assert answers == {polarity_key("e", "Good."): "0.5", polarity_key("e", "Fine."): "0.25"}

    missing = set(batch.keys) - answers.keys()
    assert batch.split(missing) == [polarity_of("e", "Bad"), polarity_of("e", "So so.")]


def test_texts_of_several_sentences_are_asked_alone() -> None:
    requests = polarity_requests("e", ["One.", "Two. Three.", "Four."], 100)
    assert [request.body(request.keys)["text"] for request in requests] == [
        "One.\nFour.",
        "Two. Three.",
    ]


@pytest.mark.parametrize("wrong", [None, 3, ["a"], True])
def test_an_answer_of_the_wrong_type_is_a_bad_answer(wrong: object) -> None:
    with pytest.raises(ServiceBadAnswer):
        summary_of("e", "A text.", 0.1).answers({"summary": wrong}, ())


text = st.text(alphabet="ab .?!\n“Ünï—covid", min_size=1, max_size=60)


@given(st.lists(text, unique=True, max_size=12), st.integers(10, 100))
def test_packs_hold_every_text_once_in_order_and_no_more_than_their_size(
    texts: list[str], size: int
) -> None:
    batches = list(keyword_batches("e", texts, ["covid"], size))
    assert [each for batch in batches for each in batch.texts] == texts
    assert all(len("\n".join(batch.texts)) <= size or len(batch.texts) == 1 for batch in batches)


@given(st.lists(text, unique=True, min_size=1, max_size=8))
def test_a_pack_answers_each_text_as_if_it_were_asked_alone(texts: list[str]) -> None:
    batch = KeywordBatch("e", tuple(texts), ("covid",))
    answers = batch.answers(sentences_with("\n".join(texts), ["covid"]), batch.keys)
    assert {key: json.loads(value) for key, value in answers.items()} == {
        keyword_key("e", "covid", each): sentences_with(each, ["covid"])["covid"] for each in texts
    }


@given(st.lists(text, max_size=8), st.integers(10, 60))
def test_chunks_keep_every_sentence_and_stay_within_their_size(texts: list[str], size: int) -> None:
    made = list(chunks(enumerate(texts), size))
    assert all(len(chunk) <= size for chunk, _ in made)
    words = [word for chunk, _ in made for word in "".join(chunk.split())]
    kept: list[str] = []
    for each in texts:
        spans = split(each) if len(each) > size else [(0, len(each))]
        for start, end in spans:
            kept += "".join(each[start:end].split())
    assert words == kept
    assert sentences("") == []
