"""Keep settings that all workers share, and count the calls of a minute in several rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026_shared_settings"
down_revision = "0025_frames"
branch_labels = None
depends_on = None


_KEY = ["run_id", "service", "credential", "operation", "minute"]


def upgrade() -> None:
    """Make the table, and extend the key of calls."""
    with op.batch_alter_table("calls") as table:
        table.add_column(sa.Column("shard", sa.Integer(), server_default="0", nullable=False))

    _set_key([*_KEY, "shard"])
    op.create_table(
        "shared_settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_shared_settings")),
    )


def downgrade() -> None:
    """Drop the table, and add up the calls of each minute."""
    op.drop_table("shared_settings")
    calls = sa.Table("calls", sa.MetaData(), autoload_with=op.get_bind())
    key = [calls.c[name] for name in _KEY]
    sums = [sa.func.sum(column).label(column.name) for column in calls.c if column.name not in _KEY]
    rows = op.get_bind().execute(sa.select(*key, *sums).group_by(*key)).mappings().all()
    op.execute(calls.delete())
    _set_key(_KEY)
    with op.batch_alter_table("calls") as table:
        table.drop_column("shard")

    if rows:
        stored = [{name: row[name] for name in row if name != "shard"} for row in rows]
        op.bulk_insert(sa.Table("calls", sa.MetaData(), autoload_with=op.get_bind()), stored)


def _set_key(columns: list[str]) -> None:
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.drop_constraint("pk_calls", "calls", type_="primary")
        op.create_primary_key("pk_calls", "calls", columns)
        return

    # SQLite copies the table, whose columns say themselves that they are of the key.
    stored = sa.Table("calls", sa.MetaData(), autoload_with=bind)
    for column in stored.c:
        column.primary_key = column.name in columns

    with op.batch_alter_table("calls", copy_from=stored, recreate="always") as table:
        table.create_primary_key("pk_calls", columns)
