"""Which mentions of a run can be labelled.

A mention that is labelled is a sentence and a keyword, however many of its terms the sentence
holds, and has a polarity to be compared with. A label is a code of the codebook "polarity".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from models.bulk import select_in
from models.codes import UnitKey
from models.database import Database
from models.documents import quoted_sentence, text_part_of
from models.runs import get_run
from models.tables import IS_REPORT, Document, Job, Mention


class LabelledMention(NamedTuple):
    """A mention with what stays the same in another database: its month and its document's name."""

    key: UnitKey
    period: str

    # The document's identity.
    document: str


def list_mentions_by_month(db: Database, run_id: int) -> Iterator[list[LabelledMention]]:
    """Yield the mentions of each month that have a polarity, a month in each transaction."""
    jobs = select(Job.id, Job.name).where(Job.run_id == run_id, ~IS_REPORT).order_by(Job.name)
    with db.read() as connection:
        months = connection.execute(jobs).all()

    for job_id, period in months:
        columns = (Mention.document_id, Mention.keyword, Mention.position, Document.identity)
        mentions = (
            select(*columns)
            .join(Document, Document.id == Mention.document_id)
            .where(Mention.job_id == job_id, Mention.polarity.is_not(None))
            .distinct()
        )
        labelled_mentions = []
        with db.read() as connection:
            for document_id, keyword, position, identity in connection.execute(mentions):
                key = UnitKey(document_id, keyword, position)
                labelled_mentions.append(LabelledMention(key, period, identity))

        yield labelled_mentions


def read_sentences(
    connection: Connection, run_id: int, keys: Sequence[UnitKey]
) -> dict[UnitKey, str]:
    """Return the sentences of the mentions *keys* of a run, as their sources have them."""
    part = text_part_of(get_run(connection, run_id).parameters)
    columns = (Mention.document_id, Mention.keyword, Mention.position, quoted_sentence(part))
    mentions = (
        select(*columns)
        .join(Job, Job.id == Mention.job_id)
        .join(Document, Document.id == Mention.document_id)
        .where(Job.run_id == run_id)
    )
    document_ids = {key.document_id for key in keys}
    sentences = {
        UnitKey(*key): sentence
        for *key, sentence in select_in(connection, mentions, Mention.document_id, document_ids)
    }
    return {key: sentences[key] for key in keys if key in sentences}
