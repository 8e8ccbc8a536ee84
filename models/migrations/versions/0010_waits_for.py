"""Say what a waiting job waits for in a column, not in the words of its reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_waits_for"
down_revision = "0009_losses"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a job that waits comes back by its `due_at`, whatever it waits for."""
    op.add_column("jobs", sa.Column("waits_for", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("jobs", "waits_for")
