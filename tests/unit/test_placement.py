"""Sentences that a service rewrote are placed where the text has them, or they are unplaced."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from unicodedata import normalize

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from textapi.placement import Placement, place_answer, uncut
from textapi.requests import AnswerKey, KeywordBatch, UnplacedAnswer
from textapi.text.comparison import fold
from textapi.text.keywords import sentences_with
from textapi.text.sentences import split

TERM = "fever"
FOREIGN = "Quite other words than those."
Rewrite = Callable[[str], str]


def place(answer: Sequence[str], text: str) -> Placement:
    return place_answer(answer, text, split(text), TERM)


def positions_of(text: str) -> list[int]:
    return place(sentences_with(text, [TERM])[TERM], text).positions


def normalized(form: str) -> Rewrite:
    return lambda sentence: normalize(form, sentence)  # type: ignore[arg-type]


LETTERS: list[Rewrite] = [str, *map(normalized, ("NFC", "NFD", "NFKC", "NFKD"))]
CASES: list[Rewrite] = [str, str.upper, str.lower, str.casefold, str.title]
SPACES: list[Rewrite] = [
    str,
    lambda sentence: " ".join(sentence.split()),
    lambda sentence: sentence.replace(" ", "  "),
    lambda sentence: sentence.replace(" ", "\n"),
    lambda sentence: f" {sentence}\u00a0",
]


@st.composite
def rewritings(draw: st.DrawFn) -> Rewrite:
    """Draw what a service does to each of its sentences."""
    chosen = [draw(st.sampled_from(rewrites)) for rewrites in (LETTERS, CASES, SPACES)]
    order = draw(st.permutations(chosen))

    def rewrite(sentence: str) -> str:
        for change in order:
            sentence = change(sentence)

        return sentence

    return rewrite


WORDS = (
    "fever|Fever|the fever|FEVER|fever-19|@fever|Café|Zürich|İstanbul|Straße|ışık|naïve|“quoted”|"
    "’s|½|ﬁn|Ångström|U.S.|Dr. Who|a|the|and|is|in|Mayor|said|said the|2020|5 °C|—|ΟΔΟΣ|Nguyễn|한국"
)
words = st.sampled_from(WORDS.split("|"))
white_space = st.sampled_from([" ", " ", " ", "  ", "\u00a0", " \t "])
between = st.sampled_from([" ", "  ", "\n", " \n "])
end_marks = st.sampled_from([".", ".", "!", "?", "…", ".”", "", " ..."])


@st.composite
def sentences(draw: st.DrawFn) -> str:
    """Draw a sentence as of a newspaper."""
    sentence = draw(words)
    for word in draw(st.lists(words, min_size=1, max_size=6)):
        sentence += draw(white_space) + word

    return sentence + draw(end_marks)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draw a text of some sentences, one of which it may repeat."""
    parts = draw(st.lists(sentences(), min_size=1, max_size=5))
    if draw(st.booleans()):
        parts.append(draw(st.sampled_from(parts)))

    text = parts[0]
    for part in parts[1:]:
        text += draw(between) + part

    return normalize(draw(st.sampled_from(["NFC", "NFC", "NFD"])), text)


@given(texts(), rewritings())
@settings(max_examples=4 * settings.default.max_examples)
def test_rewritten_sentences_are_placed_as_the_texts_own(text: str, rewrite: Rewrite) -> None:
    answer = list(map(rewrite, sentences_with(text, [TERM])[TERM]))
    assert place(answer, text) == Placement(positions_of(text), [])


@given(texts(), rewritings(), st.data())
@settings(max_examples=2 * settings.default.max_examples)
def test_a_foreign_sentence_among_others_is_unplaced_and_moves_none(
    text: str, rewrite: Rewrite, data: st.DataObject
) -> None:
    answer = list(map(rewrite, sentences_with(text, [TERM])[TERM]))
    answer.insert(data.draw(st.integers(0, len(answer))), FOREIGN)
    assert place(answer, text) == Placement(positions_of(text), [FOREIGN])


@given(texts(), rewritings(), st.integers(0, 40), st.sampled_from(["…", "...", " …", " [...]"]))
@settings(max_examples=3 * settings.default.max_examples)
def test_a_cut_sentence_is_placed_where_the_term_is_mentioned_or_it_is_unplaced(
    text: str, rewrite: Rewrite, length: int, ellipsis: str
) -> None:
    answer = []
    cut = set()
    for sentence in map(rewrite, sentences_with(text, [TERM])[TERM]):
        is_cut = len(sentence) > length
        answer.append(sentence[:length] + ellipsis if is_cut else sentence)
        if is_cut:
            cut.add(uncut(fold(answer[-1]).text))
            # A text that has the ellipsis, too, has the sentence as it is: it was not cut.
            assume(fold(answer[-1]).text not in fold(text).text)

    placement = place(answer, text)
    assert set(placement.positions) <= set(positions_of(text))
    assert len(placement.positions) + len(placement.unplaced) <= len(answer)

    # What is cut may read as another sentence of the text, which is then meant.
    whole = {uncut(fold(text[start:end]).text) for start, end in split(text)}
    if length > 30 and not cut & whole:
        assert placement == Placement(positions_of(text), [])


@given(
    st.lists(texts(), unique=True, min_size=1, max_size=6),
    rewritings(),
    st.sampled_from([[], [FOREIGN]]),
)
@settings(max_examples=2 * settings.default.max_examples)
def test_of_a_pack_and_of_texts_asked_again_alone_the_mentions_are_those_of_the_answer_as_it_was(
    batch_texts: list[str], rewrite: Rewrite, added: list[str]
) -> None:
    batch = KeywordBatch("e", tuple(batch_texts), tuple(range(len(batch_texts))), (TERM,))
    answers = answers_of(batch, rewrite, added)
    for part in batch.split(set(batch.keys) - answers.keys()):
        answers |= answers_of(part, rewrite, [])

    for number, text in enumerate(batch_texts):
        stored = json.loads(answers[TERM, number])
        assert place(stored, text) == Placement(positions_of(text), [])


def answers_of(
    request: KeywordBatch, rewrite: Rewrite, added: Sequence[str]
) -> dict[AnswerKey, str]:
    """Return the answers to a request; *added* are sentences that stand in none of its texts."""
    text = request.body(request.keys)["text"]
    reply = {TERM: [*map(rewrite, sentences_with(text, [TERM])[TERM]), *added]}
    if added and len(request.texts) == 1:
        with pytest.raises(UnplacedAnswer, match="does not stand in the text, for 'fever'"):
            request.answers(reply, request.keys)

        return {}

    return request.answers(reply, request.keys)


def test_equal_answers_of_sentences_that_differ_in_case_are_placed_at_each() -> None:
    text = "Fever Rises. fever rises. The fever rises."
    answer = ["fever rises.", "fever rises.", "the fever rises."]
    assert place(answer, text).positions == [0, 1, 2]


def test_an_answer_that_keeps_no_order_is_placed_all_the_same() -> None:
    text = "A fever. No. The fever is back. Long fever."
    assert place(["Long fever.", "A fever.", "The fever is back."], text).positions == [0, 2, 3]


def test_a_sentence_that_stands_twice_and_is_answered_once_is_the_first() -> None:
    text = "Calm. The fever is back. Calm. The fever is back."
    assert place(["The fever is back."], text).positions == [1]
    assert place(["The fever is back."] * 2, text).positions == [1, 3]
    assert place(["The fever is back."] * 3, text).positions == [1, 3]


def test_a_part_of_a_sentence_is_placed_where_the_term_is_mentioned() -> None:
    text = "The mayor said no. The mayor said the fever is over."
    assert place(["The mayor said"], text).positions == [1]
    assert place(["The mayor…"], text).positions == [1]
    assert place(["… is over."], text).positions == [1]


@pytest.mark.parametrize("sentence", ["The…", "…", "Nobody said…", "... the mayor", "[...]"])
def test_what_is_left_of_a_cut_sentence_has_to_stand_where_the_term_is_mentioned(
    sentence: str,
) -> None:
    text = "The mayor said no. A fever is over."
    assert place([sentence], text) == Placement([], [sentence])


def test_blank_sentences_are_nothing() -> None:
    assert place(["", " \n"], "A fever.") == Placement([], [])


def test_an_answer_is_stored_in_the_texts_own_words() -> None:
    text = "Café  fever in\u00a0Zürich. Ende."
    request = KeywordBatch("e", (text,), (7,), (TERM,))
    answers = request.answers({TERM: ["CAFÉ FEVER IN ZÜRICH."]}, request.keys)
    assert json.loads(answers[TERM, 7]) == ["Café  fever in\u00a0Zürich."]
