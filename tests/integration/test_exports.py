"""The tables of exports, row by row, on both databases."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import datetime
from typing import Any

import pyarrow.parquet
import pytest

from models.database import Database
from models.tables import (
    Call,
    Document,
    Entity,
    Epoch,
    JobDocument,
    JobStep,
    Mention,
    Phrase,
    PostPolarity,
    Summary,
)
from tests.exports_kit import (
    TEXT_STEPS,
    add,
    columns_of,
    document,
    exported,
    fail,
    four_months,
    handles,
    jobs_of,
    mention,
    months,
    posts,
    rows_of,
    search,
    step,
    training,
)

PERIOD_FIGURES = (
    *("period", "term", "state", "documents", "matched", "mentions"),
    *("share", "share_low", "share_high", "polarity_mean", "polarity_low", "polarity_high"),
)
UNKNOWN = (None,) * 8


def test_periods_distinguish_a_true_zero_from_no_data_and_from_failure(db: Database) -> None:
    run, _ = four_months(db)
    rows = columns_of(db, run, "periods", *PERIOD_FIGURES)
    together = [row for row in rows if row[1] is None]
    assert together == [
        ("2020-01", None, "complete", 0, 0, 0, None, None, None, None, None, None),
        ("2020-02", None, "no-data", 0, *UNKNOWN),
        # 2 of 4: (0.5 + z²/8 ± z·√(1/16 + z²/64)) / (1 + z²/4)
        # 0.5, -0.25, 0: mean 1/12, t(2) = 4.302653
        (
            "2020-03",
            None,
            "complete",
            4,
            2,
            3,
            0.5,
            0.150039,
            0.849961,
            0.083333,
            -0.865312,
            1.0,
        ),
        ("2020-04", None, "failed", 2, *UNKNOWN),
    ]
    assert [row for row in rows if row[0] == "2020-03"][1:] == [
        ("2020-03", "coronavirus", "complete", 4, 1, 1, 0.25, 0.045587, 0.699358, 0.5, None, None),
        (
            "2020-03",
            "covid",
            "complete",
            4,
            1,
            2,
            0.25,
            0.045587,
            0.699358,
            0.125,
            -1.0,
            1.0,
        ),
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


def test_counts_are_there_before_polarity_is_complete(db: Database) -> None:
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
        *(
            document(n, str(n)) | {"published_at": at, "period": period}
            for n, (at, period) in enumerate(edges)
        ),
    )
    add(db, JobStep, *(step(job, name) for job in jobs.values() for name in TEXT_STEPS))
    together = [row for row in rows_of(db, run, "periods") if row["term"] is None]
    assert [(row["period"], row["documents"]) for row in together] == [
        ("2019-12", 2),
        ("2020-01", 1),
    ]
    assert columns_of(db, run, "documents", "document") == [("nyt:1",), ("nyt:2",), ("nyt:3",)]


def test_mentions_are_one_per_line_sorted_by_their_keys(db: Database) -> None:
    run, _ = four_months(db)
    lines = exported(db, run, "mentions").decode().splitlines()
    assert lines[0] == (
        f'{{"run": {run}, "period": "2020-03", "handle": null, "document": "nyt:a", '
        '"published_at": "2020-03-14T21:30:05Z", "address": "https://example.org/a", '
        '"keyword": "covid", "term": "coronavirus", "position": 1, "sentence": "Sentence 1.", '
        '"text": "Text of a.", "polarity": 0.5, "group": null, '
        '"outlet": null, "section": null, "kind": "News", "desk": null, "tags": null}'
    )
    assert columns_of(db, run, "mentions", "document", "term", "position", "polarity") == [
        ("nyt:a", "coronavirus", 1, 0.5),
        ("nyt:a", "covid", 1, 0.5),
        ("nyt:a", "covid", 2, -0.25),
        ("nyt:b", "covid-19", 1, 0.0),
        ("nyt:april", "covid", 1, 0.9),
    ]
    assert "-0.0" not in "".join(lines)


def test_coverage_has_the_outcome_of_each_step(db: Database) -> None:
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


def test_coverage_lists_every_requested_step_by_name(db: Database) -> None:
    run, _ = months(
        db, "2020-03", "2020-03", steps=("summary", "phrases", "polarity", "keywords", "entities")
    )
    expected = [
        (name, None)
        for name in ("documents", "entities", "keywords", "phrases", "polarity", "summary")
    ]
    assert columns_of(db, run, "coverage", "step", "state") == expected


def test_a_failed_month_fails_in_its_first_missing_step(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-03")
    add(db, JobStep, step(jobs["2020-03"], "documents"), step(jobs["2020-03"], "keywords"))
    fail(db, jobs["2020-03"], "the Text API is away")
    assert columns_of(db, run, "coverage", "step", "state", "reason") == [
        ("distinctive", None, None),
        ("documents", "complete", None),
        ("entities", None, None),
        ("keywords", "complete", None),
        ("phrases", None, None),
        ("polarity", "failed", "the Text API is away"),
    ]
    row = rows_of(db, run, "periods")[0]
    assert (row["state"], row["documents"], row["mentions"], row["polarity_mean"]) == (
        "failed",
        0,
        0,
        None,
    )


def test_a_failed_account_fails_in_its_first_missing_step(db: Database) -> None:
    run, jobs = handles(db, "nasa")
    add(db, JobStep, step(jobs["@nasa"], "documents"), step(jobs["@nasa"], "summary"))
    fail(db, jobs["@nasa"], "the Text API is away")
    assert columns_of(db, run, "coverage", "step", "state") == [
        ("distinctive", None),
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
    names = [
        "B",
        "a",
        "Z-1",
        "Z1",
        "_",
        "ä",
        "z",
        "\ufffd",
        "\U0001f600",
    ]  # UTF-16 would put the last one earlier
    assert names != sorted(names)
    add(db, Document, *(document(number, name, "2020-03") for number, name in enumerate(names)))
    add(
        db,
        Mention,
        *(mention(jobs["2020-03"], number, "covid", 1, None) for number in range(len(names))),
    )
    expected = [(f"nyt:{name}",) for name in sorted(names)]
    assert columns_of(db, run, "documents", "document") == expected
    assert columns_of(db, run, "mentions", "document") == expected


def test_a_position_is_sorted_as_a_number(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-03")
    add(db, Document, document(1, "long", "2020-03"))
    add(
        db,
        Mention,
        *(mention(jobs["2020-03"], 1, "covid", position, None) for position in (10, 9, 2)),
    )
    assert columns_of(db, run, "mentions", "position") == [(2,), (9,), (10,)]


def test_periods_of_handles_count_posts(db: Database) -> None:
    run, _ = posts(db)
    names = ("handle", "keyword", *PERIOD_FIGURES)
    # 0.5 and -0.5: standard error 0.5, t(1) = 12.706205, and no mean lies beyond -1 and 1
    assert columns_of(db, run, "periods", *names) == [
        ("esa", None, "2020-04", None, "complete", 1, 1, 1, 1.0, 0.206549, 1.0, 0.25, None, None),
        (
            "nasa",
            None,
            "2020-04",
            None,
            "complete",
            2,
            2,
            2,
            1.0,
            0.34238,
            1.0,
            0.0,
            -1.0,
            1.0,
        ),
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


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_periods_and_documents_join_the_other_tables_as_they_are(db: Database, form: str) -> None:
    run, jobs = posts(db)
    add(
        db,
        Phrase,
        *(
            {"job_id": job, "keyword": "", "rank": 1, "phrase": f"of {name}", "count": 1}
            for name, job in jobs.items()
        ),
    )
    phrases = {row["job"]: row["phrase"] for row in read(db, run, "phrases", form)}
    periods = read(db, run, "periods", form)
    assert [(row["handle"], phrases[row["job"]]) for row in periods] == [
        ("esa", "of @Esa"),
        ("nasa", "of @nasa"),
        ("nasa", "of @nasa"),
    ]
    coverage = {row["job"] for row in read(db, run, "coverage", form)}
    assert coverage == {"@nasa", "@Esa", "@nobody"}
    handles_of_documents = {row["handle"] for row in read(db, run, "documents", form)}
    assert handles_of_documents == {row["handle"] for row in periods}


def read(db: Database, run: int, table: str, form: str) -> list[dict[str, Any]]:
    """Return the rows of an export as a program without any rule of its own reads them."""
    raw = exported(db, run, table, form)
    if form == "parquet":
        return pyarrow.parquet.read_table(io.BytesIO(raw)).to_pylist()
    if form == "csv":
        return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))

    return [json.loads(line) for line in raw.splitlines()]


def test_a_named_source_leaves_the_others_out(db: Database) -> None:
    posts(db)
    run, _ = handles(db, "nasa", source="bluesky")
    assert columns_of(db, run, "documents", "document", "polarity") == [("bluesky:2", None)]


def test_a_search_exports_each_of_its_documents_once(db: Database) -> None:
    run, ids = search(db, "mars", "moon")
    add(
        db,
        Document,
        *(document(n, str(n), "2020-04", source="x", handle="someone") for n in (1, 2, 3)),
    )
    found = [("search:mars", 2), ("search:moon", 2), ("search:moon", 1)]
    add(db, JobDocument, *({"job_id": ids[job], "document_id": n} for job, n in found))
    add(
        db,
        PostPolarity,
        *({"job_id": ids[job], "document_id": n, "polarity": n / 4} for job, n in found),
    )
    add(
        db,
        JobStep,
        *(step(job, name) for job in ids.values() for name in ("documents", "polarity")),
    )
    assert columns_of(db, run, "documents", "document", "polarity") == [("x:1", 0.25), ("x:2", 0.5)]
    assert columns_of(
        db, run, "periods", "handle", "keyword", "term", "documents", "polarity_mean"
    ) == [
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
    whole = {
        "job_id": nasa,
        "keyword": "",
        "type": "GPE",
        "rank": 1,
        "count": 3,
        "spellings": ["US", "U.S."],
    }
    add(
        db,
        Entity,
        whole | {"period": "2020-04", "name": "US"},
        whole | {"period": "", "name": "US"},
    )
    add(db, Summary, {"job_id": nasa, "keyword": "", "summary": "They fly."})
    assert columns_of(db, run, "phrases", "job", "keyword", "rank", "phrase", "count") == [
        ("@Esa", None, 1, "moon", 2),
        ("@nasa", None, 1, "space station", 2),
        ("@nasa", None, 2, "red planet", 1),
    ]
    assert columns_of(
        db, run, "entities", "period", "rank", "type", "name", "count", "spellings"
    ) == [
        (None, 1, "GPE", "US", 3, ["US", "U.S."]),
        ("2020-04", 1, "GPE", "US", 3, ["US", "U.S."]),
    ]
    assert columns_of(db, run, "summaries", "job", "keyword", "summary", "polarity") == [
        ("@nasa", None, "They fly.", 0.333333)
    ]


def test_entities_of_months_have_a_row_of_the_whole_run_that_adds_up_its_months(
    db: Database,
) -> None:
    run, jobs = months(db, "2020-03", "2020-04", steps=("keywords", "entities"))
    march = [("GPE", "Elm Bay", 9, 86), ("GPE", "Oak Bay", 2, 90), ("ORG", "NASA", 5, 3)]
    april = [("GPE", "ELM BAY", 9, 89), ("ORG", "NASA", 1, None), ("ORG", "Nowhere", 4, 0)]
    for month, names in (("2020-03", march), ("2020-04", april)):
        for rank, (type_, name, times, documents) in enumerate(names, 1):
            key = {"job_id": jobs[month], "keyword": "covid", "type": type_, "name": name}
            values = {"rank": rank, "count": times, "documents": documents, "spellings": [name]}
            add(db, Entity, key | values | {"period": ""}, key | values | {"period": month})

    columns = ("job", "keyword", "period", "rank", "type", "name", "count", "spellings")
    rows = columns_of(db, run, "entities", *columns)
    assert rows[:3] == [
        (None, "covid", None, 1, "GPE", "ELM BAY", 175, ["ELM BAY", "Elm Bay"]),
        (None, "covid", None, 1, "ORG", "NASA", 4, ["NASA"]),
        (None, "covid", None, 2, "GPE", "Oak Bay", 90, ["Oak Bay"]),
    ]
    assert [(row[0], row[2], row[5], row[6]) for row in rows[3:]] == [
        ("2020-03", None, "Elm Bay", 86),
        ("2020-03", None, "Oak Bay", 90),
        ("2020-03", None, "NASA", 3),
        ("2020-03", "2020-03", "Elm Bay", 86),
        ("2020-03", "2020-03", "Oak Bay", 90),
        ("2020-03", "2020-03", "NASA", 3),
        ("2020-04", None, "ELM BAY", 89),
        ("2020-04", None, "NASA", 1),
        ("2020-04", "2020-04", "ELM BAY", 89),
        ("2020-04", "2020-04", "NASA", 1),
    ]


def test_a_name_has_one_row_of_the_whole_run_of_the_type_that_pages_show(db: Database) -> None:
    run, jobs = months(db, "2020-03", "2020-04", steps=("keywords", "entities"))
    march = [("ORG", "Quist", 7, 101), ("ORG", "Elm Bay", 3, 3), ("DATE", "Bolt", 2, 2)]
    april = [("PERSON", "Quist", 20, 29), ("PERSON", "Ann Quist", 9, 9), ("GPE", "Elm Bay", 4, 2)]
    april += [("PERSON", "Bea Bolt", 3, 3), ("PERSON", "Bolt", 3, 1)]
    for month, names in (("2020-03", march), ("2020-04", april)):
        for rank, (type_, name, times, documents) in enumerate(names, 1):
            key = {"job_id": jobs[month], "keyword": "covid", "type": type_, "name": name}
            values = {"rank": rank, "count": times, "documents": documents, "spellings": [name]}
            add(db, Entity, key | values | {"period": ""}, key | values | {"period": month})

    rows = columns_of(db, run, "entities", "job", "rank", "type", "name", "count")
    assert [row[1:] for row in rows if row[0] is None] == [
        (1, "DATE", "Bolt", 2),
        (1, "GPE", "Elm Bay", 5),
        (1, "PERSON", "Quist", 130),
        (2, "PERSON", "Ann Quist", 9),
        (3, "PERSON", "Bea Bolt", 3),
        (4, "PERSON", "Bolt", 1),
    ]
    assert ("2020-03", 1, "ORG", "Quist", 101) in rows


def test_the_summary_of_a_keyword_has_the_mean_of_its_sentences(db: Database) -> None:
    run, jobs = four_months(db)
    add(db, Summary, {"job_id": jobs["2020-03"], "keyword": "covid", "summary": "It spreads."})
    assert columns_of(db, run, "summaries", "job", "keyword", "polarity") == [
        ("2020-03", "covid", 0.083333)
    ]


def test_trainings_have_a_column_for_each_option(db: Database) -> None:
    run = training(db)
    results = (
        "train_rmse",
        "validation_rmse",
        "accuracy",
        "baseline_mean",
        "baseline_last",
        "baseline_recurrence",
    )
    first, second, third = rows_of(db, run, "trainings")
    options = {"network": "feedforward", "data": "digits", "batch_size": 10, "hidden": "30"}
    assert first == {
        "run": run,
        "job": "feedforward 0.5",
        **options,
        "learning_rate": 0.5,
        "nesterov": None,
    } | dict(zip(results, (None, None, 0.9625, None, None, None), strict=True))
    unknown: dict[str, Any] = dict.fromkeys(results)
    assert second == first | {"job": "feedforward 1", "learning_rate": 1.0} | unknown
    assert third == second | {"job": "feedforward 30,20", "hidden": "30,20", "nesterov": True}
    columns = [
        "run",
        "job",
        "network",
        "data",
        "batch_size",
        "hidden",
        "learning_rate",
        "nesterov",
        *results,
    ]
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
    endless = {
        "train_loss": float("inf"),
        "validation_loss": None,
        "accuracy": None,
        "seconds": 0.0,
    }
    add(db, Epoch, {"job_id": job, "epoch": 1} | endless)
    assert rows_of(db, run, "epochs")[-1]["train_loss"] is None


def test_calls_are_summed_over_minutes_and_credentials(db: Database) -> None:
    run, _ = months(db, "2020-03", "2020-03")
    counts = {"calls": 3, "answers_reused": 1, "retries": 2, "maybe_twice": 0, "seconds": 0.25}
    rows = [
        ("a", "text_polarity", 1),
        ("b", "text_polarity", 1),
        ("a", "text_polarity", 2),
        ("a", "summary", 1),
    ]
    service = {"run_id": run, "service": "textapi"} | counts
    add(
        db,
        Call,
        *(service | {"credential": key, "operation": what, "minute": at} for key, what, at in rows),
    )
    add(
        db,
        Call,
        service | {"run_id": run + 1, "credential": "a", "operation": "summary", "minute": 1},
    )
    names = ("service", "operation", "calls", "answers_reused", "retries", "maybe_twice", "seconds")
    assert columns_of(db, run, "calls", *names) == [
        ("textapi", "summary", 3, 1, 2, 0, 0.25),
        ("textapi", "text_polarity", 9, 3, 6, 0, 0.75),
    ]


@pytest.mark.parametrize("polarity", [math.nan, math.inf, -1e308])
def test_what_is_no_polarity_is_null_on_either_database(db: Database, polarity: float) -> None:
    run, jobs = posts(db)
    add(db, Document, document(9, "9", "2020-05", source="x", handle="nasa"))
    if not (db.is_sqlite and math.isnan(polarity)):  # SQLite stores no NaN
        add(db, PostPolarity, {"job_id": jobs["@nasa"], "document_id": 9, "polarity": polarity})

    assert columns_of(db, run, "documents", "polarity")[-1] == (None,)
    may = [row for row in rows_of(db, run, "periods") if row["period"] == "2020-05"]
    assert [(row["documents"], row["polarity_mean"]) for row in may] == [(2, 1.0)]
    add(db, Summary, {"job_id": jobs["@nasa"], "keyword": "", "summary": "S."})
    assert columns_of(db, run, "summaries", "polarity") == [(0.333333,)]
