"""Keep the looks at samples that grow until their estimates are known well enough."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_sample_looks"
down_revision = "0016_batches"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "sample_looks",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("codebook_id", sa.Integer(), nullable=False),
        sa.Column("coder", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("within", sa.Double(), nullable=False),
        sa.Column("coded", sa.Integer(), nullable=False),
        sa.Column("half_width", sa.Double(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["codebook_id"],
            ["codebooks.id"],
            name=op.f("fk_sample_looks_codebook_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_sample_looks_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "codebook_id", "coder", "number", name=op.f("pk_sample_looks")
        ),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("sample_looks")
