"""Codes as the R package `dsl` reads them: ``tidings export RUN codes --for dsl``."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from analysis.codebooks.codebook_files import parse_codebook, read_shipped
from core.enums import SamplePeriod
from models.codes import CodeValue, Coding, find_stored_codebook, replace_codes
from models.database import Database
from producers.code_sample import draw_code_sample
from reports.data.coded_samples import read_coded_samples
from reports.data.dsl_rows import read_dsl_table
from reports.data.estimate_strata import CodedSubject, make_strata
from reports.data.run_data import load_run
from reports.stats.coded_shares import estimate_share
from tests.command_kit import run_command
from tests.report_stories import Text, months_run, store

RELEVANCE = read_shipped("relevance")
WORDS = [f"{left}{right}" for left in "abcdefghij" for right in "klmnopqrst"]


@pytest.fixture
def db(command_db: Database) -> Database:
    return command_db


def coded_run(db: Database) -> int:
    """Return a run of 100 texts and 20 that repeat one; 40 were drawn and coded."""
    texts = [
        Text("2020-03-02", f"{'Tide' if n % 2 else 'Quiet'} {word}.")
        for n, word in enumerate(WORDS)
    ]
    texts += [Text(f"2020-03-{day:02}", f"Tide tables for {day}.") for day in range(3, 23)]
    store(db, texts)
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    everything = draw_code_sample(db, run, RELEVANCE, n=500, per=SamplePeriod.ALL, seed=1)
    with db.read() as connection:
        codebook_id = find_stored_codebook(connection, RELEVANCE.hash)

    assert codebook_id is not None
    sample = draw_code_sample(db, run, RELEVANCE, n=40, per=SamplePeriod.ALL, seed=1)
    with db.write() as connection:
        for coder, texts_of_coder in (("network:9", everything), ("person:Ann", sample)):
            codes = {
                text.unit: {"relevant": CodeValue("yes" if text.text < "Tide n" else "no")}
                for text in texts_of_coder
            }
            replace_codes(connection, db, Coding(run, codebook_id, coder), codes)

    return run


def test_each_text_has_a_row_with_its_codes_and_the_probability_of_being_drawn(
    db: Database, tmp_path: Path
) -> None:
    run = coded_run(db)
    result = run_command("export", run, "codes", "--for", "dsl", "--out", tmp_path / "dsl.csv")
    assert result.returncode == 0
    assert "101 texts written" in result.stderr
    with (tmp_path / "dsl.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == 101
    assert sum(int(row["copies"]) for row in rows) == 120
    assert list(rows[0])[-3:] == ["sample_prob", "relevant", "relevant_network_9"]
    assert sum(row["relevant"] != "" for row in rows) == 40
    assert {row["relevant_network_9"] for row in rows} == {"0.0", "1.0"}
    for row in rows:
        assert row["relevant"] in ("", row["relevant_network_9"])

    # Of each part as many texts are drawn as their probabilities say.
    assert math.fsum(float(row["sample_prob"]) for row in rows) == pytest.approx(40)
    assert [row["sample_prob"] for row in rows if row["copies"] == "20"] == ["1.0"]


def test_the_estimator_of_dsl_gives_the_share_of_the_estimates(db: Database) -> None:
    """Its linear model with an intercept alone: the mean prediction and the weighted error."""
    run = load_run(db, coded_run(db))
    table = read_dsl_table(run, None)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    prediction = 0.3
    documents, moments = 0, 0.0
    for row in rows:
        error = 0.0 if row["relevant"] is None else row["relevant"] - prediction
        documents += row["copies"]
        moments += row["copies"] * (prediction + error / row["sample_prob"])

    (sample,) = read_coded_samples(run)
    subject = CodedSubject(sample, sample.codebook.variables[0], "tide", "")
    estimate = estimate_share(make_strata(run, subject, "yes"))
    assert estimate is not None
    assert 0 < estimate.value < 1
    assert moments / documents == pytest.approx(estimate.value, abs=1e-12)


def test_what_is_not_asked_is_empty_and_the_category_of_most_coders_counts(db: Database) -> None:
    codebook = parse_codebook(
        b"{name: stance, unit: document, variables: ["
        b"{name: about, question: Is it about water, type: yes-no},"
        b"{name: stance, question: Which stance, type: category, if: about = yes,"
        b" categories: {for: praise, against: blame}}]}",
        "stance.yaml",
    )
    store(db, [Text("2020-03-02", "Tide is high."), Text("2020-03-03", "Quiet day.")])
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    sample = draw_code_sample(db, run, codebook, n=9, per=SamplePeriod.ALL, seed=1)
    with db.read() as connection:
        codebook_id = find_stored_codebook(connection, codebook.hash)

    assert codebook_id is not None
    with db.write() as connection:
        for coder, stance in (("Ann", "against"), ("Ben", "for"), ("Cleo", "against")):
            about = {"about": CodeValue("yes"), "stance": CodeValue(stance)}
            codes = {
                text.unit: about if "Tide" in text.text else {"about": CodeValue("no")}
                for text in sample
            }
            replace_codes(connection, db, Coding(run, codebook_id, f"person:{coder}"), codes)

    table = read_dsl_table(load_run(db, run), "stance")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    answers = sorted((row["about"], row["stance"]) for row in rows)
    assert answers == [(0.0, None), (1.0, "against")]


def test_what_cannot_be_written_is_told_with_what_to_write(db: Database, tmp_path: Path) -> None:
    store(db, [Text("2020-03-02", "Tide.")])
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    out = tmp_path / "dsl.csv"
    result = run_command("export", run, "codes", "--for", "dsl", "--out", out)
    assert result.returncode == 1
    assert f"nobody has coded a sample of run {run} by that codebook" in result.stderr
    assert run_command("export", run, "codes", "--for", "dsl").returncode == 2
    assert run_command("export", run, "periods", "--for", "dsl", "--out", out).returncode == 2
    assert not out.exists()


def test_of_codes_that_as_many_coders_chose_the_first_counts_whatever_process_asks(
    db: Database,
) -> None:
    codebook = parse_codebook(
        b"{name: actors, unit: document, variables: ["
        b"{name: actors, question: Who acts, type: categories,"
        b" categories: {crew: sailors, port: officials, town: people}}]}",
        "actors.yaml",
    )
    store(db, [Text("2020-03-02", f"Tide {word}.") for word in WORDS[:6]])
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    sample = draw_code_sample(db, run, codebook, n=6, per=SamplePeriod.ALL, seed=1)
    with db.write() as connection:
        codebook_id = find_stored_codebook(connection, codebook.hash)
        assert codebook_id is not None
        # The order of two sets is the right one by chance in one of four processes.
        for number, text in enumerate(sample):
            for coder, code in (("person:Ann", "crew|port"), ("person:Bob", "crew")):
                codes = {text.unit: {"actors": CodeValue(code + "|town" * (number % 2))}}
                replace_codes(connection, db, Coding(run, codebook_id, coder), codes)

    table = read_dsl_table(load_run(db, run), None)
    answers = [row[table.columns.index("actors")] for row in table.rows]
    assert sorted(map(str, answers)) == ["crew"] * 3 + ["crew|port|town"] * 3
