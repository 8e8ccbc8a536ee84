"""Documents that stand in two files: the order of import changes nothing."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from cli.main import main
from models.database import Database
from models.documents import add_documents
from models.tables import Document, DocumentCount, DocumentDetails, Origin

DAYS = ("2020-01-31", "2020-02-01", "2020-02-02", "2020-03-05", None)


def headline(number: int, day: str | None, outlet: str | None) -> dict[str, Any]:
    return {
        "identity": f"archive:{number}", "source": "archive", "text": f"Fog number {number}.",
        "published_at": datetime.fromisoformat(day) if day else None, "period": day and day[:7],
        "outlet": outlet,
    }  # fmt: skip


def stored(db: Database) -> tuple[list[Any], list[Any]]:
    """The documents, where they stand, and their counts by month."""
    columns = (Document.identity, Document.text, Document.published_at, Document.period)
    documents = select(*columns, Origin.outlet).join(Origin, Origin.id == Document.origin_id)
    counts = select(
        DocumentCount.source, DocumentCount.period, Origin.outlet, DocumentCount.documents
    ).join(Origin, Origin.id == DocumentCount.origin_id)
    with db.read() as connection:
        return (
            sorted(map(tuple, connection.execute(documents)), key=repr),
            sorted(map(tuple, connection.execute(counts)), key=repr),
        )


def store_both(db: Database, *imports: list[dict[str, Any]]) -> Any:
    with db.write() as connection:
        for table in (DocumentDetails, Document, DocumentCount):
            connection.execute(delete(table))

    for rows in imports:
        add_documents(db, rows)

    return stored(db)


rows_of_import = st.lists(
    st.builds(
        headline,
        number=st.integers(1, 3),
        day=st.sampled_from(DAYS),
        outlet=st.sampled_from([None, "The Post"]),
    ),
    max_size=6,
)


@given(rows_of_import, rows_of_import)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_two_imports_does_not_matter(
    db: Database, one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    result = store_both(db, one, other)
    assert result == store_both(db, other, one)

    first_days: dict[str, datetime] = {}
    for row in (*one, *other):
        if day := row["published_at"]:
            identity = row["identity"]
            first_days[identity] = min(day, first_days.get(identity, day))

    documents, _ = result
    assert {row[0]: row[2] for row in documents if row[2]} == first_days


def test_an_import_says_how_many_documents_stand_in_two_months(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDINGS_HOME", str(tmp_path / "home"))

    def import_(name: str, *rows: str, option: str = "--json") -> Any:
        path = tmp_path / name
        path.write_text("\n".join(["id,date,headline,outlet", *rows]), encoding="utf-8")
        monkeypatch.setattr(sys, "argv", ["tidings", "import", str(path), option])
        with pytest.raises(SystemExit) as ended:
            main()

        assert not ended.value.code
        return capsys.readouterr()

    import_("march.csv", "1,2020-03-01,Fog,Post", "2,2020-03-01,Rain,Post")
    said = import_("april.csv", "1,2020-04-01,Fog,Post", "2,2020-03-02,Rain,Post")
    assert json.loads(said.out)["two_dates"] == 1
    assert "tidings: 1 document stands in two months: the first date counts\n" in said.err

    rows = ("1,2020-02-01,Fog,Post", "2,2020-02-01,Rain,Post", "3,2020-02-01,Sun,Post")
    said = import_("february.csv", *rows, option="--source=archive")
    assert "2 documents stand in two months: the first date counts" in said.err
