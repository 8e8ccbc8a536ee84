"""Keep batches whose run was forgotten, and note their size and the fields that they lack."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019_orphaned_batches"
down_revision = "0018_batch_retries"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REFERENCES = (("run_id", "runs", sa.Integer()), ("job_id", "jobs", _NUMBER))

_ADD_UP = """
UPDATE model_batches SET tokens =
(SELECT coalesce(sum(tokens), 0) FROM batch_lines WHERE batch_lines.uuid = model_batches.uuid)
"""


def upgrade() -> None:
    """Add the columns, and let runs and jobs go without their batches."""
    with op.batch_alter_table("model_batches") as batch_op:
        batch_op.add_column(
            sa.Column("tokens", sa.BigInteger(), nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("left_out", sa.Text(), nullable=False, server_default=""))

    op.execute(_ADD_UP)
    _change_references("SET NULL", nullable=True)


def downgrade() -> None:
    """Drop the columns, and the batches of forgotten runs."""
    op.execute("DELETE FROM model_batches WHERE run_id IS NULL OR job_id IS NULL")
    _change_references("CASCADE", nullable=False)
    with op.batch_alter_table("model_batches") as batch_op:
        batch_op.drop_column("left_out")
        batch_op.drop_column("tokens")


def _change_references(ondelete: str, *, nullable: bool) -> None:
    # SQLite makes the table anew, and to drop the old one deletes the lines of its batches.
    op.execute("CREATE TEMPORARY TABLE kept_lines AS SELECT * FROM batch_lines")
    op.execute("DELETE FROM batch_lines")
    with op.batch_alter_table("model_batches") as batch_op:
        for column, table, kind in _REFERENCES:
            name = op.f(f"fk_model_batches_{column}")
            batch_op.drop_constraint(name, type_="foreignkey")
            batch_op.alter_column(column, existing_type=kind, nullable=nullable)
            batch_op.create_foreign_key(name, table, [column], ["id"], ondelete=ondelete)

    op.execute("INSERT INTO batch_lines SELECT * FROM kept_lines")
    op.execute("DROP TABLE kept_lines")
