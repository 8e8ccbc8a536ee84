"""The pages of a run of accounts or searches: one that compares them, and one for each."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from core.enums import Grain
from reports.data.account_rows import fill_periods
from reports.data.queries import group_by
from reports.data.run_data import RunData
from reports.data.tables.coverage import CoverageGrid, read_coverage_grid
from reports.data.tables.distinctive import read_distinctive
from reports.data.tables.entities import read_entities
from reports.data.tables.periods import PeriodRow, read_periods, read_series
from reports.data.tables.phrases import read_phrases
from reports.figures import accounts, style
from reports.figures.figure_store import FigureRef, FigureStore
from reports.pages.account_posts import Post, read_newest, read_posts
from reports.pages.codes import CodesPage, make_codes_page
from reports.pages.page_rows import PageRows
from reports.pages.portrait import Portrait, make_portrait


@dataclass
class PostsPage:
    """All that the page of several accounts or searches needs besides the summary."""

    coverage: CoverageGrid

    # None if no text has a code.
    codes: CodesPage | None

    # The rows of each job by the run's grain, from its first known post to its last.
    rows: dict[str, list[PeriodRow]]

    figures: list[FigureRef]
    portraits: list[Portrait] = field(default_factory=list)


@dataclass(frozen=True)
class PortraitPage:
    """All that the template of one account or search needs besides the summary."""

    coverage: CoverageGrid
    portrait: Portrait
    posts: PageRows[Post]


def read_posts_page(run: RunData, store: FigureStore) -> PostsPage:
    """Read and draw what compares the accounts or searches of a run."""
    codes = make_codes_page(run, store)
    series = group_by("job", read_series(run))
    rows = {job.name: fill_periods(series[job.name]) for job in run.jobs}
    n_jobs = len(run.jobs)
    store.progress.expect_pages((2 if n_jobs == 1 else n_jobs + 2) + bool(codes))
    return PostsPage(read_coverage_grid(run), codes, rows, _compare(run, rows, store))


def read_portraits(
    run: RunData, store: FigureStore, page: PostsPage, *, texts: bool
) -> Generator[PortraitPage]:
    """Read and draw one account or search after the other.

    The posts of each, with or without *texts*, are let go when the next is read.
    """
    months = group_by("job", read_periods(run))
    phrases, words = group_by("job", read_phrases(run)), group_by("job", read_distinctive(run))
    entity_rows = group_by("job", (row for row in read_entities(run) if row.period is None))
    for job in run.jobs:
        portrait = make_portrait(
            run,
            job,
            read_posts(run, job),
            months=fill_periods(months[job.name]),
            rows=page.rows[job.name],
            phrases=phrases[job.name],
            words=words[job.name],
            entity_rows=entity_rows[job.name],
            reasons=page.coverage.reasons(job.name),
            store=store,
        )
        yield PortraitPage(page.coverage, portrait, read_newest(run, job, texts=texts))


def _compare(
    run: RunData, rows_by_job: dict[str, list[PeriodRow]], store: FigureStore
) -> list[FigureRef]:
    """Draw the accounts beside each other, where there are two with dated posts."""
    compared = [job for job in run.jobs if rows_by_job[job.name]][: style.MOST_ROWS]
    if len(compared) < 2:
        return []

    titles = {job.name: run.kind.job_title(job.name, job.options) for job in compared}
    rows_by_account = {title: rows_by_job[name] for name, title in titles.items()}
    if is_sparse(rows_by_account.values()):
        years = group_by("job", read_series(replace(run, grain=Grain.YEAR)))
        rows_by_account = {title: fill_periods(years[name]) for name, title in titles.items()}

    span = style.Range.of(row.period for rows in rows_by_account.values() for row in rows)
    nouns = accounts.Nouns(run.kind.job_noun, run.kind.document_noun)
    return store.show_all(
        accounts.posts_spec(rows_by_account, span, nouns),
        accounts.polarity_spec(rows_by_account, span, nouns),
    )


def is_sparse(accounts_rows: Iterable[Sequence[PeriodRow]], least: float = 0.2) -> bool:
    """Return whether less than this part of the columns of a heat map would have a post."""
    rows = list(chain.from_iterable(accounts_rows))
    span = style.Range.of(row.period for row in rows)
    return len({row.period for row in rows if row.mentions}) < least * len(span)
