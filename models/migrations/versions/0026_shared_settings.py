"""Keep settings that all workers share: limits, and the pause of all runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026_shared_settings"
down_revision = "0025_frames"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "shared_settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_shared_settings")),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("shared_settings")
