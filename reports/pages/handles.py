"""The pages of a run of handles or searches: one that compares them, and one for each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any

from sqlalchemy import and_, select

from analysis import grains
from analysis.text.account_names import Writings, count_writings, names_of_account
from analysis.text.near_duplicates import Patterns, find_patterns
from analysis.text.phrases import says_something
from analysis.text.words import count_words, has_words, merge_spellings
from core.enums import Grain, StepState
from models.tables import Document, PostPolarity
from reports.data.daily_counts import (
    DAY_OF_MONTH,
    DailyCounts,
    day_of_document,
    read_selected_counts,
)
from reports.data.distinct_mentions import describe_repeats
from reports.data.entity_labels import is_account
from reports.data.export_schema import pad_period, valid_polarity
from reports.data.period_counts import cut_off
from reports.data.queries import (
    Statement,
    fetch_all,
    fetch_pages,
    fetch_scalars,
    in_batches,
    index_by,
)
from reports.data.run_data import RunData, RunJob, documents_condition
from reports.data.selection import left_out
from reports.data.tables.coverage import CoverageGrid, read_coverage_grid
from reports.data.tables.distinctive import DistinctiveRow, read_distinctive
from reports.data.tables.entities import EntityRow, read_entities
from reports.data.tables.periods import PeriodRow, read_periods, read_series
from reports.data.tables.phrases import PhraseRow, read_phrases
from reports.data.tables.summaries import read_summaries
from reports.figures import accounts, clouds, distinctive, entities, polarity, series, style
from reports.figures.figure_store import FigureRef, FigureSection, FigureStore, slug
from reports.figures.spec import Subject
from reports.findings.highlights import Highlight, account_highlights, handle_highlights
from reports.pages.page_rows import PageRows, page_rows
from reports.pages.repeats import ALL
from reports.pages.word_section import add_words
from reports.stats.intervals import polarity_interval, round_figure
from reports.words.quantities import format_day, quantity, signed, web_address
from sources.post_cleaning import words_of_post
from textapi.text.sentences import sentences

#: periods in a row without a post, from which on they are no zeros: a year of them
SILENCE = {Grain.DAY: 365, Grain.WEEK: 52, Grain.MONTH: 12, Grain.YEAR: 1}
SENTENCES_SHOWN = 10  # of a summary
ACCOUNTS_COMPARED = 40  # in one figure
SAMPLES = 50  # texts of an account
NAMES_COMPARED = 3  # of an account, beside the others
MERGED_SHOWN = 12  # names that were written in several ways


@dataclass(frozen=True)
class Post:
    """A post as the table shows it; *text* is None where the report leaves texts out."""

    published_at: datetime | None  # UTC
    address: str | None
    text: str | None
    polarity: float | None
    repost: bool


@dataclass(frozen=True)
class Quote:
    """A sentence of a summary, and the address of the post that it stands in."""

    sentence: str
    address: str | None


@dataclass
class Portrait:
    """One handle or search."""

    name: str  # of the job: @nasa, search:term
    account: accounts.Account
    summary: list[Quote]
    summary_sentences: int
    sources: list[str]
    texts: list[str]  # samples
    months: list[PeriodRow]  # every month from the first known post to the last
    rows: list[PeriodRow]  # the same by the run's grain
    scored_rows: list[PeriodRow]  # the same, with the number of scored posts
    phrases: list[PhraseRow]
    distinctive: list[DistinctiveRow]
    names: entities.TopNames
    merged_names: list[str]  # those that were written in several ways
    reasons: list[str]
    over_time: list[FigureRef] = field(default_factory=list)
    sections: list[FigureSection] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """The name as a part of file names."""
        return slug(self.name)

    @property
    def most_named(self) -> list[tuple[str, int]]:
        """The names that come most often, whatever their type, each with how often it came."""
        names = chain.from_iterable(self.names.by_type.values())
        return sorted(names, key=lambda name: (-name[1], name[0]))[:NAMES_COMPARED]


@dataclass(frozen=True)
class PortraitPage:
    """All that the template of one account or search needs besides the summary."""

    coverage: CoverageGrid
    portrait: Portrait
    posts: PageRows[Post]


@dataclass
class HandlesPage:
    """All that the page of several accounts or searches needs besides the summary."""

    coverage: CoverageGrid
    portraits: list[Portrait]
    figures: list[FigureRef]

    @property
    def texts(self) -> list[str]:
        """Samples of all accounts, to see which scripts they use."""
        return list(chain.from_iterable(map(attrgetter("texts"), self.portraits)))


def make_page(
    data: RunData,
    store: FigureStore,
    show_portrait: Callable[[PortraitPage], None],
    *,
    texts: bool,
) -> HandlesPage:
    """Read a run's results and draw its figures, one account after the other.

    Each is shown when it is read; its posts, with or without *texts*, are then let go.
    """
    coverage = read_coverage_grid(data)
    jobs = index_by("name", data.jobs)
    store.progress.expect_pages(1 if len(jobs) == 1 else len(jobs) + 1)
    portraits = []
    for portrait in _read_portraits(data, store, coverage):
        posts = page_rows(_newest_first(data, jobs[portrait.name], texts=texts), _values)
        show_portrait(PortraitPage(coverage, portrait, posts))
        portraits.append(portrait)
    return HandlesPage(coverage, portraits, _compare(portraits, store))


@dataclass(frozen=True)
class AccountRows:
    """The months of an account or a search, as its highlights and events read them."""

    months: list[PeriodRow]
    scored: list[PeriodRow]  # the same, with the number of scored posts
    days: DailyCounts


def read_account_rows(
    data: RunData, names: Collection[str] | None = None
) -> dict[str, AccountRows]:
    """Return the months of each account or search, or of those with *names*, by job."""
    rows_of_job: dict[str | None, list[PeriodRow]] = defaultdict(list)
    for row in read_periods(data, names):
        rows_of_job[row.job].append(row)
    accounts_rows = {}
    for job in data.jobs_named(names):
        scored = _count_scored(data, job)
        months = fill_periods(rows_of_job[job.name])
        scored_rows = [replace(row, mentions=scored[row.period]) for row in months]
        days = read_selected_counts(data, job)
        accounts_rows[job.name] = AccountRows(months, scored_rows, days)
    return accounts_rows


def read_highlights(data: RunData, subject: str | None = None) -> dict[str, list[Highlight]]:
    """Return the highlights of each account or search, and under "" those that compare them.

    Where a *subject* is given, only its own.
    """
    names = [subject] if subject else None
    rows, days, highlights = {}, {}, {}
    for name, account in read_account_rows(data, names).items():
        rows[name], days[name] = account.months, account.days
        if subject != ALL:
            highlights[name] = handle_highlights(name, account.months, account.scored, account.days)
    if not subject:
        highlights[ALL] = account_highlights(rows, days)
    return highlights


def draw_figures(data: RunData, store: FigureStore, names: Collection[str]) -> None:
    """Draw the figures of the accounts or searches *names* alone, which `make_page` then finds."""
    for _ in _read_portraits(data, store, CoverageGrid((), {}), names):
        pass


def _read_portraits(
    data: RunData, store: FigureStore, coverage: CoverageGrid, names: Collection[str] | None = None
) -> Iterator[Portrait]:
    rows: dict[str | None, list[PeriodRow]] = defaultdict(list)
    phrases: dict[str, list[PhraseRow]] = defaultdict(list)
    names_by_job: dict[str, list[EntityRow]] = defaultdict(list)
    months: dict[str | None, list[PeriodRow]] = defaultdict(list)
    for row in read_periods(data, names):
        months[row.job].append(row)
    for row in read_series(data, names):
        rows[row.job].append(row)
    for phrase in read_phrases(data, names):
        phrases[phrase.job].append(phrase)
    distinctive_words: dict[str, list[DistinctiveRow]] = defaultdict(list)
    for word in read_distinctive(data, names):
        distinctive_words[word.job].append(word)
    for entity in read_entities(data, names):
        if entity.period is None:
            names_by_job[entity.job].append(entity)
    summaries = dict(map(attrgetter("job", "summary"), read_summaries(data, names)))

    for job in data.jobs_named(names):
        summary = summaries.get(job.name, "")
        posts = _read_posts(data, job, summary, data.grain, _find_patterns(data, job))
        quotes = _quotes(posts.summary, posts.addresses)
        quotes = [quote for quote in quotes if has_words(quote.sentence)]
        series_rows = fill_periods(rows[job.name])
        portrait = Portrait(
            name=job.name,
            account=_account(job, posts),
            summary=quotes[:SENTENCES_SHOWN],
            summary_sentences=len(quotes),
            sources=sorted(posts.sources),
            texts=posts.texts,
            months=fill_periods(months[job.name]),
            rows=series_rows,
            scored_rows=[replace(row, mentions=posts.scored[row.period]) for row in series_rows],
            phrases=_phrases_to_show(phrases[job.name], posts.names),
            distinctive=distinctive_words[job.name],
            names=entities.top_names(names_by_job[job.name], account_names=posts.names),
            merged_names=_merged_names(names_by_job[job.name], posts.names),
            reasons=coverage.reasons(job.name),
        )
        _draw_portrait(portrait, posts, data, store)
        yield portrait


@dataclass
class _Posts:
    """What one pass over an account's posts yields."""

    summary: str  # in one line
    subject: str  # the handle or term
    n: int = 0
    authored: int = 0  # no reposts
    sources: set[str] = field(default_factory=set)
    polarities: list[float] = field(default_factory=list)
    scored: Counter[str] = field(default_factory=Counter)  # posts with a polarity, by period
    texts: list[str] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)  # of authored posts, repeats once a month
    repeats: int = 0  # posts that are left out of them
    writings: Writings = field(default_factory=Writings)  # of the handle
    addresses: dict[str, str | None] = field(default_factory=dict)  # by sentence of the summary

    @property
    def names(self) -> list[str]:
        """The handle or term, and its name in words where posts spell it out."""
        return names_of_account(self.subject, self.writings)

    def add_authored(self, text: str, address: str | None, *, is_repeat: bool) -> None:
        """Count the words of a post that is no repost, and note the sentences it is quoted with."""
        self.authored += 1
        words = words_of_post(text)
        if is_repeat:
            self.repeats += 1
        else:
            self.words.update(count_words([words]))
        for sentence in sentences(words):
            if sentence in self.summary:
                self.addresses.setdefault(sentence, address)


def _find_patterns(data: RunData, job: RunJob) -> Patterns:
    """Return the patterns of a job's posts that are no reposts, without those left out."""
    without = left_out(data, job)
    statement = _select_posts(data, job, Document.id, Document.text)
    authored = statement.where(Document.repost.is_not(True))

    def read_texts() -> Iterator[tuple[int, str]]:
        for document, text, _ in fetch_pages(data.db, authored, Document.id):
            if document not in without:
                yield document, text

    return find_patterns(read_texts)


def _read_posts(
    data: RunData, job: RunJob, summary: str, grain: Grain, patterns: Patterns
) -> _Posts:
    """Read an account's posts once; of each of *patterns* the first of a month has words.

    Posts with a polarity are counted by period of the *grain*.
    """
    seen: set[tuple[int, str | None]] = set()
    subject = job.name.removeprefix("@").removeprefix("search:")
    posts = _Posts(" ".join(summary.split()), subject)
    whence = (Document.id, Document.source, Document.address, Document.period)
    what = (Document.text, Document.repost, DAY_OF_MONTH)
    statement = _select_posts(data, job, *whence, *what)

    without = left_out(data, job)
    for document, source, address, period, text, repost, day, stored in fetch_pages(
        data.db, statement, Document.id
    ):
        if document in without:
            continue
        score = valid_polarity(stored)
        posts.n += 1
        posts.sources.add(source)
        posts.writings += count_writings(subject, [text])
        if len(posts.texts) < SAMPLES:
            posts.texts.append(text)
        if score is not None:
            posts.polarities.append(score)
            if period is not None:
                posts.scored[grains.period_of(day_of_document(period, day), grain)] += 1
        if not repost:
            place = patterns.place_of(document)
            is_repeat = place is not None and (place, period) in seen
            posts.add_authored(text, address, is_repeat=is_repeat)
            if place is not None:
                seen.add((place, period))
    return posts


def _account(job: RunJob, posts: _Posts) -> accounts.Account:
    mean, low, high = map(round_figure, polarity_interval(posts.polarities))
    return accounts.Account(job.name, posts.n, len(posts.polarities), mean, low, high)


def _newest_first(data: RunData, job: RunJob, *, texts: bool) -> Iterator[Post]:
    """Yield a job's posts, the newest first, a batch of documents at a time."""
    order = (Document.published_at.desc().nulls_last(), Document.identity)
    ids = fetch_scalars(data.db, _select_posts(data, job, Document.id).order_by(*order))
    columns = (Document.id, Document.published_at, Document.address, Document.text, Document.repost)
    without = left_out(data, job)
    for batch in in_batches([id_ for id_ in ids if id_ not in without]):
        statement = _select_posts(data, job, *columns).where(Document.id.in_(batch))
        rows = {id_: values for id_, *values in fetch_all(data.db, statement)}
        for at, address, text, repost, stored in map(rows.__getitem__, batch):
            yield Post(at, address, text if texts else None, valid_polarity(stored), repost)


def _values(post: Post) -> tuple[str | float | None, ...]:
    """Return what the table of posts shows of one: see the heads in `handle.html`."""
    return (
        format_day(post.published_at) or "no date",
        web_address(post.address),
        post.text,
        post.polarity,
        "\u2013" if post.polarity is None else signed(post.polarity),
        " (repost)" if post.repost else None,
    )


def _count_scored(data: RunData, job: RunJob) -> Counter[str]:
    """Return how many posts of a job have a polarity, by month."""
    scored: Counter[str] = Counter()
    without = left_out(data, job)
    statement = _select_posts(data, job, Document.id, Document.period)
    for document, period, stored in fetch_pages(data.db, statement, Document.id):
        if period and document not in without and valid_polarity(stored) is not None:
            scored[pad_period(period)] += 1
    return scored


def _select_posts(data: RunData, job: RunJob, *columns: Any) -> Statement:
    """Select *columns* of a job's documents and, last, their polarity."""
    scored = and_(PostPolarity.document_id == Document.id, PostPolarity.job_id == job.id)
    statement = select(*columns, PostPolarity.polarity).outerjoin(PostPolarity, scored)
    return statement.where(documents_condition(data, job))


def _quotes(summary: str, addresses: Mapping[str, str | None]) -> list[Quote]:
    """Cut a summary into the sentences of posts that it is made of, each once, with addresses.

    Not cut by the rules for sentences: one that ends without a full stop would be one with the
    next.
    """
    spans = sorted((summary.find(sentence), -len(sentence), sentence) for sentence in addresses)
    quotes: dict[str, str | None] = {}
    end = 0
    for start, _, sentence in spans:
        if start >= end:
            quotes.setdefault(summary[end:start].strip())
            quotes[sentence] = addresses[sentence]
            end = start + len(sentence)
    quotes.setdefault(summary[end:].strip())
    return [Quote(sentence, address) for sentence, address in quotes.items() if sentence]


def fill_periods(rows: Sequence[PeriodRow]) -> list[PeriodRow]:
    """Return every period from the first known post to the last; before and after is no data.

    A period without a post is a zero. In a silence of a year or longer there is no data either:
    nobody knows whether the account said nothing or the archive does not reach there.
    """
    if not rows:
        return []

    by_period = index_by("period", rows)
    span = style.Range.of(by_period)
    silence = SILENCE[span.grain]
    periods: list[PeriodRow] = []
    silent: list[str] = []
    for period in span:
        if period not in by_period:
            silent.append(period)
            continue
        for without_post in silent:
            periods.append(_silent_period(rows[0], without_post, is_zero=len(silent) < silence))
        periods.append(by_period[period])
        silent.clear()
    return periods


def _silent_period(row: PeriodRow, period: str, *, is_zero: bool) -> PeriodRow:
    """Return the row of a *period* without posts, of the account whose row is *row*."""
    return PeriodRow(
        run=row.run,
        period=period,
        handle=row.handle,
        keyword=row.keyword,
        term=row.term,
        state=row.state if is_zero else StepState.NO_DATA.value,
        documents=0,
        matched=0 if is_zero else None,
        mentions=0 if is_zero else None,
        share=None,
        share_low=None,
        share_high=None,
        polarity_mean=None,
        polarity_low=None,
        polarity_high=None,
        job=row.job,
    )


def _phrases_to_show(phrases: Sequence[PhraseRow], names: Sequence[str]) -> list[PhraseRow]:
    """Return the phrases that occur more than once and do not only repeat the account's *names*."""
    return [row for row in phrases if says_something(row.phrase, row.count, names)]


def _merged_names(rows: Sequence[EntityRow], account_names: Sequence[str]) -> list[str]:
    """Return the names that were written in several ways, with the other spellings.

    Those of the account itself are left out, as in the figure.
    """
    merged = []
    for row in rows:
        if row.type in entities.NO_NAMES or is_account(row.type, row.name, account_names):
            continue
        if len(row.spellings) > 1:
            others = [spelling for spelling in row.spellings if spelling != row.name]
            merged.append(f"{row.name} ({', '.join(others)})")
    return merged[:MERGED_SHOWN]


def _draw_portrait(portrait: Portrait, posts: _Posts, data: RunData, store: FigureStore) -> None:
    name, rows = portrait.name, portrait.rows
    first, last = (rows[0].period, rows[-1].period) if rows else ("", "")
    subject = Subject(name, portrait.slug, style.Range(first, last))
    if rows:
        portrait.over_time = store.show_all(
            series.posts_spec(subject, rows, posts=posts.n),
            polarity.overall_spec(subject, portrait.scored_rows, unit="post"),
        )

    add = partial(store.add_section, portrait.sections)
    merged = "; ".join(portrait.merged_names)
    unit = "times named in its posts"
    names = entities.entities_spec(subject, portrait.names, unit=unit, texts=posts.texts)
    add("names", "Names", names, note=f"Counted as one: {merged}." if merged else "")
    _add_distinctive(portrait, subject, data, store)
    words = merge_spellings(posts.words)
    chosen = clouds.choose(words, posts.names, data.parameters.max_words)
    counted = quantity(posts.authored - posts.repeats, "post")
    repeats = describe_repeats(posts.repeats, "post")
    add_words(add, subject.slug, chosen, data.mask, counted=counted, repeats=repeats)


def _add_distinctive(
    portrait: Portrait, subject: Subject, data: RunData, store: FigureStore
) -> None:
    """Add the words that stand out: a figure, or two lists where there is one other account."""
    rows, place = portrait.distinctive, ("distinctive", "Words that stand out")
    others = [job.name for job in data.jobs if job.name != portrait.name]
    note = distinctive.no_word_stands_out(rows)
    if len(others) == 1 and not note:
        lists = distinctive.list_uses(rows, others[0])
        note = distinctive.describe_lists(f"the posts of {others[0]}") if lists else ""
        store.add_section(portrait.sections, *place, note=note, lists=lists)
        return
    compared_with = f"the posts of the run's other {data.kind.job_nouns}"
    spec = distinctive.distinctive_spec(subject, rows, compared_with=compared_with)
    store.add_section(portrait.sections, *place, spec, note=note)


def _compare(portraits: list[Portrait], store: FigureStore) -> list[FigureRef]:
    """Draw the accounts beside each other, where there are two with dated posts."""
    compared = list(filter(attrgetter("rows"), portraits))[:ACCOUNTS_COMPARED]
    if len(compared) < 2:
        return []

    names = list(map(attrgetter("name"), compared))
    rows = chain.from_iterable(map(attrgetter("rows"), compared))
    span = style.Range.of(map(attrgetter("period"), rows))
    posts: list[list[float | None]] = []
    means: list[list[float | None]] = []
    gaps: list[list[str]] = []
    cut_off_periods: list[list[str]] = []
    for portrait in compared:
        posts_by_period: dict[str, int] = {}
        mean_by_period: dict[str, float | None] = {}
        for row in portrait.rows:
            mean_by_period[row.period] = row.polarity_mean
            if row.mentions is not None:
                posts_by_period[row.period] = row.mentions
        posts.append([posts_by_period.get(period) or None for period in span])
        means.append(list(map(mean_by_period.get, span)))
        gaps.append([period for period in span if period not in posts_by_period])
        cut_off_periods.append(cut_off(portrait.rows))
    return store.show_all(
        accounts.posts_spec(names, span, posts, gaps, cut_off_periods),
        accounts.means_spec(list(map(attrgetter("account"), compared))),
        accounts.polarity_spec(names, span, means, gaps, cut_off_periods),
    )
