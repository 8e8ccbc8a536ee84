"""The table `labels`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from sqlalchemy import and_, select

from models.codes import PERSON
from models.documents import quoted_sentence
from models.tables import POLARITY_CODEBOOK, Code, Document, Mention
from reports.data import export_schema as schema
from reports.data.coder_names import name_coder
from reports.data.queries import fetch_all
from reports.data.run_data import RunData, RunJob, keep_rows_of_run
from reports.frames.frames import valid_polarity


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row per mention and coder who labelled it; a mention is a sentence and a keyword."""

    run: schema.RunNumber
    period: Annotated[str, "Month, UTC."]
    document: schema.DocumentIdentity
    keyword: Annotated[str, "Name of the keyword."]
    position: Annotated[int, "Number of the sentence in its document, from 1."]
    coder: Annotated[str, "Who gave the label."]
    label: Annotated[int | None, "-1 negative, 0 neutral, 1 positive; null where it was skipped."]
    sentence: Annotated[str, "The sentence as its source has it."]
    polarity: Annotated[float | None, "Its polarity in `mentions`.", schema.POLARITY]


@keep_rows_of_run
def read_labels(run: RunData, job_names: Collection[str] | None = None) -> Iterator[LabelRow]:
    """Yield a row per month, coder and mention that the run still has."""
    for job in run.jobs_named(job_names):
        yield from LABELS.sort(_read_month(run, job))


def _read_month(run: RunData, job: RunJob) -> Iterator[LabelRow]:
    is_of_mention = and_(
        Mention.document_id == Code.document_id,
        Mention.keyword == Code.keyword,
        Mention.position == Code.position,
        Mention.job_id == job.id,
    )
    columns: tuple[Any, ...] = (Document.identity, Code.keyword, Code.position, Code.coder)
    statement = (
        select(*columns, Code.code, quoted_sentence(run.text_part), Mention.polarity)
        .join(Document, Document.id == Code.document_id)
        .join(Mention, is_of_mention)
        .where(Code.run_id == run.id, Code.codebook_id == POLARITY_CODEBOOK)
        .where(Code.coder.startswith(PERSON, autoescape=True))
        # A sentence with two terms of a keyword is two rows of mentions.
        .distinct()
    )

    for identity, keyword, position, coder, code, sentence, polarity in fetch_all(
        run.db, statement
    ):
        yield LabelRow(
            run=run.id,
            period=job.name,
            document=identity,
            keyword=keyword,
            position=position,
            coder=name_coder(run, coder).removeprefix(PERSON),
            label=None if code is None else int(code),
            sentence=sentence,
            polarity=valid_polarity(polarity),
        )


LABELS = schema.Table(
    "labels",
    LabelRow,
    read_labels,
    schema.MENTION_RUNS,
    key=("period", "document", "keyword", "position", "coder"),
)
