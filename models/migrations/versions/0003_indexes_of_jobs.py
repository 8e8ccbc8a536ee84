"""Ways to the due jobs of a run in their order, to its jobs by state, to those told of, and to those of a name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

DISPATCHED = sa.text("dispatched_at IS NOT NULL")


def upgrade() -> None:
    """Make the change."""
    op.drop_index("ix_jobs_queue_state_run_id_due_at", "jobs")
    op.create_index(
        "ix_jobs_queue_state_run_id_due_at_id", "jobs", ["queue", "state", "run_id", "due_at", "id"]
    )
    op.create_index("ix_jobs_run_id_state", "jobs", ["run_id", "state"])
    op.create_index("ix_jobs_name", "jobs", ["name"])
    op.create_index(
        "ix_jobs_hinted_at",
        "jobs",
        ["dispatched_at"],
        sqlite_where=DISPATCHED,
        postgresql_where=DISPATCHED,
    )


def downgrade() -> None:
    """Take it back."""
    for name in ("ix_jobs_hinted_at", "ix_jobs_name", "ix_jobs_run_id_state"):
        op.drop_index(name, "jobs")
    op.drop_index("ix_jobs_queue_state_run_id_due_at_id", "jobs")
    op.create_index(
        "ix_jobs_queue_state_run_id_due_at", "jobs", ["queue", "state", "run_id", "due_at"]
    )
