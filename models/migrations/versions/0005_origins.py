"""Where documents stand in their archives, what imports stored them, and counts by month.

What was imported before is of no known outlet and section; its material is kept.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005_origins"
down_revision = "0004_watch"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNKNOWN_ORIGIN = "1"
ORIGIN_COLUMNS = ("outlet", "section", "desk", "material", "language")

documents = sa.table(
    "documents",
    sa.column("id"),
    sa.column("source"),
    sa.column("period"),
    sa.column("origin_id"),
    sa.column("material"),
)
origins = sa.table("origins", sa.column("id"), *map(sa.column, ORIGIN_COLUMNS))
counts = sa.table(
    "document_counts",
    sa.column("source"),
    sa.column("period"),
    sa.column("origin_id"),
    sa.column("documents"),
)
runs = sa.table(
    "runs", sa.column("id"), sa.column("kind"), sa.column("parameters", sa.JSON(none_as_null=True))
)


def upgrade() -> None:
    """Create the tables, move materials into them and count the documents."""
    op.create_table(
        "origins",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ORIGIN_COLUMNS),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_origins")),
        sa.UniqueConstraint(
            *ORIGIN_COLUMNS, name=op.f("uq_origins_outlet_section_desk_material_language")
        ),
    )
    op.create_table(
        "document_details",
        sa.Column("document_id", BIG, nullable=False),
        sa.Column("abstract", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_document_details_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_details")),
    )
    op.create_table(
        "document_counts",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "period", "origin_id", name=op.f("pk_document_counts")),
    )
    op.add_column(
        "documents",
        sa.Column("origin_id", sa.Integer(), nullable=False, server_default=UNKNOWN_ORIGIN),
    )
    op.add_column("documents", sa.Column("import_id", sa.Integer(), nullable=True))

    _move_materials(op.get_bind())
    op.drop_column("documents", "material")
    _count_documents(op.get_bind())
    _name_sources(op.get_bind())


def downgrade() -> None:
    """Put materials back into the documents and drop the tables."""
    op.add_column("documents", sa.Column("material", sa.Text(), nullable=True))
    material = (
        sa.select(origins.c.material)
        .where(origins.c.id == documents.c.origin_id, origins.c.material != "")
        .scalar_subquery()
    )
    op.get_bind().execute(sa.update(documents).values(material=material))
    _name_source(op.get_bind())

    op.drop_column("documents", "import_id")
    op.drop_column("documents", "origin_id")
    for table in ("document_counts", "document_details", "origins"):
        op.drop_table(table)


def _move_materials(connection: sa.Connection) -> None:
    unknown = dict.fromkeys(ORIGIN_COLUMNS, "")
    connection.execute(sa.insert(origins).values(unknown))  # gets the id 1

    has_material = documents.c.material.is_not(None) & (documents.c.material != "")
    materials = sa.select(documents.c.material).where(has_material).distinct()
    for material in connection.scalars(materials).all():
        connection.execute(sa.insert(origins).values(unknown | {"material": material}))

    origin_id = (
        sa.select(origins.c.id).where(origins.c.material == documents.c.material).scalar_subquery()
    )
    connection.execute(sa.update(documents).where(has_material).values(origin_id=origin_id))


def _count_documents(connection: sa.Connection) -> None:
    period = sa.func.coalesce(documents.c.period, "")
    key = (documents.c.source, period, documents.c.origin_id)
    grouped = sa.select(*key, sa.func.count()).group_by(*key)
    columns = ["source", "period", "origin_id", "documents"]
    connection.execute(sa.insert(counts).from_select(columns, grouped))


def _name_sources(connection: sa.Connection) -> None:
    """Let the runs of months name a list of archives."""
    for run, parameters in _month_runs(connection):
        if "source" in parameters:
            source = parameters.pop("source")
            _store_parameters(connection, run, {**parameters, "sources": [source]})


def _name_source(connection: sa.Connection) -> None:
    for run, parameters in _month_runs(connection):
        if "sources" in parameters:
            sources = parameters.pop("sources")
            _store_parameters(connection, run, {**parameters, "source": sources[0]})


def _month_runs(connection: sa.Connection) -> list[tuple[int, dict[str, Any]]]:
    months = sa.select(runs.c.id, runs.c.parameters).where(runs.c.kind == "months")
    return [(run, dict(parameters)) for run, parameters in connection.execute(months)]


def _store_parameters(connection: sa.Connection, run: int, parameters: dict[str, Any]) -> None:
    changed = sa.update(runs).where(runs.c.id == run).values(parameters=parameters)
    connection.execute(changed)
