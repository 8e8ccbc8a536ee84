"""What sentences call the subjects of a run: as its texts write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import polars as pl
from sqlalchemy import select

from analysis.options import Keyword
from core.enums import TextPart
from models.documents import quoted_text
from models.tables import Document
from reports.data.queries import fetch_scalars, in_batches
from reports.data.run_data import RunData, once_of_run
from reports.frames.reading import gather, load_mentioning
from textapi.text.keywords import pattern

# So many of the texts that mention a keyword are looked at, evenly over the run.
MOST_TEXTS = 500
# A spelling is the usual one if it has so large a share of the mentions.
USUAL = 2 / 3


@once_of_run
def read_names(run: RunData) -> dict[str, str]:
    """Return what each keyword is called: Trump for “trump”.

    A keyword that texts write in several ways, or not at all, is called as the user wrote it. Posts
    have no keywords.
    """
    if not run.keywords:
        return {}

    documents: dict[str, set[int]] = {keyword.name: set() for keyword in run.keywords}
    columns = pl.col("keyword").cast(pl.String), pl.col("document")
    for mentions in gather(
        run,
        run.jobs,
        lambda _, frames: [frames.mentions.lazy().select(columns).unique()],
        load_mentioning,
    ):
        for keyword_name, document, _ in mentions.iter_rows():
            documents[keyword_name].add(document)

    return {
        keyword.name: _find_name(run, keyword, documents[keyword.name]) for keyword in run.keywords
    }


def _find_name(run: RunData, keyword: Keyword, documents: Collection[int]) -> str:
    step = 1 + len(documents) // MOST_TEXTS
    name, spellings = pattern(keyword.name), Counter[str]()
    for batch in in_batches(sorted(documents)[::step]):
        statement = select(quoted_text(TextPart.HEADLINE)).where(Document.id.in_(batch))
        for text in fetch_scalars(run.db, statement):
            spellings.update(text[start:end] for start, end in name.find_spans(text))

    spelling, times = max(spellings.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    is_usual = times > USUAL * spellings.total()
    return spelling if is_usual else f"“{keyword.name}”"


def read_subject_names(run: RunData) -> Mapping[str, str]:
    """Return what readers call each keyword, or each account or search by the name of its job."""
    if run.kind.has_mentions:
        return read_names(run)
    return {job.name: run.kind.job_title(job.name, job.options) for job in run.jobs}
