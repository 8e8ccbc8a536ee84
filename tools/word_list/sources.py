"""Readers of what the word list is made of: word lists, a dictionary, names, rated sentences."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

# WordNet's numbers of the files that name regions ("Moscow"), and natural objects ("Danube").
REGIONS = 15
LANDFORMS = 17

# SCOWL's sizes: 10 holds the most common words, 70 what a large dictionary has.
SIZES = (10, 20, 35, 40, 50, 55, 60, 70)
_SPELLINGS = ("english", "american", "british", "british_z", "canadian")

Name = tuple[str, ...]  # the words of a name, in small letters


def read_scowl(folder: Path, kinds: tuple[str, ...]) -> dict[str, int]:
    """Return each word of SCOWL's lists of *kinds* with the smallest size that holds it."""
    sizes: dict[str, int] = {}

    for size in SIZES:
        for spelling in _SPELLINGS:
            for kind in kinds:
                path = folder / f"{spelling}-{kind}.{size}"
                words = path.read_text(encoding="latin-1").split() if path.exists() else []
                for word in words:
                    if not word.endswith("'s"):
                        sizes.setdefault(word, size)

    return sizes


def read_wordnet_names(folder: Path) -> Iterator[Name]:
    """Yield WordNet's names of several words: "White House", "Bank of England"."""
    for entry in _read_wordnet(folder, ("noun", "adj")):
        fields = entry.split(" ")
        for number in range(int(fields[3], 16)):
            words = fields[4 + 2 * number].partition("(")[0].split("_")
            if len(words) > 1 and words[0][:1].isupper() and words[-1][:1].isupper():
                yield tuple(word.lower() for word in words)


def read_wordnet_meanings(folder: Path) -> Iterator[tuple[str, int | None]]:
    """Yield each noun with a capital, in small letters, with the file of each of its meanings.

    The file is None where the meaning is a kind of thing rather than one thing.
    """
    for entry in _read_wordnet(folder, ("noun",)):
        fields = entry.split(" ")
        file = int(fields[1]) if "@i" in fields else None
        for number in range(int(fields[3], 16)):
            word = fields[4 + 2 * number]
            if word[:1].isupper():
                yield word.replace("_", " ").lower(), file


def read_wordnet_texts(folder: Path) -> Iterator[str]:
    """Yield the definitions and examples of WordNet, which are in sentence case."""
    for entry in _read_wordnet(folder, ("noun", "verb", "adj", "adv")):
        _, _, gloss = entry.partition("|")
        for text in gloss.split(";"):
            yield text.strip().strip('"')


def _read_wordnet(folder: Path, parts: tuple[str, ...]) -> Iterator[str]:
    """Yield the entries of WordNet, without the licence that begins each file."""
    for part in parts:
        for line in (folder / f"data.{part}").read_text(encoding="latin-1").splitlines():
            if not line.startswith(" "):
                yield line


def read_census(path: Path) -> dict[str, float]:
    """Return the names of a file of the US Census of 1990 with their share in per cent."""
    names = {}
    for line in path.read_text(encoding="ascii").splitlines():
        name, share, *_ = line.split()
        names[name.lower()] = float(share)
    return names


def read_rated_texts(folder: Path) -> Iterator[str]:
    """Yield the sentences of NewsMTSC and of VADER's newspaper editorials, of which words count."""
    with gzip.open(folder / "newsmtsc_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["sentence_normalized"]

    with gzip.open(folder / "vader_nytEditorialSnippets.tsv.gz", "rt", encoding="latin-1") as lines:
        for line in lines:
            yield line.rstrip("\n").split("\t")[-1]
