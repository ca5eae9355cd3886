"""Run by Alembic for every command: it works on the connection that `upgrade` hands in, inside its transaction."""

from alembic import context

from carrel.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
