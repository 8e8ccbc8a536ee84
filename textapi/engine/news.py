"""The polarity engine `news`: a small network of the project's own, trained on news.

``docs/news-engine.md`` is its data card. It needs numpy and the weights beside this file, nothing
else. Answers are rounded, so that they are the same on every Python and processor.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from textapi.engine.news_features import AGGREGATES, Features

WEIGHTS = Path(__file__).with_name("news.npz")
VERSION = 2
# A valence from -4 to 4 is stored as a whole number from -124 to 124.
VALENCE_STEPS = 31.0
# Each array of words has an array of their valences.
VALENCES = {"rated_words": "rated", "related_words": "related", "nearby_words": "nearby"}
# A polarity has this many decimals.
DECIMALS = 4

Array = NDArray[Any]


class NewsModel:
    """The network ``tanh`` of terms and aggregates, and the features that it reads.

    *weights* are those of the hidden layer, ``(terms, hidden)`` whole numbers in units of *scales*
    ``(hidden,)``, *aggregate_weights* ``(aggregates, hidden)``, *biases* ``(hidden,)``; *output* is
    ``(hidden,)``. *neutral_band* are the bounds between which a polarity is neutral.
    """

    def __init__(self, features: Features, arrays: Mapping[str, Array]) -> None:
        self.features = features
        self._weights = arrays["weights"]
        self._scales = arrays["scales"].astype(np.float64)
        self._aggregate_weights = arrays["aggregate_weights"].astype(np.float64)
        self._biases = arrays["biases"].astype(np.float64)
        self._output = arrays["output"].astype(np.float64)
        low, high = arrays["neutral_band"].astype(np.float64)
        self.neutral_band = float(low), float(high)
        self._neutral = self._compute([], features.aggregate([]))

    def score(self, text: str) -> float:
        """Return the polarity of the sentence *text*, from -1 to 1; 0 if no word counts."""
        places, aggregates = self.features.read(text)
        output = self._compute(places, aggregates) - self._neutral
        # Adding 0.0 turns -0.0 into 0.0.
        return round(float(np.tanh(0.5 * output)), DECIMALS) + 0.0

    def _compute(self, places: list[int], aggregates: list[float]) -> float:
        # Sums of whole numbers, and sums row by row, are the same in every numpy.
        hidden = self._weights[places].sum(axis=0, dtype=np.int64) * self._scales
        hidden += (np.array(aggregates)[:, None] * self._aggregate_weights).sum(axis=0)
        hidden += self._biases
        return float((np.tanh(hidden) * self._output).sum())


@cache
def load() -> NewsModel:
    """Return the engine with the weights of the package."""
    return read_model(WEIGHTS.read_bytes())


def read_model(stored: bytes) -> NewsModel:
    """Return the engine in the bytes of an ``.npz`` file. Raises `BadInput` for other bytes."""
    try:
        with np.load(io.BytesIO(stored), allow_pickle=False) as file:
            arrays = dict(file)

        version = json.loads(str(arrays["meta"]))["news"]
        if version != VERSION:
            raise BadInput(
                f"the weights are of version {version}, this program reads {VERSION}: train again"
            )

        word_lists = {
            array_name: _split_lines(arrays[array_name])
            for array_name in ("terms", "names", *VALENCES)
        }
        rated, related, nearby = (
            _read_valences(word_lists[array_name], arrays[VALENCES[array_name]])
            for array_name in VALENCES
        )

        terms = {term: index for index, term in enumerate(word_lists["terms"])}
        if (len(arrays["weights"]), len(arrays["aggregate_weights"])) != (len(terms), AGGREGATES):
            raise BadInput("the weights do not fit their terms: train again")

        features = Features(terms, rated, related, nearby, word_lists["names"])
        return NewsModel(features, arrays)
    except (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BadInput(
            f"these bytes are no weights of the engine `news` ({type(error).__name__}): give the "
            "file that `python -m tools.news_engine` writes"
        ) from error


def _split_lines(stored: Array) -> list[str]:
    text = stored.tobytes().decode()
    return text.split("\n") if text else []


def _read_valences(words: list[str], steps: Array) -> dict[str, float]:
    valences = (steps / VALENCE_STEPS).tolist()
    return dict(zip(words, valences, strict=True))
