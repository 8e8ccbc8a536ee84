"""Entities: which spellings are one, how they are counted and ranked."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.text.entity_counts import Occurrence, count_entities
from textapi.text.keywords import pattern

HEADLINES = (
    "Mayor Defends Plan to Close Two Schools",
    "Lesson of the Day: Teachers Blame Obama",
    "Doctors Warn of Shortages",
)


def counted(
    *found: tuple[str, str, str], texts: tuple[str, ...] = (), terms: tuple[str, ...] = ()
) -> list[tuple[str, str, str, int, int, tuple[str, ...]]]:
    occurrences = (Occurrence(*one) for one in found)
    entities = count_entities(occurrences, texts, list(map(pattern, terms)))
    return [(e.period, e.type, e.name, e.rank, e.count, tuple(e.spellings)) for e in entities]


def names(*found: tuple[str, str], texts: tuple[str, ...] = ()) -> list[tuple[str, int]]:
    return [
        (name, count)
        for _, _, name, _, count, _ in counted(*(("", *one) for one in found), texts=texts)
    ]


def test_names_are_counted_as_they_are_written_over_all_and_by_month() -> None:
    found = (
        ("2020-01", "PERSON", "Biden"),
        ("2020-01", "PERSON", "Joe Biden"),
        ("2020-02", "PERSON", "biden’s"),
    )
    assert counted(*found) == [
        ("", "PERSON", "Biden", 1, 2, ("Biden", "biden’s")),
        ("", "PERSON", "Joe Biden", 2, 1, ("Joe Biden",)),
        ("2020-01", "PERSON", "Biden", 1, 1, ("Biden", "biden’s")),
        ("2020-01", "PERSON", "Joe Biden", 2, 1, ("Joe Biden",)),
        ("2020-02", "PERSON", "Biden", 1, 1, ("Biden", "biden’s")),
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["2020-01", "2020-02", "2020-03"]),
            st.sampled_from(["PERSON", "ORG", "GPE"]),
            st.sampled_from(["Quist", "Ann Quist", "Bea Quist", "Gray", "Mrs. Gray"]),
        )
    )
)
def test_the_counts_of_the_months_add_up_to_those_of_the_whole_job(
    found: list[tuple[str, str, str]],
) -> None:
    whole, months = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for period, type_, name, _, count, _ in counted(*found):
        (months if period else whole)[type_, name] += count

    assert months == whole
    assert whole.total() == len(found)


@pytest.mark.parametrize(
    ("taken_for", "name", "type_"),
    [
        ("PERSON", "Brexit", "EVENT"),
        ("PERSON", "Pfizer", "ORG"),
        ("PERSON", "Irma", "EVENT"),
        ("ORG", "Obamacare", "LAW"),
        ("PERSON", "Kepler", "PRODUCT"),
        ("ORG", "N.Y.C.", "GPE"),
        ("GPE", "Florence", "GPE"),
        ("CARDINAL", "NASA", "CARDINAL"),
        ("NEW-TYPE", "NASA", "NEW-TYPE"),
    ],
)
def test_a_known_name_has_the_type_of_the_list(taken_for: str, name: str, type_: str) -> None:
    assert [(kind, shown) for _, kind, shown, *_ in counted(("", taken_for, name))] == [
        (type_, name)
    ]


@pytest.mark.parametrize("name", ["Macy\u2019s", "Macy's"])
def test_a_known_name_keeps_the_possessive_that_it_ends_with(name: str) -> None:
    assert counted(("", "PERSON", name), ("", "PERSON", "Quist\u2019s")) == [
        ("", "ORG", name, 1, 1, (name,)),
        ("", "PERSON", "Quist", 1, 1, ("Quist\u2019s",)),
    ]


@pytest.mark.parametrize("name", ["Covid", "COVID-19", "Omicron", "UTC", "RSVP", "A.I."])
@pytest.mark.parametrize("type_", ["PERSON", "ORG", "GPE"])
def test_what_the_list_knows_to_be_no_name_is_left_out(type_: str, name: str) -> None:
    assert counted(("", type_, name), ("", "DATE", "today")) == [
        ("", "DATE", "today", 1, 1, ("today",))
    ]


def test_what_the_user_says_is_no_name_is_left_out_in_every_spelling() -> None:
    found = [
        Occurrence("", "PERSON", name) for name in ("Quizfest", "QUIZFEST\u2019s", "Ann Quist")
    ]
    counts = count_entities(found, not_names=["the Quizfest", "zed"])
    assert [(count.name, count.count) for count in counts] == [("Ann Quist", 1)]


def test_a_last_name_taken_for_an_organisation_is_counted_as_the_person() -> None:
    organisation = ("", "ORG", "Quist")
    person = ("", "PERSON", "Quist")
    assert counted(*[organisation] * 10, person, person) == [
        ("", "PERSON", "Quist", 1, 12, ("Quist",))
    ]
    apart = counted(*[organisation] * 11, person, person)
    assert [(type_, count) for _, type_, _, _, count, _ in apart] == [("ORG", 11), ("PERSON", 2)]
    assert len(counted(organisation, person)) == 2


@pytest.mark.parametrize("type_", ["GPE", "LOC", "NORP"])
def test_a_last_name_taken_for_a_place_is_the_person_where_full_names_show_it(type_: str) -> None:
    place, ann, bea = ("", type_, "Quist"), ("", "PERSON", "Ann Quist"), ("", "PERSON", "Bea Quist")
    moved = counted(*[place] * 4, ann, bea)
    assert [(kind, name, count) for _, kind, name, _, count, _ in moved] == [
        ("PERSON", "Quist", 4),
        ("PERSON", "Ann Quist", 1),
        ("PERSON", "Bea Quist", 1),
    ]
    apart = counted(*[place] * 5, ann, bea)
    assert {kind: name for _, kind, name, _, count, _ in apart if count == 5} == {type_: "Quist"}
    assert len(counted(place, ann)) == 2  # one full name shows nothing


@pytest.mark.parametrize(
    "longer", ["Mayor\u2019s Ebbford", "Ann\u2019s Ebbford", "Mayor Ebbford", "Ebbford"]
)
def test_what_is_no_full_name_makes_no_person_of_a_place(longer: str) -> None:
    found = counted(*[("", "GPE", "Ebbford")] * 4, *[("", "PERSON", longer)] * 4)
    assert ("GPE", "Ebbford", 4) in [(kind, name, count) for _, kind, name, _, count, _ in found]


@pytest.mark.parametrize(
    "spelling", ["Trump", "TRUMP", "Trump’s", "trump's", "Donald Trump", "the Trump", "#Trump"]
)
def test_the_terms_of_the_keyword_are_no_entities(spelling: str) -> None:
    found = (("", "PERSON", spelling), ("", "PERSON", "Melania Trump"))
    counts = counted(*found, texts=(spelling, "Melania Trump"), terms=("trump", "Donald Trump"))
    assert [(name, count) for _, _, name, _, count, _ in counts] == [("Melania Trump", 1)]


def test_in_headlines_words_of_the_language_are_no_names_and_lead_none_in() -> None:
    found = (
        ("PERSON", "Lesson"),
        ("ORG", "Shortages"),
        ("GPE", "n\u2019t"),
        ("ORG", "House"),
        ("PERSON", "Blame Obama"),
        ("PERSON", "Mayor Quist"),
    )
    assert names(*found, texts=HEADLINES) == [("House", 1), ("Mayor Quist", 1), ("Obama", 1)]
    assert names(("PERSON", "Lesson"), texts=("We had a plan for Lesson.",)) == [("Lesson", 1)]


def test_case_articles_handles_and_tags_do_not_make_another_name() -> None:
    assert counted(
        ("", "ORG", "the Senate"),
        ("", "ORG", "SENATE"),
        ("", "ORG", "@Senate"),
        ("", "ORG", "Senate"),
    ) == [("", "ORG", "Senate", 1, 4, ("@Senate", "SENATE", "Senate", "the Senate"))]


def test_types_stay_apart_and_equal_counts_are_ranked_by_name() -> None:
    assert [(type_, name, rank) for _, type_, name, rank, _, _ in counted(
        ("", "GPE", "Paris"), ("", "PERSON", "Paris"), ("", "GPE", "Berlin"))] == [
        ("GPE", "Berlin", 1), ("GPE", "Paris", 2), ("PERSON", "Paris", 1)]  # fmt: skip


def test_tags_and_handles_that_nobody_spells_out_are_no_names() -> None:
    texts = ("#PlutoFlyby today with @Ann_K", "The #Pluto flyby, Pluto and #rcc09 Ward")
    found = (
        ("PERSON", "PlutoFlyby"),
        ("ORG", "Ann_K"),
        ("ORG", "Pluto"),
        ("ORG", "Pluto"),
        ("ORG", "rcc09 Ward"),
    )
    assert names(*found, texts=texts) == [("Pluto", 2), ("Ward", 1)]


def test_a_tag_or_handle_is_the_only_name_that_it_is_without_blanks() -> None:
    texts = ("@WhiteHouse says", "the White House says", "#JackFrost", "Jack Frost and Jackf Rost")
    assert counted(("", "ORG", "WhiteHouse"), ("", "ORG", "the White House"), texts=texts) == [
        ("", "ORG", "White House", 1, 2, ("WhiteHouse", "the White House"))
    ]
    found = (("PERSON", "JackFrost"), ("PERSON", "Jack Frost"), ("PERSON", "Jackf Rost"))
    assert names(*found, texts=texts) == [("Jack Frost", 1), ("Jackf Rost", 1)]


def test_what_a_model_took_along_or_took_for_a_name_is_left_out() -> None:
    texts = ("Watch the Moon with us, watch it", "See the Earth & more of the moon", "#moon")
    found = (
        ("ORG", "Earth &"),
        ("ORG", ".@Earth"),
        ("ORG", "Watch"),
        ("GPE", "\U0001f680"),
        ("ORG", "&"),
        ("LOC", "Moon"),
    )
    assert names(*found, texts=texts) == [("Earth", 2), ("Moon", 1)]


def test_sums_have_a_number_and_times_need_none() -> None:
    found = (
        ("MONEY", "GoodNight"),
        ("MONEY", "$5"),
        ("MONEY", "billions of dollars"),
        ("DATE", "today"),
    )
    assert names(*found, texts=("today and today",)) == [
        ("today", 1),
        ("$5", 1),
        ("billions of dollars", 1),
    ]


def test_a_place_that_no_person_bears_is_no_person() -> None:
    found = counted(
        ("", "PERSON", "Danube’s"),
        ("", "PERSON", "Tulsa"),
        ("", "PERSON", "Garland"),
        ("", "PERSON", "Ann Tulsa"),
        ("", "ORG", "Danube"),
    )
    assert {(type_, name) for _, type_, name, *_ in found} == {
        ("LOC", "Danube"),
        ("GPE", "Tulsa"),
        ("PERSON", "Garland"),
        ("PERSON", "Ann Tulsa"),
        ("ORG", "Danube"),
    }
