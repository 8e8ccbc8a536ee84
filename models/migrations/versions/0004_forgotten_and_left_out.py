"""The names that were forgotten on request, and the names of what an import left out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "forgotten",
        sa.Column("name", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account", sa.LargeBinary(length=32), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_forgotten")),
    )
    op.create_index("ix_forgotten_account", "forgotten", ["account"])
    op.add_column(
        "imports", sa.Column("named", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_column("imports", "named")
    op.drop_index("ix_forgotten_account", "forgotten")
    op.drop_table("forgotten")
