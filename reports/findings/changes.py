"""What is new in a run since its last report, from the counts that both have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.kinds.kind import Unit
from reports.data.run_data import RunData
from reports.data.tables.periods import read_periods
from reports.words.periods import month_name
from reports.words.quantities import join_words, quantity

SHOWN = 3  # months, or accounts, that are named

Counts = Mapping[str, Mapping[str, int]]  # by subject and month; of all documents under ""


def count_results(data: RunData) -> dict[str, dict[str, int]]:
    """Return the documents by month, of each keyword those that mention it; the posts of each job.

    Months that are not counted are left out.
    """
    counts: dict[str, dict[str, int]] = {}
    if data.keywords:
        counts[""] = {}
        for keyword in data.keywords:  # in the order of the page
            counts[keyword.name] = {}

    for row in read_periods(data):
        if row.matched is None or (row.keyword is not None and row.term is not None):
            continue
        if data.keywords:
            counts[""][row.period] = row.documents
            counts[row.keyword or ""][row.period] = row.matched
        else:
            counts.setdefault(row.job or "", {})[row.period] = row.matched
    return counts


def describe_changes(unit: Unit, before: Mapping[str, Any], now: Counts) -> list[str]:
    """Return sentences on what has changed since *before*, which `count_results` returned once."""
    if unit == Unit.POST:
        return _describe_posts(before, now)
    documents = _differences(before, now, "")
    if not documents:
        return ["No documents are new."]

    sentences = [f"{_count(documents, 'document')}: {_name_months(documents)}."]
    for keyword in now:
        mentioning = _differences(before, now, keyword)
        if keyword and mentioning:
            total = sum(now[keyword].values())
            verb = "mentions" if abs(sum(mentioning.values())) == 1 else "mention"
            sentences.append(
                f"“{keyword}”: {_count(mentioning, 'document')} {verb} it, {total:,} in all."
            )
        elif keyword:
            sentences.append(f"“{keyword}”: no new document mentions it.")
    return sentences


def _describe_posts(before: Mapping[str, Any], now: Counts) -> list[str]:
    sentences, silent = [], 0
    for name in now:
        posts = _differences(before, now, name)
        if posts:
            sentences.append(f"{name}: {_count(posts, 'post')}, {_name_months(posts)}.")
        else:
            silent += 1
    if not sentences:
        return ["No posts are new."]
    if silent:
        verb = "has" if silent == 1 else "have"
        sentences.append(f"{silent} of {len(now)} {verb} no new posts.")
    return sentences


def _differences(before: Mapping[str, Any], now: Counts, subject: str) -> dict[str, int]:
    """Return how many more there are, by month; months without a difference are left out."""
    old, new = before.get(subject, {}), now.get(subject, {})
    differences = {}
    for period in sorted({*old, *new}):
        difference = new.get(period, 0) - old.get(period, 0)
        if difference:
            differences[period] = difference
    return differences


def _count(differences: Mapping[str, int], noun: str) -> str:
    n = sum(differences.values())
    if n > 0:
        return quantity(n, f"new {noun}")
    return quantity(-n, f"{noun} fewer", f"{noun}s fewer") if n else f"other {noun}s"


def _name_months(differences: Mapping[str, int]) -> str:
    """Name the months, the last ones where there are many, each with its count."""
    last = list(differences)[-SHOWN:]
    if len(differences) == 1:
        return f"in {month_name(last[0], '%B %Y')}"
    named = [f"{differences[period]:,} in {month_name(period, '%B %Y')}" for period in last]
    others = len(differences) - len(last)
    if others:
        earlier = sum(differences.values()) - sum(map(differences.__getitem__, last))
        named.insert(0, f"{earlier:,} in {quantity(others, 'month')} before")
    return join_words(named)
