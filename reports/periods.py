"""The table `periods`: counts, shares and mean polarity, month by month."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select

from analysis import parameters as run_parameters
from core.enums import JobKind, Step, StepState
from models.database import Database
from models.tables import Document, Mention, PostPolarity
from reports.queries import (
    JobOfRun,
    RunRead,
    batches,
    coverage_of,
    fetch,
    handle_of,
    of_job,
    paged,
    read_run,
    term_of,
)
from reports.rows import CoverageRow, PeriodRow
from reports.statistics import figure, t_interval, wilson

Sentences = dict[
    tuple[int, int], float | None
]  # (document, position of the sentence in it): its polarity

_STEPS = (Step.DOCUMENTS, Step.KEYWORDS, Step.POLARITY)  # that a row of this table speaks of


def periods(db: Database, run_id: int, names: Collection[str] | None = None) -> Iterator[PeriodRow]:
    """A row per month and keyword (term None), one per term; or a row per month and handle or search.

    Every month of a run of months has its rows. Counts are None until the month's keywords are complete (they would be
    too small) and where there was no document to look at (that is no zero). A handle or a search has a row for each
    month in which there are posts. *names*: of the jobs with these names alone.
    """
    run = read_run(db, run_id)
    jobs = [job for job in run.jobs if names is None or job.name in names]
    if isinstance(run.parameters, run_parameters.MonthsParameters):
        yield from _months(db, run, run.parameters, jobs)
    elif not isinstance(run.parameters, run_parameters.TrainingParameters):
        rows = [row for some in batches(jobs) for row in _posts(db, run, some)]
        yield from sorted(rows, key=lambda row: (row.period, row.handle or "", row.keyword or ""))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a job: the state of its rows, and whether they may say counts and polarities."""

    state: str | None
    counts: bool
    polarity: bool

    @classmethod
    def of(cls, coverage: Sequence[CoverageRow]) -> _Known:
        steps = {row.step: row.state for row in coverage if row.step in _STEPS}
        if steps.get(Step.DOCUMENTS) == StepState.NO_DATA:
            return cls(StepState.NO_DATA.value, counts=False, polarity=False)
        through = {
            step
            for step, state in steps.items()
            if state in {StepState.COMPLETE, StepState.NO_DATA}
        }
        state = None
        if StepState.FAILED in steps.values():
            state = StepState.FAILED.value
        elif through == set(steps):
            state = StepState.COMPLETE.value
        return cls(state, counts=Step.KEYWORDS in through, polarity=Step.POLARITY in through)


def _months(
    db: Database,
    run: RunRead,
    parameters: run_parameters.MonthsParameters,
    jobs: Sequence[JobOfRun],
) -> Iterator[PeriodRow]:
    keywords = sorted(parameters.keywords, key=lambda keyword: keyword.name)
    for job in jobs:
        period = job.name
        known = _Known.of(coverage_of(db, run, [job])[job.id])
        (documents,) = fetch(
            db, select(func.count()).select_from(Document).where(of_job(run, job))
        )[0]
        sentences = mentioning_sentences(db, job) if known.counts else {}
        for keyword in keywords:
            for term in (None, *sorted(keyword.terms)):
                found = sentences.get((keyword.name, term), {})
                matched = len({document for document, _ in found})
                counts = (
                    (matched, len(found), *_share(matched, documents))
                    if known.counts
                    else (None,) * 5
                )
                said = (
                    [polarity for polarity in found.values() if polarity is not None]
                    if known.polarity
                    else []
                )
                yield PeriodRow(
                    run.id,
                    period,
                    None,
                    keyword.name,
                    term,
                    known.state,
                    documents,
                    *(*counts, *_polarity(said)),
                )


def mentioning_sentences(db: Database, job: JobOfRun) -> dict[tuple[str, str | None], Sentences]:
    """The sentences that hold a term, by keyword and term; under term None each of the keyword's sentences once."""
    found: dict[tuple[str, str | None], Sentences] = defaultdict(dict)
    statement = select(
        Mention.keyword, Mention.term, Mention.document_id, Mention.position, Mention.polarity
    )
    for keyword, term, document, position, polarity in fetch(
        db, statement.where(Mention.job_id == job.id)
    ):
        found[keyword, term][document, position] = polarity
        found[keyword, None][document, position] = polarity
    return found


def _posts(db: Database, run: RunRead, jobs: Sequence[JobOfRun]) -> Iterator[PeriodRow]:
    coverage = coverage_of(db, run, jobs)
    for job in jobs:
        known = _Known.of(coverage[job.id])
        for period, polarities in _polarities_by_month(db, run, job).items():
            n = len(polarities)
            said = (
                [polarity for polarity in polarities if not math.isnan(polarity)]
                if known.polarity
                else []
            )
            handle, term = (
                (handle_of(job), None) if job.kind == JobKind.HANDLE else (None, term_of(job))
            )
            figures = (*_share(n, n), *_polarity(said))
            yield PeriodRow(run.id, period, handle, term, None, known.state, n, n, n, *figures)


def _polarities_by_month(db: Database, run: RunRead, job: JobOfRun) -> dict[str, Sequence[float]]:
    """A number for each post of the job, NaN where its polarity is not known."""
    statement = (
        select(Document.id, Document.period, PostPolarity.polarity)
        .outerjoin(
            PostPolarity,
            and_(PostPolarity.document_id == Document.id, PostPolarity.job_id == job.id),
        )
        .where(of_job(run, job), Document.period.is_not(None))
    )
    found: dict[str, array[float]] = defaultdict(lambda: array("d"))
    for _, period, polarity in paged(db, statement, Document.id):
        found[period].append(math.nan if polarity is None else polarity)
    return dict(found)


def _share(matched: int, documents: int) -> tuple[float | None, float | None, float | None]:
    if documents == 0:
        return None, None, None
    low, high = wilson(matched, documents)
    return figure(matched / documents), figure(low), figure(high)


def _polarity(values: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    middle, low, high = t_interval(values)
    return figure(middle), figure(low), figure(high)
