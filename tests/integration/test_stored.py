"""``tidings stored`` lists what the database holds, from counts and small tables alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from typer.testing import CliRunner

from cli.main import app
from core.settings import Settings, environment
from models.database import Database
from models.documents import insert_documents
from models.imports import begin_import, blank_import, count_import
from models.inventory import find_gaps, take_inventory
from reports.data.stored_days import judge_stored_days

Tidings = Callable[..., Any]


@pytest.fixture
def tidings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Tidings:
    """``tidings`` with these arguments, on the test's database."""
    for name, value in environment(settings).items():
        if name.startswith("TIDINGS_"):
            monkeypatch.setenv(name, value)

    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def document(number: int, day: str | None, source: str = "nyt", **fields: Any) -> dict[str, Any]:
    at = datetime.fromisoformat(day) if day else None
    return {
        "identity": f"{source}:{number}", "source": source, "text": f"Text {number}.",
        "published_at": at, "period": day and day[:7], **fields,
    }  # fmt: skip


def store_import(db: Database, path: str, rows: list[dict[str, Any]]) -> int:
    """Store *rows* as an import of the file *path*; return its number."""
    sources = ",".join(sorted({row["source"] for row in rows}))
    with db.write() as connection:
        number = begin_import(connection, path=path, source=sources)
        added = insert_documents(connection, db, rows, import_id=number).added
        counts = {"read": len(rows), "added": added, "empty": 0, "left_out": 0}
        count_import(connection, number, **counts, named=[])

    return number


def store_two_archives(db: Database) -> None:
    of_post = {"outlet": "The Post", "section": "World", "material": "News", "language": "en"}
    store_import(
        db,
        "post.csv",
        [
            document(1, "2020-01-05", **of_post),
            document(2, "2020-01-06", **of_post),
            document(3, "2020-04-01", **of_post | {"section": "Sport"}),
            document(4, "2021-01-01", outlet="Evil\x1b[31m\nOutlet"),
        ],
    )
    posts = [document(n, "2020-02-01", "posts", handle="ann") for n in (5, 6)]
    posts.append(document(7, None, "posts", handle="bob"))
    store_import(db, "posts.jsonl", posts)


def test_json_has_months_gaps_names_accounts_and_imports(db: Database, tidings: Tidings) -> None:
    store_two_archives(db)
    result = tidings("stored", "--json")
    assert result.exit_code == 0, result.output
    stored = json.loads(result.stdout)

    assert stored["documents"] == 7
    nyt, posts = stored["sources"]
    assert nyt == {
        "source": "nyt", "documents": 4, "undated": 0, "first": "2020-01", "last": "2021-01",
        "months": {"2020-01": 2, "2020-04": 1, "2021-01": 1},
        "gaps": [["2020-02", "2020-03"], ["2020-05", "2020-12"]],
        "bulk_days": [], "missing_days": [],
    }  # fmt: skip
    assert (posts["source"], posts["undated"], posts["gaps"]) == ("posts", 1, [])
    assert stored["names"]["outlet"] == [
        {"name": None, "documents": 3},
        {"name": "The Post", "documents": 3},
        {"name": "Evil\x1b[31m\nOutlet", "documents": 1},
    ]
    assert stored["names"]["section"][1:] == [
        {"name": "World", "documents": 2},
        {"name": "Sport", "documents": 1},
    ]
    assert stored["names"]["desk"] == [{"name": None, "documents": 7}]
    assert stored["handles"] == {
        "handles": 2, "documents": 3,
        "most": [{"name": "ann", "documents": 2}, {"name": "bob", "documents": 1}],
    }  # fmt: skip
    columns = ("import", "path", "source", "read", "added")
    assert [tuple(record[name] for name in columns) for record in stored["imports"]] == [
        (2, "posts.jsonl", "posts", 3, 3),
        (1, "post.csv", "nyt", 4, 4),
    ]


def test_the_table_shows_gaps_as_ranges_and_no_control_characters(
    db: Database, tidings: Tidings
) -> None:
    store_two_archives(db)
    lines = tidings("stored").stdout.splitlines()
    assert lines[1].split() == [
        "nyt", "4", "2020-01", "2021-01", "3", "2020-02..2020-03,", "2020-05..2020-12",
    ]  # fmt: skip
    assert lines[2].endswith("of no month: 1 document")
    assert "outlets (--outlet): 2" in lines
    assert [line.split() for line in lines if "@ann" in line] == [["2", "@ann"]]
    assert "desks" not in " ".join(lines)  # of none a desk is known
    assert "\x1b" not in "".join(lines)
    assert any(r"Evil\x1b[31m\nOutlet" in line for line in lines)


def store_daily_archive(db: Database, source: str = "nyt", **fields: Any) -> None:
    """Store ten documents a day from 5 January to 20 March, save on four days; 90 on one."""
    rows = []
    day = date(2020, 1, 5)
    while day <= date(2020, 3, 20):
        documents = 90 if day == date(2020, 2, 11) else 10
        if date(2020, 2, 28) <= day <= date(2020, 3, 1) or day == date(2020, 1, 20):
            documents = 0

        for number in range(documents):
            number_of_all = 100 * day.toordinal() + number
            rows.append(document(number_of_all, day.isoformat(), source, **fields))

        day += timedelta(days=1)

    store_import(db, "daily.csv", rows)


def test_bulk_days_and_missing_days_of_an_archive_are_listed(
    db: Database, tidings: Tidings
) -> None:
    store_daily_archive(db)
    lines = tidings("stored").stdout.splitlines()
    assert lines[2:8] == [
        "nyt: 1 bulk day",
        "  2020-02-11  90 documents; a full day has 10",
        "nyt: 4 missing days",
        "  2020-02-28..2020-03-01",
        "  2020-01-20",
        "",
    ]
    (source,) = json.loads(tidings("stored", "--json").stdout)["sources"]
    assert list(source)[-2:] == ["bulk_days", "missing_days"]
    assert source["bulk_days"] == [{"day": "2020-02-11", "documents": 90, "full_day": 10}]
    assert source["missing_days"] == [["2020-01-20", "2020-01-20"], ["2020-02-28", "2020-03-01"]]


def test_posts_have_no_bulk_days_and_no_missing_days(db: Database, tidings: Tidings) -> None:
    store_daily_archive(db, "posts", handle="ann")
    (source,) = json.loads(tidings("stored", "--json").stdout)["sources"]
    assert (source["bulk_days"], source["missing_days"]) == ([], [])
    assert "bulk day" not in tidings("stored").stdout


def test_the_days_of_an_archive_are_counted_in_an_index(db: Database) -> None:
    store_daily_archive(db)
    (source,) = take_inventory(db).sources
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    judge_stored_days(db, source)
    event.remove(db.engine, "before_cursor_execute", note)
    (counting,) = [statement for statement in statements if "FROM documents" in statement]
    if db.is_sqlite:
        plan_of = counting.replace("?", "'nyt'")
        with db.read() as connection:
            plan = [
                row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {plan_of}")
            ]

        assert "USING COVERING INDEX ix_documents_source_published_at" in plan[0]


def test_the_table_shows_twenty_names_and_json_all(db: Database, tidings: Tidings) -> None:
    rows = []
    for number in range(25):
        copies = 25 - number
        for copy in range(copies):
            rows.append(document(100 * number + copy, "2020-01-05", outlet=f"Outlet {number:02}"))

    store_import(db, "many.csv", rows)
    shown = [line for line in tidings("stored").stdout.splitlines() if "Outlet" in line]
    assert len(shown) == 20
    assert shown[0].split() == ["25", "Outlet", "00"]
    assert "and 5 more" in tidings("stored").stdout
    outlets = json.loads(tidings("stored", "--json").stdout)["names"]["outlet"]
    assert [each["documents"] for each in outlets] == list(range(25, 0, -1))


def test_an_empty_database_says_what_to_do(tidings: Tidings) -> None:
    result = tidings("stored")
    assert result.exit_code == 0
    assert "no document is stored: `tidings import FILES`" in result.output


def test_a_forgotten_import_is_not_listed_and_its_number_is_given_to_no_other(
    db: Database,
) -> None:
    number = store_import(db, "post.csv", [])
    with db.write() as connection:
        blank_import(connection, number, read=0)

    assert take_inventory(db).imports == []
    assert store_import(db, "post.csv", []) == number + 1


def test_no_query_of_it_reads_documents_but_an_index_of_accounts(db: Database) -> None:
    store_two_archives(db)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    take_inventory(db)
    event.remove(db.engine, "before_cursor_execute", note)
    of_documents = [each for each in statements if "FROM documents" in each]
    assert len(of_documents) == 1
    if db.is_sqlite:
        plan_of = of_documents[0].replace("?", "1")
        with db.read() as connection:
            plan = [
                row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {plan_of}")
            ]

        of_handles = "SEARCH documents USING COVERING INDEX ix_documents_handle_source (handle>?)"
        assert of_handles in plan


@given(st.sets(st.integers(1851 * 12, 1860 * 12)))
def test_gaps_are_the_months_that_are_missing(numbers: set[int]) -> None:
    def name(number: int) -> str:
        return f"{number // 12}-{number % 12 + 1:02}"

    months = [name(number) for number in sorted(numbers)]
    expected = []
    if numbers:
        expected = [
            name(number) for number in range(min(numbers), max(numbers)) if number not in numbers
        ]

    missing = []
    for gap in find_gaps(months):
        assert gap.first <= gap.last
        missing += [month for month in expected if gap.first <= month <= gap.last]

    assert missing == expected
    assert all(
        a.last < b.first for a, b in zip(find_gaps(months), find_gaps(months)[1:], strict=False)
    )
