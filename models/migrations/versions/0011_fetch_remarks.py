"""Keep what the fetching of posts said apart from the counts of the posts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_fetch_remarks"
down_revision = "0010_waits_for"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the remarks of jobs that ended before stay in `reason` alone."""
    op.add_column("job_steps", sa.Column("fetch_remark", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("job_steps", "fetch_remark")
