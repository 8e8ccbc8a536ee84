"""Answers about keywords: a bit for each document that was searched, a row where one was found.

Stored answers are converted: their keys are hashes, so the engines and terms are those of the runs
that are stored. Answers of which no run is left stay as they are, and are not used again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from alembic import op

revision = "0003_keyword_answers"
down_revision = "0002_labels"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BLOCK_SIZE = 2048
AT_ONCE = 500

answers = sa.table("answers", sa.column("key", sa.LargeBinary), sa.column("value", sa.Text))
documents = sa.table("documents", sa.column("id"), sa.column("source"), sa.column("text"))
questions = sa.table("keyword_questions", sa.column("id"), sa.column("engine"), sa.column("term"))
blocks = sa.table(
    "searched_blocks",
    sa.column("question_id"),
    sa.column("block"),
    sa.column("bitmap", sa.LargeBinary),
)
sentences = sa.table(
    "keyword_sentences",
    sa.column("question_id"),
    sa.column("document_id"),
    sa.column("sentences", sa.Text),
)
runs = sa.table("runs", sa.column("id"), sa.column("kind"), sa.column("parameters", sa.JSON))
run_engines = sa.table("run_engines", sa.column("run_id"), sa.column("engine"))

Question = tuple[int, str, str]  # id, engine, term


def upgrade() -> None:
    """Create the tables and convert what is stored."""
    op.create_table(
        "keyword_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keyword_questions")),
        sa.UniqueConstraint("engine", "term", name=op.f("uq_keyword_questions_engine_term")),
    )

    op.create_table(
        "searched_blocks",
        sa.Column("block", BIG, autoincrement=False, nullable=False),
        _question_column(),
        sa.Column("bitmap", sa.LargeBinary(), nullable=False),
        _question_constraint("searched_blocks"),
        sa.PrimaryKeyConstraint("block", "question_id", name=op.f("pk_searched_blocks")),
    )

    op.create_table(
        "keyword_sentences",
        _question_column(),
        sa.Column("document_id", BIG, nullable=False),
        sa.Column("sentences", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_keyword_sentences_document_id_documents"),
            ondelete="CASCADE",
        ),
        _question_constraint("keyword_sentences"),
        sa.PrimaryKeyConstraint("question_id", "document_id", name=op.f("pk_keyword_sentences")),
    )

    op.create_index(op.f("ix_keyword_sentences_document_id"), "keyword_sentences", ["document_id"])
    _convert(op.get_bind())


def downgrade() -> None:
    """Put the answers back under their keys and drop the tables."""
    _convert_back(op.get_bind())
    op.drop_table("keyword_sentences")
    op.drop_table("searched_blocks")
    op.drop_table("keyword_questions")


def _question_column() -> sa.Column[int]:
    return sa.Column("question_id", sa.Integer(), nullable=False)


def _question_constraint(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["question_id"],
        ["keyword_questions.id"],
        name=op.f(f"fk_{table}_question_id_keyword_questions"),
        ondelete="CASCADE",
    )


def _convert(connection: sa.Connection) -> None:
    for source, engine, term in sorted(_questions_of_runs(connection)):
        question = _create_question(connection, engine, term)
        for block, texts in _blocks_of_documents(connection, source):
            _convert_block(connection, question, block, texts)

    for source, engine, term in sorted(_questions_of_runs(connection)):
        for _, texts in _blocks_of_documents(connection, source):
            keys = [_key(engine, term, text) for text in texts.values()]
            for batch in _batched(keys):
                connection.execute(sa.delete(answers).where(answers.c.key.in_(batch)))


def _questions_of_runs(connection: sa.Connection) -> set[tuple[str, str, str]]:
    """Return the questions of stored runs as ``(source, engine, term)``."""
    engines: dict[int, list[str]] = {}
    for run_id, engine in connection.execute(sa.select(run_engines)):
        engines.setdefault(run_id, []).append(engine)

    of_runs = set()
    months = sa.select(runs.c.id, runs.c.parameters).where(runs.c.kind == "months")
    for run_id, parameters in connection.execute(months):
        for keyword in parameters.get("keywords", ()):
            for term in keyword["terms"]:
                for engine in engines.get(run_id, ()):
                    of_runs.add((parameters["source"], engine, term))
    return of_runs


def _create_question(connection: sa.Connection, engine: str, term: str) -> Question:
    is_question = sa.and_(questions.c.engine == engine, questions.c.term == term)
    number = connection.scalar(sa.select(questions.c.id).where(is_question))
    if number is None:
        connection.execute(sa.insert(questions).values(engine=engine, term=term))
        number = connection.execute(sa.select(questions.c.id).where(is_question)).scalar_one()
    return number, engine, term


def _blocks_of_documents(
    connection: sa.Connection, source: str
) -> Iterator[tuple[int, dict[int, str]]]:
    """Yield the texts of a source's documents by id, block by block."""
    newest = connection.scalar(sa.select(sa.func.max(documents.c.id))) or 0
    for block in range(newest // BLOCK_SIZE + 1):
        first = block * BLOCK_SIZE
        is_of_block = documents.c.id.between(first, first + BLOCK_SIZE - 1)
        columns = sa.select(documents.c.id, documents.c.text)
        rows = connection.execute(columns.where(is_of_block, documents.c.source == source))
        texts = dict(rows.all())
        if texts:
            yield block, texts


def _convert_block(
    connection: sa.Connection, question: Question, block: int, texts: dict[int, str]
) -> None:
    number, engine, term = question
    keys = {document_id: _key(engine, term, text) for document_id, text in texts.items()}
    stored: dict[bytes, str] = {}
    for batch in _batched(list(keys.values())):
        rows = connection.execute(sa.select(answers).where(answers.c.key.in_(batch)))
        stored.update((bytes(key), value) for key, value in rows)

    bitmap = 0
    sentence_rows = []
    for document_id, key in sorted(keys.items()):
        if key in stored:
            bitmap |= 1 << document_id % BLOCK_SIZE
            if stored[key] != "[]":
                row = {"document_id": document_id, "sentences": stored[key]}
                sentence_rows.append({"question_id": number, **row})

    if sentence_rows:
        connection.execute(sa.insert(sentences), sentence_rows)
    if bitmap:
        _add_to_block(connection, number, block, bitmap)


def _add_to_block(connection: sa.Connection, number: int, block: int, bitmap: int) -> None:
    """Add a bitmap to that of other sources, whose documents lie in the same block."""
    is_of_block = sa.and_(blocks.c.question_id == number, blocks.c.block == block)
    stored = connection.scalar(sa.select(blocks.c.bitmap).where(is_of_block))
    if stored is not None:
        bitmap |= int.from_bytes(stored, "little")
        connection.execute(sa.delete(blocks).where(is_of_block))

    length = (bitmap.bit_length() + 7) // 8
    values = {"question_id": number, "block": block, "bitmap": bitmap.to_bytes(length, "little")}
    connection.execute(sa.insert(blocks).values(values))


def _convert_back(connection: sa.Connection) -> None:
    sentences_of = {}
    for number, document_id, stored in connection.execute(sa.select(sentences)):
        sentences_of[number, document_id] = stored

    question_of = {
        number: (engine, term) for number, engine, term in connection.execute(sa.select(questions))
    }
    for number, block, stored in connection.execute(sa.select(blocks)).all():
        bitmap = int.from_bytes(stored, "little")
        first = block * BLOCK_SIZE
        is_of_block = documents.c.id.between(first, first + BLOCK_SIZE - 1)
        rows = connection.execute(sa.select(documents.c.id, documents.c.text).where(is_of_block))
        values: dict[bytes, str] = {}
        for document_id, text in rows:
            if bitmap >> document_id % BLOCK_SIZE & 1:
                key = _key(*question_of[number], text)
                values[key] = sentences_of.get((number, document_id), "[]")
        _insert_missing(connection, values)


def _insert_missing(connection: sa.Connection, values: dict[bytes, str]) -> None:
    stored: set[bytes] = set()
    for batch in _batched(list(values)):
        keys = connection.scalars(sa.select(answers.c.key).where(answers.c.key.in_(batch)))
        stored.update(map(bytes, keys))

    rows = [{"key": key, "value": values[key]} for key in sorted(values) if key not in stored]
    if rows:
        connection.execute(sa.insert(answers), rows)


def _key(engine: str, term: str, text: str) -> bytes:
    """Return the key that answers about keywords had."""
    parts = [engine, "sentences_with_keywords", {"keyword": term}, text]
    as_json = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(as_json.encode(), digest_size=16).digest()


def _batched(keys: list[bytes]) -> Iterable[list[bytes]]:
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]
