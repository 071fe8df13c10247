"""Flaws of others in tokens and signatures: rows T of docs/known-flaws.md that have no test elsewhere."""

import time
from collections.abc import Iterator

import pytest

from ostiary import clock
from tests.oauth.desk import Desk, claims_of

ZONES = ("Pacific/Kiritimati", "America/St_Johns", "Pacific/Pago_Pago", "Europe/Berlin")


@pytest.fixture(params=ZONES)
def _zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own, for the length of a test."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_zone")
def test_t15_knows_no_time_zone(desk: Desk) -> None:
    """A key that has an hour left makes a token that has an hour left, wherever the machine stands."""
    key = desk.key(desk.acme.organization_guid, desk.north.bank_guid)
    claims = claims_of(desk.token(key))
    assert abs(claims["iat"] - clock.seconds()) < 60
    assert claims["exp"] - claims["iat"] == 8 * 3600
    assert desk.show(desk.token(key)).status == 200
