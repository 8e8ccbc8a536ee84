"""Alembic's entry point: run the migrations on the database of `models.database.migrate`."""

from alembic import context

from models.tables import Base

database = context.config.attributes["database"]

with database.write() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
