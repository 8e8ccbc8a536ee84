"""From rated sentences and WordNet to features, and the figures of an evaluation."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import BadInput
from networks.feedforward import FeedForward
from networks.presets import build_network
from textapi.engine.news import read_model
from textapi.engine.news_features import AGGREGATES
from tools.news_engine import names as names_module
from tools.news_engine import wordnet
from tools.news_engine.evaluation import correlate_ranks, find_neutral_band
from tools.news_engine.features import (
    TERM_VALUE,
    build_features,
    make_rows,
    scale_aggregates,
    view_aggregates,
)
from tools.news_engine.names import find_long_names, find_names, read_word_list
from tools.news_engine.ratings import RatedSentence, read_ratings
from tools.news_engine.task import OPTIONS, PolarityTask
from tools.news_engine.wordnet import FILES, is_installed, read_wordnet, spread_valences


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> None:
    (folder / name).write_bytes(gzip.compress(text.encode(encoding)))


def newsmtsc(article: int, text: str, *polarities: float) -> str:
    targets = [{"mention": "X", "polarity": polarity} for polarity in polarities]
    return json.dumps(
        {
            "primary_gid": f"paper_{article}_7_1_X_0_1",
            "sentence_normalized": text,
            "targets": targets,
        }
    )


def test_each_file_is_read_in_its_own_format_and_standardised(tmp_path: Path) -> None:
    lines = [
        newsmtsc(1, "First of the article.", 2.0),
        newsmtsc(1, "Its targets disagree.", 2.0, 6.0),
        newsmtsc(1, "Last\u2028of the article.", 6.0, 6.0).replace("\\u2028", "\u2028"),
    ]
    write(tmp_path, "newsmtsc_train.jsonl.gz", "\n".join(lines))
    headlines = (
        "S No.,Title,Decisions,Words\n"
        "1,\"Mills, up\",{'Mills': 'positive'},2\n"
        "2,Broken quotes,\"{\"\"Macy's\"\": 'negative', 'Mills': 'neutral'}\",2\n"
        "3,No decision,{},2\n"
    )
    write(tmp_path, "sentfin.csv.gz", headlines)
    write(tmp_path, "vader_tweets.tsv.gz", "1_1\t-2\tCaf\xe9 closed\n1_2\t2\tOpen\n", "latin-1")

    rows = {(row.dataset, row.index): row for row in read_ratings(tmp_path)}
    assert [row.text for row in rows.values()] == [
        "First of the article.",
        "Last\u2028of the article.",
        "Mills, up",
        "Broken quotes",
        "Caf\xe9 closed",
        "Open",
    ]
    assert [row.rating for row in rows.values()] == pytest.approx([-1, 1, 1, -1, -1, 1])
    assert {row.group for row in rows.values()} == {"paper_1", "Mills, up", "Broken quotes", "1"}


def test_sentences_of_one_article_are_in_one_split_and_each_split_has_its_share() -> None:
    sentences = [RatedSentence("x", at, str(at // 4), "", 0.0) for at in range(8000)]
    splits = [sentence.split for sentence in sentences]
    for at in range(0, 8000, 4):
        assert len(set(splits[at : at + 4])) == 1

    assert splits.count("test") / 8000 == pytest.approx(0.1, abs=0.02)
    assert splits.count("validation") / 8000 == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sentfin.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)),
        ("sentfin.csv.gz", b"no gzip"),
        ("newsmtsc_train.jsonl.gz", gzip.compress(b"{}\n", mtime=0)),
        ("newsmtsc_train.jsonl.gz", gzip.compress(b"not json\n", mtime=0)),
        ("vader_x.tsv.gz", gzip.compress(b"1\tno number\ttext\n", mtime=0)),
        ("vader_x.tsv.gz", gzip.compress(b"\n", mtime=0)),
        ("other.txt", b"nothing of ours"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=str(tmp_path)):
        read_ratings(tmp_path)


WORDNET = {
    "data.noun": """  1 a line of the licence
00000001 04 n 02 disaster 0 calamity 0 001 @ 00000002 n 0000 | a very bad event; "it was a ruin"
00000002 03 n 01 happening 0 000 | what takes place
00000003 18 n 01 Kanchipur 0 000 | a town that is a disaster
00000004 04 n 02 fiasco 0 washout 1 001 @ 00000001 n 0000 | a complete failure
00000005 18 n 01 Joy_Division 0 000 | a band
""",
    "data.verb": """00000001 30 v 01 rejoice 0 001 + 00000002 a 0101 01 + 08 00 | feel happiness
""",
    "data.adj": """00000001 00 a 01 calm(p) 0 001 ! 00000002 a 0101 | not agitated
00000002 00 s 02 joyful 0 elated 1 000 | full of joy
""",
    "data.adv": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).write_text(WORDNET[name], encoding="utf-8")
    return tmp_path


def test_valences_spread_over_synonyms_relations_and_opposites(folder: Path) -> None:
    assert is_installed(folder)
    net = read_wordnet(folder)
    assert net.names == {"kanchipur", "joy division"}
    valences = spread_valences(net, {"disaster": -3.0, "joyful": 3.0})
    assert "disaster" not in valences
    assert valences["calamity"] < valences["fiasco"] == valences["washout"] < 0
    assert valences["elated"] > valences["rejoice"] > 0
    assert valences["calm"] < 0
    assert "kanchipur" not in valences
    assert spread_valences(net, {}) == {}


def test_a_folder_without_all_files_is_no_wordnet(folder: Path) -> None:
    (folder / "data.adv").unlink()
    assert not is_installed(folder)


def test_a_line_that_is_not_wordnets_is_named(folder: Path) -> None:
    (folder / "data.adv").write_text("00000009 02 r 03 only 0", encoding="utf-8")
    with pytest.raises(ValueError, match="only"):
        read_wordnet(folder)


TEXTS = [
    "The harvest by Velmont brought joy, and Kanchipur cheered.",
    "A flood near Kanchipur was a disaster for Velmont.",
    "the harvest brought joy",
    "A Flood Of Joy For Every Harvest",  # in Title Case
    "There was a flood, and a fiasco for the harvest.",
    "The flood hit the harvest, a disaster.",
]


def test_names_are_known_by_capitals_within_sentences(folder: Path) -> None:
    vocabulary = {"velmont", "harvest", "flood", "of", "kanchipur", "joy"}
    names = find_names(TEXTS, vocabulary, read_wordnet(folder), {"joy"})
    assert {"velmont", "kanchipur", "women", "muslims", "democrats", "the"} <= names
    assert names.isdisjoint({"harvest", "flood", "joy"})
    # a word as well: once with a capital is enough, unless it has a valence
    called_joyful = [*TEXTS, "The town asked Joyful about it."]
    net = read_wordnet(folder)
    assert "joyful" in find_names(called_joyful, vocabulary, net, {"joy"})
    assert "joyful" not in find_names(called_joyful, vocabulary, net, {"joy", "joyful"})
    assert "joyful" not in find_names(TEXTS, vocabulary, net, {"joy"})
    texts = [
        "They asked the people of Flood Watch and Flood Relief Fund about it today.",
        "Flood Gates Open For Joy",
    ]
    texts.append("The news is SUCH JOY for me")
    long_names = find_long_names(texts, ["joy division", "new york"], {"joy", "flood"})
    assert long_names >= {"joy division", "flood watch", "flood relief fund"}
    assert long_names.isdisjoint({"new york", "flood gates", "gates open", "such joy"})
    assert {"she", "jewish", "republican", "black", "the poor"} <= read_word_list("groups")
    assert "test positive" in long_names | find_long_names([], [], {"test", "positive"})


def test_every_word_list_names_its_source_and_holds_small_words_once() -> None:
    for list_name in ("groups", "word_names", "long_names", "neutral"):
        path = Path(names_module.__file__).with_name("words") / f"{list_name}.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        heading = " ".join(line for line in lines if line.startswith("#"))
        entries = [line for line in lines if not line.startswith("#")]
        assert "Source: " in heading
        assert entries == [" ".join(entry.lower().split()) for entry in entries]
        assert len(entries) == len(set(entries)) == len(read_word_list(list_name))


def test_a_neutral_band_leaves_as_many_outside_as_readers_call_negative_and_positive() -> None:
    polarities = [number / 100 for number in range(-50, 51)]
    signs = [-1] * 20 + [0] * 51 + [1] * 30
    low, high = find_neutral_band([(polarities, signs)])
    assert (low, high) == (-0.3, 0.2)
    shifted = [polarity + 0.1 for polarity in polarities]
    assert find_neutral_band([(polarities, signs), (shifted, signs)]) == (-0.25, 0.25)


def test_features_hold_terms_and_valences_without_names(folder: Path) -> None:
    lexicon = {"joy": 2.8, "disaster": -3.1, "women": 1.0, "Velmont": 2.0, "cheered": 2.3}
    features = build_features(TEXTS, lexicon, read_wordnet(folder))
    assert features.rated.keys() == {"joy", "disaster", "cheered"}
    assert features.related.keys() >= {"calamity", "fiasco"}
    assert features.nearby["harvest"] > features.nearby["flood"]
    assert {"harvest", "flood"} <= features.terms.keys()
    assert not {term for term in features.terms if "velmont" in term or "kanchipur" in term}
    assert "joy division" in features.names
    assert features.read("Velmont floods Kanchipur") == features.read("Praeling floods Dunmore")

    without = build_features(TEXTS, lexicon, None)
    assert without.related == {}
    assert without.rated == features.rated


def test_rows_hold_a_term_each_and_standardised_aggregates(folder: Path) -> None:
    features = build_features(TEXTS, {"joy": 2.8, "disaster": -3.1}, read_wordnet(folder))
    rows = make_rows(features, TEXTS)
    aggregates = view_aggregates(features, rows)
    assert rows.shape == (len(TEXTS), len(features.terms) + AGGREGATES)
    assert aggregates[0].tolist() == pytest.approx(features.read(TEXTS[0])[1])
    places, _ = features.read(TEXTS[1])
    assert np.flatnonzero(rows[1:2][0, : len(features.terms)]).tolist() == sorted(places)
    terms = rows[0:6][:, : len(features.terms)]
    assert terms[terms != 0] == pytest.approx(TERM_VALUE)
    scale_aggregates(features, rows, aggregates.mean(axis=0), np.full(AGGREGATES, 2.0))
    assert view_aggregates(features, rows).mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert view_aggregates(features, rows).std(axis=0) == pytest.approx(aggregates.std(axis=0) / 2)


def test_the_engine_computes_what_the_network_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wordnet, "FOLDER", tmp_path / "none")
    words = ["joy", "flood", "harvest", "not", "disaster", "market", "very", "good"]
    generator = np.random.default_rng(5)
    lines = []
    for number in range(200):
        text = " ".join(generator.choice(words, 6))
        lines.append(f"{number}_1\t{generator.standard_normal()}\t{text}")

    write(tmp_path, "vader_made.tsv.gz", "\n".join(lines))

    task = PolarityTask(tmp_path, OPTIONS)
    network = build_network(OPTIONS, task.data.input_size, 1, generator)
    assert isinstance(network, FeedForward)
    network.biases[0][...] = generator.standard_normal(16)
    outputs = network.forward(task.data.train.x[0:50])[:, 0]
    model = read_model(task.finish(network).weights)
    train = [each for each in read_ratings(tmp_path) if each.split == "train"]
    scores = np.array([model.score(each.text) for each in train[:50]])
    # up to one number for all, the output for an empty sentence; weights are rounded to a 127th
    differences = 2 * np.arctanh(scores) - outputs
    assert np.ptp(differences) < 0.03
    assert np.std(outputs) > 0.1


def test_the_rank_correlation_is_spearmans() -> None:
    assert correlate_ranks([1, 2, 3, 4], [10, 100, 1000, 10000]) == pytest.approx(1)
    assert correlate_ranks([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    # 1 - 6 * (1 + 1 + 0 + 1 + 1) / (5 * 24), by the formula for ranks without ties
    assert correlate_ranks([1, 2, 3, 4, 5], [2, 1, 3, 5, 4]) == pytest.approx(0.8)
    assert np.isnan(correlate_ranks([1, 2, 3], [5, 5, 5]))
