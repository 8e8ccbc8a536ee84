"""How well the polarity engines agree with people on sentences that no training saw.

    python bench/polarity.py [--folder FOLDER] [--seconds 3]

FOLDER (by default `labelled/polarity` in the folder that TIDINGS_REAL_DATA names) holds the rated
sentences that `tidings submit training polarity` reads. SemEval-2007's trial headlines are read
from the folder above it: affectivetext_trial.xml and .valence.gold. It prints Spearman's
correlations of `vader` and `news`, each with its 95 % interval and that of their difference, their
macro-F1 over negative, neutral and positive by VADER's neutral band and by their own, the speed of
both, the table of names, and how much names of wnut17_dev.conll and btc.dev, in that folder too,
change neutral sentences.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median

import harness
import numpy as np
from rated_headlines import read_semeval
from textapi_quality import POSTS, read_block

from textapi.engine import polarity
from tools.news_training.evaluation import (
    SENTENCES,
    Interval,
    Numbers,
    Places,
    bootstrap,
    compare_names,
    correlate_ranks,
    measure_macro_f1,
)
from tools.news_training.ratings import NEWS, read_ratings

MOST_BY_NAMES = 0.1  # standard deviations
MOST_BY_A_NAME = 0.05  # standard deviations, beside an unknown name
UNKNOWN_NAME = "Xqzyor"
# SemEval-2007 calls a valence from -50 to 50 neutral (Strapparava and Mihalcea, 2007).
NEUTRAL_VALENCE = 50.0
MODES: tuple[polarity.Mode, ...] = ("vader", "news")
# Small words may stand within: "Bank of America".
CAPITAL_NAME = re.compile("[A-Z][^\\W\\d_]*(?:[ '\u2019-](?:of|the|and|for|[A-Z][^\\W\\d_]*))*")
BATCH = 100  # texts between two looks at the clock

RatedTexts = list[tuple[str, float, int]]  # text, rating, sign of the rating


def main() -> None:
    options = harness.parse_options(__doc__, folder="", seconds=3.0)
    folder = harness.real_data(options.folder, "labelled/polarity")

    sets = read_held_out(folder)
    scores = {name: score(rows) for name, rows in sets.items()}
    for name, rows in sets.items():
        compare_modes(name, np.array([rating for _, rating, _ in rows]), scores[name])
        classify(name, [sign for _, _, sign in rows], scores[name])

    texts = [text for rows in sets.values() for text, _, _ in rows]
    measure_speed(texts, options.seconds)

    news = [scores[name]["news"] for name in NEWS if name in scores] or [
        modes["news"] for modes in scores.values()
    ]
    deviation = float(np.std(np.concatenate(news)))
    print_names(deviation)
    print_labelled_names(folder.parent, deviation)


def read_held_out(folder: Path) -> dict[str, RatedTexts]:
    """Return the rated texts of each set: SemEval's, and the test split of each file."""
    sets: dict[str, RatedTexts] = {}
    if (folder.parent / "affectivetext_trial.xml").is_file():
        sets["SemEval-2007 trial"] = []
        for text, valence in read_semeval(folder.parent):
            sign = 0 if abs(valence) < NEUTRAL_VALENCE else (1 if valence > 0 else -1)
            sets["SemEval-2007 trial"].append((text, valence, sign))

    for sentence in read_ratings(folder):
        if sentence.split == "test":
            sets.setdefault(sentence.dataset, []).append(
                (sentence.text, sentence.rating, sentence.sign)
            )

    return sets


def score(rows: RatedTexts) -> dict[polarity.Mode, Numbers]:
    """Return the polarity of each text by each mode."""
    scores: dict[polarity.Mode, Numbers] = {}
    for mode in MODES:
        scores[mode] = np.array([polarity.text_polarity(text, mode) for text, _, _ in rows])

    return scores


def compare_modes(name: str, ratings: Numbers, scores: dict[polarity.Mode, Numbers]) -> None:
    """Print the correlation of each mode with *ratings*, and their difference."""

    def correlate(mode: polarity.Mode) -> Callable[[Places], float]:
        return lambda places: correlate_ranks(scores[mode][places], ratings[places])

    def subtract(places: Places) -> float:
        return correlate("news")(places) - correlate("vader")(places)

    vader = bootstrap(correlate("vader"), len(ratings))
    news = bootstrap(correlate("news"), len(ratings))
    difference = bootstrap(subtract, len(ratings))
    count = f"{len(ratings):,} held out"
    print_interval(f"{name}, vader", vader, count)
    print_interval(f"{name}, news", news, count, floor=vader.value)
    print_interval(f"{name}, news - vader", difference, count)


def classify(name: str, signs: list[int], scores: dict[polarity.Mode, Numbers]) -> None:
    """Print the macro-F1 of each mode by VADER's neutral band, and by its own."""
    for mode in MODES:
        bands = {"VADER's band": polarity.VADER_BAND}
        own_band = polarity.neutral_band(polarity.engine_name(mode))
        if own_band != polarity.VADER_BAND:
            bands["its own band"] = own_band

        for band_name, band in bands.items():
            f1 = measure_macro_f1([band.sign(score) for score in scores[mode]], signs)
            harness.print_figure(f"{name}, {mode}, macro-F1, {band_name}", [f1], "")


def print_interval(name: str, interval: Interval, note: str, *, floor: float | None = None) -> None:
    """Print Spearman's correlation with its 95 % interval."""
    harness.print_figure(
        name,
        [interval.value],
        "",
        floor=floor,
        floor_name="vader",
        note=f"95 % from {interval.low:+.3f} to {interval.high:+.3f}, {note}",
    )


def measure_speed(texts: list[str], seconds: float) -> None:
    """Print how many texts a second each mode scores on one core, by the time of the processor."""
    batches = {mode: cycle(batched(texts)) for mode in MODES}

    def score_batch(mode: polarity.Mode) -> None:
        for text in next(batches[mode]):
            polarity.text_polarity(text, mode)

    contenders: dict[str, Callable[[], float]] = {}
    for mode in MODES:
        contenders[mode] = harness.timed(partial(score_batch, mode), time.process_time)

    samples = harness.take_turns(contenders, seconds=seconds)

    reference = median(BATCH / sample for sample in samples["vader"])
    for mode, of_mode in samples.items():
        rates = [BATCH / sample for sample in of_mode]
        name = f"{mode}, one core"
        harness.print_figure(name, rates, "texts/s", floor=reference, floor_name="vader")


def batched(texts: list[str]) -> list[list[str]]:
    """Return the texts in batches, without those that do not fill one."""
    starts = range(0, len(texts) - BATCH + 1, BATCH)
    return [texts[start : start + BATCH] for start in starts]


def print_names(deviation: float) -> None:
    """Print how much names change neutral sentences by each mode.

    Differences are in the standard deviation of `news` over news, which is *deviation*.
    """
    for mode in MODES:
        for names in compare_names(partial(polarity.text_polarity, mode=mode), deviation):
            detail = f"{names.lowest} | {names.highest}" if names.difference else ""
            harness.print_figure(
                f"{mode}, names of {names.kind}",
                [names.difference],
                "standard deviations",
                floor=MOST_BY_NAMES,
                floor_name="the most,",
                note=f"deviation {deviation:.3f}; {detail}" if detail else "",
            )


def print_labelled_names(folder: Path, deviation: float) -> None:
    """Print how many labelled names, written with capitals, change a neutral sentence."""
    names = read_labelled_names(folder)
    sentences = [sentence for sentence in SENTENCES if not sentence.startswith("{}")]
    for mode in MODES:
        score = partial(polarity.text_polarity, mode=mode)
        changes: dict[str, float] = {}
        for name in names:
            differences = [
                abs(score(sentence.format(name)) - score(sentence.format(UNKNOWN_NAME)))
                for sentence in sentences
            ]
            changes[name] = max(differences) / deviation

        worst = sorted(changes, key=changes.__getitem__, reverse=True)[:8]
        beyond = sum(change > MOST_BY_A_NAME for change in changes.values())
        examples = ", ".join(f"{name} {changes[name]:.2f}" for name in worst)
        harness.print_figure(
            f"{mode}, labelled names beyond {MOST_BY_A_NAME}",
            [100 * beyond / max(1, len(names))],
            "%",
            note=f"{len(names)} names; {examples}",
        )


def read_labelled_names(folder: Path) -> list[str]:
    """Return the names of persons, places and organisations in labelled posts, with capitals."""
    names = set()
    for post_file in POSTS:
        path = folder / post_file
        blocks = path.read_text(encoding="utf-8").split("\n\n") if path.is_file() else []
        for block in filter(str.strip, blocks):
            sentence = read_block(block)
            names |= {sentence.text[start:end] for start, end, _ in sentence.spans}

    return sorted(name for name in names if CAPITAL_NAME.fullmatch(name))


if __name__ == "__main__":
    main()
