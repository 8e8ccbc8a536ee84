"""Index the jobs of a run in their order: each account looks at the first hundred of 100,000."""

from __future__ import annotations

from alembic import op

revision = "0008_jobs_in_order"
down_revision = "0007_import_places"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_jobs_run_id_id", "jobs", ["run_id", "id"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_jobs_run_id_id", "jobs")
