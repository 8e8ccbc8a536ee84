"""Count the documents that hold a name.

Results that are stored keep their counts of the times that a name was found.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022_documents_of_names"
down_revision = "0021_outages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("entities", sa.Column("documents", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("entities", "documents")
