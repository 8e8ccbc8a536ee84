"""The network that codes texts, on rated sentences: beside the majority, and scikit-learn.

Type ``python bench/codes_network.py DIR``, with the folder of rated sentences that a polarity
training reads. Signs (negative, neutral, positive) stand in for people's codes: so many of a file
train, others of it test. scikit-learn's logistic regression, which the extra `digits` installs,
reads the same features, with the weight decay that its own cross-validation finds.

With ``--draws 300`` it measures intervals instead. The first 4,000 texts of each file are an
archive of four months, with all codes known. The sampler of the project draws texts from the strata
of a keyword, the network learns from their codes and codes the archive. How often do the intervals
(95 %) of the shares of the signs hold the shares of the archive? They are made of codes of people,
and of people and the network.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import harness
import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from analysis.codebooks.cells import split_documents
from analysis.codebooks.codebook import Codebook
from analysis.codebooks.coded_text import CodedText
from analysis.codebooks.drawing import Cell, draw
from analysis.codebooks.network import CodeNetwork, Output, OutputKey, read_network, temper
from analysis.codebooks.network_features import TextFeatures
from analysis.codebooks.units import CodableUnits, hash_parts, make_random_number
from analysis.text.repeats import read_form
from analysis.trainings.codes import validation
from analysis.trainings.codes.samples import CodeSample, CodeSamples, find_groups
from analysis.trainings.codes.task import ALL, CodesTask
from core.enums import SamplePart, SamplePeriod
from models.codes import UnitKey
from networks.classifier import Classifier
from networks.sparse import SparseRows
from reports.data.coded_samples import Stratum
from reports.data.estimate_strata import DrawnUnit, make_coded_strata
from reports.stats.coded_strata import CodedStratum
from reports.stats.proportions import estimate_share
from tools.news_training.ratings import RatedSentence, read_ratings

SIZES = (100, 200, 400, 800)
TESTED = 2_000
SIGNS = ("bad", "neutral", "good")
TONE = Codebook.model_validate(
    {
        "name": "tone",
        "unit": "document",
        "language": ["en"],
        "variables": [
            {
                "name": "tone",
                "question": "Which tone has the text?",
                "type": "category",
                "categories": dict.fromkeys(SIGNS, ""),
            }
        ],
    }
)

ARCHIVE = 4_000
MONTHS = ("2020-01", "2020-02", "2020-03", "2020-04")

# A word that many texts of a file hold is the keyword of its archive.
KEYWORDS = {
    "newsmtsc_train": "trump",
    "sentfin": "profit",
    "vader_amazonReviewSnippets": "player",
    "vader_movieReviewSnippets": "film",
    "vader_nytEditorialSnippets": "city",
    "vader_tweets": "love",
}


def main() -> None:
    """Print a row for each file, number of codes and seed, and the speed of coding; or coverage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--draws", type=int, default=0)
    parser.add_argument("--files", nargs="+", default=list(KEYWORDS))
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES[:-1])
    options = parser.parse_args()

    files: defaultdict[str, list[RatedSentence]] = defaultdict(list)
    for sentence in read_ratings(options.folder):
        files[sentence.dataset].append(sentence)

    if options.draws:
        chosen_files = {file_name: files[file_name] for file_name in options.files}
        measure_intervals(chosen_files, options.sizes, options.draws)
        return

    print("file codes seed | accuracy macro-F1: network majority scikit-learn | calibration error")
    for file_name, sentences in files.items():
        for size in SIZES:
            for seed in range(options.seeds):
                print(file_name, size, seed, "|", compare(sentences, size, seed), flush=True)


def compare(sentences: Sequence[RatedSentence], size: int, seed: int) -> str:
    """Return the figures of a network that *size* sentences train, and of its rivals."""
    order = sorted(sentences, key=lambda sentence: _hash(sentence, seed))
    groups_trained = {sentence.group for sentence in order[:size]}
    trained = order[:size]
    tested = [sentence for sentence in order[size:] if sentence.group not in groups_trained][
        :TESTED
    ]
    samples, features = make_samples(trained)
    test_rows, _ = features.read([CodedText(sentence.text) for sentence in tested])
    actual = np.array([sentence.sign + 1 for sentence in tested])

    whole = validation.cross_validate(samples)
    classifier = validation.fit(samples, np.arange(len(samples)), whole.weight_decay)
    probabilities = temper(classifier.classify(classifier.score(test_rows)), whole.temperature)
    calibration = validation.measure_calibration(probabilities, actual)
    uncalibrated = validation.measure_calibration(
        classifier.classify(classifier.score(test_rows)), actual
    )
    majority = np.full(len(actual), np.argmax(np.bincount(samples.classes)))
    figures = [
        _figures(actual, probabilities.argmax(axis=1)),
        _figures(actual, majority),
        _figures(actual, predict_by_sklearn(samples, test_rows)),
    ]
    speed = measure_speed(classifier, features, tested, whole.temperature)
    return (
        f"{' '.join(figures)} | {calibration.error:.3f} (before {uncalibrated.error:.3f}, chance "
        f"{calibration.error_by_chance:.3f}) | in cross-validation "
        f"{_figures(samples.classes, whole.probabilities.argmax(axis=1))} | {speed:,.0f} texts/s"
    )


def make_samples(trained: Sequence[RatedSentence]) -> tuple[validation.CodedRows, TextFeatures]:
    """Return the samples of *trained* and the features that are chosen for them."""
    texts = [CodedText(sentence.text) for sentence in trained]
    features = TextFeatures.choose(texts, has_valences=True, by_keyword=False)
    numbers = {
        group: number for number, group in enumerate({sentence.group: 0 for sentence in trained})
    }
    documents = [(numbers[sentence.group], sentence.text) for sentence in trained]
    samples = validation.CodedRows(
        features.read(texts).rows,
        np.array([sentence.sign + 1 for sentence in trained]),
        np.array(find_groups(documents)),
        np.arange(len(trained)),
        class_count=len(SIGNS),
        is_ordered=False,
    )
    return samples, features


def predict_by_sklearn(samples: validation.CodedRows, test_rows: SparseRows) -> np.ndarray:
    """Return the classes by a logistic regression with the decay of the least loss."""
    trained, tested = _as_csr(samples.rows), _as_csr(test_rows)
    losses = {}
    for decay in validation.WEIGHT_DECAYS:
        model = LogisticRegression(C=1 / decay, max_iter=1000)
        folds = GroupKFold(min(10, len(np.unique(samples.groups))))
        predicted = cross_val_predict(
            model,
            trained,
            samples.classes,
            groups=samples.groups,
            cv=folds,
            method="predict_proba",
        )
        assigned = predicted[np.arange(len(samples)), samples.classes]
        losses[decay] = -np.log(np.maximum(assigned, 1e-12)).mean()

    best = min(losses, key=losses.__getitem__)
    model = LogisticRegression(C=1 / best, max_iter=1000).fit(trained, samples.classes)
    return np.asarray(model.predict(tested))


def _as_csr(rows: SparseRows) -> csr_matrix:
    return csr_matrix((rows.values, rows.columns, rows.starts), rows.shape)


def measure_speed(
    classifier: Classifier,
    features: TextFeatures,
    tested: Sequence[RatedSentence],
    temperature: float,
) -> float:
    """Return how many texts a second of one processor are coded."""
    known = np.empty((0, len(SIGNS)))
    output = Output(OutputKey("tone"), SIGNS, classifier, temperature, known)
    network = CodeNetwork(TONE, features, [output], [], {})
    texts = [CodedText(sentence.text) for sentence in tested]
    list(network.code(texts[:100]))
    begun = time.process_time()
    list(network.code(texts))
    return len(texts) / (time.process_time() - begun)


class RatedArchive:
    """The sentences of a file as documents of four months; signs are people's codes."""

    def __init__(self, file_name: str, sentences: Sequence[RatedSentence]) -> None:
        self.texts = [CodedText(sentence.text) for sentence in sentences]
        self.signs = np.array([SIGNS[sentence.sign + 1] for sentence in sentences])
        places = range(len(sentences))
        self.months = np.array([MONTHS[place * len(MONTHS) // len(sentences)] for place in places])
        self._forms = [read_form(text.text) for text in self.texts]
        self._has_keyword = np.array([KEYWORDS[file_name] in form for form in self._forms])

    def make_cells(self, seed: int) -> list[Cell]:
        """Return the strata of a sample, as the sampler of a run of months makes them."""
        salt = hash_parts(f"{seed}", TONE.hash.hex())
        units = CodableUnits()
        for place, form in enumerate(self._forms):
            units.add(place, str(self.months[place]), make_random_number(salt, form))
            units.add_words(form)

        return split_documents(units, {"": self._has_keyword}, SamplePeriod.MONTH)

    def train(self, places: Sequence[int]) -> CodeNetwork:
        """Return the network that learns from the codes of the texts at *places*."""
        groups = find_groups([(place, self.texts[place].text) for place in places])
        samples = []
        for place, group in zip(places, groups, strict=True):
            unit = UnitKey(place, "", 0)
            codes = {"tone": str(self.signs[place])}
            samples.append(CodeSample(unit, f"{place}", self.texts[place], codes, group))

        task = CodesTask(TONE, CodeSamples(samples, disagreements=0), None)
        # The learning curve is left out: it changes no weights.
        task.blocks = [block for block in task.blocks if block.size == ALL]
        for _ in task.work():
            pass

        return read_network(task.finish().weights)


@dataclass
class Draws:
    """What intervals did in all draws."""

    covered: list[bool] = field(default_factory=list)
    half_widths: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    def add(self, strata: Sequence[CodedStratum], truth: float, *, use_machine: bool) -> None:
        """Estimate a share and compare it with the truth."""
        estimate = estimate_share(strata, use_machine=use_machine)
        assert estimate is not None
        self.covered.append(estimate.low <= truth <= estimate.high)
        self.half_widths.append(estimate.half_width)
        self.errors.append(estimate.value - truth)


def measure_intervals(
    files: dict[str, list[RatedSentence]], sizes: Sequence[int], draws: int
) -> None:
    """Print how often the intervals of shares cover, by file, number of codes and coder."""
    for (file_name, sentences), size in product(files.items(), sizes):
        archive = RatedArchive(file_name, sentences[:ARCHIVE])
        outcomes: defaultdict[tuple[bool, str, str], Draws] = defaultdict(Draws)
        accuracies = []
        for seed in range(draws):
            accuracies.append(draw_estimates(archive, size, seed, outcomes))

        accuracy = f"network {np.mean(accuracies):.2f}"
        for is_month, use_machine in product((False, True), repeat=2):
            groups = {
                sign: outcome
                for (of_month, coder, sign), outcome in outcomes.items()
                if of_month == is_month and (coder == "network") == use_machine
            }
            label = f"{file_name}, {size} codes, {'month' if is_month else 'all'}"
            print_intervals(f"{label}, {accuracy if use_machine else 'people'}", groups)


def draw_estimates(
    archive: RatedArchive,
    size: int,
    seed: int,
    outcomes: defaultdict[tuple[bool, str, str], Draws],
) -> float:
    """Add the estimates of a sample to *outcomes*; return how accurate the network is."""
    cells = archive.make_cells(seed)
    drawn = draw(cells, size)
    places = [int(cells[text.cell].frames[text.part].places[text.rank]) for text in drawn]
    network = archive.train(places)
    answers = [codes["tone"].code for codes in network.code(archive.texts)]
    machine_codes = np.array(answers)

    for period, sign in product(("", *MONTHS), SIGNS):
        in_period = archive.months == period if period else np.ones(len(archive.months), bool)
        truth = float((archive.signs[in_period] == sign).mean())
        strata: list[CodedStratum] = []
        for cell_number, cell in enumerate(cells):
            if period in ("", cell.period):
                for part, frame in cell.frames.items():
                    units = [
                        DrawnUnit(
                            float(archive.signs[place] == sign),
                            copies=int(frame.copies[text.rank]),
                            part=1.0,
                            machine=float(machine_codes[place] == sign),
                        )
                        for text, place in zip(drawn, places, strict=True)
                        if (text.cell, text.part) == (cell_number, part)
                    ]
                    counts = Counter(machine_codes[frame.members].tolist())
                    stratum = Stratum(
                        number=cell_number,
                        period=cell.period,
                        keyword="",
                        part=SamplePart(part),
                        population=frame.population,
                        texts=len(frame.places),
                        drawn=len(units),
                    )
                    strata += make_coded_strata(stratum, units, frame.population, counts, sign)

        for use_machine in (False, True):
            coder = "network" if use_machine else "people"
            outcomes[bool(period), coder, sign].add(strata, truth, use_machine=use_machine)

    return float((machine_codes == archive.signs).mean())


def print_intervals(label: str, outcomes: dict[str, Draws]) -> None:
    percents = [100 * float(np.mean(outcome.covered)) for outcome in outcomes.values()]
    half_width = 100 * float(np.mean([np.mean(draws.half_widths) for draws in outcomes.values()]))
    errors = [f"{100 * float(np.mean(draws.errors)):+.2f}" for draws in outcomes.values()]
    note = f"half-width {half_width:.2f} points; off by {', '.join(errors)} in the mean"
    harness.print_figure(label, percents, "%", floor=94.0, floor_name="least wanted", note=note)


def _figures(actual: np.ndarray, predicted: np.ndarray) -> str:
    confusions = validation.count_confusions(actual, predicted, len(SIGNS))
    accuracy = float(validation.measure_accuracy(confusions))
    return f"{accuracy:.3f} {float(validation.measure_macro_f1(confusions)):.3f}"


def _hash(sentence: RatedSentence, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {sentence.text}".encode()).digest()


if __name__ == "__main__":
    main()
