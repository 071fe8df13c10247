"""Signing keys are published before they sign, go once nothing they signed can count, or at once."""

import datetime as dt
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import jwt
import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session
from time_machine import Traveller

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.crypto.es256 import PrivateKey
from ostiary.db.store import Store
from ostiary.errors import NotFound, StoreUnavailable
from ostiary.house import House
from ostiary.oauth import jwks, key_rotation, queries
from ostiary.oauth.key_rotation import OUTLIVED, PUBLISHED_AHEAD, Rotation
from ostiary.oauth.models import SigningKey
from ostiary.settings import Settings
from tests.apps import app_on
from tests.oauth.desk import Desk, open_desk

LIFE = dt.timedelta(days=90)
MOMENT = dt.timedelta(seconds=1)


@pytest.fixture
def house(settings: Settings, ostiary: Ostiary) -> Iterator[House]:
    assert ostiary.keys.current_kid
    opened = House(settings)
    yield opened
    opened.store.close()


@pytest.fixture
def time() -> Iterator[Traveller]:
    with time_machine.travel(clock.now(), tick=False) as travel:
        yield travel


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def published(made: Ostiary) -> list[object]:
    made.keys.refresh()
    return [key["kid"] for key in jwks.document(made.keys)["keys"]]  # type: ignore[attr-defined]  # a list of mappings


def rotated(house: House) -> str:
    return key_rotation.rotate(house.store, house.signing_key_seal).kid


def on_schedule(house: House) -> None:
    Rotation(house.store, house.signing_key_seal, LIFE)()


def test_signs_with_a_new_key_once_everybody_can_know_it(desk: Desk, house: House, time: Traveller) -> None:
    first = desk.ostiary.keys.current_kid
    time.shift(LIFE)
    second = rotated(house)
    assert published(desk.ostiary) == [first, second]
    assert kid_of(desk.token(desk.key(desk.acme.organization_guid))) == first
    time.shift(PUBLISHED_AHEAD - MOMENT)
    desk.ostiary.keys.refresh()
    before = desk.token(key := desk.key(desk.acme.organization_guid))
    assert kid_of(before) == first
    time.shift(MOMENT)
    desk.ostiary.keys.refresh()
    after = desk.token(key)
    assert kid_of(after) == second
    assert [desk.show(each).status for each in (before, after)] == [200, 200]


def test_adds_and_retires_on_schedule(desk: Desk, house: House, time: Traveller) -> None:
    first = desk.ostiary.keys.current_kid
    time.shift(LIFE - MOMENT)
    on_schedule(house)
    assert published(desk.ostiary) == [first]
    time.shift(MOMENT)
    for _ in range(2):
        on_schedule(house)
    (_, second) = published(desk.ostiary)
    time.shift(PUBLISHED_AHEAD + OUTLIVED - MOMENT)
    on_schedule(house)
    assert published(desk.ostiary) == [first, second]
    time.shift(MOMENT)
    on_schedule(house)
    assert published(desk.ostiary) == [second] == [desk.ostiary.keys.current_kid]


def test_refuses_no_token_that_could_still_count(desk: Desk, house: House, time: Traveller) -> None:
    """The longest life there is, begun in the last second in which the old key signs."""
    rotated(house)
    time.shift(PUBLISHED_AHEAD - MOMENT)
    with desk.store.writing() as db:
        db.execute(sa.text("UPDATE applications SET expires_at = :later"), {"later": "2999-01-01 00:00:00.000000"})
    token = desk.token(desk.north)
    claims = jwt.decode(token, options={"verify_signature": False})
    time.move_to(dt.datetime.fromtimestamp(claims["exp"] - 1, dt.UTC))
    on_schedule(house)
    assert desk.show(token).status == 200


def test_retires_a_key_at_once_on_every_node(desk: Desk, house: House, settings: Settings) -> None:
    token = desk.token(desk.north)
    with app_on(settings) as other, open_desk(other) as second:
        elsewhere = second.token(desk.north)
        old = key_rotation.retire(house.store, house.signing_key_seal, kid_of(token)).kid
        for node in (desk, second):
            assert [node.show(each).status for each in (token, elsewhere)] == [401, 401]
            fresh = node.token(desk.north)
            assert kid_of(fresh) != old
            assert node.show(fresh).status == 200


def test_signs_at_once_with_what_is_left(desk: Desk, house: House) -> None:
    old, young = desk.ostiary.keys.current_kid, rotated(house)
    assert kid_of(desk.token(desk.north)) == old
    key_rotation.retire(house.store, house.signing_key_seal, old)
    assert kid_of(desk.token(desk.north)) == young


def test_signs_rather_with_an_old_key_that_is_known(desk: Desk, house: House, time: Traveller) -> None:
    old, young = desk.ostiary.keys.current_kid, rotated(house)
    time.shift(key_rotation.PUBLISHED_AHEAD + MOMENT)
    waiting = rotated(house)
    desk.ostiary.keys.refresh()
    assert kid_of(desk.token(desk.north)) == young
    for kid, next_one in ((young, old), (old, waiting)):
        key_rotation.retire(house.store, house.signing_key_seal, kid)
        assert kid_of(desk.token(desk.north)) == next_one


def test_keeps_nothing_to_sign_with_of_a_retired_key(house: House, store: Store) -> None:
    kid = rotated(house)
    key_rotation.retire(house.store, house.signing_key_seal, kid)
    with store.reading() as db:
        key = db.get_one(SigningKey, kid)
    assert (key.private_key_sealed, key.retired_at is not None) == (b"", True)
    with pytest.raises(NotFound):
        key_rotation.retire(house.store, house.signing_key_seal, kid)


def test_reads_once_for_many_who_ask_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers may ask whether a key they name was made elsewhere, as often as they like."""
    keys, read = desk.ostiary.keys, queries.by_age
    is_reading, may_go_on = threading.Event(), threading.Event()
    readings: list[None] = []

    def slow(db: Session) -> list[SigningKey]:
        readings.append(None)
        is_reading.set()
        assert may_go_on.wait(10)
        if len(readings) == 2:
            raise StoreUnavailable("once")
        return read(db)

    monkeypatch.setattr(queries, "by_age", slow)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(keys.refresh)
        assert is_reading.wait(10)
        # These ask for what is so from now on, which the first may have missed.
        others = [pool.submit(keys.refresh) for _ in range(7)]
        wait(others, 0.2)
        may_go_on.set()
        first.result(10)
        failures = [each.exception(10) for each in others]
    # The second failed, and so the third read for all the rest.
    assert (len(readings), len([each for each in failures if each])) == (3, 1)


def test_names_no_key_like_an_option(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ostiary signing-keys retire` could not be told which one."""
    made = [beginning_with_a_dash()]
    generate = PrivateKey.generate
    monkeypatch.setattr(PrivateKey, "generate", lambda: made.pop() if made else generate())
    assert not key_rotation.rotate(house.store, house.signing_key_seal).kid.startswith("-")
    assert made == []


def beginning_with_a_dash() -> PrivateKey:
    while True:
        found = PrivateKey.generate()
        if found.public.thumbprint.startswith("-"):
            return found
