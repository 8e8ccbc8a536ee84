"""The findings of a run, by subject, and those that compare its subjects."""

from __future__ import annotations

from operator import itemgetter

from core.enums import Grain
from reports.data.account_rows import read_account_rows
from reports.data.run_data import RunData
from reports.data.tables.keyword_pairs import read_pairs
from reports.data.tables.periods import group_by_term
from reports.data.years import read_finding_rows
from reports.findings.confirmed import ALL, FindingsBySubject
from reports.findings.finding import Finding
from reports.findings.group_facts import state_groups
from reports.findings.mood_facts import state_mood
from reports.findings.pair_facts import state_pairs
from reports.findings.post_facts import state_accounts, state_posts
from reports.findings.share_facts import SHARE, state_shares
from reports.series.groups import count_groups


def read_month_findings(run: RunData) -> dict[str, list[Finding]]:
    """Return the findings of each keyword, and under `ALL` those that compare keywords."""
    rows_by_term = group_by_term(read_finding_rows(run))
    findings: dict[str, list[Finding]] = {}
    for keyword in run.month_parameters.keywords:
        subject, keyword_rows = f"“{keyword.name}”", rows_by_term[keyword.name, None]
        terms = keyword.compared_terms if len(keyword.compared_terms) > 1 else ()
        term_rows = {term: rows_by_term[keyword.name, term] for term in terms}
        scored_rows = [period_row.scored_row for period_row in keyword_rows]
        findings[keyword.name] = [
            *state_shares(subject, keyword_rows, term_rows),
            *state_mood(subject, scored_rows, "mention", run.engines),
        ]

    rows_by_subject = {
        keyword.name: rows_by_term[keyword.name, None] for keyword in run.month_parameters.keywords
    }
    findings[ALL] = state_pairs(read_pairs(run), rows_by_subject, run.engines)
    return findings


def read_post_findings(run: RunData) -> dict[str, list[Finding]]:
    """Return the findings of each account or search, and under `ALL` those that compare them."""
    findings, rows_by_account = {}, {}
    account_rows = read_account_rows(run)
    for job in run.jobs:
        account, title = account_rows[job.name], run.kind.job_title(job.name, job.options)
        rows_by_account[title] = account.months
        findings[job.name] = state_posts(title, account.months, account.scored, run.engines)

    findings[ALL] = state_accounts(rows_by_account)
    return findings


def read_group_findings(run: RunData, grain: Grain) -> dict[str, list[Finding]]:
    """Return the findings of each keyword of a grouped run on its groups."""
    assert run.grouping is not None  # noqa: S101 - the caller has groups
    findings = {}
    for keyword_groups in count_groups(run, grain):
        findings[keyword_groups.keyword] = state_groups(keyword_groups, run.grouping, run.engines)

    return findings


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
