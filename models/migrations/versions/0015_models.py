"""Keep what language models cost, which answered a run, and what may be sent to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_models"
down_revision = "0014_call_weights"
branch_labels = None
depends_on = None

_SUMS = (
    *("answers", "sizes", "sizes_squared", "tokens", "tokens_squared", "sizes_by_tokens"),
    *("completions", "completions_squared"),
)


def upgrade() -> None:
    """Add the columns and make the tables."""
    op.add_column("runs", sa.Column("max_cost", sa.BigInteger(), nullable=True))
    op.add_column("runs", sa.Column("currency", sa.Text(), nullable=True))
    charged = sa.Column("cost_charged", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("runs", charged)

    op.create_table(
        "run_models",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_models_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "model", "fingerprint", "price", name=op.f("pk_run_models")
        ),
    )
    op.create_table(
        "prompt_uses",
        sa.Column("coder", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _SUMS),
        sa.PrimaryKeyConstraint("coder", "prompt", name=op.f("pk_prompt_uses")),
    )
    op.create_table(
        "model_consents",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("server", name=op.f("pk_model_consents")),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("model_consents", "prompt_uses", "run_models"):
        op.drop_table(table)
    for column in ("cost_charged", "currency", "max_cost"):
        op.drop_column("runs", column)
