"""What is new in a run since its last report, from the counts that both have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.kinds.kind import Kind
from reports.data.run_data import RunData
from reports.data.tables.periods import read_periods
from reports.words.periods import month_name
from reports.words.quantities import join_words, quantity

# At most this many months are named.
SHOWN = 3

# The counts by subject and month; the subject "" stands for all documents.
Counts = Mapping[str, Mapping[str, int]]


def count_results(run: RunData) -> dict[str, dict[str, int]]:
    """Count all documents and those that mention each keyword, or the posts of each job, by month.

    Months that are not counted are left out.
    """
    counts: dict[str, dict[str, int]] = {}
    if run.keywords:
        counts[""] = {}
        # The order of the keywords is that of the page.
        for keyword in run.keywords:
            counts[keyword.name] = {}

    for period_row in read_periods(run):
        if period_row.matched is None or (
            period_row.keyword is not None and period_row.term is not None
        ):
            continue

        if run.keywords:
            counts[""][period_row.period] = period_row.documents
            counts[period_row.keyword or ""][period_row.period] = period_row.matched
        else:
            counts.setdefault(period_row.job or "", {})[period_row.period] = period_row.matched

    return counts


def describe_changes(
    kind: Kind[Any], old_counts: Mapping[str, Any], new_counts: Counts
) -> list[str]:
    """Return sentences on what has changed since `count_results` returned *old_counts*."""
    if not kind.has_mentions:
        return _describe_posts(old_counts, new_counts)

    documents = _differences(old_counts, new_counts, "")
    if not documents:
        return ["No documents are new."]

    sentences = [f"{_count(documents, 'document')}: {_name_months(documents)}."]
    for keyword in new_counts:
        mentioning = _differences(old_counts, new_counts, keyword)
        if keyword and mentioning:
            total = sum(new_counts[keyword].values())
            verb = "mentions" if abs(sum(mentioning.values())) == 1 else "mention"
            sentences.append(
                f"“{keyword}”: {_count(mentioning, 'document')} {verb} it, {total:,} in all."
            )
        elif keyword:
            sentences.append(f"“{keyword}”: no new document mentions it.")

    return sentences


def _describe_posts(old_counts: Mapping[str, Any], new_counts: Counts) -> list[str]:
    sentences, silent = [], 0
    for job_name in new_counts:
        posts = _differences(old_counts, new_counts, job_name)
        if posts:
            sentences.append(f"{job_name}: {_count(posts, 'post')}, {_name_months(posts)}.")
        else:
            silent += 1

    if not sentences:
        return ["No posts are new."]
    if silent:
        verb = "has" if silent == 1 else "have"
        sentences.append(f"{silent} of {len(new_counts)} {verb} no new posts.")

    return sentences


def _differences(old_counts: Mapping[str, Any], new_counts: Counts, subject: str) -> dict[str, int]:
    """Return the differences of the counts by month; months without a difference are left out."""
    old, new = old_counts.get(subject, {}), new_counts.get(subject, {})
    differences = {}
    for period in sorted({*old, *new}):
        difference = new.get(period, 0) - old.get(period, 0)
        if difference:
            differences[period] = difference

    return differences


def _count(differences: Mapping[str, int], noun: str) -> str:
    total = sum(differences.values())
    if total > 0:
        return quantity(total, f"new {noun}")
    return quantity(-total, f"{noun} fewer", f"{noun}s fewer") if total else f"other {noun}s"


def _name_months(differences: Mapping[str, int]) -> str:
    """Name the months, the last ones where there are many, each with its count."""
    last_months = list(differences)[-SHOWN:]
    if len(differences) == 1:
        return f"in {month_name(last_months[0], '%B %Y')}"

    named = [f"{differences[period]:,} in {month_name(period, '%B %Y')}" for period in last_months]
    unnamed = len(differences) - len(last_months)
    if unnamed:
        earlier = sum(differences.values()) - sum(differences[period] for period in last_months)
        named.insert(0, f"{earlier:,} in {quantity(unnamed, 'month')} before")

    return join_words(named)
