"""Count how often a text of a batch was answered without a code."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018_batch_retries"
down_revision = "0017_sample_looks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "batch_lines", sa.Column("retries", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("batch_lines", "retries")
