"""Frames of jobs: made once, stored, and made again when what they were made of has changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from analysis.text import forms
from models.database import Database
from models.erasure import forget_documents
from models.frames import write_frames
from models.tables import Document, Job, JobFrames, Mention
from reports.data import queries
from reports.data.run_data import RunData, RunJob, document_scope, load_run
from reports.frames import reading
from reports.frames.frames import Frames
from reports.frames.reading import hash_origins, keep_frames, load_frames, load_mentioning
from tests.groups_kit import Piece, run_months, store_pieces

PIECES = [Piece("2020-03-02", "Fog here"), Piece("2020-03-03", "Rain here", "Post", "World")]


def run_of(db: Database, **parameters: object) -> int:
    keywords = (Keyword.parse("fog"), Keyword.parse("rain"))
    chosen = MonthsParameters(first="2020-03", last="2020-03", keywords=keywords, **parameters)
    return run_months(db, chosen)


def frames_of(db: Database, run: int) -> Frames:
    data = load_run(db, run)
    return load_frames(data, data.jobs[0])


def count_stored(db: Database) -> int:
    with db.read() as connection:
        return len(connection.execute(select(JobFrames.job_id)).all())


def test_frames_are_stored_with_the_first_reading_and_read_from_there(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_pieces(db, PIECES)
    run = run_of(db)
    first = frames_of(db, run)
    assert count_stored(db) == 1
    monkeypatch.setattr(reading, "make_frames", None)
    again = frames_of(db, run)
    assert again.documents.equals(first.documents)
    assert again.mentions.equals(first.mentions)
    assert again.forms.hashes.tolist() == first.forms.hashes.tolist()


def test_documents_that_are_read_in_many_pages_have_the_frames_of_one(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = Piece("2020-03-01", "RT @a: fog - here: 2:30 h", "Post", "World")
    store_pieces(db, [*PIECES, later, Piece("2020-03-02", "Fog here again")])
    data = load_run(db, run_of(db))
    scope = document_scope(data, data.jobs[0])
    whole = reading.make_frames(db, data.jobs[0].id, scope, has_mentions=True)

    monkeypatch.setattr(reading, "_TEXTS_AT_ONCE", 1)
    monkeypatch.setattr(queries, "PAGE", 2)
    monkeypatch.setattr(forms, "_READ_AT_ONCE", 1)
    in_pages = reading.make_frames(db, data.jobs[0].id, scope, has_mentions=True)
    assert whole.documents["day"].dt.day().to_list() == [1, 2, 2, 3]
    assert in_pages.documents.equals(whole.documents)
    assert in_pages.packed_forms == whole.packed_forms


def test_a_worker_stores_what_a_report_would_make(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_pieces(db, PIECES)
    run = run_of(db)
    data = load_run(db, run)
    (job,) = data.jobs
    keep_frames(db, job.id, document_scope(data, job), has_mentions=True)
    monkeypatch.setattr(reading, "make_frames", None)
    assert frames_of(db, run).mentions["keyword"].to_list() == ["fog", "rain"]


def test_stored_frames_that_have_other_columns_are_made_again_and_stored(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_pieces(db, PIECES)
    run = run_of(db)
    frames = frames_of(db, run)
    data = load_run(db, run)
    (job,) = data.jobs
    without_words = replace(frames, documents=frames.documents.drop("words"))
    with_day = replace(frames, mentions=frames.mentions.with_columns(day=None))
    for earlier in (without_words, with_day):
        write_frames(db, job.id, hash_origins(data)[job.id], earlier.to_bytes())
        again = frames_of(db, run)
        assert again.documents.equals(frames.documents)
        assert again.mentions.equals(frames.mentions)

    monkeypatch.setattr(reading, "make_frames", None)
    assert frames_of(db, run).mentions.equals(frames.mentions)


def test_an_import_that_tells_the_section_of_a_document_makes_frames_anew(db: Database) -> None:
    store_pieces(db, PIECES)
    run = run_of(db)
    assert frames_of(db, run).documents["section"].to_list() == ["", "World"]
    store_pieces(db, [Piece("2020-03-02", "Fog here", "Post", "Sports")])
    assert frames_of(db, run).documents["section"].to_list() == ["Sports", "World"]


def test_an_erased_document_is_in_no_frame(db: Database) -> None:
    store_pieces(db, PIECES)
    run = run_of(db)
    assert len(frames_of(db, run).documents) == 2
    with db.read() as connection:
        fog = connection.scalar(select(Document.id).where(Document.text == "Fog here"))

    assert fog is not None
    forget_documents(
        db, [fog], sentences=lambda text: [text], reason="asked", result_tables=[Mention]
    )
    assert count_stored(db) == 0
    frames = frames_of(db, run)
    assert frames.documents["document"].to_list() == [fog + 1]
    assert frames.mentions["keyword"].to_list() == ["rain"]


def test_a_job_that_is_done_anew_has_new_frames(db: Database) -> None:
    store_pieces(db, PIECES)
    run = run_of(db)
    assert len(frames_of(db, run).mentions) == 2
    with db.write() as connection:
        connection.execute(delete(Mention).where(Mention.keyword == "fog"))
        connection.execute(update(Job).values(claims=Job.claims + 1))

    assert frames_of(db, run).mentions["keyword"].to_list() == ["rain"]


def test_frames_of_a_job_that_has_not_ended_are_not_stored(db: Database) -> None:
    store_pieces(db, PIECES)
    run = run_of(db)
    with db.write() as connection:
        connection.execute(update(Job).values(state="running"))

    assert len(frames_of(db, run).documents) == 2
    assert count_stored(db) == 0


def test_documents_of_other_sections_are_there_and_not_chosen(db: Database) -> None:
    store_pieces(db, PIECES)
    frames = frames_of(db, run_of(db, sections=("World",)))
    assert frames.documents["chosen"].to_list() == [False, True]
    assert frames.mentions["keyword"].to_list() == ["rain"]
    assert frames.documents["form"].null_count() == 1


def test_each_job_is_read_once_while_its_frames_fit_in_memory_and_else_the_last_ones_again(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"02": "Fog here", "03": "Sun here"}
    days = [f"2020-{month:02}-{day}" for month in range(1, 6) for day in texts]
    store_pieces(db, [Piece(day, texts[day[-2:]]) for day in days])
    fog = (Keyword.parse("fog"),)
    run = run_months(db, MonthsParameters(first="2020-01", last="2020-05", keywords=fog))
    read: list[str] = []

    def load(run: RunData, job: RunJob) -> Frames:
        read.append(job.name)
        return _load(run, job)

    _load = reading._load
    monkeypatch.setattr(reading, "_load", load)
    data = load_run(db, run)
    for _ in range(3):
        assert [len(load_frames(data, job).documents) for job in data.jobs] == [2] * 5

    assert read == [job.name for job in data.jobs]

    # Those of three months fit, and the documents of all months that have a mention.
    monkeypatch.setattr(reading, "_KEPT_DOCUMENTS", 6)
    read.clear()
    data = load_run(db, run)
    for _ in range(2):
        assert [len(load_mentioning(data, job).documents) for job in data.jobs] == [1] * 5

    assert read == [job.name for job in data.jobs]
    assert [len(load_frames(data, job).documents) for job in data.jobs] == [2] * 5
    assert read[5:] == ["2020-03", "2020-04", "2020-05"]


def test_documents_that_have_a_mention_are_those_of_the_whole_frames(db: Database) -> None:
    store_pieces(db, [*PIECES, Piece("2020-03-01", "Sun here"), Piece("2020-03-04", "Rain, fog")])
    run = run_of(db)
    data = load_run(db, run)
    whole, mentioning = load_frames(data, data.jobs[0]), load_mentioning(data, data.jobs[0])
    assert whole.documents["day"].dt.day().to_list() == [1, 2, 3, 4]
    assert mentioning.documents.equals(whole.documents[1:])
    assert mentioning.mentions.equals(whole.mentions)
