"""What sources say of documents, and how many polarities a mean has, as columns of exports."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pyarrow.parquet
import pytest
from sqlalchemy import delete, func, select

from core.settings import Settings
from models.database import Database
from models.documents import add_documents
from models.erasure import forget_documents
from models.tables import Document, DocumentDetails, Mention
from producers.imports import document_rows
from sources.base import SourceDocument
from sources.nyt import read_archive
from tests.databases import on_sqlite
from tests.exports_kit import add as add_rows
from tests.exports_kit import columns_of, exported, four_months, mention, months, posts
from tests.jobs_kit import Jobs
from tests.packs_kit import months as month_parameters
from tests.packs_kit import pack, store_headlines, verify

FIELDS = ("outlet", "section", "kind", "desk", "tags")
ARTICLES = [
    {
        "_id": "a",
        "headline": {"main": "Covid spreads."},
        "pub_date": "2020-03-14T21:30:05Z",
        "source": "The New York Times",
        "section_name": "World",
        "news_desk": "Foreign",
        "type_of_material": "News",
        "keywords": [{"name": "subject", "value": "Viruses"}, {"value": "Lorn, “Ann”"}],
    },
    {"_id": "b", "headline": {"main": "Covid rests."}, "pub_date": "2020-03-15", "keywords": []},
    {
        "_id": "c",
        "headline": {"main": "Covid goes."},
        "pub_date": "2020-03-16",
        "news_desk": "None",
    },
]
TOLD = ("The New York Times", "World", "News", "Foreign", ["Viruses", "Lorn, “Ann”"])
NOTHING = (None, None, None, None)


@pytest.fixture
def jobs(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as opened:
        store_headlines(opened)
        yield opened


def read_articles(folder: Path) -> list[dict[str, Any]]:
    path = folder / "2020-03.json"
    path.write_text(json.dumps(ARTICLES))
    return document_rows([item for item in read_archive(path) if isinstance(item, SourceDocument)])


def run_over_articles(db: Database, folder: Path) -> int:
    """Add the articles, each with a mention in two terms."""
    run, jobs = months(db, "2020-03", "2020-03")
    add_documents(db, read_articles(folder))
    with db.read() as connection:
        ids = connection.scalars(select(Document.id).order_by(Document.identity)).all()

    mentions = [
        mention(jobs["2020-03"], number, term, 1, 0.5)
        for number in ids
        for term in ("coronavirus", "covid")
    ]
    add_rows(db, Mention, *mentions)
    return run


def test_mentions_and_documents_end_with_what_the_source_says(db: Database, tmp_path: Path) -> None:
    run = run_over_articles(db, tmp_path)
    told = [("nyt:a", *TOLD), ("nyt:b", *NOTHING, []), ("nyt:c", *NOTHING, None)]
    assert columns_of(db, run, "mentions", "document", *FIELDS) == [
        row for row in told for _ in range(2)
    ]
    assert columns_of(db, run, "documents", "document", *FIELDS, "period") == [
        (*row, "2020-03") for row in told
    ]

    lines = exported(db, run, "mentions").decode().splitlines()
    assert lines[0].endswith(
        '"polarity": 0.5, "group": null, "outlet": "The New York Times", "section": "World", '
        '"kind": "News", "desk": "Foreign", "tags": ["Viruses", "Lorn, “Ann”"]}'
    )
    lines = exported(db, run, "documents").decode().splitlines()
    assert lines[1].endswith(
        '"polarity": null, "outlet": null, "section": null, "kind": null, "desk": null, '
        '"tags": [], "period": "2020-03"}'
    )


@pytest.mark.parametrize("table", ["mentions", "documents"])
def test_tags_are_a_list_of_text_in_parquet_and_json_in_csv(
    db: Database, tmp_path: Path, table: str
) -> None:
    run = run_over_articles(db, tmp_path)
    parquet = pyarrow.parquet.read_table(io.BytesIO(exported(db, run, table, "parquet")))
    assert str(parquet.schema.field("tags").type) == "list<element: string>"
    tags = {row["document"]: row["tags"] for row in parquet.to_pylist()}
    assert tags == {"nyt:a": TOLD[-1], "nyt:b": [], "nyt:c": None}

    text = exported(db, run, table, "csv").decode("utf-8-sig")
    tags = {row["document"]: row["tags"] for row in csv.DictReader(io.StringIO(text))}
    assert tags == {"nyt:a": '["Viruses", "Lorn, “Ann”"]', "nyt:b": "[]", "nyt:c": ""}


def test_a_document_stored_without_tags_has_them_once_it_is_imported_again(
    db: Database, tmp_path: Path
) -> None:
    run = run_over_articles(db, tmp_path)
    with db.write() as connection:
        connection.execute(delete(DocumentDetails))

    assert columns_of(db, run, "documents", "tags") == [(None,)] * 3
    add_documents(db, read_articles(tmp_path))
    assert columns_of(db, run, "documents", "tags") == [(TOLD[-1],), ([],), (None,)]


def test_tags_are_erased_with_their_document(db: Database, tmp_path: Path) -> None:
    add_documents(db, read_articles(tmp_path))
    with db.read() as connection:
        ids = connection.scalars(select(Document.id).where(Document.identity == "nyt:a")).all()

    forget_documents(db, ids, sentences=lambda _: [], reason="on request", result_tables=())
    with db.read() as connection:
        assert connection.scalars(select(DocumentDetails.tags)).all() == [[]]
        assert connection.scalar(select(func.count()).select_from(Document)) == 2


def test_posts_have_no_such_fields_and_their_month(db: Database) -> None:
    run, _ = posts(db)
    assert columns_of(db, run, "documents", "document", "desk", "tags", "period") == [
        ("bluesky:2", None, None, "2020-04"),
        ("x:1", None, None, "2020-05"),
        ("x:3", None, None, "2020-04"),
        ("x:4", None, None, "2020-04"),
        ("x:5", None, None, None),
    ]


def test_periods_have_the_number_of_polarities_of_their_mean(db: Database) -> None:
    run, _ = four_months(db)
    rows = columns_of(db, run, "periods", "period", "term", "mentions", "polarity_n")
    assert rows[:2] == [("2020-01", None, 0, 0), ("2020-01", "coronavirus", 0, 0)]
    assert [row for row in rows if row[0] == "2020-03"] == [
        ("2020-03", None, 3, 3),
        ("2020-03", "coronavirus", 1, 1),
        ("2020-03", "covid", 2, 2),
        ("2020-03", "covid-19", 1, 1),
    ]
    # Without data and after a failure nothing is known.
    assert {row[-1] for row in rows if row[0] in {"2020-02", "2020-04"}} == {None}
    assert b', "group": null, "polarity_n": 0' in exported(db, run, "periods").splitlines()[0]


def test_periods_of_posts_count_the_posts_with_a_polarity(db: Database) -> None:
    run, _ = posts(db)
    assert columns_of(db, run, "periods", "handle", "period", "mentions", "polarity_n") == [
        ("esa", "2020-04", 1, 1),
        ("nasa", "2020-04", 2, 2),
        ("nasa", "2020-05", 1, 1),
    ]


@on_sqlite
@pytest.mark.thorough
@pytest.mark.parametrize("texts", [True, False])
def test_tags_are_in_a_pack_and_are_verified(jobs: Jobs, tmp_path: Path, *, texts: bool) -> None:
    with jobs.db.read() as connection:
        stored = connection.execute(select(Document.__table__)).mappings().all()

    tagged = [{**row, "tags": ("Fevers", "Lorn"), "desk": "City"} for row in stored[:3]]
    add_documents(jobs.db, tagged)
    run = jobs.submit(month_parameters())
    jobs.do_all(run)
    path = pack(jobs, run, tmp_path / "pack.zip", texts=texts)

    with ZipFile(path) as archive:
        packed = [json.loads(line) for line in archive.read("documents.jsonl").splitlines()]
        fields = next(
            resource["schema"]["fields"]
            for resource in json.loads(archive.read("datapackage.json"))["resources"]
            if resource["name"] == "mentions"
        )
        assert b'"tags": ["Fevers", "Lorn"]' in archive.read("exports/mentions.jsonl")

    assert [line["tags"] for line in packed].count(["Fevers", "Lorn"]) == 3
    assert (fields[-1]["name"], fields[-1]["type"]) == ("tags", "array")
    result = verify(path)
    assert result.problems == []
    assert {"mentions", "documents"} <= set(result.recomputed)
