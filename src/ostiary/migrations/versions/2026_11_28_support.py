"""The database says which releases can work with it, so that an older one need not refuse every newer schema."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    support = op.create_table(
        "schema_support",
        sa.Column("oldest_revision", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("oldest_revision", name=op.f("pk_schema_support")),
    )
    op.bulk_insert(support, [{"oldest_revision": revision}])
