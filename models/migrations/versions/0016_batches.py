"""Keep the batches of texts that servers of language models are asked about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_batches"
down_revision = "0015_models"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "model_batches",
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("job_id", number, nullable=False),
        sa.Column("coder", sa.Text(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("creating_at", sa.Double(), nullable=True),
        sa.Column("intended_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_model_batches_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_model_batches_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_model_batches")),
    )
    op.create_index(op.f("ix_model_batches_run_id"), "model_batches", ["run_id"])
    op.create_index(op.f("ix_model_batches_job_id"), "model_batches", ["job_id"])
    op.create_table(
        "batch_lines",
        sa.Column("key", sa.LargeBinary(16), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("documents", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["uuid"],
            ["model_batches.uuid"],
            name=op.f("fk_batch_lines_uuid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_batch_lines")),
    )
    op.create_index(op.f("ix_batch_lines_uuid"), "batch_lines", ["uuid"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("batch_lines")
    op.drop_table("model_batches")
