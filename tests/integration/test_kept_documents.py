"""A report copies the documents of months that have not changed, and never what is no longer so."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from core.atomic_files import StagedFiles
from models.database import Database
from models.documents import add_documents
from models.tables import Document, Entity, Job, JobStep, Mention, Run
from reports.build import manifest, report_folder
from reports.data.exports import ExportFolder
from reports.data.held_documents import list_names
from reports.data.kept_documents import JobParts, LastReport, Member
from reports.data.run_data import RunData, RunJob, Selection, load_run
from reports.data.tables.documents import DOCUMENTS
from reports.pages import document_list
from reports.pages.document_list import DocumentIndex, write_parts
from tests import report_stories as stories
from tests.exports_kit import add, jobs_of

FILE = "documents.jsonl.gz"
TEXTS = [
    stories.Text("2020-03-02", "Covid closes the museum.", "https://example.org/1"),
    stories.Text("2020-03-09", "Quiet day in the park."),
    stories.Text("2020-03-10", "Quiet day in the park."),
    stories.Text("2020-04-02", "Covid closes the opera.", "https://example.org/2"),
    stories.Text("2020-04-12", "A ferry sinks in fog."),
    stories.Text("2020-05-01", "Schools open, covid or not."),
]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(stories.database(tmp_path)) as opened:
        stories.store(opened, TEXTS)
        stories.months_run(opened, "2020-03", "2020-05", ["covid"])
        yield opened


def write(
    run: RunData, folder: Path, earlier: list[Member], version: str = "1", **options: Any
) -> tuple[list[Member], bytes]:
    """Return the members of the file of all documents, and its content."""
    folder.mkdir(exist_ok=True)
    exports = ExportFolder(run, folder, last=LastReport(version, earlier), **options)
    exports.write_table(DOCUMENTS)
    return list(exports.members), gzip.decompress((folder / FILE).read_bytes())


def mark(folder: Path, members: list[Member]) -> list[Member]:
    """Put a line into each member, by which a copy of it can be told."""
    contents, marked, offset = (folder / FILE).read_bytes(), [], 0
    lines = []
    for member in members:
        content = contents[offset : offset + member.length]
        offset += member.length
        lines.append(gzip.compress(b'"copied"\n' + gzip.decompress(content), mtime=0))
        marked.append(Member.of(member.made_of, lines[-1]))

    (folder / FILE).write_bytes(b"".join(lines))
    return marked


def copied(content: bytes) -> int:
    return content.count(b'"copied"')


def complete(db: Database, **given: Any) -> None:
    """Import the first document again, of which more is known now."""
    known = {
        "identity": "nyt:000000",
        "source": "nyt",
        "text": TEXTS[0].text,
        "material": "News",
        "published_at": None,
        "period": None,
        "address": TEXTS[0].address,
    }
    with db.write() as connection:
        # What a job has read is completed in place.
        newest = select(Document.id).order_by(Document.id.desc()).limit(1).scalar_subquery()
        connection.execute(update(Job).values(newest_document=newest))

    add_documents(db, [known | given])


def add_author(db: Database) -> None:
    complete(db, handle="ann")


def add_place(db: Database) -> None:
    complete(db, outlet="The Times", section="World")


def add_tags(db: Database) -> None:
    complete(db, tags=["Museums"])


def add_an_empty_list_of_tags(db: Database) -> None:
    complete(db, tags=[])


def note_a_full_stop(db: Database) -> None:
    complete(db, full_stop_added=True)


def erase(db: Database) -> None:
    with db.write() as connection:
        document = select(Document.id).where(Document.identity == "nyt:000000").scalar_subquery()
        connection.execute(delete(Mention).where(Mention.document_id == document))
        connection.execute(delete(Document).where(Document.identity == "nyt:000000"))

    # What rests on the document is made again.
    redo(db)


def lift(db: Database) -> None:
    """Erase a document, write, and import it again once its suppression is lifted."""
    erase(db)
    stories.store(db, TEXTS[:1], prefix="again")


def import_another(db: Database) -> None:
    """Import one more document of a month that is collected again."""
    job = jobs_of(db, 1)["2020-03"]
    with db.write() as connection:
        connection.execute(update(Job).where(Job.id == job).values(newest_document=None))

    stories.store(db, [stories.Text("2020-03-20", "One more.")], prefix="more")


def redo(db: Database) -> None:
    job = jobs_of(db, 1)["2020-03"]
    with db.write() as connection:
        connection.execute(update(JobStep).where(JobStep.job_id == job).values(at=stories.NOW + 5))


def test_members_of_months_that_have_not_changed_are_copied_to_the_byte(
    db: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    members, content = write(load_run(db, 1), folder, [])
    assert [json.loads(line)["text"] for line in content.splitlines()] == [
        text.text for text in TEXTS
    ]
    packed = (folder / FILE).read_bytes()
    assert len(members) == 3
    assert sum(member.length for member in members) == len(packed)

    again, _ = write(load_run(db, 1), folder, members)
    assert again == members
    assert (folder / FILE).read_bytes() == packed
    _, marked = write(load_run(db, 1), folder, mark(folder, members))
    assert copied(marked) == 3


@pytest.mark.parametrize(
    "change",
    [
        *(add_author, add_place, add_tags, add_an_empty_list_of_tags, note_a_full_stop),
        *(erase, lift, import_another, redo),
    ],
)
def test_a_month_is_written_anew_whose_documents_have_changed(
    db: Database, tmp_path: Path, change: Callable[[Database], None]
) -> None:
    folder = tmp_path / "out"
    complete(db)
    members, before = write(load_run(db, 1), folder, [])
    marked = mark(folder, members)
    change(db)

    _, content = write(load_run(db, 1), folder, marked)
    _, anew = write(load_run(db, 1), tmp_path / "anew", [])
    assert copied(content) == 2
    assert content.replace(b'"copied"\n', b"") == anew
    assert (anew == before) == (change is redo)


@pytest.mark.parametrize(
    ("selection", "left", "others"),
    [(Selection(distinct=True), 5, 2), (Selection(without=("Quiet day in the park.",)), 4, 2)],
)
def test_another_selection_writes_the_months_anew_of_which_it_leaves_out_some(
    db: Database, tmp_path: Path, selection: Selection, left: int, others: int
) -> None:
    folder = tmp_path / "out"
    members, _ = write(load_run(db, 1), folder, [])
    _, content = write(load_run(db, 1, selection), folder, mark(folder, members))
    assert content.count(b'{"run"') == left
    assert copied(content) == others


def test_another_version_and_a_folder_without_texts_copy_nothing(
    db: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    members, _ = write(load_run(db, 1), folder, [], version="1")
    marked = mark(folder, members)
    shutil.copytree(folder, tmp_path / "other")
    _, of_version = write(load_run(db, 1), tmp_path / "other", marked, version="2")
    assert copied(of_version) == 0
    _, without_texts = write(load_run(db, 1), folder, marked, version="1", texts=False)
    assert copied(without_texts) == 0
    assert b"museum" not in without_texts


def test_another_run_copies_nothing_and_a_rule_of_the_run_is_another_run(
    db: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    members, _ = write(load_run(db, 1), folder, [])
    stories.months_run(db, "2020-03", "2020-05", ["covid", "fog"])
    _, content = write(load_run(db, 2), folder, mark(folder, members))
    assert copied(content) == 0


def test_a_file_that_is_not_the_one_that_is_remembered_is_written_anew(
    db: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    members, content = write(load_run(db, 1), folder, [])
    packed = (folder / FILE).read_bytes()
    others = (b"", packed[: members[0].length], b"x" + packed, packed.replace(packed[20:24], b""))
    for other in others:
        (folder / FILE).write_bytes(other)
        assert write(load_run(db, 1), folder, members) == (members, content)

    (folder / FILE).unlink()
    assert write(load_run(db, 1), folder, members) == (members, content)


def write_list(
    db: Database, folder: Path, last: LastReport, *, texts: bool = True
) -> dict[str, JobParts]:
    """Write the parts of the list of documents; return what is remembered of them."""
    folder.mkdir(exist_ok=True)
    run = load_run(db, 1)
    index = DocumentIndex.of(run, texts=texts)
    return write_parts(run, index, StagedFiles(folder), last, None)


def new_names(before: dict[str, JobParts], after: dict[str, JobParts]) -> list[str]:
    return [job for job in before if before[job].file_names != after[job].file_names]


def score_anew(db: Database) -> None:
    job = jobs_of(db, 1)["2020-03"]
    with db.write() as connection:
        connection.execute(update(Mention).where(Mention.job_id == job).values(polarity=0.77))


def add_address(db: Database) -> None:
    with db.write() as connection:
        is_first = Document.identity == "nyt:000000"
        connection.execute(update(Document).where(is_first).values(address="https://a.example"))


@pytest.mark.parametrize("change", [score_anew, add_address, note_a_full_stop, erase])
def test_the_part_of_a_month_is_written_anew_whose_documents_have_changed(
    db: Database, tmp_path: Path, change: Callable[[Database], None]
) -> None:
    folder = tmp_path / "out"
    complete(db)
    before = write_list(db, folder, LastReport("1"))
    change(db)

    after = write_list(db, folder, LastReport("1", parts=before))
    anew = write_list(db, tmp_path / "anew", LastReport("1"))
    assert after == anew
    assert new_names(before, after) == ["2020-03"]


def test_parts_are_kept_only_as_far_as_they_are_there_and_of_this_version(
    db: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    before = write_list(db, folder, LastReport("1"))
    # What is kept is not read again.
    for path in (folder / "documents").iterdir():
        path.write_bytes(b"kept")

    assert write_list(db, folder, LastReport("1", parts=before)) == before
    for job_parts in before.values():
        (folder / job_parts.file_names[0]).unlink()

    assert write_list(db, folder, LastReport("1", parts=before)) == before
    for path in (folder / "documents").iterdir():
        assert path.read_bytes().startswith(b"documentPart")

    other = write_list(db, folder, LastReport("2", parts=before))
    assert {job: parts.made_of for job, parts in other.items()}.items().isdisjoint(
        {job: parts.made_of for job, parts in before.items()}.items()
    )
    without_texts = write_list(db, folder, LastReport("1", parts=before), texts=False)
    assert new_names(before, without_texts) == list(before)


def test_what_a_name_stands_for_is_decided_by_other_months_too(db: Database) -> None:
    jobs = jobs_of(db, 1)
    with db.write() as connection:
        connection.execute(delete(Entity))

    named = {"keyword": "covid", "period": "", "rank": 9, "name": "Riverton", "spellings": []}
    add(db, Entity, named | {"job_id": jobs["2020-03"], "type": "ORG", "count": 1})
    run = load_run(db, 1)
    before = list_names(run, run.jobs[0])
    add(db, Entity, named | {"job_id": jobs["2020-04"], "type": "GPE", "count": 9})
    run = load_run(db, 1)
    assert list_names(run, run.jobs[0]) != before
    assert list_names(run, run.jobs[2]) == []


def test_a_report_after_one_new_month_copies_the_other_months(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    report_folder.build(db, [1], out)
    remembered = json.loads((out / "report.json").read_text())
    members = [Member(*member) for member in remembered["kept"]["."]["members"]]
    remembered["kept"]["."]["members"] = mark(out, members)
    (out / "report.json").write_text(json.dumps(remembered))
    import_another(db)
    redo(db)
    with db.write() as connection:
        connection.execute(update(Run).values(ended_at=Run.ended_at + 1))

    # A build that is killed has written the tables, and no manifest.
    written: list[str] = []
    write_contents = document_list._write_contents

    def count_months(run: RunData, job: RunJob, *arguments: Any, **options: Any) -> Any:
        written.append(job.name)
        return write_contents(run, job, *arguments, **options)

    monkeypatch.setattr(document_list, "_write_contents", count_months)
    monkeypatch.setattr(report_folder, "_drop_stale", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report_folder.build(db, [1], out)

    content = gzip.decompress((out / FILE).read_bytes())
    assert copied(content) == 2
    assert b"One more." in content
    assert written == ["2020-03"]

    # What is remembered is of the earlier file, of which nothing may be taken for the new one.
    monkeypatch.undo()
    monkeypatch.setattr(manifest, "PACKAGES", manifest.PACKAGES[1:])
    report_folder.build(db, [1], out)
    again = gzip.decompress((out / FILE).read_bytes())
    assert again == content.replace(b'"copied"\n', b"")
