"""How far a job's documents go, so that an import after it changes none of its figures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark; jobs that have looked are taken to have seen what is stored now, others that ended saw nothing."""
    op.add_column("jobs", sa.Column("newest_document", sa.BigInteger(), nullable=True))
    op.execute("UPDATE jobs SET newest_document = 0 WHERE state IN ('done', 'failed', 'cancelled')")
    op.execute(
        "UPDATE jobs SET newest_document = (SELECT coalesce(max(id), 0) FROM documents)"
        " WHERE id IN (SELECT job_id FROM job_steps WHERE step = 'documents')"
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("jobs", "newest_document")
