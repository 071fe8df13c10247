"""What was written under an earlier schema is still there under the newest one."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from pydantic import SecretStr

from ostiary.banks.models import Bank
from ostiary.customers.models import Customer, CustomerLabel
from ostiary.db.model import Model
from ostiary.db.store import Store
from ostiary.migrations import alembic_runner
from ostiary.organizations.models import Organization
from ostiary.settings import Settings

ACME, GLOBEX, NORTH, ADA, BOB = (letter * 32 for letter in "12345")
FOUNDATION = "0001"
SEALED = b"\x00\xff sealed"
LISTS = (
    "features",
    "supported_country_codes",
    "supported_fiat_account_assets",
    "supported_trading_symbols",
    "cors_allowed_origins",
)


@pytest.fixture
def old_store(settings: Settings, nothing_yet: str) -> Iterator[Store]:
    """A database as it was before people could sign in."""
    store = Store(settings.model_copy(update={"database_url": SecretStr(nothing_yet)}))
    config = Config()
    config.set_main_option("script_location", str(alembic_runner.FOLDER))
    config.set_main_option("path_separator", "os")
    with store.changing_schema() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, FOUNDATION)
    yield store
    store.close()


def put(store: Store, model: type[Model], **values: object) -> None:
    with store.writing() as db:
        db.execute(sa.insert(model).values(**values))


def put_north(store: Store) -> None:
    put(store, Organization, guid=ACME, name="Acme")
    lists = {name: ["x"] for name in LISTS}
    put(store, Bank, guid=NORTH, organization_guid=ACME, name="North", type="sandbox", **lists)


def test_keeps_customers_and_their_labels(old_store: Store) -> None:
    put_north(old_store)
    put(old_store, Customer, guid=ADA, bank_guid=NORTH, type="individual", personal_data_sealed=SEALED)
    put(old_store, Customer, guid=BOB, bank_guid=NORTH, type="business", personal_data_sealed=None)
    put(old_store, CustomerLabel, customer_guid=ADA, position=0, label="vip")

    alembic_runner.upgrade(old_store)

    rows = sa.select(Customer.guid, Customer.bank_guid, Customer.organization_guid, Customer.personal_data_sealed)
    with old_store.reading() as db:
        found = [tuple(row) for row in db.execute(rows.order_by(Customer.guid))]
        labels = [tuple(row) for row in db.execute(sa.select(CustomerLabel.customer_guid, CustomerLabel.label))]
    assert found == [(ADA, NORTH, ACME, SEALED), (BOB, NORTH, ACME, None)]
    assert labels == [(ADA, "vip")]


def test_refuses_a_customer_whose_bank_belongs_to_somebody_else(store: Store) -> None:
    put_north(store)
    put(store, Organization, guid=GLOBEX, name="Globex")
    with pytest.raises(sa.exc.IntegrityError):
        put(store, Customer, guid=ADA, bank_guid=NORTH, organization_guid=GLOBEX, type="individual")
