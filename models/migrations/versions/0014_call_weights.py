"""Count the tokens and the cost of calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_call_weights"
down_revision = "0013_languages"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COLUMNS = (
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "tokens_reasoning",
    "cost",
    "charged_tokens",
    "charged_cost",
)


def upgrade() -> None:
    """Add the columns, which are empty for services that count calls alone."""
    for column in COLUMNS:
        op.add_column("calls", sa.Column(column, BIG, nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    for column in COLUMNS:
        op.drop_column("calls", column)
