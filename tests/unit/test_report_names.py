"""Names in a figure: the subject, single mentions and dates are left to the exports."""

from __future__ import annotations

from dataclasses import replace

from analysis.text.person_names import NameEvidence
from reports.data.entity_labels import RunNames
from reports.data.tables.entities import EntityRow, sum_counts
from reports.figures.entities import TopNames, count_names, entities_spec, top_names
from reports.figures.marks import Chart
from reports.figures.spec import Subject
from reports.figures.style import Range
from reports.words.document_queries import DocumentQuery
from textapi.text.keywords import pattern

SUBJECT = Subject("x", "x", Range("2020-03", "2020-03"))
HEADLINES = [
    "Mayor Closes Schools and Parks as Coronavirus Spreads",
    "A Test for Everyone, Doctors Say",
]
SENTENCES = [
    "The mayor closed the schools of the city.",
    "A doctor said that tests are there for everyone.",
]


def entity(kind: str, name: str, count: int, period: str | None = None) -> EntityRow:
    return EntityRow(1, "2020-03", "covid", period, 1, kind, name, count, [name])


def test_names_are_summed_over_jobs_the_type_of_the_most_frequent_first() -> None:
    rows = [
        entity("ORG", "C.D.C.", 4),
        entity("GPE", "China", 20),
        entity("GPE", "China", 21),
        entity("GPE", "Italy", 9),
    ]
    assert top_names(rows) == TopNames(
        {"GPE": [("China", 41), ("Italy", 9)], "ORG": [("C.D.C.", 4)]}, 0
    )


def test_a_name_that_holds_the_subject_is_left_out_and_counted() -> None:
    rows = [
        entity("ORG", "Coronavirus", 202),
        entity("PERSON", "Coronavirus Spreads", 6),
        entity("GPE", "China", 41),
    ]
    assert top_names(rows, [pattern("coronavirus")]) == TopNames({"GPE": [("China", 41)]}, 2)


def test_the_names_of_the_account_itself_are_left_out_and_counted() -> None:
    rows = [
        entity("PERSON", "Quist", 90),
        entity("PERSON", "President Quist", 5),
        entity("ORG", "AnnQuist", 4),
        entity("PERSON", "Bea Quist", 3),
        entity("ORG", "Quist", 2),
        entity("ORG", "Quist Foundation", 2),
    ]
    top = top_names(rows, account_names=["annquist", "Ann Quist"])
    assert top == TopNames({"PERSON": [("Bea Quist", 3)], "ORG": [("Quist Foundation", 2)]}, 0, 2)
    spec = entities_spec(SUBJECT, top, unit="times named")
    assert spec is not None
    assert "So are 2 names that are the subject's own." in spec.caption


def test_a_last_name_says_whose_it_may_be() -> None:
    rows = [
        entity("PERSON", "Obama", 43),
        entity("PERSON", "Michelle Obama", 1),
        entity("PERSON", "Barack Obama", 2),
        entity("PERSON", "Maybe Trump", 8),
        entity("PERSON", "Trump", 9),
        entity("ORG", "Obama Foundation", 2),
    ]
    top = top_names(rows)
    assert top.by_type == {
        "PERSON": [
            ("Obama (also Barack Obama 2, Michelle Obama 1)", 43),
            ("Barack Obama", 2),
        ],
        "ORG": [("Obama Foundation", 2)],
    }
    spec = entities_spec(SUBJECT, top, unit="times named")
    assert spec is not None
    assert "\u201cAlso\u201d names others of that last name" in spec.caption
    assert "So are 2 names without evidence of what they name." in spec.caption


def test_a_last_name_that_single_jobs_took_for_an_organisation_is_a_person() -> None:
    rows = [
        entity("ORG", "Quist", 3),
        entity("PERSON", "Quist", 1),
        entity("PERSON", "Ann Quist", 1),
    ]
    assert top_names(rows).by_type == {"PERSON": [("Quist", 5)]}


def test_two_words_are_a_person_where_the_last_one_alone_was_taken_for_one() -> None:
    rows = [entity("ORG", "Stormy Quist", 3), entity("ORG", "Quist", 4)]
    assert top_names(rows).by_type == {"ORG": [("Quist", 4), ("Stormy Quist", 3)]}
    by_type = top_names([*rows, entity("PERSON", "Quist", 2)]).by_type
    assert by_type["PERSON"] == [("Stormy Quist", 3)]
    bank = [entity("ORG", "Elm Bank", 3), entity("PERSON", "Bank", 2)]
    assert top_names(bank).by_type == {"ORG": [("Elm Bank", 3)]}


def test_a_last_name_that_was_taken_for_a_place_is_the_persons_whom_a_full_name_tells() -> None:
    texts = ["Jamal Quist Sails", "The Quist Case"] * 3
    rows = [entity("GPE", "Quist", 15), entity("PERSON", "Jamal Quist", 1)]
    run_names = RunNames.of(sum_counts(rows), [NameEvidence.read(texts)])
    assert top_names(rows, run_names=run_names).by_type == {"PERSON": [("Quist", 16)]}
    city = [entity("GPE", "Chicago", 15), entity("PERSON", "Judy Chicago", 1)]
    run_names = RunNames.of(
        sum_counts(city), [NameEvidence.read(["Judy Chicago Paints", *["Chicago Rain"] * 20])]
    )
    assert top_names(city, run_names=run_names).by_type == {"GPE": [("Chicago", 15)]}


def test_a_full_name_with_a_listed_first_name_is_no_place() -> None:
    assert top_names([entity("GPE", "Asia Quist", 3)]).by_type == {"PERSON": [("Asia Quist", 3)]}
    assert top_names([entity("GPE", "Florida Keys", 3)]).by_type == {"GPE": [("Florida Keys", 3)]}


def test_a_part_of_a_name_and_one_guess_for_each_of_two_kinds_are_no_names() -> None:
    rows = [entity("PERSON", "Le", 6), entity("NORP", "Kerb", 1), entity("PERSON", "Kerb", 1)]
    top = top_names(rows)
    assert (top.by_type, top.unproven) == ({}, 2)


def test_a_last_name_that_another_keyword_shows_to_be_a_person_is_one() -> None:
    rows = [entity("NORP", "Quist", 2), entity("ORG", "Quist", 5)]
    assert top_names(rows).by_type == {"ORG": [("Quist", 7)]}
    of_run = [*rows, entity("PERSON", "Ann Quist", 2)]
    assert top_names(rows, run_names=RunNames.of(sum_counts(of_run))).by_type == {
        "PERSON": [("Quist", 7)]
    }


def test_each_name_stands_once_under_the_type_it_has_most_often() -> None:
    rows = [
        entity("LOC", "Earth", 5),
        entity("ORG", "earth", 9),
        entity("LOC", "Earth", 6),
        entity("PERSON", "Selma", 3),
        entity("GPE", "Selma", 3),
    ]
    assert top_names(rows).by_type == {"LOC": [("Earth", 20)], "GPE": [("Selma", 6)]}


def test_the_caption_explains_no_label_that_is_not_there() -> None:
    spec = entities_spec(SUBJECT, top_names([entity("GPE", "China", 2)]), unit="x")
    assert spec is not None
    assert "\u201cAlso\u201d" not in spec.caption
    assert "surely one" not in spec.caption


def test_the_figure_of_results_from_before_documents_were_counted_is_how_often_it_came() -> None:
    older = replace(entity("GPE", "Elm Bay", 3), has_documents=False)
    top = top_names([entity("GPE", "China", 2), older])
    spec = entities_spec(SUBJECT, top, unit="documents")
    assert spec is not None
    assert (
        "The figure is how often it was taken for one: the results are from before" in spec.caption
    )
    assert "texts that hold the name, as" not in spec.caption
    assert count_names([older])["covid"].has_documents is False


def test_a_bar_leads_to_a_list_only_where_its_figure_counts_documents_for_sure() -> None:
    def row(name: str, documents: int, taken: int) -> EntityRow:
        return replace(entity("ORG", name, documents), taken=taken)

    # "House" may be how often it was taken for a name: the others are no words or have more.
    rows = [row("House", 2, 2), row("Apple", 3, 2), row("Elm House", 4, 4), row("NASA", 5, 5)]
    posts = replace(SUBJECT, documents=DocumentQuery(job="@elm"), noun="post")
    titles = {}
    for subject in (SUBJECT, posts):
        spec = entities_spec(subject, top_names(rows), unit="x")
        assert spec is not None
        (panel,) = spec.picture.panels
        assert isinstance(panel, Chart)
        for mark in panel.layers[0].marks:
            titles[mark.title] = mark.documents

    assert titles == {
        "NASA: 5 documents": None,
        "Elm House: 4 documents": None,
        "Apple: 3 documents": None,
        "House: 2": None,
        "NASA: 5 posts": posts.find(name="NASA"),
        "Elm House: 4 posts": posts.find(name="Elm House"),
        "Apple: 3 posts": posts.find(name="Apple"),
    }
    assert count_names(rows)["covid"].uncounted == {("ORG", "House")}


def test_a_name_that_occurs_once_is_left_out_where_another_occurs_twice() -> None:
    assert top_names([entity("GPE", "China", 2), entity("ORG", "Quay Bank", 1)]).by_type == {
        "GPE": [("China", 2)]
    }
    assert top_names([entity("ORG", "Quay Bank", 1)]).by_type == {"ORG": [("Quay Bank", 1)]}


def test_dates_and_single_months_are_no_names() -> None:
    assert (
        top_names([entity("DATE", "today", 9), entity("GPE", "China", 9, "2020-03")]).by_type == {}
    )


def test_the_caption_says_what_the_names_are_worth() -> None:
    def caption(subject: int) -> str:
        spec = entities_spec(SUBJECT, TopNames({"GPE": [("China", 2)]}, subject), unit="times")
        assert spec is not None
        return spec.caption

    assert "read them with care" in caption(0)
    assert "the subject itself" not in caption(0)
    assert "So is 1 name that holds the subject itself." in caption(1)
    assert "So are 12 names that hold the subject itself." in caption(12)
