"""Note which texts got a full stop that their source does not have."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023_added_full_stops"
down_revision = "0022_documents_of_names"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Nobody knows it of stored texts, until they are imported again."""
    op.add_column(
        "documents",
        sa.Column("full_stop_added", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("documents", "full_stop_added")
