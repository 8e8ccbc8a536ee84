"""Labels that people give to mentions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_labels"
down_revision = "0001_first_tables"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "labels",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("document_id", BIG, nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("coder", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_labels_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_labels_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "document_id", "keyword", "position", "coder", name=op.f("pk_labels")
        ),
    )
    op.create_index(op.f("ix_labels_document_id"), "labels", ["document_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("labels")
