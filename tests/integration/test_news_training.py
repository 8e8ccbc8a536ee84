"""The training of the engine `news`, on rated sentences that are made up here."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import sys
from pathlib import Path

import pytest

from core.errors import BadInput
from textapi.engine.news import read_model
from tools.news_engine import __main__ as program
from tools.news_engine import wordnet
from tools.news_engine.evaluation import correlate_ranks
from tools.news_engine.task import NO_WORDNET, score_text, train_engine

GOOD = ("harvest", "rescue", "blossom", "cure", "festival", "bargain")
BAD = ("flood", "collapse", "famine", "poison", "strike", "drought")
PLACES = ("Velmont", "Kanchipur", "Praeling", "Dunmore")


@pytest.fixture(autouse=True)
def _without_wordnet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(wordnet, "FOLDER", tmp_path / "no-wordnet")


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    """A folder of 600 sentences, in two formats, whose words say how they are rated."""
    chance = random.Random(7)
    lines, snippets = [], []
    for number in range(600):
        sign = chance.choice((-1, 1))
        words = chance.sample(GOOD if sign > 0 else BAD, 2)
        text = f"In {chance.choice(PLACES)} the {words[0]} and the {words[1]} go on."
        if number % 2:
            snippets.append(f"{number}_1\t{2 * sign + chance.random()}\t{text}")
            continue

        targets = [{"mention": "X", "polarity": 4.0 + 2 * sign}]
        row = {"primary_gid": f"paper_{number}_1_2_X_0_1", "sentence_normalized": text}
        lines.append(json.dumps(row | {"targets": targets}))

    folder = tmp_path / "ratings"
    folder.mkdir()
    for name, rows in (("newsmtsc_train.jsonl.gz", lines), ("vader_made.tsv.gz", snippets)):
        (folder / name).write_bytes(gzip.compress("\n".join(rows).encode()))

    return folder


QUICK = {"learning_rate": 0.01}


def test_a_training_ends_with_weights_that_the_engine_reads_and_says_how_good_they_are(
    ratings: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = train_engine(ratings, QUICK)
    model = read_model(report.weights)
    assert model.score("The harvest and the cure") > 0.3
    assert model.score("A FLOOD, A FAMINE") < -0.3
    assert model.score("A flood in Velmont") == model.score("A flood in Elsewhere")
    assert score_text(model, "") == 0.0

    predictions = report.results.predictions
    of_news = [prediction for prediction in predictions if prediction.split == "newsmtsc_train"]
    assert {prediction.split for prediction in predictions} == {"newsmtsc_train", "vader_made"}
    assert 40 < len(predictions) < 80  # a tenth
    correlation = correlate_ranks(
        [prediction.actual for prediction in of_news],
        [prediction.predicted for prediction in of_news],
    )
    assert correlation > 0.8
    said = "\n".join(report.remarks)
    assert f"newsmtsc_train: Spearman's correlation with people is {correlation:.3f}" in said
    assert f"on {len(of_news)} sentences held out" in said
    assert NO_WORDNET in said
    for kind in ("persons", "parties", "countries", "religions", "genders", "companies"):
        assert f"Names of {kind} change a neutral sentence by 0.000 standard deviations" in said

    assert hashlib.sha256(report.weights).hexdigest() in said

    out = tmp_path / "news.npz"
    arguments = ["--ratings", str(ratings), "--out", str(out), "--epochs", "1", "--seed", "3"]
    monkeypatch.setattr(sys, "argv", ["news_engine", *arguments])
    program.main()
    assert hashlib.sha256(out.read_bytes()).hexdigest() in capsys.readouterr().out


def test_wordnet_gives_words_a_valence_that_no_rating_holds(ratings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "no-wordnet"
    folder.mkdir()
    for name in wordnet.FILES:
        (folder / name).write_text("", encoding="utf-8")

    (folder / "data.noun").write_text(
        "00000001 04 n 02 disaster 0 wreckage 0 000 | a very bad event\n", encoding="utf-8"
    )
    report = train_engine(ratings, QUICK | {"epochs": 1})
    assert NO_WORDNET not in report.remarks
    assert read_model(report.weights).features.related["wreckage"] < 0


def test_equal_trainings_give_equal_bytes(ratings: Path) -> None:
    options = QUICK | {"epochs": 3}
    first, again, other = (train_engine(ratings, options | {"seed": n}).weights for n in (0, 0, 1))
    assert first == again
    assert first != other


def test_without_vaders_lexicon_it_is_said_what_to_install(
    ratings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    with pytest.raises(BadInput, match=r"pip install 'tidings\[server\]'"):
        train_engine(ratings, QUICK)


def test_too_few_sentences_for_a_split_are_said(tmp_path: Path) -> None:
    content = gzip.compress(b"1\t2.0\tA harvest\n2\t-2.0\tA flood\n")
    (tmp_path / "vader_made.tsv.gz").write_bytes(content)
    with pytest.raises(BadInput, match="too few sentences"):
        train_engine(tmp_path, QUICK)
