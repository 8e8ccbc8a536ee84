"""A month's documents by day: the same in however many parts the month is read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event

from models import documents
from models.database import Database
from models.documents import DocumentScope, add_documents, days_of_month, list_documents_by_day

MARCH = DocumentScope(days=days_of_month("2020-03"), sources=("nyt",))
TIMES = (
    *("2020-02-29T23:59:59", "2020-03-31T23:59:59", "2020-03-01T00:00:00"),
    *("2020-03-01T12:00:00", "2020-04-01T00:00:00", "2020-03-15T06:00:00"),
)
OF_MARCH = [
    ("2020-03-01", ["nyt:2", "nyt:3"]),
    ("2020-03-15", ["nyt:5"]),
    ("2020-03-31", ["nyt:1"]),
]


def row(number: int, at: datetime) -> dict[str, Any]:
    return {
        "identity": f"nyt:{number}",
        "source": "nyt",
        "handle": None,
        "author_id": None,
        "published_at": at,
        "period": f"{at:%Y-%m}",
        "address": None,
        "text": f"Headline {number}.",
        "repost": False,
    }


@pytest.mark.parametrize(("most_at_once", "statements"), [(4, 2), (3, 3), (1, 6)])
def test_a_month_is_read_in_parts_of_about_so_many_documents_after_they_were_counted(
    db: Database, monkeypatch: pytest.MonkeyPatch, most_at_once: int, statements: int
) -> None:
    add_documents(db, [row(n, datetime.fromisoformat(at)) for n, at in enumerate(TIMES)])
    monkeypatch.setattr(documents, "_READ_AT_ONCE", most_at_once)

    sent: list[str] = []

    def note(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM documents" in statement:
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    days = list(list_documents_by_day(db, MARCH))
    event.remove(db.engine, "before_cursor_execute", note)

    assert [(day, [each.identity for each in of_day]) for day, of_day in days] == OF_MARCH
    assert len(sent) == statements
