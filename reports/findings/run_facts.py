"""The facts of a run, by subject, and those that compare its subjects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from analysis import grains
from core.enums import Grain
from reports.data.account_rows import fill_periods
from reports.data.queries import group_by
from reports.data.run_data import RunData
from reports.data.subject_names import read_names, read_subject_names
from reports.data.tables.keyword_pairs import read_pairs
from reports.data.tables.periods import group_by_term, read_periods
from reports.data.years import read_finding_rows
from reports.findings.confirmed import ALL, ReadFacts, read_confirmed
from reports.findings.event_sentences import fold_events, state_event
from reports.findings.events import Event
from reports.findings.finding import Fact, Finding, state_facts
from reports.findings.measures import POSTS, SHARE
from reports.findings.mood_facts import find_mood_facts
from reports.findings.pair_facts import find_pair_facts
from reports.findings.post_facts import find_account_facts, find_post_facts
from reports.findings.run_events import read_surprises
from reports.findings.share_facts import COURSE, LEVEL, find_most_mentioned, find_share_facts

# The topics of what is said of the highest period; its answer ends with the period.
PEAKS = (("share",), ("busiest",))


def read_month_facts(run: RunData) -> dict[str, list[Fact]]:
    """Return the facts of each keyword, and under `ALL` those that compare keywords."""
    rows_by_term = group_by_term(read_finding_rows(run))
    names = read_names(run)
    facts: dict[str, list[Fact]] = {}
    for keyword in run.keywords:
        keyword_rows = rows_by_term[keyword.name, None]
        facts[keyword.name] = [
            *find_share_facts(names[keyword.name], keyword_rows),
            *find_mood_facts(names[keyword.name], keyword_rows, "mention", run.engines),
        ]

    rows_by_name = {name: rows_by_term[keyword, None] for keyword, name in names.items()}
    facts[ALL] = [*find_pair_facts(read_pairs(run), names), *find_most_mentioned(rows_by_name)]
    return facts


def read_post_facts(run: RunData) -> dict[str, list[Fact]]:
    """Return the facts of each account or search, and under `ALL` those that compare them."""
    facts, rows_by_account, noun = {}, {}, run.kind.document_noun
    rows_by_job = group_by("job", read_periods(run))
    for job in run.jobs:
        title = run.kind.job_title(job.name, job.options)
        rows_by_account[title] = fill_periods(rows_by_job[job.name])
        facts[job.name] = find_post_facts(title, rows_by_account[title], run.engines, noun)

    facts[ALL] = find_account_facts(rows_by_account, run.kind.job_nouns, noun)
    return facts


def state_findings(run: RunData, read_facts: ReadFacts) -> dict[str, list[Finding]]:
    """Return the findings of each subject: its confirmed facts, and its events."""
    facts = read_confirmed(run, read_facts)
    stated = {subject: state_facts(subject_facts) for subject, subject_facts in facts.items()}
    return add_events(run, stated, read_subject_names(run))


def add_events(
    run: RunData, findings: Mapping[str, Sequence[Finding]], names: Mapping[str, str]
) -> dict[str, list[Finding]]:
    """Return the findings of each subject with its events, the most interesting first.

    A peak that an event or a course tells is not told again, nor an event that begins a level.
    """
    events: dict[str, list[Event]] = defaultdict(list)
    for event in read_surprises(run).events:
        events[event.subject].append(event)

    ranked = {}
    for subject, subject_findings in findings.items():
        groups = fold_events(events[subject])
        told = {
            grains.period_of(day, Grain.MONTH)
            for group in groups
            for event in group
            if event.measure in (SHARE, POSTS) and event.is_rise
            for day in grains.days_of(event.period)
        }
        for finding in subject_findings:
            if finding.topic == COURSE:
                told.update(map(str, finding.answer[1:]))

        untold = [
            finding
            for finding in subject_findings
            if finding.topic not in PEAKS or finding.answer[-1] not in told
        ]
        levels = {finding.answer[-1] for finding in untold if finding.topic == LEVEL}
        for group in groups:
            if not any(event.is_rise and event.period in levels for event in group):
                untold.append(state_event(group, run.kind, names[subject]))

        ranked[subject] = sorted(untold, key=lambda finding: -finding.interest)

    return ranked
