"""The numbers of forgotten runs, how long jobs were told to wait, and authors by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_forgotten_runs"
down_revision = "0001_first_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, the column and the index."""
    op.create_table(
        "forgotten_runs",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_forgotten_runs")),
    )
    op.add_column("jobs", sa.Column("wait_seconds", sa.Double(), nullable=True))
    op.create_index("ix_documents_author_id_source", "documents", ["author_id", "source"])


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_documents_author_id_source", "documents")
    op.drop_column("jobs", "wait_seconds")
    op.drop_table("forgotten_runs")
