"""A finding: a sentence on the page, its answer, and the figures that it rests on."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum

Key = tuple[Hashable, ...]


class FindingKind(StrEnum):
    """What a sentence is about: docs/reports/findings.md names the population of each."""

    # A count or share of the documents that were read, or the mean of an engine's polarities of
    # them. It has no sampling error.
    FACT = "fact"
    # A departure of a series from its own past.
    SURPRISE = "surprise"
    # A figure that readers would find, with an interval.
    ESTIMATE = "estimate"


@dataclass(frozen=True)
class Finding:
    """A sentence that a report prints."""

    kind: FindingKind

    # What the sentence answers, as ("highest",) or ("overtakes", "a", "b"). A subject has one
    # finding of a topic: by it, the same finding is looked for without repeats and bulk days.
    topic: Key

    # Its answer, as ("2020-03",). Where it is another one without repeats, both are printed. A
    # number that is no count of documents, no share and no mean belongs here.
    answer: Key

    text: str

    # The answer alone, as a clause that can follow "Without …,". A finding with a clause is printed
    # if it is found without repeats and bulk days, too; one whose clause is empty always is.
    clause: str = ""

    # The figures that the sentence names: documents, their shares, and means. They may differ a
    # little without repeats and bulk days (see `confirmed`).
    counts: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()
    means: tuple[float, ...] = ()

    # From 0 to 1. A page begins with the most interesting findings.
    interest: float = 0.0


def fact(
    topic: Key,
    answer: Key,
    text: str,
    *,
    clause: str = "",
    counts: tuple[int, ...] = (),
    shares: tuple[float, ...] = (),
    means: tuple[float, ...] = (),
    interest: float = 0.0,
) -> Finding:
    """Return a finding about what was read."""
    return Finding(FindingKind.FACT, topic, answer, text, clause, counts, shares, means, interest)
