"""The page of an account leaves its own name out of names, phrases and words."""

from __future__ import annotations

import re
from pathlib import Path

from core.enums import DOCUMENTS
from models.database import Database
from models.tables import Document, Entity, JobStep, Phrase
from reports.build import report_folder
from tests import exports_kit as kit

POSTS = ("Quist opens the harbour", "Quist opens the Harbour Bridge", "Thank you, @AnnQuist")
NAMES = (
    ("Quist", 9, ["Quist", "Quist\u2019s"]),
    ("Bea Gray", 3, ["Bea Gray", "Gray"]),
)


def test_an_account_says_nothing_of_its_own_name(db: Database, tmp_path: Path) -> None:
    run, jobs = kit.handles(db, "annquist")
    job = jobs["@annquist"]
    for number, text in enumerate(POSTS):
        repost = text == POSTS[-1]
        post = kit.document(number, str(number), "2020-03", source="x", handle="annquist")
        kit.add(db, Document, post | {"text": text, "repost": repost})

    for rank, (name, count, spellings) in enumerate(NAMES, start=1):
        of_job = {"job_id": job, "keyword": "", "period": "", "rank": rank, "type": "PERSON"}
        kit.add(db, Entity, of_job | {"name": name, "count": count, "spellings": spellings})

    for type_, name, count in (("ORG", "UTC", 39), ("GPE", "Ebbford", 50), ("ORG", "F.B.I.", 2)):
        of_job = {"job_id": job, "keyword": "", "period": "", "rank": 1, "type": type_}
        kit.add(db, Entity, of_job | {"name": name, "count": count, "spellings": [name]})

    for rank, phrase in enumerate(("mayor quist", "harbour bridge"), start=1):
        kit.add(
            db,
            Phrase,
            {"job_id": job, "keyword": "", "rank": rank, "phrase": phrase, "count": 2},
        )

    kit.add(db, JobStep, *(kit.step(job, name) for name in (DOCUMENTS, "phrases", "entities")))

    folder = report_folder.build(db, [run], tmp_path / "report").parent
    page = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.html"))
    assert "So is 1 name that is the subject&#39;s own." in page
    assert "harbour bridge" in page
    assert "mayor quist" not in page
    bars = "Bars of the most frequent names by type: GPE: Ebbford; PERSON: Bea Gray; ORG: F.B.I.."
    assert bars in page
    # The picture has a bar for each of them, and none for the account's own names.
    (picture,) = re.findall(r'<svg[^>]*data-name="@annquist-entities".*?</svg>', page, re.DOTALL)
    titles = re.findall(r"<title>([^<]*)</title>", picture)
    drawn = [tuple(title.split(": ")) for title in titles]
    assert drawn == [("Ebbford", "50"), ("Bea Gray", "3"), ("F.B.I.", "2")]
    assert ("Quist", 9) in kit.columns_of(db, run, "entities", "name", "count")
