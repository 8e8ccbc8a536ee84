import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textapi.text.keywords import find_candidates, pattern, sentences_with
from textapi.text.sentences import sentences

TERMS = st.text(st.sampled_from("abC1@#.+-\u2011 _\u00e9\U0001f600("), min_size=1).filter(str.strip)
TEXTS = st.text(st.sampled_from("abcC1@#.+-\u2013 \n_\u00e9\U0001f600(\ud800"))


@pytest.mark.parametrize(
    "text",
    [
        "COVID.", "Covid?", "Covid\u2019s", "Covid-era", "post-Covid", "19-Covid",
        "anti-Covid/flu", "#covid", "Covid\u2014again", "Covid&flu", "\u201cCovid Toe?\u201d",
        "covid", "(covid)", "covid. Next", "a Covid-", "covid-", "covid's", "'covid'",
        "‘covid’ then", "covid’today", "covid’",
    ],
)  # fmt: skip
def test_a_whole_word_is_a_mention(text: str) -> None:
    assert pattern("covid").search(text)


@pytest.mark.parametrize(
    "text",
    [
        "Covid-19", "Covid\u201319", "Covid\u201019", "Covid\u201119", "Covid19", "non-Covid-19",
        "covid_19", "covid.gov", "@covid", "CovidTracker", "precovid", "covid\u2019ll", "covid'd",
    ],
)  # fmt: skip
def test_a_part_of_another_word_is_no_mention(text: str) -> None:
    assert not pattern("covid").search(text)


@pytest.mark.parametrize("apostrophe", ["'", "\u2019"])
def test_the_first_half_of_a_contraction_is_no_mention(apostrophe: str) -> None:
    contractions = {"Don": "t", "we": "re", "I": "ve", "she": "ll", "he": "d", "i": "m", "CAN": "T"}
    for term, remainder in contractions.items():
        text = f"And {term}{apostrophe}{remainder} it?"
        assert not pattern(term).search(text), text
        assert sentences_with(text, [term]) == {term: []}
        assert pattern(f"{term}{apostrophe}{remainder}").search(text)

    for text in (
        f"Don{apostrophe}s",
        f"Don{apostrophe}",
        f"Don{apostrophe}tea",
        f"Don {apostrophe}t",
    ):
        assert pattern("Don").search(text), text

    assert pattern("C++").search(f"C++{apostrophe}d")


@pytest.mark.parametrize("apostrophe", ["'", "\u2019"])
def test_an_apostrophe_in_a_term_is_straight_or_curly(apostrophe: str) -> None:
    text = f"Don{apostrophe}t Look: Ann O{apostrophe}Quay{apostrophe}s Boat"
    for term in ("don't", "don\u2019t", "o'quay", "O\u2019Quay's", "ann o'quay\u2019s"):
        assert pattern(term).search(text), term
        assert sentences_with(text, [term]) == {term: [text]}
        assert find_candidates([text], [term]) == {0: [term]}

    assert not pattern("don`t").search(text)


def test_the_rule_for_covid_is_the_documented_expression() -> None:
    documented = re.compile(
        r"(?<![\w@])covid(?!\w)(?!(?:'|\u2019)(?:t|re|ve|ll|d|m)(?!\w))"
        r"(?![-\u2010\u2011\u2013]\d)(?!\.\w)",
        re.IGNORECASE,
    )
    page = Path(__file__).parents[2] / "docs/textapi.md"
    assert documented.pattern in page.read_text(encoding="utf-8")
    for text in (
        *("x covid y", "covid-1", "covid.a", "@covid", "covid", "covids", "COVID\u2010x"),
        *("covid\u2019t", "covid'll", "covid's", "covid\u2019tis"),
    ):
        assert bool(pattern("covid").search(text)) is bool(documented.search(text)), text


@pytest.mark.parametrize(
    "text", ["Covid-19", "covid\u201019!", "COVID\u201119", "post-covid\u201319"]
)
def test_a_hyphen_in_a_term_is_any_hyphen(text: str) -> None:
    assert pattern("covid-19").search(text)
    assert pattern("covid\u201319").search(text)


def test_white_space_in_a_term_is_any_white_space() -> None:
    assert pattern(" hong  kong ").search("In Hong\u00a0\t Kong today")
    assert not pattern("hong kong").search("HongKong")


@pytest.mark.parametrize(
    ("term", "text", "expected"),
    [
        ("#covid", "see #covid", True),
        ("#covid", "see a#covid", True),
        ("#covid", "see #covidtoday", False),
        ("C++", "in c++.", True),
        ("C++", "in c++x", True),
        ("C++", "in xc++", False),
        ("C++", "in c++-17", False),
        ("U.S.", "the U.S. army", True),
        ("U.S.", "the U.S.A", True),
        (".", "a . b", True),
    ],
)
def test_word_edges_are_guarded_only_where_the_term_has_a_word_character(
    term: str, text: str, expected: bool
) -> None:
    assert bool(pattern(term).search(text)) is expected


def test_every_term_has_its_list_as_it_was_written_and_a_sentence_is_listed_once() -> None:
    text = "Covid rises, Covid falls. Nothing here.\nNo COVID\nCovid-19"
    assert sentences_with(text, ["covid", "Covid", "zebra", "covid-19"]) == {
        "covid": ["Covid rises, Covid falls.", "No COVID"],
        "Covid": ["Covid rises, Covid falls.", "No COVID"],
        "zebra": [],
        "covid-19": ["Covid-19"],
    }


def test_neighbours_are_listed_once_and_in_order() -> None:
    text = "A one. B covid. C covid. D two. E three. F covid."
    assert sentences_with(text, ["covid"], include_before=True) == {
        "covid": ["A one.", "B covid.", "C covid.", "E three.", "F covid."]
    }
    assert sentences_with(text, ["covid"], include_after=True) == {
        "covid": ["B covid.", "C covid.", "D two.", "F covid."]
    }


@pytest.mark.parametrize("term", ["", " \n"])
def test_a_blank_term_is_refused(term: str) -> None:
    with pytest.raises(ValueError, match="not white space"):
        pattern(term)


@given(TEXTS, st.lists(TERMS, max_size=20, unique=True))
def test_many_terms_at_once_find_what_each_finds_alone(text: str, terms: list[str]) -> None:
    expected = {term: [s for s in sentences(text) if pattern(term).search(s)] for term in terms}
    assert sentences_with(text, terms) == expected


@given(st.text(), st.text(min_size=1).filter(str.strip))
def test_any_text_and_any_term_have_an_answer(text: str, term: str) -> None:
    assert list(sentences_with(text, [term])) == [term]


@given(TERMS.filter(lambda term: term.strip()[0].isalnum()), st.sampled_from(" ,;\u201c\n"))
def test_a_term_finds_itself_between_other_signs(term: str, sign: str) -> None:
    assert pattern(term).search(f"{sign}{term.upper()}{sign}")


@pytest.mark.timeout(10)
def test_five_hundred_keywords_on_a_million_characters_take_no_more_than_a_moment() -> None:
    text = "Nothing that is looked for stands in this sentence, but Word-77 does. " * 14_000
    mentions = sentences_with(text, [f"word-{i}" for i in range(500)])
    assert len(mentions["word-77"]) == 14_000
    assert sum(map(len, mentions.values())) == 14_000


def test_letters_with_more_than_two_cases_are_found_among_many_terms_too() -> None:
    text = "\u017fale \u212aelvin \u0130\u0131 \u00b5m \u1e9e \u03c2"
    terms = ["sale", "kelvin", "ii", "\u03bcm", "\u00df", "\u03c3", "\u0130\u0131", "x"]
    assert sentences_with(text, terms) == {
        term: [s for s in sentences(text) if pattern(term).search(s)] for term in terms
    }
    assert sentences_with(text, terms)["sale"] == [text]


@given(
    st.lists(st.text(alphabet="ab .?!\n\u201cıİ-'@9c", max_size=40), max_size=5),
    st.text(alphabet="abIi c-9", min_size=1, max_size=6).filter(str.strip),
)
def test_texts_that_mention_a_term_are_among_its_candidates(texts: list[str], term: str) -> None:
    mentioning = [i for i, text in enumerate(texts) if sentences_with(text, [term])[term]]
    assert set(mentioning) <= find_candidates(texts, [term]).keys()


def test_texts_without_the_words_of_a_term_are_no_candidates() -> None:
    texts = ["Marsh fever came", "the marsh", "fever", "", "marsh\nFEVER"]
    assert find_candidates(texts, ["marsh fever", "came"]) == {
        0: ["marsh fever", "came"],
        4: ["marsh fever"],
    }
    assert find_candidates([], ["marsh fever"]) == {}


def test_words_at_the_end_of_a_text_hide_none_in_the_next() -> None:
    assert find_candidates(["a b", "a b a"], ["a b a"]) == {1: ["a b a"]}
