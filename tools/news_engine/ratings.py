"""Sentences that people rated: the files of a folder, standardised and split.

The folder holds any of: ``newsmtsc_train.jsonl.gz`` (Hamborg and Donnay, EACL 2021),
``sentfin.csv.gz`` (Sinha and others, 2022), ``vader_*.tsv.gz`` (Hutto and Gilbert, ICWSM 2014).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from core.errors import BadInput

Split = Literal["train", "validation", "test"]

# The files whose sentences are of news.
NEWS = ("newsmtsc_train", "sentfin", "vader_nytEditorialSnippets")

# A file may unpack to this many bytes.
MAX_BYTES = 200_000_000

# All groups are divided into this many parts: two test, one validates, the others train.
_PARTS = 20

# NewsMTSC writes 2 for negative, 4 for neutral, 6 for positive.
_NEWSMTSC_NEUTRAL, _NEWSMTSC_STEP = 4.0, 2.0
# A rating this near to 0, half a step of every scale, is neutral.
_NEUTRAL_RATING = 0.5

_LABELS = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
_DECISION = re.compile(r":\s*['\"](negative|neutral|positive)['\"]")
_ARTICLE = re.compile(r"[a-z]+_\d+(?=_)")


@dataclass(frozen=True, slots=True)
class RatedSentence:
    """A sentence with its mean rating.

    *group* is its article or product, whose sentences are all in one split; *index* is its place in
    its file. *sign* is that of the rating before it was standardised: -1, 0 or 1.
    """

    dataset: str
    index: int
    group: str
    text: str
    rating: float
    sign: int = 0

    @property
    def split(self) -> Split:
        """The split by a hash of the group, which no seed and no other file changes."""
        digest = hashlib.sha256(f"{self.dataset} {self.group}".encode()).digest()
        part = int.from_bytes(digest[:4]) % _PARTS
        return "test" if part < 2 else "validation" if part == 2 else "train"


def read_ratings(folder: Path) -> list[RatedSentence]:
    """Return the sentences of all files in *folder*, the ratings of each file standardised.

    Raises `BadInput` if there is no file, or a file cannot be read.
    """
    sentences: list[RatedSentence] = []
    for pattern, read in _READERS.items():
        for path in sorted(folder.glob(pattern)):
            sentences += _standardise(_read_file(path, read))

    if not sentences:
        raise BadInput(
            f"{folder} holds no rated sentences: give a folder with {', '.join(_READERS)}"
        )

    return sentences


def _read_file(
    path: Path, read: Callable[[str, str], Iterator[RatedSentence]]
) -> list[RatedSentence]:
    try:
        with gzip.open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)

        if len(content) > MAX_BYTES:
            raise BadInput(f"{path} unpacks to more than {MAX_BYTES} bytes: give a smaller file")

        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = content.decode("latin-1")

        sentences = list(read(path.name.partition(".")[0], text))
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, csv.Error) as error:
        raise BadInput(
            f"{path} cannot be read as rated sentences ({type(error).__name__}): {error}"
        ) from error

    if not sentences:
        raise BadInput(f"{path} holds no rated sentence")

    return sentences


def _standardise(sentences: list[RatedSentence]) -> list[RatedSentence]:
    """Scale the ratings of one file to mean 0 and deviation 1: scales of data sets differ."""
    ratings = np.array([sentence.rating for sentence in sentences])
    mean, deviation = float(ratings.mean()), float(ratings.std()) or 1.0
    return [
        replace(
            sentence,
            rating=(sentence.rating - mean) / deviation,
            sign=_find_sign(sentence.rating),
        )
        for sentence in sentences
    ]


def _find_sign(rating: float) -> int:
    if abs(rating) <= _NEUTRAL_RATING:
        return 0
    return 1 if rating > 0 else -1


def _read_newsmtsc(dataset: str, text: str) -> Iterator[RatedSentence]:
    """Yield the sentences whose targets agree; their article is the group."""
    for index, line in enumerate(text.split("\n")):
        if not line.strip():
            continue

        record = json.loads(line)
        polarities = {target["polarity"] for target in record["targets"]}
        if len(polarities) != 1:
            continue

        article = _ARTICLE.match(record["primary_gid"])
        group = article[0] if article else record["primary_gid"]
        rating = (polarities.pop() - _NEWSMTSC_NEUTRAL) / _NEWSMTSC_STEP
        yield RatedSentence(dataset, index, group, record["sentence_normalized"], rating)


def _read_sentfin(dataset: str, text: str) -> Iterator[RatedSentence]:
    """Yield each headline with the mean of its companies' sentiments."""
    for index, record in enumerate(csv.DictReader(io.StringIO(text, newline=""))):
        ratings = [_LABELS[label] for label in _DECISION.findall(record["Decisions"])]
        if ratings:
            rating = sum(ratings) / len(ratings)
            yield RatedSentence(dataset, index, record["Title"], record["Title"], rating)


def _read_vader(dataset: str, text: str) -> Iterator[RatedSentence]:
    """Yield the snippets; ``12_3`` is the third of article or product 12."""
    for index, line in enumerate(text.split("\n")):
        if line.strip():
            identifier, rating, sentence = line.rstrip("\r").split("\t", 2)
            group = identifier.partition("_")[0]
            yield RatedSentence(dataset, index, group, sentence, float(rating))


_READERS: dict[str, Callable[[str, str], Iterator[RatedSentence]]] = {
    "newsmtsc_train.jsonl.gz": _read_newsmtsc,
    "sentfin.csv.gz": _read_sentfin,
    "vader_*.tsv.gz": _read_vader,
}
