"""Keys are observed: since when, the list that is proposed, and the addresses they were used from."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("applications", sa.Column("observed_since", MOMENT, nullable=True))
    op.add_column("applications", sa.Column("proposed_ip_allowlist", sa.Text(), nullable=True))
    op.create_table(
        "seen_addresses",
        sa.Column("application_guid", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_guid"], ["applications.guid"], name=op.f("fk_seen_addresses_application_guid")
        ),
        sa.PrimaryKeyConstraint("application_guid", "address", name=op.f("pk_seen_addresses")),
    )
    op.create_index(op.f("ix_seen_addresses_last_seen_at"), "seen_addresses", ["last_seen_at"])
