"""What the names of a run stand for: one type, one person, decided by all jobs and texts."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.text.person_names import (
    FullNames,
    NameEvidence,
    is_full_name,
    last_name,
    name_key,
)
from reports.data.entity_labels import EntityName, NamedEntity, RunNames
from reports.figures.entities import NameCounts, rank_names
from textapi.text.keywords import pattern


def persons(**counts: int) -> dict[EntityName, int]:
    return {("PERSON", name.replace("_", " ")): count for name, count in counts.items()}


def names_of(counts: dict[EntityName, int], texts: list[str]) -> RunNames:
    return RunNames.of(counts, [NameEvidence.read(texts)])


def shown(
    counts: dict[EntityName, int], run_names: RunNames | None = None
) -> list[tuple[str, str, int]]:
    entities, _, _ = (run_names or RunNames.of(counts)).merge(counts)
    return [(entity.type, entity.label, entity.count) for entity in entities]


def test_a_person_has_one_entry_that_says_how_often_the_full_name_came_if_half_have_it() -> None:
    assert shown(persons(Quist=236, Ann_Quist=96)) == [("PERSON", "Quist", 332)]
    assert shown(persons(Quist=9, Ann_Quist=9)) == [("PERSON", "Quist (as Ann Quist 9)", 18)]
    assert shown(persons(Ann_Quist=9)) == [("PERSON", "Ann Quist", 9)]


def test_middle_initials_titles_and_possessives_make_no_other_person() -> None:
    counts = {
        ("PERSON", "Ann B. Quist"): 2,
        ("PERSON", "Senator Quist"): 3,
        ("PERSON", "Ann Quist\u2019s"): 1,
    }
    assert shown(counts) == [("PERSON", "Quist (as Ann B. Quist 3)", 6)]


def test_a_child_with_a_suffix_is_another_person() -> None:
    counts = persons(Quist=3, Donald_Quist=4)
    counts["PERSON", "Donald Quist Jr."] = 5
    counts["PERSON", "Quist Jr."] = 2
    assert shown(counts) == [
        ("PERSON", "Quist (as Donald Quist 4)", 7),
        ("PERSON", "Quist Jr. (as Donald Quist Jr. 5)", 7),
    ]


def test_a_last_name_with_a_particle_is_one_name() -> None:
    assert shown(persons(De_Quist=2, Bill_de_Quist=3)) == [
        ("PERSON", "De Quist (as Bill de Quist 3)", 5)
    ]
    assert last_name("bill de quist") == "de quist"


def test_one_full_name_does_not_tell_whose_many_last_names_are() -> None:
    assert shown(persons(Quist=43, Michelle_Quist=1)) == [
        ("PERSON", "Quist (also Michelle Quist 1)", 43),
        ("PERSON", "Michelle Quist", 1),
    ]
    assert shown(persons(Quist=3, Michelle_Quist=1)) == [("PERSON", "Quist", 4)]


def test_a_last_name_that_two_bear_alike_stays_apart() -> None:
    assert shown(persons(Quist=5, Ann_Quist=3, Bert_Quist=3)) == [
        ("PERSON", "Quist (also Ann Quist 3, Bert Quist 3)", 5),
        ("PERSON", "Ann Quist", 3),
        ("PERSON", "Bert Quist", 3),
    ]


def test_a_first_name_that_several_bear_stands_for_none_of_them() -> None:
    several = persons(Bill=3, Bill_Quist=80, Bill_Ruel=40)
    assert ("PERSON", "Bill Quist", 80) in shown(several)
    assert ("PERSON", "Bill (as Bill Quist 80)", 83) in shown(
        persons(Bill=3, Bill_Quist=80, Bill_Ruel=4)
    )


def test_the_texts_of_the_run_show_whose_a_last_name_is() -> None:
    texts = ["Quist Wins Again", "Mayor Ann Quist Speaks", "Ann Quist\u2019s Boat", "Ann B. Quist"]
    counts = persons(Quist=12)
    assert shown(counts) == []
    assert shown(counts, names_of(counts, texts)) == [("PERSON", "Quist", 12)]
    both = persons(Quist=12, Ann_Quist=1)
    assert shown(both, names_of(both, texts)) == [("PERSON", "Quist", 13)]


def test_a_first_name_taken_for_a_place_is_the_person_of_the_texts_and_a_place_stays_one() -> None:
    counts: dict[EntityName, int] = {("GPE", "Melania"): 2, ("GPE", "Florence"): 8}
    counts |= persons(Quist=4)
    texts = ["Melania Quist Speaks", "Melania Quist\u2019s Boat", "Florence Quist Sails"] * 3
    assert shown(counts, names_of(counts, texts)) == [
        ("GPE", "Florence", 8),
        ("PERSON", "Quist (also Melania 2)", 4),
        ("PERSON", "Melania", 2),
    ]


def test_a_last_name_taken_for_an_organisation_is_the_person_of_the_texts() -> None:
    counts: dict[EntityName, int] = {("ORG", "Quist"): 7}
    assert shown(counts) == [("ORG", "Quist", 7)]
    texts = ["Mike Quist Leads", "The Plan of Mike Quist", "Quist Says No"]
    assert shown(counts, names_of(counts, texts)) == [("PERSON", "Quist", 7)]


def test_a_last_name_behind_a_listed_first_name_is_no_organisation_by_a_guess() -> None:
    counts: dict[EntityName, int] = {("ORG", "Quist"): 4}
    alone = ["Quist Wins Again"] * 16
    assert shown(counts, names_of(counts, alone)) == [("ORG", "Quist", 4)]
    assert shown(counts, names_of(counts, [*alone, "Mike Quist Votes"])) == []


def test_what_has_a_prefix_is_no_people() -> None:
    assert shown({("NORP", "Anti-Muslim"): 2, ("NORP", "Afghan"): 1}) == [("NORP", "Afghan", 1)]


def test_a_people_is_no_person_where_a_first_name_stands_before_it() -> None:
    counts: dict[EntityName, int] = {("NORP", "Republican"): 6}
    texts = ["Virginia Republican Wins", "A Georgia Republican"] * 3
    assert shown(counts, names_of(counts, texts)) == [("NORP", "Republican", 6)]


def test_full_names_that_are_a_rare_use_of_a_word_show_no_person() -> None:
    texts = ["Ann Ebbford", "Ann Ebbford", *["To Ebbford by Boat"] * 40]
    counts = persons(Ebbford=5)
    counts["GPE", "Ebbford"] = 3
    assert shown(counts, names_of(counts, texts)) == [("GPE", "Ebbford", 8)]


@pytest.mark.parametrize(
    "before",
    ["Irma, Quist", "Irma: Quist", "Irma\u2019s Quist", "Rain for Irma. Quist", "San Jose"],
)
def test_names_that_a_sign_parts_and_names_of_places_are_no_full_names(before: str) -> None:
    last_word = before.rsplit(maxsplit=1)[-1]
    counts = persons(**{last_word: 5})
    assert shown(counts, names_of(counts, [before] * 9)) == []


def test_a_family_name_that_stands_first_is_the_person_who_bears_it_most() -> None:
    counts = persons(Kim=41, Kim_Wall=1, Ann_Kim=1)
    counts |= {("PERSON", "Kim Quist-un"): 42, ("PERSON", "Kim Quist-nam"): 8}
    top = rank_names(NameCounts(Counter(counts), Counter(counts)))
    assert top.by_type["PERSON"][0] == ("Kim (as Kim Quist-un 42)", 83)
    assert [last_name(name) for name in ("kim jong-un", "ann quist-ebb")] == ["kim", "quist-ebb"]


def test_two_words_that_no_list_has_are_no_organisation_by_a_guess() -> None:
    counts: dict[EntityName, int] = {("ORG", "Kirstjen Quist"): 5, ("ORG", "Quist Jakarta"): 5}
    assert shown(counts) == [("ORG", "Quist Jakarta", 5)]


def test_a_single_name_without_evidence_is_no_person() -> None:
    counts = persons(Zorblax=9)
    assert RunNames.of(counts).merge(counts) == ([], 0, 1)


def test_a_title_is_evidence_of_a_person() -> None:
    counts = {("PERSON", "President Quist"): 2, ("PERSON", "Quist"): 3}
    assert shown(counts) == [("PERSON", "Quist", 5)]


def test_a_first_name_is_the_person_where_enough_full_names_agree() -> None:
    assert shown(persons(Bernie=3, Bernie_Quist=5)) == [("PERSON", "Bernie (as Bernie Quist 5)", 8)]
    assert shown(persons(Bernie=3, Bernie_Quist=4)) == [("PERSON", "Bernie Quist", 4)]


def test_a_first_name_that_others_bear_in_the_texts_is_nobodys() -> None:
    counts = persons(Quist=4, John=1, John_Quist=5, Ruel=2, Gray=2)
    texts = [*["John Quist Speaks"] * 5, *["John Ruel", "John Gray"] * 4]
    assert RunNames.of(counts).persons["john"] == "john quist"
    assert "john" not in names_of(counts, texts).persons


def test_a_name_has_the_type_that_it_has_in_the_whole_run() -> None:
    month: dict[EntityName, int] = {("ORG", "Quist"): 7}
    run_names = RunNames.of({**month, **persons(Quist=20, Ann_Quist=9)})
    assert shown(month, run_names) == [("PERSON", "Quist", 7)]


@pytest.mark.parametrize("name", ["Quist\u2019s Russia", "Pro-Russia", "Fact-Checking Quist"])
def test_a_part_of_a_headline_is_no_organisation(name: str) -> None:
    counts = {("ORG", name): 4, ("ORG", "Quist Foundation"): 2, **persons(Ann_Quist=2)}
    assert shown(counts) == [("ORG", "Quist Foundation", 2), ("PERSON", "Ann Quist", 2)]


def test_cards_show_persons_and_organisations_with_evidence_alone() -> None:
    counts: dict[EntityName, int] = {
        ("GPE", "Ebbford"): 30,
        ("ORG", "Quay Tapp"): 2,
        ("ORG", "F.B.I."): 1,
        ("ORG", "Pfizer"): 2,
        ("ORG", "Ebb Department"): 2,
        **persons(Ann_Quist=5),
    }
    top = rank_names(NameCounts(Counter(counts), Counter(counts)))
    assert top.headlines == {
        "PERSON": [("Ann Quist", 5)],
        "ORG": [("Ebb Department", 2), ("Pfizer", 2)],
    }
    assert [name for name, _ in top.by_type["ORG"]] == ["Ebb Department", "Pfizer"]
    assert top.unproven == 1


def test_a_name_of_the_subject_in_other_words_is_left_out() -> None:
    counts = persons(Quist=6, Ann_Quist=6)
    top = rank_names(
        NameCounts(Counter(persons(Quist=6))), [pattern("ann quist")], run_names=RunNames.of(counts)
    )
    assert (top.by_type, top.subject) == ({}, 1)


@pytest.mark.parametrize(
    "name",
    [
        "Touchdown Joe",
        "Maybe Trump",
        "Cal Survived Quist",
        "Watch Curiosity",
        "Nurse Quist",
        "Quist",
        "Ann\u2019s Quist",
        "Tel Aviv",
        "Ann 4 Quist",
    ],
)
def test_what_begins_with_no_first_name_is_no_full_name(name: str) -> None:
    assert not is_full_name(name.casefold())


@pytest.mark.parametrize("name", ["Kim Says", "Kim Sign Up", "Ann of"])
def test_what_ends_with_a_word_that_is_no_last_name_is_no_full_name(name: str) -> None:
    assert not is_full_name(name.casefold())


@pytest.mark.parametrize("name", ["Ann Quist", "Xi Jinping", "Kim Jong-un", "Bill de Quist"])
def test_a_first_name_with_a_last_name_is_a_full_name(name: str) -> None:
    assert is_full_name(name_key(name))


def test_words_and_other_last_names_before_a_last_name_are_no_first_names() -> None:
    evidence = NameEvidence.read(["Trump Quist Deal", "New Quist Plan", "A Quist"])
    assert FullNames.find([evidence], ["quist", "trump"]).counts == Counter()


TITLES = st.lists(
    st.sampled_from(
        ["Ann", "Mike", "de", "J.", "Quist", "Quist\u2019s", "Rain,", "Wins", "in", "9"]
    ),
    max_size=8,
).map(" ".join)


@given(st.lists(TITLES, max_size=8), st.integers(0, 8))
def test_what_was_stored_of_two_months_shows_the_full_names_of_their_texts(
    texts: list[str], n_of_first: int
) -> None:
    months = [NameEvidence.read(part) for part in (texts[:n_of_first], texts[n_of_first:])]
    stored = [NameEvidence.from_bytes(month.to_bytes()) for month in months]
    last_names = ["quist", "de wins"]
    assert FullNames.find(stored, last_names) == FullNames.find(
        [NameEvidence.read(texts)], last_names
    )


def test_initials_and_parts_of_a_last_name_stand_between_it_and_the_first_name() -> None:
    texts = ["Ann J. Quist\u2019s Boat", "Mike de Quist Sails", "Rain, Quist Says", "(Bea) Quist"]
    found = FullNames.find([NameEvidence.read(texts)], ["quist"])
    assert found.counts == {"ann quist": 1, "mike quist": 1}
    assert found.last_names == {"quist": 4}


@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from(["PERSON", "ORG", "GPE"]),
            st.sampled_from(["Quist", "Ann Quist", "Bea Quist", "Mrs. Quist", "Pfizer", "UTC"]),
        ),
        st.integers(1, 30),
    )
)
def test_each_name_is_counted_once_or_left_out(counts: dict[EntityName, int]) -> None:
    entities, _, unproven = RunNames.of(counts).merge(counts)
    assert len({(entity.type, entity.label) for entity in entities}) == len(entities)
    total = sum(count for (_, name), count in counts.items() if name != "UTC")
    assert sum(entity.count for entity in entities) <= total
    assert unproven or sum(entity.count for entity in entities) == total
    assert all(isinstance(entity, NamedEntity) for entity in entities)
