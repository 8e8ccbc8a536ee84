"""Entities: which spellings are one, how they are counted and ranked."""

from __future__ import annotations

from analysis.text.entity_counts import Occurrence, count_entities


def counted(
    *found: tuple[str, str, str], texts: tuple[str, ...] = ()
) -> list[tuple[str, str, str, int, int, tuple[str, ...]]]:
    entities = count_entities((Occurrence(*one) for one in found), texts)
    return [(e.period, e.type, e.name, e.rank, e.count, tuple(e.spellings)) for e in entities]


def names(*found: tuple[str, str], texts: tuple[str, ...] = ()) -> list[tuple[str, int]]:
    return [
        (name, count)
        for _, _, name, _, count, _ in counted(*(("", *one) for one in found), texts=texts)
    ]


def test_a_last_name_joins_the_only_person_who_bears_it() -> None:
    assert counted(
        ("2020-01", "PERSON", "Biden"),
        ("2020-01", "PERSON", "Joe Biden"),
        ("2020-02", "PERSON", "biden’s"),
    ) == [
        ("", "PERSON", "Joe Biden", 1, 3, ("Biden", "Joe Biden", "biden’s")),
        ("2020-01", "PERSON", "Joe Biden", 1, 2, ("Biden", "Joe Biden", "biden’s")),
        ("2020-02", "PERSON", "Joe Biden", 1, 1, ("Biden", "Joe Biden", "biden’s")),
    ]


def test_a_last_name_that_two_bear_stays_apart() -> None:
    found = names(("PERSON", "Obama"), ("PERSON", "Barack Obama"), ("PERSON", "Michelle Obama"))
    assert found == [("Barack Obama", 1), ("Michelle Obama", 1), ("Obama", 1)]


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


def test_a_last_name_joins_no_longer_name_that_begins_with_a_common_word() -> None:
    found = (("PERSON", "Watch Soyuz"), ("PERSON", "Soyuz"), ("PERSON", "Soyuz"))
    assert names(*found, texts=("Watch Soyuz!", "we watch Soyuz", "Soyuz is up")) == [
        ("Soyuz", 2),
        ("Watch Soyuz", 1),
    ]
    assert names(("PERSON", "joe Biden"), ("PERSON", "Biden")) == [("Biden", 1), ("joe Biden", 1)]
    assert names(("PERSON", "Joe Biden"), ("PERSON", "Biden"), texts=("Joe Biden", "Biden")) == [
        ("Joe Biden", 2)
    ]


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
    assert names(*found, texts=texts) == [("Moon", 1), ("Earth", 2)]


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


def test_a_title_makes_no_full_name_and_hides_none() -> None:
    found = (
        ("PERSON", "Mabel Quist"),
        ("PERSON", "Nurse Quist"),
        ("PERSON", "Quist"),
        ("PERSON", "Mrs. Gray"),
    )
    assert names(*found, ("PERSON", "Gray")) == [
        ("Mabel Quist", 2),
        ("Gray", 1),
        ("Mrs. Gray", 1),
        ("Nurse Quist", 1),
    ]
