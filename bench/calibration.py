"""Whether means on the human scale cover the truth, on sets of texts that people have rated.

    python bench/calibration.py [--folder FOLDER] [--draws 4000] [--seed 1]

FOLDER (by default `labelled` in the folder that TIDINGS_REAL_DATA names) holds the rated texts:
affectivetext_trial.xml and .valence.gold, and in `polarity` newsmtsc_train.jsonl.gz and
sentfin.csv.gz.

First, simple samples with replacement, as of a run much larger than the sample: of *n* labels the
half-width of the 95 % interval of the mean label and how often it covers that of the whole set, for
the labels alone, for the regression estimator on the engine's polarities, and for the engine's raw
mean with Student's interval. Then samples as `tidings label` draws them, without replacement: equal
numbers from strata of very unequal size, which differ in their means.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import harness
import numpy as np
from numpy.typing import NDArray
from rated_headlines import read_semeval

from reports.stats.coded_strata import CodedStratum, MachineCodes
from reports.stats.estimates import Estimate
from reports.stats.intervals import t_interval
from reports.stats.scale_means import estimate_mean
from textapi.engine.polarity import text_polarity

SIZES = (50, 100, 200, 400)
WANTED = 95.0  # percent of the intervals that cover the truth
STRATUM_SHARES = (0.3, 0.22, 0.16, 0.11, 0.08, 0.06, 0.04, 0.03)  # of a run's months, say

Pairs = list[tuple[str, float]]  # text and its rating, from -1 to 1
Floats = NDArray[np.float64]
Covers = list[tuple[float, bool]]  # half-width, and whether the truth lies within


def main() -> None:
    options = harness.parse_options(__doc__, folder="", draws=4000, seed=1)
    folder = harness.real_data(options.folder, "labelled")

    for name, read in SETS.items():
        pairs = read(folder)
        polarities = np.array([text_polarity(text) for text, _ in pairs])
        labels = np.array([label for _, label in pairs])
        r = np.corrcoef(polarities, labels)[0, 1]
        harness.remark(
            f"{name}: {len(pairs):,} texts, mean rating {labels.mean():+.3f}, "
            f"mean of vader {polarities.mean():+.3f}, correlation {r:.2f}"
        )
        rng = np.random.default_rng(options.seed)
        for n in SIZES:
            of_simple = draw_simple(rng, polarities, labels, n, options.draws)
            print_coverage(f"{name}, simple {n}", of_simple)

        for n in SIZES:
            if n <= len(pairs) / 2:
                of_strata = draw_stratified(rng, polarities, labels, n, options.draws)
                print_coverage(f"{name}, stratified {n}", of_strata)


def draw_simple(
    rng: np.random.Generator, polarities: Floats, labels: Floats, n: int, draws: int
) -> dict[str, Covers]:
    """Return the half-widths and coverages of simple samples of *n* labels."""
    truth, size, mean = labels.mean(), 1_000_000, polarities.mean()
    alone: Covers = []
    regression: Covers = []
    raw: Covers = []
    for _ in range(draws):
        drawn = rng.integers(len(labels), size=n)
        sample = [make_stratum(size, mean, polarities[drawn], labels[drawn])]
        alone.append(cover(estimate_mean(sample, use_machine=False), truth))
        regression.append(cover(estimate_mean(sample), truth))
        _, low, high = t_interval(polarities[drawn].tolist())
        assert low is not None
        assert high is not None
        raw.append(((high - low) / 2, bool(low <= truth <= high)))

    return {"labels alone": alone, "regression": regression, "raw engine": raw}


def draw_stratified(
    rng: np.random.Generator, polarities: Floats, labels: Floats, n: int, draws: int
) -> dict[str, Covers]:
    """Return the same of samples with equal numbers from strata of unequal size."""
    order = np.argsort(labels + rng.normal(0, 1, len(labels)), kind="stable")  # strata differ
    ends = np.round(np.cumsum(STRATUM_SHARES) * len(labels)).astype(int)
    strata = np.split(order, ends[:-1])
    alone: Covers = []
    regression: Covers = []
    truth = labels.mean()
    for _ in range(draws):
        sample = []
        for stratum, of_stratum in zip(strata, divide(n, strata), strict=True):
            drawn = rng.choice(stratum, of_stratum, replace=False)
            mean = float(polarities[stratum].mean())
            sample.append(make_stratum(len(stratum), mean, polarities[drawn], labels[drawn]))

        alone.append(cover(estimate_mean(sample, use_machine=False), truth))
        regression.append(cover(estimate_mean(sample), truth))

    return {"labels alone": alone, "regression": regression}


def make_stratum(size: int, mean: float, polarities: Floats, labels: Floats) -> CodedStratum:
    machine = MachineCodes(polarities.tolist(), size * mean, size)
    return CodedStratum("mention", size, labels.tolist(), (), machine)


def divide(n: int, strata: list[NDArray[np.int64]]) -> list[int]:
    """Divide *n* labels as `tidings label` does: one of each stratum in turn, while there are."""
    counts = [0] * len(strata)
    while sum(counts) < n:
        for number, stratum in enumerate(strata):
            if counts[number] < len(stratum) and sum(counts) < n:
                counts[number] += 1

    return counts


def cover(estimate: Estimate | None, truth: float) -> tuple[float, bool]:
    assert estimate is not None
    return estimate.half_width, estimate.low <= truth <= estimate.high


def print_coverage(name: str, covers_of: dict[str, Covers]) -> None:
    """Print how often each estimator's intervals cover the truth, and their mean half-width."""
    for estimator, covers in covers_of.items():
        widths, covered = zip(*covers, strict=True)
        harness.print_figure(
            f"{name}, {estimator}",
            [100 * float(np.mean(covered))],
            "%",
            floor=WANTED,
            floor_name="wanted",
            note=f"half-width {np.mean(widths):.3f}",
        )


def read_headlines(folder: Path) -> Pairs:
    """Read SemEval-2007's headlines (trial)."""
    return [(text, valence / 100) for text, valence in read_semeval(folder)]


def read_newsmtsc(folder: Path) -> Pairs:
    """Read the sentences of NewsMTSC whose persons and parties are all rated alike: 2, 4 or 6."""
    pairs: Pairs = []
    with gzip.open(
        folder / "polarity" / "newsmtsc_train.jsonl.gz", "rt", encoding="utf-8"
    ) as lines:
        for line in lines:
            row = json.loads(line)
            ratings = {target["polarity"] for target in row["targets"]}
            if len(ratings) == 1:
                pairs.append((row["sentence_normalized"], (ratings.pop() - 4) / 2))

    return pairs


def read_sentfin(folder: Path) -> Pairs:
    """Read SEntFiN's headlines, each with the mean of the ratings of its companies."""
    values = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
    content = gzip.decompress((folder / "polarity" / "sentfin.csv.gz").read_bytes())
    pairs: Pairs = []
    for row in csv.DictReader(io.StringIO(content.decode("utf-8"))):
        ratings = re.findall(r": ['\"](negative|neutral|positive)['\"]", row["Decisions"])
        if ratings:
            pairs.append((row["Title"], sum(map(values.__getitem__, ratings)) / len(ratings)))

    return pairs


SETS: dict[str, Callable[[Path], Pairs]] = {
    "SemEval-2007 headlines (trial)": read_headlines,
    "NewsMTSC (train)": read_newsmtsc,
    "SEntFiN": read_sentfin,
}

if __name__ == "__main__":
    main()
