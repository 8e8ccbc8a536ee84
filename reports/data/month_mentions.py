"""The mentions of a month of an archive, read once for a report in some 30 bytes each."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from sys import intern

from sqlalchemy import select

from models.tables import Mention
from reports.data.daily_counts import read_days
from reports.data.export_schema import valid_polarity
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob
from reports.data.selection import left_out

# The polarity of each sentence, by document and position in the document.
Sentences = dict[tuple[int, int], float | None]

# The name of a keyword, and a term of it; None stands for all terms together.
Term = tuple[str, str | None]

# The day of a document that was erased since its mentions were read.
_NO_DAY = -1


@dataclass(frozen=True)
class KeywordMentions:
    """The mentions of a keyword in a month: columns of equal length."""

    documents: array[int] = field(default_factory=lambda: array("q"))
    days: array[int] = field(default_factory=lambda: array("b"))
    positions: array[int] = field(default_factory=lambda: array("q"))
    polarities: array[float] = field(default_factory=lambda: array("d"))
    terms: list[str] = field(default_factory=list)


def read_month_mentions(data: RunData, job: RunJob) -> Mapping[str, KeywordMentions]:
    """Return the mentions of a month by keyword, whatever the selection leaves out."""
    return data.readings.once((read_month_mentions, job.id), partial(_read_mentions, data, job))


def read_mentioning_days(data: RunData, job: RunJob) -> dict[int, int]:
    """Return the day, from 0, of each document of a month that mentions a keyword of the run."""
    day_of: dict[int, int] = {}
    by_keyword = read_month_mentions(data, job)
    for name in _keyword_names(data):
        if name in by_keyword:
            mentions = by_keyword[name]
            day_of.update(zip(mentions.documents, mentions.days, strict=True))
    return {document: day for document, day in day_of.items() if day != _NO_DAY}


def read_sentences(data: RunData, job: RunJob) -> dict[Term, Sentences]:
    """Return the sentences that hold a term of the run's keywords, by keyword and term.

    Under the term None stands each of the keyword's sentences once.
    """
    sentences: dict[Term, Sentences] = {}
    for name in _keyword_names(data):
        sentences |= read_keyword_sentences(data, job, name)
    return sentences


def read_keyword_sentences(data: RunData, job: RunJob, name: str) -> dict[Term, Sentences]:
    """Return the sentences that hold a term of the keyword *name*: see `read_sentences`."""
    mentions = read_month_mentions(data, job).get(name)
    if mentions is None:
        return {}
    without = left_out(data, job)
    sentences: dict[Term, Sentences] = defaultdict(dict)
    columns = (mentions.documents, mentions.positions, mentions.polarities, mentions.terms)

    for document, position, stored_polarity, term in zip(*columns, strict=True):
        if document not in without:
            polarity = None if math.isnan(stored_polarity) else stored_polarity
            sentences[name, term][document, position] = polarity
            sentences[name, None][document, position] = polarity
    return sentences


def _keyword_names(data: RunData) -> list[str]:
    return [keyword.name for keyword in data.keywords]


def _read_mentions(data: RunData, job: RunJob) -> dict[str, KeywordMentions]:
    columns = (
        *(Mention.keyword, Mention.term),
        *(Mention.document_id, Mention.position, Mention.polarity),
    )
    statement = select(*columns).where(Mention.job_id == job.id)
    stored = fetch_all(data.db, statement)
    day_of = read_days(data, job) if stored else {}
    by_keyword: dict[str, KeywordMentions] = defaultdict(KeywordMentions)

    for keyword, term, document, position, stored_polarity in stored:
        polarity = valid_polarity(stored_polarity)
        mentions = by_keyword[keyword]
        mentions.documents.append(document)
        mentions.days.append(day_of.get(document, _NO_DAY))
        mentions.positions.append(position)
        mentions.polarities.append(math.nan if polarity is None else polarity)
        mentions.terms.append(intern(term))
    return dict(by_keyword)
