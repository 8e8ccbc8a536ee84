"""The pages of a run of accounts or searches: one that compares them, and one for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain

from analysis.text.account_names import Writings, count_writings, names_of_account
from analysis.text.garbled import DamagedTexts
from analysis.text.phrases import says_something
from analysis.text.words import count_words, merge_spellings
from core.enums import Grain
from models.tables import Document
from reports.data.account_rows import fill_periods, select_posts
from reports.data.coded_samples import read_coded_samples
from reports.data.export_schema import valid_polarity
from reports.data.queries import (
    fetch_all,
    fetch_pages,
    fetch_scalars,
    group_by,
    index_by,
)
from reports.data.repeats import find_repeated
from reports.data.run_data import RunData, RunJob
from reports.data.selection import left_out
from reports.data.tables.coverage import CoverageGrid, read_coverage_grid
from reports.data.tables.distinctive import DistinctiveRow, read_distinctive
from reports.data.tables.entities import read_entities, read_run_names
from reports.data.tables.periods import PeriodRow, read_periods, read_series
from reports.data.tables.phrases import PhraseRow, read_phrases
from reports.figures import accounts, entities, over_time, style, word_clouds
from reports.figures.figure_store import FigureRef, FigureSection, FigureStore, slug
from reports.figures.spec import Subject
from reports.pages.page_rows import PageRows
from reports.pages.word_section import (
    StandingWord,
    add_words,
    list_standing_words,
    no_word_stands_out,
)
from reports.stats.intervals import polarity_interval, round_figure
from reports.words.document_queries import DocumentQuery
from reports.words.quantities import NAMED, quantity
from reports.words.scales import STUDENT_INTERVALS
from reports.words.writing import write_sentence
from sources.post_cleaning import words_of_post
from sources.registry import source_named


@dataclass(frozen=True)
class Post:
    """A post as the table shows it; *text* is None where the report leaves texts out."""

    # The time is UTC.
    published_at: datetime | None

    address: str | None
    text: str | None
    polarity: float | None
    repost: bool


@dataclass
class Portrait:
    """One handle or search."""

    # The name of the job: @nasa, search:term.
    name: str

    # The name as readers see it: @NASA.
    title: str

    # What one of its documents is called.
    noun: str

    # All posts, those with a polarity, and the mean of these.
    n: int
    scored: int
    mean: float | None

    sources: list[str]

    # A row for every month from the first known post to the last.
    months: list[PeriodRow]

    # The same by the run's grain.
    rows: list[PeriodRow]

    phrases: list[PhraseRow]
    distinctive: list[DistinctiveRow]
    names: entities.TopNames

    reasons: list[str]

    # How many posts are garbled or cut.
    damaged: DamagedTexts = field(default_factory=DamagedTexts)

    # The posts over time, with which the page begins.
    picture: list[FigureRef] = field(default_factory=list)

    # Words and names; then the polarity.
    sections: list[FigureSection] = field(default_factory=list)
    polarity: list[FigureRef] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """The name as a part of file names."""
        return slug(self.name)

    @property
    def documents(self) -> DocumentQuery:
        """All of its posts."""
        return DocumentQuery(job=self.name)

    @property
    def limits(self) -> list[str]:
        """Sentences on earlier posts that may be missing, and on posts that are damaged."""
        limits = describe_limits(self.sources, self.n)
        return limits + describe_damage(self.damaged, self.n, self.noun)

    @property
    def standing_words(self) -> list[StandingWord]:
        """The words that stand out against the run's other accounts."""
        return list_standing_words(self.distinctive)

    @property
    def nothing_distinctive(self) -> str:
        """What the page says if no word stands out."""
        return no_word_stands_out(self.distinctive)

    @property
    def most_named(self) -> list[tuple[str, int]]:
        """The persons and organisations that are named most, each with how often it came."""
        counted_names = chain.from_iterable(self.names.headlines.values())
        ranked = sorted(counted_names, key=lambda counted: (-counted[1], counted[0]))
        return ranked[:NAMED]


def describe_limits(source_names: Iterable[str], posts: int, near: float = 0.02) -> list[str]:
    """Say which sources have the newest posts of an account alone, if *posts* are about so many.

    The number may differ by this part of what the service gives: the account may have had more.
    """
    limits = []
    for source_name in source_names:
        source = source_named(source_name)
        most = source.account.most_posts if source.account else None
        if most and abs(posts - most) <= near * most:
            limits.append(write_sentence("newest posts alone", source=source.label, most=most))

    return limits


def describe_damage(damaged: DamagedTexts, posts: int, noun: str, fewest: int = 3) -> list[str]:
    """Say how many of an account's *posts* are garbled or cut, if at least a few are.

    *noun* is what one is called.
    """
    sentences = []
    if damaged.garbled >= fewest:
        share = damaged.garbled / posts
        figures = {"garbled": damaged.garbled, "posts": posts, "share": share, "noun": noun}
        sentences.append(write_sentence("garbled posts", **figures))
    if damaged.cut >= fewest:
        sentences.append(write_sentence("cut posts", cut=damaged.cut, posts=posts, noun=noun))

    return sentences


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
        posts = _read_newest(run, jobs[portrait.name], texts=texts)
        show_portrait(PortraitPage(coverage, portrait, posts))
        portraits.append(portrait)

    return PostsPage(coverage, portraits, _compare(run, portraits, store))


def _read_portraits(run: RunData, store: FigureStore, coverage: CoverageGrid) -> Iterator[Portrait]:
    months, series = group_by("job", read_periods(run)), group_by("job", read_series(run))
    phrases, words = group_by("job", read_phrases(run)), group_by("job", read_distinctive(run))
    entity_rows = group_by("job", (row for row in read_entities(run) if row.period is None))
    for job in run.jobs:
        posts = _read_posts(run, job)
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
        _draw_portrait(portrait, posts, run, store)
        yield portrait


@dataclass
class _Posts:
    """What one pass over an account's posts yields."""

    # The handle or term.
    subject: str

    n: int = 0

    # The number of posts that are no reposts.
    authored: int = 0

    sources: set[str] = field(default_factory=set)
    polarities: list[float] = field(default_factory=list)

    # The words of authored posts, repeats counted once a month, and how many posts are left out.
    words: Counter[str] = field(default_factory=Counter)
    repeats: int = 0

    # How many posts are garbled or cut.
    damaged: DamagedTexts = field(default_factory=DamagedTexts)

    # The ways in which the posts write the handle.
    writings: Writings = field(default_factory=Writings)

    @property
    def names(self) -> list[str]:
        """The handle or term, and its name in words where posts spell it out."""
        return names_of_account(self.subject, self.writings)

    def add_authored(self, text: str, *, is_repeat: bool) -> None:
        """Count the words of a post that is no repost."""
        self.authored += 1
        if is_repeat:
            self.repeats += 1
        else:
            self.words.update(count_words([words_of_post(text)]))


def _read_posts(run: RunData, job: RunJob) -> _Posts:
    """Read an account's posts once; repeats have no words."""
    subject = job.name.removeprefix("@").removeprefix("search:")
    posts = _Posts(subject)
    columns = (Document.id, Document.source, Document.text, Document.repost)
    statement = select_posts(run, job, *columns)
    without, repeated = left_out(run, job), find_repeated(run, job)
    for document, source, text, repost, polarity in fetch_pages(run.db, statement, Document.id):
        if document in without:
            continue

        posts.n += 1
        posts.sources.add(source)
        posts.writings += count_writings(subject, [text])
        posts.damaged.add(text)
        score = valid_polarity(polarity)
        if score is not None:
            posts.polarities.append(score)

        if not repost:
            posts.add_authored(text, is_repeat=document in repeated)

    return posts


def _read_newest(run: RunData, job: RunJob, *, texts: bool) -> PageRows[Post]:
    """Return the newest posts of a job, the newest first, and how many there are."""
    order = (Document.published_at.desc().nulls_last(), Document.identity)
    ids = fetch_scalars(run.db, select_posts(run, job, Document.id).order_by(*order))
    columns = (Document.id, Document.published_at, Document.address, Document.text, Document.repost)
    without = left_out(run, job)
    newest = PageRows.of([id_ for id_ in ids if id_ not in without])
    statement = select_posts(run, job, *columns).where(Document.id.in_(newest.first))
    posts_by_id = {id_: post_values for id_, *post_values in fetch_all(run.db, statement)}
    posts = []
    for id_ in newest.first:
        at, address, text, repost, stored = posts_by_id[id_]
        posts.append(Post(at, address, text if texts else None, valid_polarity(stored), repost))

    return PageRows(newest.number, posts)


def _draw_portrait(portrait: Portrait, posts: _Posts, run: RunData, store: FigureStore) -> None:
    rows = portrait.rows
    span = style.Range(rows[0].period, rows[-1].period) if rows else style.Range("", "")
    noun = run.kind.document_noun
    subject = Subject(portrait.title, portrait.slug, span, portrait.documents, noun=noun)
    if rows:
        portrait.picture = store.show_all(over_time.posts_spec(subject, rows, posts=posts.n))

    add = partial(store.add_section, portrait.sections)
    add_words(
        add,
        subject,
        word_clouds.choose(merge_spellings(posts.words), posts.names, run.parameters.max_words),
        run.mask,
        counted=quantity(posts.authored - posts.repeats, subject.noun),
        has_repeats=posts.repeats > 0,
        has_links=store.word_links,
    )
    unit = f"{subject.noun}s that hold the name, or a handle of its letters"
    add("names", "Names", entities.entities_spec(subject, portrait.names, unit=unit))
    if rows:
        # A period of reposts alone has no mean, and is no gap.
        scored_rows = [replace(row, mentions=row.polarity_n or 0) for row in rows]
        mood_spec = over_time.polarity_spec(
            subject, scored_rows, unit=subject.noun, intervals=STUDENT_INTERVALS
        )
        portrait.polarity = store.show_all(mood_spec)


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
