"""Keep the language of each document, and those that an engine reads.

Documents that are stored get theirs when a job reads them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_languages"
down_revision = "0012_codes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, which are empty at first, so that no row is written."""
    op.add_column("documents", sa.Column("language_code", sa.Text(), nullable=True))
    op.add_column("run_engines", sa.Column("languages", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("run_engines", "languages")
    op.drop_column("documents", "language_code")
