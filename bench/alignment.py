"""Calls at services that end sentences in other ways than our engine, on real headlines and posts.

    python bench/alignment.py --folder DIR [--latency 0.05] [--keywords coronavirus "hong kong"]

Some two minutes: DIR holds files to import in `nyt` and `posts`. A stub of the Text API on loopback
ends sentences as our engine does, then at an end mark and white space only, then at line breaks
only. For each month and account: the calls that were made, beside those that are needed: what a dry
run counts, and one for each text to be scored that the service takes for several sentences. Then
the seconds; the floor is calls x latency / calls in flight. A month's mentions are compared with
those that regular expressions find.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
from sqlalchemy import func, select

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.logs import configure
from models.tables import Document, Mention, PostPolarity
from producers.imports import import_paths
from producers.plan import call_counts, plan_run
from tests.jobs_kit import Jobs
from tests.stub_textapi import split_text
from textapi.messages import Engine
from textapi.text.sentences import sentences

SERVICES = {"our engine": None, "end marks and white space": "end marks", "line breaks": "lines"}
PACKED = ("sentences_with_keywords", "polarity_by_sentence")
FEWEST = 100  # documents of a month or account
HYPHENS = "[-\u2010\u2011\u2013]"


@dataclass(frozen=True)
class Stack:
    """Jobs at a service that takes *latency* seconds for a call and has a splitter or ours."""

    jobs: Jobs
    latency: float
    service: str
    splitter: str | None


def store_files(jobs: Jobs, folder: Path) -> None:
    """Import the headlines and posts."""
    for source, pattern in (("nyt", "nyt/*.gz"), (None, "posts/*.csv")):
        for path in sorted(folder.glob(pattern)):
            import_paths(jobs.db, [path], source=source, handle=handle_of(path), columns={})


def handle_of(path: Path) -> str | None:
    """Return the account that a file of posts is called after."""
    return path.stem.rpartition("_")[2].lower() if path.suffix == ".csv" else None


def names_of(jobs: Jobs, column: Any) -> list[str]:
    """Return the months of the archive, or the accounts, that have documents to be packed."""
    is_archived = Document.handle.is_(None) if column is Document.period else column.is_not(None)
    names = select(column).where(is_archived, column.is_not(None)).group_by(column)
    with jobs.db.read() as connection:
        return list(connection.scalars(names.having(func.count() >= FEWEST).order_by(column)))


def measure(stack: Stack, parameters: Any, *names: str) -> int:
    """Plan a job, work on it, and print its figures; return its number."""
    jobs = stack.jobs
    engine = Engine(str(jobs.settings.textapi_url).partition("//")[2])
    plan = plan_run(jobs.db, parameters, names, engine=engine, settings=jobs.settings)
    packs = sum(plan.by_operation.get(operation, 0) for operation in PACKED)

    began = time.perf_counter()
    job = jobs.do(parameters, *names)
    seconds = time.perf_counter() - began

    calls = sum(row.calls for row in call_counts(jobs.db, job.run_id).values())
    several = count_several(stack, job)
    needed = plan.calls_to_make + several
    share = f"{100 * (calls - needed) / max(packs, 1):.1f} % of {packs:,} packs"
    name = f"sentences end by {stack.service}: {job.name}"
    harness.print_figure(
        f"{name}, calls",
        [calls],
        "",
        floor=needed,
        floor_name="needed",
        note=f"{plan.calls_to_make:,} planned, {several:,} texts of several sentences, "
        f"{calls - needed:,} more: {share}",
    )
    floor = calls * stack.latency / jobs.settings.textapi_concurrency
    harness.print_figure(f"{name}, time", [seconds], "s", floor=floor)
    return int(job.id)


def count_several(stack: Stack, job: Any) -> int:
    """Count the texts of a job's packs that are several sentences for the service."""
    if stack.splitter is None:
        return 0

    sentences_of_month = select(Mention.sentence).where(Mention.job_id == job.id)
    posts = (
        select(Document.text)
        .join(PostPolarity, PostPolarity.document_id == Document.id)
        .where(PostPolarity.job_id == job.id)
    )
    with stack.jobs.db.read() as connection:
        texts = set(connection.scalars(sentences_of_month)) | set(connection.scalars(posts))

    packed = [text for text in texts if sentences(text) == [text]]
    return sum(len(split_text(text, stack.splitter)) > 1 for text in packed)


def found_mentions(jobs: Jobs, job: int) -> set[tuple[int, str, int]]:
    """Return the job's mentions: document, term, position."""
    rows = select(Mention.document_id, Mention.term, Mention.position).where(Mention.job_id == job)
    with jobs.db.read() as connection:
        return {(document, term, at) for document, term, at in connection.execute(rows)}


def expected_mentions(
    jobs: Jobs, month: str, keywords: Sequence[Keyword]
) -> Iterator[tuple[int, str, int]]:
    """Yield the mentions that the keyword rule gives, as a regular expression of its own."""
    rules: dict[str, re.Pattern[str]] = {}
    for keyword in keywords:
        for term in keyword.terms:
            words = re.escape(term).replace(r"\ ", r"\s+").replace(r"\-", HYPHENS)
            contraction = r"(?!(?:'|\u2019)(?:t|re|ve|ll|d|m)(?!\w))"
            pattern = rf"(?<![\w@]){words}(?!\w){contraction}(?!{HYPHENS}\d)(?!\.\w)"
            rules[term] = re.compile(pattern, re.IGNORECASE)

    documents = select(Document.id, Document.text).where(
        Document.period == month, Document.handle.is_(None)
    )
    with jobs.db.read() as connection:
        for document, text in connection.execute(documents):
            for position, sentence in enumerate(sentences(text), start=1):
                for term, rule in rules.items():
                    if rule.search(sentence):
                        yield document, term, position


def measure_service(stack: Stack, keywords: Sequence[Keyword]) -> None:
    """Measure every month and account."""
    jobs = stack.jobs
    for month in names_of(jobs, Document.period):
        parameters = MonthsParameters(
            first=month, last=month, keywords=tuple(keywords), steps=("keywords", "polarity")
        )
        mentions = found_mentions(jobs, measure(stack, parameters))
        expected = set(expected_mentions(jobs, month, keywords))
        harness.print_figure(
            f"sentences end by {stack.service}: {month}, mentions",
            [len(mentions)],
            "",
            floor=len(expected),
            floor_name="regular expressions",
            note="the same" if mentions == expected else "NOT the same",
        )

    for handle in names_of(jobs, Document.handle):
        measure(stack, AccountsParameters(steps=("polarity",)), handle)


def main() -> None:
    terms = ("coronavirus", "covid:covid-19", "hong kong", "trump")
    options = harness.parse_options(__doc__, folder="", latency=0.05, keywords=terms)
    folder = harness.real_data(options.folder, "")
    keywords = [Keyword.parse(keyword) for keyword in options.keywords]

    with harness.temporary_folder() as home:
        for number, (service, splitter) in enumerate(SERVICES.items()):
            with (
                harness.running_stack(home / str(number), log_level="WARNING") as running,
                closing(Jobs(running.settings)) as jobs,
            ):
                configure(running.settings)
                store_files(jobs, folder)
                running.stub.faults(latency=options.latency, splitter=splitter)
                measure_service(Stack(jobs, options.latency, service, splitter), keywords)


if __name__ == "__main__":
    main()
