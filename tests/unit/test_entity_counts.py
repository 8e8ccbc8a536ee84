"""Entities: which spellings are one, how they are counted and ranked."""

from __future__ import annotations

from workers.entities import Found, aggregate


def counted(*found: tuple[str, str, str]) -> list[tuple[str, str, str, int, int, tuple[str, ...]]]:
    return [(e.period, e.type, e.name, e.rank, e.count, e.spellings) for e in aggregate(Found(*one) for one in found)]


def test_a_last_name_joins_the_only_person_who_bears_it() -> None:
    assert counted(
        ("2020-01", "PERSON", "Biden"), ("2020-01", "PERSON", "Joe Biden"), ("2020-02", "PERSON", "biden’s")
    ) == [
        ("", "PERSON", "Joe Biden", 1, 3, ("Biden", "Joe Biden", "biden’s")),
        ("2020-01", "PERSON", "Joe Biden", 1, 2, ("Biden", "Joe Biden", "biden’s")),
        ("2020-02", "PERSON", "Joe Biden", 1, 1, ("Biden", "Joe Biden", "biden’s")),
    ]


def test_a_last_name_that_two_bear_stays_apart() -> None:
    names = {(name, count) for _, _, name, _, count, _ in counted(
        ("", "PERSON", "Obama"), ("", "PERSON", "Barack Obama"), ("", "PERSON", "Michelle Obama"))}  # fmt: skip
    assert names == {("Obama", 1), ("Barack Obama", 1), ("Michelle Obama", 1)}


def test_case_articles_handles_and_tags_do_not_make_another_name() -> None:
    assert counted(("", "ORG", "the Senate"), ("", "ORG", "SENATE"), ("", "ORG", "@Senate"), ("", "ORG", "Senate")) == [
        ("", "ORG", "Senate", 1, 4, ("@Senate", "SENATE", "Senate", "the Senate"))
    ]


def test_types_stay_apart_and_equal_counts_are_ranked_by_name() -> None:
    assert [(type_, name, rank) for _, type_, name, rank, _, _ in counted(
        ("", "GPE", "Paris"), ("", "PERSON", "Paris"), ("", "GPE", "Berlin"))] == [
        ("GPE", "Berlin", 1), ("GPE", "Paris", 2), ("PERSON", "Paris", 1)]  # fmt: skip
