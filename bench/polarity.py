"""How well the polarity engines agree with people on sentences that no training saw.

    python bench/polarity.py [--folder FOLDER] [--seconds 3]

FOLDER (by default `labelled/polarity` in the folder that TIDINGS_REAL_DATA names) holds the rated
sentences that `tidings submit training polarity` reads. SemEval-2007's trial headlines are read
from the folder above it: affectivetext_trial.xml and .valence.gold. It prints Spearman's
correlations of `vader` and `news`, each with its 95 % interval and that of their difference, the
speed of both, and the table of names.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median

import harness
import numpy as np
from rated_headlines import read_semeval

from textapi.engine import polarity
from workers.polarity.evaluation import (
    Interval,
    Numbers,
    Places,
    bootstrap,
    compare_names,
    correlate_ranks,
)
from workers.polarity.ratings import read_ratings

MOST_BY_NAMES = 0.1  # standard deviations
MODES: tuple[polarity.Mode, ...] = ("vader", "news")
NEWS = ("newsmtsc_train", "sentfin", "vader_nytEditorialSnippets")  # whose deviation counts
BATCH = 100  # texts between two looks at the clock

RatedTexts = list[tuple[str, float]]


def main() -> None:
    options = harness.parse_options(__doc__, folder="", seconds=3.0)
    folder = harness.real_data(options.folder, "labelled/polarity")

    sets = read_held_out(folder)
    scores = {name: score(rows) for name, rows in sets.items()}
    for name, rows in sets.items():
        compare_modes(name, np.array([rating for _, rating in rows]), scores[name])
    texts = [text for rows in sets.values() for text, _ in rows]
    measure_speed(texts, options.seconds)

    news = [scores[name]["news"] for name in NEWS if name in scores] or [
        modes["news"] for modes in scores.values()
    ]
    print_names(float(np.std(np.concatenate(news))))


def read_held_out(folder: Path) -> dict[str, RatedTexts]:
    """Return the rated texts of each set: SemEval's, and the test split of each file."""
    sets: dict[str, RatedTexts] = {}
    if (folder.parent / "affectivetext_trial.xml").is_file():
        sets["SemEval-2007 trial"] = read_semeval(folder.parent)
    for sentence in read_ratings(folder):
        if sentence.split == "test":
            sets.setdefault(sentence.dataset, []).append((sentence.text, sentence.rating))
    return sets


def score(rows: RatedTexts) -> dict[polarity.Mode, Numbers]:
    """Return the polarity of each text by each mode."""
    scores: dict[polarity.Mode, Numbers] = {}
    for mode in MODES:
        scores[mode] = np.array([polarity.text_polarity(text, mode) for text, _ in rows])
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


if __name__ == "__main__":
    main()
