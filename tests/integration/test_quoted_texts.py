"""Headlines are stored with a full stop for the Text API, and quoted as their source has them."""

from __future__ import annotations

import io
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from core.enums import TextPart
from models.code_samples import list_sampled_units
from models.codes import UnitKey
from models.database import Database
from models.documents import DocumentScope, add_documents, days_of_month, list_documents_by_day
from models.labels import read_sentences
from models.tables import Codebook, Document, SampledUnit
from producers.coded_files.texts import is_same_text
from producers.imports import document_rows
from reports.build import report_folder
from reports.data import exports
from reports.data.busiest_day import find_headline
from reports.data.run_data import load_run
from sources.base import SourceDocument
from sources.nyt import read_archive
from tests import exports_kit as kit
from tests import report_stories as stories

PLAIN = "Storm Nears the Coast"
ASKED = f"{PLAIN}."
# What the source has, and what services are asked about.
TEXTS = {
    PLAIN: ASKED,
    "A Storm at Acme Inc.": "A Storm at Acme Inc.",
    "Storm. Again. A Storm": "Storm. Again. A Storm.",
    "Is It a Storm?": "Is It a Storm?",
}
TWO_HEADLINES = "Storm Ends, STORM OVER."


def read_documents(folder: Path) -> list[SourceDocument]:
    headlines = [{"main": text} for text in TEXTS]
    headlines += [{"main": "Storm Ends", "print_headline": "STORM OVER"}]
    articles = []
    for number, headline in enumerate(headlines):
        date = f"2020-03-0{number + 1}T12:00:00+0000"
        articles.append({"_id": f"a{number}", "headline": headline, "pub_date": date})

    file = folder / "2020-03.json"
    file.write_text(json.dumps(articles), encoding="utf-8")
    return [item for item in read_archive(file) if isinstance(item, SourceDocument)]


def import_storm(db: Database, folder: Path) -> int:
    add_documents(db, document_rows(read_documents(folder)))
    return stories.months_run(db, "2020-03", "2020-03", ["storm"])


def rows_of(db: Database, run: int, table: str) -> list[dict[str, Any]]:
    out = io.BytesIO()
    exports.write(db, run, table, "jsonl", out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_services_are_asked_about_sentences_and_exports_quote_the_source(
    db: Database, tmp_path: Path
) -> None:
    run = import_storm(db, tmp_path)
    scope = DocumentScope(days=days_of_month("2020-03"))
    asked = [text.text for _, day in list_documents_by_day(db, scope) for text in day]
    assert asked == [*TEXTS.values(), TWO_HEADLINES]

    quoted = [*TEXTS, TWO_HEADLINES]
    assert [row["text"] for row in rows_of(db, run, "documents")] == quoted
    mentions = rows_of(db, run, "mentions")
    assert list(dict.fromkeys(row["text"] for row in mentions)) == quoted
    assert [row["sentence"] for row in mentions if row["document"] == "nyt:a2"] == [
        "Storm.",
        "A Storm",
    ]
    assert all(row["sentence"] in row["text"] for row in mentions)


def test_pages_and_events_quote_the_source(db: Database, tmp_path: Path) -> None:
    run = import_storm(db, tmp_path)
    headline = find_headline(load_run(db, run), "storm", None, "2020-03")
    assert headline is not None
    assert headline.text == PLAIN

    out = tmp_path / "out"
    report_folder.build(db, [run], out)
    page = (out / "2020-03.html").read_text(encoding="utf-8")
    text = unescape(re.sub(r"<[^>]*>", "", page[page.index("<body>") :]))
    assert PLAIN in text
    assert ASKED not in text
    assert "A Storm at Acme Inc." in text


def test_coders_read_the_source_and_files_of_earlier_versions_are_read_back(
    db: Database, tmp_path: Path
) -> None:
    run = import_storm(db, tmp_path)
    with db.read() as connection:
        document = connection.scalar(select(Document.id).where(Document.identity == "nyt:a0"))

    assert document is not None
    book = {"id": 7, "hash": b"7" * 32, "name": "seven", "content": {}}
    kit.add(db, Codebook, book)
    unit: dict[str, Any] = {"run_id": run, "codebook_id": 7, "document_id": document, "stratum": 1}
    unit |= {"copies": 1, "keyword": "storm", "inclusion": 1.0}
    places = [{"position": 0, "place": 1}, {"position": 1, "place": 2}]
    kit.add(db, SampledUnit, *(unit | place for place in places))

    key = UnitKey(document, "storm", 1)
    with db.read() as connection:
        assert read_sentences(connection, run, [key]) == {key: PLAIN}
        units = list_sampled_units(connection, run, 7, TextPart.HEADLINE)

    assert [(row.text, row.sentence) for row in units] == [(PLAIN, None), (PLAIN, PLAIN)]
    assert is_same_text(ASKED, PLAIN, is_utf8=True)
    assert not is_same_text("Storm Nears", PLAIN, is_utf8=True)


def test_an_archive_of_an_earlier_version_is_quoted_rightly_once_it_is_imported_again(
    db: Database, tmp_path: Path
) -> None:
    run = import_storm(db, tmp_path)
    with db.write() as connection:
        connection.execute(update(Document).values(full_stop_added=False))

    assert rows_of(db, run, "documents")[0]["text"] == ASKED

    stored = add_documents(db, document_rows(read_documents(tmp_path)))
    assert (stored.added, stored.conflicts, stored.kept) == (0, 0, 0)
    assert [row["text"] for row in rows_of(db, run, "documents")] == [*TEXTS, TWO_HEADLINES]
