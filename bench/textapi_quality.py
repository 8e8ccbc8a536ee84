"""How good the engine's answers are, against labelled texts.

    python bench/textapi_quality.py FOLDER

FOLDER holds the labelled data: text_api_polarity.json, affectivetext_trial.xml and .valence.gold,
wnut17_dev.conll, btc.dev.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path

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


def main() -> None:
    folder = Path(sys.argv[1])
    model = language.load()
    compatible_with_the_original(folder, model)
    spearman(folder)
    for name in CONLL:
        entities_f1(folder / name, model)


def compatible_with_the_original(folder: Path, model: language.Language) -> None:
    rows = json.loads((folder / "text_api_polarity.json").read_text(encoding="utf-8"))
    ours = [polarity.text_polarity(row["sentence"], "compatible") for row in rows]
    theirs = [row["polarity"] for row in rows]
    equal = sum(abs(a - b) <= 1e-9 for a, b in zip(ours, theirs, strict=True))
    sign = sum((a > 0) - (a < 0) == (b > 0) - (b < 0) for a, b in zip(ours, theirs, strict=True))
    with_chunks = sum(
        abs(chunk_rule(row["sentence"], model) - row["polarity"]) <= 1e-9 for row in rows
    )
    print(
        f"compatible: {equal / len(rows):.1%} of {len(rows)} equal to 1e-9, "
        f"{sign / len(rows):.1%} of the same sign;"
    )
    print(
        f"            {with_chunks / len(rows):.1%} equal with the mean of sentence and "
        "noun chunks that are not zero"
    )


def chunk_rule(sentence: str, model: language.Language) -> float:
    """The mean of the sentence's polarity and that of each noun chunk that is not zero."""
    with model.read([sentence], "phrases") as [lines]:
        chunks = [
            polarity.text_polarity(chunk.text, "compatible")
            for line in lines
            for chunk in line.noun_chunks
        ]
    scores = [polarity.text_polarity(sentence, "compatible"), *filter(None, chunks)]
    return sum(scores) / len(scores)


def spearman(folder: Path) -> None:
    xml = (folder / "affectivetext_trial.xml").read_text(encoding="utf-8", errors="replace")
    headlines = dict(re.findall(r'<instance id="(\d+)">(.*?)</instance>', xml))
    gold = dict(
        line.split()
        for line in (folder / "affectivetext_trial.valence.gold").read_text().splitlines()
        if line
    )
    ids = sorted(headlines.keys() & gold.keys(), key=int)
    for mode in ("vader", "compatible"):
        scores = [polarity.text_polarity(unescape(headlines[i]), mode) for i in ids]
        rho = rank_correlation(scores, [float(gold[i]) for i in ids])
        print(f"{mode}: Spearman {rho:.3f} on {len(ids)} headlines")


def rank_correlation(left: list[float], right: list[float]) -> float:
    """Spearman's rho: Pearson's correlation of mean ranks."""
    a, b = ranks(left), ranks(right)
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    covariance = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    return float(
        covariance / (sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)) ** 0.5
    )


def ranks(values: list[float]) -> list[float]:
    ordered = sorted(values)
    first = {value: i for i, value in reversed(list(enumerate(ordered)))}
    return [first[value] + (ordered.count(value) - 1) / 2 for value in values]


def entities_f1(path: Path, model: language.Language) -> None:
    sentences = [
        block for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")) if block.strip()
    ]
    texts, truths = zip(*map(read_block, sentences), strict=True)
    for name, change in (("cased", str), ("lower-cased", str.lower)):
        report_f1(f"{path.name} {name}", [change(text) for text in texts], truths, model, change)


def read_block(block: str) -> tuple[str, list[tuple[str, str]]]:
    """The text and its (kind, text) entities; "@" and a handle are one word and no entity."""
    tokens = [
        line.split("\t")[:2]
        for line in re.sub(r"(?m)^@\t.*\n(\S+)\t.*$", r"@\1\tO", block).splitlines()
    ]
    tokens = [token for token in tokens if len(token) == 2]
    spans: list[tuple[str, list[str]]] = []
    for word, label in tokens:
        kind = OF_DATA.get(label[2:].lower(), "")
        if label.startswith("B-"):
            spans.append((kind, [word]))
        elif label.startswith("I-") and spans:
            spans[-1][1].append(word)
    return " ".join(word for word, _ in tokens), [
        (kind, " ".join(words)) for kind, words in spans if kind
    ]


def report_f1(
    name: str,
    texts: list[str],
    truths: tuple[list[tuple[str, str]], ...],
    model: language.Language,
    change: Callable[[str], str],
) -> None:
    hits = predicted = true = 0
    for pairs, truth in zip(entities.entities(model, texts), truths, strict=True):
        ours = [(OF_MODEL[label], text) for label, text in pairs if label in OF_MODEL]
        remaining = [(kind, change(text)) for kind, text in truth]
        predicted, true = predicted + len(ours), true + len(remaining)
        for entity in ours:
            if entity in remaining:
                remaining.remove(entity)
                hits += 1
    precision, recall = hits / predicted if predicted else 0.0, hits / true
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    print(
        f"{name}: F1 {f1:.3f} (precision {precision:.3f}, recall {recall:.3f}; "
        f"{true} entities, {len(texts)} sentences)"
    )


if __name__ == "__main__":
    main()
