"""Posts that are imported again by somebody who knows more about them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.kinds.searches import SearchParameters
from analysis.options import Keyword
from cli.main import app
from core.enums import State
from core.settings import Settings, environment
from models.database import Database
from models.documents import add_documents
from models.erasure import documents_named
from models.suppression_list import suppress
from models.tables import AnswerDocument, Document, Origin
from producers.imports import Imported, import_paths
from reports.data.exports import write
from tests.integration.test_fetching import stored_post
from tests.jobs_kit import Jobs

WITH_IDS = "id,text,date\n1,Fog today.,2020-02-10\n2,Rain.,2020-03-04\n"
WITHOUT_IDS = "text,date\nFog today.,2020-02-10\nRain.,2020-03-04\n"
TABLES = ("documents", "periods", "mentions", "coverage")


def import_text(db: Database, content: str, handle: str | None = None, **columns: str) -> Imported:
    path = Path("posts.csv")
    path.write_text(content)
    return import_paths(db, [path], source=None, handle=handle, columns=columns)


def counts(imported: Imported) -> tuple[int, int, int, int]:
    return (
        imported.tally.documents,
        imported.stored.added,
        imported.stored.completed,
        imported.stored.kept,
    )


def stored(db: Database) -> dict[str, tuple[Any, ...]]:
    columns = select(
        Document.identity, Document.handle, Document.period, Origin.material, Document.repost
    ).join(Origin, Origin.id == Document.origin_id)
    with db.read() as connection:
        rows = connection.execute(columns)
        return {
            name: (*fields, material or None, repost) for name, *fields, material, repost in rows
        }


def exports(jobs: Jobs, run: int) -> dict[str, bytes]:
    found = {}
    for table in TABLES:
        out = io.BytesIO()
        write(jobs.db, run, table, "jsonl", out)
        found[table] = out.getvalue()

    return found


def done(jobs: Jobs, parameters: Any, *names: str) -> int:
    run = jobs.submit(parameters, *names)
    jobs.do_all(run)
    assert {row.state for row in jobs.rows(run)} == {State.DONE}
    return run


def documents_of(jobs: Jobs, run: int) -> list[str]:
    rows = [json.loads(line) for line in exports(jobs, run)["documents"].splitlines()]
    return sorted(row["text"] for row in rows)


@pytest.mark.parametrize("content", [WITH_IDS, WITHOUT_IDS])
def test_posts_without_a_handle_are_completed_by_an_import_that_names_it(
    db: Database, content: str
) -> None:
    assert counts(import_text(db, content)) == (2, 2, 0, 0)
    before = stored(db)
    assert {fields[0] for fields in before.values()} == {None}
    assert counts(import_text(db, content, "@Ann")) == (2, 0, 2, 0)
    assert stored(db) == {name: ("ann", *fields[1:]) for name, fields in before.items()}
    assert counts(import_text(db, content, "@Ann")) == (2, 0, 0, 0)
    assert counts(import_text(db, content)) == (2, 0, 0, 0)


@pytest.mark.parametrize("content", [WITH_IDS, WITHOUT_IDS])
def test_posts_without_a_time_are_completed_by_an_import_that_names_its_column(
    db: Database, content: str
) -> None:
    hidden = content.replace("date", "when")
    assert counts(import_text(db, hidden, "ann")) == (2, 2, 0, 0)
    before = stored(db)
    assert counts(import_text(db, hidden, "ann", published_at="when")) == (2, 0, 2, 0)
    assert {fields[1] for fields in stored(db).values()} == {"2020-02", "2020-03"}
    assert stored(db).keys() == before.keys()
    assert counts(import_text(db, hidden, "ann", published_at="when")) == (2, 0, 0, 0)


def test_two_accounts_with_the_same_words_on_one_day_stay_two(db: Database) -> None:
    import_text(db, "text,date\nHappy new year!,2020-01-01\n")
    content = "user,text,date\nann,Happy new year!,2020-01-01\nbob,Happy new year!,2020-01-01\n"
    assert counts(import_text(db, content)) == (2, 1, 1, 0)
    assert sorted(fields[0] for fields in stored(db).values()) == ["ann", "bob"]
    assert counts(import_text(db, content)) == (2, 0, 0, 0)


def test_what_is_known_is_never_replaced(db: Database) -> None:
    import_text(db, WITH_IDS, "ann")
    before = stored(db)
    assert counts(import_text(db, WITH_IDS, "bob")) == (2, 0, 0, 0)
    assert stored(db) == before


def test_a_table_that_numbers_its_rows_alike_completes_none_of_another(db: Database) -> None:
    import_text(db, WITH_IDS)
    before = stored(db)
    other = "id,text,date\n1,RT @bob: Sun,2021-01-01\n2,Wind,2021-01-02\n"
    imported = import_text(db, other, "bob")
    assert (counts(imported), imported.stored.conflicts) == ((2, 0, 0, 0), 2)
    assert stored(db) == before
    imported = import_text(db, other.replace("id", "number"), "bob")
    assert (counts(imported), imported.stored.conflicts) == ((2, 2, 0, 0), 0)


def test_rows_of_one_table_that_share_an_id_are_counted_if_their_texts_differ(db: Database) -> None:
    rows = "1,Fog,2021-01-01\n1,Fog,2021-01-01\n1,Wind,2021-01-02\n1,Sun,2021-01-03\n"
    for added in (1, 0):
        imported = import_text(db, f"id,text,date\n{rows}")
        assert (counts(imported), imported.stored.conflicts) == ((4, added, 0, 0), 2)


def test_posts_that_were_not_known_as_reposts_become_such(db: Database) -> None:
    row = stored_post(1, text="RT @bob: Fog")
    add_documents(db, [row])
    result = add_documents(db, [row | {"repost": True}])
    assert (result.added, result.completed) == (0, 1)
    assert stored(db)["posts:1"][-1] is True


def test_an_account_whose_posts_had_no_handle_is_read_after_the_import_that_names_it(
    jobs: Jobs,
) -> None:
    import_text(jobs.db, WITHOUT_IDS)
    first = done(jobs, AccountsParameters(), "ann")
    assert jobs.row(first).result == "no-data"
    before = exports(jobs, first)
    import_text(jobs.db, WITHOUT_IDS, "ann")
    again = done(jobs, AccountsParameters(), "ann")
    assert documents_of(jobs, again) == ["Fog today.", "Rain."]
    assert exports(jobs, first) == before


def test_a_run_keeps_its_documents_when_others_become_those_of_its_account(jobs: Jobs) -> None:
    import_text(jobs.db, WITH_IDS)
    import_text(jobs.db, "id,text,date\n3,Snow.,2020-03-05\n", "ann")
    first = done(jobs, AccountsParameters(), "ann")
    before = exports(jobs, first)
    assert counts(import_text(jobs.db, WITH_IDS, "ann")) == (2, 0, 2, 0)
    assert exports(jobs, first) == before
    again = done(jobs, AccountsParameters(), "ann")
    assert documents_of(jobs, again) == ["Fog today.", "Rain.", "Snow."]


def test_a_search_keeps_what_it_found_and_its_posts_get_their_handle(jobs: Jobs) -> None:
    import_text(jobs.db, WITH_IDS)
    search = done(jobs, SearchParameters(), "fog")
    before = exports(jobs, search)
    assert counts(import_text(jobs.db, WITH_IDS, "ann")) == (2, 0, 2, 0)
    after = exports(jobs, search)
    assert {**after, "documents": b""} == {**before, "documents": b""}
    assert before["documents"].replace(b'"handle": null', b'"handle": "ann"') == after["documents"]
    assert after["documents"] != before["documents"]
    assert documents_of(jobs, done(jobs, AccountsParameters(), "ann")) == ["Fog today.", "Rain."]


def test_what_a_run_has_counted_stays_until_the_run_is_forgotten(jobs: Jobs) -> None:
    hidden = WITH_IDS.replace("date", "when")
    import_text(jobs.db, hidden, "ann")
    run = done(jobs, AccountsParameters(), "ann")
    before = exports(jobs, run)
    assert counts(import_text(jobs.db, hidden, "ann", published_at="when")) == (2, 0, 0, 2)
    assert exports(jobs, run) == before


def test_a_month_keeps_its_headlines_when_one_gets_its_material(jobs: Jobs) -> None:
    headline = stored_post(1, source="nyt", text="Fog is here.") | {"handle": None}
    add_documents(jobs.db, [headline])
    months = MonthsParameters(first="2021-01", last="2021-01", keywords=(Keyword.parse("fog"),))
    run = done(jobs, months)
    before = exports(jobs, run)
    result = add_documents(
        jobs.db, [headline | {"material": "News", "address": "https://a.example/"}]
    )
    assert (result.completed, result.kept) == (0, 1)
    assert stored(jobs.db)["nyt:1"][2] is None
    assert exports(jobs, run) == before


def test_a_completed_document_keeps_the_answers_that_quote_it(db: Database) -> None:
    import_text(db, WITH_IDS)
    with db.write() as connection:
        [number] = documents_named(connection, "posts:1")
        connection.execute(
            db.upsert(AnswerDocument).values(document_id=number, key=b"0123456789abcdef")
        )

    import_text(db, WITH_IDS, "ann")
    with db.read() as connection:
        [now] = documents_named(connection, "posts:1")
        quoted = connection.scalars(select(AnswerDocument.document_id)).all()
        assert connection.scalar(select(func.count()).select_from(Document)) == 2

    assert now > number
    assert quoted == [now]


def test_what_was_forgotten_comes_back_under_no_other_name(db: Database) -> None:
    import_text(db, WITHOUT_IDS)
    name = next(name for name, fields in stored(db).items() if fields[1] == "2020-02")
    with db.write() as connection:
        suppress(connection, db, documents_named(connection, name), None)
        connection.execute(Document.__table__.delete().where(Document.identity == name))  # type: ignore[attr-defined]

    again = import_text(db, WITHOUT_IDS, "ann")
    assert (again.stored.added, again.stored.forgotten, again.stored.completed) == (0, 1, 1)


def test_the_command_says_how_many_it_completed(
    stub_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment(stub_settings).items():
        if name.startswith("TIDINGS_"):
            monkeypatch.setenv(name, value)

    Path("posts.csv").write_text(WITH_IDS)

    def tidings(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["import", "posts.csv", *arguments])
        assert result.exit_code == 0
        return result.stdout

    assert tidings() == "2 documents read, 2 of them new; 0 empty, 0 left out\n"
    found = json.loads(tidings("--handle", "ann", "--json"))
    assert (found["read"], found["added"], found["known"], found["completed"]) == (2, 0, 2, 2)
    Path("posts.csv").write_text(WITH_IDS + "3,Snow.,2020-03-05\n")
    assert tidings("--handle", "ann") == ("3 documents read, 1 of them new; 0 empty, 0 left out\n")
    Path("posts.csv").write_text("id,text,date,url\n1,Fog today.,2020-02-10,https://a.example/1\n")
    assert tidings() == (
        "1 document read, 0 of them new, 1 stored ones completed; 0 empty, 0 left out\n"
    )


def test_the_command_says_how_many_rows_were_not_stored_because_another_text_has_their_id(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))
    Path("a.csv").write_text("id,date,headline\n1,2021-01-01,Fog\n2,2021-01-02,Rain\n")
    Path("b.csv").write_text("id,date,headline\n1,2021-02-01,Fog\n2,2021-02-02,Wind\n")
    result = CliRunner().invoke(app, ["import", "a.csv", "b.csv", "--json"])
    found = json.loads(result.stdout)
    assert (result.exit_code, found["read"], found["added"]) == (0, 4, 2)
    assert (found["known"], found["conflicts"]) == (1, 1)
    assert (
        "1 of the documents read was not stored: another text has their id (column id), or their "
        "address if they have no id: if that column only numbers the rows, rename it so that it is "
        "no id"
    ) in " ".join(result.stderr.split())
