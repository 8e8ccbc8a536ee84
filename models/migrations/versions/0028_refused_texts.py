"""Keep which runs are to have no report."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028_refused_texts"
down_revision = "0025_frames"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: runs from before have reports."""
    with_report = sa.Column("with_report", sa.Boolean(), nullable=False, server_default=sa.true())
    op.add_column("runs", with_report)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("runs", "with_report")
