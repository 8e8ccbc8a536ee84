"""How good the engine's answers are, against labelled texts.

    python bench/textapi_quality.py [--folder FOLDER] [--conll FOLDER]

FOLDER (by default `labelled` in the folder that TIDINGS_REAL_DATA names) holds the labelled data:
text_api_polarity.json, affectivetext_trial.xml and .valence.gold, wnut17_dev.conll, btc.dev. The
folder of --conll holds CoNLL-2003's eng.testa and eng.testb; without it they are left out.

Entities are right where span and kind are. Sentences are the tokens with blanks between them, as
they are, in Title Case and in small letters; before truecasing and after.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import harness
import numpy as np
from rated_headlines import read_semeval

from textapi.engine import language, polarity
from textapi.engine.truecase import restore_case
from tools.news_training.evaluation import correlate_ranks

POSTS = ("wnut17_dev.conll", "btc.dev")
CONLL = ("eng.testa", "eng.testb")
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
OF_MODEL = {"PERSON": "PER", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC", "ORG": "ORG"}
# The posts' kind "group" holds peoples and parties; CoNLL's are MISC, which does not count.
OF_MODEL_IN_POSTS = OF_MODEL | {"NORP": "ORG"}

Span = tuple[int, int, str]  # start, end, kind


@dataclass(frozen=True)
class Sentence:
    """A labelled sentence."""

    text: str
    spans: frozenset[Span]


def main() -> None:
    options = harness.parse_options(__doc__, folder="", conll="")
    folder = harness.real_data(options.folder, "labelled")
    model = language.load()

    compare_with_original(folder, model)
    correlate_with_people(folder)
    for name in POSTS:
        find_entities(folder / name, model, OF_MODEL_IN_POSTS)

    for name in CONLL if options.conll else ():
        find_entities(Path(options.conll, name), model, OF_MODEL)


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

    counts = {
        "equal to 1e-9": equal,
        "of the same sign": same_sign,
        "equal with noun chunks": equal_with_chunks,
    }
    note = f"{len(rows):,} sentences of the original"
    for name, count in counts.items():
        harness.print_figure(f"compatible, {name}", [100 * count / len(rows)], "%", note=note)


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
    rated = read_semeval(folder)
    valences = np.array([valence for _, valence in rated])

    rhos = {}
    for mode in ("vader", "news", "compatible"):
        scores = np.array([polarity.text_polarity(text, mode) for text, _ in rated])
        rhos[mode] = correlate_ranks(scores, valences)
        harness.print_figure(
            f"{mode}, Spearman",
            [rhos[mode]],
            "",
            floor=rhos["vader"],
            floor_name="vader",
            note=f"{len(rated)} headlines",
        )


def find_entities(path: Path, model: language.Language, kinds: Mapping[str, str]) -> None:
    """Print how well entities are found, however the sentences are written."""
    blocks = re.split(r"\n\s*\n", path.read_text(encoding="utf-8"))
    sentences = []
    for block in blocks:
        if block.strip() and not block.startswith("-DOCSTART-"):
            sentences.append(read_block(block))

    for name, change in (("cased", str), ("title-cased", title_case), ("lower-cased", str.lower)):
        for stage, restore in (("before", str), ("after", restore_case)):
            changed = [restore(change(sentence.text)) for sentence in sentences]
            print_f1(f"{path.name} {name}, {stage}", sentences, changed, model, kinds)


def title_case(text: str) -> str:
    """Return *text* with a capital at the begin of each word."""
    return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))


def read_block(block: str) -> Sentence:
    """Return a sentence of lines "word label".

    Labels are IOB, in which B- begins an entity only behind another; "@" and a handle are one word
    and no entity.
    """
    block = re.sub(r"(?m)^@\t.*\n(\S+)\t.*$", r"@\1\tO", block)
    words: list[str] = []
    spans: list[Span] = []
    start = 0
    before = ""

    for line in block.splitlines():
        word, *columns = line.split()
        if not columns:
            continue

        label = columns[0] if "\t" in line else columns[-1]  # CoNLL-2003 has blanks, and it last
        prefix, _, data_kind = label.partition("-")
        if prefix == "I" and data_kind == before:
            spans[-1] = (spans[-1][0], start + len(word), spans[-1][2])
        elif data_kind:
            spans.append((start, start + len(word), OF_DATA.get(data_kind.lower(), "")))

        words.append(word)
        start += len(word) + 1
        before = data_kind

    counted = frozenset(span for span in spans if span[2])
    return Sentence(" ".join(words), counted)


def print_f1(
    name: str,
    sentences: Sequence[Sentence],
    texts: Sequence[str],
    model: language.Language,
    kinds: Mapping[str, str],
) -> None:
    """Find the entities of *texts*, which are the sentences; print F1, precision and recall."""
    hits = predicted = true = 0

    with model.read_lines([[text] for text in texts], "entities") as docs_of:
        for sentence, (doc,) in zip(sentences, docs_of, strict=True):
            spans = set()
            for entity in doc.ents:
                if entity.label_ in kinds:
                    spans.add((entity.start_char, entity.end_char, kinds[entity.label_]))

            predicted, true = predicted + len(spans), true + len(sentence.spans)
            hits += len(spans & sentence.spans)

    f1 = 2 * hits / (predicted + true)
    precision, recall = hits / max(1, predicted), hits / true
    note = f"precision {precision:.3f}, recall {recall:.3f}, {true} entities, {len(texts)} lines"
    harness.print_figure(f"{name}, F1", [f1], "", note=note)


if __name__ == "__main__":
    main()
