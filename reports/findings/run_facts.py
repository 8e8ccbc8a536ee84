"""The facts of a run, by subject, and those that compare its subjects."""

from __future__ import annotations

from core.enums import Grain
from reports.data.account_rows import read_account_rows
from reports.data.run_data import RunData
from reports.data.tables.keyword_pairs import read_pairs
from reports.data.tables.periods import group_by_term
from reports.data.years import read_finding_rows
from reports.findings.confirmed import ALL
from reports.findings.finding import Fact
from reports.findings.group_facts import find_group_facts
from reports.findings.mood_facts import find_mood_facts
from reports.findings.pair_facts import find_pair_facts
from reports.findings.post_facts import find_account_facts, find_post_facts
from reports.findings.share_facts import find_share_facts
from reports.series.groups import count_groups


def read_month_facts(run: RunData) -> dict[str, list[Fact]]:
    """Return the facts of each keyword, and under `ALL` those that compare keywords."""
    rows_by_term = group_by_term(read_finding_rows(run))
    facts: dict[str, list[Fact]] = {}
    for keyword in run.month_parameters.keywords:
        subject, keyword_rows = f"“{keyword.name}”", rows_by_term[keyword.name, None]
        terms = keyword.compared_terms if len(keyword.compared_terms) > 1 else ()
        term_rows = {term: rows_by_term[keyword.name, term] for term in terms}
        facts[keyword.name] = [
            *find_share_facts(subject, keyword_rows, term_rows),
            *find_mood_facts(subject, keyword_rows, "mention", run.engines),
        ]

    rows_by_subject = {
        keyword.name: rows_by_term[keyword.name, None] for keyword in run.month_parameters.keywords
    }
    facts[ALL] = find_pair_facts(read_pairs(run), rows_by_subject, run.engines)
    return facts


def read_post_facts(run: RunData) -> dict[str, list[Fact]]:
    """Return the facts of each account or search, and under `ALL` those that compare them."""
    facts, rows_by_account = {}, {}
    account_rows = read_account_rows(run)
    for job in run.jobs:
        account, title = account_rows[job.name], run.kind.job_title(job.name, job.options)
        rows_by_account[title] = account.months
        facts[job.name] = find_post_facts(title, account.months, run.engines)

    facts[ALL] = find_account_facts(rows_by_account)
    return facts


def read_group_facts(run: RunData, grain: Grain) -> dict[str, list[Fact]]:
    """Return the facts of each keyword of a grouped run on its groups."""
    assert run.grouping is not None  # noqa: S101 - the caller has groups
    facts = {}
    for keyword_groups in count_groups(run, grain):
        facts[keyword_groups.keyword] = find_group_facts(keyword_groups, run.grouping, run.engines)

    return facts
