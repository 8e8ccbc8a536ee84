"""Keep how likely each draw of a search was, since draws fall on what ranks high more often."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033_search_weights"
down_revision = "0031_searches"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; draws of before fell on all documents alike."""
    op.add_column("searched_units", sa.Column("weight", sa.Double(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("searched_units", "weight")
