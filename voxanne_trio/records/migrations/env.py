"""Alembic's entry: takes the steps on the connection that it is given, in its transaction."""

from alembic import context

from voxanne_trio.records.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
