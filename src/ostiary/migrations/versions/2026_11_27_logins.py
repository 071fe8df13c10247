"""Logins: programs in which a person signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "logins",
        sa.Column("guid", sa.String(length=32), nullable=False),
        sa.Column("membership_guid", sa.String(length=32), nullable=False),
        sa.Column("bank_guid", sa.String(length=32), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["bank_guid"], ["banks.guid"], name=op.f("fk_logins_bank_guid")),
        sa.ForeignKeyConstraint(["membership_guid"], ["memberships.guid"], name=op.f("fk_logins_membership_guid")),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_logins")),
    )
    with op.batch_alter_table("logins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_logins_membership_guid"), ["membership_guid"], unique=False)
        batch_op.create_index(batch_op.f("ix_logins_expires_at"), ["expires_at"], unique=False)
