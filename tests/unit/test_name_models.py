"""Models of spaCy that find names in other languages: real ones, made small and saved to disk."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import spacy

from core.errors import SettingsError, StackError
from core.settings import Settings
from textapi.answer_validation import read_languages
from textapi.engine.entities import entities, of_labels
from textapi.engine.language import Language, load
from textapi.engine.name_models import MOST_LOADED, NameModels, find_name_models, name_suffix
from textapi.messages import Operation, languages_read

ENGLISH = "The U.S. Senate votes on a $2 Trillion Relief Bill on Friday."
GERMAN = "Kurt Brandt will den Hafen von Stralsund im Sommer erweitern."
FRENCH = "Le maire Luc Moreau a inauguré hier la nouvelle école de Brest."
STRIKE = "Grève à la SNCF : le trafic très perturbé en Île-de-France"
NAMES = {
    "de": {"Kurt Brandt": "PER", "Stralsund": "LOC", "Senate": "ORG"},
    "fr": {"Luc Moreau": "PER", "Brest": "LOC"},
}


@pytest.fixture(scope="module")
def model() -> Language:
    return load()


def save_model(folder: Path, language: str, names: Mapping[str, str] | None = None) -> str:
    """Save a model of *language* that finds *names*; return its folder as the setting names it."""
    nlp = spacy.blank(language)
    patterns = names or NAMES.get(language, {})
    nlp.add_pipe("entity_ruler").add_patterns(  # type: ignore[attr-defined]
        [{"label": label, "pattern": name} for name, label in patterns.items()]
    )
    nlp.meta["name"], nlp.meta["version"] = "tide", "1.0"
    nlp.to_disk(folder)
    return str(folder)


def test_each_line_is_read_by_the_model_of_its_language_and_types_are_those_of_english(
    model: Language, tmp_path: Path
) -> None:
    models = find_name_models([save_model(tmp_path / code, code) for code in ("fr", "de")])
    names = NameModels(models)
    english = entities(model, [ENGLISH])[0]
    assert ("ORG", "The U.S. Senate") in english
    german = [("PERSON", "Kurt Brandt"), ("LOC", "Stralsund")]
    french = [("PERSON", "Luc Moreau"), ("LOC", "Brest")]

    texts = [f"{GERMAN}\n{ENGLISH}\n\n{FRENCH}", ENGLISH, "", FRENCH, GERMAN]
    packed = [*german, *english, *french]
    assert entities(model, texts, names) == [packed, english, [], french, german]
    assert entities(model, [GERMAN], names) == [german]
    assert of_labels(german, "ARTICLE") == german


def test_the_engine_is_named_after_its_models_and_another_after_a_training(tmp_path: Path) -> None:
    folder = tmp_path / "de"
    first = find_name_models([save_model(folder, "de")])
    assert list(first) == ["de"]
    suffix = name_suffix(first)
    assert suffix.startswith("+de_tide-1.0-")
    assert name_suffix(find_name_models([str(folder)])) == suffix

    # The same name and version, and another name that it finds.
    shutil.rmtree(folder)
    save_model(folder, "de", {"Rostock": "LOC"})
    assert name_suffix(find_name_models([str(folder)])) != suffix
    assert name_suffix({}) == ""


def test_models_are_loaded_when_a_text_comes_and_few_at_once(
    model: Language, tmp_path: Path
) -> None:
    codes = ("de", "fr", "es", "it", "nl")
    names = NameModels(find_name_models([save_model(tmp_path / code, code) for code in codes]))
    entities(model, [ENGLISH], names)
    assert names.load.cache_info().currsize == 0
    for code in codes:
        names.load(code)

    assert names.load.cache_info().currsize == MOST_LOADED == 3


def test_what_is_no_model_is_refused_by_name(tmp_path: Path) -> None:
    def refusal(*models: str) -> str:
        with pytest.raises(SettingsError) as raised:
            find_name_models(models)

        return str(raised.value)

    empty = tmp_path / "empty"
    empty.mkdir()
    assert refusal(str(empty)) == (
        f"TIDINGS_SPACY_MODELS: {empty} is no model of spaCy: name the folder with meta.json and "
        "config.cfg that `nlp.to_disk` writes"
    )
    assert "/nowhere is no model of spaCy" in refusal("/nowhere")
    assert "no package xy_core_news_sm is installed" in refusal("xy_core_news_sm")
    assert "no package ../x is installed" not in refusal("../x")
    german, other = save_model(tmp_path / "a", "de"), save_model(tmp_path / "b", "de")
    assert "are both for German: name one of them" in refusal(german, other)
    assert "is for 'en': English has its model" in refusal(save_model(tmp_path / "en", "en"))
    assert "is for 'xx'" in refusal(save_model(tmp_path / "xx", "xx"))


def test_a_model_that_cannot_be_loaded_fails_by_name(tmp_path: Path) -> None:
    folder = Path(save_model(tmp_path / "de", "de"))
    folder.joinpath("config.cfg").write_text("[nlp\n")
    names = NameModels(find_name_models([str(folder)]))
    with pytest.raises(StackError, match=r"the model de_tide-1\.0-\w{8} of TIDINGS_SPACY_MODELS"):
        names.load("de")


def test_a_header_says_which_endpoint_alone_reads_a_language() -> None:
    declared = read_languages("en, fr;ner, de ; ner, nl;nothing, klingon, it;NER")
    assert declared == {"en", "fr;ner", "de;ner"}
    assert languages_read(declared) == {"en"}
    assert languages_read(declared, Operation.NER) == {"en", "fr", "de"}
    assert languages_read(declared, Operation.SUMMARIZE) == {"en"}
    assert read_languages("fr;nothing") is None


def test_folders_have_a_slash_and_packages_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDINGS_SPACY_MODELS", "models/de, fr_core_news_sm,/srv/it")
    assert Settings().spacy_models == (f"{tmp_path}/models/de", "fr_core_news_sm", "/srv/it")


def test_the_french_model_of_the_extra_finds_people_places_and_organisations(
    model: Language,
) -> None:
    pytest.importorskip("fr_core_news_sm", reason="the extra `french` is not installed")
    models = find_name_models(["fr_core_news_sm"])
    assert name_suffix(models).startswith("+fr_core_news_sm-3.8.0-")
    found = entities(
        model,
        [f"Emmanuel Macron a rencontré Angela Merkel à Berlin mardi.\n{STRIKE}"],
        NameModels(models),
    )
    assert found == [
        [
            ("PERSON", "Emmanuel Macron"),
            ("PERSON", "Angela Merkel"),
            ("LOC", "Berlin"),
            ("ORG", "SNCF"),
            ("LOC", "Île-de-France"),
        ]
    ]
