from __future__ import annotations

from reports.words.document_queries import DocumentQuery


def test_an_address_names_only_the_fields_that_are_given() -> None:
    query = DocumentQuery(subject="trade", period="2018-07")

    assert query.address == "documents.html#subject=trade&period=2018-07"


def test_signs_that_mean_something_in_an_address_are_escaped() -> None:
    query = DocumentQuery(subject="A&B #1", name="Xi’s “plan”", without_repeats=True)

    assert query.address == (
        "documents.html#subject=A%26B%20%231&name=Xi%E2%80%99s%20%E2%80%9Cplan%E2%80%9D"
        "&without_repeats=1"
    )
