"""The busiest day of a subject in a period, and a headline that stands for it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from sqlalchemy import select

from analysis import grains
from analysis.text.words import words_of
from core.enums import TextPart
from models.documents import quoted_text
from models.tables import Document
from reports.data.queries import fetch_all, in_batches
from reports.data.run_data import RunData
from reports.series.reading import select_frames
from reports.words.texts import cut_at_word

# A longer text is cut at a word.
MOST_CHARACTERS = 160
# Shorter words are in most texts, whatever they are about.
FEWEST_CHARACTERS = 4


@dataclass(frozen=True)
class Headline:
    """A text of a day."""

    day: date
    text: str


def find_headline(run: RunData, subject: str, term: str | None, period: str) -> Headline | None:
    """Return a headline of the day of *period* on which most documents mention the subject.

    It is the one that shares most words with the others of its day. The documents that the run's
    selection leaves out do not count. Return None where no document of the period mentions it.
    """
    documents_by_day = _find_documents(run, subject, term, period)
    if not documents_by_day:
        return None

    busiest = min(documents_by_day, key=lambda day: (-len(documents_by_day[day]), day))
    texts: list[str] = []
    for batch in in_batches(sorted(documents_by_day[busiest])):
        headlines = select(quoted_text(TextPart.HEADLINE)).where(Document.id.in_(batch))
        statement = headlines.order_by(Document.id)
        texts += [text for (text,) in fetch_all(run.db, statement)]

    if not texts:
        return None

    return Headline(busiest, cut_at_word(_choose_text(texts), MOST_CHARACTERS))


def _find_documents(
    run: RunData, subject: str, term: str | None, period: str
) -> dict[date, list[int]]:
    """Return the documents of a period that mention a keyword, or are of a job over posts."""
    days = grains.days_of(period)
    periods = {grains.period_of(day, run.kind.grain) for day in days}
    has_keywords = bool(run.keywords)
    documents_by_day: dict[date, list[int]] = defaultdict(list)
    for job in run.jobs_named(periods if has_keywords else [subject]):
        frames = select_frames(run, job)
        mentions = frames.mentions
        if has_keywords:
            mentions = mentions.filter(pl.col("keyword") == subject)
        if term is not None:
            mentions = mentions.filter(pl.col("term") == term)

        dated = frames.chosen.filter(pl.col("day").is_in(days))
        for document, day in dated.join(mentions, on="document", how="semi")[
            ["document", "day"]
        ].iter_rows():
            documents_by_day[day].append(document)

    return documents_by_day


def _choose_text(texts: Sequence[str]) -> str:
    """Return the text whose longer words most others have too; of equals the first."""
    words_by_text = []
    for text in texts:
        words = map(str.casefold, words_of(text))
        words_by_text.append({word for word in words if len(word) >= FEWEST_CHARACTERS})

    counts = Counter(word for words in words_by_text for word in words)

    def centrality(place: int) -> float:
        words = words_by_text[place]
        return sum(counts[word] - 1 for word in words) / math.sqrt(max(1, len(words)))

    return texts[max(range(len(texts)), key=lambda place: (centrality(place), -place))]
