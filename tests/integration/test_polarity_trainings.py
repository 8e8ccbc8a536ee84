"""Polarity trainings as jobs, on rated sentences that are made up here."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from analysis.trainings.polarity import wordnet
from analysis.trainings.polarity.evaluation import correlate_ranks
from analysis.trainings.polarity.task import NO_WORDNET
from core.broker import celery_app
from core.enums import State
from core.settings import Settings
from models.database import Database
from models.tables import Job, Training
from models.trainings import get_trained_network
from producers.trainings import plan_training, submit_training
from reports.build import report_folder
from reports.data import exports
from textapi.engine.news import read_model
from workers.context import JobContext
from workers.executor import work_one_slice
from workers.runtime import Runtime
from workers.training_data import predict_data

GOOD = ("harvest", "rescue", "blossom", "cure", "festival", "bargain")
BAD = ("flood", "collapse", "famine", "poison", "strike", "drought")
PLACES = ("Velmont", "Kanchipur", "Praeling", "Dunmore")


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    opened = Runtime(settings, celery_app(settings))
    yield opened
    opened.lease_db.close()
    opened.close()


@pytest.fixture(autouse=True)
def _without_wordnet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(wordnet, "FOLDER", tmp_path / "no-wordnet")


@pytest.fixture
def ratings(tmp_path: Path) -> str:
    """A folder of 600 sentences, in two formats, whose words say how they are rated."""
    chance = random.Random(7)
    lines, snippets = [], []
    for number in range(600):
        sign = chance.choice((-1, 1))
        words = chance.sample(GOOD if sign > 0 else BAD, 2)
        text = f"In {chance.choice(PLACES)} the {words[0]} and the {words[1]} go on."
        if number % 2:
            snippets.append(f"{number}_1\t{2 * sign + chance.random()}\t{text}")
            continue

        targets = [{"mention": "X", "polarity": 4.0 + 2 * sign}]
        row = {"primary_gid": f"paper_{number}_1_2_X_0_1", "sentence_normalized": text}
        lines.append(json.dumps(row | {"targets": targets}))

    folder = tmp_path / "ratings"
    folder.mkdir()
    for name, rows in (("newsmtsc_train.jsonl.gz", lines), ("vader_made.tsv.gz", snippets)):
        (folder / name).write_bytes(gzip.compress("\n".join(rows).encode()))

    return str(folder)


def submit(db: Database, folder: str, **options: Any) -> int:
    parameters, jobs = plan_training("polarity", folder, {"learning-rate": "0.01", **options})
    return submit_training(db, parameters, jobs)


def work(runtime: Runtime, run: int) -> Any:
    """Work on the run's only training until it has ended, and return its row."""
    statement = select(*Job.__table__.columns).where(Job.run_id == run, Job.kind == "training")
    while True:
        with runtime.db.read() as connection:
            job = connection.execute(statement).one()

        if job.state != State.QUEUED:
            return job

        work_one_slice(runtime, job.id)


def export(db: Database, run: int, table: str) -> list[dict[str, Any]]:
    out = io.BytesIO()
    exports.write(db, run, table, "jsonl", out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def weights(db: Database, run: int) -> bytes:
    with db.read() as connection:
        return get_trained_network(connection, run).weights


def remarks(db: Database, job: Any) -> list[str]:
    with db.read() as connection:
        statement = select(Training.remarks).where(Training.job_id == job.id)
        return list(connection.scalars(statement).one())


def test_a_training_ends_with_weights_that_the_engine_reads_and_says_how_good_they_are(
    db: Database, runtime: Runtime, ratings: str, tmp_path: Path
) -> None:
    run = submit(db, ratings)
    job = work(runtime, run)
    assert (job.state, job.name, job.done_units) == (State.DONE, "polarity", 12)
    losses = [row["validation_loss"] for row in export(db, run, "epochs")]
    assert len(losses) == 12
    assert losses[-1] < losses[0] < 0.5  # which predicting the mean has

    stored = weights(db, run)
    model = read_model(stored)
    assert model.score("The harvest and the cure") > 0.3
    assert model.score("A FLOOD, A FAMINE") < -0.3
    assert model.score("A flood in Velmont") == model.score("A flood in Elsewhere")

    rows = export(db, run, "predictions")
    of_news = [row for row in rows if row["split"] == "newsmtsc_train"]
    assert {row["split"] for row in rows} == {"newsmtsc_train", "vader_made"}
    assert 40 < len(rows) < 80  # a tenth
    correlation = correlate_ranks(
        [row["actual"] for row in of_news], [row["predicted"] for row in of_news]
    )
    assert correlation > 0.8
    said = "\n".join(remarks(db, job))
    assert f"newsmtsc_train: Spearman's correlation with people is {correlation:.3f}" in said
    assert f"on {len(of_news)} sentences held out" in said
    assert NO_WORDNET in said
    for kind in ("persons", "parties", "countries", "religions", "genders", "companies"):
        assert f"Names of {kind} change a neutral sentence by 0.000 standard deviations" in said

    assert hashlib.sha256(stored).hexdigest() in said

    page = report_folder.build(db, [run], tmp_path / "report").read_text(encoding="utf-8")
    assert "A polarity network" in page
    assert "Names of companies change" in page
    assert "by the last value" not in page  # which is for series


def test_wordnet_gives_words_a_valence_that_no_rating_holds(
    db: Database, runtime: Runtime, ratings: str, tmp_path: Path
) -> None:
    folder = tmp_path / "no-wordnet"
    folder.mkdir()
    for name in wordnet.FILES:
        (folder / name).write_text("", encoding="utf-8")

    (folder / "data.noun").write_text(
        "00000001 04 n 02 disaster 0 wreckage 0 000 | a very bad event\n", encoding="utf-8"
    )
    run = submit(db, ratings, epochs="1")
    job = work(runtime, run)
    assert job.state == State.DONE
    assert NO_WORDNET not in remarks(db, job)
    assert read_model(weights(db, run)).features.related["wreckage"] < 0


def test_equal_trainings_give_equal_bytes_however_they_are_sliced(
    db: Database, runtime: Runtime, ratings: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = submit(db, ratings, epochs="3")
    work(runtime, whole)
    monkeypatch.setattr(JobContext, "slice_is_over", property(lambda _: True))
    sliced = submit(db, ratings, epochs="3")
    assert work(runtime, sliced).claims == 3
    assert weights(db, sliced) == weights(db, whole)
    other = submit(db, ratings, epochs="3", seed="1")
    work(runtime, other)
    assert weights(db, other) != weights(db, whole)


def test_a_trained_network_predicts_the_polarity_of_each_line(
    db: Database, runtime: Runtime, ratings: str, tmp_path: Path
) -> None:
    run = submit(db, ratings)
    work(runtime, run)
    (tmp_path / "lines.txt").write_text("A harvest\n\nA flood\n", encoding="utf-8")
    rows = predict_data(db, run, None, str(tmp_path / "lines.txt"))
    assert [row["index"] for row in rows] == [0, 1, 2]
    assert rows[0]["predicted"] > rows[1]["predicted"] == 0.0 > rows[2]["predicted"]


def test_without_vaders_lexicon_the_job_fails_and_says_what_to_install(
    db: Database, runtime: Runtime, ratings: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    job = work(runtime, submit(db, ratings))
    assert job.state == State.FAILED
    assert "pip install 'tidings[server]'" in job.reason


def test_too_few_sentences_for_a_split_fail_the_job_with_the_reason(
    db: Database, runtime: Runtime, tmp_path: Path
) -> None:
    content = gzip.compress(b"1\t2.0\tA harvest\n2\t-2.0\tA flood\n")
    (tmp_path / "vader_made.tsv.gz").write_bytes(content)
    job = work(runtime, submit(db, str(tmp_path)))
    assert job.state == State.FAILED
    assert "too few sentences" in job.reason
