"""Where documents stand in their archives: stored, counted, completed, chosen by."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from models.database import Database
from models.documents import DocumentScope, add_documents, count_documents, days_of_month
from models.erasure import forget_documents
from models.origins import StoredName, count_key, stored_names
from models.tables import Document, DocumentCount, DocumentDetails, Origin
from tests.jobs_kit import Jobs


def headline(number: int, day: str = "2020-03-01", **fields: Any) -> dict[str, Any]:
    at = datetime.fromisoformat(day)
    return {
        "identity": f"nyt:{number}", "source": "nyt", "published_at": at,
        "period": day[:7], "text": f"Fog number {number}.", "handle": None, **fields,
    }  # fmt: skip


def outlets_of(db: Database) -> dict[str, tuple[str, str]]:
    columns = select(Document.identity, Origin.outlet, Origin.section)
    with db.read() as connection:
        rows = connection.execute(columns.join(Origin, Origin.id == Document.origin_id))
        return {identity: (outlet, section) for identity, outlet, section in rows}


def counts_of(db: Database) -> dict[Any, int]:
    with db.read() as connection:
        rows = connection.execute(select(DocumentCount.__table__)).mappings()
        return {(row["source"], row["period"], row["origin_id"]): row["documents"] for row in rows}


def counted_anew(db: Database) -> dict[Any, int]:
    columns = select(Document.source, Document.period, Document.origin_id)
    with db.read() as connection:
        return dict(Counter(map(count_key, connection.execute(columns).mappings())))


def test_documents_of_one_place_share_an_origin_and_are_counted_by_month(db: Database) -> None:
    rows = [headline(n, outlet="The Post", section="World") for n in range(1, 4)]
    rows.append(headline(4, "2020-04-02", outlet="The Post", section="World"))
    rows.append(headline(5, outlet="The Sun"))
    assert add_documents(db, rows).added == 5

    with db.read() as connection:
        outlets = stored_names(connection, "outlet")
        assert stored_names(connection, "section", sources=["x"]) == []

    assert outlets == [StoredName("The Post", 4), StoredName("The Sun", 1)]
    assert sorted(counts_of(db).values()) == [1, 1, 3]


def test_a_choice_ignores_case_and_joins_fields(db: Database) -> None:
    add_documents(db, [headline(1, outlet="Le Soir", section="Monde", material="News")])
    add_documents(db, [headline(2, outlet="Le Soir", section="Sport", material="News")])
    add_documents(db, [headline(3, outlet="De Tijd", section="Sport", material="Op-Ed")])
    month: dict[str, Any] = {"days": days_of_month("2020-03"), "sources": ("nyt",)}

    def count(**choice: Any) -> int:
        with db.read() as connection:
            return count_documents(connection, DocumentScope(**month, **choice))

    assert count() == 3
    assert count(outlets=("le soir",)) == 2
    assert count(outlets=("Le Soir", "De Tijd"), sections=("SPORT",)) == 2
    assert count(sections=("Sport",), material="news") == 1
    assert count(outlets=("Nobody",)) == 0


def test_a_document_that_a_run_has_read_still_gets_its_section(jobs: Jobs) -> None:
    add_documents(jobs.db, [headline(1, "2021-01-01"), headline(2, "2021-01-02")])
    parameters = MonthsParameters(first="2021-01", last="2021-01", keywords=(Keyword.parse("fog"),))
    jobs.do_all(jobs.submit(parameters))

    stored = add_documents(jobs.db, [headline(1, "2021-01-01", outlet="The Post", section="World")])
    assert (stored.completed, stored.kept) == (1, 0)
    assert outlets_of(jobs.db)["nyt:1"] == ("The Post", "World")
    assert counts_of(jobs.db) == counted_anew(jobs.db)


def test_a_document_stays_as_it_is_where_a_run_chose_by_outlet(jobs: Jobs) -> None:
    add_documents(jobs.db, [headline(1, "2021-01-01")])
    add_documents(jobs.db, [headline(2, "2021-01-01", outlet="The Post")])
    parameters = MonthsParameters(
        first="2021-01", last="2021-01", outlets=("The Post",),
        keywords=(Keyword.parse("fog"),),
    )  # fmt: skip
    jobs.do_all(jobs.submit(parameters))

    stored = add_documents(jobs.db, [headline(1, "2021-01-01", outlet="The Post")])
    assert (stored.completed, stored.kept) == (0, 1)
    assert outlets_of(jobs.db)["nyt:1"] == ("", "")


@pytest.mark.parametrize("days", [("2020-02-28", "2020-03-01"), ("2020-03-01", "2020-02-28")])
@pytest.mark.parametrize("is_one_import", [True, False])
def test_of_two_dates_the_first_wins_whatever_the_order(
    db: Database, days: tuple[str, str], is_one_import: bool
) -> None:
    first, second = (headline(1, day) for day in days)
    batches = [[first, second]] if is_one_import else [[first], [second]]
    redated = sum(add_documents(db, batch).redated for batch in batches)
    assert redated == 1
    with db.read() as connection:
        assert connection.scalars(select(Document.period)).all() == ["2020-02"]

    assert counts_of(db) == counted_anew(db)


def test_a_post_keeps_the_date_that_it_was_stored_with(db: Database) -> None:
    add_documents(db, [headline(1, "2020-03-01", handle="ann")])
    stored = add_documents(db, [headline(1, "2020-02-01", handle="ann")])
    assert stored.completed == 0
    with db.read() as connection:
        assert connection.scalars(select(Document.period)).all() == ["2020-03"]


def test_abstracts_and_tags_are_kept_of_the_first_import_that_has_them(db: Database) -> None:
    add_documents(db, [headline(1)])
    add_documents(db, [headline(1, abstract="Fog came.", tags=("Weather",))])
    add_documents(db, [headline(1, abstract="Another."), headline(2, text="x", tags=("Sea",))])
    columns = (DocumentDetails.abstract, DocumentDetails.tags)
    with db.read() as connection:
        details = connection.execute(select(*columns).order_by(DocumentDetails.document_id)).all()

    assert details == [("Fog came.", ["Weather"]), (None, ["Sea"])]


def test_tags_that_a_stored_document_lacks_are_added_and_none_are_replaced(db: Database) -> None:
    add_documents(db, [headline(1, abstract="Fog came."), headline(2, tags=()), headline(3)])
    assert tags_of(db) == {1: None, 2: []}
    add_documents(db, [headline(number, tags=("Weather",)) for number in (1, 2, 3)])
    add_documents(db, [headline(1, tags=()), headline(2, tags=("Sea",)), headline(3)])
    assert tags_of(db) == {1: ["Weather"], 2: ["Weather"], 3: ["Weather"]}


def tags_of(db: Database) -> dict[int, list[str] | None]:
    with db.read() as connection:
        details = connection.execute(
            select(Document.identity, DocumentDetails.tags).join(
                Document, Document.id == DocumentDetails.document_id
            )
        )
        return {int(identity.removeprefix("nyt:")): tags for identity, tags in details}


changes = st.lists(
    st.tuples(
        st.sampled_from(["add", "forget"]),
        st.integers(1, 6),
        st.sampled_from(["2020-01-31", "2020-02-01", "2020-03-05"]),
        st.sampled_from([None, "The Post", "The Sun"]),
        st.sampled_from([None, "World"]),
    ),
    max_size=12,
)


@given(changes)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_counts_are_those_of_the_documents_whatever_is_stored_and_forgotten(
    db: Database, steps: list[tuple[str, int, str, str | None, str | None]]
) -> None:
    with db.write() as connection:
        for table in (Document, DocumentCount):
            connection.execute(delete(table))

    for action, number, day, outlet, section in steps:
        if action == "add":
            add_documents(db, [headline(number, day, outlet=outlet, section=section)])
            continue

        with db.read() as connection:
            ids = connection.scalars(select(Document.id).order_by(Document.id).limit(1)).all()

        forget_documents(db, ids, sentences=lambda text: [text], reason="", result_tables=[])

    assert counts_of(db) == counted_anew(db)
