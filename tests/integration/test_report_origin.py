"""What a report says of where its numbers come from: hash, n, licence, and the small print."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models.database import Database
from models.tables import JobStep
from reports.build import report_folder
from reports.data import archive_hash
from reports.data.archive_hash import hash_documents
from reports.data.run_data import Selection, load_run
from reports.figures.origin import describe_origin
from reports.figures.panels import SEPARATOR
from reports.pages import page
from reports.pages.summarizing import summarize_run
from tests import report_stories as stories
from tests.figures_kit import pictures_in
from tests.report_stories import Text

NYT = "https://www.nytimes.com/2020/03/{}.html"
TEXTS = [
    Text("2020-03-01", "Coronavirus closes schools in the city.", NYT.format(1)),
    Text("2020-03-02", "A coronavirus test for everyone.", NYT.format(2)),
    Text("2020-03-03", "Nothing of that sort.", NYT.format(3)),
    Text("2020-04-04", "Coronavirus again.", NYT.format(4)),
]
DAY = "2020-09-13"  # of `stories.NOW`


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(stories.database(tmp_path)) as opened:
        yield opened


def fill(db: Database, texts: Sequence[Text] = TEXTS) -> int:
    stories.store(db, texts)
    return stories.months_run(db, "2020-03", "2020-04", ["coronavirus"])


def origin_of(db: Database, *runs: int) -> str:
    return describe_origin([load_run(db, run) for run in runs])


def methods(db: Database, run: int) -> str:
    module: Any = page._environment().get_template("parts.html").module
    html = str(module.methods(summarize_run(load_run(db, run)), {}, []))
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def hash_of(rows: Sequence[tuple[str, str]]) -> str:
    """Return the hash as docs/reports.md says it."""
    digests = sorted({hashlib.sha256(f"{d}\0{t}".encode()).digest() for d, t in rows})
    return hashlib.sha256(b"".join(digests)).hexdigest()


def test_the_methods_give_a_hash_that_anybody_can_compute_from_the_documents(db: Database) -> None:
    run = fill(db)
    rows = [(f"nyt:{number:06}", text.text) for number, text in enumerate(TEXTS)]
    assert f"{hash_of(rows)} : SHA-256 of the identities" in methods(db, run)


def test_the_hash_is_of_what_the_run_read_whatever_is_left_out_of_its_figures(
    db: Database,
) -> None:
    run = fill(db)
    whole = hash_documents(load_run(db, run))
    assert hash_documents(load_run(db, run, Selection(distinct=True))) == whole

    stories.store(db, [Text("2020-05-01", "Coronavirus in May.")], prefix="may")
    assert hash_documents(load_run(db, run)) == whole
    stories.store(db, [Text("2020-03-31", "One more of March.")], prefix="march")
    assert hash_documents(load_run(db, run)) != whole


def test_the_hash_is_the_same_when_most_digests_are_kept_in_files(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fill(db)
    in_memory = hash_documents(load_run(db, run))
    monkeypatch.setattr(archive_hash, "_IN_MEMORY", 1)
    assert hash_documents(load_run(db, run)) == in_memory is not None


def test_the_hash_depends_on_no_order_and_on_each_text(tmp_path: Path) -> None:
    hashes = []
    for number, texts in enumerate((TEXTS, TEXTS[::-1], [*TEXTS[:3], Text("2020-04-04", "X.")])):
        folder = tmp_path / str(number)
        folder.mkdir()
        with closing(stories.database(folder)) as db:
            for text in texts:
                stories.store(db, [text], prefix=f"{text.at}-")

            run = stories.months_run(db, "2020-03", "2020-04", ["coronavirus"])
            hashes.append(hash_documents(load_run(db, run)))

    assert hashes[0] == hashes[1] != hashes[2]


def test_the_methods_say_on_how_many_documents_each_step_worked(db: Database) -> None:
    run = fill(db)
    assert (
        "Steps documents (4 documents), keywords (4), polarity (4), phrases (4), entities (4), "
        "distinctive (4). The number in brackets is that of the documents that the step read."
    ) in methods(db, run)
    failed = stories.months_run(db, "2020-03", "2020-04", ["city"], failed=["2020-04"])
    assert "keywords (4; 1 of 2 jobs complete), polarity (3; 1 of 2 jobs complete)" in methods(
        db, failed
    )


def test_the_methods_name_the_terms_of_each_source(db: Database) -> None:
    run = fill(db)
    assert (
        "Licence The New York Times: The texts belong to The New York Times Company; what its APIs "
        "give is used under its terms for developers: https://developer.nytimes.com/terms"
    ) in methods(db, run)
    posts = [Text("2020-03-01", "Launch.", handle="nasa", source="x")]
    posts += [Text("2020-03-02", "Landing.", handle="nasa", source="posts")]
    for number, post in enumerate(posts):
        stories.store(db, [post], prefix=f"post-{number}-")

    text = methods(db, stories.handles_run(db, ["nasa"]))
    assert "Licence imported files: The files name no licence" in text
    assert "Licence X (Twitter until July 2023): The posts belong to their authors" in text


def test_texts_that_are_made_up_are_nobody_elses(db: Database) -> None:
    run = fill(db, [Text("2020-03-01", "Coronavirus.", "https://example.org/1")])
    assert "Licence The texts were written by the program" in methods(db, run)
    assert origin_of(db, run) == f"Source: made-up texts · as of {DAY} · Tidings, run {run}"


def test_an_update_of_a_month_leaves_the_pictures_of_the_others(
    db: Database, tmp_path: Path
) -> None:
    words = [f"word{letter}" for letter in "abcdefghijkl"]
    days = [(month, n) for month in ("03", "04") for n in range(1, 13)]
    stories.store(
        db, [Text(f"2020-{month}-{n:02}", f"Covid {' '.join(words[:n])}.") for month, n in days]
    )
    run = stories.months_run(db, "2020-03", "2020-04", ["covid"])
    report_folder.build(db, [run], tmp_path)
    before = pictures_in(tmp_path)

    _, april = load_run(db, run).jobs
    a_day_later = JobStep.at + 24 * 3600
    with db.write() as connection:
        connection.execute(update(JobStep).where(JobStep.job_id == april.id).values(at=a_day_later))

    report_folder.build(db, [run], tmp_path)
    after = pictures_in(tmp_path)

    march, april_pictures = ({n for n in before if month in n} for month in ("2020-03", "2020-04"))
    assert march
    assert {name for name in march if after[name] != before[name]} == set()
    assert {name for name in april_pictures if after[name] == before[name]} == set()
    assert describe_origin([load_run(db, run)], "2020-03").split(" · ")[1] == f"as of {DAY}"
    assert describe_origin([load_run(db, run)]).split(" · ")[1] == "as of 2020-09-14"


def test_the_small_print_names_source_day_and_run(db: Database) -> None:
    run = fill(db)
    named = stories.months_run(db, "2020-03", "2020-03", ["city"], name="a  name " + 30 * "n")
    assert origin_of(db, run) == f"Source: The New York Times · as of {DAY} · Tidings, run {run}"
    assert origin_of(db, named).endswith(f"Tidings, run {named} “a name {22 * 'n'}…”")
    assert origin_of(db, run, named).endswith(f"Tidings, runs {run}, {named}")


def test_the_small_print_names_the_sources_of_posts_and_the_data_of_a_training(
    db: Database,
) -> None:
    fill(db)
    stories.store(db, [Text("2020-03-01", "Launch.", handle="nasa", source="x")], prefix="n")
    posts = stories.handles_run(db, ["nasa"])
    training = stories.trainings_run(db, "recurrent", [0.1])
    assert origin_of(db, posts).startswith(f"Source: X (Twitter until July 2023) · as of {DAY}")
    assert origin_of(db, training).startswith(f"Source: sine · as of {DAY}")


def test_every_picture_of_a_report_has_the_small_print(db: Database, tmp_path: Path) -> None:
    run, out = fill(db), tmp_path / "out"
    report_folder.build(db, [run], out)
    pictures = pictures_in(out)
    assert pictures
    origin = origin_of(db, run)
    for name, picture in pictures.items():
        written = re.findall(">([^<]*)</text>", picture)
        assert unescape(SEPARATOR.join(written)).endswith(origin), name


@pytest.mark.thorough
def test_two_reports_of_a_run_have_equal_pictures(db: Database, tmp_path: Path) -> None:
    run = fill(db)
    pictures = []
    for name in ("one", "two"):
        report_folder.build(db, [run], tmp_path / name)
        pictures.append(pictures_in(tmp_path / name))

    assert pictures[0] == pictures[1]
