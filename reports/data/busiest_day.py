"""The busiest day of a subject in a period, and a headline that stands for it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from analysis import grains
from analysis.text.words import words_of
from core.enums import Grain, TextPart
from models.documents import quoted_text
from models.tables import Document
from reports.data.month_counts import DATE, read_selected_mentions
from reports.data.queries import fetch_all, in_batches
from reports.data.run_data import RunData, documents_condition
from reports.data.selection import left_out
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
    days = set(grains.days_of(period))
    if not run.kind.has_mentions:
        documents_by_day = _find_posts(run, subject, days)
    else:
        documents_by_day = _find_mentioning(run, subject, term, days)

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


def _find_mentioning(
    run: RunData, keyword: str, term: str | None, days: Iterable[date]
) -> dict[date, set[int]]:
    ordinals = {day.toordinal() for day in days}
    periods = {grains.period_of(day, run.kind.grain) for day in days}
    documents_by_day: dict[date, set[int]] = defaultdict(set)
    for job in run.jobs_named(periods):
        mentions = read_selected_mentions(run, job, keyword)
        columns = (mentions.documents.tolist(), mentions.days.tolist(), mentions.terms)
        for document, ordinal, mentioned_term in zip(*columns, strict=True):
            if ordinal in ordinals and term in {None, mentioned_term}:
                documents_by_day[date.fromordinal(ordinal)].add(document)

    return documents_by_day


def _find_posts(run: RunData, job_name: str, days: set[date]) -> dict[date, set[int]]:
    months = sorted({grains.period_of(day, Grain.MONTH) for day in days})
    documents_by_day: dict[date, set[int]] = defaultdict(set)
    for job in run.jobs_named([job_name]):
        without = left_out(run, job)
        statement = select(Document.id, DATE)
        posts = statement.where(documents_condition(run, job), Document.period.in_(months))
        for document, stored_date in fetch_all(run.db, posts):
            day = date.fromisoformat(stored_date)
            if day in days and document not in without:
                documents_by_day[day].add(document)

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
