"""Keep who submitted a run, who pays for it, and what people did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027_people"
down_revision = "0026_shared_settings"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REFUSAL = "acts are appended, and never changed or deleted"

_SQLITE_TRIGGER = """
CREATE TRIGGER acts_{event} BEFORE {event} ON acts
BEGIN SELECT RAISE(ABORT, '{refusal}'); END
"""
_POSTGRESQL_FUNCTION = """
CREATE FUNCTION refuse_change_of_acts() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{refusal}'; END $$
"""
_POSTGRESQL_TRIGGER = """
CREATE TRIGGER acts_are_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON acts
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_acts()
"""


def upgrade() -> None:
    """Make the tables, and the columns that say who pays."""
    op.create_table(
        "acts",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
    )
    _refuse_changes()

    op.create_table(
        "payers",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("max_cost", sa.BigInteger(), nullable=True),
        sa.Column("cost_charged", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("kind", "name", "currency", name=op.f("pk_payers")),
    )

    for column in ("person", "purse"):
        op.add_column("runs", sa.Column(column, sa.Text(), nullable=True))
    for column in ("person", "purse", "currency", "coder"):
        op.add_column("forgotten_runs", sa.Column(column, sa.Text(), nullable=True))

    op.add_column("model_batches", sa.Column("charged_run", sa.Integer(), nullable=True))
    op.execute("UPDATE model_batches SET charged_run = run_id")


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_TRIGGER.format(event=event, refusal=_REFUSAL))
    else:
        op.execute(_POSTGRESQL_FUNCTION.format(refusal=_REFUSAL))
        op.execute(_POSTGRESQL_TRIGGER)


def downgrade() -> None:
    """Drop the tables and the columns."""
    op.drop_column("model_batches", "charged_run")
    for column in ("person", "purse", "currency", "coder"):
        op.drop_column("forgotten_runs", column)
    for column in ("person", "purse"):
        op.drop_column("runs", column)

    op.drop_table("payers")
    # SQLite deletes the rows of a table that is dropped, and drops its triggers then.
    op.drop_table("acts")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_change_of_acts")
