"""Keep since when a service does not answer a run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021_outages"
down_revision = "0020_sample_seeds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "outages",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_outages_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "service", name=op.f("pk_outages")),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("outages")
