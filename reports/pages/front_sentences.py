"""The findings on the front page of a run of months: three lead, others follow by subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from reports.findings.confirmed import ALL
from reports.findings.finding import Finding, FindingsBySubject
from reports.findings.share_facts import SHARE

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


def choose_leading(findings: FindingsBySubject, most: int) -> list[Finding]:
    """Return at most *most* findings for the head of a page.

    The first finding of each subject is chosen, then the second of each, as *findings* list them:
    the most interesting first. Of the subject with the highest share its share comes first, since
    that is what the picture shows first. The first ones stand first, in the order of the subjects.
    """
    highest = max(
        (finding for subject in findings.values() for finding in subject if finding.topic == SHARE),
        key=lambda finding: max(finding.shares, default=0.0),
        default=None,
    )
    candidates = []
    for subject_place, subject_findings in enumerate(findings.values()):
        ranked = sorted(subject_findings, key=lambda finding: finding is not highest)
        for rank, finding in enumerate(ranked):
            candidates.append((rank, -finding.interest, subject_place, finding))

    chosen = sorted(candidates, key=itemgetter(0, 1, 2))[:most]
    return [finding for _, _, _, finding in sorted(chosen, key=itemgetter(0, 2))]
