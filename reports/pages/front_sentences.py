"""The findings on a front page, where three lead and others follow by subject, and on others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.findings.confirmed import ALL
from reports.findings.finding import Finding, FindingsBySubject

# The first words of the topics of findings on moods.
MOODS = ("mood", "engines", "readers' mean")
# The page begins with this many sentences.
LEADING = 3
# The page shows at most this many further sentences of a subject.
FURTHER = 2
# What is as interesting is news; the rest fills the head of a page that has too little of it.
NEWS = 0.3


@dataclass(frozen=True)
class FrontSentences:
    """The findings on a front page: the leading ones, and the others by keyword."""

    leading: Sequence[Finding]

    # The first of them; the subject's own page has all.
    by_subject: Mapping[str, Sequence[Finding]]


def arrange_sentences(keyword_names: Sequence[str], findings: FindingsBySubject) -> FrontSentences:
    """Choose the findings that the page begins with, and those that follow by subject."""
    leading = choose_leading(findings, LEADING)
    by_subject = {}
    for subject in (*keyword_names, ALL):
        others = [finding for finding in findings[subject] if finding not in leading]
        by_subject[subject] = others[:FURTHER]

    return FrontSentences(leading, by_subject)


def choose_leading(findings: FindingsBySubject, most: int) -> list[Finding]:
    """Return at most *most* findings for the head of a page, as an editor would choose them.

    The most interesting comes first: an event, a step, a slow change, or two subjects that go
    together. A further one is of another subject and another sort, as far as there is news of one.
    """
    candidates = [
        (subject, finding)
        for subject, subject_findings in findings.items()
        for finding in subject_findings
    ]
    chosen: list[Finding] = []
    told = Counter[object]()
    while candidates and len(chosen) < most:
        best = max(candidates, key=lambda candidate: _rank(candidate, told))
        candidates.remove(best)
        subject, finding = best
        told.update([subject, finding.topic[0]])
        chosen.append(finding)

    return chosen


def _rank(candidate: tuple[str, Finding], told: Mapping[object, int]) -> tuple[float, ...]:
    subject, finding = candidate
    is_news = finding.interest >= NEWS
    return is_news, -told[subject], -told[finding.topic[0]] if is_news else 0, finding.interest


@dataclass(frozen=True)
class PartedFindings:
    """The findings on a keyword's page: those at its head, the others, and those on moods."""

    leading: Sequence[Finding]
    others: Sequence[Finding]
    moods: Sequence[Finding]


def arrange_keyword_sentences(findings: Sequence[Finding]) -> PartedFindings:
    """Part the *findings* on a keyword, the most interesting first."""
    moods = [finding for finding in findings if finding.topic[0] in MOODS]
    others = [finding for finding in findings if finding not in moods]
    return PartedFindings(others[:LEADING], others[LEADING:], moods)
