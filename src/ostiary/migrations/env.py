"""How Alembic runs our migrations: all of them in one transaction, inside the lock of the database."""

from alembic import context
from sqlalchemy import func, select

from ostiary.db.store import ADVISORY_LOCK
from ostiary.tables import metadata

LOCK_WAIT_MS = 200

connection = context.config.attributes["connection"]

context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)

with context.begin_transaction():
    # Taken inside Alembic's own transaction: a lock taken earlier on this connection would make it skip its commit.
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))
        # Whoever waits for a table that somebody reads makes all others wait behind it: give up, and come again.
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_WAIT_MS}ms'")
    context.run_migrations()
