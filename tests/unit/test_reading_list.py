"""Which documents of a month are to be read, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reports.data.tables.distinctive import DistinctiveRow
from reports.data.tables.mentions import MentionRow
from reports.pages.reading_list import LENGTH, Reading, choose_documents
from reports.words.texts import MOST_CHARACTERS
from textapi.text.keywords import pattern

COVID = [pattern("covid")]
BY_OTHERS = "shares most words with the other documents"
START = datetime(2020, 3, 1)  # noqa: DTZ001 - naive UTC, as stored


def mention(number: int, sentence: str, polarity: float | None, position: int = 1) -> MentionRow:
    at = START + timedelta(hours=number)
    where = ("2020-03", None, f"nyt:{number:04}", at, None, "covid", "covid")
    return MentionRow(1, *where, position, sentence, sentence, polarity)


def stands_out(word: str, g2: float) -> DistinctiveRow:
    return DistinctiveRow(1, "2020-03", "covid", 1, word, 9, 9, 0, g2)


def reasons(
    sentences: list[MentionRow], distinctive: Sequence[DistinctiveRow] = ()
) -> dict[str, str]:
    readings = choose_documents(sentences, COVID, distinctive=distinctive)
    return {reading.mention.document: reading.reason for reading in readings}


def test_the_documents_of_highest_and_lowest_polarity_and_the_first_are_chosen() -> None:
    scores = [0.0, 0.5, -0.5, 0.9, 0.1, -0.9, 0.3, -0.2, None]
    rows = [mention(n, f"Covid {n} a.", score) for n, score in enumerate(scores)]
    assert reasons(rows) == {
        "nyt:0000": "the first of the month",
        "nyt:0003": "among the highest polarity: +0.90",
        "nyt:0001": "among the highest polarity: +0.50",
        "nyt:0005": "among the lowest polarity: \u22120.90",
        "nyt:0002": "among the lowest polarity: \u22120.50",
    }


def test_the_most_typical_documents_hold_the_words_that_stand_out_in_the_month() -> None:
    texts = [
        "Covid and a whale in Tasmania.",
        "Covid closes city schools.",
        "Masks against Covid on crowded trains.",
        "Covid closes city theatres today.",
        "Covid masks for nurses and wards.",
    ]
    rows = [mention(n, text, None) for n, text in enumerate(texts)]
    words = [stands_out("Masks", 40.0), stands_out("Nurses", 25.0), stands_out("City", -30.0)]
    assert list(reasons(rows, words).items()) == [
        ("nyt:0004", "among the most typical: \u201cMasks\u201d, \u201cNurses\u201d"),
        ("nyt:0003", BY_OTHERS),
        ("nyt:0001", BY_OTHERS),
        ("nyt:0002", "among the most typical: \u201cMasks\u201d"),  # a word counts once
        ("nyt:0000", "the first of the month"),
    ]


def test_a_column_that_comes_every_day_does_not_fill_the_list() -> None:
    texts = [f"Covid, Storm {n} and Trade {n}: Your Briefing." for n in range(15)]
    others = [f"Covid reaches ward {n} of city {n}." for n in range(9)]
    china = ["Covid in China slows at last.", "Covid in China slows again today."]
    rows = [mention(n, text, None) for n, text in enumerate([*others, *china, *texts])]
    words = [stands_out("Briefing", 260.0), stands_out("China", 32.0)]
    chosen = list(reasons(rows, words).values())
    assert chosen[:2] == [
        "among the most typical: \u201cBriefing\u201d",
        "among the most typical: \u201cChina\u201d",
    ]
    assert set(chosen[2:]) == {BY_OTHERS, "the first of the month"}


def test_without_words_that_stand_out_the_typical_documents_use_the_words_of_most_others() -> None:
    texts = [
        "Covid and a whale.",
        "Covid closes city schools.",
        "Covid closes city markets.",
        "Covid closes city theatres today.",
        "Covid closes.",
        "Covid closes city schools again.",
    ]
    rows = [mention(n, text, None) for n, text in enumerate(texts)]
    assert list(reasons(rows).items()) == [
        ("nyt:0001", BY_OTHERS),
        ("nyt:0005", BY_OTHERS),
        ("nyt:0002", BY_OTHERS),
        ("nyt:0003", BY_OTHERS),
        ("nyt:0000", "the first of the month"),
    ]


def test_the_words_of_a_document_are_those_of_its_whole_text() -> None:
    rows = [mention(n, f"Covid comes to ward {n} a.", None) for n in range(3)]
    rows[2] = replace(rows[2], text=f"{rows[2].text} Then masks were given out.")
    assert next(iter(reasons(rows, [stands_out("masks", 40.0)]))) == "nyt:0002"


def test_the_most_repeated_is_the_first_document_of_the_largest_pattern() -> None:
    rows = [mention(n, f"Covid {n} a.", None) for n in range(6)]
    places = {"nyt:0001": 3, "nyt:0002": 7, "nyt:0003": 3, "nyt:0004": 7, "nyt:0005": 7}
    readings = choose_documents(rows, COVID, places.get)
    assert [(reading.mention.document, reading.reason) for reading in readings] == [
        ("nyt:0000", "the first of the month"),
        ("nyt:0002", "the most repeated: 3 documents of its pattern"),
    ]


def test_the_most_repeated_gives_its_reason_to_the_one_of_its_pattern_that_is_chosen() -> None:
    scores = [0.1, 0.0, 0.0, 0.8]
    rows = [mention(n, f"Covid {n} a.", score) for n, score in enumerate(scores)]
    readings = choose_documents(rows, COVID, {"nyt:0002": 1, "nyt:0003": 1}.get)
    assert [(reading.mention.document, reading.reason) for reading in readings] == [
        ("nyt:0000", "the first of the month"),
        (
            "nyt:0003",
            "among the highest polarity: +0.80; the most repeated: 2 documents of its pattern",
        ),
    ]


def test_the_polarity_of_a_document_is_the_mean_of_its_sentences_and_the_first_is_quoted() -> None:
    rows = [
        mention(1, "Covid ends the second.", 1.0, position=2),
        mention(1, "Covid begins the first.", 0.0),
        mention(2, "Covid is there.", 0.4),
    ]
    (first, *_) = choose_documents(rows, COVID)
    assert (first.mention.sentence, first.reason) == (
        "Covid begins the first.",
        (
            "the first of the month; among the highest polarity: +0.50, "
            "the mean of the 2 sentences that mention it"
        ),
    )


def test_where_all_polarities_are_equal_none_is_the_highest() -> None:
    rows = [mention(n, f"Covid {n} b.", 0.25) for n in range(4)]
    assert set(reasons(rows).values()) == {"the first of the month"}


def test_a_headline_that_comes_every_day_is_there_once() -> None:
    rows = [mention(n, "Covid Map and Case Count", -0.1 * (n % 2)) for n in range(30)]
    assert reasons(rows) == {
        "nyt:0000": "the first of the month; the most repeated: 30 documents of its pattern"
    }


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(["covid", "city", "mayor", "closes", "ward"]), min_size=1),
            st.none() | st.floats(-1, 1),
        )
    )
)
def test_ten_documents_at_most_each_once_and_always_the_same(
    given_rows: list[tuple[list[str], float | None]],
) -> None:
    rows = [mention(n, " ".join(words), score) for n, (words, score) in enumerate(given_rows)]
    readings = choose_documents(rows, COVID)
    documents = [reading.mention.document for reading in readings]
    assert len(documents) == len(set(documents)) <= LENGTH
    assert bool(documents) == bool(rows)
    assert readings == choose_documents(rows, COVID)


def test_a_neutral_document_is_neither_of_the_highest_nor_of_the_lowest_polarity() -> None:
    rows = [mention(n, f"Covid {n} a.", score) for n, score in enumerate([0.04, 0.5, 0.0, -0.04])]
    assert reasons(rows) == {
        "nyt:0000": "the first of the month",
        "nyt:0001": "among the highest polarity: +0.50",
    }


def test_of_the_documents_of_one_pattern_one_is_chosen() -> None:
    scores = [-0.9, -0.8, -0.7, -0.6, 0.2]
    rows = [mention(n, f"Covid {n} a.", score) for n, score in enumerate(scores)]
    places = {"nyt:0000": 7, "nyt:0001": 7, "nyt:0002": 7}
    readings = choose_documents(rows, COVID, places.get)
    assert [reading.mention.document for reading in readings] == [
        "nyt:0000",
        "nyt:0004",
        "nyt:0003",
    ]


def reading(text: str, sentence: str) -> Reading:
    return Reading(replace(mention(0, sentence, None), text=text), "the first of the month")


def test_a_document_to_read_is_shown_whole_though_one_sentence_of_it_mentions_the_keyword() -> None:
    shown = reading("Masks Are  Back.\nNobody Asked. Covid Is Gone.", "Covid Is Gone.")
    assert shown.passage == "Masks Are Back. Nobody Asked. Covid Is Gone."
    assert shown.quote == "… Covid Is Gone."


def test_of_a_long_document_the_passage_that_mentions_the_keyword_is_shown() -> None:
    opening = "Covid reaches the ward."
    filler = " ".join(["Nothing happened on the quay."] * 20)
    beginning = reading(f"{opening} {filler}", opening).passage
    assert len(beginning) <= MOST_CHARACTERS
    assert beginning.startswith(f"{opening} Nothing happened")
    assert f"{opening} {filler}".startswith(beginning.removesuffix(" …"))

    later = reading(f"{filler} {opening} The end.", opening)
    assert later.passage == f"… {opening} The end."
    assert later.quote == f"… {opening} …"


def test_a_long_document_without_blanks_is_cut_at_a_character() -> None:
    shown = reading("\u6d77" * 900, "\u6d77" * 900)
    assert shown.passage == "\u6d77" * (MOST_CHARACTERS - 2) + " …"


def test_the_reason_says_which_sentences_a_polarity_is_of_where_they_are_not_the_document() -> None:
    whole = mention(0, "Covid is good.", 0.6)
    part = replace(mention(1, "Covid is bad.", -0.6), text="Covid is bad. So they say.")
    two = [mention(2, f"Covid is {n} times worse.", -0.8, position=n) for n in (1, 2)]
    assert list(reasons([whole, part, *two]).values()) == [
        "the first of the month; among the highest polarity: +0.60",
        "among the lowest polarity: \u22120.80, the mean of the 2 sentences that mention it",
        "among the lowest polarity: \u22120.60, of the sentence that mentions it",
    ]
