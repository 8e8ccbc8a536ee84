"""In which language a text is: as it is stated, as it is detected, and as its outlet writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.languages import DocumentLanguages, code_languages, describe_languages
from core.errors import UsageError
from core.languages import find_language, is_unknown_language, language_name, parse_language
from models.languages import LanguageRow, Publisher
from textapi.text.language_detector import DETECTED, choose_languages, detect_languages

GERMAN = [
    "Die Schule war gestern offen.",
    "Der Hafen bleibt wegen des Sturms bis Montag geschlossen.",
    "Warum die Fähre nach der Insel nicht mehr fährt.",
    "Bürgermeisterin kündigt höhere Gebühren für Liegeplätze an.",
]
FRENCH = [
    "Le port restera fermé jusqu'à lundi à cause de la tempête.",
    "Pourquoi les pêcheurs ne veulent plus de la nouvelle taxe.",
    "La maire annonce une hausse des tarifs pour les bateaux.",
]
SPANISH = [
    "El puerto seguirá cerrado hasta el lunes por la tormenta.",
    "Los pescadores rechazan el nuevo impuesto del Gobierno.",
    "La alcaldesa anuncia una subida de las tarifas para los barcos.",
]
ENGLISH = [
    "The harbor will stay closed until Monday, officials say.",
    "Why the ferry to the island no longer runs in winter.",
]
# Nothing in them says which language they are in.
SHORT_ENGLISH = ["Covid Toe?", "Quiz", "Obituaries", "Ann Quist, Carl Brandt", "Die Hard", "", "!"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(("de", "de"), ("de-AT", "de"), ("de_DE.UTF-8", "de"), ("deu", "de"), ("ger", "de")),
        *((" German ", "de"), ("GERMAN", "de"), ("zh-Hant", "zh"), ("iw", "he"), ("in", "id")),
        *(("nb", "no"), ("und", None), ("zxx", None), ("Klingon", None), ("", None), (None, None)),
    ],
)
def test_a_language_is_known_by_the_ways_in_which_archives_write_it(
    written: str | None, code: str | None
) -> None:
    assert find_language(written) == code


def test_a_language_that_is_not_known_is_told_from_none() -> None:
    assert is_unknown_language("Klingon")
    assert not any(map(is_unknown_language, ("und", "zxx", "", None, "English")))


def test_a_typed_language_that_is_none_is_an_error_that_says_what_to_write() -> None:
    assert parse_language("fr") == "fr"
    with pytest.raises(UsageError, match=r"'xx' names no language: write its code in ISO 639-1"):
        parse_language("xx")


def test_texts_are_detected_in_their_languages() -> None:
    assert detect_languages(GERMAN) == ["de"] * len(GERMAN)
    assert detect_languages(FRENCH) == ["fr"] * len(FRENCH)
    assert detect_languages(SPANISH) == ["es"] * len(SPANISH)
    assert detect_languages(ENGLISH) == ["en"] * len(ENGLISH)


def test_names_and_single_words_are_not_decided() -> None:
    assert detect_languages(SHORT_ENGLISH) == [""] * len(SHORT_ENGLISH)
    assert detect_languages([]) == []


def test_addresses_accounts_and_tags_decide_nothing() -> None:
    assert detect_languages(["@hafenamt #hafenarbeiter https://hafen.example/die-schule"]) == [""]


@given(st.lists(st.text(max_size=80) | st.sampled_from(GERMAN + ENGLISH), max_size=6))
def test_any_text_has_a_language_or_none(texts: list[str]) -> None:
    assert set(detect_languages(texts)) <= {*DETECTED, ""}
    assert set(choose_languages(texts, ["fr", "de"])) <= {"fr", "de"}


def test_a_text_is_chosen_to_be_in_the_likelier_of_some_languages() -> None:
    assert choose_languages([*GERMAN, *FRENCH], ["de", "fr"]) == ["de"] * len(GERMAN) + [
        "fr"
    ] * len(FRENCH)
    assert choose_languages(GERMAN[:2], ["fr"]) == ["fr", "fr"]


def test_what_is_stated_comes_before_the_source_and_before_what_is_detected() -> None:
    stated = [("fr", "archive"), (None, "archive"), (None, "nyt"), ("fr", "nyt"), ("und", "x")]
    assert code_languages(stated, [GERMAN[0]] * 5) == ["fr", "de", "en", "fr", "de"]


PAPER = Publisher("archive", "Hafenblatt", None)
TIDES = Publisher("archive", "The Tides", None)


def rows(publisher: Publisher, first_id: int, *codes: str) -> list[LanguageRow]:
    return [LanguageRow(first_id + n, code, publisher) for n, code in enumerate(codes)]


def outside(*language_rows: list[LanguageRow], known: tuple[str, ...] = ("en",)) -> dict[int, str]:
    return DocumentLanguages.of(row for part in language_rows for row in part).find_outside(known)


def test_an_undecided_text_is_in_the_language_of_its_outlet() -> None:
    found = outside(rows(PAPER, 1, "de", "de", "de", "", ""), rows(TIDES, 11, "en", "en", "en", ""))
    assert found == dict.fromkeys((1, 2, 3, 4, 5), "de")


def test_a_foreign_text_of_an_english_outlet_is_left_out_alone() -> None:
    assert outside(rows(TIDES, 1, "en", "en", "de", "", "en", "fr")) == {3: "de", 6: "fr"}


def test_an_outlet_of_several_foreign_languages_has_no_undecided_english_text() -> None:
    found = outside(rows(PAPER, 1, "fr", "fr", "nl", "nl", ""))
    assert found == {1: "fr", 2: "fr", 3: "nl", 4: "nl", 5: "fr"}


def test_an_outlet_with_few_decided_texts_says_nothing_of_the_others() -> None:
    assert outside(rows(PAPER, 1, "de", "de", "", "")) == {1: "de", 2: "de"}
    assert outside(rows(PAPER, 1, "", "", "")) == {}
    assert outside(rows(PAPER, 1, "en", "en", "de", "de", "")) == {3: "de", 4: "de"}


def test_an_outlet_with_few_decided_texts_has_the_language_of_its_archive() -> None:
    small = Publisher("archive", "Kleinblatt", None)
    mute = Publisher("archive", "Stillblatt", None)
    german = rows(PAPER, 1, "de", "de", "de", "")
    found = outside(german, rows(small, 11, "de", "", ""), rows(mute, 21, "", ""))
    assert found == dict.fromkeys((1, 2, 3, 4, 11, 12, 13, 21, 22), "de")
    # Its own English text speaks for it, and another archive says nothing of it.
    found = outside(german, rows(small, 11, "en", ""))
    assert found == dict.fromkeys((1, 2, 3, 4), "de")
    elsewhere = Publisher("nyt", "Kleinblatt", None)
    assert outside(german, rows(elsewhere, 11, "")) == dict.fromkeys((1, 2, 3, 4), "de")
    # Accounts of one service have no language together.
    accounts = [Publisher("x", "", handle) for handle in ("ann", "ben")]
    found = outside(rows(accounts[0], 1, "de", "de", "de", "de"), rows(accounts[1], 11, "", ""))
    assert found == dict.fromkeys((1, 2, 3, 4), "de")


def test_an_outlet_of_an_english_archive_keeps_its_undecided_texts() -> None:
    small = Publisher("archive", "Kleinblatt", None)
    found = outside(rows(TIDES, 1, "en", "en", "en", ""), rows(small, 11, "de", ""))
    assert found == {11: "de"}


def test_an_engine_that_reads_german_leaves_out_no_german_text() -> None:
    assert outside(rows(PAPER, 1, "de", "de", "de", "", "en"), known=("de",)) == {5: "en"}


@given(st.lists(st.sampled_from(["en", "de", "fr", ""]), max_size=30))
def test_every_decided_text_is_left_out_if_and_only_if_its_language_is_not_known(
    codes: list[str],
) -> None:
    found = outside(rows(PAPER, 1, *codes))
    for number, code in enumerate(codes, start=1):
        if code:
            assert (number in found) == (code != "en")


def test_counts_of_languages_are_said_in_words() -> None:
    assert describe_languages(["de"]) == "1 document in German"
    assert (
        describe_languages(["de"] * 1200 + ["fr"] * 3)
        == "1,200 documents in German and 3 in French"
    )
    many = ["de"] * 4 + ["fr"] * 3 + ["es"] * 2 + ["it", "nl"]
    assert describe_languages(many, "post") == (
        "4 posts in German, 3 in French, 2 in Spanish and 2 in other languages"
    )
    assert language_name("gsw") == "gsw"
