"""The migrations on both databases: up, down and up again, and equal to the models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import column, insert, inspect, select, table, text

from analysis.codebooks.codebook_files import read_shipped
from models.answers import read_answers, stored_keys
from models.codes import CodeValue, Coding, UnitKey, replace_codes, store_codebook
from models.database import MIGRATIONS, Database, migrate, newest_revision
from models.imports import find_place
from models.keyword_answers import read_searched, read_sentences
from models.labels import read_labels
from models.origins import StoredName, read_origins, stored_names
from models.runs import create_run
from models.tables import (
    UNKNOWN_ORIGIN,
    Answer,
    Base,
    Code,
    Codebook,
    Document,
    DocumentCount,
    Import,
    Job,
    Run,
)
from tests.databases import add_run_of_months
from textapi.requests import answer_key

documents_of_0004 = table(
    "documents",
    *map(column, ("id", "identity", "source", "published_at", "period", "text")),
    *map(column, ("material", "repost")),
)
imports_of_0006 = table(
    "imports", *map(column, ("path", "source", "read", "added", "empty", "left_out", "named", "at"))
)
labels_of_0011 = table(
    "labels", *map(column, ("run_id", "document_id", "keyword", "position", "coder", "value", "at"))
)
MODEL_TABLES = {table.name for table in Base.metadata.sorted_tables}


def revisions() -> list[str]:
    """Every revision, the oldest first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    (head,) = script.get_heads()  # two heads are two histories
    assert head == newest_revision()
    return [step.revision for step in script.walk_revisions("base", head)][::-1]


@pytest.fixture
def db(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url, pooled=False)
    yield database
    database.close()


def stored_tables(db: Database) -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_the_migrations_create_the_tables_of_the_models(db: Database) -> None:
    migrate(db.url)
    assert stored_tables(db) == MODEL_TABLES
    with db.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_partial_indexes_are_partial(db: Database) -> None:
    migrate(db.url)
    indexes = {index["name"]: index for index in inspect(db.engine).get_indexes("jobs")}
    wheres = [
        str(value)
        for name, value in indexes["ix_jobs_dispatched_at"]["dialect_options"].items()
        if "where" in name
    ]
    assert [where.strip("()") for where in wheres] == ["dispatched_at IS NOT NULL"]


def test_down_to_nothing_and_up_again(db: Database) -> None:
    migrate(db.url)
    migrate(db.url, "base")
    assert stored_tables(db) == set()
    migrate(db.url)
    assert stored_tables(db) == MODEL_TABLES


def test_every_migration_can_be_undone_and_keeps_the_stored_rows(db: Database) -> None:
    migrate(db.url)
    run = add_run_of_months(db, {"kept": True})
    with db.write() as connection:
        connection.execute(
            insert(Document).values(identity="nyt:1", source="nyt", text="Kept.", repost=False)
        )

    for revision in revisions()[-2::-1]:
        migrate(db.url, revision)

    migrate(db.url)
    with db.read() as connection:
        assert connection.execute(select(Job.run_id, Job.name)).all() == [(run, "2020-03")]
        assert connection.scalars(select(Document.text)).all() == ["Kept."]


def test_stored_jobs_get_what_their_names_and_their_runs_said_of_their_documents(
    db: Database,
) -> None:
    migrate(db.url, "0023_added_full_stops")
    stored = [
        ("months", {"sources": ["nyt", "archive"]}, "month", "2020-02"),
        ("handles", {"source": "x"}, "handle", "@nasa"),
        ("handles", {"source": None}, "handle", "@ﬁn"),
        ("search", {"source": "x"}, "search", "search:@fog 2020-02"),
        ("training", {"data": "sine"}, "training", "2020-02"),
    ]
    for kind, parameters, job_kind, name in stored:
        run = create_run(db, kind=kind, name=None, parameters=parameters, jobs=[])
        job = {"kind": job_kind, "name": name, "queue": "text", "state": "done"}
        with db.write() as connection:
            connection.execute(insert(Job).values(run_id=run, options={}, due_at=0.0, **job))

    migrate(db.url)
    columns = (Job.sources, Job.first_day, Job.last_day, Job.handle)
    with db.read() as connection:
        assert connection.execute(select(*columns).order_by(Job.id)).all() == [
            (["nyt", "archive"], date(2020, 2, 1), date(2020, 2, 29), None),
            (["x"], None, None, "nasa"),
            ([], None, None, "ﬁn"),
            ([], None, None, None),
            ([], None, None, None),
        ]


def test_a_second_migration_changes_nothing(db: Database) -> None:
    migrate(db.url)
    with db.write() as connection:
        connection.execute(
            insert(Document).values(identity="nyt:1", source="nyt", text="Kept.", repost=False)
        )

    migrate(db.url)
    with db.read() as connection:
        assert connection.scalars(select(Document.text)).all() == ["Kept."]


def keyword_key(term: str, text: str, engine: str = "stub/1") -> bytes:
    """Return the key under which answers about keywords were stored until 0002."""
    return answer_key(engine, "sentences_with_keywords", {"keyword": term}, text)


def test_stored_answers_about_keywords_become_bits_and_rows_and_answers_again(
    db: Database,
) -> None:
    migrate(db.url, "0002_labels")
    keywords = [{"name": "fever", "terms": ["fever", "Fi\u00e9vre"]}]
    parameters = {"kind": "months", "source": "nyt", "keywords": keywords}
    run = add_run_of_months(db, parameters)
    texts = {1: "A \u201cfever\u201d again.", 2: "Calm.", 3: "Calm.", 4: "Not asked yet."}
    answers = {
        keyword_key("fever", texts[1]): '["A \u201cfever\u201d again."]',
        keyword_key("fever", texts[2]): "[]",
        keyword_key("Fi\u00e9vre", texts[2]): "[]",
        keyword_key("fever", texts[1], engine="forgotten/1"): "[]",
        b"p" * 16: "0.5",
    }
    with db.write() as connection:
        connection.execute(
            text("INSERT INTO run_engines (run_id, engine) VALUES (:run, 'stub/1')"), {"run": run}
        )
        for number, document_text in texts.items():
            row = {"id": number, "identity": f"nyt:{number}", "source": "nyt"}
            row["text"] = document_text
            connection.execute(insert(documents_of_0004).values(**row, repost=False))

        for key, value in answers.items():
            connection.execute(insert(Answer).values(key=key, value=value))

    migrate(db.url, "0003_keyword_answers")
    terms = ["fever", "Fi\u00e9vre"]
    with db.read() as connection:
        searched = read_searched(connection, "stub/1", terms, list(texts))
        assert searched.missing("fever", texts) == [4]
        assert searched.missing("Fi\u00e9vre", texts) == [1, 4]
        sentences = read_sentences(connection, "stub/1", terms, list(texts))
        assert sentences == {("fever", 1): [texts[1]]}
        kept = {b"p" * 16, keyword_key("fever", texts[1], engine="forgotten/1")}
        assert stored_keys(connection, list(answers)) == kept

    migrate(db.url, "0002_labels")
    with db.read() as connection:
        assert read_answers(connection, list(answers)) == answers


def test_materials_move_to_origins_and_come_back(db: Database) -> None:
    migrate(db.url, "0004_watch")
    materials = ["News", None, "Op-Ed", "News", ""]
    with db.write() as connection:
        for number, material in enumerate(materials, start=1):
            row = {"id": number, "identity": f"nyt:{number}", "source": "nyt", "text": "Fog."}
            dated = {"period": "2020-03" if number < 5 else None, "repost": False}
            connection.execute(insert(documents_of_0004).values(**row, **dated, material=material))

    parameters = {"kind": "months", "source": "nyt", "keywords": []}
    run = add_run_of_months(db, parameters)

    migrate(db.url)
    columns = (DocumentCount.period, DocumentCount.origin_id, DocumentCount.documents)
    with db.read() as connection:
        assert stored_names(connection, "material") == [
            StoredName("News", 2),
            StoredName("Op-Ed", 1),
        ]
        assert read_origins(connection, [UNKNOWN_ORIGIN]) == {UNKNOWN_ORIGIN: ("",) * 5}
        counts = connection.execute(select(*columns)).all()
        of_run = select(Run.parameters["sources"]).where(Run.id == run)
        assert connection.scalar(of_run) == ["nyt"]

    assert sorted(number for *_, number in counts) == [1, 1, 1, 2]
    assert ("", UNKNOWN_ORIGIN, 1) in counts

    migrate(db.url, "0004_watch")
    with db.read() as connection:
        stored = connection.scalars(text("SELECT material FROM documents ORDER BY id")).all()
        of_run = select(Run.parameters["source"].as_string()).where(Run.id == run)
        assert connection.scalar(of_run) == "nyt"

    assert stored == ["News", None, "Op-Ed", "News", None]


def test_an_import_of_before_places_has_none_and_keeps_its_counts(db: Database) -> None:
    migrate(db.url, "0006_partial_indexes")
    counts = {"read": 5, "added": 4, "empty": 1, "left_out": 0, "at": 1.0}
    row = {"path": "a.warc.gz", "source": "archive", **counts}
    with db.write() as connection:
        connection.execute(insert(imports_of_0006).values(**row, named="[]"))

    migrate(db.url)
    with db.write() as connection:
        assert connection.execute(select(Import.read, Import.place)).all() == [(5, None)]
        assert find_place(connection, path="a.warc.gz", file="f") is None
        connection.execute(insert(Import).values(**row, named=[], place={"file": "f"}))
        found = find_place(connection, path="a.warc.gz", file="f")
        assert (found and found.id, found and found.place) == (2, {"file": "f"})

    migrate(db.url, "0006_partial_indexes")
    with db.read() as connection:
        assert connection.scalars(select(imports_of_0006.c.read)).all() == [5, 5]


def test_labels_become_codes_of_the_codebook_polarity_and_come_back(db: Database) -> None:
    migrate(db.url, "0011_fetch_remarks")
    run = add_run_of_months(db, {})
    labels = [(1, "Ann", -1), (1, "Ben", 0), (2, "Ann", 1), (3, "person:Eve", None)]
    label_rows = [
        {"run_id": run, "document_id": document, "keyword": "fog", "position": 2}
        | {"coder": coder, "value": label, "at": 1.5}
        for document, coder, label in labels
    ]
    with db.write() as connection:
        for number in (1, 2, 3):
            row = {"id": number, "identity": f"nyt:{number}", "source": "nyt", "text": "Fog."}
            connection.execute(insert(Document).values(**row, repost=False))

        connection.execute(insert(labels_of_0011), label_rows)

    migrate(db.url)
    shipped = read_shipped("polarity")
    with db.write() as connection:
        stored = connection.execute(select(Codebook)).one()
        assert (stored.id, stored.name, stored.hash) == (1, "polarity", shipped.hash)
        assert stored.content == shipped.model_dump(mode="json", by_alias=True)
        coded = select(Code.document_id, Code.coder, Code.code, Code.state).order_by(
            Code.document_id, Code.coder
        )
        assert connection.execute(coded).all() == [
            (1, "person:Ann", "-1", "coded"),
            (1, "person:Ben", "0", "coded"),
            (2, "person:Ann", "1", "coded"),
            (3, "person:person:Eve", None, "cannot be coded"),
        ]
        assert read_labels(connection, run, "Ann") == {
            UnitKey(1, "fog", 2): -1,
            UnitKey(2, "fog", 2): 1,
        }

        # Codes of a machine, and of another codebook, were no labels.
        second = store_codebook(connection, db, "relevance", b"x" * 32, {"name": "relevance"})
        assert second == 2
        unit_codes = {UnitKey(3, "fog", 2): {"polarity": CodeValue("1")}}
        replace_codes(connection, db, Coding(run, 1, "network:7"), unit_codes)
        replace_codes(connection, db, Coding(run, 2, "person:Ann"), unit_codes)

    migrate(db.url, "0011_fetch_remarks")
    with db.read() as connection:
        columns = labels_of_0011.c
        order = (columns.document_id, columns.coder)
        restored = connection.execute(select(labels_of_0011).order_by(*order)).mappings().all()

    assert [dict(row) for row in restored] == label_rows
