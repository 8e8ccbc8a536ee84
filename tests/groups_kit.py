"""Archives of several outlets, stored as imports store them, and runs over them with results."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import insert, select, update

from core.enums import DOCUMENTS, Grain, Grouping, State, StepState
from models.database import Database
from models.documents import add_documents, documents_of, newest_document
from models.tables import Document, Job, JobStep, Mention
from producers.submit import submit_run
from reports.data import exports
from reports.data.group_counts import KeywordGroups, compare_groups
from reports.data.run_data import document_scope, load_run
from reports.series.daily import COUNTS, HIT, POLARITIES, Daily
from reports.series.fold import fold
from reports.series.groupings import Groups
from reports.stats.intervals import TRILLIONTHS
from tests.report_stories import polarity_of
from textapi.text.keywords import pattern

STEPS = (DOCUMENTS, "keywords", "polarity")

# The columns of hits. A sum that a test does not give is null.
_HITS = (
    dict.fromkeys(["job", *HIT], pl.String)
    | dict.fromkeys([*COUNTS, *POLARITIES], pl.Int64)
    | {"day": pl.Date, "squares": pl.Int128}
)

# The documents, the matched ones and their polarities by group; None stands for a gap.
Month = Mapping[str, tuple[int, int, Sequence[float]] | None]


@dataclass(frozen=True)
class Piece:
    """A document of an outlet."""

    at: str  # YYYY-MM-DD
    text: str
    outlet: str = ""
    section: str = ""
    material: str = ""
    source: str = "nyt"


def store_pieces(db: Database, pieces: Iterable[Piece], *, first: int = 1) -> None:
    """Store documents, numbered from *first* on."""
    rows = []
    for number, piece in enumerate(pieces, first):
        rows.append(
            {
                "identity": f"{piece.source}:{number:06}",
                "source": piece.source,
                "handle": None,
                "published_at": datetime.fromisoformat(piece.at),
                "period": piece.at[:7],
                "text": piece.text,
                "outlet": piece.outlet,
                "section": piece.section,
                "material": piece.material,
            }
        )

    add_documents(db, rows)


def run_months(db: Database, parameters: Any, *, without: Sequence[str] = ()) -> int:
    """Submit a run and write its results as the steps would; months *without* are not through."""
    run = submit_run(db, parameters, ())
    data = load_run(db, run)
    newest = newest_document(db)
    for job in data.jobs:
        if job.name in without:
            continue

        mentions: list[dict[str, Any]] = []
        with db.write() as connection:
            values = {"newest_document": newest, "state": State.DONE}
            connection.execute(update(Job).where(Job.id == job.id).values(values))
            columns = select(Document.id, Document.text)
            texts = connection.execute(columns.where(documents_of(document_scope(data, job)))).all()
            for keyword in parameters.keywords:
                for term in keyword.terms:
                    for document, text in texts:
                        if pattern(term).search(text):
                            mentions.append(
                                {
                                    "job_id": job.id,
                                    "document_id": document,
                                    "keyword": keyword.name,
                                    "term": term,
                                    "position": 1,
                                    "sentence": text,
                                    "polarity": polarity_of(text),
                                }
                            )

            stored = documents_of(document_scope(data, job).of_all_kinds)
            has_documents = connection.scalar(select(Document.id).where(stored).limit(1))
            state = StepState.COMPLETE if has_documents else StepState.NO_DATA
            outcome = {"job_id": job.id, "state": state, "documents": len(texts), "at": 0.0}
            connection.execute(insert(JobStep), [outcome | {"step": step} for step in STEPS])
            if mentions:
                connection.execute(insert(Mention), mentions)

    return run


def rows_by(
    db: Database,
    run: int,
    grouping: Grouping | None = None,
    grain: Grain | None = None,
    *,
    table: str = "periods",
    **wanted: Any,
) -> list[dict[str, Any]]:
    """Return the exported rows that have what is *wanted*, a term of None by default."""
    out = io.BytesIO()
    exports.write(db, run, table, "jsonl", out, grain=grain, grouping=grouping)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    choice = wanted if table != "periods" else {"term": None} | wanted
    return [row for row in rows if all(row[name] == value for name, value in choice.items())]


def count_months(*months: Month) -> KeywordGroups:
    """Return what is counted of months of 2020; None stands for a gap."""
    names = list(dict.fromkeys(name for month in months for name in month))
    days: list[dict[str, Any]] = []
    hits: list[dict[str, Any]] = []
    for number, month in enumerate(months, 1):
        # All documents of a month are of its first day.
        first = date(2020, number, 1)
        for name in names:
            documents, matched, polarities = month.get(name) or (0, 0, ())
            trillionths = [round(polarity * TRILLIONTHS) for polarity in polarities]
            day = {"job": f"{first:%Y-%m}", "day": first, "group": name}
            has_data = month.get(name) is not None
            days.append({**day, "documents": documents, "has_data": has_data, "is_missing": False})
            sums = {"matched": matched, "mentions": matched, "scored": len(trillionths)}
            squares = sum(value**2 for value in trillionths)
            sums |= {"total": sum(trillionths), "squares": squares}
            hits.append({**day, "keyword": "fog", **sums})

    daily = Daily(_list_complete(days), pl.DataFrame(days), pl.DataFrame(hits, _HITS))
    rows = fold(daily, Grain.MONTH, [("fog", None)], Groups(Grouping.OUTLET, names))
    month_rows = rows.with_columns(cut_off=False)
    return compare_groups("fog", month_rows, month_rows)


def _list_complete(days: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the rows of jobs that are through."""
    jobs = pl.DataFrame({"job": sorted({day["job"] for day in days})})
    states = {"state": pl.lit("complete"), "has_counts": True, "has_polarity": True}
    return jobs.with_columns(account=pl.lit(None, pl.String), **states)
