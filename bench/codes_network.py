"""The network that codes texts, on rated sentences: beside the majority, and scikit-learn.

Type ``python bench/codes_network.py DIR``, with the folder of rated sentences that a polarity
training reads. Signs (negative, neutral, positive) stand in for people's codes: so many of a file
train, others of it test. scikit-learn's logistic regression, which the extra `digits` installs,
reads the same features, with the weight decay that its own cross-validation finds.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.coded_text import CodedText
from analysis.codebooks.network import CodeNetwork, Output, OutputKey, temper
from analysis.codebooks.network_features import TextFeatures
from analysis.trainings.codes import validation
from analysis.trainings.codes.samples import find_groups
from analysis.trainings.polarity.ratings import RatedSentence, read_ratings
from networks.classifier import Classifier
from networks.sparse import SparseRows

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


def main() -> None:
    """Print a row for each file, number of codes and seed, and the speed of coding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()

    files: defaultdict[str, list[RatedSentence]] = defaultdict(list)
    for sentence in read_ratings(options.folder):
        files[sentence.dataset].append(sentence)
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
    majority = np.full(len(actual), np.bincount(samples.classes).argmax())
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


def make_samples(trained: Sequence[RatedSentence]) -> tuple[validation.Samples, TextFeatures]:
    """Return the samples of *trained* and the features that are chosen for them."""
    texts = [CodedText(sentence.text) for sentence in trained]
    features = TextFeatures.choose(texts, has_valences=True, by_keyword=False)
    numbers = {
        group: number for number, group in enumerate({sentence.group: 0 for sentence in trained})
    }
    documents = [(numbers[sentence.group], sentence.text) for sentence in trained]
    samples = validation.Samples(
        features.read(texts).rows,
        np.array([sentence.sign + 1 for sentence in trained]),
        np.array(find_groups(documents)),
        np.arange(len(trained)),
        class_count=len(SIGNS),
        is_ordered=False,
    )
    return samples, features


def predict_by_sklearn(samples: validation.Samples, test_rows: SparseRows) -> np.ndarray:
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


def _figures(actual: np.ndarray, predicted: np.ndarray) -> str:
    confusions = validation.count_confusions(actual, predicted, len(SIGNS))
    accuracy = float(validation.measure_accuracy(confusions))
    return f"{accuracy:.3f} {float(validation.measure_macro_f1(confusions)):.3f}"


def _hash(sentence: RatedSentence, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {sentence.text}".encode()).digest()


if __name__ == "__main__":
    main()
