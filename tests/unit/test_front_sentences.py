"""The front page begins with the three findings that an editor would put first."""

from __future__ import annotations

from reports.findings.confirmed import ALL
from reports.findings.finding import Finding, FindingKind
from reports.pages.front_sentences import FURTHER, arrange_sentences, choose_leading


def stated(*texts: str, interest: float = 0.5) -> list[Finding]:
    return [Finding(FindingKind.FACT, (text,), (), text, interest=interest) for text in texts]


def test_each_subject_has_a_finding_before_any_has_two() -> None:
    findings = {
        "a": stated("a1", "a2"),
        "b": stated("b1", interest=0.9),
        ALL: stated("both", interest=0.1),
    }
    front = arrange_sentences(["a", "b"], findings)
    assert [finding.text for finding in front.leading] == ["b1", "a1", "a2"]
    assert front.by_subject["a"] == front.by_subject["b"] == []
    assert [finding.text for finding in front.by_subject[ALL]] == ["both"]


def test_no_finding_stands_twice_and_two_more_follow() -> None:
    many = stated(*(f"a{number}" for number in range(9)))
    front = arrange_sentences(["a"], {"a": many, ALL: []})
    assert front.leading == many[:3]
    assert front.by_subject["a"] == many[3 : 3 + FURTHER]


def news(topic: str, text: str, interest: float) -> Finding:
    return Finding(FindingKind.FACT, (topic,), (), text, interest)


def test_an_editor_chooses_what_is_most_interesting_then_other_subjects_and_other_sorts() -> None:
    findings = {
        "a": [news("event", "a rose", 0.95), news("level", "a stayed up", 0.9)],
        "b": [news("event", "b rose", 0.93), news("years", "b fell by year", 0.6)],
        "c": [news("share", "c has a month", 0.2)],
        ALL: [news("together", "a and b", 0.5)],
    }
    chosen = [finding.text for finding in choose_leading(findings, 5)]
    assert chosen == ["a rose", "b fell by year", "a and b", "a stayed up", "b rose"]


def test_a_page_without_news_begins_with_what_there_is() -> None:
    findings = {"a": [news("share", "a has a month", 0.2)], "b": [news("mood", "a mood", 0.1)]}
    assert [finding.text for finding in choose_leading(findings, 3)] == ["a has a month", "a mood"]
