"""A polarity training: from the folder of rated sentences to the weights of the engine `news`."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import BadInput
from networks.baselines import rmse
from networks.data import Data, Samples, Scaling
from networks.feedforward import FeedForward
from networks.functions import Array
from networks.presets import Options, build_network
from networks.results import PredictedValue, Results
from networks.storage import pack
from networks.training import predict, train
from textapi.engine.news import VERSION, NewsModel, read_model
from textapi.text.sentences import sentences
from tools.news_engine import wordnet
from tools.news_engine.evaluation import (
    LARGEST_DIFFERENCE,
    NameDifference,
    compare_names,
    correlate_ranks,
    find_neutral_band,
)
from tools.news_engine.features import (
    TERM_VALUE,
    build_features,
    make_rows,
    scale_aggregates,
    view_aggregates,
)
from tools.news_engine.packing import pack_model
from tools.news_engine.ratings import NEWS, RatedSentence, Split, read_ratings

NO_WORDNET = (
    f"WordNet is not in {wordnet.FOLDER} (Debian's package wordnet-base): the network was trained "
    "without it, and words that VADER's lexicon lacks have no valence."
)


# The engine computes tanh, and has one hidden layer.
OPTIONS = Options(
    kind="polarity",
    preset="standard",
    hidden=(16,),
    activation="tanh",
    loss="quadratic",
    initialiser="glorot",
    optimizer="adam",
    schedule="cosine",
    learning_rate=5e-4,
    weight_decay=0.95,
    batch_size=64,
    epochs=12,
    precision=32,
)


@dataclass(frozen=True)
class Report:
    """The outcome of a finished training."""

    weights: bytes
    results: Results
    remarks: list[str]


def train_engine(folder: Path, overrides: Mapping[str, Any]) -> Report:
    """Train the engine on the rated sentences of a folder, by `OPTIONS` and *overrides* of them.

    Raises as `PolarityTask`.
    """
    options = replace(OPTIONS, **overrides)
    task = PolarityTask(folder, options)
    generator = np.random.default_rng(options.seed)
    network = build_network(options, task.data.input_size, task.data.output_size, generator)
    assert isinstance(network, FeedForward)  # noqa: S101 - by the kind of the options
    train(network, task.data, options, generator=generator)
    report = task.finish(network)
    return replace(report, remarks=[*task.remarks, *report.remarks])


class PolarityTask:
    """The samples of a training, and the evaluation of its network.

    Raises `BadInput` if the folder has no rated sentences for a split, or VADER's lexicon is
    missing.
    """

    def __init__(self, folder: Path, options: Options) -> None:
        self._splits: defaultdict[Split, list[RatedSentence]] = defaultdict(list)
        for sentence in read_ratings(folder):
            self._splits[sentence.split].append(sentence)

        for split in ("train", "validation", "test"):
            if not self._splits[split]:
                raise BadInput(f"{folder} holds too few sentences: none is left for {split}")

        net = wordnet.read_wordnet(wordnet.FOLDER) if wordnet.is_installed(wordnet.FOLDER) else None
        self.remarks = [] if net else [NO_WORDNET]
        texts = [sentence.text for sentence in self._splits["train"]]
        self._features = build_features(texts, load_lexicon(), net)

        input_rows = make_rows(self._features, texts)
        aggregates = view_aggregates(self._features, input_rows)
        self._means = aggregates.mean(axis=0)
        deviations = aggregates.std(axis=0)
        self._deviations = np.where(deviations > 0, deviations, 1.0).astype(np.float32)
        self.data = Data(
            self._make_samples("train", options),
            self._make_samples("validation", options),
            None,
            Scaling(),
        )

    def _make_samples(self, split: Split, options: Options) -> Samples:
        rated = self._splits[split]
        input_rows = make_rows(self._features, (sentence.text for sentence in rated))
        scale_aggregates(self._features, input_rows, self._means, self._deviations)
        input_rows.values = input_rows.values.astype(options.dtype)
        ratings = np.array([sentence.rating for sentence in rated], options.dtype)
        return Samples(input_rows, ratings[:, None], np.arange(len(rated)))

    def finish(self, network: FeedForward) -> Report:
        """Return the weights of the engine, its predictions for the test split, and remarks."""
        # The band is that of the finished weights, which hold it.
        band = self._find_neutral_band(read_model(self._pack(network, (0.0, 0.0))))
        weights = self._pack(network, band)
        model = read_model(weights)
        predictions = []
        for sentence in self._splits["test"]:
            predicted = score_text(model, sentence.text)
            predictions.append(
                PredictedValue(sentence.dataset, sentence.index, sentence.rating, predicted)
            )

        results = Results(
            train_rmse=rmse(self.data.train.y, predict(network, self.data.train)),
            validation_rmse=rmse(self.data.validation.y, predict(network, self.data.validation)),
            accuracy=None,
            baselines=None,
            predictions=predictions,
        )
        digest = hashlib.sha256(weights).hexdigest()
        remarks = [
            *describe_correlations(predictions),
            f"A polarity from {band[0]:+.2f} to {band[1]:+.2f} is neutral.",
            *map(describe_names, compare_names(model.score, find_deviation(predictions))),
            f"The weights take {len(weights):,} bytes; their SHA-256 is {digest}.",
        ]
        return Report(weights, results, remarks)

    def _find_neutral_band(self, model: NewsModel) -> tuple[float, float]:
        """Return the neutral band of *model* by the sets of news, which did not train it."""
        rated_sets: defaultdict[str, tuple[list[float], list[int]]] = defaultdict(lambda: ([], []))
        rated = self._splits["validation"]
        news = [sentence for sentence in rated if sentence.dataset in NEWS]
        for sentence in news or rated:
            polarities, signs = rated_sets[sentence.dataset]
            polarities.append(score_text(model, sentence.text))
            signs.append(sentence.sign)

        return find_neutral_band(rated_sets.values())

    def _pack(self, network: FeedForward, band: tuple[float, float]) -> bytes:
        """Return the weights in the format of the engine; weights of terms are whole numbers."""
        terms = len(self._features.terms)
        # Its shape is (terms and aggregates, hidden).
        hidden = network.weights[0].T.astype(np.float64)
        scales = np.abs(hidden[:terms]).max(axis=0, initial=1e-12) / 127
        aggregate_weights = hidden[terms:] / self._deviations[:, None]
        arrays: dict[str, Array] = {
            "weights": np.rint(hidden[:terms] / scales).astype(np.int8),
            "scales": scales * TERM_VALUE,
            "aggregate_weights": aggregate_weights.astype(np.float32),
            "biases": network.biases[0] - self._means @ aggregate_weights,
            "output": network.weights[1][0].astype(np.float64),
            "neutral_band": np.array(band),
        }
        return pack({"news": VERSION}, pack_model(self._features, arrays))


def score_text(model: NewsModel, text: str) -> float:
    """Return the mean polarity of the sentences of *text*, 0 if there is none."""
    scores = list(map(model.score, sentences(text)))
    return math.fsum(scores) / len(scores) if scores else 0.0


def load_lexicon() -> dict[str, float]:
    """Return VADER's lexicon. Raises `BadInput` if the package is not installed."""
    try:
        from vaderSentiment.vaderSentiment import (  # noqa: PLC0415 - an extra
            SentimentIntensityAnalyzer,
        )
    except ImportError:
        raise BadInput(
            "a polarity training reads VADER's lexicon, which is not installed: "
            "pip install 'tidings[server]'"
        ) from None

    lexicon: dict[str, float] = SentimentIntensityAnalyzer().lexicon
    return lexicon


def describe_correlations(predictions: Sequence[PredictedValue]) -> list[str]:
    """Return a sentence for each data set: the rank correlation on its test split."""
    dataset_predictions: defaultdict[str, list[PredictedValue]] = defaultdict(list)
    for prediction in predictions:
        dataset_predictions[prediction.split].append(prediction)

    remarks = []
    for dataset, tested in dataset_predictions.items():
        actual = [prediction.actual for prediction in tested]
        predicted = [prediction.predicted for prediction in tested]
        correlation = correlate_ranks(actual, predicted)
        remarks.append(
            f"{dataset}: Spearman's correlation with people is {correlation:.3f} on "
            f"{len(tested):,} sentences held out."
        )

    return remarks


def find_deviation(predictions: Sequence[PredictedValue]) -> float:
    """Return the standard deviation of the predictions."""
    return float(np.std([prediction.predicted for prediction in predictions])) or 1.0


def describe_names(largest: NameDifference) -> str:
    """Return a sentence on how much names of one kind change a neutral sentence."""
    verdict = "at most" if largest.difference <= LARGEST_DIFFERENCE else "MORE THAN"
    detail = ""
    if largest.difference > 0:
        detail = f": “{largest.sentence}” with {largest.lowest} and with {largest.highest}"

    return (
        f"Names of {largest.kind} change a neutral sentence by {largest.difference:.3f} standard "
        f"deviations ({verdict} {LARGEST_DIFFERENCE:g}){detail}."
    )
