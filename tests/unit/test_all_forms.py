"""Words with `~`: what they stand for, and the query that a run keeps."""

from __future__ import annotations

import pytest

from analysis.options import Keyword
from analysis.query.all_forms import write_all_forms, write_forms
from analysis.text.word_forms import find_word_forms, has_dictionary
from core.errors import BadInput


@pytest.mark.parametrize(
    ("language", "word", "forms"),
    [
        ("en", "run", {"run", "runs", "ran", "running"}),
        ("en", "crisis", {"crisis", "crises"}),
        pytest.param("de", "hafen", {"hafen", "hafens", "häfen"}, marks=pytest.mark.thorough),
        pytest.param(
            *("de", "Krankenhäuser", {"krankenhaus", "krankenhauses", "krankenhäuser"}),
            marks=pytest.mark.thorough,
        ),
        ("fr", "hôpital", {"hôpital", "hôpitaux"}),
        pytest.param(
            "ru", "город", {"город", "города", "городе", "городов"}, marks=pytest.mark.thorough
        ),
    ],
)
def test_a_dictionary_has_the_forms_of_a_word(language: str, word: str, forms: set[str]) -> None:
    found = {form.casefold() for form in find_word_forms([word], language)[word]}
    assert forms <= found
    assert len(found) <= len(forms) + 5


def test_a_word_that_no_dictionary_knows_stands_for_itself_alone() -> None:
    assert find_word_forms(["Tidingsville"], "en") == {"Tidingsville": {"Tidingsville"}}
    assert has_dictionary("sr")
    assert not has_dictionary("ja")


@pytest.mark.parametrize(
    ("written", "query"),
    [
        ("run~", "ran OR run OR running OR runs"),
        ("trade:trade~,tariff~", "trade OR (trade OR trades) OR (tariff OR tariffs)"),
        ("war:trade~ AND war", "(trade OR trades) AND war"),
        ("x:(run~ OR boat) near/5 =Trade~",
         "((ran OR run OR running OR runs) OR boat) near/5 (=Trade OR =trades)"),
        ('x:"oil trade~" OR gas', '("oil trade" OR "oil trades") OR gas'),
        ("free trade~", '"free trade" OR "free trades"'),
        ("x:boat OR sea~", "boat OR sea"),
    ],
)  # fmt: skip
def test_forms_are_written_in_the_place_of_a_word(written: str, query: str) -> None:
    forms = {
        "run": {"run", "runs", "ran", "running"},
        "trade": {"trade", "trades"},
        "Trade": {"Trade", "trades"},
        "tariff": {"tariff", "tariffs"},
        "sea": {"sea"},
    }
    kept = write_forms(Keyword.parse(written), forms)
    assert kept.query == query
    assert Keyword.parse(kept.as_written) == kept


def test_a_remark_says_what_a_word_stands_for_and_in_which_languages() -> None:
    written = write_all_forms([Keyword.parse("run~"), Keyword.parse("boat")], ["en", "ja"])
    assert written.remarks == ["run~ stands for ran, run, running, runs (English)"]
    assert [keyword.name for keyword in written.keywords] == ["run~", "boat"]
    assert written.keywords[1] == Keyword.parse("boat")


def test_a_language_without_dictionary_and_a_word_of_too_many_forms_are_refused() -> None:
    with pytest.raises(BadInput, match="no dictionary has those of Japanese: write each form"):
        write_all_forms([Keyword.parse("run~")], ["ja"])
    with pytest.raises(BadInput, match="language is not known"):
        write_all_forms([Keyword.parse("run~")], [])
    with pytest.raises(BadInput, match="run~ stands for 147 words"):
        write_forms(Keyword.parse("run~"), {"run": {f"run{n:03}" for n in range(147)}})


@pytest.mark.parametrize("written", ["roam~0.8", "a~b", "~", "x OR ~y", "c3~"])
def test_a_sign_elsewhere_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"~"):
        Keyword.parse(written)
