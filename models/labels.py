"""Labels: which mentions of a run can be labelled, and what coders said of them.

A mention that is labelled is a sentence and a keyword, however many of its terms the sentence
holds, and has a polarity to be compared with. A label is a code of the codebook "polarity".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from core.enums import CodeState
from models import codes
from models.codes import PERSON, CodeValue, Coding, UnitCodes, UnitKey
from models.database import Database, batched
from models.documents import quoted_sentence, text_part_of
from models.runs import get_run
from models.tables import (
    IS_REPORT,
    POLARITY_CODEBOOK,
    POLARITY_VARIABLE,
    Document,
    Job,
    Mention,
)


class LabelledMention(NamedTuple):
    """A mention with what stays the same in another database: its month and its document's name."""

    key: UnitKey
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
                key = UnitKey(document_id, keyword, position)
                labelled_mentions.append(LabelledMention(key, period, identity))

        yield labelled_mentions


def read_sentences(
    connection: Connection, run_id: int, keys: Sequence[UnitKey]
) -> dict[UnitKey, str]:
    """Return the sentences of the mentions *keys* of a run, as their sources have them."""
    selected = set(keys)
    sentences: dict[UnitKey, str] = {}
    part = text_part_of(get_run(connection, run_id).parameters)
    columns = (Mention.document_id, Mention.keyword, Mention.position, quoted_sentence(part))
    mentions = (
        select(*columns)
        .join(Job, Job.id == Mention.job_id)
        .join(Document, Document.id == Mention.document_id)
        .where(Job.run_id == run_id)
    )
    for batch in batched(sorted({key.document_id for key in keys})):
        batch_mentions = mentions.where(Mention.document_id.in_(batch))
        for document_id, keyword, position, sentence in connection.execute(batch_mentions):
            key = UnitKey(document_id, keyword, position)
            if key in selected:
                sentences[key] = sentence

    return sentences


def read_labels(connection: Connection, run_id: int, coder: str) -> dict[UnitKey, int | None]:
    """Return the labels of a coder; None stands for a mention that was skipped."""
    labels: dict[UnitKey, int | None] = {}
    for unit, unit_codes in codes.read_codes(connection, _labelling(run_id, coder)).items():
        labels[unit] = to_label(unit_codes[POLARITY_VARIABLE].code)

    return labels


def to_label(code: str | None) -> int | None:
    """Return the label that a code of the codebook "polarity" stands for."""
    return None if code is None else int(code)


def store_labels(
    connection: Connection,
    db: Database,
    run_id: int,
    coder: str,
    labels: Mapping[UnitKey, int | None],
) -> None:
    """Store the labels of a coder, in the place of those that they gave the same mentions."""
    label_codes = {unit: _as_codes(polarity) for unit, polarity in labels.items()}
    codes.replace_codes(connection, db, _labelling(run_id, coder), label_codes)


def delete_label(connection: Connection, run_id: int, coder: str, unit: UnitKey) -> None:
    """Delete a coder's label of a mention."""
    codes.delete_codes(connection, _labelling(run_id, coder), [unit])


def _labelling(run_id: int, coder: str) -> Coding:
    return Coding(run_id, POLARITY_CODEBOOK, f"{PERSON}{coder}")


def _as_codes(polarity: int | None) -> UnitCodes:
    if polarity is None:
        return {POLARITY_VARIABLE: CodeValue(None, CodeState.CANNOT_BE_CODED)}
    return {POLARITY_VARIABLE: CodeValue(f"{polarity}")}
