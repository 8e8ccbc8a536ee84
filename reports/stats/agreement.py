"""Agreement between coders, people and machines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from reports.stats.estimates import Estimate
from reports.stats.intervals import TAIL

Floats = NDArray[np.float64]


class MeasurementLevel(StrEnum):
    """What the numbers of codes tell: names, or distances."""

    NOMINAL = "nominal"
    INTERVAL = "interval"


@dataclass(frozen=True)
class CodePair:
    """A person's and a machine's code of a unit that stands for *weight* documents."""

    person: str
    machine: str
    weight: float = 1.0


@dataclass(frozen=True)
class ConfusionMatrix:
    """Documents by the person's category (rows) and the machine's (columns), from *n* units."""

    n: int
    categories: tuple[str, ...]
    documents: tuple[tuple[float, ...], ...]

    @property
    def accuracy(self) -> float:
        """The share of the documents that the machine codes as people do."""
        total = math.fsum(map(math.fsum, self.documents))
        return math.fsum(self._agreed(category) for category in self.categories) / total

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the categories that people used.

        D. D. Lewis and others, "Training algorithms for linear text classifiers", SIGIR (1996).
        """
        scores = []
        for category in self.categories:
            if self._person_total(category):
                scores.append(self.f1(category))

        return math.fsum(scores) / len(scores)

    def precision(self, category: str) -> float | None:
        """Return how much of what the machine puts into *category* belongs there."""
        total = self._machine_total(category)
        return self._agreed(category) / total if total else None

    def recall(self, category: str) -> float | None:
        """Return how much of what people put into *category* the machine puts there too."""
        total = self._person_total(category)
        return self._agreed(category) / total if total else None

    def f1(self, category: str) -> float:
        """Return the harmonic mean of precision and recall; 0 where they agree on nothing."""
        totals = self._person_total(category) + self._machine_total(category)
        return 2 * self._agreed(category) / totals if totals else 0.0

    def _agreed(self, category: str) -> float:
        column = self.categories.index(category)
        return self.documents[column][column]

    def _person_total(self, category: str) -> float:
        return math.fsum(self.documents[self.categories.index(category)])

    def _machine_total(self, category: str) -> float:
        column = self.categories.index(category)
        return math.fsum(row[column] for row in self.documents)


# --- Krippendorff's alpha ---


def krippendorff_alpha(
    units: Iterable[Sequence[float]], level: MeasurementLevel = MeasurementLevel.INTERVAL
) -> float | None:
    """Return Krippendorff's alpha: 1 is perfect agreement, 0 that of chance.

    A unit holds the codes of the coders who coded it, however many; of fewer than two it tells
    nothing. None where no unit has two codes, or all codes are the same.

    K. Krippendorff, "Content Analysis" (2004), 11.3: one less observed over expected disagreement,
    the squared difference of codes, in pairs within units and among all.
    """
    counts, distances = _count_codes(units, level)
    return _measure_alpha(counts, distances, np.ones(len(counts)))


def estimate_alpha(
    units: Iterable[Sequence[float]], level: MeasurementLevel, *, seed: int = 1, draws: int = 2000
) -> Estimate | None:
    """Return alpha with its bootstrap interval; None where alpha has no value.

    Whole units are drawn with replacement (B. Efron and R. J. Tibshirani, "An Introduction to the
    Bootstrap", 1993, 13.3): codes of one unit depend on each other. The bootstrap of A. F. Hayes
    and K. Krippendorff, "Answering the call for a standard reliability measure for coding data",
    Communication Methods and Measures 1 (2007), draws single disagreements, and holds the expected
    one fixed. A resample in which all codes are the same is left out.
    """
    counts, distances = _count_codes(units, level)
    n = len(counts)
    alpha = _measure_alpha(counts, distances, np.ones(n))
    if alpha is None:
        return None

    rng = np.random.default_rng(seed)
    resamples = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(float)
    alphas = [_measure_alpha(counts, distances, repeats) for repeats in resamples]
    known = [resampled for resampled in alphas if resampled is not None]
    low, high = np.quantile(known, [TAIL, 1 - TAIL])
    return Estimate(alpha, float(low), float(high), n)


def _count_codes(
    units: Iterable[Sequence[float]], level: MeasurementLevel
) -> tuple[Floats, Floats]:
    """Return how often each unit of two codes or more has each code, and codes' distances.

    These are the squared differences of each pair of codes (Krippendorff, 11.3.4).
    """
    coded = [list(unit) for unit in units if len(unit) > 1]
    codes = np.unique([code for unit in coded for code in unit]).astype(float)
    counts = np.array([[unit.count(code) for code in codes] for unit in coded], dtype=float)
    if level is MeasurementLevel.NOMINAL:
        return counts, 1 - np.eye(len(codes))

    return counts, (codes[:, None] - codes[None, :]) ** 2


def _measure_alpha(counts: Floats, distances: Floats, repeats: Floats) -> float | None:
    """Return alpha of units of which each is there as often as *repeats* says."""
    if not len(counts):
        return None

    weights = repeats / (counts.sum(axis=1) - 1)
    coincidences = (counts * weights[:, None]).T @ counts
    coincidences -= np.diag(weights @ counts)
    totals = repeats @ counts

    observed = float((coincidences * distances).sum())
    expected = float(totals @ distances @ totals) / (float(totals.sum()) - 1)
    return 1 - observed / expected if expected > 0 else None


# --- a machine beside people ---


def make_confusion_matrix(
    pairs: Iterable[CodePair], categories: Sequence[str]
) -> ConfusionMatrix | None:
    """Return the documents by people's and the machine's *categories*; None without a pair.

    Raises KeyError where a code is none of *categories*.
    """
    places = {category: place for place, category in enumerate(categories)}
    documents = np.zeros((len(categories), len(categories)))
    n = 0
    for pair in pairs:
        documents[places[pair.person], places[pair.machine]] += pair.weight
        n += 1

    if not n:
        return None

    return ConfusionMatrix(n, tuple(categories), tuple(map(tuple, documents.tolist())))
