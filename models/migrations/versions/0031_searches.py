"""Keep which texts a search by a codebook has read, and how each came to be read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031_searches"
down_revision = "0030_sample_rules"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "searched_units",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("codebook_id", sa.Integer(), nullable=False),
        sa.Column("sought", sa.Text(), nullable=False),
        sa.Column("document_id", _BIG, nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("read_by", sa.Text(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["codebook_id"],
            ["codebooks.id"],
            name=op.f("fk_searched_units_codebook_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_searched_units_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_searched_units_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            *("run_id", "codebook_id", "sought", "document_id", "keyword"),
            name=op.f("pk_searched_units"),
        ),
    )
    op.create_index(op.f("ix_searched_units_document_id"), "searched_units", ["document_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("searched_units")
