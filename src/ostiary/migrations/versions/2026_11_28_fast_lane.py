"""What the fast lane reads of a secret and of a bank stands in an index, so that it need not open their rows."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_application_secrets_presented",
        "application_secrets",
        ["application_guid", "digest", "scheme", "pepper_version", "expires_at"],
    )
    op.drop_index(op.f("ix_application_secrets_application_guid"), "application_secrets")
    op.create_index(op.f("ix_banks_guid_type_closed_at"), "banks", ["guid", "type", "closed_at"], unique=True)
