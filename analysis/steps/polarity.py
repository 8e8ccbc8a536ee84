"""The polarity of mentioning sentences (months) and of posts (accounts and searches)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher
from analysis.readable import find_unread
from analysis.refusals import Refusals
from analysis.step import Rows, Step, StepResult
from models.results import MentionSentence, set_mention_polarities
from models.tables import Mention, PostPolarity
from textapi.requests import is_refusal, polarity_key, polarity_requests

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
    answers = await _fetch_answers(fetcher, different_texts, data.options.text_size)
    refusals = Refusals()

    mention_rows = []
    for mention in mentions:
        answer = answers[texts[mention]] if mention in texts else None
        if is_refusal(answer):
            key = polarity_key(fetcher.engine, texts[mention])
            refusals.add(key, answer, [mention.document_id])

        polarity = None if answer is None or is_refusal(answer) else float(answer)
        mention_rows.append({**mention._asdict(), "polarity": polarity})

    document_ids = {mention.document_id for mention in mentions}
    result = unread.result(document_ids, {Mention: mention_rows})
    return await refusals.complete(data, result)


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
    answers = await _fetch_answers(fetcher, texts, data.options.text_size)
    refusals = Refusals()
    post_rows = []
    for post in posts:
        answer = answers[post.text]
        if is_refusal(answer):
            refusals.add(polarity_key(fetcher.engine, post.text), answer, [post.id])
        else:
            post_rows.append({"document_id": post.id, "polarity": float(answer)})

    result = unread.result({post.id for post in data.authored}, {PostPolarity: post_rows})
    return await refusals.complete(data, result)


async def _fetch_answers(fetcher: Fetcher, texts: Iterable[str], text_size: int) -> dict[str, Any]:
    """Return the polarity of each of *texts*, which are all different, or its refusal."""
    keys = {text: polarity_key(fetcher.engine, text) for text in texts}
    await fetcher.fetch(polarity_requests(fetcher.engine, keys, text_size))
    answers = await fetcher.read(list(keys.values()))
    return {text: answers[key] for text, key in keys.items()}


MENTIONS_STEP = Step(
    NAME, score_mentions, tables=(), needs=("keywords",), store=store_mention_polarities
)
POSTS_STEP = Step(NAME, score_posts, tables=(PostPolarity,))
