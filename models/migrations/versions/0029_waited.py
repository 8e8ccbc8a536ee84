"""Keep how long calls waited for a limit, beside how long they were in flight."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029_waited"
down_revision = "0028_refused_texts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("calls", sa.Column("waited", sa.Double(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("calls", "waited")
