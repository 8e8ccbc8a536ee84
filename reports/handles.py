"""What the pages of a run of handles or searches show: one that compares them, and one for each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from dataclasses import replace as changed

from sqlalchemy import and_, select

from models.database import Database
from models.tables import Document, PostPolarity
from reports import findings, results
from reports.album import Album, Shown, slug
from reports.coverage import CoverageGrid, coverage_grid
from reports.drawing import cloud, draw, top_entities
from reports.facts import Facts
from reports.figures import accounts, clouds, entities, moods, series, style
from reports.results import EntityRow, PeriodRow, PhraseRow
from reports.selection import JobOfRun, RunRead, fetch, handle_of, of_job, paged, read_run, term_of
from reports.statistics import figure, t_interval
from textapi.engine.sentences import sentences

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
    rows: list[PeriodRow]  # every month from the first post to the last
    account: accounts.Account
    posts: list[Post]
    phrases: list[PhraseRow]
    entities: dict[str, list[tuple[str, int]]]
    merged: list[EntityRow]  # names that were written in several ways
    summary: list[Quote]
    summary_sentences: int
    reasons: list[str]
    sources: list[str]
    findings: list[str]
    figures: dict[str, Shown] = field(default_factory=dict)


@dataclass
class HandlesPage:
    """All that the templates of a run of handles or searches need besides the facts."""

    portraits: list[Portrait]
    coverage: CoverageGrid
    figures: dict[str, Shown] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)  # some of each, to see which writing systems they use
    findings: list[str] = field(default_factory=list)


def make(db: Database, facts: Facts, album: Album) -> HandlesPage:
    """Read a run's results and draw its pictures, one account after the other."""
    run = read_run(db, facts.id)
    periods = list(results.periods(db, facts.id))
    said = list(results.phrases(db, facts.id))
    named = list(results.entities(db, facts.id))
    summaries = {row.job: row.summary for row in results.summaries(db, facts.id)}
    page = HandlesPage([], coverage_grid(db, facts.id))
    for job in run.jobs:
        portrait, words, texts = _portrait(db, run, job, summaries.get(job.name, ""))
        wanted = handle_of(job) if job.name.startswith("@") else term_of(job)
        portrait.rows = _every_month([row for row in periods if wanted in {row.handle, row.keyword}])
        portrait.phrases = [row for row in said if row.job == job.name]
        portrait.entities = top_entities(row for row in named if row.job == job.name)
        portrait.merged = [r for r in named if r.job == job.name and r.period is None and len(r.spellings) > 1][:12]
        portrait.reasons = sorted({row.reason for row in page.coverage.jobs.get(job.name, {}).values() if row.reason})
        portrait.findings = findings.of_handle(job.name, portrait.rows)
        _figures(portrait, words, facts, album)
        page.portraits.append(portrait)
        page.texts += texts
    page.findings = findings.of_accounts([portrait.account for portrait in page.portraits])
    _compare(page, album)
    return page


def _portrait(db: Database, run: RunRead, job: JobOfRun, summary: str) -> tuple[Portrait, Counter[str], list[str]]:
    """The account without what other tables say of it; its words; some of its texts."""
    quotes = dict.fromkeys(sentences(summary))
    shown: dict[str, str | None] = dict.fromkeys(list(quotes)[:SENTENCES_SHOWN])
    words, sources = Counter[str](), set[str]()
    polarities: list[float] = []
    texts: list[str] = []
    said = and_(PostPolarity.document_id == Document.id, PostPolarity.job_id == job.id)
    statement = (
        select(Document.id, Document.text, Document.address, Document.source, PostPolarity.polarity)
        .outerjoin(PostPolarity, said)
        .where(of_job(run, job))
    )
    n = 0
    for _, text, address, source, polarity in paged(db, statement, Document.id):
        n += 1
        words += clouds.count_words([text])
        sources.add(source)
        if polarity is not None:
            polarities.append(polarity)
        if len(texts) < 50:
            texts.append(text)
        plain = " ".join(text.split())
        for sentence, found in shown.items():
            if found is None and sentence in plain:
                shown[sentence] = address
    newest = fetch(
        db,
        select(Document.published_at, Document.address, Document.text, PostPolarity.polarity, Document.repost)
        .outerjoin(PostPolarity, said)
        .where(of_job(run, job))
        .order_by(Document.published_at.desc().nulls_last(), Document.identity)
        .limit(POSTS_SHOWN),
    )
    mean, low, high = map(figure, t_interval(polarities))
    return (
        Portrait(
            job.name,
            slug(job.name),
            [],
            accounts.Account(job.name, n, mean, low, high),
            [Post(at.isoformat() if at else None, *rest) for at, *rest in newest],
            [],
            {},
            [],
            [Quote(sentence, address) for sentence, address in shown.items()],
            len(quotes),
            [],
            sorted(sources),
            [],
        ),
        words,
        texts,
    )


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
    return [by_month.get(period) or changed(empty, period=period) for period in style.Range.of(by_month)]


def _figures(portrait: Portrait, words: Counter[str], facts: Facts, album: Album) -> None:
    name, rows, shown = portrait.name, portrait.rows, portrait.figures
    if rows:
        span = style.Range.of(row.period for row in rows)
        shown["posts"] = album.show(
            f"{portrait.slug}-posts",
            (rows, span, name),
            lambda: draw([name], lambda: series.posts_figure(rows, span=span, subject=name)),
            alt=f"Bars: posts of {name} per month, {portrait.account.n:,} in all.",
            caption="A ring at zero is a month without a post. Bars are lighter where n < 5.",
        )
        if any(row.polarity_mean is not None for row in rows):
            shown["mood"] = album.show(
                f"{portrait.slug}-mood",
                (rows, span, name),
                lambda: draw([name], lambda: moods.overall_figure(rows, span=span, subject=name, unit="posts")),
                alt=f"Line: mean polarity of the posts of {name} in each month, with its interval.",
                caption="The line breaks where a month has no post. Hollow dots: n < 5.",
            )
    if portrait.entities:
        named = portrait.entities
        shown["entities"] = album.show(
            f"{portrait.slug}-entities",
            (named, name),
            lambda: draw(
                [n for names in named.values() for n, _ in names],
                lambda: entities.entities_figure(named, subject=name, unit="times named in its posts"),
            ),
            alt="Bars of the most frequent names by type: "
            + "; ".join(f"{kind}: " + ", ".join(n for n, _ in names[:3]) for kind, names in named.items())
            + ".",
            caption="Names are merged where their spellings are surely one. Dates, sums and numbers are left to "
            "entities.csv.",
        )
    leave_out = (name.removeprefix("@").removeprefix("search:"),)
    picture = cloud(
        album,
        f"{portrait.slug}-cloud",
        words,
        leave_out,
        facts,
        caption=f"The words of {portrait.account.n:,} posts, larger where more frequent.",
    )
    if picture:
        shown["cloud"] = picture


def _compare(page: HandlesPage, album: Album) -> None:
    some = [p for p in page.portraits if p.rows][:COMPARED]
    if len(some) < 2:
        return
    compared = [p.account for p in some]
    names = [p.name for p in some]
    span = style.Range.of(row.period for p in some for row in p.rows)
    by_month = [{row.period: row for row in p.rows} for p in some]
    posts = [[_posts(rows.get(period)) for period in span] for rows in by_month]
    mood = [[rows[period].polarity_mean if period in rows else None for period in span] for rows in by_month]
    if any(account.mean is not None for account in compared):
        page.figures["moods"] = album.show(
            "accounts-moods",
            compared,
            lambda: draw(names, lambda: accounts.moods_figure(compared)),
            alt="Dots: mean polarity of each account's posts, with its interval. The numbers are in the table.",
            caption="Each over all its posts. Hollow: n < 5.",
        )
        page.figures["mood"] = album.show(
            "accounts-mood-by-month",
            (names, span, mood),
            lambda: draw(names, lambda: accounts.calendar_figure(names, span, mood, mood=True)),
            alt="Heat chart: mean polarity of each account in each month.",
            caption="Blue is positive, brown negative. A blank cell has no post.",
        )
    page.figures["posts"] = album.show(
        "accounts-posts",
        (names, span, posts),
        lambda: draw(names, lambda: accounts.calendar_figure(names, span, posts, mood=False)),
        alt="Heat chart: posts of each account in each month.",
        caption="A blank cell has no post.",
    )


def _posts(row: PeriodRow | None) -> float | None:
    return row.mentions if row is not None and row.mentions else None
