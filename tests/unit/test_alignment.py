"""Sentences of a reply are given to the text in which they stand, whatever splitter made them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textapi.alignment import align, join, length_joined
from textapi.requests import KeywordBatch, PolarityBatch, keyword_batches, polarity_key
from textapi.text.keywords import pattern, sentences_with
from textapi.text.sentences import split

TERM = "fever"
CLOSERS = "\"'”’)]"


@dataclass(frozen=True)
class Splitter:
    """A way to split sentences: at these marks, with what follows and precedes them."""

    boundary: str  # a regular expression; the sentence ends with its group "end"
    keeps_white_space: bool

    def pieces(self, text: str) -> list[tuple[int, int]]:
        """Return the (start, end) of the sentences of *text*, without outer white space."""
        cuts = [0]
        for match in re.finditer(self.boundary, text):
            cuts += [match.start("end"), match.end()] if match["end"] == "" else [match.end("end")]

        cuts.append(len(text))
        spans = []
        for start, end in pairwise(cuts):
            part = text[start:end]
            if part.strip():
                first = start + len(part) - len(part.lstrip())
                spans.append((first, first + len(part.strip())))

        return spans

    def write(self, sentence: str) -> str:
        """Return *sentence* as the service writes it."""
        return sentence if self.keeps_white_space else " ".join(sentence.split())

    def mentioning(self, text: str) -> list[tuple[int, int]]:
        """Return those sentences that mention the term."""
        rule = pattern(TERM)
        return [(start, end) for start, end in self.pieces(text) if rule.search(text[start:end])]


@st.composite
def splitters(draw: st.DrawFn) -> Splitter:
    """Draw a splitter that parts between words, at some end marks or line breaks or none."""
    marks = draw(st.sampled_from(["", "[.]", "[.!?]", "[.!?…]+", "[!?]"]))
    closers = draw(st.sampled_from(["", f"[{re.escape(CLOSERS)}]*"]))
    after = draw(st.sampled_from([r"(?=\s)", r"(?=\s+[A-Z])", r"(?=\s+\S|$)"]))
    lines = draw(st.sampled_from(["", r"\n", r"\n\n", r"\n(?=[A-Z])"]))
    rules = [f"{marks}{closers}{after}"] if marks else []
    rules += [lines] if lines else []
    boundary = f"(?P<end>{'|'.join(rules) or '(?!)'})"
    return Splitter(boundary, draw(st.booleans()))


splitters_in_words = st.builds(
    Splitter,
    st.sampled_from([r"(?P<end>)[.!?]", r"(?P<end>[.,])", r"(?P<end>)\W*[.\n]", r"(?P<end>-)"]),
    st.booleans(),
)

WORDS = (
    "fever|Fever|a fever|@fever|fever.gov|fever-19|long fever is back|back|A ward|is back|The|U.S|"
    "Dr|“|”|’|)|(|.|!|?|…|,|\n|  |2020|-"
)
pieces = st.sampled_from(WORDS.split("|"))
text_of_pieces = st.lists(pieces, min_size=1, max_size=7).map(" ".join)
glued = st.lists(pieces, min_size=1, max_size=7).map("".join)
text_with_end = st.builds(str.__add__, text_of_pieces, st.sampled_from(["", ".", ".’", "!)", "”"]))
texts = st.lists(text_of_pieces | glued | text_with_end, unique=True, min_size=2, max_size=9)


def touched(spans: list[tuple[int, int]], start: int, end: int) -> set[int]:
    """Return the numbers of the texts that are not blank and hold something of the sentence."""
    return {number for number, span in enumerate(spans) if max(start, span[0]) < min(end, span[1])}


def spans_in(joined: str, texts: list[str]) -> list[tuple[int, int]]:
    """Return where each text stands in *joined*, without its outer white space."""
    spans, begin = [], 0
    for text in texts:
        assert joined.startswith(text, begin)
        start = begin + len(text) - len(text.lstrip())
        spans.append((start, start + len(text.strip())))
        begin += length_joined(text) + 1

    return spans


def check(texts: list[str], splitter: Splitter) -> tuple[set[int], set[int]]:
    """Check every answer; return the texts left open, and those that a sentence runs over."""
    batch = KeywordBatch("e", tuple(texts), tuple(range(len(texts))), (TERM,))
    joined = batch.body(batch.keys)["text"]
    spans = spans_in(joined, texts)
    sentences = splitter.mentioning(joined)
    reply = {TERM: [splitter.write(joined[start:end]) for start, end in sentences]}
    answers = batch.answers(reply, batch.keys)

    expected: list[list[str]] = [[] for _ in texts]
    run_over: set[int] = set()
    for start, end in sentences:
        numbers = touched(spans, start, end)
        if len(numbers) > 1:
            run_over |= numbers

        for number in numbers:
            part = joined[max(start, spans[number][0]) : min(end, spans[number][1])]
            expected[number].append(part)

    missing = set()
    for number in range(len(texts)):
        key = TERM, number
        if key not in answers:
            missing.add(number)
        else:
            assert json.loads(answers[key]) == expected[number], number

    return missing, run_over


@given(texts, splitters())
@settings(max_examples=4 * settings.default.max_examples)
def test_whatever_the_splitter_only_texts_that_a_sentence_runs_over_are_asked_again(
    texts: list[str], splitter: Splitter
) -> None:
    missing, run_over = check(texts, splitter)
    assert missing == run_over


@given(texts, splitters_in_words)
@settings(max_examples=4 * settings.default.max_examples)
def test_no_sentence_is_given_to_a_wrong_text_even_by_a_splitter_that_cuts_in_words(
    texts: list[str], splitter: Splitter
) -> None:
    missing, run_over = check(texts, splitter)
    assert missing >= run_over


@given(texts, splitters())
@settings(max_examples=2 * settings.default.max_examples)
def test_polarities_go_to_the_text_that_is_the_sentence_or_the_text_is_asked_alone(
    texts: list[str], splitter: Splitter
) -> None:
    single = [text for text in texts if split(text) == [(0, len(text))]]
    batch = PolarityBatch("e", tuple(single))
    joined = batch.body(batch.keys)["text"]
    spans = spans_in(joined, single)
    cut = splitter.pieces(joined)
    pairs = [(at / 1000, splitter.write(joined[slice(*span)])) for at, span in enumerate(cut)]
    answers = batch.answers({"polarity by sentence": pairs}, batch.keys)

    for number, text in enumerate(single):
        parts = [at for at, span in enumerate(cut) if number in touched(spans, *span)]
        is_whole = len(parts) == 1 and touched(spans, *cut[parts[0]]) == {number}
        expected = json.dumps(parts[0] / 1000) if is_whole else None
        assert answers.get(polarity_key("e", text)) == expected, text

    missing = set(batch.keys) - answers.keys()
    assert {key for part in batch.split(missing) for key in part.keys} == missing


ENDS = ["“In.”", "Stay in.’", "(In)", "Stay [in.]", "In 2020", "Stay in", "In U.S.", "Dr."]


@pytest.mark.parametrize("end", ENDS)
def test_a_full_stop_parts_texts_that_end_in_no_end_mark_for_a_service_that_knows_no_lines(
    end: str,
) -> None:
    texts = [f"A fever, {number}. {end}" for number in range(5)]
    splitter = Splitter(r"(?P<end>[.!?])(?=\s)", keeps_white_space=True)
    assert check(texts, splitter) == (set(), set())
    assert check([f"{text} Fever" for text in texts], splitter) == (set(), set())


def test_texts_that_end_in_end_marks_are_joined_by_line_breaks_alone() -> None:
    assert join(["One fever.", "Two!", "Three? ", "Four"]) == "One fever.\nTwo!\nThree? \nFour"
    assert join(["One.’", "In the U.S.", "Three"]) == "One.’\n.\nIn the U.S.\n.\nThree"


@given(texts, st.integers(10, 100))
def test_what_is_sent_is_within_the_size_and_our_engine_answers_as_if_asked_alone(
    texts: list[str], size: int
) -> None:
    for batch in keyword_batches("e", enumerate(texts), (TERM,), size, ""):
        body = batch.body(batch.keys)
        assert len(body["text"]) <= size or len(batch.texts) == 1
        answers = batch.answers(sentences_with(body["text"], [TERM]), batch.keys)
        for number, text in zip(batch.document_ids, batch.texts, strict=True):
            answer = json.loads(answers[TERM, number])
            assert answer == sentences_with(text, [TERM])[TERM]


def test_a_sentence_that_a_service_gives_once_for_two_texts_leaves_both_open() -> None:
    texts = ["Fever again.", "No news.", "Fever again. Stay in."]
    alignment = align(["Fever again."], texts, TERM)
    assert alignment.doubtful == {0, 2}


def test_a_sentence_in_other_words_leaves_open_the_texts_from_its_neighbours_on() -> None:
    texts = [f"Fever number {number}." for number in range(6)]
    sentences = [texts[0], "The second fever.", texts[3], texts[5]]
    alignment = align(sentences, texts, TERM)
    assert alignment.doubtful == {0, 1, 2, 3}
    assert alignment.places[3] == (5, texts[5])


def test_sentences_in_another_order_leave_every_text_open() -> None:
    texts = ["One fever.", "Two fevers, a fever.", "None."]
    assert align([texts[1], texts[0]], texts, TERM).doubtful == {0, 1, 2}


def test_where_a_term_is_no_mention_its_sentence_is_not_looked_for() -> None:
    texts = ["Long @fever is back.", "fever is back."]
    alignment = align(["fever is back."], texts, TERM)
    assert alignment.places == [(1, "fever is back.")]
    assert alignment.doubtful == set()
