"""Keep the seed of a sample, by which it can be drawn again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020_sample_seeds"
down_revision = "0019_orphaned_batches"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("sample_strata", sa.Column("seed", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("sample_strata", "seed")
