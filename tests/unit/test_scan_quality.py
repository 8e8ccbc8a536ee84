"""What wrong letters cost: the share of words in a dictionary, and the mentions that are missed."""

from __future__ import annotations

import random
import re
from collections import Counter
from pydoc_data.topics import topics

import pytest

from analysis.scan_quality import CLEAN_SHARE, measure_scans

# English prose of some 65,000 words that no change of ours changes: Python's reference.
PAGES = [*topics.values()]
LETTERS = "abcdefghijklmnopqrstuvwxyz.,-1"


def dirty(text: str, share: float, chosen: random.Random) -> str:
    return "".join(
        chosen.choice(LETTERS) if letter.isalpha() and chosen.random() < share else letter
        for letter in text
    )


def count_mentions(words: Counter[str], text: str) -> int:
    """Return how many of *words* a text still has, each at most as often as it was written."""
    return (Counter(re.findall(r"\b[a-z]{6}\b", text)) & words).total()


def test_clean_text_has_the_share_of_words_that_the_measure_takes_for_clean() -> None:
    quality = measure_scans(PAGES)
    assert quality is not None
    assert quality.share == pytest.approx(CLEAN_SHARE, abs=0.02)
    assert quality.missed(6) < 0.03


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1, 0.2])
def test_the_mentions_that_are_missed_are_told_to_eight_points(share: float) -> None:
    chosen = random.Random(48)
    pages = [dirty(page, share, chosen) for page in PAGES]
    quality = measure_scans(pages)
    assert quality is not None
    clean, read = (" ".join(texts).lower() for texts in (PAGES, pages))
    words = Counter(re.findall(r"\b[a-z]{6}\b", clean))
    missed = 1 - count_mentions(words, read) / words.total()
    assert quality.missed(6) == pytest.approx(missed, abs=0.08)


def test_texts_without_words_have_no_quality() -> None:
    assert measure_scans(["", "1 2 3", "a b"]) is None
