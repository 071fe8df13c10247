"""People sign in: memberships with ids of their own, sessions, one-time links; usage by bank, and indexes for pages."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
GUID = sa.String(length=32)


def upgrade() -> None:
    _memberships()
    _sessions()
    _links()
    _applications()
    _usage()
    _events()


def _memberships() -> None:
    # No release has written a membership yet, so the table is made anew instead of being changed.
    op.drop_table("memberships")
    op.create_table(
        "memberships",
        sa.Column("organization_guid", GUID, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("user_guid", GUID, nullable=True),
        sa.Column("invited_by", GUID, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("guid", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'administrator', 'developer', 'viewer')", name=op.f("ck_memberships_role")
        ),
        sa.ForeignKeyConstraint(
            ["organization_guid"], ["organizations.guid"], name=op.f("fk_memberships_organization_guid")
        ),
        sa.ForeignKeyConstraint(["user_guid"], ["users.guid"], name=op.f("fk_memberships_user_guid")),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_memberships")),
        sa.UniqueConstraint("organization_guid", "email", name=op.f("uq_memberships_organization_guid_email")),
        sa.UniqueConstraint("organization_guid", "user_guid", name=op.f("uq_memberships_organization_guid_user_guid")),
    )
    op.create_index(op.f("ix_memberships_user_guid"), "memberships", ["user_guid"])


def _sessions() -> None:
    op.create_table(
        "user_sessions",
        sa.Column("guid", GUID, nullable=False),
        sa.Column("user_guid", GUID, nullable=False),
        sa.Column("id_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("organization_guid", GUID, nullable=True),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_guid"], ["organizations.guid"], name=op.f("fk_user_sessions_organization_guid")
        ),
        sa.ForeignKeyConstraint(["user_guid"], ["users.guid"], name=op.f("fk_user_sessions_user_guid")),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_user_sessions")),
        sa.UniqueConstraint("id_digest", name=op.f("uq_user_sessions_id_digest")),
    )
    op.create_index(op.f("ix_user_sessions_expires_at"), "user_sessions", ["expires_at"])
    op.create_index(op.f("ix_user_sessions_user_guid"), "user_sessions", ["user_guid"])


def _links() -> None:
    op.create_table(
        "one_time_links",
        sa.Column("guid", GUID, nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("word_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("membership_guid", GUID, nullable=True),
        sa.Column("user_guid", GUID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "purpose IN ('set_up', 'invitation', 'new_password')", name=op.f("ck_one_time_links_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["membership_guid"], ["memberships.guid"], name=op.f("fk_one_time_links_membership_guid")
        ),
        sa.ForeignKeyConstraint(["user_guid"], ["users.guid"], name=op.f("fk_one_time_links_user_guid")),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_one_time_links")),
        sa.UniqueConstraint("word_digest", name=op.f("uq_one_time_links_word_digest")),
    )
    op.create_index(op.f("ix_one_time_links_membership_guid"), "one_time_links", ["membership_guid"])
    op.create_index(op.f("ix_one_time_links_user_guid"), "one_time_links", ["user_guid"])


def _applications() -> None:
    op.add_column("applications", sa.Column("form_digest", sa.LargeBinary(length=32), nullable=True))
    op.add_column("applications", sa.Column("replaces_guid", GUID, nullable=True))
    op.create_index(op.f("ix_applications_form_digest"), "applications", ["form_digest"], unique=True)
    op.create_index(op.f("ix_applications_replaces_guid"), "applications", ["replaces_guid"])
    op.create_index(
        op.f("ix_applications_organization_guid_expires_at"), "applications", ["organization_guid", "expires_at"]
    )


def _usage() -> None:
    op.create_index(
        op.f("ix_application_usage_application_guid_hour"), "application_usage", ["application_guid", "hour"]
    )
    op.create_table(
        "organization_usage",
        sa.Column("organization_guid", GUID, nullable=False),
        sa.Column("bank_guid", GUID, nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_guid", "bank_guid", "hour", "outcome", name=op.f("pk_organization_usage")
        ),
    )
    op.create_index(op.f("ix_organization_usage_hour"), "organization_usage", ["hour"])


def _events() -> None:
    op.create_index("ix_events_by_bank", "events", ["organization_guid", "bank_guid", "created_at", "guid"])
    op.create_index("ix_events_by_actor", "events", ["organization_guid", "actor_guid", "created_at", "guid"])
    op.create_index("ix_events_by_type", "events", ["organization_guid", "event_type", "created_at", "guid"])
    op.drop_index(op.f("ix_events_object_guid_created_at"), "events")
    op.create_index("ix_events_by_object", "events", ["organization_guid", "object_guid", "created_at", "guid"])
