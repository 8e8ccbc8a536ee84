"""``--keyword NAME[:term,term]``, months, and the limits in settings."""

from __future__ import annotations

import pytest

from analysis.grains import list_months
from analysis.options import Keyword
from core.errors import SettingsError
from core.ratelimit.notation import Window, parse_limits
from producers.forecast import time_at_limits


def test_the_name_is_one_of_the_terms() -> None:
    keyword = Keyword.parse("covid:covid-19, new  york,COVID")
    assert (keyword.name, keyword.terms) == ("covid", ("covid", "covid-19", "new york"))


@pytest.mark.parametrize("wrong", ["", ":", "covid:", "covid:,a", " "])
def test_an_empty_term_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="empty term"):
        Keyword.parse(wrong)


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ("covid,coronavirus", "write covid:coronavirus for one subject"),
        ("covid, corona:virus", "has a comma in its name"),
        ("co*vid", "at a word's end"),
        ("covid:corona*,sars OR flu", "write OR"),
        ("covid*,sars", "write OR"),
        ("covid:corona*,", "empty term"),
        (":corona*,sars", "empty term"),
        ("covid,flu:corona*,sars", "write OR"),
        ("!!!", "write a word"),
        ("covid:--", "write a word"),
    ],
)
def test_a_term_that_cannot_match_what_was_meant_is_refused(wrong: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        Keyword.parse(wrong)


@pytest.mark.parametrize(
    ("written", "query"),
    [
        ("covid:corona*,sars", "covid OR corona* OR sars"),
        ("covid: sars , covid-19*", "covid OR sars OR covid-19*"),
        ("cov*:sars,flu", "cov* OR sars OR flu"),
        ("America:=US,=new york,states*", 'America OR =US OR ="new york" OR states*'),
        (
            "courts:law and order*,or,\u201ca, b\u201d",
            'courts OR "law and order*" OR "or" OR "a, b"',
        ),
        ("New York:manhattan*,manhattan*,brooklyn", '"New York" OR manhattan* OR brooklyn'),
    ],
)
def test_a_list_with_a_star_is_the_query_of_its_terms_and_its_name(
    written: str, query: str
) -> None:
    keyword = Keyword.parse(written)
    assert (keyword.name, keyword.query) == (written.partition(":")[0], query)
    assert Keyword.parse(keyword.as_written) == keyword
    assert keyword.compared_terms == keyword.terms


@pytest.mark.parametrize("right", ["9/11", "日本", "Yahoo!", "c++", "rock 'n' roll", "A.I."])
def test_any_other_term_is_taken(right: str) -> None:
    assert Keyword.parse(right).terms == (right,)


def test_months_run_over_the_turn_of_the_year() -> None:
    assert list_months("2019-11", "2020-02") == ["2019-11", "2019-12", "2020-01", "2020-02"]
    assert len(list_months("1851-09", "2026-08")) == 2100


def test_limits_are_read_and_written_alike() -> None:
    assert parse_limits("50000/d, 10/s,450/15min") == (
        Window(10, 1),
        Window(450, 900),
        Window(50000, 86400),
    )
    assert [str(window) for window in parse_limits("10/s,450/15min,5/min,500/d")] == [
        "10/s",
        "5/min",
        "450/15min",
        "500/d",
    ]


@pytest.mark.parametrize("wrong", ["10", "10/week", "0/s", "-1/s", "10/0s"])
def test_an_invalid_limit_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="no limit"):
        parse_limits(wrong)


def test_the_slowest_limit_binds() -> None:
    seconds, binding = time_at_limits(parse_limits("5/min,500/d"), 2100)
    assert binding == "500/d"
    assert 4 * 86400 < seconds <= 5 * 86400
    assert time_at_limits(parse_limits("10/s"), 0) == (0.0, None)
