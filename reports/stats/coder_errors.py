"""What coders' errors do to a share: their rates from texts that several coded, and a correction.

*Rates.* Coders are taken to err independently of each other, each with the same rate of false yes
and of false no. Texts that several coded, of kinds with other shares each, tell both: a latent
class model of several populations (S. L. Hui and S. D. Walter, "Estimating the error rates of
diagnostic tests", Biometrics 36, 1980), by expectation and maximization. Where it was decided which
of differing codes is right, that is known of the text.

*Correction.* W. J. Rogan and B. Gladen, "Estimating prevalence from the results of a screening
test", American Journal of Epidemiology 107 (1978): the share less the rate of false yes, over one
less both rates. Its interval joins the sampling error of the share, taken to be normal on either
side, with the bootstrap of the texts that several coded. Errors that coders make together are not
seen so (N. TeBlunthuis, V. Hase and C.-H. Chan, "Misclassification in automated content analysis
causes bias in regression", Communication Methods and Measures 18, 2024).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.stats.estimates import Estimate
from reports.stats.intervals import Z

# Texts that several coded; fewer tell nothing of rates of a few percent.
FEWEST_SHARED = 20

# Rates of errors of all coders that are tried where no text was coded by several.
ASSUMED_RATES = (0.01, 0.05, 0.1)

_RESAMPLES = 400
_STEPS = 60

# A coder who errs in half of the texts tells nothing.
_HIGHEST_RATE = 0.49

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SharedText:
    """A text of a kind that several coded: how many said yes, and what was decided, if it was."""

    kind: str
    coders: int
    positives: int
    decided: bool | None = None


@dataclass(frozen=True)
class CoderErrors:
    """Rates of false yes and of false no from *n* texts, and the share corrected for them."""

    n: int
    false_yes: Estimate
    false_no: Estimate
    corrected: Estimate


def correct_share(
    share: Estimate, texts: Sequence[SharedText], *, single_part: float = 1.0, seed: int = 1
) -> CoderErrors | None:
    """Return the rates of coders' errors and the share without them; None of few shared texts.

    *single_part* is the part of the share's texts whose code is a coder's, and no decision.
    """
    if len(texts) < FEWEST_SHARED:
        return None

    patterns, counts = _count_patterns(texts)
    rng = np.random.default_rng(seed)
    resampled = rng.multinomial(len(texts), counts / counts.sum(), size=_RESAMPLES)
    false_yes, false_no = _find_rates(patterns, np.vstack([counts, resampled]))

    errors = rng.standard_normal(_RESAMPLES) / Z
    spread = np.where(errors < 0, share.value - share.low, share.high - share.value)
    drawn = np.concatenate([[share.value], share.value + errors * spread])
    corrected = remove_errors(drawn, single_part * false_yes, single_part * false_no)
    return CoderErrors(
        n=len(texts),
        false_yes=_summarize(false_yes, len(texts)),
        false_no=_summarize(false_no, len(texts)),
        corrected=_summarize(corrected, share.n),
    )


def remove_errors(shares: Floats, false_yes: Floats, false_no: Floats) -> Floats:
    """Return shares without errors at these rates, cut to 0 and 1."""
    corrected: Floats = np.clip((shares - false_yes) / (1 - false_yes - false_no), 0.0, 1.0)
    return corrected


def move_share(parts: Sequence[tuple[float, float]]) -> dict[float, float]:
    """Return what a share would be if coders erred at each of the rates that are tried.

    *parts* are the sizes of the kinds of texts and the share of each. Each kind is corrected by
    itself: a rate of 1 % explains no kind in which every text has the answer, however rare it is.
    """
    sizes, shares = np.array(parts, dtype=float).T
    moved: dict[float, float] = {}
    for rate in ASSUMED_RATES:
        rates = np.full(len(shares), rate)
        moved[rate] = float(sizes @ remove_errors(shares, rates, rates) / sizes.sum())

    return moved


def _count_patterns(texts: Sequence[SharedText]) -> tuple[list[SharedText], Floats]:
    """Return the different texts, and how often each is there."""
    counts: Mapping[SharedText, int] = Counter(texts)
    return list(counts), np.array(list(counts.values()), dtype=float)


def _find_rates(patterns: Sequence[SharedText], counts: Floats) -> tuple[Floats, Floats]:
    """Return the rates of false yes and of false no for each row of *counts* of the patterns."""
    kinds, kind_of_text = np.unique(np.array([text.kind for text in patterns]), return_inverse=True)
    is_of_kind = np.eye(len(kinds))[kind_of_text]
    coders = np.array([text.coders for text in patterns], dtype=float)
    positives = np.array([text.positives for text in patterns], dtype=float)
    decided = np.array([np.nan if t.decided is None else float(t.decided) for t in patterns])

    # It begins with what most coders say.
    probability = np.tile(
        np.where(np.isnan(decided), positives / coders, decided), (len(counts), 1)
    )
    for _ in range(_STEPS):
        yes, no = counts * probability, counts * (1 - probability)
        # Half a code of either kind keeps rates off 0.
        false_no = (yes @ (coders - positives) + 0.5) / (yes @ coders + 1)
        false_yes = (no @ positives + 0.5) / (no @ coders + 1)
        false_no, false_yes = (np.minimum(rate, _HIGHEST_RATE) for rate in (false_no, false_yes))
        shares = (yes @ is_of_kind + 0.5) / (counts @ is_of_kind + 1)
        likely_yes, likely_no = (
            np.exp(
                np.outer(np.log(of_yes), positives) + np.outer(np.log(of_no), coders - positives)
            )
            for of_yes, of_no in ((1 - false_no, false_no), (false_yes, 1 - false_yes))
        )
        of_text = shares @ is_of_kind.T
        likely_yes, likely_no = likely_yes * of_text, likely_no * (1 - of_text)
        probability = likely_yes / (likely_yes + likely_no)
        probability = np.where(np.isnan(decided), probability, decided)

    return false_yes, false_no


def _summarize(figures: Floats, n: int) -> Estimate:
    """Return the first figure with the interval of the others, which holds it."""
    low, high = np.quantile(figures[1:], [0.025, 0.975])
    value = float(figures[0])
    return Estimate(value, min(value, float(low)), max(value, float(high)), n)
