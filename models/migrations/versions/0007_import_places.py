"""Keep where an import is in its file, so that one that was killed is read on from there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_import_places"
down_revision = "0006_partial_indexes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the place, which imports before have none of."""
    op.add_column("imports", sa.Column("place", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop the place: a file is read from its start again."""
    op.drop_column("imports", "place")
