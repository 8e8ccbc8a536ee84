"""The polarity of mentioning sentences (months) and of posts (accounts and searches)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from analysis.corpus import count_documents
from analysis.data import MonthData, PostData
from analysis.fetcher import Fetcher
from analysis.step import Rows, Step, StepResult
from models.results import set_mention_polarities
from models.tables import Mention, PostPolarity
from textapi.requests import polarity_key, polarity_requests

NAME = "polarity"


async def score_mentions(data: MonthData, fetcher: Fetcher) -> StepResult:
    """Score every different sentence that mentions a keyword, once for each keyword.

    Where terms are masked, a sentence that mentions two keywords is two texts.
    """
    sentences = await data.results.sentences()
    texts = [data.scored_text(keyword, sentence) for keyword, sentence in sentences]
    polarities = await _fetch_polarities(fetcher, dict.fromkeys(texts), data.options.text_size)

    mention_rows = []
    for (keyword, sentence), text in zip(sentences, texts, strict=True):
        mention_rows.append(
            {"keyword": keyword, "sentence": sentence, "polarity": polarities[text]}
        )

    return StepResult(count_documents(await data.corpora()), {Mention: mention_rows})


def store_mention_polarities(connection: Connection, job_id: int, rows: Rows) -> None:
    """Set the polarity of each stored mention by its keyword and sentence."""
    polarities = {(row["keyword"], row["sentence"]): row["polarity"] for row in rows[Mention]}
    set_mention_polarities(connection, job_id, polarities)


async def score_posts(data: PostData, fetcher: Fetcher) -> StepResult:
    """Score every authored post."""
    texts = dict.fromkeys(post.text for post in data.authored)
    polarities = await _fetch_polarities(fetcher, texts, data.options.text_size)
    post_rows = []
    for post in data.authored:
        post_rows.append({"document_id": post.id, "polarity": polarities[post.text]})

    return StepResult(len(data.authored), {PostPolarity: post_rows})


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
