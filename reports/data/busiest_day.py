"""The busiest day of a subject in a period: a headline that stands for it, and its words."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from sqlalchemy import select

from analysis import grains
from analysis.text.stopwords import stop_words_for
from analysis.text.words import merge_spellings, words_of, words_of_terms
from core.enums import TextPart
from models.documents import quoted_text
from models.tables import Document
from reports.data.queries import fetch_scalars, in_batches
from reports.data.run_data import RunData
from reports.series.reading import select_frames
from reports.words.texts import cut_at_word

# A longer text is cut at a word.
MOST_CHARACTERS = 160
# Shorter words are in most texts, whatever they are about.
FEWEST_CHARACTERS = 4
# So many headlines share a word, so many words are told, and so many headlines are compared.
FEWEST_SHARING, MOST_WORDS, MOST_COMPARED = 3, 2, 5000


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
    documents_by_day = _find_documents(run, subject, term, grains.days_of(period))
    if not documents_by_day:
        return None

    busiest = _find_busiest(documents_by_day)
    texts = _read_texts(run, documents_by_day[busiest])
    return Headline(busiest, cut_at_word(_choose_text(texts), MOST_CHARACTERS)) if texts else None


def find_shared_words(run: RunData, subject: str, period: str) -> tuple[date, list[str]] | None:
    """Return the busiest day of a subject in *period*, and the words that its headlines share.

    A word is shared by at least three of them. It stands out by how much more often it comes than
    in the subject's other headlines, by the likelihood. Return None where no document of the period
    mentions the subject.
    """
    documents_by_day = _find_documents(run, subject, None, grains.days_of(period))
    if not documents_by_day:
        return None

    chosen = [document for documents in documents_by_day.values() for document in documents]
    spellings = Counter[str]()
    counts = _count_words(_read_texts(run, chosen), spellings)
    others, n_others = run.once((find_shared_words, subject), lambda: _count_subject(run, subject))
    terms = next((keyword.terms for keyword in run.keywords if keyword.name == subject), ())
    unwanted = stop_words_for(spellings) | words_of_terms([subject, *terms])
    scores = {}
    for word, n in counts.items():
        if word not in unwanted and n >= FEWEST_SHARING:
            expected = (others[word] + 1) / (n_others + 1) * len(chosen)
            scores[word] = n * math.log(n / expected)

    ranked = sorted(scores, key=lambda word: (-scores[word], word))
    told = [word for word in ranked[:MOST_WORDS] if 2 * scores[word] >= scores[ranked[0]] > 0]
    spelled = {spelling.casefold(): spelling for spelling in merge_spellings(spellings)}
    return _find_busiest(documents_by_day), [spelled[word] for word in told]


def _count_subject(run: RunData, subject: str) -> tuple[Counter[str], int]:
    """Return in how many of a subject's headlines each word stands, and how many there are."""
    days = [day for job in run.jobs for day in grains.days_of(job.name)]
    documents = [
        document
        for documents in _find_documents(run, subject, None, days).values()
        for document in documents
    ]
    texts = _read_texts(run, documents[:: 1 + len(documents) // MOST_COMPARED])
    return _count_words(texts, Counter()), len(texts)


def _count_words(texts: Sequence[str], spellings: Counter[str]) -> Counter[str]:
    """Return in how many texts each longer word stands, case-folded; note how it is written."""
    counts = Counter[str]()
    for text in texts:
        words = [word for word in words_of(text) if len(word) >= FEWEST_CHARACTERS]
        spellings.update(words)
        counts.update(set(map(str.casefold, words)))

    return counts


def _find_busiest(documents_by_day: Mapping[date, Sequence[int]]) -> date:
    return min(documents_by_day, key=lambda day: (-len(documents_by_day[day]), day))


def _read_texts(run: RunData, documents: Sequence[int]) -> list[str]:
    texts: list[str] = []
    for batch in in_batches(sorted(documents)):
        headlines = select(quoted_text(TextPart.HEADLINE)).where(Document.id.in_(batch))
        texts += fetch_scalars(run.db, headlines.order_by(Document.id))

    return texts


def _find_documents(
    run: RunData, subject: str, term: str | None, days: Sequence[date]
) -> dict[date, list[int]]:
    """Return the documents of some days that mention a keyword, or are of a job over posts."""
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
