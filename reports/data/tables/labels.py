"""The table `labels`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

import polars as pl
from sqlalchemy import select

from models.codes import PERSON
from models.documents import quoted_sentence
from models.tables import Document, Mention
from reports.data import export_schema as schema
from reports.data.coder_names import name_coder
from reports.data.queries import fetch_columns, is_among
from reports.data.run_data import RunData, RunJob, keep_rows_of_run
from reports.frames.codes import UNIT, load_labels
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
    labels = load_labels(run)
    columns = (Mention.document_id, Mention.keyword, Mention.position)
    statement = (
        select(*columns, quoted_sentence(run.text_part), Mention.polarity)
        .join(Document, Document.id == Mention.document_id)
        .where(Mention.job_id == job.id, is_among(run.db, Mention.document_id, "documents"))
        # A sentence with two terms of a keyword is two rows of mentions.
        .distinct()
    )

    documents = labels["document"].unique().to_list()
    mentions = fetch_columns(run.db, statement, documents=documents)
    schema_of_mentions = {column: labels.schema[column] for column in UNIT}
    schema_of_mentions |= {"sentence": pl.String(), "polarity": pl.Float64()}
    cells = dict(zip(schema_of_mentions, mentions, strict=True))
    labelled = labels.join(pl.DataFrame(cells, schema_of_mentions), on=UNIT)

    for label in labelled.iter_rows(named=True):
        yield LabelRow(
            run=run.id,
            period=job.name,
            document=label["identity"],
            keyword=label["keyword"],
            position=label["position"],
            coder=name_coder(run, label["coder"]).removeprefix(PERSON),
            label=None if label["code"] is None else int(label["code"]),
            sentence=label["sentence"],
            polarity=valid_polarity(label["polarity"]),
        )


LABELS = schema.Table(
    "labels",
    LabelRow,
    read_labels,
    schema.MENTION_RUNS,
    key=("period", "document", "keyword", "position", "coder"),
)
