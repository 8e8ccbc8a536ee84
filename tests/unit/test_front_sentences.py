"""The front page begins with three findings, of as many subjects as it can."""

from __future__ import annotations

from reports.findings.confirmed import ALL
from reports.findings.finding import Finding, fact
from reports.pages.front_sentences import FURTHER, arrange_sentences


def stated(*texts: str, interest: float = 0.5) -> list[Finding]:
    return [fact((text,), (), text, interest=interest) for text in texts]


def test_each_subject_has_a_finding_before_any_has_two() -> None:
    findings = {
        "a": stated("a1", "a2"),
        "b": stated("b1", interest=0.9),
        ALL: stated("both", interest=0.1),
    }
    front = arrange_sentences(["a", "b"], findings)
    assert [finding.text for finding in front.leading] == ["a1", "b1", "both"]
    assert [finding.text for finding in front.by_subject["a"].shown] == ["a2"]
    assert front.by_subject["b"].shown == []


def test_no_finding_stands_twice_and_the_rest_is_counted() -> None:
    many = stated(*(f"a{number}" for number in range(9)))
    front = arrange_sentences(["a"], {"a": many, ALL: []})
    assert front.leading == many[:3]
    assert front.by_subject["a"].shown == many[3 : 3 + FURTHER]
    assert front.by_subject["a"].hidden == 9 - 3 - FURTHER
