"""How many documents and mentions of a keyword, or posts of an account, are repeats, exactly.

A repeat is what `--distinct` leaves out: see `find_repeated`. No page counts others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from analysis.text.near_duplicates import Pattern
from models.tables import Document
from reports.data.export_schema import pad_period
from reports.data.month_counts import read_month_mentions
from reports.data.queries import fetch_pages
from reports.data.repeats import find_repeated, read_patterns
from reports.data.run_data import RunData, RunJob, documents_condition
from reports.data.selection import left_out

# A subject, and a month of it; None stands for all of its months.
SubjectMonth = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """The mentions of a subject in a month that are in texts of one pattern, or of none."""

    # A keyword, or the name of a job over posts.
    subject: str

    # The month as `YYYY-MM`; "" if it is not known.
    month: str

    # Whether the texts repeat an earlier one of their month.
    is_repeat: bool

    # The place of the pattern, and of the label, among those of the run.
    place: int | None
    label: int | None

    # Of posts each document is a mention.
    documents: int
    mentions: int


@dataclass
class RepeatCounts:
    """How much of a subject is repeated."""

    # All documents that mention the subject, and all mentions.
    documents: int = 0
    mentions: int = 0

    # Those that are repeats.
    repeated_documents: int = 0
    repeated_mentions: int = 0

    # The pattern that most of the repeats are of; None if none is of one that has a text.
    largest: Pattern | None = None
    largest_documents: int = 0


def read_repeat_counts(run: RunData) -> Mapping[SubjectMonth, RepeatCounts]:
    """Return the counts of each subject by month, and under None those of all its months.

    Documents that the run's selection leaves out do not count.
    """
    return run.selected_readings.once(read_repeat_counts, lambda: _count_repeats(run))


def count_repeated_documents(run: RunData, subject: str, month: str | None) -> int:
    """Return how many of the documents that mention a subject are repeats."""
    counts = read_repeat_counts(run).get((subject, month))
    return 0 if counts is None else counts.repeated_documents


def count_places(
    run: RunData, job: RunJob, *, is_before_selection: bool = False
) -> Iterator[PlaceCount]:
    """Yield for each subject of a job how many mentions are of each pattern, or of none.

    *is_before_selection* says to count what the run's selection leaves out, too.
    """
    without = () if is_before_selection else left_out(run, job)
    count = _count_mentions if run.kind.has_mentions else _count_posts
    return count(run, job, frozenset(without))


def _count_repeats(run: RunData) -> dict[SubjectMonth, RepeatCounts]:
    patterns = read_patterns(run).patterns
    counts: dict[SubjectMonth, RepeatCounts] = defaultdict(RepeatCounts)
    by_place: dict[SubjectMonth, Counter[int]] = defaultdict(Counter)
    for job in run.jobs:
        for part in count_places(run, job):
            keys: tuple[SubjectMonth, ...] = ((part.subject, part.month), (part.subject, None))
            for key in keys:
                counts[key].documents += part.documents
                counts[key].mentions += part.mentions
                if not part.is_repeat:
                    continue

                counts[key].repeated_documents += part.documents
                counts[key].repeated_mentions += part.mentions
                if part.place is not None and part.place < len(patterns):
                    by_place[key][part.place] += part.documents

    for key, documents in by_place.items():
        largest = min(documents, key=lambda place: (-documents[place], place))
        counts[key].largest = patterns[largest]
        counts[key].largest_documents = documents[largest]

    return dict(counts)


def _count_mentions(run: RunData, job: RunJob, without: frozenset[int]) -> Iterator[PlaceCount]:
    for keyword, columns in read_month_mentions(run, job).items():
        places = (columns.documents.tolist(), columns.positions.tolist())
        sentences = set(zip(*places, strict=True))
        mentions = Counter(document for document, _ in sentences if document not in without)
        documents = ((count, job.name, document) for document, count in mentions.items())
        yield from _count_documents(run, job, keyword, documents)


def _count_posts(run: RunData, job: RunJob, without: frozenset[int]) -> Iterator[PlaceCount]:
    statement = select(Document.id, Document.period).where(documents_condition(run, job))
    posts = (
        (1, pad_period(period) if period else "", document)
        for document, period in fetch_pages(run.db, statement, Document.id)
        if document not in without
    )
    return _count_documents(run, job, job.name, posts)


def _count_documents(
    run: RunData, job: RunJob, subject: str, documents: Iterable[tuple[int, str, int]]
) -> Iterator[PlaceCount]:
    """Count *documents*, each with its mentions, its month and its id, by pattern and label."""
    patterns, repeated = read_patterns(run), find_repeated(run, job)
    n_documents: Counter[tuple[str, bool, int | None, int | None]] = Counter()
    n_mentions: Counter[tuple[str, bool, int | None, int | None]] = Counter()
    for mentions, month, document in documents:
        place, label = patterns.place_of(document), patterns.label_of(document)
        key = month, document in repeated, place, label
        n_documents[key] += 1
        n_mentions[key] += mentions

    for key, count in n_documents.items():
        yield PlaceCount(subject, *key, documents=count, mentions=n_mentions[key])
