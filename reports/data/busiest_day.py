"""The busiest day of a subject in a period: a headline that stands for it, and its words."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

import polars as pl
from sqlalchemy import select

from analysis import grains
from analysis.text.stopwords import stop_words_for
from analysis.text.words import words_of, words_of_terms
from core.enums import TextPart
from models.documents import quoted_text
from models.tables import Document
from reports.data.queries import fetch_scalars, in_batches
from reports.data.run_data import RunData, RunJob, once
from reports.data.selection import left_out
from reports.frames.frames import Frames
from reports.frames.reading import gather, load_mentioning
from reports.words.texts import cut_at_word

# A longer text is cut at a word.
MOST_CHARACTERS = 160
# Shorter words are in most texts, whatever they are about.
FEWEST_CHARACTERS = 4
# The first and the last word of a phrase have so many: Election Day.
FEWEST_OF_END = 3
# A phrase has at most so many words and letters, so that it has room at a bar.
MOST_WORDS, MOST_OF_PHRASE = 4, 28
# So many headlines share it.
FEWEST_SHARING = 3
# They have it so many times as often as the subject's other headlines; a word alone needs more.
LEAST_RATIO, LEAST_OF_WORD = 2.0, 8.0
# So many headlines of a subject are compared.
MOST_COMPARED = 5000

_PUNCTUATION = re.compile(r"[^\w\s'\u2019&-]+|(?<!\w)['\u2019-]+|['\u2019-]+(?!\w)")
_POSSESSIVE = re.compile(r"['\u2019]s$")


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


def find_shared_phrase(run: RunData, subject: str, period: str) -> tuple[date, str] | None:
    """Return the busiest day of a subject in *period*, and a few words that say what it was about.

    They are words in a row that at least three headlines of the day share, or one of the day and
    others of the period, and that the subject's other headlines seldom have. Several words come
    before one, which is told only if it is rare elsewhere. Where nothing is shared, it is a short
    headline of the day, if there is one. Return None where no document mentions the subject.
    """
    documents_by_day = _find_documents(run, subject, None, grains.days_of(period))
    if not documents_by_day:
        return None

    busiest = _find_busiest(documents_by_day)
    day_texts = _read_texts(run, documents_by_day[busiest])
    all_documents = [document for day in documents_by_day.values() for document in day]
    others = _read_subject(run, subject)
    unwanted = words_of_terms([subject, *_list_terms(run)])
    of_day = score_phrases(count_phrases(day_texts), others, unwanted)
    of_period = score_phrases(count_phrases(_read_texts(run, all_documents)), others, unwanted)
    day_text = "\n".join(day_texts)
    of_both = {phrase: score for phrase, score in of_period.items() if phrase in day_text}
    phrase = choose_phrase(of_day, of_period) or choose_phrase(of_both, of_both)
    short_texts = [text for text in day_texts if len(text) <= MOST_OF_PHRASE]
    if not phrase and short_texts:
        phrase = _choose_text(short_texts)

    return busiest, phrase


def choose_phrase(scores: Mapping[str, float], longer: Mapping[str, float]) -> str:
    """Return the phrase of the best score, as whole as *longer* has it; "" if there is none.

    "School Shooting" is a part of "Florida School Shooting", which says more.
    """
    several = [phrase for phrase in scores if " " in phrase]
    best = max(several or scores, key=lambda phrase: (scores[phrase], phrase), default="")
    whole = [phrase for phrase in longer if best and f" {best} " in f" {phrase} "]
    return max(whole, key=lambda phrase: (len(phrase.split()), longer[phrase]), default=best)


def score_phrases(phrases: Phrases, others: Phrases, unwanted: Collection[str]) -> dict[str, float]:
    """Score the phrases that texts share and *others* seldom have, by the likelihood.

    The *unwanted* words, those of the subjects, may be a part of a phrase, and are none alone.
    """
    small = stop_words_for({" ".join(words): n for words, n in others.counts.items()})
    scores = {}
    for words, n in phrases.counts.items():
        spelling = phrases.spell(words)
        telling = [word for word in words if word not in unwanted and word not in small]
        if n < FEWEST_SHARING or len(spelling) > MOST_OF_PHRASE or not telling:
            continue

        elsewhere = max(0, others.counts[words] - n) + 1
        expected = elsewhere / (max(0, others.texts - phrases.texts) + 1)
        ratio = n / phrases.texts / expected
        least = LEAST_RATIO if len(words) > 1 else LEAST_OF_WORD
        if ratio >= least and _has_ends(words, small):
            scores[spelling] = n * math.log(ratio) * (1 + len(telling)) / 2

    return scores


def _has_ends(words: tuple[str, ...], small: Collection[str]) -> bool:
    """Return whether some words begin and end with no small one; a word alone is a longer one."""
    fewest = FEWEST_CHARACTERS if len(words) == 1 else FEWEST_OF_END
    return all(
        len(word) >= fewest and word[0].isalpha() and word not in small
        for word in (words[0], words[-1])
    )


@dataclass(frozen=True)
class Phrases:
    """How many texts hold each word, and each two to four words in a row."""

    # The keys are case-folded.
    counts: Counter[tuple[str, ...]]
    spellings: Mapping[tuple[str, ...], Counter[str]]
    texts: int

    def spell(self, words: tuple[str, ...]) -> str:
        """Return some words as most texts write them."""
        spellings = self.spellings[words]
        return max(spellings, key=lambda spelling: (spellings[spelling], spelling))


def count_phrases(texts: Sequence[str]) -> Phrases:
    """Count the words and phrases of *texts*; none goes beyond a mark of punctuation."""
    counts = Counter[tuple[str, ...]]()
    spellings: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for text in texts:
        found = {}
        for part in _PUNCTUATION.split(text[:MOST_CHARACTERS]):
            written = part.split()
            folded = [_POSSESSIVE.sub("", word.casefold()) for word in written]
            for start, length in product(range(len(written)), range(1, MOST_WORDS + 1)):
                words = tuple(folded[start : start + length])
                if len(words) == length:
                    found[words] = " ".join(written[start : start + length])

        counts.update(found.keys())
        for words, spelling in found.items():
            spellings[words][_POSSESSIVE.sub("", spelling)] += 1

    return Phrases(counts, spellings, len(texts))


def _list_terms(run: RunData) -> list[str]:
    return [term for keyword in run.keywords for term in (keyword.name, *keyword.terms)]


@once
def _read_subject(run: RunData, subject: str) -> Phrases:
    """Return the phrases of a subject's headlines in the whole run, or of a part of them."""
    days = [day for job in run.jobs for day in grains.days_of(job.name)]
    documents = [
        document
        for documents in _find_documents(run, subject, None, days).values()
        for document in documents
    ]
    return count_phrases(_read_texts(run, documents[:: 1 + len(documents) // MOST_COMPARED]))


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

    def date_documents(job: RunJob, frames: Frames) -> list[pl.LazyFrame]:
        mentions = frames.mentions.lazy()
        if run.keywords:
            mentions = mentions.filter(pl.col("keyword") == subject)
        if term is not None:
            mentions = mentions.filter(pl.col("term") == term)

        is_left_out = pl.col("document").is_in(list(left_out(run, job)))
        dated = frames.chosen.lazy().filter(pl.col("day").is_in(days) & ~is_left_out)
        mentioning = dated.join(mentions, on="document", how="semi", maintain_order="left")
        return [mentioning.select("day", "document")]

    jobs = run.jobs_named(periods if run.keywords else [subject])
    documents_by_day: dict[date, list[int]] = defaultdict(list)
    for dated in gather(run, jobs, date_documents, load_mentioning):
        for day, document, _ in dated.iter_rows():
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
