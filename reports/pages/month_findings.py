"""What a report of months prints: its facts, its events, and what readers would say."""

from __future__ import annotations

from reports.data.run_data import RunData
from reports.data.subject_names import read_names
from reports.findings.code_estimates import state_reader_mean
from reports.findings.finding import Finding
from reports.findings.run_facts import read_month_facts, state_findings
from reports.pages.label_section import read_label_section


def read_findings(run: RunData) -> dict[str, list[Finding]]:
    """Return the findings that are printed, and what readers would say where they were asked."""
    findings, names = state_findings(run, read_month_facts), read_names(run)
    for keyword_name, subject in read_label_section(run).by_keyword.items():
        if subject.corrected is not None:
            corrected = state_reader_mean(names[keyword_name], subject.corrected)
            findings[keyword_name].append(corrected)

    return findings
