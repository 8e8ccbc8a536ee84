"""The gate for answers of the Text API: what does not fit is a bad answer with the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.corpus import Corpus
from analysis.options import Keyword, TextOptions
from analysis.steps.entities import entity_rows
from analysis.steps.phrases import phrase_rows
from analysis.text.mentions import mention_rows, place_sentences
from core.errors import ServiceBadAnswer
from models.documents import DocumentText
from tests.odd_textapi import NAMES, REQUESTS, TEXT, odd_text, replies_to
from textapi.answer_validation import LONGEST_ENGINE, LONGEST_NAME, read_answer, read_engine
from textapi.messages import Operation
from textapi.requests import ApiRequest, entities_of, polarity_of, summary_of

HUGE = 10**400
request_and_reply = st.sampled_from(REQUESTS).flatmap(
    lambda request: st.tuples(st.just(request), replies_to(request))
)


def strings_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for item in value for text in strings_in(item)] if isinstance(value, list) else []


def use(request: ApiRequest, answer: Any) -> None:
    """Make rows of an answer as the steps do."""
    corpus = Corpus("fever", {"2020-01": [(1, TEXT)]})
    document = DocumentText(1, "nyt:1", "2020-01", TEXT)
    match request.operation:
        case Operation.NER:
            entity_rows(corpus, ["2020-01"], [answer])
        case Operation.MOST_COMMON_PHRASES:
            phrase_rows(corpus, [answer], [TEXT], TextOptions())
        case Operation.SENTENCES_WITH_KEYWORDS:
            placements = place_sentences(document, {"fever": answer})
            mention_rows(document, [Keyword.parse("fever")], placements)


@given(request_and_reply)
def test_whatever_is_answered_is_a_bad_answer_or_can_be_stored_and_used(
    asked: tuple[ApiRequest, dict[str, Any]],
) -> None:
    request, reply = asked
    try:
        answers = request.answers(reply, request.keys)
    except ServiceBadAnswer as error:
        str(error).encode()
        return

    missing = set(request.keys) - answers.keys()
    asked_again = [key for part in request.split(missing) for key in part.keys] if missing else []
    assert sorted([*answers, *asked_again]) == sorted(request.keys)
    for text in answers.values():
        text.encode()
        answer = json.loads(text)
        assert not any("\x00" in string for string in strings_in(answer))
        if isinstance(answer, float):
            assert -1 <= answer <= 1

        use(request, answer)


@pytest.mark.parametrize(
    "polarity", [HUGE, -HUGE, 1e308, float("inf"), float("nan"), 1.01, -2, True, "0.5", None, [0.5]]
)
def test_a_polarity_is_a_number_within_minus_1_and_1(polarity: object) -> None:
    request = polarity_of("e", TEXT)
    with pytest.raises(ServiceBadAnswer, match="text_polarity answered with"):
        request.answers({"text polarity": polarity}, request.keys)


@pytest.mark.parametrize("polarity", [0, 1, -1, 0.25, -0.0])
def test_a_polarity_within_is_stored_as_a_decimal_number(polarity: float) -> None:
    request = polarity_of("e", TEXT)
    assert request.answers({"text polarity": polarity}, request.keys) == {
        request.key: json.dumps(float(polarity))
    }


def test_text_that_no_database_stores_is_replaced() -> None:
    request = summary_of("e", TEXT, 0.5)
    answers = request.answers({"summary": "a\ud800b\x00c"}, request.keys)
    assert json.loads(answers[request.key]) == "a\ufffdb\ufffdc"


@given(st.sampled_from([operation for operation in Operation if operation in NAMES]))
def test_lists_nested_deep_are_no_answer(operation: Operation) -> None:
    nested: Any = []
    for _ in range(5000):
        nested = [nested]

    with pytest.raises(ServiceBadAnswer):
        read_answer(operation, {NAMES[operation]: nested}, NAMES[operation], TEXT)


def test_an_answer_that_holds_far_more_than_the_text_is_refused() -> None:
    request = summary_of("e", TEXT, 0.5)
    with pytest.raises(ServiceBadAnswer, match="far more than the text holds"):
        request.answers({"summary": "x" * 2000}, request.keys)

    with pytest.raises(ServiceBadAnswer, match="far more than the text holds"):
        read_answer(Operation.MOST_COMMON_PHRASES, {"p": [""] * 2000}, "p", TEXT)


def test_an_entity_that_is_too_long_for_a_name_is_left_out() -> None:
    request = entities_of("e", TEXT * 20)
    answers = request.answers(
        {"ner": [["ORG", "x" * (LONGEST_NAME + 1)], ["ORG", "NASA"]]}, request.keys
    )
    assert json.loads(answers[request.key]) == [["ORG", "NASA"]]
    with pytest.raises(ServiceBadAnswer, match="no pairs of type and text"):
        request.answers({"ner": [["O" * 51, "NASA"]]}, request.keys)


@pytest.mark.parametrize(
    ("header", "engine"),
    [
        ("\udcff", "\\udcff"),
        ("caf\xe9", "caf\\xe9"),
        (" a ", "a"),
        ("a\nb\x7f", "a\\nb\\x7f"),
        ("x" * (LONGEST_ENGINE + 1), "x" * LONGEST_ENGINE),
        ("\x00" * LONGEST_ENGINE, "\\x00" * (LONGEST_ENGINE // 4)),
        (" ", None),
    ],
)
def test_the_name_of_an_engine_is_made_short_and_printable(header: str, engine: str | None) -> None:
    assert read_engine(header) == engine


def test_an_engine_need_not_be_named() -> None:
    assert read_engine(None) is None
    assert read_engine("") is None
    assert read_engine("tidings-0.1.0 +vader") == "tidings-0.1.0 +vader"
    assert read_engine("x" * LONGEST_ENGINE) == "x" * LONGEST_ENGINE


@given(odd_text)
def test_an_engines_name_is_itself_or_made_printable(header: str) -> None:
    engine = read_engine(header)
    assert engine == read_engine(engine)
    assert engine is None or (engine.isascii() and engine.isprintable())
    if header.isascii() and header.isprintable() and len(header) <= LONGEST_ENGINE:
        assert engine == (header.strip() or None)
