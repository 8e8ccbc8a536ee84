"""Keep the rule by which a sample was begun: samples of earlier versions keep theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030_sample_rules"
down_revision = "0029_waited"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    rule = sa.Column("rule", sa.Text(), nullable=False, server_default="text")
    op.add_column("sample_strata", rule)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("sample_strata", "rule")
