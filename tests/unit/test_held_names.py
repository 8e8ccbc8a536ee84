"""The documents that hold a name are counted in the texts, which a model does not read whole."""

from __future__ import annotations

from reports.data.entity_labels import EntityName, RunNames
from reports.data.held_names import NameFinder, WrittenNames
from reports.figures.entities import TopNames, entities_spec, rank_names
from reports.figures.spec import Subject
from reports.figures.style import Range

QUIST = ("PERSON", "ann quist")
SUBJECT = Subject("k", "k", Range("2020-03", "2020-03"))


def counted(
    counts: dict[EntityName, int], texts: list[str], of_run: dict[EntityName, int] | None = None
) -> dict[str, list[tuple[str, int]]]:
    run_names = RunNames.of(of_run or counts)
    held = run_names.find_written(counts).count(texts)
    return rank_names(counts, run_names=run_names, held=held).by_type


def test_a_person_is_counted_by_last_name_and_full_name_and_not_for_another_of_that_name() -> None:
    texts = [
        "Quist Wins",
        "Mayor Ann Quist\u2019s Boat, and Quist Again",
        "Quist-Backed Law",
        "Bert Quist Sails",
        "Quistville Floods",
        "@quist and @Quist Write",
    ]
    counts: dict[EntityName, int] = {("PERSON", "Quist"): 2, ("PERSON", "Ann Quist"): 1}
    of_run = {**counts, ("PERSON", "Ann Quist"): 9, ("PERSON", "Bert Quist"): 2}
    assert counted(counts, texts, of_run) == {"PERSON": [("Quist (as Ann Quist 1)", 3)]}


def test_a_full_name_is_not_counted_in_that_of_a_namesake() -> None:
    texts = ["Ann Quist Jr., Fog and Tide", "Quist Wins", "Ann Quist Sails"]
    counts: dict[EntityName, int] = {("PERSON", "Quist"): 2, ("PERSON", "Ann Quist"): 1}
    of_run = {**counts, ("PERSON", "Ann Quist"): 9, ("PERSON", "Ann Quist Jr."): 3}
    assert counted(counts, texts, of_run) == {"PERSON": [("Quist (as Ann Quist 1)", 2)]}


def test_a_name_stands_in_a_text_once_however_often_it_is_written_and_case_counts() -> None:
    counts: dict[EntityName, int] = {("GPE", "U.S."): 2, ("GPE", "Elm Bay"): 3}
    texts = ["U.S. and U.S.-Led Talks", "Talk to us.", "U.S.A.", "Elm\u00a0Bay", "Elm  Bay", "Elm"]
    assert counted(counts, texts) == {"GPE": [("Elm Bay", 2), ("U.S.", 1)]}


def test_a_place_is_not_counted_in_the_name_of_another_but_in_its_parts() -> None:
    counts: dict[EntityName, int] = {
        ("GPE", "Korea"): 2,
        ("GPE", "North Korea"): 3,
        ("GPE", "Quistburg"): 2,
        ("GPE", "Quistburg City"): 2,
        ("GPE", "Cambridge"): 2,
    }
    of_run = {**counts, ("ORG", "Cambridge Analytica"): 4}
    texts = ["North Korea Talks", "North Korea and Korea", "Quistburg City Rain", "Quistburg Sun"]
    texts += ["Cambridge Analytica Ends", "Rain in Cambridge"]
    assert counted(counts, texts, of_run) == {
        "GPE": [
            ("North Korea", 2),
            ("Quistburg", 2),
            ("Cambridge", 1),
            ("Korea", 1),
            ("Quistburg City", 1),
        ]
    }


def test_a_law_named_after_somebody_names_nobody_where_its_texts_name_nobody_else_so() -> None:
    counts: dict[EntityName, int] = {("PERSON", "Quist"): 3}
    law = ["Mayor Waives Quist Act", "Would Repealing the Quist Act Help?"]
    run_texts = [*law, *["Ann Quist Sails", "Bert Quist Sings"] * 2]
    run_names = RunNames.of(counts, run_texts)
    finder = run_names.find_written(counts)

    def rank(texts: list[str]) -> TopNames:
        return rank_names(counts, run_names=run_names, held=finder.count(texts))

    assert (rank(law).by_type, rank(law).unproven) == ({}, 1)
    assert rank([*law, "Quist Wins"]).by_type == {"PERSON": [("Quist", 1)]}
    assert rank([*law, "Quist Wins", "Quist\u2019s Act", "Will Quist? Act!"]).by_type == {
        "PERSON": [("Quist", 5)]
    }


def test_a_person_of_the_run_is_named_by_the_only_text_of_a_month_though_it_is_on_a_report() -> (
    None
):
    counts: dict[EntityName, int] = {("PERSON", "Quist"): 2}
    run_texts = ["Ann Quist Sails"] * 3 + ["Quist Wins"] * 20 + ["Wrong on the Quist Report"]
    run_names = RunNames.of(counts, run_texts)
    held = run_names.find_written(counts).count(run_texts[-1:])
    assert rank_names(counts, run_names=run_names, held=held).by_type == {"PERSON": [("Quist", 1)]}


def test_the_chamber_of_a_contested_seat_is_no_organisation_and_its_place_is_named() -> None:
    counts: dict[EntityName, int] = {("ORG", "Ohio Senate"): 3, ("GPE", "Ohio"): 3}
    race = ["Secret Test in Ohio Senate Race", "Ohio Senate Candidates Debate"]
    assert counted(counts, race) == {"GPE": [("Ohio", 2)]}
    assert counted(
        counts, [*race, "Ohio Senate Votes", "Ohio Senate Passes Bill", "Rain in Ohio"]
    ) == {
        "GPE": [("Ohio", 5)],
        "ORG": [("Ohio Senate", 4)],
    }


def test_a_word_that_stands_in_many_more_texts_than_it_is_a_name_counts_as_a_name() -> None:
    counts: dict[EntityName, int] = {("PERSON", "Cook"): 2, ("PERSON", "Tim Cook"): 2}
    texts = ["Tim Cook Speaks", "Cook Defends Phone"] + ["Cook This Now"] * 20
    assert counted(counts, texts) == {"PERSON": [("Tim Cook", 4)]}
    assert counted(counts, texts[:7]) == {"PERSON": [("Tim Cook", 7)]}


def test_names_that_no_text_holds_as_they_are_written_keep_the_models_count() -> None:
    counts: dict[EntityName, int] = {("GPE", "Elm Bay"): 3}
    assert counted(counts, ["Elm-Bay"]) == {"GPE": [("Elm Bay", 3)]}


def test_a_name_of_signs_alone_is_found_nowhere() -> None:
    finder = NameFinder({QUIST: WrittenNames(frozenset({"\u2026", "Quist"}))})
    assert finder.count(["\u2026", "Quist \u2026"]).documents == {QUIST: 1}
    finder = NameFinder({QUIST: WrittenNames(frozenset({"\u2026"}))})
    assert finder.count(["\u2026"]).documents == {}


def test_a_full_name_that_only_texts_of_a_month_hold_has_no_spelling_there() -> None:
    month_counts: dict[EntityName, int] = {("PERSON", "Quist"): 2}
    run_counts = {**month_counts, ("PERSON", "Ann Quist"): 9}
    run_names = RunNames.of(run_counts)
    held = run_names.find_written(run_counts).count(["Quist Wins", "Mayor Ann Quist Sails"])
    ranked = rank_names(month_counts, run_names=run_names, held=held)
    assert held.in_full[QUIST] == 1
    assert ranked.by_type == {"PERSON": [("Quist", 2)]}


def test_a_handle_counts_for_the_name_that_its_letters_are_once_a_text() -> None:
    counts: dict[EntityName, int] = {
        ("ORG", "Elm Bay Trust"): 3,
        ("PERSON", "Quist"): 2,
        ("PERSON", "Ann Quist"): 1,
    }
    texts = [
        "Thanks to @elmbaytrust",
        "@Elm_Bay_Trust and the Elm Bay Trust",
        "Ask @AnnQuist",
        "Ask @quist, @elmbay and me@elmbaytrust",
    ]
    run_names = RunNames.of(counts)
    held = run_names.find_written(counts).count(texts)
    ranked = rank_names(counts, run_names=run_names, held=held)
    assert ranked.by_type == {"ORG": [("Elm Bay Trust", 2)], "PERSON": [("Quist", 1)]}
    assert (held.by_handle["ORG", "elm bay trust"], held.by_handle[QUIST]) == (1, 1)
    spec = entities_spec(SUBJECT, ranked, unit="posts", in_title_case=False)
    assert spec is not None
    assert "With handles: one whose letters are a name" in spec.caption
