"""Stories: documents with one address, or with one headline of an outlet on one day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select

from models.documents import quoted_text
from models.tables import Document, Origin
from reports.data.queries import fetch_column_pages
from reports.data.run_data import RunData, RunJob, documents_condition
from sources.base import host_of
from sources.registry import SOURCES
from sources.stories import canonical_address


@dataclass(slots=True)
class Story:
    """The documents of a story, by their source."""

    site: str
    day: date | None
    section: str
    documents: dict[str, list[int]] = field(default_factory=dict)

    # What its documents call their outlet.
    outlets: Counter[str] = field(default_factory=Counter)


def read_stories(run: RunData, job: RunJob) -> Iterable[Story]:
    """Return the stories of a job of months."""
    columns = (
        *(Document.source, Origin.outlet, Origin.section),
        *(Document.address, Document.published_at),
    )
    selected = select(Document.id, *columns, quoted_text(run.text_part))
    statement = selected.join(Origin, Origin.id == Document.origin_id)
    pages = fetch_column_pages(run.db, statement.where(documents_condition(run, job)), Document.id)
    outlets = {source.name: source.archive.outlet for source in SOURCES if source.archive}
    documents = [
        (number, source, outlet or outlets.get(source, ""), *others)
        for page in pages
        for number, source, outlet, *others in zip(*page, strict=True)
    ]
    # Documents without an address are of the site that others of their outlet have.
    site_of_outlet = {
        outlet.casefold(): site
        for _, _, outlet, _, address, _, _ in documents
        if outlet and (site := _site_of(address))
    }

    stories: dict[object, Story] = {}
    for number, source, outlet, section, address, at, text in documents:
        name = outlet.casefold()
        site = _site_of(address) or site_of_outlet.get(name, name)
        headline = "".join(filter(str.isalnum, text.casefold()))
        day = at.date() if at else None
        keys: list[object] = [(site, day, headline)]
        if address:
            keys.insert(0, canonical_address(address).replace("//www.", "//", 1))

        new_story = Story(site, day, section)
        story = next((stories[key] for key in keys if key in stories), new_story)
        story.documents.setdefault(source, []).append(number)
        story.outlets[outlet or site] += 1
        for key in keys:
            stories.setdefault(key, story)

    # A story stands under each of its keys.
    return {id(story): story for story in stories.values()}.values()


def find_held_before(run: RunData, job: RunJob) -> frozenset[int]:
    """Return the documents of *job* whose story a source that the run names before holds, too."""
    sources = run.month_parameters.sources
    held_before: set[int] = set()
    for story in read_stories(run, job):
        first = min(story.documents, key=sources.index)
        for source, documents in story.documents.items():
            if source != first:
                held_before.update(documents)

    return frozenset(held_before)


def _site_of(address: str | None) -> str | None:
    """Return the site of an address: its host without what stands before the registered name."""
    host = host_of(address)
    if host is None:
        return None

    labels = host.partition(":")[0].split(".")
    # "bbc.co.uk" and "abc.net.au" are registered below a second label of few letters.
    is_below = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3:] if is_below else labels[-2:])
