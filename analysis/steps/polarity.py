"""The polarity of mentioning sentences (months) and of posts (accounts and searches)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher
from analysis.readable import find_unread
from analysis.step import Rows, Step, StepResult
from models.results import MentionSentence, set_mention_polarities
from models.tables import Mention, PostPolarity
from textapi.requests import polarity_key, polarity_requests

NAME = "polarity"


async def score_mentions(data: MonthData, fetcher: Fetcher) -> StepResult:
    """Score every different sentence that mentions a keyword, once for each keyword.

    Where terms are masked, a sentence that mentions two keywords is two texts. A mention in a
    language that the engine does not read has no polarity.
    """
    unread = await find_unread(data, fetcher)
    mentions = await data.results.mentions()
    texts: dict[MentionSentence, str] = {}
    for mention in mentions:
        if mention.document_id not in unread.left_out:
            texts[mention] = data.scored_text(mention.keyword, mention.sentence)

    different_texts = dict.fromkeys(texts.values())
    polarities = await _fetch_polarities(fetcher, different_texts, data.options.text_size)

    mention_rows = []
    for mention in mentions:
        polarity = polarities[texts[mention]] if mention in texts else None
        mention_rows.append({**mention._asdict(), "polarity": polarity})

    document_ids = {mention.document_id for mention in mentions}
    return unread.result(document_ids, {Mention: mention_rows})


def store_mention_polarities(connection: Connection, job_id: int, rows: Rows) -> None:
    """Set the polarity of each stored mention."""
    polarities: dict[MentionSentence, float | None] = {}
    for row in rows[Mention]:
        mention = MentionSentence(row["document_id"], row["keyword"], row["sentence"])
        polarities[mention] = row["polarity"]

    set_mention_polarities(connection, job_id, polarities)


async def score_posts(data: PostData, fetcher: Fetcher) -> StepResult:
    """Score every authored post in a language that the engine reads."""
    unread = await find_unread(data, fetcher)
    posts = [post for post in data.authored if post.id not in unread.left_out]
    texts = dict.fromkeys(post.text for post in posts)
    polarities = await _fetch_polarities(fetcher, texts, data.options.text_size)
    post_rows = []
    for post in posts:
        post_rows.append({"document_id": post.id, "polarity": polarities[post.text]})

    return unread.result({post.id for post in data.authored}, {PostPolarity: post_rows})


async def _fetch_polarities(
    fetcher: Fetcher, texts: Iterable[str], text_size: int
) -> dict[str, float]:
    """Return the polarity of each of *texts*, which are all different."""
    keys = {text: polarity_key(fetcher.engine, text) for text in texts}
    await fetcher.fetch(polarity_requests(fetcher.engine, keys, text_size))
    answers = await fetcher.read(list(keys.values()))
    return {text: float(answers[key]) for text, key in keys.items()}


MENTIONS_STEP = Step(
    NAME, score_mentions, tables=(), needs=("keywords",), store=store_mention_polarities
)
POSTS_STEP = Step(NAME, score_posts, tables=(PostPolarity,))
