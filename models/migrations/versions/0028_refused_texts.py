"""Keep which texts were refused in a step, and which runs are to have no report."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028_refused_texts"
down_revision = "0027_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: runs from before have reports, and nothing was set aside."""
    with_report: sa.Column[bool] = sa.Column(
        "with_report", sa.Boolean(), nullable=False, server_default=sa.true()
    )
    op.add_column("runs", with_report)
    op.add_column("job_steps", sa.Column("refused", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("job_steps", "refused")
    op.drop_column("runs", "with_report")
