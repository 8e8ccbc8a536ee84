"""The section "Repeats": the largest patterns of a keyword or account."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from analysis.kinds.kind import Unit
from models.tables import Document
from reports.data.export_schema import pad_period
from reports.data.month_mentions import read_month_mentions
from reports.data.queries import fetch_pages
from reports.data.run_data import RunData, RunJob, documents_condition
from reports.data.selection import is_large, name_template, read_patterns
from reports.findings.confirmed import ALL

# At most this many patterns of a keyword or an account are shown.
SHOWN = 5
# A shown pattern has at least this many mentions or posts, or this share of all.
FEWEST_SHOWN = 5
LEAST_SHARE = 0.01

# The subject, the index of the pattern or None, the month, and the number of mentions.
Count = tuple[str, int | None, str, int]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A pattern of texts, as it bears on one keyword or account."""

    # The name of the template, as *template:N*.
    template: str

    text: str

    # The mentions of the keyword in its documents, or the posts of the account.
    n: int

    # Its share of all mentions, or posts.
    share: float

    # The month in which it has most; None if no time is known.
    peak: str | None

    # The mentions, or posts, in that month.
    of_peak: int


@dataclass
class Subject:
    """A keyword, an account or a search: how much of it is repeated."""

    # All mentions or posts, and those in documents that are repeats.
    total: int = 0
    repeated: int = 0

    largest: list[Repeat] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share of the mentions or posts that are in repeats."""
        return self.repeated / self.total if self.total else 0.0


@dataclass(frozen=True)
class Repeats:
    """What a run's page says of repeated texts, whatever the selection: see `read_patterns`."""

    documents: int
    repeated: int

    # The key is a keyword or the name of a job; `ALL` stands for all together.
    subjects: Mapping[str, Subject]

    # Whether a template can be named by its number.
    has_numbers: bool = True

    def largest(self, name: str) -> list[Repeat]:
        """Return the largest patterns of a keyword or job."""
        return self.subjects[name].largest if name in self.subjects else []


def read_repeats(data: RunData) -> Repeats:
    """Return the largest patterns of each subject."""
    patterns = read_patterns(data)
    subjects: dict[str, Subject] = defaultdict(Subject)
    by_month: dict[str, dict[int, Counter[str]]] = defaultdict(dict)
    count = _count_mentions if data.kind.unit == Unit.MENTION else _count_posts
    for job in data.jobs:
        for name, place, month, n in count(data, job):
            for whose in (name, ALL):
                subjects[whose].total += n
                if place is not None:
                    subjects[whose].repeated += n
                    by_month[whose].setdefault(place, Counter())[month] += n

    for name, subject in subjects.items():
        largest = _largest(by_month[name], subject.total, len(patterns.patterns))
        for place in largest:
            text = patterns.patterns[place].text
            subject.largest.append(_repeat(place, text, by_month[name][place], subject.total))
    return Repeats(patterns.texts, patterns.repeats, subjects, not is_large(data))


def _largest(by_month: Mapping[int, Counter[str]], total: int, named: int) -> list[int]:
    """Return the places of the patterns with most of *total* mentions or posts; ties by place."""
    sizes = {}
    for place, months in by_month.items():
        is_large = months.total() >= min(FEWEST_SHOWN, LEAST_SHARE * total)
        if place < named and is_large:
            sizes[place] = months.total()
    return sorted(sizes, key=lambda place: (-sizes[place], place))[:SHOWN]


def _repeat(place: int, text: str, by_month: Counter[str], total: int) -> Repeat:
    n = by_month.total()
    dated = {month: times for month, times in by_month.items() if month}
    peak = max(sorted(dated), key=dated.__getitem__, default=None)
    return Repeat(name_template(place), text, n, n / total, peak, dated[peak] if peak else 0)


def _count_mentions(data: RunData, job: RunJob) -> Iterator[Count]:
    """Yield for each keyword of a month how many mentions are of a pattern, or of none."""
    patterns = read_patterns(data)
    for keyword, mentions in read_month_mentions(data, job).items():
        sentences = set(zip(mentions.documents, mentions.positions, strict=True))
        counts = Counter(patterns.place_of(document) for document, _ in sentences)
        for place, n in counts.items():
            yield keyword, place, job.name, n


def _count_posts(data: RunData, job: RunJob) -> Iterator[Count]:
    """Yield how many posts of a job are of a pattern, or of none, by month."""
    patterns = read_patterns(data)
    counts: Counter[tuple[str, int | None]] = Counter()
    statement = select(Document.id, Document.period).where(documents_condition(data, job))
    for document, period in fetch_pages(data.db, statement, Document.id):
        month = pad_period(period) if period else ""
        counts[month, patterns.place_of(document)] += 1
    for (month, place), n in counts.items():
        yield job.name, place, month, n
