"""The first schema: organizations, banks, people, applications, customers, events, and the protocol's own tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
FACTS = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _organizations_and_banks()
    _people()
    _applications()
    _secrets()
    _customers()
    _events()
    _protocol()


def _organizations_and_banks() -> None:
    op.create_table(
        "organizations",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("guid", sa.String(length=32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_organizations")),
    )
    op.create_table(
        "banks",
        sa.Column("organization_guid", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("features", FACTS, nullable=False),
        sa.Column("supported_country_codes", FACTS, nullable=False),
        sa.Column("supported_fiat_account_assets", FACTS, nullable=False),
        sa.Column("supported_trading_symbols", FACTS, nullable=False),
        sa.Column("cors_allowed_origins", FACTS, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("guid", sa.String(length=32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("type IN ('sandbox', 'production')", name=op.f("ck_banks_type")),
        sa.ForeignKeyConstraint(["organization_guid"], ["organizations.guid"], name=op.f("fk_banks_organization_guid")),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_banks")),
    )
    with op.batch_alter_table("banks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_banks_organization_guid_created_at_guid"),
            ["organization_guid", "created_at", "guid"],
            unique=False,
        )


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("guid", sa.String(length=32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "memberships",
        sa.Column("organization_guid", sa.String(length=32), nullable=False),
        sa.Column("user_guid", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'administrator', 'developer', 'viewer')", name=op.f("ck_memberships_role")
        ),
        sa.ForeignKeyConstraint(
            ["organization_guid"], ["organizations.guid"], name=op.f("fk_memberships_organization_guid")
        ),
        sa.ForeignKeyConstraint(["user_guid"], ["users.guid"], name=op.f("fk_memberships_user_guid")),
        sa.PrimaryKeyConstraint("organization_guid", "user_guid", name=op.f("pk_memberships")),
    )
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_memberships_user_guid"), ["user_guid"], unique=False)


def _applications() -> None:
    op.create_table(
        "applications",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("organization_guid", sa.String(length=32), nullable=False),
        sa.Column("bank_guid", sa.String(length=32), nullable=True),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("ip_allowlist", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("paused_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("last_used_from", sa.String(length=45), nullable=True),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("guid", sa.String(length=32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("(kind = 'bank') = (bank_guid IS NOT NULL)", name=op.f("ck_applications_bank")),
        sa.CheckConstraint("kind IN ('organization', 'bank')", name=op.f("ck_applications_kind")),
        sa.ForeignKeyConstraint(["bank_guid"], ["banks.guid"], name=op.f("fk_applications_bank_guid")),
        sa.ForeignKeyConstraint(
            ["organization_guid"], ["organizations.guid"], name=op.f("fk_applications_organization_guid")
        ),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_applications")),
        sa.UniqueConstraint("client_id", name=op.f("uq_applications_client_id")),
    )
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_applications_bank_guid_created_at_guid"), ["bank_guid", "created_at", "guid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_applications_organization_guid_created_at_guid"),
            ["organization_guid", "created_at", "guid"],
            unique=False,
        )


def _secrets() -> None:
    op.create_table(
        "application_secrets",
        sa.Column("guid", sa.String(length=32), nullable=False),
        sa.Column("application_guid", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scheme", sa.Integer(), nullable=False),
        sa.Column("pepper_version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["application_guid"], ["applications.guid"], name=op.f("fk_application_secrets_application_guid")
        ),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_application_secrets")),
    )
    with op.batch_alter_table("application_secrets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_secrets_application_guid"), ["application_guid"], unique=False)
    op.create_table(
        "application_usage",
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("application_guid", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "application_guid", "outcome", name=op.f("pk_application_usage")),
    )


def _customers() -> None:
    op.create_table(
        "customers",
        sa.Column("bank_guid", sa.String(length=32), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("personal_data_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("guid", sa.String(length=32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('storing', 'unverified', 'verified', 'rejected', 'frozen')", name=op.f("ck_customers_state")
        ),
        sa.CheckConstraint("type IN ('individual', 'business')", name=op.f("ck_customers_type")),
        sa.ForeignKeyConstraint(["bank_guid"], ["banks.guid"], name=op.f("fk_customers_bank_guid")),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_customers")),
    )
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_customers_bank_guid_created_at_guid"), ["bank_guid", "created_at", "guid"], unique=False
        )
    op.create_table(
        "customer_labels",
        sa.Column("customer_guid", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["customer_guid"], ["customers.guid"], name=op.f("fk_customer_labels_customer_guid")),
        sa.PrimaryKeyConstraint("customer_guid", "position", name=op.f("pk_customer_labels")),
    )
    with op.batch_alter_table("customer_labels", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_labels_label"), ["label"], unique=False)


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("guid", sa.String(length=32), nullable=False),
        sa.Column("event_type", sa.String(length=64), nullable=False),
        sa.Column("object_guid", sa.String(length=32), nullable=False),
        sa.Column("organization_guid", sa.String(length=32), nullable=False),
        sa.Column("bank_guid", sa.String(length=32), nullable=True),
        sa.Column("actor_subject", sa.String(length=16), nullable=False),
        sa.Column("actor_guid", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("facts", FACTS, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_events_object_guid_created_at"), ["object_guid", "created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_events_organization_guid_created_at_guid"),
            ["organization_guid", "created_at", "guid"],
            unique=False,
        )
    op.create_table(
        "event_deliveries",
        sa.Column("guid", sa.String(length=32), nullable=False),
        sa.Column("event_guid", sa.String(length=32), nullable=False),
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["event_guid"], ["events.guid"], name=op.f("fk_event_deliveries_event_guid")),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_event_deliveries")),
    )
    with op.batch_alter_table("event_deliveries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_deliveries_event_guid"), ["event_guid"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_deliveries_next_attempt_at"), ["next_attempt_at"], unique=False)


def _protocol() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("public_jwk", FACTS, nullable=False),
        sa.Column("private_key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "revocations",
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("application_guid", sa.String(length=32), nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_guid"], ["applications.guid"], name=op.f("fk_revocations_application_guid")
        ),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_revocations")),
    )
    with op.batch_alter_table("revocations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_revocations_application_guid"), ["application_guid"], unique=False)
        batch_op.create_index(batch_op.f("ix_revocations_expires_at"), ["expires_at"], unique=False)
