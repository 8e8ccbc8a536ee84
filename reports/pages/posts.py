"""The pages of a run of accounts or searches: one that compares them, and one for each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from itertools import chain, groupby

from analysis import grains
from analysis.text.account_names import Writings, count_writings, names_of_account
from analysis.text.garbled import DamagedTexts
from analysis.text.known_names import NO_NAMES
from analysis.text.phrases import says_something
from analysis.text.words import count_words, merge_spellings
from core.enums import Grain
from models.tables import Document
from reports.data.account_rows import fill_periods, select_posts
from reports.data.coded_samples import read_coded_samples
from reports.data.entity_labels import is_account
from reports.data.export_schema import valid_polarity
from reports.data.queries import (
    fetch_all,
    fetch_pages,
    fetch_scalars,
    index_by,
)
from reports.data.repeats import find_repeated
from reports.data.run_data import RunData, RunJob
from reports.data.selection import left_out
from reports.data.tables.coverage import CoverageGrid, read_coverage_grid
from reports.data.tables.distinctive import DistinctiveRow, read_distinctive
from reports.data.tables.entities import EntityRow, read_entities, read_run_names
from reports.data.tables.periods import PeriodRow, read_periods, read_series
from reports.data.tables.phrases import PhraseRow, read_phrases
from reports.figures import accounts, entities, polarity, series, style, word_clouds
from reports.figures.figure_store import FigureRef, FigureSection, FigureStore, slug
from reports.figures.spec import Subject
from reports.frames.reading import DAY
from reports.pages.page_rows import PageRows
from reports.pages.word_section import (
    StandingWord,
    add_words,
    list_standing_words,
    no_word_stands_out,
)
from reports.stats.intervals import polarity_interval, round_figure
from reports.words.document_queries import DocumentQuery
from reports.words.quantities import quantity
from reports.words.scales import STUDENT_INTERVALS
from reports.words.writing import write_sentence
from sources.post_cleaning import words_of_post
from sources.registry import source_named

# A heat map is by year if less than this part of its periods has posts: one in so many.
SPARSE = 5
# One figure compares at most this many accounts.
ACCOUNTS_COMPARED = 40
# This many texts of an account show which scripts it uses.
SAMPLES = 50
# This many names of an account stand beside those of the others.
NAMES_COMPARED = 3
# An account with as many posts as its service gives, or nearly, may have had more.
NEAR_LIMIT = 0.02
# So few posts that are garbled or cut are not said.
FEWEST_DAMAGED = 3
# The note lists at most this many names that were written in several ways.
MERGED_SHOWN = 12


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

    account: accounts.Account
    sources: list[str]

    # Samples of the texts show which scripts the page needs.
    texts: list[str]

    # A row for every month from the first known post to the last.
    months: list[PeriodRow]

    # The same by the run's grain.
    rows: list[PeriodRow]

    # The same by the run's grain, with the number of scored posts as mentions.
    scored_rows: list[PeriodRow]

    phrases: list[PhraseRow]
    distinctive: list[DistinctiveRow]
    names: entities.TopNames

    # The names that were written in several ways.
    merged_names: list[str]

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
    def limits(self) -> list[str]:
        """Sentences on earlier posts that may be missing, and on posts that are damaged."""
        limits = describe_limits(self.sources, self.account.n)
        return limits + describe_damage(self.damaged, self.account.n, self.noun)

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
        return ranked[:NAMES_COMPARED]


def describe_limits(source_names: Iterable[str], posts: int) -> list[str]:
    """Say which sources have the newest posts of an account alone, if *posts* are about so many."""
    limits = []
    for source_name in source_names:
        source = source_named(source_name)
        most = source.account.most_posts if source.account else None
        if most and abs(posts - most) <= NEAR_LIMIT * most:
            limits.append(write_sentence("newest posts alone", source=source.label, most=most))

    return limits


def describe_damage(damaged: DamagedTexts, posts: int, noun: str) -> list[str]:
    """Say how many of an account's *posts* are garbled or cut, if more than a few are.

    *noun* is what one is called.
    """
    sentences = []
    if damaged.garbled >= FEWEST_DAMAGED:
        share = damaged.garbled / posts
        figures = {"garbled": damaged.garbled, "posts": posts, "share": share, "noun": noun}
        sentences.append(write_sentence("garbled posts", **figures))
    if damaged.cut >= FEWEST_DAMAGED:
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

    nouns = accounts.Nouns(run.kind.job_noun, run.kind.document_noun)
    return PostsPage(coverage, portraits, _compare(portraits, store, nouns))


def _read_portraits(run: RunData, store: FigureStore, coverage: CoverageGrid) -> Iterator[Portrait]:
    series_by_job: dict[str | None, list[PeriodRow]] = defaultdict(list)
    phrases: dict[str, list[PhraseRow]] = defaultdict(list)
    names_by_job: dict[str, list[EntityRow]] = defaultdict(list)
    months: dict[str | None, list[PeriodRow]] = defaultdict(list)
    for period_row in read_periods(run):
        months[period_row.job].append(period_row)

    for period_row in read_series(run):
        series_by_job[period_row.job].append(period_row)

    for phrase in read_phrases(run):
        phrases[phrase.job].append(phrase)

    distinctive_words: dict[str, list[DistinctiveRow]] = defaultdict(list)
    for distinctive_row in read_distinctive(run):
        distinctive_words[distinctive_row.job].append(distinctive_row)

    for entity in read_entities(run):
        if entity.job is not None and entity.period is None:
            names_by_job[entity.job].append(entity)

    for job in run.jobs:
        posts = _read_posts(run, job, run.grain)
        series_rows = fill_periods(series_by_job[job.name])
        portrait = Portrait(
            name=job.name,
            title=run.kind.job_title(job.name, job.options),
            noun=run.kind.document_noun,
            account=_account(run, job, posts),
            sources=sorted(posts.sources),
            texts=posts.texts,
            months=fill_periods(months[job.name]),
            rows=series_rows,
            scored_rows=[
                replace(period_row, mentions=posts.scored[period_row.period])
                for period_row in series_rows
            ],
            phrases=_phrases_to_show(phrases[job.name], posts.names),
            distinctive=distinctive_words[job.name],
            names=entities.top_names(
                names_by_job[job.name],
                account_names=posts.names,
                run_names=read_run_names(run),
            ),
            merged_names=_merged_names(names_by_job[job.name], posts.names),
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

    # The number of posts with a polarity, by period.
    scored: Counter[str] = field(default_factory=Counter)

    texts: list[str] = field(default_factory=list)

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


def _read_posts(
    data: RunData,
    job: RunJob,
    grain: Grain,
) -> _Posts:
    """Read an account's posts once; repeats have no words.

    Posts with a polarity are counted by period of the *grain*.
    """
    subject = job.name.removeprefix("@").removeprefix("search:")
    posts = _Posts(subject)
    whence = (Document.id, Document.source, Document.period)
    what = (Document.text, Document.repost, DAY)
    statement = select_posts(data, job, *whence, *what)

    without, repeated = left_out(data, job), find_repeated(data, job)
    for document, source, period, text, repost, day, stored in fetch_pages(
        data.db, statement, Document.id
    ):
        if document in without:
            continue

        score = valid_polarity(stored)
        posts.n += 1
        posts.sources.add(source)
        posts.writings += count_writings(subject, [text])
        posts.damaged.add(text)
        if len(posts.texts) < SAMPLES:
            posts.texts.append(text)
        if score is not None:
            posts.polarities.append(score)
            if period is not None:
                posts.scored[grains.period_of(date.fromisoformat(day), grain)] += 1

        if not repost:
            posts.add_authored(text, is_repeat=document in repeated)

    return posts


def _account(run: RunData, job: RunJob, posts: _Posts) -> accounts.Account:
    mean, low, high = map(round_figure, polarity_interval(posts.polarities))
    title = run.kind.job_title(job.name, job.options)
    query = DocumentQuery(job=job.name)
    return accounts.Account(title, posts.n, len(posts.polarities), mean, low, high, query)


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


def _phrases_to_show(phrases: Sequence[PhraseRow], account_names: Sequence[str]) -> list[PhraseRow]:
    """Return the phrases that occur more than once and say more than the *account_names*."""
    return [
        phrase for phrase in phrases if says_something(phrase.phrase, phrase.count, account_names)
    ]


def _merged_names(entity_rows: Sequence[EntityRow], account_names: Sequence[str]) -> list[str]:
    """Return the names that were written in several ways, with the other spellings.

    Those of the account itself are left out, as in the figure.
    """
    merged = []
    for entity in entity_rows:
        if entity.type in NO_NAMES or is_account(entity.type, entity.name, account_names):
            continue
        if len(entity.spellings) > 1:
            other_spellings = [spelling for spelling in entity.spellings if spelling != entity.name]
            merged.append(f"{entity.name} ({', '.join(other_spellings)})")

    return merged[:MERGED_SHOWN]


def _draw_portrait(portrait: Portrait, posts: _Posts, run: RunData, store: FigureStore) -> None:
    series_rows = portrait.rows
    span = style.Range("", "")
    if series_rows:
        span = style.Range(series_rows[0].period, series_rows[-1].period)

    subject = Subject(
        portrait.title,
        portrait.slug,
        span,
        DocumentQuery(job=portrait.name),
        noun=run.kind.document_noun,
    )
    if series_rows:
        portrait.picture = store.show_all(series.posts_spec(subject, series_rows, posts=posts.n))

    add = partial(store.add_section, portrait.sections)
    merged_counts = merge_spellings(posts.words)
    add_words(
        add,
        subject,
        word_clouds.choose(merged_counts, posts.names, run.parameters.max_words),
        run.mask,
        counted=quantity(posts.authored - posts.repeats, subject.noun),
        has_repeats=posts.repeats > 0,
        has_links=store.word_links,
    )
    unit = f"{subject.noun}s that hold the name, or a handle of its letters"
    in_title_case = entities.is_in_title_case(posts.texts)
    name_spec = entities.entities_spec(
        subject, portrait.names, unit=unit, in_title_case=in_title_case
    )
    merged = portrait.merged_names
    note = write_sentence("counted as one", names=merged) if merged else ""
    add("names", "Names", name_spec, note=note)
    if series_rows:
        mood_spec = polarity.overall_spec(
            subject, portrait.scored_rows, unit=subject.noun, intervals=STUDENT_INTERVALS
        )
        portrait.polarity = store.show_all(mood_spec)


def _compare(
    portraits: list[Portrait], store: FigureStore, nouns: accounts.Nouns
) -> list[FigureRef]:
    """Draw the accounts beside each other, where there are two with dated posts."""
    compared = [portrait for portrait in portraits if portrait.rows][:ACCOUNTS_COMPARED]
    if len(compared) < 2:
        return []

    account_names = [portrait.title for portrait in compared]
    compared_rows = choose_rows([(portrait.rows, portrait.scored_rows) for portrait in compared])
    span = style.Range.of(row.period for rows in compared_rows for row in rows)
    rows_by_account = dict(zip(account_names, compared_rows, strict=True))
    return store.show_all(
        accounts.posts_spec(rows_by_account, span, nouns),
        accounts.means_spec([portrait.account for portrait in compared], nouns),
        accounts.polarity_spec(rows_by_account, span, nouns),
    )


def choose_rows(
    accounts_rows: Sequence[tuple[list[PeriodRow], list[PeriodRow]]],
) -> list[list[PeriodRow]]:
    """Return each account's rows: by year where most columns of a heat map would be empty.

    An account has its rows, and the same rows with the numbers of scored posts.
    """
    all_rows = [row for period_rows, _ in accounts_rows for row in period_rows]
    span = style.Range.of(row.period for row in all_rows)
    periods_with_posts = {row.period for row in all_rows if row.mentions}
    is_sparse = len(periods_with_posts) * SPARSE < len(span)
    if span.grain == Grain.YEAR or not is_sparse:
        return [period_rows for period_rows, _ in accounts_rows]

    return [fold_years(period_rows, scored_rows) for period_rows, scored_rows in accounts_rows]


def fold_years(
    period_rows: Sequence[PeriodRow], scored_rows: Sequence[PeriodRow]
) -> list[PeriodRow]:
    """Return the rows of an account by year; *scored_rows* have the numbers of scored posts."""
    scored_by_period = {row.period: row.mentions or 0 for row in scored_rows}
    folded = []
    for year, year_group in groupby(period_rows, key=lambda row: row.period[:4]):
        year_rows = list(year_group)
        counts = [row.mentions for row in year_rows if row.mentions is not None]
        scored = total = 0.0
        for row in year_rows:
            if row.polarity_mean is not None:
                scored += scored_by_period.get(row.period, 0)
                total += row.polarity_mean * scored_by_period.get(row.period, 0)

        folded.append(
            replace(
                year_rows[0],
                period=year,
                matched=sum(row.matched or 0 for row in year_rows),
                mentions=sum(counts) if counts else None,
                polarity_mean=total / scored if scored else None,
                cut_off=any(row.cut_off for row in year_rows),
            )
        )

    return folded
