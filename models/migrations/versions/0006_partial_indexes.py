"""Index the handles and authors of posts alone: an archive's documents have neither.

PostgreSQL writes an entry for each document of an archive else, which no query looks for.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_partial_indexes"
down_revision = "0005_origins"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_documents_handle_source": ["handle", "source"],
    "ix_documents_author_id_source": ["author_id", "source"],
}


def upgrade() -> None:
    """Make the indexes anew, of the rows with a handle or an author."""
    for name, columns in INDEXES.items():
        op.drop_index(name, table_name="documents")
        is_given = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(
            name, "documents", columns, sqlite_where=is_given, postgresql_where=is_given
        )


def downgrade() -> None:
    """Make the indexes anew, of all rows."""
    for name, columns in INDEXES.items():
        op.drop_index(name, table_name="documents")
        op.create_index(name, "documents", columns)
