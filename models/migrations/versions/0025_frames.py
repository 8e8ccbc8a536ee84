"""Keep the documents and mentions of a job as columns, for reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025_frames"
down_revision = "0024_job_scopes"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "frames",
        sa.Column("job_id", _BIG, nullable=False),
        sa.Column("made_of", sa.Text(), nullable=False),
        sa.Column("documents", sa.LargeBinary(), nullable=False),
        sa.Column("mentions", sa.LargeBinary(), nullable=False),
        sa.Column("forms", sa.LargeBinary(), nullable=False),
        sa.Column("names", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_frames_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_frames")),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("frames")
