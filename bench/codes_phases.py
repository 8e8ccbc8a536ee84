"""Whether intervals cover the truth where a network, a language model and people code one run.

    python bench/codes_phases.py [--draws 1000] [--seed 1] [--people 60 200]
        [--model 1000] [--grains month year] [--accuracies .8 .95] [--shares .02 .1 .3]

The archives are those of `bench/codes.py`. A network codes all documents, a model a sample of them,
people a part of this sample; a third of each from each kind of document. Model and network err
independently of each other, as often in the category as outside of it. The network's accuracy is
.8. All codes are known, so that the truth is.

For each share, accuracy of the model and number of people's codes: how often the 95 % interval of
what people would say covers the truth, by people alone, with each of the other coders, and with
both; median, lowest and highest over the precisions and recalls of the keyword; and half-widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import codes
import harness
import numpy as np
from numpy.typing import NDArray

from reports.stats.coded_strata import CodedStratum, FirstPhase, MachineCodes
from reports.stats.proportions import estimate_share

SHARES = (0.005, 0.02, 0.05, 0.1, 0.3)
PEOPLE = (60, 200)
MODEL = 1000
ACCURACIES = (0.8, 0.95)
NETWORK_ACCURACY = 0.8
METHODS = {
    "people": (False, False),
    "people, network": (False, True),
    "people, model": (True, False),
    "people, model, network": (True, True),
}

# Documents by people's, the model's and the network's code: periods x kinds x 2 x 2 x 2.
Documents = NDArray[np.int64]


def main() -> None:
    options = harness.parse_options(
        __doc__,
        draws=1000,
        seed=1,
        people=PEOPLE,
        model=MODEL,
        grains=codes.GRAINS,
        accuracies=ACCURACIES,
        shares=SHARES,
    )
    rng = np.random.default_rng(options.seed)
    for grain, share in product(options.grains, options.shares):
        recalls = codes.RECALLS_OF_COMMON if share == codes.COMMON else codes.RECALLS
        keywords = list(product(codes.PRECISIONS, recalls))
        for accuracy, people in product(options.accuracies, options.people):
            archives = [make_archive(grain, share, *keyword, accuracy) for keyword in keywords]
            label = f"{grain}, share {100 * share:g} %, model {accuracy:g}, {people} by people"
            print_archives(rng, label, archives, (options.model, people), options.draws)


def make_archive(
    grain: str, share: float, precision: float, recall: float, accuracy: float
) -> Documents:
    documents = codes.make_archive(grain, share, precision, recall, accuracy).documents
    # The codes of both: yes yes, yes no, no yes, no no.
    by_people_and_model = documents.reshape(*documents.shape[:2], 2, 2)
    right = np.round(NETWORK_ACCURACY * by_people_and_model).astype(np.int64)
    wrong = by_people_and_model - right
    in_category = np.stack([right[..., 0, :], wrong[..., 0, :]], axis=-1)
    others = np.stack([wrong[..., 1, :], right[..., 1, :]], axis=-1)
    return np.stack([in_category, others], axis=2)


def print_archives(
    rng: np.random.Generator,
    label: str,
    archives: Sequence[Documents],
    sizes: tuple[int, int],
    draws: int,
) -> None:
    """Draw from each archive, and print how often the intervals of each method cover."""
    coverages: dict[str, list[codes.Coverage]] = {method: [] for method in METHODS}
    for documents in archives:
        truth = int(documents[:, :, 0].sum()) / int(documents.sum())
        covered, widths = dict.fromkeys(METHODS, 0), dict.fromkeys(METHODS, 0.0)

        for _ in range(draws):
            strata = draw_strata(rng, documents, *sizes)
            for method, (use_model, use_network) in METHODS.items():
                chosen = strata if use_model else [leave_model_out(stratum) for stratum in strata]
                estimate = estimate_share(chosen, use_machine=use_network)
                assert estimate is not None
                covered[method] += estimate.low - 1e-9 <= truth <= estimate.high + 1e-9
                widths[method] += (estimate.high - estimate.low) / 2

        for method, method_coverages in coverages.items():
            coverage = codes.Coverage(100 * covered[method] / draws, widths[method] / draws)
            method_coverages.append(coverage)

    for method, method_coverages in coverages.items():
        codes.print_coverages(f"{label}: {method}", method_coverages)


def draw_strata(
    rng: np.random.Generator, documents: Documents, model: int, people: int
) -> list[CodedStratum]:
    """Draw the model's sample, and people's out of it."""
    sizes = documents.sum(axis=(2, 3, 4))
    model_quotas, people_quotas = codes.divide(model, sizes), codes.divide(people, sizes)
    strata = []
    for (period, kind), size in np.ndenumerate(sizes):
        cells = documents[period, kind].ravel()
        n, n_people = int(model_quotas[period, kind]), int(people_quotas[period, kind])
        drawn = rng.multivariate_hypergeometric(cells, n)
        read = rng.multivariate_hypergeometric(drawn, min(n, n_people))
        by_network = documents[period, kind].sum(axis=(0, 1))
        strata.append(make_stratum(codes.KINDS[kind], int(size), by_network, drawn, read))

    return strata


def make_stratum(
    kind: str, size: int, by_network: Documents, drawn: Documents, read: Documents
) -> CodedStratum:
    """Return a stratum of which the model has coded *drawn*, people *read*."""
    positives = int(by_network[0])
    _, model_codes, network_codes = _list_codes(drawn)
    machine = MachineCodes(network_codes, positives, size)
    sample = CodedStratum(kind, size, model_codes, (), machine)
    people_codes, model_codes, network_codes = _list_codes(read)
    machine = MachineCodes(network_codes, positives, size)
    return CodedStratum(kind, size, people_codes, (), machine, FirstPhase(model_codes, [sample]))


def _list_codes(counts: Documents) -> tuple[list[float], list[float], list[float]]:
    numbers = np.repeat(np.arange(8), counts)
    people, model, network = ((1.0 - (numbers >> shift & 1)).tolist() for shift in (2, 1, 0))
    return people, model, network


def leave_model_out(stratum: CodedStratum) -> CodedStratum:
    return CodedStratum(stratum.kind, stratum.size, stratum.codes, (), stratum.machine)


if __name__ == "__main__":
    main()
