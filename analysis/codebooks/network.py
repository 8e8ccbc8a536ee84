"""The network that codes texts by a codebook, as people have coded others: a coder without cost.

A classifier answers each variable (each category, where several may apply). Its probabilities are
calibrated. Texts that trained it get the codes of networks that did not read them, from the
cross-validation, so that its errors on them are those on any other text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from analysis.codebooks.codebook import (
    NO,
    NONE_APPLIES,
    SEPARATOR,
    YES,
    Codebook,
    VariableType,
)
from analysis.codebooks.coded_text import CodedText
from analysis.codebooks.network_features import TextFeatures, weights_of_news
from core.errors import BadInput
from models.codes import CodeValue
from networks.classifier import Classifier, Numbers
from networks.errors import NetworkError
from networks.storage import pack, unpack

VERSION = 1

# So many texts are coded at once.
BATCH = 2_000

# A probability has this many decimals, which every processor computes alike.
DECIMALS = 4


class OutputKey(NamedTuple):
    """What a classifier answers: a variable, or whether a category of it applies."""

    variable: str
    category: str | None = None

    def __str__(self) -> str:
        return self.variable if self.category is None else f"{self.variable}: {self.category}"


@dataclass(frozen=True)
class Output:
    """A classifier of a network: its *codes* are those that people gave, in the codebook's order.

    *known* are the probabilities of the texts that trained it, by the number of the text's hash,
    from classifiers that did not read them; NaN where a text has no code.
    """

    key: OutputKey
    codes: tuple[str, ...]
    classifier: Classifier
    temperature: float
    known: Numbers


def list_outputs(codebook: Codebook) -> list[OutputKey]:
    """Return what classifiers answer, in the order of the variables."""
    keys: list[OutputKey] = []
    for variable in codebook.variables:
        if variable.type == VariableType.CATEGORIES:
            keys += [OutputKey(variable.name, category) for category in variable.codes]
        else:
            keys.append(OutputKey(variable.name))

    return keys


def possible_codes(codebook: Codebook, key: OutputKey) -> tuple[str, ...]:
    """Return the codes that may answer *key*, in the codebook's order."""
    return (NO, YES) if key.category is not None else codebook.variable(key.variable).codes


def code_of_output(key: OutputKey, code: str) -> str:
    """Return the code of an output in the *code* of its variable."""
    if key.category is None:
        return code
    return YES if key.category in code.split(SEPARATOR) else NO


def temper(probabilities: Numbers, temperature: float) -> Numbers:
    """Return *probabilities* less certain, at a *temperature* above 1, or more.

    C. Guo and others, "On Calibration of Modern Neural Networks", ICML 2017.
    """
    tempered: Numbers = np.maximum(probabilities, 1e-12) ** (1 / temperature)
    tempered /= tempered.sum(axis=1, keepdims=True)
    return tempered


class CodeNetwork:
    """The classifiers of a codebook and the features that they read.

    *hashes* are those of the texts that trained it, sorted. *evaluation* is what the training found
    out about it.
    """

    def __init__(
        self,
        codebook: Codebook,
        features: TextFeatures,
        outputs: Sequence[Output],
        hashes: Sequence[int],
        evaluation: Mapping[str, Any],
    ) -> None:
        self.codebook, self.features, self.outputs = codebook, features, tuple(outputs)
        self.hashes, self.evaluation = tuple(hashes), evaluation
        self._places = {text_hash: place for place, text_hash in enumerate(self.hashes)}
        matrices = [output.classifier.weights for output in self.outputs]
        self._weights = np.concatenate(matrices, axis=1)
        self._ends = np.cumsum([matrix.shape[1] for matrix in matrices]).tolist()

    def code(self, texts: Sequence[CodedText]) -> Iterator[dict[str, CodeValue]]:
        """Yield the codes of each text, by variable."""
        remaining = iter(texts)
        while batch := list(islice(remaining, BATCH)):
            yield from self._code_batch(batch)

    def _code_batch(self, texts: Sequence[CodedText]) -> Iterator[dict[str, CodeValue]]:
        rows, hashes = self.features.read(texts)
        scores = rows.multiply(self._weights)
        places = [self._places.get(text_hash, -1) for text_hash in hashes]
        is_known = np.array(places) >= 0
        known_places = np.array(places)[is_known]

        answers: dict[OutputKey, tuple[list[str], list[float]]] = {}
        start = 0
        for output, end in zip(self.outputs, self._ends, strict=True):
            probabilities = temper(
                output.classifier.classify(scores[:, start:end]), output.temperature
            )
            known = probabilities[is_known]
            trained = output.known[known_places]
            probabilities[is_known] = np.where(np.isnan(trained), known, trained)
            rounded = np.round(probabilities, DECIMALS)
            best = rounded.argmax(axis=1)
            codes = [output.codes[index] for index in best.tolist()]
            answers[output.key] = codes, rounded[np.arange(len(texts)), best].tolist()
            start = end

        for number in range(len(texts)):
            yield self._combine(answers, number)

    def _combine(
        self, answers: Mapping[OutputKey, tuple[list[str], list[float]]], number: int
    ) -> dict[str, CodeValue]:
        """Return the codes of the text of that *number*, of the variables that are asked of it."""
        values: dict[str, CodeValue] = {}
        codes: dict[str, str | None] = {}
        for variable in self.codebook.variables:
            if not variable.is_asked(codes):
                continue
            if variable.type == VariableType.CATEGORIES:
                code, probability = self._join_categories(variable.name, answers, number)
            else:
                answer_codes, probabilities = answers[OutputKey(variable.name)]
                code, probability = answer_codes[number], probabilities[number]

            codes[variable.name] = code
            values[variable.name] = CodeValue(code, probability=probability)

        return values

    def _join_categories(
        self,
        variable: str,
        answers: Mapping[OutputKey, tuple[list[str], list[float]]],
        number: int,
    ) -> tuple[str, float]:
        """Return the categories that apply; their probabilities are taken to be independent."""
        categories: list[str] = []
        probability = 1.0
        for key, (codes, probabilities) in answers.items():
            if key.variable == variable:
                probability *= probabilities[number]
                if codes[number] == YES and key.category is not None:
                    categories.append(key.category)

        return SEPARATOR.join(categories) or NONE_APPLIES, round(probability, DECIMALS)

    def pack(self) -> bytes:
        """Return the network as the bytes of an ``.npz`` file."""
        described_outputs = []
        arrays: dict[str, Any] = {
            "hashes": np.array(self.hashes, np.uint64),
            "terms": np.frombuffer("\n".join(self.features.terms).encode(), np.uint8),
        }
        for number, output in enumerate(self.outputs):
            arrays[f"weights {number}"] = output.classifier.weights
            arrays[f"biases {number}"] = output.classifier.biases
            arrays[f"known {number}"] = output.known
            described_outputs.append(
                {
                    "key": list(output.key),
                    "codes": list(output.codes),
                    "is_ordered": output.classifier.is_ordered,
                    "temperature": output.temperature,
                }
            )

        meta = {
            "codes": VERSION,
            "codebook": self.codebook.model_dump(mode="json", by_alias=True),
            "has_valences": self.features.has_valences,
            "by_keyword": self.features.by_keyword,
            "news": weights_of_news() if self.features.has_valences else None,
            "outputs": described_outputs,
            "evaluation": self.evaluation,
        }
        return pack(meta, arrays)


def read_network(stored: bytes) -> CodeNetwork:
    """Return the network that `CodeNetwork.pack` packed. Raises `BadInput` for other bytes."""
    try:
        meta, arrays = unpack(stored)
        if meta["codes"] != VERSION:
            raise BadInput(f"the weights are of version {meta['codes']}: train the network again")
        if meta["news"] not in (None, weights_of_news()):
            raise BadInput(
                "the network was trained with other valences of words than this version of the "
                "program has: train it again"
            )

        terms = arrays["terms"].tobytes().decode()
        features = TextFeatures(
            terms.split("\n") if terms else (),
            has_valences=meta["has_valences"],
            by_keyword=meta["by_keyword"],
        )

        outputs = []
        for number, described in enumerate(meta["outputs"]):
            classifier = Classifier(
                arrays[f"weights {number}"], arrays[f"biases {number}"], described["is_ordered"]
            )
            outputs.append(
                Output(
                    OutputKey(*described["key"]),
                    tuple(described["codes"]),
                    classifier,
                    described["temperature"],
                    arrays[f"known {number}"],
                )
            )

        codebook = Codebook.model_validate(meta["codebook"])
        return CodeNetwork(
            codebook, features, outputs, arrays["hashes"].tolist(), meta["evaluation"]
        )
    except (KeyError, TypeError, ValueError, NetworkError) as error:
        raise BadInput(
            f"these bytes are no network that codes texts ({type(error).__name__}): give the file "
            "that `tidings export RUN weights` wrote of a training of codes"
        ) from error
