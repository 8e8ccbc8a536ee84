"""Years of a long run: how they are grouped, and what is added up for them."""

from __future__ import annotations

from reports.data.tables.coverage import CoverageGrid, CoverageRow
from reports.data.tables.phrases import PhraseRow
from reports.data.years import cover_years, group_decades, list_years, split_by_year
from reports.figures import phrases
from reports.pages.month_pages import neighbours
from tests.period_rows import row as row_of


def test_years_know_how_many_of_their_months_have_documents() -> None:
    months = ["1899-11", "1899-12", "1900-01", "1900-02"]
    years = list_years(months, [row_of("1900", 3, documents=40)], ["1899-12", "1900-01", "1900-02"])
    assert [(year.name, year.months, year.counted) for year in years] == [
        ("1899", 2, 1),
        ("1900", 2, 2),
    ]
    assert [year.documents for year in years] == [0, 40]
    assert years[1].page == "1900.html"


def test_decades_begin_with_a_year_that_ends_in_0_and_add_up_the_counted_years() -> None:
    rows = [
        row_of("1899", 1, documents=10),
        row_of("1900", 3, documents=40),
        row_of("1901", 2, documents=60),
    ]
    months = ["1899-12", "1900-01", "1901-01", "1902-01"]
    decades = group_decades(list_years(months, rows, months))
    assert [decade.name for decade in decades] == ["1890s", "1900s"]
    assert [len(decade.years) for decade in decades] == [1, 3]
    assert decades[1].documents == 100
    assert decades[1].share("c") == (5, 0.05)
    assert decades[1].share("no such keyword") == (0, None)


def test_the_coverage_of_a_year_counts_the_months_in_each_state() -> None:
    def row(job: str, state: str | None, reason: str | None = None) -> dict[str, CoverageRow]:
        return {"documents": CoverageRow(1, job, "documents", state, reason, 7)}

    jobs = {
        "1900-01": row("1900-01", "complete"),
        "1900-02": row("1900-02", "no-data", "none stored"),
        "1900-03": row("1900-03", "no-data", "none stored"),
        "1901-01": row("1901-01", "complete"),
    }
    first, second = cover_years(CoverageGrid(("documents",), jobs))
    assert first.states == {"documents": {"complete": 1, "no-data": 2}}
    assert (first.name, first.jobs, first.documents, first.reasons) == (
        *("1900", 3, 21),
        ["none stored"],
    )
    assert (second.name, second.states) == ("1901", {"documents": {"complete": 1}})


def test_months_are_split_by_year() -> None:
    assert split_by_year(["1899-12", "1900-01", "1900-02"]) == [
        ("1899-12",),
        ("1900-01", "1900-02"),
    ]


def test_the_phrases_of_a_year_are_those_of_its_months_added_up() -> None:
    rows = [
        PhraseRow(1, "1900-01", "k", 1, "small fire", 4),
        PhraseRow(1, "1900-01", "k", 2, "new road", 3),
        PhraseRow(1, "1900-02", "k", 1, "new road", 2),
        PhraseRow(1, "1900-03", "k", 1, "old road", 2),
    ]
    assert phrases.merge(rows, "1900", 2) == [
        PhraseRow(1, "1900", "k", 1, "new road", 5),
        PhraseRow(1, "1900", "k", 2, "small fire", 4),
    ]
    assert phrases.merge([], "1900", 2) == []


def test_neighbours_are_those_with_a_page() -> None:
    pages = ["1900-01", "1900-03", "1901-02"]
    assert neighbours("1900-03", pages) == ("1900-01", "1901-02")
    assert neighbours("1900-01", pages) == (None, "1900-03")
    assert neighbours("1901-02", pages) == ("1900-03", None)
