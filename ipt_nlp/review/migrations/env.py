"""Alembic's entry: runs the migrations over the connection that ``database.migrate`` hands in."""

from __future__ import annotations

from alembic import context

from ipt_nlp.review import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
