"""WordNet 3.0: its files (see its manual, wndb(5)), and valences that spread over its relations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Debian's package wordnet-base installs this folder.
FOLDER = Path("/usr/share/wordnet")

FILES = ("data.noun", "data.verb", "data.adj", "data.adv")

# A valence spreads along these relations: hypernym, similar, also see, attribute, derivation,
# entailment, cause, verb group, participle, pertainym. "!" is the opposite.
_RELATIONS = frozenset("@&^=+*>$<\\")
_OPPOSITE = "!"
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")

# It matches the marker of an adjective's place.
_MARKER = re.compile(r"\((?:a|p|ip)\)$")

# These are the weights of a synset's valence, beside 1 for each of its words; they were chosen on
# held-out words of VADER's lexicon (correlation .88). PRIOR is the weight of valence 0.
ROUNDS = 4
PRIOR = 1.0
RELATED, REVERSED, OPPOSITE, GLOSS = 0.7, 0.35, 1.0, 0.3

# A smaller valence is left out.
SMALLEST = 0.1

Numbers = NDArray[np.float64]
Pairs = NDArray[np.int64]


@dataclass
class WordNet:
    """Words in small letters and the names that begin with a capital; links between numbers.

    *members* link a synset to its words, *relations* and *opposites* to synsets, *glosses* to the
    words of its gloss.
    """

    words: dict[str, int] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    synsets: dict[str, int] = field(default_factory=dict)
    members: list[tuple[int, int]] = field(default_factory=list)
    relations: list[tuple[int, int]] = field(default_factory=list)
    opposites: list[tuple[int, int]] = field(default_factory=list)
    glosses: list[tuple[int, int]] = field(default_factory=list)


def is_installed(folder: Path) -> bool:
    """Return whether WordNet's files are in *folder*."""
    return all((folder / file_name).is_file() for file_name in FILES)


def read_wordnet(folder: Path) -> WordNet:
    """Read the data files in *folder*. Raises `ValueError` if they are not in WordNet's format."""
    net = WordNet()
    # The key of each synset, with its line.
    lines: list[tuple[str, str]] = []
    for file_name in FILES:
        kind = file_name.removeprefix("data.")[0]
        for line in (folder / file_name).read_text(encoding="utf-8").splitlines():
            if line[:1].isdigit():
                lines.append((kind + line[:8], line))

    for key, _ in lines:
        net.synsets[key] = len(net.synsets)

    try:
        for key, line in lines:
            _read_synset(net, net.synsets[key], line)
    except IndexError as error:
        raise ValueError(f"{folder} holds a line that is not WordNet's: {line[:80]!r}") from error

    for key, line in lines:
        gloss = line.partition("|")[2].partition('"')[0].lower()
        for word in sorted(set(_WORD.findall(gloss))):
            if word in net.words:
                net.glosses.append((net.synsets[key], net.words[word]))

    return net


def _read_synset(net: WordNet, synset: int, line: str) -> None:
    fields = line.partition(" | ")[0].split()
    count = int(fields[3], 16)
    for written_lemma in fields[4 : 4 + 2 * count : 2]:
        lemma = _MARKER.sub("", written_lemma)
        if lemma[0].isupper():
            net.names.add(lemma.casefold().replace("_", " "))
        elif "_" not in lemma:
            word = net.words.setdefault(lemma.casefold(), len(net.words))
            net.members.append((synset, word))

    pointers = fields[5 + 2 * count :]
    for start in range(0, 4 * int(fields[4 + 2 * count]), 4):
        symbol, offset, kind, _ = pointers[start : start + 4]
        target = net.synsets.get(kind.replace("s", "a") + offset)
        if target is not None and symbol == _OPPOSITE:
            net.opposites.append((synset, target))
        elif target is not None and symbol in _RELATIONS:
            net.relations.append((synset, target))


def spread_valences(net: WordNet, rated: Mapping[str, float]) -> dict[str, float]:
    """Return valences of WordNet's words that *rated* lacks, from the valences that it holds.

    Label propagation (Zhu and Ghahramani, 2002) between words and synsets: a synset takes the mean
    of its words, its relations and the rated words of its gloss, each with a confidence; a word
    that is not rated takes the mean of its synsets. A rated word keeps its valence.
    """
    word_count, synset_count = len(net.words), len(net.synsets)
    seeds, is_rated = np.zeros(word_count), np.zeros(word_count)
    for word, index in net.words.items():
        if word in rated:
            seeds[index], is_rated[index] = rated[word], 1.0

    members, relations = _as_pairs(net.members), _as_pairs(net.relations)
    glosses = _as_pairs(net.glosses)
    frequency = np.bincount(glosses[:, 1], minlength=word_count)
    rarity = 1.0 / np.log(3.0 + frequency[glosses[:, 1]])
    synsets_of_word = np.bincount(members[:, 1], minlength=word_count)
    gloss_sum = GLOSS * _sum_linked(glosses, seeds, synset_count, rarity)
    gloss_weight = GLOSS * _sum_linked(glosses, is_rated, synset_count, rarity)
    links = [
        (RELATED, relations),
        (REVERSED, relations[:, ::-1]),
        (-OPPOSITE, _as_pairs(net.opposites)),
    ]

    word_valences, confidence = seeds, is_rated
    synset_valences, synset_confidence = np.zeros(synset_count), np.zeros(synset_count)
    for _ in range(ROUNDS):
        total = _sum_linked(members, word_valences, synset_count) + gloss_sum
        weight = _sum_linked(members, confidence, synset_count) + gloss_weight
        for factor, pairs in links:
            total += factor * _sum_linked(pairs, synset_valences, synset_count)
            weight += abs(factor) * _sum_linked(pairs, synset_confidence, synset_count)

        synset_valences, synset_confidence = total / (weight + PRIOR), weight / (weight + PRIOR)

        backwards = members[:, ::-1]
        mean = _sum_linked(backwards, synset_valences, word_count) / synsets_of_word
        sureness = _sum_linked(backwards, synset_confidence, word_count) / synsets_of_word
        word_valences = np.where(is_rated > 0, seeds, mean)
        confidence = np.where(is_rated > 0, 1.0, sureness)

    spread = {}
    for word, index in net.words.items():
        if not is_rated[index] and abs(word_valences[index]) >= SMALLEST:
            spread[word] = float(word_valences[index])

    return spread


def _as_pairs(links: list[tuple[int, int]]) -> Pairs:
    return np.array(links, np.int64).reshape(-1, 2)


def _sum_linked(pairs: Pairs, linked_values: Numbers, size: int, weights: Any = 1.0) -> Numbers:
    """Sum the weighted *linked_values* of the second numbers of *pairs* for each first number."""
    return np.bincount(pairs[:, 0], weights * linked_values[pairs[:, 1]], size).astype(np.float64)
