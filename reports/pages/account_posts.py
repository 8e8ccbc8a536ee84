"""What one pass over an account's posts yields, and the newest of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from analysis.text.account_names import Writings, count_writings, names_of_account
from analysis.text.garbled import DamagedTexts
from analysis.text.words import count_words
from models.tables import Document
from reports.data.account_rows import select_posts
from reports.data.queries import fetch_all, fetch_pages, fetch_scalars
from reports.data.repeats import find_repeated
from reports.data.run_data import RunData, RunJob
from reports.data.selection import left_out
from reports.frames.frames import valid_polarity
from reports.pages.page_rows import PageRows
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


@dataclass
class AccountPosts:
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


def read_posts(run: RunData, job: RunJob) -> AccountPosts:
    """Read an account's posts once; repeats have no words."""
    subject = job.name.removeprefix("@").removeprefix("search:")
    posts = AccountPosts(subject)
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
            posts.authored += 1
            posts.repeats += document in repeated
        if not repost and document not in repeated:
            posts.words.update(count_words([words_of_post(text)]))

    return posts


def read_newest(run: RunData, job: RunJob, *, texts: bool) -> PageRows[Post]:
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
