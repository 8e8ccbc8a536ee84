"""What jobs find, written under the fence: each table of a job is replaced whole or upserted by its natural key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from models.jobs import Claim
from models.tables import Document, Entity, Mention, Phrase, PostPolarity, Summary


@dataclass(frozen=True, slots=True)
class EntityCount:
    """An entity with its count in one period ("" for the whole job) and the spellings that were joined."""

    period: str
    type: str
    name: str
    rank: int
    count: int
    spellings: tuple[str, ...]


def clear_mentions(connection: Connection, claim: Claim) -> None:
    """Before the mentions of a job are written (again)."""
    connection.execute(delete(Mention).where(Mention.job_id == claim.job_id))


def add_mentions(connection: Connection, claim: Claim, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of document_id, keyword, term, position, sentence."""
    if rows:
        connection.execute(
            insert(Mention), [{"job_id": claim.job_id, "polarity": None, **row} for row in rows]
        )


def mention_sentences(connection: Connection, job_id: int) -> list[str]:
    """The different mentioning sentences of a job in the order of documents and positions."""
    rows = connection.execute(
        select(Document.published_at, Document.identity, Mention.position, Mention.sentence)
        .join(Document, Document.id == Mention.document_id)
        .where(Mention.job_id == job_id)
    ).all()
    ordered = sorted(rows, key=lambda row: (row.published_at.date(), row.identity, row.position))
    return list(dict.fromkeys(row.sentence for row in ordered))


def set_mention_polarities(
    connection: Connection, claim: Claim, polarities: Mapping[str, float]
) -> None:
    """The polarity of every mention, by its sentence."""
    keys = connection.execute(
        select(
            Mention.document_id, Mention.keyword, Mention.term, Mention.position, Mention.sentence
        ).where(Mention.job_id == claim.job_id)
    ).all()
    if keys:
        table = Mention.__table__
        by_key = update(Mention).where(
            *(
                table.c[name] == bindparam(f"key_{name}")
                for name in ("document_id", "keyword", "term", "position")
            ),
            Mention.job_id == claim.job_id,
        )
        connection.execute(
            by_key.values(polarity=bindparam("new")),
            [
                {
                    "key_document_id": key.document_id,
                    "key_keyword": key.keyword,
                    "key_term": key.term,
                    "key_position": key.position,
                    "new": polarities[key.sentence],
                }
                for key in keys
            ],
        )


def mentioning_documents(
    connection: Connection, job_id: int, keyword: str
) -> list[tuple[int, str]]:
    """The documents that mention the keyword, ``(id, text)``, by day and identity."""
    rows = connection.execute(
        select(Document.id, Document.text, Document.published_at, Document.identity).where(
            Document.id.in_(
                select(Mention.document_id).where(
                    Mention.job_id == job_id, Mention.keyword == keyword
                )
            )
        )
    ).all()
    ordered = sorted(rows, key=lambda row: (row.published_at.date(), row.identity))
    return [(row.id, row.text) for row in ordered]


def replace_phrases(
    connection: Connection, claim: Claim, keyword: str, phrases: Sequence[tuple[str, int]]
) -> None:
    """The phrases of a job and keyword, best first, each with its count of documents."""
    connection.execute(
        delete(Phrase).where(Phrase.job_id == claim.job_id, Phrase.keyword == keyword)
    )
    if phrases:
        connection.execute(
            insert(Phrase),
            [
                {
                    "job_id": claim.job_id,
                    "keyword": keyword,
                    "rank": rank,
                    "phrase": phrase,
                    "count": count,
                }
                for rank, (phrase, count) in enumerate(phrases, start=1)
            ],
        )


def replace_entities(
    connection: Connection, claim: Claim, keyword: str, entities: Sequence[EntityCount]
) -> None:
    """The entities of a job and keyword, over the whole job and by month."""
    connection.execute(
        delete(Entity).where(Entity.job_id == claim.job_id, Entity.keyword == keyword)
    )
    if entities:
        connection.execute(
            insert(Entity),
            [
                {
                    "job_id": claim.job_id,
                    "keyword": keyword,
                    "period": entity.period,
                    "type": entity.type,
                    "name": entity.name,
                    "rank": entity.rank,
                    "count": entity.count,
                    "spellings": list(entity.spellings),
                }
                for entity in entities
            ],
        )


def replace_summary(connection: Connection, claim: Claim, keyword: str, summary: str) -> None:
    """The summary of a job and keyword."""
    connection.execute(
        delete(Summary).where(Summary.job_id == claim.job_id, Summary.keyword == keyword)
    )
    connection.execute(
        insert(Summary).values(job_id=claim.job_id, keyword=keyword, summary=summary)
    )


def replace_post_polarities(
    connection: Connection, claim: Claim, polarities: Mapping[int, float]
) -> None:
    """The polarity of every post of a job, by document."""
    connection.execute(delete(PostPolarity).where(PostPolarity.job_id == claim.job_id))
    if polarities:
        connection.execute(
            insert(PostPolarity),
            [
                {"job_id": claim.job_id, "document_id": document, "polarity": polarity}
                for document, polarity in polarities.items()
            ],
        )
