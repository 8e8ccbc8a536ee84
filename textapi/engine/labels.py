"""The types of entities that a request may ask for: the sets of labels of the original service."""

from __future__ import annotations

LABELS = {
    "REVIEW": frozenset({"ORG", "PERSON", "LOC", "DATE", "TIME", "MONEY", "EVENT"}),
    "ARTICLE": frozenset({"PERSON", "NORP", "ORG", "GPE", "LOC", "LAW", "DATE", "TIME", "MONEY"}),
}
