"""Labels: which mentions of a run can be labelled, and what coders said of them.

A mention that is labelled is a sentence and a keyword, however many of its terms the sentence
holds, and has a polarity to be compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import IntegrityError

from models.database import Database, batched, clock, insert_new
from models.runs import get_run
from models.tables import IS_REPORT, Document, Job, Label, Mention


class MentionKey(NamedTuple):
    """A mention of a run: the document's id, the keyword, the number of the sentence."""

    document_id: int
    keyword: str
    position: int


class LabelOutcome(Enum):
    """What became of a label that was given in a session."""

    STORED = "stored"
    #: the coder gave the mention one in another session, which stays
    THERE_ALREADY = "there already"
    #: the mention's document is not stored any more
    ERASED = "erased"


class LabelledMention(NamedTuple):
    """A mention with what stays the same in another database: its month and its document's name."""

    key: MentionKey
    period: str

    # The document's identity.
    document: str


def list_months(connection: Connection, run_id: int) -> list[tuple[int, str]]:
    """Return the id and name of the run's jobs of months, in their order."""
    jobs = select(Job.id, Job.name).where(Job.run_id == run_id, ~IS_REPORT)
    return [(job.id, job.name) for job in connection.execute(jobs.order_by(Job.name))]


def list_mentions_by_month(db: Database, run_id: int) -> Iterator[list[LabelledMention]]:
    """Yield the mentions of each month that have a polarity, a month in each transaction."""
    with db.read() as connection:
        months = list_months(connection, run_id)

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
                key = MentionKey(document_id, keyword, position)
                labelled_mentions.append(LabelledMention(key, period, identity))
        yield labelled_mentions


def read_sentences(
    connection: Connection, run_id: int, keys: Sequence[MentionKey]
) -> dict[MentionKey, str]:
    """Return the sentences of the mentions *keys* of a run."""
    selected = set(keys)
    sentences: dict[MentionKey, str] = {}
    columns = (Mention.document_id, Mention.keyword, Mention.position, Mention.sentence)
    mentions = select(*columns).join(Job, Job.id == Mention.job_id).where(Job.run_id == run_id)
    for batch in batched(sorted({key.document_id for key in keys})):
        batch_mentions = mentions.where(Mention.document_id.in_(batch))
        for document_id, keyword, position, sentence in connection.execute(batch_mentions):
            key = MentionKey(document_id, keyword, position)
            if key in selected:
                sentences[key] = sentence
    return sentences


def read_labels(connection: Connection, run_id: int, coder: str) -> dict[MentionKey, int | None]:
    """Return the labels of a coder; None stands for a mention that was skipped."""
    columns = (Label.document_id, Label.keyword, Label.position, Label.value)
    labels = select(*columns).where(Label.run_id == run_id, Label.coder == coder)
    labels_by_mention: dict[MentionKey, int | None] = {}
    for document_id, keyword, position, polarity in connection.execute(labels):
        labels_by_mention[MentionKey(document_id, keyword, position)] = polarity
    return labels_by_mention


def store_labels(
    connection: Connection,
    db: Database,
    run_id: int,
    coder: str,
    labels: Mapping[MentionKey, int | None],
) -> None:
    """Store the labels of a coder, in the place of those that they gave the same mentions."""
    labelled_at = connection.execute(select(clock())).scalar_one()
    statement = db.upsert(Label)
    changed = {"value": statement.excluded.value, "at": statement.excluded.at}
    keys = ["run_id", "document_id", "keyword", "position", "coder"]
    label_rows = []
    for key, polarity in labels.items():
        whose = {"run_id": run_id, "coder": coder, "value": polarity, "at": labelled_at}
        label_rows.append({**key._asdict(), **whose})
    if label_rows:
        connection.execute(
            statement.on_conflict_do_update(index_elements=keys, set_=changed), label_rows
        )


def add_label(
    db: Database, run_id: int, coder: str, key: MentionKey, polarity: int | None
) -> LabelOutcome:
    """Store a coder's label of a mention that has none of theirs. Raises `NotFound` for the run."""
    try:
        with db.write() as connection:
            labelled_at = connection.execute(select(clock())).scalar_one()
            label: dict[str, Any] = {
                "run_id": run_id,
                "coder": coder,
                "value": polarity,
                "at": labelled_at,
            }
            statement = insert_new(Label, is_sqlite=db.is_sqlite)
            is_added = connection.execute(statement, {**key._asdict(), **label}).rowcount > 0
    except IntegrityError:
        # The document or the run was erased.
        with db.read() as connection:
            get_run(connection, run_id)
        return LabelOutcome.ERASED
    return LabelOutcome.STORED if is_added else LabelOutcome.THERE_ALREADY


def delete_label(connection: Connection, run_id: int, coder: str, key: MentionKey) -> None:
    """Delete a coder's label of a mention."""
    columns = (Label.document_id, Label.keyword, Label.position)
    is_of_mention = [column == key_part for column, key_part in zip(columns, key, strict=True)]
    is_of_coder = (Label.run_id == run_id, Label.coder == coder)
    connection.execute(delete(Label).where(*is_of_coder, *is_of_mention))
