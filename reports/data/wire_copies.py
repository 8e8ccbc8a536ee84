"""Wire copies: documents of an outlet whose text another outlet has too in the same month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping

from sqlalchemy import select

from core.enums import Grouping
from models.tables import Document, Mention, Origin
from reports.data.groupings import name_group
from reports.data.queries import fetch_all, in_batches
from reports.data.run_data import RunData, RunJob
from reports.data.selection import digest_text, left_out, read_patterns

Copies = Mapping[tuple[str, str], int]  # by keyword and outlet


def count_copies(data: RunData) -> Copies:
    """Return how many documents that mention a keyword are copies, of each keyword and outlet.

    Texts are one where they are equal, case and white space aside, or of one pattern of the run's
    repeats: an agency's text under other names and figures. Of a run that is not grouped by outlet
    nothing is counted.
    """
    copies: Counter[tuple[str, str]] = Counter()
    if data.grouping == Grouping.OUTLET:
        for job in data.jobs:
            copies.update(_find_copies(data, job))
    return copies


def _find_copies(data: RunData, job: RunJob) -> Iterator[tuple[str, str]]:
    """Yield keyword and outlet of each copy among the mentioning documents of a month."""
    keywords: dict[int, list[str]] = defaultdict(list)
    mentions = select(Mention.document_id, Mention.keyword).where(Mention.job_id == job.id)
    without = left_out(data, job)
    for document, keyword in fetch_all(data.db, mentions.distinct()):
        if document not in without:
            keywords[document].append(keyword)

    outlet_of: dict[int, str] = {}
    keys_of: dict[int, list[Hashable]] = {}
    outlets: dict[Hashable, set[str]] = defaultdict(set)
    for batch in in_batches(keywords):
        columns = select(Document.id, Document.text, Origin.outlet)
        documents = columns.join(Origin, Origin.id == Document.origin_id)
        for document, text, outlet in fetch_all(data.db, documents.where(Document.id.in_(batch))):
            outlet_of[document] = name_group(outlet)
            keys_of[document] = _list_keys(data, document, text)
            for key in keys_of[document]:
                outlets[key].add(outlet_of[document])

    for document, keys in keys_of.items():
        if any(len(outlets[key]) > 1 for key in keys):
            for keyword in keywords[document]:
                yield keyword, outlet_of[document]


def _list_keys(data: RunData, document: int, text: str) -> list[Hashable]:
    """Return by what a document is known again: its text, and its pattern if it is of one."""
    place = read_patterns(data).place_of(document)
    digest = digest_text(text)
    return [digest] if place is None else [digest, place]
