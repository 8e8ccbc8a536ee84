"""What a report's folder keeps of documents that have not changed since its last report.

The file of all documents has a member of gzip for each month, which are one file one behind
another; the list of documents has parts. What each was made of is remembered, so that a report
after one new month takes the others as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Text, cast, func, select

from models.documents import quoted_text, tags_column
from models.tables import Document
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob, documents_condition, once
from reports.data.searched_texts import read_verdicts
from reports.data.selection import left_out
from reports.frames.reading import hash_origins


class Member(NamedTuple):
    """A member of a file: a hash of what it was made of, its length, and a hash of its bytes."""

    made_of: str
    length: int
    content_hash: str

    @classmethod
    def of(cls, made_of: str, content: bytes) -> Member:
        """Return what is remembered of a member."""
        return cls(made_of, len(content), hashlib.sha256(content).hexdigest())


class JobParts(NamedTuple):
    """The parts of a job in the list of documents: what they were made of, and their files."""

    made_of: str
    file_names: list[str]


@dataclass(frozen=True)
class LastReport:
    """What a run's folder holds of its last report, for a report by this *version* of the code."""

    version: str = ""
    members: Sequence[Member] = ()

    # By the names of jobs.
    parts: Mapping[str, JobParts] = field(default_factory=dict)


@once
def hash_origin_of_member(run: RunData, job: RunJob, *options: object) -> str:
    """Return a hash of what the documents of a month are written from, and of the *options*.

    It changes with the documents that there are, and with all that an import may add to a document
    that a run has read: author, place, abstract, subject terms and what is known of its full stop.
    """
    tags = cast(tags_column(), Text)
    measures = (
        *(func.count(), func.sum(Document.id), func.sum(Document.origin_id)),
        *(func.count(Document.handle), func.sum(func.length(Document.handle))),
        *(func.count(Document.address), func.sum(func.length(Document.address))),
        func.sum(func.length(quoted_text(run.text_part))),
        func.sum(func.length(tags)),
    )
    measured = fetch_all(run.db, select(*measures).where(documents_condition(run, job)))
    origins = hash_origins(run)[job.id], list(map(tuple, measured)), read_verdicts(run)
    parts = (run.id, *origins, sorted(left_out(run, job)), *options)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def read_member(path: Path, members: Sequence[Member], made_of: str) -> bytes | None:
    """Return the bytes of the one of the *members* of a file that was made of *made_of*.

    They are None where there is none, and where the file has other bytes: a build that was killed
    may have written another file.
    """
    offset = 0
    for member in members:
        if member.made_of == made_of:
            return _read_at(path, offset, member)

        offset += member.length

    return None


def _read_at(path: Path, offset: int, member: Member) -> bytes | None:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read(member.length)
    except OSError:
        return None

    return content if Member.of(member.made_of, content) == member else None
