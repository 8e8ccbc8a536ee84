"""What the pages of a run of handles or searches show: one that compares them, and one for each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as changed

from sqlalchemy import and_, select

from core.enums import JobKind
from models.tables import Document, PostPolarity
from reports import highlights
from reports.drawing import NO_NAMES, Named, cloud, draw, entities_shown, top_entities
from reports.figure_store import FigureRef, FigureStore, slug
from reports.figures import accounts, clouds, polarity, series, style
from reports.queries import fetch_all, fetch_pages
from reports.run_data import RunData, RunJob, documents_condition
from reports.statistics import round_figure, t_interval
from reports.tables.coverage import CoverageGrid, read_coverage_grid
from reports.tables.entities import EntityRow, read_entities
from reports.tables.periods import PeriodRow, read_periods
from reports.tables.phrases import PhraseRow, read_phrases
from reports.tables.summaries import read_summaries
from sources.post_cleaning import words_of_post
from textapi.text.sentences import sentences

POSTS_SHOWN = 200  # the newest; all of them are in the exports
SENTENCES_SHOWN = 10  # of a summary
COMPARED = 40  # accounts in one picture


@dataclass(frozen=True)
class Post:
    """A post as the table shows it."""

    published_at: str | None
    address: str | None
    text: str
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
    slug: str
    account: accounts.Account
    posts: list[Post]
    summary: list[Quote]
    summary_sentences: int
    sources: list[str]
    texts: list[str]  # samples
    scored: Counter[str]  # posts with a polarity, by month
    own: int  # posts that are no reposts
    rows: list[PeriodRow] = field(
        default_factory=list
    )  # every month from the first post to the last
    moods: list[PeriodRow] = field(default_factory=list)  # the same, of the scored posts alone
    phrases: list[PhraseRow] = field(default_factory=list)
    named: Named = field(default_factory=lambda: Named({}, 0))
    merged: list[EntityRow] = field(default_factory=list)  # names that were written in several ways
    reasons: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    figures: dict[str, FigureRef] = field(default_factory=dict)


@dataclass
class HandlesPage:
    """All that the templates of a run of handles or searches need besides the summary."""

    portraits: list[Portrait]
    coverage: CoverageGrid
    figures: dict[str, FigureRef] = field(default_factory=dict)
    texts: list[str] = field(
        default_factory=list
    )  # some of each, to see which writing systems they use
    findings: list[str] = field(default_factory=list)


def make_page(data: RunData, store: FigureStore) -> HandlesPage:
    """Read a run's results and draw its pictures, one account after the other."""
    page = HandlesPage([], read_coverage_grid(data))
    for portrait in _portraits(data, store, page.coverage):
        page.portraits.append(portrait)
        page.texts += portrait.texts
    page.findings = highlights.account_highlights([portrait.account for portrait in page.portraits])
    _compare(page, store)
    return page


def draw_figures(data: RunData, store: FigureStore, names: Collection[str]) -> None:
    """Draw the pictures of the accounts or searches *names* alone, which `make_page` then finds."""
    for _ in _portraits(data, store, CoverageGrid((), {}), names):
        pass


def _portraits(
    data: RunData,
    store: FigureStore,
    coverage: CoverageGrid,
    names: Collection[str] | None = None,
) -> Iterator[Portrait]:
    rows, said, named = defaultdict(list), defaultdict(list), defaultdict(list)
    for period in read_periods(data, names):
        rows[f"@{period.handle}" if period.handle else f"search:{period.keyword}"].append(period)
    for phrase in read_phrases(data):
        said[phrase.job].append(phrase)
    for entity in read_entities(data):
        if entity.period is None:
            named[entity.job].append(entity)
    summaries = {row.job: row.summary for row in read_summaries(data)}
    for job in data.jobs_named(names):
        portrait, words = _portrait(data, job, summaries.get(job.name, ""))
        portrait.rows = _every_month(
            rows[f"@{job.handle}" if job.kind == JobKind.HANDLE else job.name]
        )
        portrait.phrases = said[job.name]
        portrait.named = top_entities(named[job.name])
        portrait.merged = [
            r for r in named[job.name] if len(r.spellings) > 1 and r.type not in NO_NAMES
        ][:12]
        portrait.reasons = sorted(
            {row.reason for row in coverage.jobs.get(job.name, {}).values() if row.reason}
        )
        portrait.moods = [
            changed(row, mentions=portrait.scored[row.period]) for row in portrait.rows
        ]
        portrait.findings = highlights.handle_highlights(job.name, portrait.rows, portrait.moods)
        _figures(portrait, words, data, store)
        yield portrait


def _portrait(data: RunData, job: RunJob, summary: str) -> tuple[Portrait, Counter[str]]:
    """The account without what other tables say of it, and its words."""
    flat = " ".join(summary.split())
    quoted: dict[str, str | None] = {}
    words, sources = Counter[str](), set[str]()
    polarities: list[float] = []
    scored = Counter[str]()
    texts: list[str] = []
    said = and_(PostPolarity.document_id == Document.id, PostPolarity.job_id == job.id)
    statement = (
        select(
            Document.id,
            Document.period,
            Document.text,
            Document.address,
            Document.source,
            Document.repost,
        )
        .add_columns(PostPolarity.polarity)
        .outerjoin(PostPolarity, said)
        .where(documents_condition(data, job))
    )
    n = own = 0
    for _, period, text, address, source, repost, score in fetch_pages(
        data.db, statement, Document.id
    ):
        n += 1
        sources.add(source)
        if score is not None:
            polarities.append(score)
            scored[period or ""] += 1
        if len(texts) < 50:
            texts.append(text)
        if not repost:
            own += 1
            said_here = words_of_post(text)
            words.update(clouds.count_words([said_here]))
            for sentence in sentences(said_here):
                if sentence in flat:
                    quoted.setdefault(sentence, address)
    newest = fetch_all(
        data.db,
        select(
            Document.published_at,
            Document.address,
            Document.text,
            PostPolarity.polarity,
            Document.repost,
        )
        .outerjoin(PostPolarity, said)
        .where(documents_condition(data, job))
        .order_by(Document.published_at.desc().nulls_last(), Document.identity)
        .limit(POSTS_SHOWN),
    )
    mean, low, high = map(round_figure, t_interval(polarities))
    quotes = [quote for quote in _quotes(flat, quoted) if clouds.says_something(quote.sentence)]
    portrait = Portrait(
        name=job.name,
        slug=slug(job.name),
        account=accounts.Account(job.name, n, len(polarities), mean, low, high),
        scored=scored,
        own=own,
        posts=[Post(at.isoformat() if at else None, *rest) for at, *rest in newest],
        summary=quotes[:SENTENCES_SHOWN],
        summary_sentences=len(quotes),
        sources=sorted(sources),
        texts=texts,
    )
    return portrait, clouds.one_spelling(words)


def _quotes(summary: str, quoted: Mapping[str, str | None]) -> list[Quote]:
    """A summary cut into the sentences of posts that it is made of, each once, with the posts' addresses.

    Not cut by the rules for sentences: one that ends without a full stop would be one with the next.
    """
    spans = sorted((summary.find(sentence), -len(sentence), sentence) for sentence in quoted)
    quotes: dict[str, str | None] = {}
    end = 0
    for start, _, sentence in spans:
        if start >= end:
            quotes.setdefault(summary[end:start].strip())
            quotes[sentence] = quoted[sentence]
            end = start + len(sentence)
    quotes.setdefault(summary[end:].strip())
    return [Quote(sentence, address) for sentence, address in quotes.items() if sentence]


def _every_month(rows: list[PeriodRow]) -> list[PeriodRow]:
    """The months between the first post and the last, those without a post as zeros."""
    if not rows:
        return []
    by_month = {row.period: row for row in rows}
    empty = changed(
        rows[0],
        documents=0,
        matched=0,
        mentions=0,
        share=None,
        share_low=None,
        share_high=None,
        polarity_mean=None,
        polarity_low=None,
        polarity_high=None,
    )
    return [
        by_month.get(period) or changed(empty, period=period) for period in style.Range.of(by_month)
    ]


def _figures(portrait: Portrait, words: Counter[str], data: RunData, store: FigureStore) -> None:
    name, rows, shown = portrait.name, portrait.rows, portrait.figures
    if rows:
        span = style.Range.of(row.period for row in rows)
        shown["posts"] = store.show(
            f"{portrait.slug}-posts",
            (rows, span, name),
            lambda: draw([name], lambda: series.posts_figure(rows, span=span, subject=name)),
            alt=f"Bars: posts of {name} per month, {portrait.account.n:,} in all.",
            caption="A ring at zero is a month without a post. Bars are lighter where n < 5.",
        )
        if any(row.polarity_mean is not None for row in rows):
            shown["mood"] = store.show(
                f"{portrait.slug}-mood",
                (portrait.moods, span, name),
                lambda: draw(
                    [name],
                    lambda: polarity.overall_figure(
                        portrait.moods, span=span, subject=name, unit="posts"
                    ),
                ),
                alt=f"Line: mean polarity of the posts of {name} in each month, with its interval.",
                caption="The line breaks where a month has no post. Hollow dots: n < 5.",
            )
    if portrait.named.by_type:
        shown["entities"] = entities_shown(
            store,
            portrait.slug,
            portrait.named,
            subject=name,
            unit="times named in its posts",
            texts=portrait.texts,
        )
    leave_out = (name.removeprefix("@").removeprefix("search:"),)
    picture = cloud(
        store,
        f"{portrait.slug}-cloud",
        words,
        leave_out,
        data,
        caption=f"The words of {portrait.own:,} posts, larger where more frequent.",
    )
    if picture:
        shown["cloud"] = picture


def _compare(page: HandlesPage, store: FigureStore) -> None:
    some = [p for p in page.portraits if p.rows][:COMPARED]
    if len(some) < 2:
        return
    compared = [p.account for p in some]
    names = [p.name for p in some]
    span = style.Range.of(row.period for p in some for row in p.rows)
    by_month = [{row.period: row for row in p.rows} for p in some]
    posts = [[_posts(rows.get(period)) for period in span] for rows in by_month]
    mood = [
        [rows[period].polarity_mean if period in rows else None for period in span]
        for rows in by_month
    ]
    if any(account.mean is not None for account in compared):
        page.figures["moods"] = store.show(
            "accounts-moods",
            compared,
            lambda: draw(names, lambda: accounts.moods_figure(compared)),
            alt="Dots: mean polarity of each account's posts, with its interval. The numbers are in the table.",
            caption="Each over all its posts. Hollow: n < 5.",
        )
        page.figures["mood"] = store.show(
            "accounts-mood-by-month",
            (names, span, mood),
            lambda: draw(names, lambda: accounts.calendar_figure(names, span, mood, mood=True)),
            alt="Heat chart: mean polarity of each account in each month.",
            caption="Blue is positive, brown negative. A blank cell has no post.",
        )
    page.figures["posts"] = store.show(
        "accounts-posts",
        (names, span, posts),
        lambda: draw(names, lambda: accounts.calendar_figure(names, span, posts, mood=False)),
        alt="Heat chart: posts of each account in each month.",
        caption="A blank cell has no post.",
    )


def _posts(row: PeriodRow | None) -> float | None:
    return row.mentions if row is not None and row.mentions else None
