"""How good the engine's answers are, against labelled texts.

    python bench/textapi_quality.py [--folder FOLDER]

FOLDER (by default `labelled` in the folder that TIDINGS_REAL_DATA names) holds the labelled data:
text_api_polarity.json, affectivetext_trial.xml and .valence.gold, wnut17_dev.conll, btc.dev.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from html import unescape
from pathlib import Path
from statistics import correlation

import harness

from textapi.engine import entities, language, polarity

CONLL = ("wnut17_dev.conll", "btc.dev")
# The common kinds that the labels of data sets and model stand for; other labels do not count.
OF_DATA = {
    "person": "PER",
    "per": "PER",
    "location": "LOC",
    "loc": "LOC",
    "group": "ORG",
    "corporation": "ORG",
    "org": "ORG",
}
OF_MODEL = {"PERSON": "PER", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC", "ORG": "ORG", "NORP": "ORG"}


Entity = tuple[str, str]  # kind, text


def main() -> None:
    options = harness.parse_options(__doc__, folder="")
    folder = harness.real_data(options.folder, "labelled")
    model = language.load()

    compare_with_original(folder, model)
    correlate_with_people(folder)
    for name in CONLL:
        find_entities(folder / name, model)


def compare_with_original(folder: Path, model: language.Language) -> None:
    """Compare the mode `compatible` with what the original Text API answered."""
    rows = json.loads((folder / "text_api_polarity.json").read_text(encoding="utf-8"))
    equal = same_sign = equal_with_chunks = 0

    for row in rows:
        sentence, theirs = row["sentence"], row["polarity"]
        ours = polarity.text_polarity(sentence, "compatible")
        equal += is_equal(ours, theirs)
        same_sign += sign(ours) == sign(theirs)
        equal_with_chunks += is_equal(mean_with_chunks(sentence, model), theirs)

    print(f"compatible, {len(rows):,} sentences of the original")
    harness.print_figure("  equal to 1e-9", [100 * equal / len(rows)], "%")
    harness.print_figure("  of the same sign", [100 * same_sign / len(rows)], "%")
    harness.print_figure("  equal with noun chunks", [100 * equal_with_chunks / len(rows)], "%")


def is_equal(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9


def sign(value: float) -> int:
    return (value > 0) - (value < 0)


def mean_with_chunks(sentence: str, model: language.Language) -> float:
    """Return the mean polarity of the sentence and of each noun chunk that is not zero."""
    scores = [polarity.text_polarity(sentence, "compatible")]

    with model.read([sentence], "phrases") as [lines]:
        for line in lines:
            for chunk in line.noun_chunks:
                score = polarity.text_polarity(chunk.text, "compatible")
                if score:
                    scores.append(score)

    return sum(scores) / len(scores)


def correlate_with_people(folder: Path) -> None:
    """Correlate each mode with the valence that people gave headlines."""
    xml = (folder / "affectivetext_trial.xml").read_text(encoding="utf-8", errors="replace")
    headlines = dict(re.findall(r'<instance id="(\d+)">(.*?)</instance>', xml))
    lines = (folder / "affectivetext_trial.valence.gold").read_text().splitlines()
    valences = dict(line.split() for line in lines if line)
    ids = sorted(headlines.keys() & valences.keys(), key=int)

    for mode in ("vader", "news", "compatible"):
        scores = [polarity.text_polarity(unescape(headlines[i]), mode) for i in ids]
        rho = rank_correlation(scores, [float(valences[i]) for i in ids])
        harness.print_figure(f"{mode}, Spearman", [rho], "", note=f"{len(ids)} headlines")


def rank_correlation(left: list[float], right: list[float]) -> float:
    """Return Spearman's rho: Pearson's correlation of mean ranks."""
    return correlation(ranks(left), ranks(right))


def ranks(values: list[float]) -> list[float]:
    """Return the rank of each value; equal ones share their mean rank."""
    ordered = sorted(values)
    first: dict[float, int] = {}
    for position, value in enumerate(ordered):
        first.setdefault(value, position)
    return [first[value] + (ordered.count(value) - 1) / 2 for value in values]


def find_entities(path: Path, model: language.Language) -> None:
    """Find the entities of labelled sentences, as they are and in lower case."""
    blocks = re.split(r"\n\s*\n", path.read_text(encoding="utf-8"))
    labelled = [read_block(block) for block in blocks if block.strip()]

    for name, change in (("cased", str), ("lower-cased", str.lower)):
        print_f1(f"{path.name} {name}", labelled, model, change)


def read_block(block: str) -> tuple[str, list[Entity]]:
    """Return the text and its entities; "@" and a handle are one word and no entity."""
    block = re.sub(r"(?m)^@\t.*\n(\S+)\t.*$", r"@\1\tO", block)
    words: list[str] = []
    spans: list[tuple[str, list[str]]] = []

    for line in block.splitlines():
        word, tab, label = line.partition("\t")
        if not tab:
            continue
        label = label.partition("\t")[0]
        words.append(word)
        if label.startswith("B-"):
            spans.append((OF_DATA.get(label[2:].lower(), ""), [word]))
        elif label.startswith("I-") and spans:
            spans[-1][1].append(word)

    entities_of_block = [(kind, " ".join(of_span)) for kind, of_span in spans if kind]
    return " ".join(words), entities_of_block


def print_f1(
    name: str,
    labelled: Sequence[tuple[str, list[Entity]]],
    model: language.Language,
    change: Callable[[str], str],
) -> None:
    """Find the entities of texts that are *change*d first; print F1, precision and recall."""
    texts = [change(text) for text, _ in labelled]
    hits = predicted = true = 0

    for (_, truth), found in zip(labelled, entities.entities(model, texts), strict=True):
        ours = [(OF_MODEL[label], text) for label, text in found if label in OF_MODEL]
        remaining = [(kind, change(text)) for kind, text in truth]
        predicted, true = predicted + len(ours), true + len(remaining)
        for entity in ours:
            if entity in remaining:
                remaining.remove(entity)
                hits += 1

    precision, recall = hits / predicted if predicted else 0.0, hits / true
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    note = (
        f"precision {precision:.3f}, recall {recall:.3f}, {true} entities, {len(texts)} sentences"
    )
    harness.print_figure(f"{name}, F1", [f1], "", note=note)


if __name__ == "__main__":
    main()
