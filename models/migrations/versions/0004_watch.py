"""Watches of runs, what their reports showed, and their events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_watch"
down_revision = "0003_keyword_answers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "watches",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("max_calls", sa.Integer(), nullable=True),
        sa.Column("begun_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("checked_at", sa.Double(), nullable=True),
        sa.Column("updates", sa.Integer(), nullable=False),
        sa.Column("newest_document", sa.BigInteger(), nullable=False),
        _run("watches"),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_watches")),
    )

    op.create_table(
        "watch_reports",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        _run("watch_reports"),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_watch_reports")),
    )

    op.create_table(
        "watch_events",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("is_sent", sa.Boolean(), nullable=False),
        _run("watch_events"),
        sa.PrimaryKeyConstraint("run_id", "key", name=op.f("pk_watch_events")),
    )


def _run(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_run_id_runs")
    return sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    """Drop the tables."""
    for table in ("watch_events", "watch_reports", "watches"):
        op.drop_table(table)
