"""Packs of texts: what goes into one call, and whose answer is whose."""

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
    UnalignedReply,
    keyword_batches,
    keyword_key,
    polarity_key,
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
    pack = KeywordBatch("e", TEXTS, ("covid", "news"))
    body = pack.body(pack.keys)
    answers = pack.answers(sentences_with(body["text"], body["keywords"]), pack.keys)
    assert [json.loads(answers[keyword_key("e", "covid", text)]) for text in TEXTS] == [
        ["Covid is back."],
        [],
        ["A Covid ward.", "Long Covid is back."],
        ["Covid is back."],
    ]
    assert json.loads(answers[keyword_key("e", "news", TEXTS[1])]) == ["No news today."]


def test_only_what_lacks_an_answer_is_sent() -> None:
    pack = KeywordBatch("e", TEXTS, ("covid", "news"))
    missing = [keyword_key("e", "news", TEXTS[1]), keyword_key("e", "news", TEXTS[3])]
    assert pack.body(missing) == {"text": f"{TEXTS[1]}\n{TEXTS[3]}", "keywords": ["news"]}


def test_a_sentence_that_runs_over_two_texts_cannot_be_given_to_either() -> None:
    pack = KeywordBatch("e", ("One Covid", "ward is full"), ("covid",))
    with pytest.raises(UnalignedReply):
        pack.answers({"covid": ["One Covid\nward is full"]}, pack.keys)


def test_a_reply_without_the_term_is_a_bad_answer() -> None:
    pack = KeywordBatch("e", ("One Covid",), ("covid",))
    with pytest.raises(ServiceBadAnswer, match="covid"):
        pack.answers({"Covid": []}, pack.keys)


def test_polarities_are_kept_under_the_key_of_a_single_text() -> None:
    pack = PolarityBatch("e", ("Good.", "Bad."))
    assert pack.answers({"polarity by sentence": [[0.5, "Good."], [-1, "Bad."]]}, pack.keys) == {
        polarity_key("e", "Good."): "0.5",
        polarity_key("e", "Bad."): "-1.0",
    }
    with pytest.raises(UnalignedReply):
        pack.answers({"polarity by sentence": [[0.5, "Good. Bad."]]}, pack.keys)


def test_texts_of_several_sentences_are_asked_alone() -> None:
    questions = polarity_requests("e", ["One.", "Two. Three.", "Four."], 100)
    assert [question.body(question.keys)["text"] for question in questions] == [
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
    packs = list(keyword_batches("e", texts, ["covid"], size))
    assert [one for pack in packs for one in pack.texts] == texts
    assert all(len("\n".join(pack.texts)) <= size or len(pack.texts) == 1 for pack in packs)


@given(st.lists(text, unique=True, min_size=1, max_size=8))
def test_a_pack_answers_each_text_as_if_it_were_asked_alone(texts: list[str]) -> None:
    pack = KeywordBatch("e", tuple(texts), ("covid",))
    answers = pack.answers(sentences_with("\n".join(texts), ["covid"]), pack.keys)
    assert {key: json.loads(value) for key, value in answers.items()} == {
        keyword_key("e", "covid", one): sentences_with(one, ["covid"])["covid"] for one in texts
    }


@given(st.lists(text, max_size=8), st.integers(10, 60))
def test_chunks_keep_every_sentence_and_stay_within_their_size(texts: list[str], size: int) -> None:
    made = list(chunks(enumerate(texts), size))
    assert all(len(chunk) <= size for chunk, _ in made)
    words = [word for chunk, _ in made for word in "".join(chunk.split())]
    kept = [letter for one in texts for start, end in (split(one) if len(one) > size else [(0, len(one))])
            for letter in "".join(one[start:end].split())]  # fmt: skip
    assert words == kept
    assert sentences("") == []
