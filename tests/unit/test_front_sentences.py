"""The front page begins with three findings, of as many subjects as it can."""

from __future__ import annotations

from reports.findings.confirmed import ALL
from reports.findings.finding import Finding, FindingKind
from reports.findings.share_facts import SHARE
from reports.pages.front_sentences import FURTHER, arrange_sentences, choose_leading


def stated(*texts: str, interest: float = 0.5) -> list[Finding]:
    return [Finding(FindingKind.FACT, (text,), (), text, interest=interest) for text in texts]


def share(text: str, highest: float) -> Finding:
    return Finding(FindingKind.FACT, SHARE, (), text, shares=(highest, 0.01), interest=0.5)


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


def test_the_head_of_a_page_has_the_best_finding_of_each_subject_first() -> None:
    findings = {
        "a": [*stated("a1", interest=0.9), *stated("a2", interest=0.8)],
        "b": stated("b1", interest=0.3),
        ALL: stated("all"),
    }
    assert [chosen.text for chosen in choose_leading(findings, 4)] == ["a1", "b1", "all", "a2"]
    assert [chosen.text for chosen in choose_leading({"a": findings["a"]}, 3)] == ["a1", "a2"]


def test_the_head_of_a_page_has_the_share_that_its_picture_shows_first() -> None:
    first = stated("a first", interest=0.9)
    findings = {"a": [*first, share("a share", 0.05)], "b": [share("b share", 0.02)]}
    assert [chosen.text for chosen in choose_leading(findings, 2)] == ["a share", "b share"]
    findings["b"] = [share("b share", 0.08)]
    assert [chosen.text for chosen in choose_leading(findings, 2)] == ["a first", "b share"]
