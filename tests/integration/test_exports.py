"""Exports to the byte, on both databases, from rows put straight into the tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from core.errors import NotFound, TidingsError, UsageError
from core.queues import Kind
from models import parameters as asked
from models.database import Database
from models.runs import NewJob, create_run, queue_report
from models.tables import (
    Base,
    Call,
    Document,
    Entity,
    Epoch,
    Job,
    JobDocument,
    JobStep,
    Mention,
    Phrase,
    PostPolarity,
    Prediction,
    Summary,
    Training,
)
from reports import exports, selection
from reports.dictionary import DICTIONARY, markdown
from reports.formats import comma_separated, jsonl

TEXT_STEPS = ("documents", "keywords", "polarity")
COVID = asked.Keyword.parse("covid:coronavirus,covid-19")


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def add(db: Database, table: type[Base], *rows: Mapping[str, Any]) -> None:
    with db.write() as connection:
        connection.execute(insert(table), list(rows))


def document(number: int, name: str, period: str | None = None, **given: Any) -> dict[str, Any]:
    at = None if period is None else datetime(int(period[:4]), int(period[5:]), 14, 21, 30, 5, 999_999)  # noqa: DTZ001
    values = {
        "source": "nyt",
        "handle": None,
        "author_id": None,
        "address": f"https://example.org/{name}",
        "text": f"Text of {name}.",
        "material": "News",
        "repost": False,
    }
    source = given.get("source", "nyt")
    return values | {"id": number, "identity": f"{source}:{name}", "published_at": at, "period": period} | given


def jobs_of(db: Database, run: int) -> dict[str, int]:
    with db.read() as connection:
        found = connection.execute(select(Job.name, Job.id).where(Job.run_id == run))
        return {row.name: row.id for row in found}


def step(job: int, name: str, state: str = "complete", documents: int = 0, reason: str | None = None) -> dict[str, Any]:
    return {"job_id": job, "step": name, "state": state, "reason": reason, "documents": documents, "at": 0.0}


def mention(job: int, document: int, term: str, position: int, polarity: float | None) -> dict[str, Any]:
    return {
        "job_id": job,
        "document_id": document,
        "keyword": "covid",
        "term": term,
        "position": position,
        "sentence": f"Sentence {position}.",
        "polarity": polarity,
    }


def months(db: Database, first: str, last: str, **options: Any) -> tuple[int, dict[str, int]]:
    """A run over months with the keyword `covid`, and its jobs by name."""
    parameters = asked.MonthsParameters(first=first, last=last, keywords=(COVID,), **options)
    jobs = [NewJob(Kind.MONTH, period, {}) for period in asked.months(first, last)]
    run = create_run(db, kind="months", name=None, parameters=parameters.model_dump(mode="json"), jobs=jobs)
    return run, jobs_of(db, run)


def handles(db: Database, *names: str, **options: Any) -> tuple[int, dict[str, int]]:
    parameters = asked.HandlesParameters(**options).model_dump(mode="json")
    jobs = [NewJob(Kind.HANDLE, f"@{name}", {}) for name in names]
    run = create_run(db, kind="handles", name=None, parameters=parameters, jobs=jobs)
    return run, jobs_of(db, run)


def exported(db: Database, run: int, table: str, form: str = "jsonl") -> bytes:
    out = io.BytesIO()
    exports.write(db, run, table, form, out)
    return out.getvalue()


def rows_of(db: Database, run: int, table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(db, run, table).splitlines()]


def columns_of(db: Database, run: int, table: str, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows_of(db, run, table)]


def four_months(db: Database) -> tuple[int, dict[str, int]]:
    """January: only an opinion; February: nothing; March: four news; April: two, and the keywords failed."""
    run, jobs = months(db, "2020-01", "2020-04", material="News", steps=("keywords", "polarity"))
    add(
        db,
        Document,
        document(1, "opinion", "2020-01", material="Op-Ed"),
        document(2, "b", "2020-03"),
        document(3, "a", "2020-03"),
        document(4, "c", "2020-03"),
        document(5, "d", "2020-03"),
        document(6, "post", "2020-03", source="x", handle="nasa"),
        document(7, "april", "2020-04"),
        document(8, "april-2", "2020-04"),
        document(9, "opinion-2", "2020-03", material="Op-Ed"),
    )
    march = jobs["2020-03"]
    add(
        db,
        Mention,
        mention(march, 2, "covid-19", 1, -0.0),
        mention(march, 3, "covid", 2, -0.25),
        mention(march, 3, "covid", 1, 0.5),
        mention(march, 3, "coronavirus", 1, 0.5),
        mention(jobs["2020-04"], 7, "covid", 1, 0.9),
    )
    add(
        db,
        JobStep,
        *(step(jobs["2020-01"], name) for name in TEXT_STEPS),
        step(jobs["2020-02"], "documents", "no-data", reason="no document of 2020-02 is stored"),
        *(step(march, name, documents=4) for name in TEXT_STEPS),
        step(jobs["2020-04"], "documents", documents=2),
    )
    fail(db, jobs["2020-04"], "the Text API refused the key")
    with db.write() as connection:
        queue_report(connection, run)
    return run, jobs


PERIOD_FIGURES = (
    *("period", "term", "state", "documents", "matched", "mentions", "share", "share_low", "share_high"),
    *("polarity_mean", "polarity_low", "polarity_high"),
)
UNKNOWN = (None,) * 8


def test_periods_tell_a_true_zero_from_no_data_and_from_failure(db: Database) -> None:
    run, _ = four_months(db)
    rows = columns_of(db, run, "periods", *PERIOD_FIGURES)
    together = [row for row in rows if row[1] is None]
    assert together == [
        ("2020-01", None, "complete", 0, 0, 0, None, None, None, None, None, None),
        ("2020-02", None, "no-data", 0, *UNKNOWN),
        # 2 of 4: (0.5 + z²/8 ± z·√(1/16 + z²/64)) / (1 + z²/4); 0.5, -0.25, 0: mean 1/12, t(2) = 4.302653
        ("2020-03", None, "complete", 4, 2, 3, 0.5, 0.150039, 0.849961, 0.083333, -0.865312, 1.031979),
        ("2020-04", None, "failed", 2, *UNKNOWN),
    ]
    assert [row for row in rows if row[0] == "2020-03"][1:] == [
        ("2020-03", "coronavirus", "complete", 4, 1, 1, 0.25, 0.045587, 0.699358, 0.5, None, None),
        ("2020-03", "covid", "complete", 4, 1, 2, 0.25, 0.045587, 0.699358, 0.125, -4.639827, 4.889827),
        ("2020-03", "covid-19", "complete", 4, 1, 1, 0.25, 0.045587, 0.699358, 0.0, None, None),
    ]


def test_a_month_with_documents_and_no_mention_is_a_zero_with_its_interval(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-03")
    add(db, Document, *(document(number, str(number), "2020-03") for number in range(20)))
    add(db, JobStep, *(step(jobs["2020-03"], name, documents=20) for name in TEXT_STEPS))
    assert columns_of(db, run, "periods", *PERIOD_FIGURES)[0] == (
        *("2020-03", None, "complete", 20, 0, 0, 0.0, 0.0, 0.161125),
        *(None, None, None),
    )


def test_counts_stand_while_polarity_is_still_asked(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-03", steps=("keywords", "polarity"))
    add(db, Document, document(1, "a", "2020-03"))
    add(db, Mention, mention(jobs["2020-03"], 1, "covid", 1, 0.5))
    add(db, JobStep, step(jobs["2020-03"], "documents"), step(jobs["2020-03"], "keywords"))
    row = rows_of(db, run, "periods")[0]
    assert (row["state"], row["mentions"], row["polarity_mean"]) == (None, 1, None)


def test_a_month_is_the_utc_month_to_the_last_second(db: Database) -> None:
    run, jobs = months(db, "2019-12", "2020-01")
    edges = [
        (datetime(2019, 11, 30, 23, 59, 59), "2019-11"),  # noqa: DTZ001 - the column is naive UTC
        (datetime(2019, 12, 1), "2019-12"),  # noqa: DTZ001
        (datetime(2019, 12, 31, 23, 59, 59, 999_999), "2019-12"),  # noqa: DTZ001
        (datetime(2020, 1, 1), "2020-01"),  # noqa: DTZ001
        (None, None),
    ]
    add(
        db,
        Document,
        *(document(n, str(n)) | {"published_at": at, "period": period} for n, (at, period) in enumerate(edges)),
    )
    add(db, JobStep, *(step(job, name) for job in jobs.values() for name in TEXT_STEPS))
    together = [row for row in rows_of(db, run, "periods") if row["term"] is None]
    assert [(row["period"], row["documents"]) for row in together] == [("2019-12", 2), ("2020-01", 1)]
    assert columns_of(db, run, "documents", "document") == [("nyt:1",), ("nyt:2",), ("nyt:3",)]


def test_mentions_are_one_a_line_in_the_order_of_their_keys(db: Database) -> None:
    run, _ = four_months(db)
    lines = exported(db, run, "mentions").decode().splitlines()
    assert lines[0] == (
        f'{{"run": {run}, "period": "2020-03", "handle": null, "document": "nyt:a", '
        '"published_at": "2020-03-14T21:30:05Z", "address": "https://example.org/a", "keyword": "covid", '
        '"term": "coronavirus", "position": 1, "sentence": "Sentence 1.", "text": "Text of a.", "polarity": 0.5}'
    )
    assert columns_of(db, run, "mentions", "document", "term", "position", "polarity") == [
        ("nyt:a", "coronavirus", 1, 0.5),
        ("nyt:a", "covid", 1, 0.5),
        ("nyt:a", "covid", 2, -0.25),
        ("nyt:b", "covid-19", 1, 0.0),
        ("nyt:april", "covid", 1, 0.9),
    ]
    assert "-0.0" not in "".join(lines)


def test_coverage_says_of_each_step_what_came_of_it(db: Database) -> None:
    run, _ = four_months(db)
    nothing, refused = "no document of 2020-02 is stored", "the Text API refused the key"
    assert columns_of(db, run, "coverage", "job", "step", "state", "reason", "documents") == [
        *(("2020-01", name, "complete", None, 0) for name in TEXT_STEPS),
        *(("2020-02", name, "no-data", nothing, 0) for name in TEXT_STEPS),
        *(("2020-03", name, "complete", None, 4) for name in TEXT_STEPS),
        ("2020-04", "documents", "complete", None, 2),
        ("2020-04", "keywords", "failed", refused, None),
        ("2020-04", "polarity", None, None, None),
    ]


def test_coverage_names_every_step_that_was_asked_for_by_name(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03", steps=("summary", "phrases", "polarity", "keywords", "entities"))
    expected = [(name, None) for name in ("documents", "entities", "keywords", "phrases", "polarity", "summary")]
    assert columns_of(db, run, "coverage", "step", "state") == expected


def fail(db: Database, job: int, reason: str) -> None:
    with db.write() as connection:
        connection.execute(update(Job).where(Job.id == job).values(state="failed", reason=reason))


def test_a_month_breaks_off_in_the_step_that_it_was_at(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-03")
    add(db, JobStep, step(jobs["2020-03"], "documents"), step(jobs["2020-03"], "keywords"))
    fail(db, jobs["2020-03"], "the Text API is away")
    assert columns_of(db, run, "coverage", "step", "state", "reason") == [
        ("documents", "complete", None),
        ("entities", None, None),
        ("keywords", "complete", None),
        ("phrases", None, None),
        ("polarity", "failed", "the Text API is away"),
    ]
    row = rows_of(db, run, "periods")[0]
    assert (row["state"], row["documents"], row["mentions"], row["polarity_mean"]) == ("failed", 0, 0, None)


def test_an_account_breaks_off_in_the_step_that_it_was_at(db: Database) -> None:
    run, jobs = handles(db, "nasa")
    add(db, JobStep, step(jobs["@nasa"], "documents"), step(jobs["@nasa"], "summary"))
    fail(db, jobs["@nasa"], "the Text API is away")
    assert columns_of(db, run, "coverage", "step", "state") == [
        ("documents", "complete"),
        ("entities", None),
        ("phrases", "failed"),
        ("polarity", None),
        ("summary", "complete"),
    ]


def test_documents_of_months_are_those_after_the_choice_of_material(db: Database) -> None:
    run, _ = four_months(db)
    assert columns_of(db, run, "documents", "document", "polarity") == [
        (f"nyt:{name}", None) for name in ("a", "april", "april-2", "b", "c", "d")
    ]


def test_text_is_sorted_by_code_points_on_every_database(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-03")
    names = ["B", "a", "Z-1", "Z1", "_", "ä", "z", "\ufffd", "\U0001f600"]  # UTF-16 would put the last one earlier
    assert names != sorted(names)
    add(db, Document, *(document(number, name, "2020-03") for number, name in enumerate(names)))
    add(db, Mention, *(mention(jobs["2020-03"], number, "covid", 1, None) for number in range(len(names))))
    expected = [(f"nyt:{name}",) for name in sorted(names)]
    assert columns_of(db, run, "documents", "document") == expected
    assert columns_of(db, run, "mentions", "document") == expected


def test_a_position_is_sorted_as_a_number(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-03")
    add(db, Document, document(1, "long", "2020-03"))
    add(db, Mention, *(mention(jobs["2020-03"], 1, "covid", position, None) for position in (10, 9, 2)))
    assert columns_of(db, run, "mentions", "position") == [(2,), (9,), (10,)]


def posts(db: Database) -> tuple[int, dict[str, int]]:
    run, jobs = handles(db, "nasa", "Esa", "nobody")
    add(
        db,
        Document,
        document(1, "1", "2020-05", source="x", handle="nasa"),
        document(2, "2", "2020-04", source="bluesky", handle="nasa"),
        document(3, "3", "2020-04", source="x", handle="nasa"),
        document(4, "4", "2020-04", source="x", handle="esa"),
        document(5, "5", None, source="x", handle="esa"),
        document(6, "6", "2020-04", source="x", handle="other"),
    )
    add(
        db,
        PostPolarity,
        {"job_id": jobs["@nasa"], "document_id": 1, "polarity": 1.0},
        {"job_id": jobs["@nasa"], "document_id": 2, "polarity": 0.5},
        {"job_id": jobs["@nasa"], "document_id": 3, "polarity": -0.5},
        {"job_id": jobs["@Esa"], "document_id": 4, "polarity": 0.25},
    )
    add(
        db,
        JobStep,
        *(step(jobs["@nasa"], name, documents=3) for name in ("documents", "polarity")),
        *(step(jobs["@Esa"], name, documents=2) for name in ("documents", "polarity")),
        step(jobs["@nobody"], "documents", "no-data", reason="stored documents only"),
    )
    return run, jobs


def test_periods_of_handles_count_posts(db: Database) -> None:
    run, _ = posts(db)
    names = ("handle", "keyword", *PERIOD_FIGURES)
    # 0.5 and -0.5: standard error 0.5, t(1) = 12.706205
    assert columns_of(db, run, "periods", *names) == [
        ("esa", None, "2020-04", None, "complete", 1, 1, 1, 1.0, 0.206549, 1.0, 0.25, None, None),
        ("nasa", None, "2020-04", None, "complete", 2, 2, 2, 1.0, 0.34238, 1.0, 0.0, -6.353102, 6.353102),
        ("nasa", None, "2020-05", None, "complete", 1, 1, 1, 1.0, 0.206549, 1.0, 1.0, None, None),
    ]


def test_documents_of_handles_have_their_polarity(db: Database) -> None:
    run, _ = posts(db)
    assert columns_of(db, run, "documents", "document", "handle", "published_at", "polarity") == [
        ("bluesky:2", "nasa", "2020-04-14T21:30:05Z", 0.5),
        ("x:1", "nasa", "2020-05-14T21:30:05Z", 1.0),
        ("x:3", "nasa", "2020-04-14T21:30:05Z", -0.5),
        ("x:4", "esa", "2020-04-14T21:30:05Z", 0.25),
        ("x:5", "esa", None, None),
    ]


def test_a_named_source_leaves_the_others_out(db: Database) -> None:
    posts(db)
    run, _ = handles(db, "nasa", source="bluesky")
    assert columns_of(db, run, "documents", "document", "polarity") == [("bluesky:2", None)]


def search(db: Database, *terms: str) -> tuple[int, dict[str, int]]:
    parameters = asked.SearchParameters(steps=("polarity",)).model_dump(mode="json")
    jobs = [NewJob(Kind.SEARCH, f"search:{term}", {}) for term in terms]
    run = create_run(db, kind="search", name=None, parameters=parameters, jobs=jobs)
    return run, jobs_of(db, run)


def test_a_search_has_the_documents_it_found_each_once(db: Database) -> None:
    run, ids = search(db, "mars", "moon")
    add(db, Document, *(document(n, str(n), "2020-04", source="x", handle="someone") for n in (1, 2, 3)))
    found = [("search:mars", 2), ("search:moon", 2), ("search:moon", 1)]
    add(db, JobDocument, *({"job_id": ids[job], "document_id": n} for job, n in found))
    add(db, PostPolarity, *({"job_id": ids[job], "document_id": n, "polarity": n / 4} for job, n in found))
    add(db, JobStep, *(step(job, name) for job in ids.values() for name in ("documents", "polarity")))
    assert columns_of(db, run, "documents", "document", "polarity") == [("x:1", 0.25), ("x:2", 0.5)]
    assert columns_of(db, run, "periods", "handle", "keyword", "term", "documents", "polarity_mean") == [
        (None, "mars", None, 1, 0.5),
        (None, "moon", None, 2, 0.375),
    ]


def test_phrases_entities_and_summaries_have_null_for_what_is_empty(db: Database) -> None:
    run, jobs = posts(db)
    nasa, esa = jobs["@nasa"], jobs["@Esa"]
    add(
        db,
        Phrase,
        {"job_id": nasa, "keyword": "", "rank": 2, "phrase": "red planet", "count": 1},
        {"job_id": nasa, "keyword": "", "rank": 1, "phrase": "space station", "count": 2},
        {"job_id": esa, "keyword": "", "rank": 1, "phrase": "moon", "count": 2},
    )
    whole = {"job_id": nasa, "keyword": "", "type": "GPE", "rank": 1, "count": 3, "spellings": ["US", "U.S."]}
    add(db, Entity, whole | {"period": "2020-04", "name": "US"}, whole | {"period": "", "name": "US"})
    add(db, Summary, {"job_id": nasa, "keyword": "", "summary": "They fly."})
    assert columns_of(db, run, "phrases", "job", "keyword", "rank", "phrase", "count") == [
        ("@Esa", None, 1, "moon", 2),
        ("@nasa", None, 1, "space station", 2),
        ("@nasa", None, 2, "red planet", 1),
    ]
    assert columns_of(db, run, "entities", "period", "rank", "type", "name", "count", "spellings") == [
        (None, 1, "GPE", "US", 3, ["US", "U.S."]),
        ("2020-04", 1, "GPE", "US", 3, ["US", "U.S."]),
    ]
    assert columns_of(db, run, "summaries", "job", "keyword", "summary", "polarity") == [
        ("@nasa", None, "They fly.", 0.333333)
    ]


def test_the_summary_of_a_keyword_has_the_mean_of_its_sentences(db: Database) -> None:
    run, jobs = four_months(db)
    add(db, Summary, {"job_id": jobs["2020-03"], "keyword": "covid", "summary": "It spreads."})
    assert columns_of(db, run, "summaries", "job", "keyword", "polarity") == [("2020-03", "covid", 0.083333)]


def training(db: Database) -> int:
    parameters = asked.TrainingParameters(
        network="feedforward", data="digits", options={"hidden": [30], "batch_size": 10, "learning_rate": 1}
    )
    jobs = [NewJob(Kind.TRAINING, f"feedforward {value}", {"learning_rate": value}) for value in (0.5, 1)]
    jobs.append(NewJob(Kind.TRAINING, "feedforward 30,20", {"hidden": [30, 20], "nesterov": True}))
    run = create_run(db, kind="training", name=None, parameters=parameters.model_dump(mode="json"), jobs=jobs)
    ids = jobs_of(db, run)
    first = ids["feedforward 0.5"]
    losses: dict[str, Any] = {"validation_loss": 1e-9, "accuracy": None, "seconds": 0.5}
    add(db, Epoch, *({"job_id": first, "epoch": n, "train_loss": loss} | losses for n, loss in ((10, 2.0), (2, 3e300))))
    add(
        db,
        Prediction,
        *({"job_id": first, "split": "test", "index": n, "actual": 1.0, "predicted": 0.9} for n in (10, 9)),
        {"job_id": first, "split": "train", "index": 0, "actual": 2.0, "predicted": 2.5},
    )
    blobs: dict[str, Any] = {"checkpoint": None, "weights": b"weights", "remarks": []}
    add(db, Training, {"job_id": first, "accuracy": 0.9625} | blobs)
    return run


def test_trainings_have_a_column_for_each_option(db: Database) -> None:
    run = training(db)
    results = ("train_rmse", "validation_rmse", "accuracy", "baseline_mean", "baseline_last", "baseline_recurrence")
    first, second, third = rows_of(db, run, "trainings")
    options = {"network": "feedforward", "data": "digits", "batch_size": 10, "hidden": "30"}
    assert first == {"run": run, "job": "feedforward 0.5", **options, "learning_rate": 0.5, "nesterov": None} | dict(
        zip(results, (None, None, 0.9625, None, None, None), strict=True)
    )
    unknown: dict[str, Any] = dict.fromkeys(results)
    assert second == first | {"job": "feedforward 1", "learning_rate": 1.0} | unknown
    assert third == second | {"job": "feedforward 30,20", "hidden": "30,20", "nesterov": True}
    columns = ["run", "job", "network", "data", "batch_size", "hidden", "learning_rate", "nesterov", *results]
    assert [list(row) for row in (first, second, third)] == [columns] * 3
    parquet = pyarrow.parquet.read_table(io.BytesIO(exported(db, run, "trainings", "parquet")))
    assert parquet.to_pylist() == [first, second, third]
    assert (
        exported(db, run, "trainings", "csv")
        .splitlines()[3]
        .startswith(f'{run},"feedforward 30,20",feedforward,digits,10,"30,20",1.0,true,'.encode())
    )


def test_epochs_and_predictions_are_sorted_by_number_and_not_rounded(db: Database) -> None:
    run = training(db)
    assert columns_of(db, run, "epochs", "epoch", "train_loss", "validation_loss") == [
        (2, 3e300, 1e-9),
        (10, 2.0, 1e-9),
    ]
    assert columns_of(db, run, "predictions", "split", "index", "actual", "predicted") == [
        ("test", 9, 1.0, 0.9),
        ("test", 10, 1.0, 0.9),
        ("train", 0, 2.0, 2.5),
    ]


def test_a_loss_beyond_all_numbers_is_null(db: Database) -> None:
    run = training(db)
    job = jobs_of(db, run)["feedforward 1"]
    endless = {"train_loss": float("inf"), "validation_loss": None, "accuracy": None, "seconds": 0.0}
    add(db, Epoch, {"job_id": job, "epoch": 1} | endless)
    assert rows_of(db, run, "epochs")[-1]["train_loss"] is None


def test_calls_are_summed_over_minutes_and_credentials(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03")
    counts = {"calls": 3, "answers_reused": 1, "retries": 2, "maybe_twice": 0, "seconds": 0.25}
    rows = [("a", "text_polarity", 1), ("b", "text_polarity", 1), ("a", "text_polarity", 2), ("a", "summary", 1)]
    service = {"run_id": run, "service": "textapi"} | counts
    add(db, Call, *(service | {"credential": key, "operation": what, "minute": at} for key, what, at in rows))
    add(db, Call, service | {"run_id": run + 1, "credential": "a", "operation": "summary", "minute": 1})
    names = ("service", "operation", "calls", "answers_reused", "retries", "maybe_twice", "seconds")
    assert columns_of(db, run, "calls", *names) == [
        ("textapi", "summary", 3, 1, 2, 0, 0.25),
        ("textapi", "text_polarity", 9, 3, 6, 0, 0.75),
    ]


def test_every_format_has_the_columns_of_the_dictionary_even_without_rows(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03")
    for table, (_, meanings) in DICTIONARY.items():
        (header, *_) = csv.reader(io.StringIO(exported(db, run, table, "csv").decode("utf-8-sig"), newline=""))
        parquet = pyarrow.parquet.read_table(io.BytesIO(exported(db, run, table, "parquet")))
        assert header == list(meanings)
        assert parquet.column_names == list(meanings)
        assert all(list(row) == list(meanings) for row in rows_of(db, run, table))


def test_the_three_formats_hold_the_same_values(db: Database) -> None:
    run, _ = four_months(db)
    for table in ("mentions", "periods", "documents", "coverage"):
        rows = rows_of(db, run, table)
        assert rows
        assert pyarrow.parquet.read_table(io.BytesIO(exported(db, run, table, "parquet"))).to_pylist() == rows
        text = exported(db, run, table, "csv").decode("utf-8-sig")
        as_text = [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
        assert list(csv.DictReader(io.StringIO(text, newline=""))) == as_text


def test_a_csv_opens_in_a_spreadsheet_and_runs_nothing(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-03")
    text = '=cmd|"/C calc"!A0, "quoted"\r\nsecond line é 😀 שלום'
    add(db, Document, document(1, "a", "2020-03", text=text, address="@here"))
    add(db, Mention, mention(jobs["2020-03"], 1, "covid", 1, -0.5))
    raw = exported(db, run, "mentions", "csv")
    header = "run,period,handle,document,published_at,address,keyword,term,position,sentence,text,polarity"
    assert (
        raw
        == (
            f"\ufeff{header}\r\n"
            f"{run},2020-03,,nyt:a,2020-03-14T21:30:05Z,'@here,covid,covid,1,Sentence 1.,"
            '"\'=cmd|""/C calc""!A0, ""quoted""\r\nsecond line é 😀 שלום",-0.5\r\n'
        ).encode()
    )


def test_a_line_of_jsonl_is_one_line_for_every_reader(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03")
    add(db, Document, document(1, "a", "2020-03", text="one\u2028two\x85three\nfour \u2029é <script>"))
    raw = exported(db, run, "documents").decode()
    assert len(raw.splitlines()) == 1
    assert "é <script>" in raw
    assert rows_of(db, run, "documents")[0]["text"] == "one\u2028two\x85three\nfour \u2029é <script>"


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.none()
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(CELLS, NUMBERS, CELLS)))
@example([(f"{start}1", -1, start) for start in ("=", "+", "-", "@", "\t", "\r")])
def test_a_csv_read_back_is_what_was_written(rows: Sequence[tuple[str | None, float, str | None]]) -> None:
    out = io.BytesIO()
    with comma_separated(out, {"left": str, "number": float, "right": str}) as write:
        write(rows)
    header, *found = csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline=""))
    assert header == ["left", "number", "right"]
    for (left, number, right), cells in zip(rows, found, strict=True):
        assert cells[1] == str(number)
        for value, cell in ((left, cells[0]), (right, cells[2])):
            # What a spreadsheet program would take for a formula is not there.
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert cell in {value or "", f"'{value}"}


@given(st.lists(st.tuples(CELLS, NUMBERS)))
def test_jsonl_read_back_is_what_was_written(rows: Sequence[tuple[str | None, float]]) -> None:
    out = io.BytesIO()
    with jsonl(out, {"text": str, "number": float}) as write:
        write(rows)
    lines = out.getvalue().decode().splitlines()
    assert [tuple(json.loads(line).values()) for line in lines] == list(rows)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False))
def test_exports_do_not_depend_on_the_order_in_which_rows_came(db: Database, chance: Random) -> None:
    with db.write() as connection:
        for table in (Mention, JobStep, Job, Document):
            connection.execute(delete(table))
    run, jobs = months(db, "2020-03", "2020-04", steps=("keywords", "polarity"))
    places = [(number, position) for number in range(12) for position in (1, 2, 11)]
    documents = [document(n, f"{n % 5}-{n}", ("2020-03", "2020-04")[n % 2]) for n in range(12)]
    mentions = [
        mention(jobs[("2020-03", "2020-04")[number % 2]], number, term, position, (number - 5) / 7 + position / 10)
        for number, position in places
        for term in COVID.terms
    ]
    steps = [step(job, name) for job in jobs.values() for name in TEXT_STEPS]
    for rows in (documents, mentions, steps):
        chance.shuffle(rows)
    ids = list(range(100, 112))
    chance.shuffle(ids)  # a document's number says nothing
    add(db, Document, *(row | {"id": ids[row["id"]]} for row in documents))
    add(db, Mention, *(row | {"document_id": ids[row["document_id"]]} for row in mentions))
    add(db, JobStep, *steps)
    for name in ("mentions", "periods", "documents", "coverage"):
        shown = exported(db, run, name).replace(f'"run": {run},'.encode(), b'"run": 1,')
        assert SEEN.setdefault(name, shown) == shown
    assert len(rows_of(db, run, "mentions")) == len(mentions)


SEEN: dict[str, bytes] = {}  # what the first database and order gave: the others must give the same


def test_large_tables_are_read_in_pages_that_lose_and_repeat_nothing(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "PAGE", 90)
    run, jobs = months(db, "2020-03", "2020-04")
    names = [f"{'aBcD'[number % 4]}{number}" for number in range(selection.BATCH * 2 + 1)]
    add(db, Document, *(document(n, name, "2020-03") for n, name in enumerate(names)))
    add(db, Mention, *(mention(jobs["2020-03"], n, "covid", 1, None) for n in range(len(names))))
    expected = [(f"nyt:{name}",) for name in sorted(names)]
    assert columns_of(db, run, "documents", "document") == expected
    assert columns_of(db, run, "mentions", "document") == expected
    network = training(db)
    add(
        db,
        Prediction,
        *(
            {"job_id": jobs_of(db, network)["feedforward 1"], "split": "test", "index": n, "actual": 0, "predicted": 0}
            for n in range(200)
        ),
    )
    assert columns_of(db, network, "predictions", "job", "index")[3:] == [("feedforward 1", n) for n in range(200)]


def test_a_document_of_many_jobs_is_there_once_however_many_there_are(db: Database) -> None:
    run, ids = search(db, "mars", "moon", "sun")
    numbers = range(selection.BATCH + 1)
    add(db, Document, *(document(n, f"{n:04}", "2020-04", source="x") for n in numbers))
    add(db, JobDocument, *({"job_id": job, "document_id": n} for job in ids.values() for n in numbers))
    assert columns_of(db, run, "documents", "document") == [(f"x:{n:04}",) for n in numbers]


def test_a_row_group_of_parquet_holds_some_thousand_rows(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_ROWS_AT_A_TIME", 4)
    run, _ = four_months(db)
    parquet = pyarrow.parquet.ParquetFile(io.BytesIO(exported(db, run, "documents", "parquet")))
    assert [parquet.metadata.row_group(group).num_rows for group in range(parquet.num_row_groups)] == [4, 2]


def test_a_file_is_written_whole(db: Database, tmp_path: Path) -> None:
    run, _ = four_months(db)
    path = tmp_path / "documents.csv"
    assert exports.write(db, run, "documents", "csv", path) == 6
    assert path.read_bytes() == exported(db, run, "documents", "csv")


def break_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the export of documents fail after its last row."""
    real = exports.TABLES["documents"]

    def read(database: Database, run_id: int) -> Iterator[Any]:
        yield from real.read(database, run_id)
        raise NotFound("forgotten meanwhile")

    monkeypatch.setitem(exports.TABLES, "documents", exports.Table(real.row, read))
    monkeypatch.setattr(exports, "_ROWS_AT_A_TIME", 2)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_file_that_cannot_be_finished_is_as_it_was(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    run, _ = four_months(db)
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / f"documents.{form}"
    path.write_text("before")
    break_off(monkeypatch)
    with pytest.raises(NotFound):
        exports.write(db, run, "documents", form, path)
    assert {file.name: file.read_text() for file in folder.iterdir()} == {path.name: "before"}


def test_the_beginning_of_a_parquet_file_is_not_taken_for_the_whole(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = four_months(db)
    break_off(monkeypatch)
    out = io.BytesIO()
    with pytest.raises(NotFound):
        exports.write(db, run, "documents", "parquet", out)
    assert len(out.getvalue()) > 100
    with pytest.raises(pyarrow.ArrowInvalid):
        pyarrow.parquet.read_table(io.BytesIO(out.getvalue()))


def test_a_place_that_cannot_be_written_is_said(db: Database, tmp_path: Path) -> None:
    run, _ = four_months(db)
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "nowhere" / "x.csv", tmp_path / "file" / "x.csv"):
        with pytest.raises(TidingsError, match="cannot be written"):
            exports.write(db, run, "periods", "csv", path)


def test_what_is_not_there_is_said(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03")
    with pytest.raises(NotFound, match="no run 999"):
        exports.write(db, 999, "periods", "jsonl", io.BytesIO())
    with pytest.raises(UsageError, match="mentions, periods, phrases"):
        exports.write(db, run, "period", "jsonl", io.BytesIO())
    with pytest.raises(UsageError, match="jsonl, csv, parquet"):
        exports.write(db, run, "periods", "xlsx", io.BytesIO())


def test_a_folder_holds_every_table_and_the_dictionary(db: Database, tmp_path: Path) -> None:
    run, _ = four_months(db)
    written = exports.write_all(db, run, tmp_path, ("jsonl", "csv"))
    tables = ("mentions", "periods", "phrases", "entities", "summaries", "documents", "coverage", "calls")
    expected = {f"{table}.{form}" for table in tables for form in ("jsonl", "csv")} | {"dictionary.md"}
    assert {path.name for path in written} == expected
    assert {path.name for path in tmp_path.iterdir() if path.suffix in {".jsonl", ".csv", ".md"}} == expected
    assert (tmp_path / "periods.csv").read_bytes() == exported(db, run, "periods", "csv")


def test_the_dictionary_speaks_of_every_table_and_column() -> None:
    page = markdown()
    assert list(DICTIONARY) == list(exports.TABLES)
    assert all(
        f"| `{column}` | {meaning} |" in page
        for _, columns in DICTIONARY.values()
        for column, meaning in columns.items()
    )
