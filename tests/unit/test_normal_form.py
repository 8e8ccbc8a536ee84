import re
from unicodedata import category, normalize

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.options import Keyword
from analysis.query.forms import with_forms
from analysis.text.entity_counts import Occurrence, count_entities
from analysis.text.masking import mask_terms
from analysis.text.words import count_words, words_of_terms
from textapi.placement import Placement, place_answer
from textapi.text import normal_form as module
from textapi.text.keywords import find_candidates, pattern, sentences_with
from textapi.text.normal_form import compare, normal_form, readings
from textapi.text.sentences import sentences, split

FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
LETTERS = "abéÉïiIsk1-.’@ \n\u0301\u0308\u00ad\u200b\u200dﬁ²½™ａ１．"
TEXTS = st.text(st.sampled_from(f"{LETTERS}\uac00\u1100\u1161\u11a8\uff9e\U0001f600\u0915\u093c"))
WORDS = st.text(st.sampled_from("abcéüñiIK19-’. @\n"))


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("café", "The cafe\u0301 is open"),
        ("cafe\u0301", "The café is open"),
        ("coronavirus", "Das Corona\u00advi\u00adrus"),
        ("coronavirus", "corona\u200bvirus"),
        ("coronavirus", "corona\u2060virus"),
        ("covid-19", "\uff23\uff2f\uff36\uff29\uff24\uff0d\uff11\uff19 news"),
        ("office", "the o\ufb03ce"),
        ("vote", "\U0001d42f\U0001d428\U0001d42d\U0001d41e now"),
        ("hong kong", "in Hong\u00a0\u200bKong"),
        ("covid", "\ufeffcovid"),
        ("covid", "covid\u2122 again"),
        ("covid", "covid\u200bvaccine"),
        ("covid vaccine", "covid\u200bvaccine"),
    ],
)
def test_a_word_is_found_however_its_letters_are_encoded(term: str, text: str) -> None:
    assert pattern(term).search(text)
    assert sentences_with(text, [term]) == {term: [text.strip()]}
    assert find_candidates(["Nothing", text], [term]) == {1: [term]}
    # Many terms are sought by an index of words.
    other_terms = [f"other{number}" for number in range(10)]
    assert sentences_with(text, [term, *other_terms])[term] == [text.strip()]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("cafe", "The cafe\u0301 is open"),
        ("corona", "Corona\u00advirus"),
        ("covid", "\uff23\uff2f\uff36\uff29\uff24\uff0d\uff11\uff19"),
        ("11", "1\u00bd"),
        ("102", "10\u00b2"),
        ("covidtm", "covid\u2122"),
        ("covid", "@\u200bcovid"),
        ("covid", "covid-\u200b19"),
        ("\u200b", "a\u200bb"),
    ],
)
def test_a_part_of_a_word_is_no_mention_however_its_letters_are_encoded(
    term: str, text: str
) -> None:
    assert not pattern(term).search(text)
    assert sentences_with(text, [term]) == {term: []}


@given(WORDS, WORDS.filter(str.strip))
def test_equal_texts_hold_equal_mentions_whatever_their_encoding(text: str, term: str) -> None:
    mentions = pattern(term).find_spans(text)
    variants = (
        normalize("NFD", text),
        text.translate(FULL_WIDTH),
        "".join(f"{letter}\u00ad" for letter in text),
        "".join(f"\u200d{letter}" for letter in normalize("NFD", text)),
    )
    for variant in variants:
        found = pattern(normalize("NFD", term)).find_spans(variant)
        assert len(found) == len(mentions), variant
        for (start, end), (written_start, written_end) in zip(found, mentions, strict=True):
            assert normal_form(variant[start:end]) == text[written_start:written_end]


@given(TEXTS, TEXTS.filter(str.strip))
def test_a_match_is_a_slice_of_the_stored_text_that_matches_too(text: str, term: str) -> None:
    rule = pattern(term)
    spans = rule.find_spans(text)
    assert rule.search(text) == (spans[0] if spans else None)
    for start, end in spans:
        assert 0 <= start < end <= len(text)
        assert rule.search(text[start:end])


@given(TEXTS)
def test_the_normal_form_is_that_of_its_letters_and_its_own(text: str) -> None:
    form = normal_form(text)
    assert normal_form(form) is form
    assert compare(text).text == form
    assert all(map(len, readings(text))) or not text
    assert {len(reading) for reading in readings(text)} == {len(text)}


@given(st.text(st.characters(codec="latin-1"), max_size=50), st.sampled_from(["covid", "İstanbul"]))
def test_the_rule_is_the_plain_expression_for_texts_in_normal_form(text: str, term: str) -> None:
    written = f"{text}{term}{text[::-1]}"
    assume(normal_form(written) is written)
    plain = re.compile(
        rf"(?<![\w@]){term}(?!\w)(?!['\u2019](?:t|re|ve|ll|d|m)(?!\w))"
        r"(?![-\u2010\u2011\u2013]\d)(?!\.\w)",
        re.IGNORECASE,
    )
    assert pattern(term).find_spans(written) == [found.span() for found in plain.finditer(written)]


def test_letters_that_need_no_look_are_in_normal_form_beside_any_others() -> None:
    usual = [chr(code) for code in range(0x110000) if not module._UNUSUAL.match(chr(code))]
    assert len(usual) > 30_000
    for letter in usual:
        assert normalize("NFC", letter.translate(module._REPLACEMENTS)) == letter
        assert not category(letter).startswith("M")
        assert not module._joins(letter)


@pytest.mark.parametrize("letter", "abcdefghijklmnopqrstuvwxyz")
def test_the_first_letter_of_a_term_is_sought_in_every_case(letter: str) -> None:
    ignoring_case = re.compile(letter, re.IGNORECASE)
    for character in map(chr, range(0x250)):
        is_equal = ignoring_case.fullmatch(normal_form(character)) is not None
        assert bool(pattern(f"{letter}x").search(f"{character}x")) is is_equal, character


def test_a_query_is_matched_in_the_normal_form_and_keeps_one_spelling() -> None:
    texts = ["Die Vi\u00adren und Cafe\u0301-Bars", "CAFÉS"]
    (keyword,) = with_forms([Keyword.parse("cafe\u0301* OR =Viren")], texts)
    assert keyword.query == "café* OR =Viren"
    assert keyword.forms == {"café*": ("café", "cafés")}
    assert keyword.patterns[1].search(texts[0]) == (4, 10)
    assert not Keyword.parse("=viren").patterns[0].search(texts[0])
    assert Keyword.parse("Mu\u0308ller:\uff2dayor").terms == ("Müller", "Mayor")


def test_a_masked_term_leaves_no_letter_of_itself() -> None:
    masked = mask_terms("The cafe\u0301 and the Ca\u00adfe\u0301s won", [pattern("café")])
    assert masked == "The topic and the Ca\u00adfe\u0301s won"


def test_words_are_counted_in_one_spelling_without_the_terms() -> None:
    texts = ["Mu\u0308ller sagt Im\u00adpfung", "Müller sagt Impfung"]
    assert count_words(texts, [pattern("müller")]) == {"sagt": 2, "Impfung": 2}


def test_a_sentence_without_its_soft_hyphens_stands_where_they_are() -> None:
    text = "Nothing. Das Corona\u00advi\u00adrus hier. Nothing."
    spans = split(text)
    placement = place_answer(["Das Coronavirus hier."], text, spans, "coronavirus")
    assert placement == Placement([1], [])
    assert sentences(text)[1] == "Das Corona\u00advi\u00adrus hier."


def test_a_name_is_one_entity_however_its_letters_are_encoded() -> None:
    spellings = ("Ana Mu\u0308ller", "Ana Müller", "Ana Mül\u00adler")
    occurrences = [Occurrence("2020-03", "PERSON", spelling) for spelling in spellings]
    counted = count_entities(occurrences)
    assert {(row.period, row.count) for row in counted} == {("", 3), ("2020-03", 3)}
    assert not count_entities(occurrences, subject=[pattern("müller"), pattern("ana müller")])
    assert words_of_terms(["Mu\u0308ller"]) == {"müller"}
