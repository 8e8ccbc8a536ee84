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
IDS = (11, 12, 13, 14)


def test_each_sentence_goes_to_the_text_it_stands_in_even_where_it_stands_in_several() -> None:
    batch = KeywordBatch("e", TEXTS, IDS, ("covid", "news"))
    body = batch.body(batch.keys)
    answers = batch.answers(sentences_with(body["text"], body["keywords"]), batch.keys)
    assert [json.loads(answers["covid", number]) for number in IDS] == [
        ["Covid is back."],
        [],
        ["A Covid ward.", "Long Covid is back."],
        ["Covid is back."],
    ]
    assert json.loads(answers["news", 12]) == ["No news today."]


def test_keys_are_those_of_answers_stored_before_texts_were_joined_otherwise() -> None:
    text = "Stay in.’"
    assert polarity_key("tidings/1", text).hex() == "3e61064f99d3cb81b3c9f31ff2d1ec9b"


def test_only_what_lacks_an_answer_is_sent() -> None:
    batch = KeywordBatch("e", TEXTS, IDS, ("covid", "news"))
    missing = [("news", 12), ("news", 14)]
    assert batch.body(missing) == {"text": f"{TEXTS[1]}\n{TEXTS[3]}", "keywords": ["news"]}


def test_a_sentence_that_runs_over_two_texts_leaves_these_open_and_no_others() -> None:
    texts = ("One Covid", "ward is full", "No news", "A Covid ward.")
    batch = KeywordBatch("e", texts, IDS, ("covid", "news"), "nyt 2020-03-01")
    reply = {"covid": ["One Covid\n.\nward is full", "A Covid ward."], "news": ["No news"]}
    answers = batch.answers(reply, batch.keys)

    missing = [("covid", 11), ("covid", 12)]
    assert set(batch.keys) - answers.keys() == set(missing)
    assert answers["covid", 14] == '["A Covid ward."]'
    assert batch.split(missing) == [
        KeywordBatch("e", ("One Covid",), (11,), ("covid",), "nyt 2020-03-01"),
        KeywordBatch("e", ("ward is full",), (12,), ("covid",), "nyt 2020-03-01"),
    ]


def test_a_term_and_the_whole_day_are_claimed_as_one_whatever_texts_a_batch_holds() -> None:
    batch = KeywordBatch("e", TEXTS[:2], IDS[:2], ("covid", "news"), "nyt 2020-03-01")
    other = KeywordBatch("e", TEXTS[2:], IDS[2:], ("news",), "nyt 2020-03-01")
    assert len(batch.claim_keys(batch.keys)) == 2
    assert other.claim_keys(other.keys) == batch.claim_keys([("news", 11)])

    elsewhere = KeywordBatch("e", TEXTS[2:], IDS[2:], ("news",), "nyt 2020-03-02")
    assert elsewhere.claim_keys(elsewhere.keys).isdisjoint(batch.claim_keys(batch.keys))


def test_a_reply_without_the_term_is_a_bad_answer() -> None:
    batch = KeywordBatch("e", ("One Covid",), (11,), ("covid",))
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
    batches = list(keyword_batches("e", enumerate(texts), ["covid"], size, "nyt 2020-03-01"))
    assert [each for batch in batches for each in batch.texts] == texts
    assert [each for batch in batches for each in batch.document_ids] == list(range(len(texts)))
    assert all(len("\n".join(batch.texts)) <= size or len(batch.texts) == 1 for batch in batches)


@given(st.lists(text, unique=True, min_size=1, max_size=8))
def test_a_pack_answers_each_text_as_if_it_were_asked_alone(texts: list[str]) -> None:
    batch = KeywordBatch("e", tuple(texts), tuple(range(len(texts))), ("covid",))
    answers = batch.answers(sentences_with("\n".join(texts), ["covid"]), batch.keys)
    assert {key: json.loads(value) for key, value in answers.items()} == {
        ("covid", number): sentences_with(each, ["covid"])["covid"]
        for number, each in enumerate(texts)
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
