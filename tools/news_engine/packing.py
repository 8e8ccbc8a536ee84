"""The weights and features of the engine as `textapi.engine.news` reads them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from networks.functions import Array
from textapi.engine.news import VALENCE_STEPS, VALENCES
from textapi.engine.news_features import Features


def pack_model(features: Features, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return *arrays* and the *features* as arrays, as `read_model` reads them, without "meta"."""
    terms = sorted(features.terms, key=lambda term: features.terms[term])
    packed = {**arrays, "terms": _join_lines(terms), "names": _join_lines(sorted(features.names))}
    for words_name, valences_name in VALENCES.items():
        valences = getattr(features, words_name.removesuffix("_words"))
        sorted_words = sorted(valences)
        steps = [round(valences[word] * VALENCE_STEPS) for word in sorted_words]
        packed[words_name] = _join_lines(sorted_words)
        packed[valences_name] = np.array(steps, np.int8)

    return packed


def _join_lines(lines: list[str]) -> Array:
    return np.frombuffer("\n".join(lines).encode(), np.uint8)
