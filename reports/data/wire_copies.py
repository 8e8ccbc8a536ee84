"""Wire copies: documents whose text another outlet has in the same month, too."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping

from sqlalchemy import select

from core.enums import Grouping
from models.documents import text_column
from models.tables import Document, Mention, Origin
from reports.data.groupings import name_group
from reports.data.queries import fetch_all, in_batches
from reports.data.repeats import digest_text, read_patterns
from reports.data.run_data import RunData, RunJob
from reports.data.selection import left_out

# The number of copies by keyword and outlet.
Copies = Mapping[tuple[str, str], int]


def count_copies(run: RunData) -> Copies:
    """Return how many documents that mention a keyword are copies, by keyword and outlet.

    Texts are copies if they are equal but for case and white space, or if they share a pattern of
    the run's repeats: an agency's text with other names and figures. Nothing is counted unless the
    run is grouped by outlet.
    """
    copies: Counter[tuple[str, str]] = Counter()
    if run.grouping == Grouping.OUTLET:
        for job in run.jobs:
            copies.update(_find_copies(run, job))

    return copies


def _find_copies(run: RunData, job: RunJob) -> Iterator[tuple[str, str]]:
    """Yield keyword and outlet of each copy among the mentioning documents of a month."""
    keywords: dict[int, list[str]] = defaultdict(list)
    mentions = select(Mention.document_id, Mention.keyword).where(Mention.job_id == job.id)
    without = left_out(run, job)
    for document, keyword in fetch_all(run.db, mentions.distinct()):
        if document not in without:
            keywords[document].append(keyword)

    outlet_of: dict[int, str] = {}
    keys_of: dict[int, list[Hashable]] = {}
    outlets: dict[Hashable, set[str]] = defaultdict(set)
    for batch in in_batches(keywords):
        columns = select(Document.id, text_column(run.text_part), Origin.outlet)
        documents = columns.join(Origin, Origin.id == Document.origin_id)
        for document, text, outlet in fetch_all(run.db, documents.where(Document.id.in_(batch))):
            outlet_of[document] = name_group(outlet)
            keys_of[document] = _list_keys(run, document, text)
            for key in keys_of[document]:
                outlets[key].add(outlet_of[document])

    for document, keys in keys_of.items():
        if any(len(outlets[key]) > 1 for key in keys):
            for keyword in keywords[document]:
                yield keyword, outlet_of[document]


def _list_keys(run: RunData, document: int, text: str) -> list[Hashable]:
    """Return the keys by which copies are found: the text, and the pattern if it has one."""
    pattern_place = read_patterns(run).place_of(document)
    digest = digest_text(text)
    return [digest] if pattern_place is None else [digest, pattern_place]
