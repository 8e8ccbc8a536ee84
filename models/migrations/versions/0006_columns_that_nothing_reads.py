"""Two columns less: what a plan said stands in no run, and the newest post known stands in the crawl's cursor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop them."""
    op.drop_column("runs", "planned")
    op.drop_column("crawls", "newest")


def downgrade() -> None:
    """Add them, empty."""
    op.add_column("crawls", sa.Column("newest", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("planned", sa.JSON(), nullable=True))
