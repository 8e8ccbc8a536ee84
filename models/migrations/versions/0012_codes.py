"""Codes of codebooks, into which the labels of mentions move."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_codes"
down_revision = "0011_fetch_remarks"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# The codebook "polarity" as it ships with the program; its row is the first.
POLARITY_HASH = "ec9bf29403717e58d5226b351531571de262e2b32c37f9638a30a386e53f72a1"
POLARITY_CONTENT = {
    "name": "polarity",
    "unit": "mention",
    "language": [],
    "instructions": "Say how the sentence sounds: good news, bad news, or neither. Not what you "
    "think of the subject,\nand not whether the subject is to blame.\n",
    "variables": [
        {
            "name": "polarity",
            "question": "How does the sentence sound?",
            "type": "scale",
            "if": None,
            "categories": {},
            "from": -1,
            "to": 1,
            "ends": {"-1": "negative", "0": "neutral", "1": "positive"},
            "examples": [],
        }
    ],
}

UNIT_KEY = ("run_id", "codebook_id", "document_id", "keyword", "position")


def upgrade() -> None:
    """Create the tables and move the labels."""
    codebooks = op.create_table(
        "codebooks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codebooks")),
        sa.UniqueConstraint("hash", name=op.f("uq_codebooks_hash")),
    )
    assert codebooks is not None  # noqa: S101 - Alembic creates it here
    polarity = {"name": "polarity", "hash": bytes.fromhex(POLARITY_HASH)}
    op.execute(codebooks.insert().values(**polarity, content=POLARITY_CONTENT))

    op.create_table(
        "codes",
        *_unit_columns("codes"),
        sa.Column("variable", sa.Text(), nullable=False),
        sa.Column("coder", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(*UNIT_KEY, "variable", "coder", name=op.f("pk_codes")),
    )
    op.create_index(op.f("ix_codes_document_id"), "codes", ["document_id"])

    op.create_table(
        "sample_strata",
        *_run_columns("sample_strata"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "codebook_id", "number", name=op.f("pk_sample_strata")),
    )
    op.create_table(
        "sampled_units",
        *_unit_columns("sampled_units"),
        sa.Column("stratum", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("inclusion", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(*UNIT_KEY, name=op.f("pk_sampled_units")),
    )
    op.create_index(op.f("ix_sampled_units_document_id"), "sampled_units", ["document_id"])

    op.execute(
        "INSERT INTO codes (run_id, codebook_id, document_id, keyword, position, variable, coder, "
        "code, state, at) SELECT run_id, 1, document_id, keyword, position, 'polarity', "
        "'person:' || coder, CAST(value AS TEXT), "
        "CASE WHEN value IS NULL THEN 'cannot be coded' ELSE 'coded' END, at FROM labels"
    )
    op.drop_table("labels")


def downgrade() -> None:
    """Move the labels back; codes of other codebooks are lost."""
    op.create_table(
        "labels",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("document_id", BIG, nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("coder", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        *_foreign_keys("labels", "run_id", "document_id"),
        sa.PrimaryKeyConstraint(
            "run_id", "document_id", "keyword", "position", "coder", name=op.f("pk_labels")
        ),
    )
    op.create_index(op.f("ix_labels_document_id"), "labels", ["document_id"])
    op.execute(
        "INSERT INTO labels (run_id, document_id, keyword, position, coder, value, at) "
        "SELECT run_id, document_id, keyword, position, substr(coder, 8), "
        "CAST(code AS INTEGER), at FROM codes WHERE codebook_id = 1 "
        "AND coder LIKE 'person:%'"
    )
    for table in ("sampled_units", "sample_strata", "codes", "codebooks"):
        op.drop_table(table)


def _run_columns(table: str) -> list[sa.schema.SchemaItem]:
    """Return the columns of a run and a codebook."""
    return [
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("codebook_id", sa.Integer(), nullable=False),
        *_foreign_keys(table, "run_id", "codebook_id"),
    ]


def _unit_columns(table: str) -> list[sa.schema.SchemaItem]:
    """Return the columns that name a text or a mention of a run for a codebook."""
    return [
        *_run_columns(table),
        sa.Column("document_id", BIG, nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_foreign_keys(table, "document_id"),
    ]


def _foreign_keys(table: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    """Return the keys by which rows go when a run, a codebook or a document goes."""
    keys = []
    for column in columns:
        referred = f"{column.removesuffix('_id')}s"
        name = op.f(f"fk_{table}_{column}_{referred}")
        keys.append(
            sa.ForeignKeyConstraint([column], [f"{referred}.id"], name=name, ondelete="CASCADE")
        )
    return keys
