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
    _banks()
    _customers()
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


def _banks() -> None:
    op.add_column("banks", sa.Column("form_digest", sa.LargeBinary(length=32), nullable=True))
    op.create_index(op.f("ix_banks_form_digest"), "banks", ["form_digest"], unique=True)
    op.create_index(op.f("ix_banks_guid_organization_guid"), "banks", ["guid", "organization_guid"], unique=True)


def _customers() -> None:
    # Both tables are made anew around their rows: SQLite adds neither a column that is never empty nor a foreign key.
    op.execute("CREATE TEMPORARY TABLE kept_customers AS SELECT * FROM customers")
    op.execute("CREATE TEMPORARY TABLE kept_labels AS SELECT * FROM customer_labels")
    op.drop_table("customer_labels")
    op.drop_table("customers")
    _create_customers()
    _create_labels()
    op.execute(
        "INSERT INTO customers (guid, bank_guid, organization_guid, type, state, personal_data_sealed, created_at, "
        "updated_at) SELECT kept.guid, kept.bank_guid, banks.organization_guid, kept.type, kept.state, "
        "kept.personal_data_sealed, kept.created_at, kept.updated_at "
        "FROM kept_customers AS kept JOIN banks ON banks.guid = kept.bank_guid"
    )
    op.execute(
        "INSERT INTO customer_labels (customer_guid, position, label) "
        "SELECT customer_guid, position, label FROM kept_labels"
    )
    op.execute("DROP TABLE kept_customers")
    op.execute("DROP TABLE kept_labels")


def _create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("bank_guid", GUID, nullable=False),
        sa.Column("organization_guid", GUID, nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("personal_data_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("guid", GUID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('storing', 'unverified', 'verified', 'rejected', 'frozen')", name=op.f("ck_customers_state")
        ),
        sa.CheckConstraint("type IN ('individual', 'business')", name=op.f("ck_customers_type")),
        sa.ForeignKeyConstraint(
            ["bank_guid", "organization_guid"],
            ["banks.guid", "banks.organization_guid"],
            name=op.f("fk_customers_bank_guid_organization_guid"),
        ),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_customers")),
    )
    for owner in ("bank_guid", "organization_guid"):
        name = op.f(f"ix_customers_{owner}_created_at_guid_type")
        op.create_index(name, "customers", [owner, "created_at", "guid", "type"])


def _create_labels() -> None:
    op.create_table(
        "customer_labels",
        sa.Column("customer_guid", GUID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["customer_guid"], ["customers.guid"], name=op.f("fk_customer_labels_customer_guid")),
        sa.PrimaryKeyConstraint("customer_guid", "position", name=op.f("pk_customer_labels")),
    )
    op.create_index(op.f("ix_customer_labels_label"), "customer_labels", ["label"])


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
