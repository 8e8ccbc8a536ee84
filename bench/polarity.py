"""How well the polarity engines agree with people on sentences that no training saw.

    python bench/polarity.py FOLDER

FOLDER holds the rated sentences that `tidings submit training polarity` reads (by default
`labelled/polarity` in the folder that TIDINGS_REAL_DATA names). SemEval-2007's trial headlines are
read from the folder above it: affectivetext_trial.xml and .valence.gold. It prints Spearman's
correlations of `vader` and `news`, each with its 95 % interval and that of their difference, the
speed of both, and the table of names.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from functools import partial
from html import unescape
from pathlib import Path

import harness
import numpy as np

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

MODES: tuple[polarity.Mode, ...] = ("vader", "news")
NEWS = ("newsmtsc_train", "sentfin", "vader_nytEditorialSnippets")  # whose deviation counts
SPEED_SECONDS = 3.0

RatedTexts = list[tuple[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", default="", help="the folder of rated sentences")
    folder = harness.real_data(parser.parse_args().folder, "labelled/polarity")

    sets = read_held_out(folder)
    scores = {name: score(rows) for name, rows in sets.items()}
    for name, rows in sets.items():
        compare_modes(name, np.array([rating for _, rating in rows]), scores[name])
    measure_speed([text for rows in sets.values() for text, _ in rows])

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


def read_semeval(folder: Path) -> RatedTexts:
    xml = (folder / "affectivetext_trial.xml").read_text(encoding="utf-8", errors="replace")
    headlines = dict(re.findall(r'<instance id="(\d+)">(.*?)</instance>', xml))
    lines = (folder / "affectivetext_trial.valence.gold").read_text().splitlines()
    valences = dict(line.split() for line in lines if line)
    ids = sorted(headlines.keys() & valences.keys(), key=int)
    return [(unescape(headlines[number]), float(valences[number])) for number in ids]


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

    print(f"{name}, {len(ratings):,} held out")
    for label, figure in (
        ("vader", correlate("vader")),
        ("news", correlate("news")),
        ("news - vader", subtract),
    ):
        print(f"  {label:<13} {format_interval(bootstrap(figure, len(ratings)))}")


def format_interval(interval: Interval) -> str:
    return f"{interval.value:+.3f}  [{interval.low:+.3f} {interval.high:+.3f}]"


def measure_speed(texts: list[str]) -> None:
    """Print how many texts a second each mode scores on one core, by the time of the processor."""
    for mode in MODES:
        began, count = time.process_time(), 0
        while (seconds := time.process_time() - began) < SPEED_SECONDS:
            polarity.text_polarity(texts[count % len(texts)], mode)
            count += 1
        harness.print_figure(f"{mode}, one core", [count / seconds], "texts/s")


def print_names(deviation: float) -> None:
    """Print how much names change neutral sentences by each mode.

    Differences are in the standard deviation of `news` over news, which is *deviation*.
    """
    print(f"names in neutral sentences, in standard deviations ({deviation:.3f})")
    for mode in MODES:
        for names in compare_names(partial(polarity.text_polarity, mode=mode), deviation):
            detail = f"  {names.lowest} | {names.highest}" if names.difference else ""
            print(f"  {mode:<6} {names.kind:<10} {names.difference:.3f}{detail}")


if __name__ == "__main__":
    main()
