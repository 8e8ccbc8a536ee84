"""The section "Repeats": the largest patterns of a keyword or account."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from reports.data.repeat_counts import count_places
from reports.data.repeats import is_large, read_patterns
from reports.data.run_data import RunData
from reports.findings.confirmed import ALL
from reports.stats.thresholds import FEW
from reports.words.periods import name_stretch
from reports.words.quantities import LISTED
from reports.words.writing import write_sentence


@dataclass(frozen=True, slots=True)
class Repeat:
    """A pattern of texts, as it bears on one keyword or account."""

    text: str

    # The mentions of the keyword in its documents, or the posts of the account.
    n: int

    # Its share of all mentions, or posts.
    share: float

    # The month in which it has most; None if no time is known.
    peak: str | None

    # The mentions, or posts, in that month.
    of_peak: int

    @property
    def option(self) -> str:
        """The option that leaves the pattern out, as a shell reads it."""
        return shlex.join(["--without", self.text])


@dataclass
class RepeatedSubject:
    """A keyword, an account or a search: how much of it is repeated."""

    # All documents that mention it, or posts, and those that are repeats.
    documents: int = 0
    repeated_documents: int = 0

    # All mentions or posts.
    total: int = 0

    largest: list[Repeat] = field(default_factory=list)

    # The share of repeats in each month that has many of them; of no month
    # where each pattern counts once a month anyway.
    months_of_repeats: dict[str, float] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Share of the documents or posts that are repeats."""
        return self.repeated_documents / self.documents if self.documents else 0.0


@dataclass(frozen=True)
class Repeats:
    """What a run's page says of repeated texts, whatever the selection: see `read_patterns`."""

    documents: int

    # The key is a keyword or the name of a job; `ALL` stands for all together.
    subjects: Mapping[str, RepeatedSubject]

    # What a text is called: document or post.
    noun: str

    # Whether repeats are looked for among the documents that mention a keyword alone.
    is_large: bool = False

    # The months whose texts decide what a pattern is; "" of a run over posts.
    months: str = ""

    @property
    def judged_by(self) -> str:
        """A sentence on the texts that decide what a repeat is; "" of a run over posts."""
        if not self.months:
            return ""

        return write_sentence("judged by texts", months=self.months, is_large=self.is_large)

    def largest(self, name: str) -> list[Repeat]:
        """Return the largest patterns of a keyword or job."""
        return self.subjects[name].largest if name in self.subjects else []

    def propose_distinct(self, name: str = ALL) -> str:
        """Return a sentence that proposes `--distinct` for a keyword or job; "" if none is due."""
        shares = self.subjects[name].months_of_repeats if name in self.subjects else {}
        if not shares:
            return ""

        most = max(sorted(shares), key=shares.__getitem__)
        return write_sentence(
            "proposal to leave repeats out",
            months=len(shares),
            fewest=FEW,
            noun=self.noun,
            is_of_subject=bool(name and self.months),
            month=most,
            share=shares[most],
        )


def read_repeats(data: RunData) -> Repeats:
    """Return the largest patterns of each subject."""
    patterns = read_patterns(data)
    subjects: dict[str, RepeatedSubject] = defaultdict(RepeatedSubject)
    by_month: dict[str, dict[int, Counter[str]]] = defaultdict(dict)
    repeated: dict[str, Counter[str]] = defaultdict(Counter)
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for job in data.jobs:
        for part in count_places(data, job, is_before_selection=True):
            for subject_name in (part.subject, ALL):
                subjects[subject_name].documents += part.documents
                subjects[subject_name].total += part.mentions
                totals[subject_name][part.month] += part.documents
                if part.is_repeat:
                    subjects[subject_name].repeated_documents += part.documents
                    repeated[subject_name][part.month] += part.documents
                if part.place is not None:
                    months = by_month[subject_name].setdefault(part.place, Counter())
                    months[part.month] += part.mentions

    for subject_name, subject in subjects.items():
        largest = _largest(by_month[subject_name], subject.total, len(patterns.patterns))
        for place in largest:
            text = patterns.patterns[place].text
            subject.largest.append(_repeat(text, by_month[subject_name][place], subject.total))

        if not data.selection.distinct:
            subject.months_of_repeats = _months_of_repeats(
                repeated[subject_name], totals[subject_name]
            )

    return Repeats(
        patterns.texts,
        subjects,
        data.kind.document_noun,
        is_large=is_large(data),
        months=_name_months(data),
    )


def _name_months(data: RunData) -> str:
    """Return the first and the last month of a run of months in words."""
    if not data.kind.has_mentions or not data.jobs:
        return ""
    return name_stretch(data.jobs[0].name, data.jobs[-1].name, "%B %Y")


def _months_of_repeats(
    repeated: Counter[str], totals: Mapping[str, int], many: float = 0.2
) -> dict[str, float]:
    """Return the share of repeats in each month that has more of them than *many*."""
    return {
        month: n / totals[month]
        for month, n in sorted(repeated.items())
        if month and n >= FEW and n > many * totals[month]
    }


def _largest(
    by_month: Mapping[int, Counter[str]], total: int, named: int, least_share: float = 0.01
) -> list[int]:
    """Return the places of the patterns with most of *total* mentions or posts; ties by place.

    One has at least five of them, or the least share of all.
    """
    sizes = {}
    for place, months in by_month.items():
        is_large = months.total() >= min(FEW, least_share * total)
        if place < named and is_large:
            sizes[place] = months.total()

    return sorted(sizes, key=lambda place: (-sizes[place], place))[:LISTED]


def _repeat(text: str, by_month: Counter[str], total: int) -> Repeat:
    n = by_month.total()
    dated = {month: times for month, times in by_month.items() if month}
    peak = max(sorted(dated), key=dated.__getitem__, default=None)
    return Repeat(text, n, n / total, peak, dated[peak] if peak else 0)
