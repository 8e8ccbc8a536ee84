"""The pages of a run of accounts or searches: one that compares them, and one for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from analysis.text.phrases import says_something
from core.enums import Grain
from reports.data.account_rows import fill_periods
from reports.data.coded_samples import read_coded_samples
from reports.data.queries import group_by, index_by
from reports.data.run_data import RunData
from reports.data.tables.coverage import CoverageGrid, read_coverage_grid
from reports.data.tables.distinctive import read_distinctive
from reports.data.tables.entities import read_entities, read_run_names
from reports.data.tables.periods import PeriodRow, read_periods, read_series
from reports.data.tables.phrases import read_phrases
from reports.figures import accounts, entities, style
from reports.figures.figure_store import FigureRef, FigureStore
from reports.pages.account_posts import Post, read_newest, read_posts
from reports.pages.page_rows import PageRows
from reports.pages.portrait import Portrait, draw_portrait
from reports.stats.intervals import polarity_interval, round_figure


@dataclass(frozen=True)
class PortraitPage:
    """All that the template of one account or search needs besides the summary."""

    coverage: CoverageGrid
    portrait: Portrait
    posts: PageRows[Post]


@dataclass
class PostsPage:
    """All that the page of several accounts or searches needs besides the summary."""

    coverage: CoverageGrid
    portraits: list[Portrait]
    figures: list[FigureRef]


def make_page(
    run: RunData,
    store: FigureStore,
    show_portrait: Callable[[PortraitPage], None],
    *,
    texts: bool,
) -> PostsPage:
    """Read a run's results and draw its figures, one account after the other.

    Each is shown when it is read; its posts, with or without *texts*, are then let go.
    """
    coverage = read_coverage_grid(run)
    jobs = index_by("name", run.jobs)
    has_codes = bool(read_coded_samples(run))
    store.progress.expect_pages((2 if len(jobs) == 1 else len(jobs) + 2) + has_codes)
    portraits = []
    for portrait in _read_portraits(run, store, coverage):
        posts = read_newest(run, jobs[portrait.name], texts=texts)
        show_portrait(PortraitPage(coverage, portrait, posts))
        portraits.append(portrait)

    return PostsPage(coverage, portraits, _compare(run, portraits, store))


def _read_portraits(run: RunData, store: FigureStore, coverage: CoverageGrid) -> Iterator[Portrait]:
    months, series = group_by("job", read_periods(run)), group_by("job", read_series(run))
    phrases, words = group_by("job", read_phrases(run)), group_by("job", read_distinctive(run))
    entity_rows = group_by("job", (row for row in read_entities(run) if row.period is None))

    for job in run.jobs:
        posts = read_posts(run, job)
        mean, _, _ = map(round_figure, polarity_interval(posts.polarities))
        portrait = Portrait(
            name=job.name,
            title=run.kind.job_title(job.name, job.options),
            noun=run.kind.document_noun,
            n=posts.n,
            scored=len(posts.polarities),
            mean=mean,
            sources=sorted(posts.sources),
            months=fill_periods(months[job.name]),
            rows=fill_periods(series[job.name]),
            # Phrases that say no more than the account's names are left out.
            phrases=[
                phrase
                for phrase in phrases[job.name]
                if says_something(phrase.phrase, phrase.count, posts.names)
            ],
            distinctive=words[job.name],
            names=entities.top_names(
                entity_rows[job.name], account_names=posts.names, run_names=read_run_names(run)
            ),
            reasons=coverage.reasons(job.name),
            damaged=posts.damaged,
        )

        draw_portrait(portrait, posts, run, store)
        yield portrait


def _compare(run: RunData, portraits: Sequence[Portrait], store: FigureStore) -> list[FigureRef]:
    """Draw the accounts beside each other, where there are two with dated posts."""
    compared = [portrait for portrait in portraits if portrait.rows][: style.MOST_ROWS]
    if len(compared) < 2:
        return []

    rows_by_account = {portrait.title: portrait.rows for portrait in compared}
    if is_sparse(rows_by_account.values()):
        years = group_by("job", read_series(replace(run, grain=Grain.YEAR)))
        rows_by_account = {
            portrait.title: fill_periods(years[portrait.name]) for portrait in compared
        }

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
