"""The section "Repeats": the largest patterns of a keyword or account."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

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


@dataclass(frozen=True)
class RepeatedSubject:
    """A keyword, an account or a search: how much of it is repeated."""

    # All documents that mention it, or posts, and those that are repeats.
    documents: int
    repeated_documents: int

    # All mentions or posts.
    total: int

    largest: list[Repeat]

    # The share of repeats in each month that has many of them.
    months_of_repeats: dict[str, float]

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

    # Whether each pattern counts once a month anyway.
    is_distinct: bool = False

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
        if not shares or self.is_distinct:
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
    names = [pattern.text for pattern in patterns.patterns]
    counts = count_places(data)
    subjects = {}
    if len(counts):
        subjects[ALL] = _describe(counts, names)
        for (subject,), of_subject in counts.group_by("subject"):
            subjects[str(subject)] = _describe(of_subject, names)

    return Repeats(
        patterns.texts,
        subjects,
        data.kind.document_noun,
        is_large=is_large(data),
        is_distinct=data.selection.distinct,
        months=_name_months(data),
    )


def _name_months(data: RunData) -> str:
    """Return the first and the last month of a run of months in words."""
    if not data.kind.has_mentions or not data.jobs:
        return ""
    return name_stretch(data.jobs[0].name, data.jobs[-1].name, "%B %Y")


def _describe(
    counts: pl.DataFrame, names: Sequence[str], many: float = 0.2, least_share: float = 0.01
) -> RepeatedSubject:
    """Return what is repeated of a subject; *names* are the texts of the largest patterns.

    A month has many repeats if their share is more than *many*. A pattern is large that has five
    mentions or posts, or the least share of all.
    """
    documents, total = (int(counts[name].sum()) for name in ("documents", "mentions"))
    repeated = pl.col("documents").filter("is_repeat").sum()
    months = counts.group_by("month").agg(pl.col("documents").sum(), repeated=repeated)
    with_many = months.filter(
        pl.col("month") != "",
        pl.col("repeated") >= FEW,
        pl.col("repeated") > many * pl.col("documents"),
    ).with_columns(share=pl.col("repeated") / pl.col("documents"))

    named = counts.filter(pl.col("place") < len(names)).group_by("place", "month")
    of_months = named.agg(pl.col("mentions").sum()).with_columns(
        of_place=pl.col("mentions").sum().over("place")
    )
    is_large = pl.col("of_place") >= min(FEW, least_share * total)
    by_size = of_months.filter(is_large).sort(
        *("of_place", "place", pl.col("month") == "", "mentions", "month"),
        descending=[True, False, False, True, False],
    )
    # The first row of a pattern is its peak, if it has a month at all.
    largest = [
        Repeat(names[place], n, n / total, month or None, of_peak if month else 0)
        for place, month, of_peak, n in by_size.unique("place", keep="first", maintain_order=True)
        .head(LISTED)
        .iter_rows()
    ]
    return RepeatedSubject(
        documents=documents,
        repeated_documents=int(months["repeated"].sum()),
        total=total,
        largest=largest,
        months_of_repeats=dict(with_many.sort("month").select("month", "share").iter_rows()),
    )
