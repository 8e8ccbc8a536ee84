"""Keep what share of the words of a month that was read by machine a dictionary has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034_dictionary_share"
down_revision = "0033_search_weights"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; steps that are done have no number, and keep their sentence."""
    op.add_column("job_steps", sa.Column("dictionary_share", sa.Double(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("job_steps", "dictionary_share")
