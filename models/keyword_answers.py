"""The ledger of keyword answers: which documents were searched for a term, and what was found.

Some ninety-nine in a hundred documents do not mention a term. One bit says that a document was
searched, in a bitmap for each question and block of document ids; only the sentences of mentions
are rows. A *question* is an engine and a term.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import BindParameter, Connection, Result, bindparam, delete, func, select, update

from core.enums import TextPart
from models.bulk import change_in, scalars_in
from models.database import Database, batched, insert_new
from models.tables import Answer, Document, KeywordQuestion, KeywordSentences, SearchedBlock

# A block has so many document ids, with a bit for each.
BLOCK_SIZE = 2048
# Documents are read as a range if it has at most so many ids per wanted document.
MOST_BETWEEN = 4

# The engine and the term.
Question = tuple[str, str]

_QUESTIONS: BindParameter[list[int]] = bindparam("questions", expanding=True)
_BLOCKS: BindParameter[list[int]] = bindparam("blocks", expanding=True)
_DOCUMENTS: BindParameter[list[int]] = bindparam("documents", expanding=True)
_BITMAPS = select(SearchedBlock.question_id, SearchedBlock.block, SearchedBlock.bitmap).where(
    SearchedBlock.question_id.in_(_QUESTIONS), SearchedBlock.block.in_(_BLOCKS)
)
_SENTENCES = select(
    KeywordSentences.question_id, KeywordSentences.document_id, KeywordSentences.sentences
).where(KeywordSentences.question_id.in_(_QUESTIONS))
_SENTENCES_OF_DOCUMENTS = _SENTENCES.where(KeywordSentences.document_id.in_(_DOCUMENTS))
_SENTENCES_OF_RANGE = _SENTENCES.where(
    KeywordSentences.document_id.between(bindparam("first"), bindparam("last"))
)
_QUESTION_ID = select(KeywordQuestion.id).where(
    KeywordQuestion.engine == bindparam("engine"), KeywordQuestion.term == bindparam("term")
)
_TERMS: BindParameter[list[str]] = bindparam("terms", expanding=True)
_STORED_QUESTIONS = select(KeywordQuestion.id, KeywordQuestion.term).where(
    KeywordQuestion.engine == bindparam("engine"), KeywordQuestion.term.in_(_TERMS)
)
_LOCKED_DOCUMENTS = (
    select(Document.id)
    .where(Document.id.in_(_DOCUMENTS))
    .order_by(Document.id)
    .with_for_update(read=True, key_share=True)
)
_LOCKED_BLOCKS = (
    select(SearchedBlock.question_id, SearchedBlock.block, SearchedBlock.bitmap)
    .where(SearchedBlock.block.in_(_BLOCKS))
    .order_by(SearchedBlock.question_id, SearchedBlock.block)
    .with_for_update()
)
_LOCKED_BLOCKS_OF_QUESTIONS = _LOCKED_BLOCKS.where(SearchedBlock.question_id.in_(_QUESTIONS))
_SET_BITMAP = (
    update(SearchedBlock)
    .where(
        SearchedBlock.question_id == bindparam("question"), SearchedBlock.block == bindparam("at")
    )
    .values(bitmap=bindparam("new"))
)


@dataclass
class SearchedDocuments:
    """Which documents were searched for which terms, by one engine.

    `bitmaps` are integers by term, then by block; bit n of a block is its n-th document.
    """

    bitmaps: dict[str, dict[int, int]] = field(default_factory=dict)

    def missing(self, term: str, document_ids: Iterable[int]) -> list[int]:
        """Return those of *document_ids* that were not searched for *term*."""
        bitmaps = self.bitmaps.get(term)
        if bitmaps is None:
            return list(document_ids)

        missing: list[int] = []
        block, bitmap = -1, 0

        for document_id in document_ids:
            if document_id // BLOCK_SIZE != block:
                block = document_id // BLOCK_SIZE
                bitmap = bitmaps.get(block, 0)

            if not bitmap >> document_id % BLOCK_SIZE & 1:
                missing.append(document_id)

        return missing


def read_searched(
    connection: Connection, engine: str, terms: Collection[str], document_ids: Collection[int]
) -> SearchedDocuments:
    """Return the stored bitmaps of the blocks that hold *document_ids*."""
    term_of_question = _stored_questions(connection, engine, terms)
    blocks = sorted({document_id // BLOCK_SIZE for document_id in document_ids})
    searched = SearchedDocuments()

    for batch in batched(blocks):
        parameters = {"questions": list(term_of_question), "blocks": batch}
        for question_id, block, bitmap in connection.execute(_BITMAPS, parameters):
            bitmaps = searched.bitmaps.setdefault(term_of_question[question_id], {})
            bitmaps[block] = int.from_bytes(bitmap, "little")

    return searched


def read_sentences(
    connection: Connection, engine: str, terms: Collection[str], document_ids: Collection[int]
) -> dict[tuple[str, int], list[str]]:
    """Return the stored sentences by term and document; documents without a mention are absent."""
    term_of_question = _stored_questions(connection, engine, terms)
    questions = list(term_of_question)
    sentences: dict[tuple[str, int], list[str]] = {}

    for batch in batched(sorted(document_ids)):
        wanted = set(batch)
        for question_id, document_id, stored in _execute_sentences(connection, questions, batch):
            if document_id in wanted:
                sentences[term_of_question[question_id], document_id] = json.loads(stored)

    return sentences


def _execute_sentences(
    connection: Connection, questions: list[int], document_ids: Sequence[int]
) -> Result[int, int, str]:
    """Return the sentences of the documents, and maybe of others between them.

    A month's documents were stored together and have few others between them. Leaving those out
    takes less time than naming each document.
    """
    first_id, last_id = document_ids[0], document_ids[-1]
    if last_id - first_id < MOST_BETWEEN * len(document_ids):
        parameters = {"questions": questions, "first": first_id, "last": last_id}
        return connection.execute(_SENTENCES_OF_RANGE, parameters)

    parameters = {"questions": questions, "documents": document_ids}
    return connection.execute(_SENTENCES_OF_DOCUMENTS, parameters)


def store_keyword_answers(
    db: Database,
    connection: Connection,
    answers_by_question: Mapping[Question, Mapping[int, str]],
) -> None:
    """Store for each question the answers by document: JSON lists of sentences, most of them empty.

    An answer about a document that was erased meanwhile is not kept.
    """
    stored_documents = _lock_documents(db, connection, answers_by_question.values())
    sentences = []
    bits: dict[tuple[int, int], int] = {}

    for question, answers in sorted(answers_by_question.items()):
        question_id = _question_id(db, connection, question)
        document_ids = sorted(stored_documents.intersection(answers))
        for block, bitmap in _bits_by_block(document_ids).items():
            bits[question_id, block] = bitmap

        for document_id in document_ids:
            answer = answers[document_id]
            if answer != "[]":
                sentence_row = {
                    "question_id": question_id,
                    "document_id": document_id,
                    "sentences": answer,
                }
                sentences.append(sentence_row)

    _set_bits(db, connection, bits)
    if sentences:
        connection.execute(insert_new(KeywordSentences, is_sqlite=db.is_sqlite), sentences)


def count_keyword_answers(connection: Connection, document_ids: Sequence[int]) -> int:
    """Return how many stored answers quote one of the documents."""
    count = select(func.count()).select_from(KeywordSentences)
    return sum(scalars_in(connection, count, KeywordSentences.document_id, document_ids))


def forget_searches_of_both(connection: Connection, document_ids: Sequence[int]) -> None:
    """Mark documents that may have got an abstract as never searched in both their parts."""
    is_of_both = KeywordQuestion.term.endswith(TextPart.BOTH.ledger_term(""), autoescape=True)
    questions = list(connection.scalars(select(KeywordQuestion.id).where(is_of_both)))
    if not questions:
        return

    found = delete(KeywordSentences).where(KeywordSentences.question_id.in_(questions))
    change_in(connection, found, KeywordSentences.document_id, document_ids)
    clear_searched(connection, document_ids, questions)


def clear_searched(
    connection: Connection,
    document_ids: Iterable[int],
    questions: Sequence[int] | None = None,
) -> None:
    """Mark documents as never searched, by these *questions* or by all.

    It is done for deleted documents, too, since SQLite reuses the highest ids.
    """
    bits_of_block = _bits_by_block(document_ids)
    bitmaps: dict[tuple[int, int], int] = {}
    for question_id, block, bitmap in _lock_blocks(connection, bits_of_block, questions):
        remaining = bitmap & ~bits_of_block[block]
        if remaining != bitmap:
            bitmaps[question_id, block] = remaining

    _write_bitmaps(connection, bitmaps)


def delete_keyword_answers(
    connection: Connection, engine: str, keys: Iterable[tuple[str, int]]
) -> None:
    """Delete the answers of an engine by term and document: they count as never searched."""
    ids_of_term: dict[str, list[int]] = {}
    for term, document_id in sorted(keys):
        ids_of_term.setdefault(term, []).append(document_id)

    for question_id, term in _stored_questions(connection, engine, ids_of_term).items():
        clear_searched(connection, ids_of_term[term], [question_id])
        found = delete(KeywordSentences).where(KeywordSentences.question_id == question_id)
        change_in(connection, found, KeywordSentences.document_id, ids_of_term[term])


def delete_answers(
    connection: Connection, engine: str, keys: Iterable[bytes | tuple[str, int]]
) -> None:
    """Delete the answers of an engine about keywords, and all others by their keys."""
    keyword_keys, hashes = [], []
    for key in keys:
        if isinstance(key, bytes):
            hashes.append(key)
        else:
            keyword_keys.append(key)

    delete_keyword_answers(connection, engine, keyword_keys)
    change_in(connection, delete(Answer), Answer.key, hashes)


def move_keyword_answers(db: Database, connection: Connection, new_ids: Mapping[int, int]) -> None:
    """Give what is known of documents to the rows that replace them, by *new_ids* of old ones."""
    bits: dict[tuple[int, int], int] = {}
    old_ids_of_block: dict[int, list[int]] = {}
    for old_id in sorted(new_ids):
        old_ids_of_block.setdefault(old_id // BLOCK_SIZE, []).append(old_id)

    for question_id, block, bitmap in _lock_blocks(connection, old_ids_of_block):
        for old_id in old_ids_of_block[block]:
            if bitmap >> old_id % BLOCK_SIZE & 1:
                new_block, place = divmod(new_ids[old_id], BLOCK_SIZE)
                block_key = question_id, new_block
                bits[block_key] = bits.get(block_key, 0) | 1 << place

    _set_bits(db, connection, bits)
    clear_searched(connection, new_ids)
    move = update(KeywordSentences).where(KeywordSentences.document_id == bindparam("old"))
    moves = [{"old": old_id, "new": new_id} for old_id, new_id in sorted(new_ids.items())]
    connection.execute(move.values(document_id=bindparam("new")), moves)


def _stored_questions(
    connection: Connection, engine: str, terms: Collection[str]
) -> dict[int, str]:
    """Return the terms of *terms* that were ever searched for, by the id of the question."""
    stored: dict[int, str] = {}
    for batch in batched(sorted(terms)):
        parameters = {"engine": engine, "terms": batch}
        stored.update(connection.execute(_STORED_QUESTIONS, parameters).all())

    return stored


def _question_id(db: Database, connection: Connection, question: Question) -> int:
    engine, term = question
    question_row = {"engine": engine, "term": term}
    question_id = connection.scalar(_QUESTION_ID, question_row)
    if question_id is None:
        connection.execute(insert_new(KeywordQuestion, is_sqlite=db.is_sqlite), question_row)
        question_id = connection.scalars(_QUESTION_ID, question_row).one()

    return question_id


def _lock_documents(
    db: Database, connection: Connection, answers: Iterable[Mapping[int, str]]
) -> set[int]:
    """Return which of the documents are stored; on PostgreSQL lock those with sentences to store.

    An erasure waits there until the answers are stored, and then removes them. A bit that says that
    a document was searched may stay: it quotes nothing, and PostgreSQL does not reuse the id.
    """
    document_ids: set[int] = set()
    quoted_ids: set[int] = set()
    for answers_by_document in answers:
        document_ids.update(answers_by_document)
        for document_id, answer in answers_by_document.items():
            if answer != "[]":
                quoted_ids.add(document_id)

    checked_ids = sorted(document_ids if db.is_sqlite else quoted_ids)
    stored = document_ids.difference(checked_ids)
    for batch in batched(checked_ids):
        stored.update(connection.scalars(_LOCKED_DOCUMENTS, {"documents": batch}))

    return stored


def _bits_by_block(document_ids: Iterable[int]) -> dict[int, int]:
    bits: dict[int, int] = {}
    for document_id in document_ids:
        block = document_id // BLOCK_SIZE
        bits[block] = bits.get(block, 0) | 1 << document_id % BLOCK_SIZE

    return bits


def _set_bits(db: Database, connection: Connection, bits: Mapping[tuple[int, int], int]) -> None:
    """Set *bits*, by question and block, beside those that are set."""
    if not bits:
        return

    empty = []
    for question_id, block in sorted(bits):
        empty.append({"question_id": question_id, "block": block, "bitmap": b""})

    connection.execute(insert_new(SearchedBlock, is_sqlite=db.is_sqlite), empty)

    question_ids = sorted({question_id for question_id, _ in bits})
    blocks = {block for _, block in bits}
    bitmaps: dict[tuple[int, int], int] = {}
    for question_id, block, bitmap in _lock_blocks(connection, blocks, question_ids):
        if (question_id, block) in bits:
            bitmaps[question_id, block] = bitmap | bits[question_id, block]

    _write_bitmaps(connection, bitmaps)


def _lock_blocks(
    connection: Connection, blocks: Iterable[int], question_ids: Sequence[int] | None = None
) -> list[tuple[int, int, int]]:
    """Return ``(question id, block, bitmap)`` of *blocks*, locked in this order on PostgreSQL."""
    statement = _LOCKED_BLOCKS if question_ids is None else _LOCKED_BLOCKS_OF_QUESTIONS
    locked = []
    for batch in batched(sorted(blocks)):
        parameters = {"blocks": batch, "questions": question_ids}
        for question_id, block, bitmap in connection.execute(statement, parameters):
            locked.append((question_id, block, int.from_bytes(bitmap, "little")))

    return locked


def _write_bitmaps(connection: Connection, bitmaps: Mapping[tuple[int, int], int]) -> None:
    parameters = []
    for (question_id, block), bitmap in sorted(bitmaps.items()):
        length = (bitmap.bit_length() + 7) // 8
        new = bitmap.to_bytes(length, "little")
        parameters.append({"question": question_id, "at": block, "new": new})

    if parameters:
        connection.execute(_SET_BITMAP, parameters)
