"""The findings on the front page of a run of months: three lead, others follow by subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.findings.confirmed import ALL, FindingsBySubject
from reports.findings.finding import Finding
from reports.findings.run_findings import choose_leading

# The page begins with this many sentences.
LEADING = 3
# The page shows at most this many further sentences of a subject.
FURTHER = 2


@dataclass(frozen=True)
class SubjectSentences:
    """The findings on a subject that the front page shows further down."""

    shown: Sequence[Finding]

    # This many more are on the subject's own page.
    hidden: int


@dataclass(frozen=True)
class FrontSentences:
    """The findings on a front page: the leading ones, and the others by keyword."""

    leading: Sequence[Finding]
    by_subject: Mapping[str, SubjectSentences]


def arrange_sentences(keyword_names: Sequence[str], findings: FindingsBySubject) -> FrontSentences:
    """Choose the findings that the page begins with, and those that follow by subject."""
    leading = choose_leading(findings, LEADING)
    by_subject = {}
    for subject in (*keyword_names, ALL):
        others = [finding for finding in findings[subject] if finding not in leading]
        by_subject[subject] = SubjectSentences(others[:FURTHER], max(0, len(others) - FURTHER))

    return FrontSentences(leading, by_subject)
