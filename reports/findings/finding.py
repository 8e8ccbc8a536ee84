"""A fact is what was found, as data; a finding is a sentence on the page."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from reports.words.quantities import format_shares
from reports.words.writing import write_clause, write_mark, write_sentence

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
class Fact:
    """Something that was counted in what was read. `reports.words.sentences` has the words."""

    # The key of its sentence in `SENTENCES`.
    kind: str

    # What the sentence is about, as it is named there; empty if the figures name several subjects.
    subject: str

    # What the sentence answers, as ("share",) or ("overtakes", "a", "b"). A subject has one fact
    # of a topic: by it, the same fact is looked for without repeats and bulk days.
    topic: Key

    # Its answer, as ("2020-03",). Where it is another one without repeats, the sentence says so. A
    # number that is no count of documents, no share and no mean belongs here.
    answer: Key

    # What the sentence names, by the names that the sentence has for it.
    figures: Mapping[str, object] = field(default_factory=dict)

    # The figures that may differ a little without repeats and bulk days (see `confirmed`).
    counts: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()
    means: tuple[float, ...] = ()

    # From 0 to 1. A page begins with the most interesting findings.
    interest: float = 0.0

    # What is left out where the fact is not the same, and what it is then.
    contrasts: tuple[tuple[str, Fact], ...] = ()

    @property
    def text(self) -> str:
        """The sentence, and its claim without repeats or bulk days where that is another one."""
        text = write_sentence(self.kind, **self._named_figures)
        for left_out, other in self.contrasts:
            if other.answer != self.answer:
                # Without its links: the list has the documents that are left out.
                clause = str(other.clause)
                text = write_sentence("contrast", text=text, left_out=left_out, clause=clause)

        return text

    @property
    def standing(self) -> float:
        """Its interest, which is half where the answer is another one without some documents."""
        is_firm = all(other.answer == self.answer for _, other in self.contrasts)
        return self.interest if is_firm else self.interest / 2

    @property
    def mark(self) -> str:
        """What the first figure is without repeats or bulk days, if that alone changes."""
        marks = []
        for left_out, other in self.contrasts:
            if other.answer == self.answer and other.figure:
                mark = write_sentence("mark", left_out=left_out, mark=other.figure)
                marks.append(str(mark))

        return "; ".join(marks)

    @property
    def clause(self) -> str:
        """The answer alone, as it can follow "Without …,"; empty if it is never compared."""
        return write_clause(self.kind, **self._named_figures)

    @property
    def figure(self) -> str:
        """The figure alone, as it can follow "without repeats"; empty if it has no such words."""
        return write_mark(self.kind, **self._named_figures)

    @property
    def _named_figures(self) -> dict[str, object]:
        shares = format_shares(self.shares) if self.shares else ()
        return {**self.figures, "subject": self.subject, "shares": shares}


@dataclass(frozen=True)
class Finding:
    """A sentence that a report prints."""

    kind: FindingKind
    topic: Key
    answer: Key
    text: str
    interest: float = 0.0

    # What stands small behind it: its figure without repeats, say.
    mark: str = ""

    @property
    def whole(self) -> str:
        """The sentence and what stands behind it, for those who read text alone."""
        return f"{self.text} ({self.mark})" if self.mark else self.text


def state_facts(facts: Sequence[Fact]) -> list[Finding]:
    """Put facts into words."""
    return [
        Finding(FindingKind.FACT, fact.topic, fact.answer, fact.text, fact.standing, fact.mark)
        for fact in facts
    ]


# By the name of a keyword or of a job of posts.
FactsBySubject = Mapping[str, Sequence[Fact]]
FindingsBySubject = Mapping[str, Sequence[Finding]]
