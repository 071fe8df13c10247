"""The form of a page as a browser would send it, with whatever somebody changes in it."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from httpx2 import Response
from starlette.testclient import TestClient

from ostiary.banks.models import Bank
from ostiary.db.store import Store
from tests.applications.reading import Reading, read

Fields = Mapping[str, str | Sequence[str]]


def fields_of(page: Reading) -> Fields:
    """Every ticked box, where there are several of one name."""
    boxes = [found for tag, found in page.elements if tag == "input" and found.get("type") == "checkbox"]
    ticked = {
        box["name"]: [each["value"] for each in boxes if each["name"] == box["name"] and "checked" in each]
        for box in boxes
    }
    return {**page.fields, **ticked}


def fill(browser: TestClient, path: str, **typed: str | Sequence[str]) -> Response:
    return browser.post(path, data={**fields_of(read(browser.get(path))), **typed})


def bank_at(store: Store, guid: str) -> Bank:
    with store.reading() as db:
        return db.scalars(sa.select(Bank).where(Bank.guid == guid)).one()


def banks_of(store: Store, organization_guid: str) -> Sequence[Bank]:
    """The oldest first."""
    with store.reading() as db:
        mine = sa.select(Bank).where(Bank.organization_guid == organization_guid)
        return db.scalars(mine.order_by(Bank.created_at, Bank.guid)).all()
