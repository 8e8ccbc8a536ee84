"""Whether intervals of shares, precision and recall cover the truth, when people code a sample.

    python bench/codes.py [--draws 4000] [--seed 1] [--sizes 100 200 400] [--grains month year]

Made-up archives: a month has 5,000 documents, a year twelve months of 2,000 to 8,000 whose shares
differ threefold. A share of the documents is in a category; a keyword finds it with a precision and
a recall as keywords of real archives have them (`bench/code_tags.py`). One document of twenty
without a mention is a near miss; two fifths of the missed ones are among them. A machine coder has
one accuracy among documents in the category and among all others. Documents are drawn without
replacement, from each kind as many as the division of a first sample gives it
(`analysis.codebooks.division`); in a year from each month alike.

For each share and number of codes the coverage of the 95 % interval, over precisions and recalls:
median, lowest and highest. Beside it half-widths, and what the textbook interval does on the same
draws: the stratified estimate, or the stratified difference estimator, ± 1.96 standard errors.

Two coders: a network of accuracy .8 codes all documents of a month, a model of .95 a sample of
them, people a part of this sample; they err independently of each other. Looks: a tenth of the
draws code a pilot of a month, then as many documents as the looks at the growing sample ask for,
until the share is known to ± 2 points or five looks are over.

Years that are as archives are: a headline that stands in each month twenty times, by one random
number for all months and by one for each; a keyword whose precision drifts; coders who err in 5 or
10 % of the texts, in some thrice as often as in others, where two coded a fifth of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import harness
import numpy as np
from numpy.typing import NDArray

from analysis.codebooks.division import weigh_parts
from core.enums import SampleGoal, SamplePart
from reports.stats.code_plans import plan_codes
from reports.stats.coded_shares import (
    compare_shares,
    estimate_f1,
    estimate_precision,
    estimate_recall,
    estimate_share,
)
from reports.stats.coded_strata import CodedStratum, FirstPhase, MachineCodes
from reports.stats.coder_errors import SharedText, correct_share
from reports.stats.differential_error import ErrorCount, compare_errors
from reports.stats.estimates import Estimate
from reports.stats.intervals import Z, wilson_interval
from reports.stats.looks import LEVELS, WantedShare, count_pilot, take_look
from reports.stats.pooled_periods import pool_periods
from reports.stats.scale_means import compare_scale_means, estimate_scale_mean

COMMON = 0.3
SHARES = (0.005, 0.01, 0.02, 0.05, 0.1, COMMON)
PRECISIONS = (0.7, 0.95)
RECALLS = (0.15, 0.4, 0.65)
# Of a common category no more is missed than near misses can hold.
RECALLS_OF_COMMON = (0.95,)
ACCURACIES = (0.6, 0.8, 0.95)
SIZES = (100, 200, 400)
GRAINS = ("month", "year")
WANTED = 94.0  # percent of the intervals that cover the truth, at least

LEVEL = 0.05
# Units that a machine coded in each group, and in how many it errs.
GROUPS = ((10, 10, 10), (60, 10, 30, 20), (100, 100))
ERROR_RATES = (0.02, 0.1, 0.3)

# How often each step of a scale is chosen, and how many documents two samples of it have.
SCALES = {
    "all alike": (0.2, 0.2, 0.2, 0.2, 0.2),
    "at both ends": (0.5, 0.0, 0.0, 0.0, 0.5),
    "rarely above the lowest": (0.95, 0.02, 0.01, 0.01, 0.01),
    "rarely at the highest": (0.97, 0.0, 0.0, 0.0, 0.03),
}
SCALE_CODES = ((10, 10), (10, 100), (30, 300), (100, 100))
# The scale is asked of all documents, or of this share of them.
ASKED = 0.3

NETWORK_ACCURACY, MODEL_ACCURACY = 0.8, 0.95
MODEL_SAMPLE = 1000
PEOPLE = (60, 200)
# Whether the codes of the model's sample are used, and whether the network's are.
TWO_CODERS = {
    "people": (False, False),
    "people, network": (False, True),
    "people, model": (True, False),
    "people, model, network": (True, True),
}

LOOK_WIDTH = 0.02

HALF_WIDTHS = (0.05, 0.03, 0.02)
PILOT = 90
PLANS = 200

MENTION, NEAR_MISS, REST = SamplePart.MENTION, SamplePart.NEAR_MISS, SamplePart.REST
KINDS = (MENTION, NEAR_MISS, REST)
MONTH = 5000
MONTHS_OF_YEAR = (3000, 8000, 5000, 2000, 6000, 4000, 7000, 2500, 5500, 4500, 6500, 3500)
SWAY_OF_YEAR = (0.5, 1.5, 1.0, 0.7, 1.2, 0.9, 1.4, 0.6, 1.0, 1.3, 0.8, 1.1)
NEAR_SHARE = 0.05
NEAR_MISSED = 0.4

# A year whose keyword is right ever less often, and errors of coders.
DRIFT = tuple(np.linspace(0.9, 0.4, 12))
ERRORS = (0.05, 0.1)
DOUBLES = 0.2
RETURNING = 20

# Documents of a stratum by people's and machine's code: yes yes, yes no, no yes, no no.
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Archive:
    """The documents of each period and kind by both codes: periods x kinds x 4."""

    documents: Counts

    @property
    def relevant(self) -> Counts:
        """Documents in the category, by period and kind."""
        relevant: Counts = self.documents[..., :2].sum(axis=-1)
        return relevant


def main() -> None:
    options = harness.parse_options(
        __doc__,
        draws=4000,
        seed=1,
        sizes=SIZES,
        grains=GRAINS,
        precisions=PRECISIONS,
        recalls=RECALLS,
        accuracies=ACCURACIES,
    )
    rng = np.random.default_rng(options.seed)
    for grain, share, n in product(options.grains, SHARES, options.sizes):
        recalls = RECALLS_OF_COMMON if share == COMMON else options.recalls
        archives = []
        for precision, recall in product(options.precisions, recalls):
            archives.append(make_archive(grain, share, precision, recall, accuracy=1.0))

        samples = [draw_samples(rng, archive, n, options.draws) for archive in archives]
        label = f"{grain}, share {100 * share:g} %, {n} codes"
        print_people(label, archives, samples)

        for accuracy in options.accuracies:
            coded = []
            for precision, recall in product(options.precisions, recalls):
                coded.append(make_archive(grain, share, precision, recall, accuracy))

            drawn = [draw_samples(rng, archive, n, options.draws) for archive in coded]
            print_machine(f"{label}, machine {accuracy:g}", coded, drawn)

    for share in SHARES:
        print_level_of_shares(rng, share, options.draws)
        print_looks(rng, share, max(1, options.draws // 10))
        print_years(rng, share, options.draws)

    for steps, counts in product(SCALES, SCALE_CODES):
        print_level_of_means(rng, steps, counts, options.draws)

    for units, rate in product(GROUPS, ERROR_RATES):
        print_level_of_errors(rng, units, rate, options.draws)

    for share, half_width in product(SHARES, HALF_WIDTHS):
        print_plan(rng, share, half_width)

    for share, people in product(SHARES, PEOPLE):
        print_two_coders(rng, share, people, max(1, options.draws // 10))


def make_archive(
    grain: str, share: float, precision: float, recall: float, accuracy: float
) -> Archive:
    sizes = (MONTH,) if grain == "month" else MONTHS_OF_YEAR
    sways = (1.0,) if grain == "month" else SWAY_OF_YEAR
    periods = []
    for size, sway in zip(sizes, sways, strict=True):
        relevant = size * share * sway
        hits, missed = relevant * recall, relevant * (1 - recall)
        mentions = hits / precision
        near = NEAR_SHARE * (size - mentions)
        documents = (mentions, near, size - mentions - near)
        positives = (hits, NEAR_MISSED * missed, (1 - NEAR_MISSED) * missed)
        kinds = []
        for kind_size, kind_positives in zip(documents, positives, strict=True):
            yes = round(kind_positives)
            no = round(kind_size) - yes
            yes_yes, no_no = round(accuracy * yes), round(accuracy * no)
            kinds.append((yes_yes, yes - yes_yes, no - no_no, no_no))

        periods.append(kinds)

    return Archive(np.array(periods))


def draw_samples(rng: np.random.Generator, archive: Archive, n: int, draws: int) -> Counts:
    """Draw *n* documents, *draws* times: draws x periods x kinds x 4."""
    periods = len(archive.documents)
    quotas = divide(n, archive.documents.sum(axis=-1))
    samples = np.empty((draws, periods, len(KINDS), 4), dtype=np.int64)
    for period, kind in product(range(periods), range(len(KINDS))):
        cells = archive.documents[period, kind]
        quota = quotas[period, kind]
        samples[:, period, kind] = rng.multivariate_hypergeometric(cells, quota, size=draws)

    return samples


def divide(n: int, sizes: Counts) -> Counts:
    """Divide *n* codes among strata as a first sample is, months by their documents."""
    parts = dict(zip(KINDS, sizes.sum(axis=0).tolist(), strict=True))
    weights = weigh_parts({part: max(1, size) for part, size in parts.items()}, SampleGoal.SHARE)
    wanted = n * sizes * np.array([weights[part] for part in KINDS])
    quotas = np.minimum(np.floor(wanted), sizes).astype(np.int64)
    while quotas.sum() < min(n, int(sizes.sum())):
        lacking = np.where(quotas < sizes, wanted - quotas, -np.inf)
        quotas[np.unravel_index(np.argmax(lacking), sizes.shape)] += 1

    return quotas


def make_strata(archive: Archive, sample: Counts) -> list[CodedStratum]:
    strata = []
    for documents, counts in zip(archive.documents.tolist(), sample.tolist(), strict=True):
        for kind, kind_documents, kind_counts in zip(KINDS, documents, counts, strict=True):
            strata.append(make_stratum(kind, tuple(kind_documents), tuple(kind_counts)))

    return strata


@cache
def make_stratum(
    kind: str, documents: tuple[int, int, int, int], counts: tuple[int, int, int, int]
) -> CodedStratum:
    yes_yes, yes_no, no_yes, no_no = counts
    codes = [1] * (yes_yes + yes_no) + [0] * (no_yes + no_no)
    machine_codes = [1] * yes_yes + [0] * yes_no + [1] * no_yes + [0] * no_no
    size = sum(documents)
    machine = MachineCodes(machine_codes, documents[0] + documents[2], size)
    return CodedStratum(kind, size, codes, (), machine)


Estimator = Callable[[Sequence[CodedStratum]], Estimate | None]


@dataclass(frozen=True)
class Coverage:
    """In how many percent of the draws the truth was covered, and the mean half-width."""

    percent: float
    half_width: float


def measure(archive: Archive, samples: Counts, estimator: Estimator, truth: float) -> Coverage:
    """Measure an estimator; each distinct sample is estimated once. No estimate covers nothing."""
    distinct, repeats = np.unique(samples, axis=0, return_counts=True)
    covered = widths = estimated = 0.0
    for sample, count in zip(distinct, repeats, strict=True):
        estimate = estimator(make_strata(archive, sample))
        if estimate is not None:
            covered += count * is_covered(estimate, truth)
            widths += count * (estimate.high - estimate.low) / 2
            estimated += count

    return Coverage(100 * covered / max(1, estimated), widths / max(1, estimated))


def measure_textbook(archive: Archive, samples: Counts, *, use_machine: bool) -> Coverage:
    """Measure the stratified estimate, or difference estimator, ± 1.96 standard errors."""
    sizes = archive.documents.sum(axis=-1)
    n = np.maximum(samples[0].sum(axis=-1), 1)
    weights = sizes / sizes.sum()
    yes = samples[..., :2].sum(axis=-1) / n
    if use_machine:
        false_negatives, false_positives = samples[..., 1] / n, samples[..., 2] / n
        means = false_negatives - false_positives
        squares = false_negatives + false_positives
        machine = (archive.documents[..., 0] + archive.documents[..., 2]) / np.maximum(sizes, 1)
    else:
        means, squares, machine = yes, yes, np.zeros_like(weights)

    variances = (squares - means**2) / np.maximum(n - 1, 1) * (1 - n / np.maximum(sizes, 1))
    estimates = (weights * (machine + means)).sum(axis=(1, 2))
    halves = Z * np.sqrt((weights**2 * np.maximum(variances, 0)).sum(axis=(1, 2)))
    truth = int(archive.relevant.sum()) / int(sizes.sum())
    covered = np.abs(estimates - truth) <= halves + 1e-9
    return Coverage(100 * float(covered.mean()), float(halves.mean()))


def measure_wilson(archive: Archive, samples: Counts) -> Coverage:
    """Measure Wilson's interval of each stratum, joined by MOVER, as the textbooks have it.

    The documents of a stratum are finite: its codes count as n (N - 1) / (N - n).
    """
    sizes = archive.documents.sum(axis=-1)
    weights = sizes / sizes.sum()
    positives = samples[..., :2].sum(axis=-1)
    estimates = np.zeros(len(samples))
    below, above = np.zeros(len(samples)), np.zeros(len(samples))
    for stratum in np.ndindex(sizes.shape):
        n, size = int(samples[0][stratum].sum()), int(sizes[stratum])
        shares = positives[:, *stratum] / max(1, n)
        limits = np.array([[number / max(1, n)] * 2 for number in range(n + 1)])
        if not n:
            limits[0] = 0, 1
        elif n < size:
            effective_n = n * (size - 1) / (size - n)
            for number in range(n + 1):
                limits[number] = wilson_interval(number / n * effective_n, effective_n)

        low, high = limits[positives[:, *stratum]].T
        estimates += weights[stratum] * shares
        below += (weights[stratum] * (shares - low)) ** 2
        above += (weights[stratum] * (high - shares)) ** 2

    truth = int(archive.relevant.sum()) / int(sizes.sum())
    lower, upper = estimates - np.sqrt(below), estimates + np.sqrt(above)
    covered = (lower <= truth + 1e-9) & (truth <= upper + 1e-9)
    return Coverage(100 * float(covered.mean()), float((upper - lower).mean() / 2))


def print_people(label: str, archives: Sequence[Archive], samples: Sequence[Counts]) -> None:
    coverages, textbooks, wilsons = [], [], []
    keyword_coverages: dict[str, list[Coverage]] = {"recall": [], "precision": [], "F1": []}

    for archive, drawn in zip(archives, samples, strict=True):
        people = drawn.copy()
        people[..., 0] += people[..., 1]
        people[..., 3] += people[..., 2]
        people[..., 1] = people[..., 2] = 0
        relevant = archive.relevant
        hits, positives = int(relevant[:, 0].sum()), int(relevant.sum())
        mentions = int(archive.documents[:, 0].sum())
        truth = positives / int(archive.documents.sum())
        coverages.append(measure(archive, people, estimate_share, truth))
        textbooks.append(measure_textbook(archive, drawn, use_machine=False))
        wilsons.append(measure_wilson(archive, drawn))

        for figure, estimator, figure_truth in (
            ("precision", estimate_precision, hits / mentions),
            ("recall", estimate_recall, hits / positives),
            ("F1", estimate_f1, 2 * hits / (mentions + positives)),
        ):
            coverage = measure(archive, people, estimator, figure_truth)
            keyword_coverages[figure].append(coverage)

    print_coverages(f"{label}, people", coverages, textbooks)
    print_coverages(f"{label}, people, Wilson by stratum", wilsons)
    for figure, figure_coverages in keyword_coverages.items():
        print_coverages(f"{label}, {figure}", figure_coverages)


def print_machine(label: str, archives: Sequence[Archive], samples: Sequence[Counts]) -> None:
    coverages, textbooks = [], []
    for archive, drawn in zip(archives, samples, strict=True):
        truth = int(archive.relevant.sum()) / int(archive.documents.sum())
        coverages.append(measure(archive, drawn, estimate_with_machine, truth))
        textbooks.append(measure_textbook(archive, drawn, use_machine=True))

    print_coverages(label, coverages, textbooks)


def estimate_with_machine(strata: Sequence[CodedStratum]) -> Estimate | None:
    return estimate_share(strata, use_machine=True)


def print_coverages(
    label: str, coverages: Sequence[Coverage], textbooks: Sequence[Coverage] = ()
) -> None:
    note = f"half-width {100 * mean_half_width(coverages):.2f} points"
    if textbooks:
        lowest = min(coverage.percent for coverage in textbooks)
        note += f"; textbook from {lowest:.1f} %, {100 * mean_half_width(textbooks):.2f} points"

    percents = [coverage.percent for coverage in coverages]
    harness.print_figure(label, percents, "%", floor=WANTED, floor_name="least wanted", note=note)


def print_level_of_shares(rng: np.random.Generator, share: float, draws: int) -> None:
    archive = make_archive("month", share, PRECISIONS[0], recalls_of(share)[-1], accuracy=1.0)
    significant = 0
    for sample, other_sample in zip(*draw_pairs(rng, archive, draws), strict=True):
        strata, other_strata = make_strata(archive, sample), make_strata(archive, other_sample)
        comparison = compare_shares(strata, other_strata)
        assert comparison is not None
        significant += comparison.p_value <= LEVEL

    note = f"{SIZES[0]} codes each"
    name = f"two months of {100 * share:g} % called different"
    harness.print_share(name, significant / draws, most=LEVEL, note=note)


def draw_pairs(rng: np.random.Generator, archive: Archive, draws: int) -> tuple[Counts, Counts]:
    return draw_samples(rng, archive, SIZES[0], draws), draw_samples(rng, archive, SIZES[0], draws)


def print_level_of_means(
    rng: np.random.Generator, steps: str, counts: Sequence[int], draws: int
) -> None:
    """Print how often two means of one scale are called different, and are covered."""
    probabilities = SCALES[steps]
    lowest, highest = 1, len(probabilities)
    truth = float(np.dot(probabilities, range(lowest, highest + 1)))
    for asked in (1.0, ASKED):
        significant = compared = covered = estimated = 0
        for _ in range(draws):
            first, second = (
                draw_scale_strata(rng, probabilities, count, asked) for count in counts
            )
            for strata in (first, second):
                mean = estimate_scale_mean(strata, lowest, highest)
                if mean is not None:
                    covered += mean.low <= truth <= mean.high
                    estimated += 1

            difference = compare_scale_means(first, second, lowest, highest)
            if difference is not None:
                compared += 1
                significant += difference.p_value <= LEVEL

        name = (
            f"means of {counts[0]} and {counts[1]} codes, steps {steps}, asked of {100 * asked:g} %"
        )
        note = f"intervals cover in {100 * covered / max(1, estimated):.1f} %"
        harness.print_share(name, significant / max(1, compared), most=LEVEL, note=note)


def draw_scale_strata(
    rng: np.random.Generator, probabilities: Sequence[float], count: int, asked: float
) -> list[CodedStratum]:
    """Return the strata of a month of which *count* documents are coded, about as many of each."""
    strata = []
    for kind, codes in zip(KINDS, np.array_split(np.arange(count), len(KINDS)), strict=True):
        chosen = 1 + rng.choice(len(probabilities), p=probabilities, size=len(codes))
        are_asked = rng.random(len(codes)) < asked
        steps = [
            float(step) if is_asked else math.nan
            for step, is_asked in zip(chosen, are_asked, strict=True)
        ]
        strata.append(CodedStratum(kind, MONTH // len(KINDS), steps))

    return strata


def print_level_of_errors(
    rng: np.random.Generator, units: Sequence[int], rate: float, draws: int
) -> None:
    significant = 0
    for seed in range(draws):
        counts = []
        for group, group_units in enumerate(units):
            errors = int(rng.binomial(group_units, rate))
            counts.append(ErrorCount(str(group), REST, errors, group_units))

        comparison = compare_errors(counts, seed=seed)
        significant += comparison is not None and comparison.p_value <= LEVEL

    name = f"errors of {100 * rate:g} % in {' + '.join(map(str, units))} called different"
    harness.print_share(name, significant / draws, most=LEVEL)


def print_plan(rng: np.random.Generator, share: float, half_width: float) -> None:
    """Print reached over planned half-widths, and the codes that the plans ask for."""
    archive = make_archive("month", share, PRECISIONS[0], recalls_of(share)[-1], accuracy=1.0)
    ratios, sizes = [], []
    for pilot in draw_samples(rng, archive, PILOT, PLANS):
        plan = plan_codes(make_strata(archive, pilot), half_width)
        assert plan is not None
        sample = np.empty_like(pilot)
        for kind, quota in enumerate(plan.counts):
            sample[0, kind] = rng.multivariate_hypergeometric(archive.documents[0, kind], quota)

        estimate = estimate_share(make_strata(archive, sample))
        assert estimate is not None
        ratios.append((estimate.high - estimate.low) / 2 / half_width)
        sizes.append(plan.n)

    within = sum(ratio <= 1 for ratio in ratios) / PLANS
    note = f"within it {100 * within:.0f} %; {np.median(sizes):.0f} codes, up to {max(sizes)}"
    name = f"share {100 * share:g} %, planned ± {100 * half_width:g} points: reached"
    harness.print_figure(name, ratios, "x planned", note=note)


def print_two_coders(rng: np.random.Generator, share: float, people: int, draws: int) -> None:
    """Print how often intervals cover where a model codes a sample, and people a part of it."""
    coverages: dict[str, list[Coverage]] = {name: [] for name in TWO_CODERS}
    for archive in make_months(share, MODEL_ACCURACY):
        cells = add_network(archive)
        truth = int(archive.relevant.sum()) / int(archive.documents.sum())
        covered, widths = dict.fromkeys(TWO_CODERS, 0), dict.fromkeys(TWO_CODERS, 0.0)
        for _ in range(draws):
            with_model = draw_two_coders(rng, cells, people)
            without = [replace(stratum, first_phase=None) for stratum in with_model]
            for name, (use_model, use_network) in TWO_CODERS.items():
                strata = with_model if use_model else without
                estimate = estimate_share(strata, use_machine=use_network)
                assert estimate is not None
                covered[name] += is_covered(estimate, truth)
                widths[name] += (estimate.high - estimate.low) / 2

        for name in TWO_CODERS:
            coverages[name].append(Coverage(100 * covered[name] / draws, widths[name] / draws))

    for name, of_coders in coverages.items():
        print_coverages(f"month, share {100 * share:g} %, {people} by people: {name}", of_coders)


def make_months(share: float, accuracy: float) -> list[Archive]:
    """Return a month for each precision and recall of the keyword."""
    pairs = product(PRECISIONS, recalls_of(share))
    return [make_archive("month", share, *pair, accuracy) for pair in pairs]


def recalls_of(share: float) -> Sequence[float]:
    """Return the recalls that a keyword may have, whose misses are not all near misses."""
    return RECALLS_OF_COMMON if share == COMMON else RECALLS


def add_network(archive: Archive) -> Counts:
    """Return the documents by kind and by people's, the model's and the network's code."""
    by_people_and_model = archive.documents[0].reshape(len(KINDS), 2, 2)
    right = np.round(NETWORK_ACCURACY * by_people_and_model).astype(np.int64)
    wrong = by_people_and_model - right
    in_category = np.stack([right[:, 0], wrong[:, 0]], axis=-1)
    others = np.stack([wrong[:, 1], right[:, 1]], axis=-1)
    return np.stack([in_category, others], axis=1)


def draw_two_coders(rng: np.random.Generator, cells: Counts, people: int) -> list[CodedStratum]:
    """Draw the model's sample of a month, and people's out of it."""
    sizes = cells.sum(axis=(1, 2, 3))[None]
    model_quotas, people_quotas = divide(MODEL_SAMPLE, sizes)[0], divide(people, sizes)[0]
    strata = []
    for number, kind in enumerate(KINDS):
        quota = int(model_quotas[number])
        drawn = rng.multivariate_hypergeometric(cells[number].ravel(), quota)
        read = rng.multivariate_hypergeometric(drawn, min(quota, int(people_quotas[number])))
        size, positives = int(sizes[0, number]), int(cells[number, :, :, 0].sum())

        _, model_codes, network_codes = list_codes(drawn)
        machine = MachineCodes(network_codes, positives, size)
        sample = CodedStratum(kind, size, model_codes, (), machine)
        codes, model_codes, network_codes = list_codes(read)
        machine = MachineCodes(network_codes, positives, size)
        phase = FirstPhase(model_codes, [sample])
        strata.append(CodedStratum(kind, size, codes, (), machine, phase))

    return strata


def list_codes(counts: Counts) -> tuple[list[float], list[float], list[float]]:
    """Return the codes of people, model and network of so many documents of each combination."""
    numbers = np.repeat(np.arange(8), counts)
    people, model, network = ((1.0 - (numbers >> shift & 1)).tolist() for shift in (2, 1, 0))
    return people, model, network


def print_looks(rng: np.random.Generator, share: float, draws: int) -> None:
    """Print how often the interval of the look that ends a sample covers, and its codes."""
    months = make_months(share, accuracy=1.0)
    covered, sizes = 0, []
    for number in range(draws):
        archive = months[number % len(months)]
        truth = int(archive.relevant.sum()) / int(archive.documents.sum())
        estimate, n = draw_until_known(rng, archive)
        covered += is_covered(estimate, truth)
        sizes.append(n)

    name = f"month, share {100 * share:g} %, looks until ± {100 * LOOK_WIDTH:g} points"
    percents, note = [100 * covered / draws], f"{np.median(sizes):.0f} codes"
    harness.print_figure(name, percents, "%", floor=WANTED, floor_name="least wanted", note=note)


def draw_until_known(rng: np.random.Generator, archive: Archive) -> tuple[Estimate, int]:
    """Code a pilot of a month and what the looks ask for; return the estimate and the codes."""
    sizes = archive.documents[0].sum(axis=-1).tolist()
    orders = [
        rng.permutation(np.arange(size) < positives).astype(float).tolist()
        for size, positives in zip(sizes, archive.relevant[0].tolist(), strict=True)
    ]
    drawn = divide(count_pilot(1, are_estimated=False), np.array([sizes]))[0].tolist()

    for number in range(1, len(LEVELS) + 1):
        parts = zip(KINDS, sizes, orders, drawn, strict=True)
        strata = [
            CodedStratum(kind, size, order[:n], number=place)
            for place, (kind, size, order, n) in enumerate(parts)
        ]
        wanted = [WantedShare("share", strata)]
        look = take_look(number, wanted, LOOK_WIDTH, drawn=drawn, texts=sizes)
        if look.drawn is None:
            break

        drawn = list(look.drawn)

    estimate = look.shares[0].estimate
    assert estimate is not None
    return estimate, sum(drawn)


def print_years(rng: np.random.Generator, share: float, draws: int) -> None:
    print_returning(rng, share, max(1, draws // 10))
    print_months(rng, share, max(1, draws // 20))
    for error in ERRORS:
        print_coder_errors(rng, share, error, max(1, draws // 20))


def print_returning(rng: np.random.Generator, share: float, draws: int) -> None:
    """Print how often a year is covered in which a headline of the category returns each month."""
    size, texts = MONTH, MONTH - RETURNING + 1
    truth = (share * (MONTH - RETURNING) + RETURNING) / MONTH
    is_yes = np.arange(texts) < round(share * (MONTH - RETURNING)) + 1
    copies = np.where(np.arange(texts) == 0, RETURNING, 1)
    for name, is_by_period in (("one number for all months", False), ("one for each", True)):
        covered = 0
        for _ in range(draws):
            numbers = rng.random((12, texts))
            if not is_by_period:
                numbers[:, 0] = numbers[0, 0]

            strata = []
            for month in numbers:
                drawn = np.argsort(month / copies)[: SIZES[-1] // 12]
                # As the copies of a text that is drawn by them, each text stands for as many.
                strata.append(
                    CodedStratum(
                        REST,
                        size,
                        is_yes[drawn].astype(float).tolist(),
                        (),
                        covered=float(copies[drawn].sum()),
                    )
                )

            estimate = estimate_share(strata)
            assert estimate is not None
            covered += is_covered(estimate, truth)

        label = f"year, share {100 * share:g} %, a headline {RETURNING} times a month, {name}"
        harness.print_figure(label, [100 * covered / draws], "%")


def print_months(rng: np.random.Generator, share: float, draws: int) -> None:
    """Print how often single months are covered: by their own codes, by rates of all if alike."""
    for name, precisions in (("", (PRECISIONS[0],) * 12), (", precision drifts", DRIFT)):
        recall = 0.4 if share < COMMON else RECALLS_OF_COMMON[0]
        months = [make_archive("month", share, precision, recall, 1.0) for precision in precisions]
        archive = Archive(np.concatenate([month.documents for month in months]))
        shares = archive.relevant.sum(axis=-1) / archive.documents.sum(axis=(1, 2))
        figures = []
        for sample in draw_samples(rng, archive, SIZES[-1], draws):
            strata = make_strata(archive, sample)
            by_month = {
                f"{month:02}": strata[month * len(KINDS) : (month + 1) * len(KINDS)]
                for month in range(len(months))
            }
            pooled = pool_periods(by_month)
            assert pooled is not None
            direct = {month: estimate_share(by_month[month]) for month in by_month}
            chosen = pooled.estimates if pooled.may_be_pooled else direct
            for estimates in (direct, chosen):
                pairs = zip(estimates.values(), shares, strict=True)
                known = [(estimate, truth) for estimate, truth in pairs if estimate is not None]
                figures.append(np.mean([is_covered(*pair) for pair in known]))
                figures.append(np.mean([estimate.half_width for estimate, _ in known]))

        means = 100 * np.array(figures).reshape(-1, 4).mean(axis=0)
        note = f"±{means[3]:.2f}; by their own codes {means[0]:.1f} %, ±{means[1]:.2f} points"
        label = f"months, share {100 * share:g} %, {SIZES[-1]} codes of a year{name}"
        harness.print_figure(label, [means[2]], "%", floor=WANTED, note=note)


def print_coder_errors(rng: np.random.Generator, share: float, error: float, draws: int) -> None:
    """Print the share from codes with errors, raw and corrected, and how often both cover."""
    archive = make_archive("year", share, PRECISIONS[0], 0.4 if share < COMMON else 0.95, 1.0)
    documents = Archive(archive.documents.sum(axis=0, keepdims=True))
    truth = int(archive.relevant.sum()) / int(archive.documents.sum())
    rows = []
    for sample in draw_samples(rng, documents, SIZES[-1], draws)[:, 0]:
        strata, texts = [], []
        for kind, counts, cells in zip(KINDS, sample, documents.documents[0], strict=True):
            truths = np.arange(counts.sum()) < counts[:2].sum()
            rates = error * rng.choice([0.5, 1.5], len(truths))
            codes = truths != (rng.random((2, len(truths))) < rates)
            is_double = rng.random(len(truths)) < DOUBLES
            means = np.where(is_double, codes.mean(axis=0), codes[0])
            strata.append(CodedStratum(kind, int(cells.sum()), means.tolist()))
            positives = codes[:, is_double].sum(axis=0).tolist()
            texts += [SharedText(kind, 2, positive) for positive in positives]

        raw = estimate_share(strata)
        assert raw is not None
        found = correct_share(raw, texts)
        assert found is not None
        corrected = found.corrected
        covers = is_covered(raw, truth), is_covered(corrected, truth)
        rows.append((raw.value, corrected.value, corrected.half_width, *covers))

    value, corrected_value, width, raw_covers, corrected_covers = 100 * np.mean(rows, axis=0)
    label = f"year, {100 * truth:.2g} %, {SIZES[-1]} codes with {100 * error:g} % errors: corrected"
    note = (
        f"{corrected_value:.2f} ±{width:.2f} points; raw {value:.2f}, covers in {raw_covers:.1f} %"
    )
    harness.print_figure(label, [corrected_covers], "%", floor=WANTED, note=note)


def is_covered(estimate: Estimate, truth: float) -> bool:
    return estimate.low - 1e-9 <= truth <= estimate.high + 1e-9


def mean_half_width(coverages: Sequence[Coverage]) -> float:
    return math.fsum(coverage.half_width for coverage in coverages) / len(coverages)


if __name__ == "__main__":
    main()
