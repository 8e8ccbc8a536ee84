"""What is new in a run since its last report, from the counts that both have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.kinds.kind import Kind
from reports.data.run_data import RunData
from reports.data.tables.periods import read_periods
from reports.words.quantities import NAMED
from reports.words.writing import write_sentence

# The counts by subject and month; the subject "" stands for all documents.
Counts = Mapping[str, Mapping[str, int]]


def count_results(run: RunData) -> dict[str, dict[str, int]]:
    """Count all documents and those that mention each keyword, or the posts of each job, by month.

    Months that are not counted are left out. The order of the keywords is that of the page.
    """
    subjects = ["", *(keyword.name for keyword in run.keywords)] if run.keywords else []
    counts: dict[str, dict[str, int]] = {subject: {} for subject in subjects}
    for row in read_periods(run):
        if row.matched is None or (row.keyword is not None and row.term is not None):
            continue

        if run.keywords:
            counts[""][row.period] = row.documents

        subject = row.keyword if run.keywords else row.job
        counts.setdefault(subject or "", {})[row.period] = row.matched

    return counts


def describe_changes(
    kind: Kind[Any], old_counts: Mapping[str, Any], new_counts: Counts
) -> list[str]:
    """Return sentences on what has changed since `count_results` returned *old_counts*."""
    changes = {}
    for subject, counts in new_counts.items():
        changes[subject] = _compare(old_counts.get(subject, {}), counts)

    if not kind.has_mentions:
        return _describe_posts(changes, kind.job_nouns, kind.document_noun)
    if not changes.get(""):
        return [write_sentence("no new documents")]

    sentences = [write_sentence("new documents", **_list_figures(changes.pop(""), "document"))]
    for subject, differences in changes.items():
        sentence = "new documents of a subject" if differences else "no new document of a subject"
        figures = _list_figures(differences, "document")
        total = sum(new_counts[subject].values())
        sentences.append(write_sentence(sentence, subject=subject, total=total, **figures))

    return sentences


def _describe_posts(changes: Counts, subjects: str, noun: str) -> list[str]:
    sentences = [
        write_sentence("new posts", subject=job_name, **_list_figures(differences, noun))
        for job_name, differences in changes.items()
        if differences
    ]
    silent = len(changes) - len(sentences)
    if not sentences:
        return [write_sentence("no new posts", noun=noun)]
    if silent:
        figures = {"silent": silent, "accounts": len(changes), "subjects": subjects, "noun": noun}
        sentences.append(write_sentence("silent since", **figures))

    return sentences


def _compare(old: Mapping[str, int], new: Mapping[str, int]) -> dict[str, int]:
    """Return the differences of the counts by month; months without a difference are left out."""
    differences = {}
    for period in sorted({*old, *new}):
        difference = new.get(period, 0) - old.get(period, 0)
        if difference:
            differences[period] = difference

    return differences


def _list_figures(differences: Mapping[str, int], noun: str) -> dict[str, object]:
    """Return how many documents or posts are new, and the last months, each with its change."""
    total = sum(differences.values())
    months = list(differences)
    named: list[dict[str, object]] = [
        {
            "months": [month],
            "n": differences[month],
            "is_alone": len(months) == 1,
            "is_earlier": False,
        }
        for month in months[-NAMED:]
    ]
    earlier = months[:-NAMED]
    if earlier:
        n = sum(differences[month] for month in earlier)
        named.insert(0, {"months": earlier, "n": n, "is_alone": False, "is_earlier": True})

    change = "more" if total > 0 else "fewer" if total else "other"
    return {"change": change, "n": abs(total), "noun": noun, "months": named}
