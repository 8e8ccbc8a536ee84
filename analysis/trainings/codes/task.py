"""A training of a network that codes texts: from people's codes to weights and an evaluation.

It goes on in blocks, each the cross-validation of one output on so many texts, so that a job can
stop between them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from analysis.codebooks.codebook import Codebook, VariableType
from analysis.codebooks.network import (
    VERSION,
    CodeNetwork,
    Output,
    OutputKey,
    code_of_output,
    list_outputs,
    possible_codes,
)
from analysis.codebooks.network_features import TextFeatures, reads_valences
from analysis.codebooks.units import hash_parts
from analysis.trainings.codes import validation
from analysis.trainings.codes.samples import CodeSample, CodeSamples
from core.errors import BadInput
from core.quantities import quantity
from networks.classifier import Numbers, first_classifier, measure_loss
from networks.storage import pack, unpack

# Fewer coded texts tell nothing of a network.
FEWEST_CODES = 40

# The learning curve has these numbers of texts, as far as there are so many, and all of them.
SIZES = (50, 100, 200, 400, 800, 1_600, 3_200)

# So many words are shown that speak most for a code.
WORDS_SHOWN = 10

# The size of a block on all texts.
ALL = 0


@dataclass(frozen=True)
class Block:
    """The cross-validation of an output on *size* texts, or on `ALL`."""

    output: int
    size: int


@dataclass(frozen=True)
class OutputSamples:
    """The samples of an output: their places among all, and the codes that are their classes."""

    key: OutputKey
    places: list[int]
    codes: tuple[str, ...]
    samples: validation.CodedRows


@dataclass(frozen=True)
class CodesReport:
    """The outcome of a finished training; *predictions* are (output, sample, actual, predicted)."""

    weights: bytes
    accuracy: float
    remarks: list[str]
    predictions: list[tuple[str, int, float, float]]


class CodesTask:
    """The training of a network on *samples*; *checkpoint* holds what was done before.

    Raises `BadInput` if no variable has enough coded texts with different codes.
    """

    def __init__(self, codebook: Codebook, samples: CodeSamples, checkpoint: bytes | None) -> None:
        self._codebook, self._samples = codebook, samples.samples
        self._remarks = _describe_samples(samples)
        if len(self._samples) < FEWEST_CODES:
            raise BadInput(
                f"people coded {quantity(len(self._samples), 'text')} by {codebook.name}: a "
                f"network needs {FEWEST_CODES} at least, and 200 or more are better"
            )

        texts = [sample.text for sample in self._samples]
        keywords = {text.keyword for text in texts}
        self._features = TextFeatures.choose(
            texts,
            has_valences=reads_valences(codebook.language),
            by_keyword=codebook.asks_of_keyword and len(keywords) > 1,
        )
        self._rows, self._hashes = self._features.read(texts)
        order = sorted(range(len(texts)), key=lambda place: _random_number(self._samples[place]))
        self._order = {place: number for number, place in enumerate(order)}
        self._outputs = [self._make_output(key) for key in list_outputs(codebook)]
        if not any(map(can_be_learned, self._outputs)):
            raise BadInput(
                f"no variable of {codebook.name} has two different codes on {FEWEST_CODES} texts "
                "on which coders agree: code more texts, or decide where coders differ"
            )

        self._fingerprint = _fingerprint(codebook, self._samples, self._features)
        self._done = self._read_checkpoint(checkpoint)
        self.blocks = list(self._list_blocks())

    @property
    def blocks_done(self) -> int:
        """The number of blocks that are done."""
        return len(self._done)

    def _make_output(self, key: OutputKey) -> OutputSamples:
        places = [
            place for place, sample in enumerate(self._samples) if key.variable in sample.codes
        ]
        given = [code_of_output(key, self._samples[place].codes[key.variable]) for place in places]
        codes = tuple(code for code in possible_codes(self._codebook, key) if code in given)
        classes = [codes.index(code) for code in given]
        groups = [self._samples[place].group for place in places]
        by_order = sorted(range(len(places)), key=lambda number: self._order[places[number]])
        is_scale = self._codebook.variable(key.variable).type == VariableType.SCALE
        samples = validation.CodedRows(
            self._rows.select(np.array(places, np.int64)),
            np.array(classes, np.int64),
            np.array(groups, np.int64),
            np.array(by_order, np.int64),
            max(len(codes), 1),
            is_ordered=is_scale and len(codes) > 1,
        )
        return OutputSamples(key, places, codes, samples)

    def _list_blocks(self) -> Iterator[Block]:
        for number, output in enumerate(self._outputs):
            if not can_be_learned(output):
                continue

            trained = _count_trained(len(output.places))
            for size in (*(size for size in SIZES if size < trained), ALL):
                yield Block(number, size)

    def work(self) -> Iterator[bytes]:
        """Do the blocks that are not done; yield a checkpoint after each."""
        for block in self.blocks[self.blocks_done :]:
            output = self._outputs[block.output]
            result = validation.cross_validate(output.samples, block.size or None)
            self._done.append(result)
            yield self._dump_checkpoint()

    def _dump_checkpoint(self) -> bytes:
        chosen = [[result.weight_decay, result.temperature] for result in self._done]
        arrays = {f"{number}": result.probabilities for number, result in enumerate(self._done)}
        return pack({"fingerprint": self._fingerprint, "chosen": chosen}, arrays)

    def _read_checkpoint(self, checkpoint: bytes | None) -> list[validation.Validation]:
        """Return what was done; nothing if people have coded since, or texts were erased."""
        if checkpoint is None:
            return []

        meta, arrays = unpack(checkpoint)
        if meta["fingerprint"] != self._fingerprint:
            return []

        return [
            validation.Validation(arrays[f"{number}"], *chosen)
            for number, chosen in enumerate(meta["chosen"])
        ]

    def finish(self) -> CodesReport:
        """Return the network that is trained on all samples, and what was found out about it."""
        results: dict[int, dict[int, validation.Validation]] = {}
        for block, result in zip(self.blocks, self._done, strict=True):
            results.setdefault(block.output, {})[block.size] = result

        hashes = sorted(set(self._hashes))
        outputs, evaluations, predictions = [], [], []
        for number, output in enumerate(self._outputs):
            trained, evaluation = self._train(output, results.get(number), hashes)
            outputs.append(trained)
            evaluations.append(evaluation)
            if number in results:
                predicted = results[number][ALL].probabilities.argmax(axis=1).tolist()
                classes = output.samples.classes.tolist()
                for place, actual, answer in zip(output.places, classes, predicted, strict=True):
                    predictions.append((str(output.key), place, float(actual), float(answer)))

        network = CodeNetwork(
            self._codebook, self._features, outputs, hashes, {"outputs": evaluations}
        )
        weights = network.pack()
        measured = [evaluation for evaluation in evaluations if evaluation["accuracy"]]
        remarks = [*self._remarks, *map(describe_output, evaluations)]
        digest = hashlib.sha256(weights).hexdigest()
        remarks.append(f"The weights take {len(weights):,} bytes; their SHA-256 is {digest}.")
        accuracy = measured[0]["accuracy"]["value"]
        return CodesReport(weights, accuracy, remarks, predictions)

    def _train(
        self,
        output: OutputSamples,
        results: dict[int, validation.Validation] | None,
        hashes: Sequence[int],
    ) -> tuple[Output, dict[str, Any]]:
        samples = output.samples
        evaluation: dict[str, Any] = {
            "name": str(output.key),
            "codes": list(output.codes),
            "texts": len(output.places),
            "accuracy": None,
        }
        places = np.arange(len(samples))
        known = np.full((len(hashes), samples.class_count), np.nan)
        codes = output.codes or possible_codes(self._codebook, output.key)[-1:]
        if results is None:
            classifier = first_classifier(
                self._rows.shape[1], samples.classes, samples.class_count, is_ordered=False
            )
            return Output(output.key, codes, classifier, 1.0, known), evaluation

        whole = results[ALL]
        classifier = validation.fit(samples, places, whole.weight_decay)
        place_of_hash = {text_hash: place for place, text_hash in enumerate(hashes)}
        for place, probabilities in zip(output.places, whole.probabilities, strict=True):
            known[place_of_hash[self._hashes[place]]] = probabilities

        evaluation |= evaluate(samples, results)
        evaluation["words"] = self._find_words(classifier.weights, output.codes)
        return Output(output.key, codes, classifier, whole.temperature, known), evaluation

    def _find_words(self, weights: Numbers, codes: Sequence[str]) -> dict[str, list[str]]:
        """Return the terms that speak most for each code, for both ends of a scale."""
        terms = self._features.terms
        weights = weights[: len(terms)]
        if weights.shape[1] == 1:
            weights, codes = np.concatenate((-weights, weights), axis=1), (codes[0], codes[-1])

        centred = weights - weights.mean(axis=1, keepdims=True)
        words = {}
        for column, code in enumerate(codes):
            strongest = np.argsort(-centred[:, column], kind="stable")[:WORDS_SHOWN]
            words[code] = [terms[place] for place in strongest if centred[place, column] > 0]

        return words


def can_be_learned(output: OutputSamples) -> bool:
    """Return whether enough texts are coded, and not all with one code."""
    return len(output.places) >= FEWEST_CODES and len(output.codes) > 1


def evaluate(
    samples: validation.CodedRows, results: dict[int, validation.Validation]
) -> dict[str, Any]:
    """Return the figures of an output as plain values."""
    whole = results[ALL]
    predicted = np.argmax(whole.probabilities, axis=1)
    accuracy, macro_f1 = validation.measure_figures(samples, predicted)
    majority = np.full(len(samples), np.argmax(np.bincount(samples.classes)))
    majority_accuracy, majority_f1 = validation.measure_figures(samples, majority)

    curve = []
    for size, result in sorted(results.items(), key=lambda entry: entry[0] or len(samples)):
        curve_accuracy, curve_f1 = validation.measure_figures(
            samples, result.probabilities.argmax(axis=1)
        )
        curve.append(
            {
                "texts": size or _count_trained(len(samples)),
                "accuracy": asdict(curve_accuracy),
                "macro_f1": asdict(curve_f1),
            }
        )

    confusions = validation.count_confusions(samples.classes, predicted, samples.class_count)
    return {
        "accuracy": asdict(accuracy),
        "macro_f1": asdict(macro_f1),
        "majority_accuracy": asdict(majority_accuracy),
        "majority_macro_f1": asdict(majority_f1),
        "loss": measure_loss(whole.probabilities, samples.classes),
        "weight_decay": whole.weight_decay,
        "temperature": whole.temperature,
        "calibration": asdict(validation.measure_calibration(whole.probabilities, samples.classes)),
        "curve": curve,
        "confusions": confusions.tolist(),
    }


def _count_trained(samples: int) -> int:
    """Return how many samples train a classifier of the cross-validation by all others."""
    parts = validation.count_parts(samples)
    return samples * (parts - 1) // parts


def describe_output(evaluation: dict[str, Any]) -> str:
    """Return a sentence on how well the network answers a variable."""
    name, texts = evaluation["name"], quantity(evaluation["texts"], "coded text")
    if evaluation["accuracy"] is None:
        return (
            f"{name}: {texts}, too few or all with one code. The network gives the most frequent "
            "code, whatever it reads."
        )

    accuracy, macro_f1 = evaluation["accuracy"], evaluation["macro_f1"]
    majority = evaluation["majority_accuracy"]["value"]
    calibration = evaluation["calibration"]
    verdict = "above" if accuracy["low"] > majority else "not clearly above"
    return (
        f"{name}: on {texts} that it had not read, the network gave the code of people to "
        f"{_percent(accuracy)} ({verdict} the {100 * majority:.0f} % of the most frequent code); "
        f"macro-F1 is {macro_f1['value']:.2f} ({macro_f1['low']:.2f} to {macro_f1['high']:.2f}). "
        f"Its probabilities are off by {100 * calibration['error']:.0f} points on average, where "
        f"chance alone makes {100 * calibration['error_by_chance']:.0f}."
    )


def _percent(figure: dict[str, float]) -> str:
    value, low, high = (100 * figure[bound] for bound in ("value", "low", "high"))
    return f"{value:.0f} % ({low:.0f} to {high:.0f} %)"


def _describe_samples(samples: CodeSamples) -> list[str]:
    groups = len({sample.group for sample in samples.samples})
    texts = quantity(len(samples.samples), "text")
    remark = (
        f"{texts} that people coded, in {groups:,} groups: units of one document and repeats of "
        "one text are never on both sides of the cross-validation."
    )
    remarks = [remark]
    if samples.disagreements:
        remarks.append(
            f"{quantity(samples.disagreements, 'code')} on which coders are divided evenly were "
            "left out."
        )

    return remarks


def _random_number(sample: CodeSample) -> bytes:
    """Return the permanent random number of a sample."""
    return hash_parts(sample.document, sample.text.keyword, f"{sample.unit.position}")


def _fingerprint(codebook: Codebook, samples: Sequence[CodeSample], features: TextFeatures) -> str:
    """Return a hash of all on which the weights depend."""
    digest = hashlib.sha256(f"{VERSION} {codebook.hash.hex()} {features.width}".encode())
    for sample in samples:
        content = [sample.document, sample.unit.keyword, sample.unit.position, sample.text.text]
        # Codes come in no order that every read repeats.
        codes = sorted(sample.codes.items())
        digest.update(json.dumps([*content, sample.group, codes]).encode())

    return digest.hexdigest()
