"""What an account's page gives notice of is about its own posts."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from sqlalchemy import delete, select, update

from core.enums import State, StepState
from models import runs
from models.database import Database
from models.tables import Document, Job, JobStep, PostPolarity
from reports.build import report_folder
from reports.data.run_data import Selection
from tests import report_stories as stories
from tests.report_stories import Text


def notices(folder: Path, page: str) -> str:
    html = (folder / page).read_text(encoding="utf-8")
    found = re.findall(r'<div class="notice" role="note">(.*?)</div>', html, re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "", " ".join(found)))


def test_an_accounts_page_has_no_note_about_another_accounts_posts(
    db: Database, tmp_path: Path
) -> None:
    posts = [Text(f"2020-03-0{day}", "It sails.", None, "ann", "x") for day in (1, 2, 3, 4)]
    posts += [Text(f"2020-03-0{day}", f"Tag {day}.", None, "bob", "x") for day in (1, 2, 3)]
    posts += [Text("2020-03-05", "Lost.", None, "cid", "x")]
    stories.store(db, posts)
    run = stories.handles_run(db, ["ann", "bob", "cid"])
    of_bob = select(Document.id).where(Document.handle == "bob")
    with db.write() as connection:
        runs.note_engine(connection, db, run, "news/1", {"en"})
        connection.execute(update(Document).values(language_code="en"))
        is_of_bob = Document.handle == "bob"
        connection.execute(update(Document).where(is_of_bob).values(language_code="de"))
        connection.execute(delete(PostPolarity).where(PostPolarity.document_id.in_(of_bob)))
        cid = select(Job.id).where(Job.name == "@cid").scalar_subquery()
        failed = {"state": StepState.FAILED, "reason": "the key was refused"}
        connection.execute(update(JobStep).where(JobStep.job_id == cid).values(failed))
        connection.execute(update(Job).where(Job.name == "@cid").values(state=State.FAILED))

    report_folder.build(db, [run], tmp_path, selection=Selection(distinct=True))
    everything = notices(tmp_path, "index.html")
    assert "3 posts in German are counted but not scored." in everything
    assert "3 posts are left out." in everything
    assert "1 of 3 jobs failed." in everything

    ann, bob, cid_notes = (notices(tmp_path, f"@{name}.html") for name in ("ann", "bob", "cid"))
    assert "3 posts are left out." in ann
    assert "0 posts are left out." in bob
    assert "3 posts in German are counted but not scored." in bob
    for own_notices in (ann, cid_notes):
        assert "German" not in own_notices
    for own_notices in (ann, bob):
        assert "failed" not in own_notices

    assert "the key was refused" in cid_notes
