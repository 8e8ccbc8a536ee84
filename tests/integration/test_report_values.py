"""No value of a stored row, however odd, keeps a report or an export from being made."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from core.enums import DOCUMENTS
from models.database import Database
from models.tables import (
    Base,
    Call,
    Document,
    Entity,
    Epoch,
    Import,
    JobStep,
    Mention,
    Phrase,
    PostPolarity,
    Prediction,
    Run,
    Summary,
    Training,
)
from reports.build import report_folder
from reports.data import exports
from reports.data.formats import WRITERS
from tests import exports_kit as kit

pytestmark = pytest.mark.thorough

TABLES: tuple[type[Base], ...] = (
    *(Mention, PostPolarity, Phrase, Entity, Summary, Epoch, Prediction, Training, JobStep),
    *(Call, Import, Document, Run),
)
MONTHS = ("2020-03", "2020-04")

# what the columns can hold: no NUL and no lone surrogate, 32 bits where two databases agree
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
COUNTS = st.integers(-(2**31), 2**31 - 1)
NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e308, -1e308, 5e-324, 1.0000001, math.inf, -math.inf]),
    st.floats(allow_nan=False),
)
FIRST, LAST = datetime.min, datetime.max  # noqa: DTZ901 - the column is naive UTC
# a span of a few decades: one of thousands of years takes seconds to draw, and has its own test
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001
STATES = st.sampled_from(["complete", "failed", "no-data", "odd"])
REASONS = st.none() | TEXTS
QUICK = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a smaller example would take minutes to find
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, _sqlite_template: Path) -> str:
    """What a column holds is the same on both; NaN, which SQLite has not, has a test of its own."""
    path = tmp_path / "tidings.db"
    path.write_bytes(_sqlite_template.read_bytes())
    return f"{request.param}:///{path}"


def empty(db: Database) -> None:
    with db.write() as connection:
        for table in TABLES:
            connection.execute(delete(table))


def store(db: Database, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        kit.add(db, table, *rows)


def export_all(db: Database, run: int) -> None:
    """Write every table in every format, and read JSONL back as strict JSON."""
    for table in exports.TABLES:
        for form in WRITERS:
            out = io.BytesIO()
            exports.write(db, run, table, form, out)
            if form == "jsonl":
                for line in out.getvalue().splitlines():
                    json.loads(line, parse_constant=pytest.fail)


def make_report(db: Database, run: int, folder: Path) -> str:
    """Make the report and return its pages, one after the other."""
    out = report_folder.build(db, [run], folder / f"report-{run}").parent
    return "".join(path.read_text(encoding="utf-8") for path in sorted(out.glob("*.html")))


def draw_steps(data: st.DataObject, job: int) -> list[dict[str, Any]]:
    steps = (DOCUMENTS, "keywords", "polarity", "phrases", "entities", "summary")
    rows = []
    for name in data.draw(st.lists(st.sampled_from(steps), unique=True, min_size=3)):
        state = data.draw(st.just("complete") | STATES)
        rows.append(kit.step(job, name, state, data.draw(COUNTS), data.draw(REASONS)))

    return rows


def draw_words(data: st.DataObject, job: int, keyword: str) -> dict[type[Base], list[Any]]:
    """Draw rows of what a job found: phrases, entities, a summary."""
    base = {"job_id": job, "keyword": keyword}
    phrases = []
    for rank in data.draw(st.lists(COUNTS, unique=True, max_size=4)):
        found = {"phrase": data.draw(TEXTS), "count": data.draw(COUNTS)}
        phrases.append(base | {"rank": rank} | found)

    entities = []
    keys = st.tuples(st.sampled_from(["", "2020-03"]) | TEXTS, TEXTS, TEXTS)
    for period, kind, name in data.draw(st.lists(keys, unique=True, max_size=6)):
        counts = {"rank": data.draw(COUNTS), "count": data.draw(COUNTS)}
        spellings = data.draw(st.lists(TEXTS, max_size=3))
        key = {"period": period, "type": kind, "name": name}
        entities.append(base | key | counts | {"spellings": spellings})

    return {Phrase: phrases, Entity: entities, Summary: [base | {"summary": data.draw(TEXTS)}]}


@QUICK
@given(data=st.data())
def test_no_value_of_a_run_of_months_stops_its_report(
    db: Database, tmp_path: Path, data: st.DataObject
) -> None:
    empty(db)
    run, jobs = kit.months(db, *MONTHS)
    documents: list[dict[str, Any]] = []
    mentions: list[dict[str, Any]] = []
    for number in range(12):
        period = MONTHS[number % 2]
        given = {"text": data.draw(TEXTS), "address": data.draw(REASONS)}
        documents.append(kit.document(number, data.draw(TEXTS) + str(number), period, **given))
        polarity = data.draw(st.none() | NUMBERS)
        row = kit.mention(jobs[period], number, "covid", data.draw(COUNTS), polarity)
        mentions.append(row | {"sentence": data.draw(TEXTS)})

    store(db, Document, documents)
    store(db, Mention, mentions)
    for job in jobs.values():
        store(db, JobStep, draw_steps(data, job))
        for table, rows in draw_words(data, job, "covid").items():
            store(db, table, rows)

    export_all(db, run)
    assert "</html>" in make_report(db, run, tmp_path)


@QUICK
@given(data=st.data())
def test_no_value_of_a_run_of_handles_stops_its_report(
    db: Database, tmp_path: Path, data: st.DataObject
) -> None:
    empty(db)
    run, jobs = kit.handles(db, "nasa", "esa")
    documents: list[dict[str, Any]] = []
    polarities: list[dict[str, Any]] = []
    for number in range(12):
        handle = ("nasa", "esa")[number % 2]
        at = data.draw(st.none() | TIMES)
        given = {"text": data.draw(TEXTS), "address": data.draw(REASONS), "handle": handle}
        row = kit.document(number, data.draw(TEXTS) + str(number), None, **given, source="x")
        period = f"{at:%Y-%m}" if at else None  # "45-03" for the year 45
        row |= {"published_at": at, "period": period, "repost": data.draw(st.booleans())}
        documents.append(row)
        score = {"job_id": jobs[f"@{handle}"], "document_id": number}
        polarities.append(score | {"polarity": data.draw(NUMBERS)})

    store(db, Document, documents)
    store(db, PostPolarity, data.draw(st.lists(st.sampled_from(polarities), unique_by=str)))
    for job in jobs.values():
        store(db, JobStep, draw_steps(data, job))
        for table, rows in draw_words(data, job, "").items():
            store(db, table, rows)

    export_all(db, run)
    assert "</html>" in make_report(db, run, tmp_path)


@QUICK
@given(data=st.data())
def test_no_value_of_a_run_of_trainings_stops_its_report(
    db: Database, tmp_path: Path, data: st.DataObject
) -> None:
    empty(db)
    run = kit.training(db)
    job = kit.jobs_of(db, run)["feedforward 1"]
    epochs: list[dict[str, Any]] = []
    predictions: list[dict[str, Any]] = []
    for number in range(6):
        epoch: dict[str, Any] = {"job_id": job, "epoch": number}
        for column in ("train_loss", "seconds"):
            epoch[column] = data.draw(NUMBERS)

        for column in ("validation_loss", "accuracy"):
            epoch[column] = data.draw(st.none() | NUMBERS)

        epochs.append(epoch)
        values = {"actual": data.draw(NUMBERS), "predicted": data.draw(NUMBERS)}
        split = data.draw(st.sampled_from(["train", "validation", "test", "odd"]))
        predictions.append({"job_id": job, "split": split, "index": number, **values})

    errors = ("train_rmse", "validation_rmse", "accuracy", "baseline_mean", "baseline_last")
    results = {name: data.draw(st.none() | NUMBERS) for name in errors}
    remarks = data.draw(st.lists(TEXTS, max_size=2))
    store(db, Epoch, epochs)
    store(db, Prediction, predictions)
    store(db, Training, [{"job_id": job, "remarks": remarks, **results}])
    export_all(db, run)
    assert "</html>" in make_report(db, run, tmp_path)


def test_a_run_without_a_scored_mention_has_a_report(db: Database, tmp_path: Path) -> None:
    run, jobs = kit.months(db, *MONTHS)
    kit.add(db, Document, kit.document(1, "a", "2020-03"), kit.document(2, "b", "2020-04"))
    kit.add(db, Mention, kit.mention(jobs["2020-03"], 1, "covid", 1, None))
    for job in jobs.values():
        kit.add(db, JobStep, *(kit.step(job, name, documents=1) for name in kit.TEXT_STEPS))

    page = make_report(db, run, tmp_path)
    assert "1 mention in 1 of 1 document" in re.sub(r"</?a[^>]*>", "", page)
    assert "The only document does not mention it." in page
    assert "-polarity-" not in page  # no picture of polarity


def test_posts_of_the_first_and_the_last_month_of_the_calendar_have_a_report(
    db: Database, tmp_path: Path
) -> None:
    run, jobs = kit.handles(db, "nasa")
    for number, at in enumerate((FIRST, LAST)):
        post = kit.document(number, str(number), source="x", handle="nasa")
        kit.add(db, Document, post | {"published_at": at, "period": f"{at:%Y-%m}"})

    kit.add(db, JobStep, kit.step(jobs["@nasa"], DOCUMENTS, documents=2))
    page = make_report(db, run, tmp_path)
    assert "2 made-up posts, January 0001 to December 9999." in page
    assert "Not listed: 119,986 months without data." in page
    export_all(db, run)


@pytest.mark.parametrize("polarity", [1e308, -1e308, math.inf, 1.0000001])
def test_a_polarity_that_is_none_is_null_and_in_no_mean(
    db: Database, tmp_path: Path, polarity: float
) -> None:
    """As rows that were stored before answers were checked hold it."""
    run, jobs = kit.months(db, "2020-03", "2020-03")
    kit.add(db, Document, *(kit.document(number, str(number), "2020-03") for number in range(3)))
    for number, value in enumerate((0.5, polarity, 0.25)):
        kit.add(db, Mention, kit.mention(jobs["2020-03"], number, "covid", 1, value))

    kit.add(db, JobStep, *(kit.step(jobs["2020-03"], name) for name in kit.TEXT_STEPS))

    assert kit.columns_of(db, run, "mentions", "polarity") == [(0.5,), (None,), (0.25,)]
    assert kit.columns_of(db, run, "periods", "mentions", "polarity_mean")[0] == (3, 0.375)
    export_all(db, run)
    assert "mean polarity +0.38" in make_report(db, run, tmp_path)
