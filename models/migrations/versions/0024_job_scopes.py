"""Keep which documents a job works on in columns of its own, and no longer in its name."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0024_job_scopes"
down_revision = "0023_added_full_stops"
branch_labels = None
depends_on = None

BATCH = 1000
HAS_HANDLE = sa.text("handle IS NOT NULL")
HAS_DAYS = sa.text("first_day IS NOT NULL")

runs = sa.table("runs", sa.column("id"), sa.column("parameters", sa.JSON))
jobs = sa.table(
    "jobs",
    *(sa.column("id"), sa.column("run_id"), sa.column("kind"), sa.column("name")),
    *(sa.column("sources", sa.JSON), sa.column("handle")),
    *(sa.column("first_day", sa.Date), sa.column("last_day", sa.Date)),
)


def upgrade() -> None:
    """Add the columns and fill them from the names of months and accounts."""
    columns: list[sa.Column[Any]] = [
        sa.Column("sources", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("first_day", sa.Date()),
        sa.Column("last_day", sa.Date()),
        sa.Column("handle", sa.Text()),
    ]
    for column in columns:
        op.add_column("jobs", column)

    _fill_months()
    _fill_handles()
    _fill_sources()

    op.create_index(
        op.f("ix_jobs_handle"),
        "jobs",
        ["handle"],
        sqlite_where=HAS_HANDLE,
        postgresql_where=HAS_HANDLE,
    )
    op.create_index(
        op.f("ix_jobs_first_day_last_day"),
        "jobs",
        ["first_day", "last_day"],
        sqlite_where=HAS_DAYS,
        postgresql_where=HAS_DAYS,
    )


def _fill_months() -> None:
    connection = op.get_bind()
    is_month = jobs.c.kind == "month"
    for name in connection.scalars(sa.select(jobs.c.name).where(is_month).distinct()).all():
        year, month = int(name[:4]), int(name[5:7])
        days = {
            "first_day": date(year, month, 1),
            "last_day": date(year, month, monthrange(year, month)[1]),
        }
        named = sa.update(jobs).where(is_month, jobs.c.name == name)
        connection.execute(named.values(days))


def _fill_handles() -> None:
    connection = op.get_bind()
    fill = sa.update(jobs).where(jobs.c.id == sa.bindparam("job"))
    for batch in _batches_of_accounts():
        rows = [{"job": row.id, "new": row.name.removeprefix("@").lower()} for row in batch]
        connection.execute(fill.values(handle=sa.bindparam("new")), rows)


def _batches_of_accounts() -> Iterator[Any]:
    accounts = sa.select(jobs.c.id, jobs.c.name).where(jobs.c.kind == "handle")
    last_id = 0
    while True:
        later = accounts.where(jobs.c.id > last_id).order_by(jobs.c.id).limit(BATCH)
        batch = op.get_bind().execute(later).all()
        if not batch:
            return

        yield batch
        last_id = batch[-1].id


def _fill_sources() -> None:
    connection = op.get_bind()
    for run in connection.execute(sa.select(runs.c.id, runs.c.parameters)).all():
        sources = run.parameters.get("sources") or [run.parameters.get("source")]
        named = [source for source in sources if source]
        if named:
            has_scope = sa.or_(jobs.c.first_day.is_not(None), jobs.c.handle.is_not(None))
            of_run = sa.update(jobs).where(jobs.c.run_id == run.id, has_scope)
            connection.execute(of_run.values(sources=named))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_index(op.f("ix_jobs_first_day_last_day"), "jobs")
    op.drop_index(op.f("ix_jobs_handle"), "jobs")
    for column in ("handle", "last_day", "first_day", "sources"):
        op.drop_column("jobs", column)
