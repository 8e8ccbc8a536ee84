"""The polarity engine `news`: what may change its answer, and what may not."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.text.masking import mask_terms
from core.errors import BadInput
from textapi.engine.news import WEIGHTS, NewsModel, load, read_model
from textapi.engine.news_features import AGGREGATES, Features, find_valence, list_terms
from textapi.engine.news_names import hide_names
from textapi.engine.news_words import find_tokens
from textapi.engine.polarity import engine_name, neutral_band, text_polarity
from textapi.text.keywords import pattern
from tools.news_engine.evaluation import LARGEST_DIFFERENCE, NAMES, compare_names
from tools.news_engine.evaluation import SENTENCES as NEUTRAL_SENTENCES
from tools.news_engine.packing import pack_model

CARD = Path(__file__).parents[2] / "docs" / "news-engine.md"
DEVIATION = 0.3  # of the answers over sentences of news, by the data card
WORDS = (
    *("good", "bad", "not", "never", "don't", "isn't", "won't", "very", "but", "killed"),
    *("rescued", "crisis", "fears", "the", "a", "it's", "\u201cgreat\u201d", "\u2014", ",", "!"),
)
# The capitals of a name tell in running text that its word is one, which hides it.
WITHOUT_NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=25).map(" ".join)
SENTENCES = st.lists(st.sampled_from((*WORDS, "Obama", "New York")), min_size=1, max_size=25).map(
    " ".join
)


@pytest.fixture(scope="module")
def model() -> NewsModel:
    return load()


def small_features() -> Features:
    return Features(
        {"bank": 0, "collapse": 1, "! collapse": 2, "bank collapse": 3},
        {"good": 2.0, "collapse": -2.0, "well": 1.0},
        {"bailout": -1.0},
        {"bank": 0.5},
        {"good hope", "wells"},
    )


@given(WITHOUT_NAMES)
def test_case_and_the_kind_of_quotes_change_nothing(text: str) -> None:
    score = load().score
    expected = score(text)
    curly = text.replace("'", "\u2019").replace('"', "\u201d")
    for variant in (text.upper(), text.lower(), text.title(), curly, curly.title()):
        assert score(variant) == expected


@given(st.text(max_size=300) | SENTENCES)
def test_any_text_has_an_answer_of_four_decimals_within_bounds(text: str) -> None:
    answer = load().score(text)
    assert -1.0 <= answer <= 1.0
    assert answer == round(answer, 4)
    assert text_polarity(text, "news") == pytest.approx(text_polarity(text, "news"))


@pytest.mark.parametrize("text", ["", " ", "12, 345.", "Grzegorz Brzęczyszczykiewicz", "日本語"])
def test_a_text_without_a_word_that_counts_is_neutral(model: NewsModel, text: str) -> None:
    assert str(model.score(text)) == "0.0"


def test_bad_news_is_below_good_news_and_negation_turns_it(model: NewsModel) -> None:
    bad = [
        "Dozens die as bridge collapses",
        "Factory fire leaves workers dead",
        "Fraud trial begins",
    ]
    good = ["Vaccine is approved", "Town celebrates its champion", "Profits surge to a record"]
    assert max(map(model.score, bad)) < -0.1 < 0.1 < min(map(model.score, good))
    assert model.score("Mayor tests positive") == model.score("Mayor") < 0.3
    assert model.score("This is not a disaster") > model.score("This is a disaster")
    assert model.score("He isn\u2019t happy") < model.score("He is happy")


NAMES_THAT_ARE_WORDS = (
    *("Hope Solo", "Best Buy", "The Poor", "The Week in Trump", "Bank of America", "Joy Reid"),
    *("Poor Farm Road", "NATO", "BFF", "the Violence Against Women Act", "Bashar al-Assad"),
    *("Tropical Depression Molave", "World War I", "Total", "UPS", "New Zealand", "About Schmidt"),
)
WITHIN = tuple(sentence for sentence in NEUTRAL_SENTENCES if not sentence.startswith("{}"))


@pytest.mark.parametrize("name", NAMES_THAT_ARE_WORDS)
def test_a_name_within_a_neutral_sentence_counts_for_nothing_though_it_is_a_word(
    model: NewsModel, name: str
) -> None:
    for sentence in WITHIN:
        assert model.score(sentence.format(name)) == model.score(sentence.format("Xqzyor"))


def test_a_name_of_several_words_begins_a_sentence_without_a_valence(model: NewsModel) -> None:
    expected = model.score("Xqzyor will speak on Tuesday.")
    for name in ("Hope Solo", "Best Buy", "The Poor", "The Week in Trump", "NATO"):
        assert model.score(f"{name} will speak on Tuesday.") == expected


@pytest.mark.parametrize(
    ("sentence", "hidden"),
    [
        # In Title Case, common words are read as words.
        ("Death Toll Rises in Kanchipur Flood", "Death toll rises in topic flood"),
        # Where case tells nothing, nothing is hidden.
        ("Markets Crash", "Markets Crash"),
        ("MARKETS CRASH AS HOPE FADES", "MARKETS CRASH AS HOPE FADES"),
        ("markets crash", "markets crash"),
        # What describes a name is none.
        ("Terrible Velmont speech shocks allies", "Terrible topic speech shocks allies"),
        ("I'm SO HAPPY it is over, says Ann", "I'm SO HAPPY it is over, says topic"),
        ("He said: Great work by the U.S. team", "He said: Great work by the topic.topic. team"),
        ("She asked Mr. Best and I know why", "She asked topic. topic and I know why"),
    ],
)
def test_capitals_tell_names_within_running_text(sentence: str, hidden: str) -> None:
    assert hide_names(sentence) == hidden


@given(st.text(max_size=80) | SENTENCES)
def test_a_name_is_hidden_word_by_word(text: str) -> None:
    assert len(find_tokens(hide_names(text))) == len(find_tokens(text))


MENTIONS = (
    "Officials say {} spread across three counties.",
    "A judge halted the {} that residents had feared.",
    "They never asked about {} before the good news came.",
    "The Fight Over {} Divides a Small Town",
    "{} Returns as Schools Reopen",
)


@pytest.mark.parametrize("sentence", MENTIONS)
def test_a_masked_subject_is_worth_what_an_unknown_name_is(model: NewsModel, sentence: str) -> None:
    masked = mask_terms(sentence.format("Velmont"), [pattern("velmont")])
    assert "Topic" in masked
    assert model.score(masked) == model.score(sentence.format("Velmont"))
    assert model.score("Topic") == model.score("topic") == model.score("TOPIC") == 0.0


def test_the_neutral_band_is_that_of_the_engine_that_answered() -> None:
    assert engine_name("vader") == "tidings-1.3+vader"
    assert engine_name("news") == "tidings-1.3+news-2"
    band = neutral_band(engine_name("news"))
    assert band == load().neutral_band
    assert band.low < -0.05
    assert band.high > 0.05
    for other in ("tidings-1.1+vader", "tidings-1.1+news", "text.example.org"):
        assert neutral_band(other) == (-0.05, 0.05)

    signs = [band.sign(polarity) for polarity in (-1.0, band.low, -0.05, 0.0, 0.06, band.high)]
    assert signs == [-1, -1, 0, 0, 0, 1]


def test_a_name_in_a_neutral_sentence_changes_at_most_a_tenth_of_a_deviation(
    model: NewsModel,
) -> None:
    differences = {each.kind: each.difference for each in compare_names(model.score, DEVIATION)}
    assert differences.keys() == NAMES.keys()
    assert max(differences.values()) <= LARGEST_DIFFERENCE


def test_the_table_of_names_finds_a_name_that_counts() -> None:
    def score(text: str) -> float:
        return 0.5 if "Enron" in text else 0.0

    by_kind = {each.kind: each for each in compare_names(score, 0.25)}
    assert by_kind["companies"].difference == 2.0
    assert by_kind["companies"].highest == "Enron"
    assert by_kind["persons"].difference == 0.0


def test_the_weights_are_small_and_those_of_the_data_card() -> None:
    stored = WEIGHTS.read_bytes()
    assert len(stored) <= 2_000_000
    assert hashlib.sha256(stored).hexdigest() in CARD.read_text(encoding="utf-8")


def test_the_notices_of_what_the_weights_come_from_are_beside_them() -> None:
    notice = WEIGHTS.with_name("news.NOTICE.txt").read_text(encoding="utf-8")
    for holder in ("WordNet 3.0 Copyright 2006", "C.J. Hutto", "Felix Hamborg", "Ankur Sinha"):
        assert holder in notice
    assert "Permission is hereby granted, free of charge" in notice


def test_the_engine_needs_neither_vader_nor_wordnet_nor_another_package() -> None:
    program = (
        "import sys; before = set(sys.modules); from textapi.engine import news; "
        "print(news.load().score('A wonderful day')); "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    output = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    answer, modules = output.splitlines()
    assert float(answer) == load().score("A wonderful day")
    others = set(modules.split()) - sys.stdlib_module_names - {"numpy", "textapi", "core"}
    assert not {name for name in others if not name.startswith("_")}


def test_words_of_names_count_for_nothing_and_stand_between_pairs() -> None:
    features = small_features()
    assert [word.text for word in features.read_words("Good Hope bank Wells collapse")] == [
        "bank",
        "collapse",
    ]
    assert features.read("bank Xyz collapse")[0] == [0, 1]
    assert features.read("Bank collapse!")[0] == [0, 1, 3]
    assert features.read("bank, collapse")[0] == [0, 1]


def test_negation_holds_for_four_words_that_count_and_ends_with_the_clause() -> None:
    features = small_features()
    negated = [word.negated for word in features.read_words("no bank good bank good bank")]
    assert negated == [True, True, True, True, False]
    assert [word.negated for word in features.read_words("no bank, bank")] == [True, False]
    words = features.read_words("don\u2019t collapse")
    assert list_terms(words) == ["! collapse"]
    assert words[0].weight == -0.74


def test_but_halves_what_came_before_and_raises_what_follows() -> None:
    weights = [word.weight for word in small_features().read_words("good but collapse")]
    assert weights == [0.5, 1.5]


@pytest.mark.parametrize(
    ("word", "valence"),
    [
        ("bailout", -1.0),
        ("bailouts", -1.0),
        ("ban", -2.0),
        ("banned", -2.0),
        ("banning", -2.0),
        ("carried", 1.0),
        ("hoping", 3.0),
        ("as", 0.0),
        ("window", 0.0),
    ],
)
def test_an_inflected_word_has_the_valence_of_its_stem(word: str, valence: float) -> None:
    valences = {"bailout": -1.0, "ban": -2.0, "carry": 1.0, "hope": 3.0, "a": 4.0}
    assert find_valence(valences, word) == valence


def arrays(features: Features) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    made = {
        "weights": generator.integers(-127, 128, (len(features.terms), 3)).astype(np.int8),
        "scales": np.full(3, 0.01),
        "aggregate_weights": generator.standard_normal((AGGREGATES, 3)).astype(np.float32),
        "biases": generator.standard_normal(3),
        "output": generator.standard_normal(3),
        "neutral_band": np.array([-0.2, 0.3]),
    }
    return {"meta": np.array('{"news": 2}'), **pack_model(features, made)}


def dump(contents: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **contents)
    return buffer.getvalue()


def test_weights_are_read_as_they_were_packed() -> None:
    features = small_features()
    contents = arrays(features)
    packed = read_model(dump(contents))
    assert packed.features.terms == features.terms
    assert packed.features.names == features.names
    assert packed.neutral_band == (-0.2, 0.3)
    assert packed.features.rated == pytest.approx(features.rated, abs=1 / 62)

    places, aggregates = packed.features.read("Bank collapse, good")
    empty = packed.features.aggregate([])
    hidden = [
        contents["weights"][rows].sum(axis=0) * 0.01
        + np.array(numbers) @ contents["aggregate_weights"]
        + contents["biases"]
        for rows, numbers in ((places, aggregates), ([], empty))
    ]
    text, nothing = (float(np.tanh(row) @ contents["output"]) for row in hidden)
    assert packed.score("Bank collapse, good") == round(float(np.tanh((text - nothing) / 2)), 4)


def test_other_bytes_are_refused() -> None:
    contents = arrays(small_features())
    wrong = [
        b"",
        b"PK\x03\x04",
        dump({"meta": np.array("{}")}),
        dump({**contents, "meta": np.array('{"news": 1}')}),
        dump({**contents, "weights": np.zeros((1, 3), np.int8)}),
        dump({name: array for name, array in contents.items() if name != "rated"}),
    ]
    for stored in wrong:
        with pytest.raises(BadInput, match=re.compile("train again|give the file")):
            read_model(stored)
