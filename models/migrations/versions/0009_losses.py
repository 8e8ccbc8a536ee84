"""Count how often a job lost its worker, apart from how often it killed it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_losses"
down_revision = "0008_jobs_in_order"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was counted before stays with the crashes."""
    column = sa.Column("losses", sa.Integer(), nullable=False, server_default="0")
    op.add_column("jobs", column)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("jobs", "losses")
