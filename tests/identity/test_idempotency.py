"""The same create sent again: one thing is made, and never are there two secrets that work."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from httpx2 import Response
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.applications.models import Application, ApplicationSecret
from ostiary.banks import service as banks
from ostiary.db.store import Store
from ostiary.events.models import Event
from ostiary.users.models import Membership
from ostiary.web import idempotency
from ostiary.web.models import IdempotencyKey
from tests.identity.keys_of_people import KEYS, ORGANIZATION_KEYS, new_key, program, token_answer
from tests.people import OPERATOR, Cast

VALUE = "8e03978e-40d5-43dd-bc93-6894a57f9324"
BODY = new_key()


def ask(client: TestClient, *, value: str = VALUE, path: str = ORGANIZATION_KEYS, **more: Any) -> Response:  # noqa: ANN401
    return client.post(path, json={**BODY, **more}, headers={"Idempotency-Key": value})


def wait_out(store: Store, **ago: dt.timedelta) -> None:
    """As if so much time had passed since the first answer."""
    with store.writing() as db:
        db.execute(
            sa.update(IdempotencyKey).values(held_until=clock.now(), **{n: clock.now() - a for n, a in ago.items()})
        )


def count(store: Store, table: type[Application] | type[ApplicationSecret] | type[IdempotencyKey]) -> int:
    with store.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def works(cast: Cast, answer: Response) -> bool:
    assert answer.status_code == 201, answer.text
    return token_answer(cast, answer.json()["client_id"], answer.json()["secret"])[0] == 200


def assert_names_the_key(answer: Response, first: Response) -> None:
    made = first.json()
    assert (answer.status_code, answer.json()["message_code"]) == (409, "data_exists"), answer.text
    assert answer.json()["client_id"] == made["client_id"]
    assert made["client_id"] in answer.json()["error_message"]
    assert "secret" not in answer.json()
    assert made["secret"] not in answer.text


@pytest.fixture
def alice(cast: Cast) -> TestClient:
    return program(cast, "Alice")


def test_shows_a_new_secret_of_the_same_key_when_the_answer_was_lost(cast: Cast, alice: TestClient) -> None:
    first = ask(alice)
    for _ in range(3):
        wait_out(cast.store)
        again = ask(alice)
        assert again.json()["client_id"] == first.json()["client_id"]
        assert again.json() | {"secret": "", "updated_at": ""} == first.json() | {"secret": "", "updated_at": ""}
        assert again.json()["secret"] != first.json()["secret"]
        assert count(cast.store, Application) == count(cast.store, ApplicationSecret) == 1
    assert ask(alice).json()["message_code"] == "request_in_progress"
    assert not works(cast, first)
    assert works(cast, again)


def test_writes_down_that_a_secret_was_replaced(cast: Cast, alice: TestClient) -> None:
    first = ask(alice)
    wait_out(cast.store)
    again = ask(alice)
    with cast.store.reading() as db:
        events = db.scalars(
            sa.select(Event).where(Event.object_guid == first.json()["guid"]).order_by(Event.guid)
        ).all()
    assert [event.event_type for event in events] == ["credential.created", "credential.updated"]
    assert events[1].facts == {"secret_replaced": True}
    assert again.json()["secret"] not in str([event.facts for event in events])


def test_asks_for_patience_while_the_answer_may_be_on_its_way(cast: Cast, alice: TestClient) -> None:
    first = ask(alice)
    again = ask(alice)
    assert (again.status_code, again.json()["message_code"]) == (409, "request_in_progress")
    assert again.headers["retry-after"] in {"4", "5"}
    assert works(cast, first)


def test_tells_only_the_client_id_once_the_key_was_used(cast: Cast, alice: TestClient) -> None:
    first = ask(alice)
    assert works(cast, first)
    wait_out(cast.store)
    assert_names_the_key(ask(alice), first)
    assert works(cast, first)


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("/oauth/introspect", {"token": "x"}, 200),
        ("/oauth/revoke", {"token": "x"}, 200),
        ("/oauth/token", {"grant_type": "client_credentials", "scope": "nope"}, 400),
    ],
)
def test_takes_a_right_secret_for_use_whatever_it_was_sent_for(
    cast: Cast, alice: TestClient, path: str, more: dict[str, str], status: int
) -> None:
    first = ask(alice)
    pair = {"client_id": first.json()["client_id"], "client_secret": first.json()["secret"]}
    assert cast.stranger().post(path, data=pair | more).status_code == status
    wait_out(cast.store)
    assert_names_the_key(ask(alice), first)
    assert works(cast, first)


def set_key(**values: object) -> Callable[[Session], object]:
    return lambda db: db.execute(sa.update(Application).values(**values))


@pytest.mark.parametrize(
    "change",
    [
        set_key(created_at=clock.now() - dt.timedelta(minutes=10)),
        set_key(revoked_at=clock.now()),
        set_key(last_used_at=clock.now()),
    ],
    ids=["older than ten minutes", "revoked", "used elsewhere"],
)
def test_tells_only_the_client_id_of_a_key_that_is(
    cast: Cast, alice: TestClient, change: Callable[[Session], object]
) -> None:
    first = ask(alice)
    wait_out(cast.store)
    with cast.store.writing() as db:
        change(db)
    before = secrets(cast.store)
    assert_names_the_key(ask(alice), first)
    assert secrets(cast.store) == before


def secrets(store: Store) -> list[bytes]:
    with store.reading() as db:
        return list(db.scalars(sa.select(ApplicationSecret.digest)))


def test_refuses_the_same_value_for_another_request(cast: Cast, alice: TestClient) -> None:
    ask(alice, path=KEYS, bank_guid=cast.north)
    in_south = program(cast, "Alice", bank_guid=cast.south)
    for answer in (
        ask(alice, path=KEYS, bank_guid=cast.south),
        ask(alice, path=KEYS, bank_guid=cast.north, name="Other"),
        ask(in_south, path=KEYS, bank_guid=cast.north),
    ):
        assert (answer.status_code, answer.json()["message_code"]) == (422, "idempotency_key_reused")
    assert count(cast.store, Application) == 1
    assert ask(in_south, path=KEYS, value="another").status_code == 201
    assert ask(in_south, path=ORGANIZATION_KEYS, value="another").status_code == 422


def test_knows_the_same_request_in_another_spelling(cast: Cast, alice: TestClient) -> None:
    first = ask(alice)
    wait_out(cast.store)
    turned = json.dumps(dict(reversed(BODY.items())), indent=2)
    again = alice.post(
        ORGANIZATION_KEYS, content=turned, headers={"Idempotency-Key": f'"{VALUE}"', "Content-Type": "application/json"}
    )
    assert again.json()["client_id"] == first.json()["client_id"]


def test_keeps_the_values_of_callers_apart(cast: Cast, alice: TestClient) -> None:
    cast.join("Anna", "administrator")
    answers = [ask(client) for client in (alice, program(cast, "Anna"), program(cast, "Mallory"))]
    assert len({answer.json()["client_id"] for answer in answers}) == 3
    assert all(works(cast, answer) for answer in answers)


def test_knows_a_person_again_in_another_login(cast: Cast, alice: TestClient) -> None:
    first = ask(alice)
    wait_out(cast.store)
    assert ask(program(cast, "Alice")).json()["client_id"] == first.json()["client_id"]


def test_makes_another_key_after_a_day(cast: Cast, alice: TestClient) -> None:
    first = ask(alice)
    wait_out(cast.store, expires_at=dt.timedelta())
    again = ask(alice)
    assert again.json()["client_id"] != first.json()["client_id"]
    assert works(cast, first)
    assert works(cast, again)
    assert count(cast.store, IdempotencyKey) == 1


def test_remembers_nothing_of_a_request_that_was_refused(cast: Cast, alice: TestClient) -> None:
    assert ask(alice, name="").status_code == 400
    assert ask(alice, expires_at="2020-01-01T00:00:00Z").status_code == 400
    assert ask(program(cast, "Bob")).status_code == 403
    assert count(cast.store, IdempotencyKey) == 0
    assert works(cast, ask(alice))


def test_makes_a_key_each_time_without_the_header(cast: Cast, alice: TestClient) -> None:
    made = [alice.post(ORGANIZATION_KEYS, json=BODY).json()["client_id"] for _ in range(2)]
    assert made[0] != made[1]
    assert count(cast.store, IdempotencyKey) == 0


@pytest.mark.parametrize("value", ["x" * 255, "a b", '"a \\" b"', "!", "~", "'"])
def test_takes_any_printable_value(alice: TestClient, value: str) -> None:
    assert ask(alice, value=value).status_code == 201


@pytest.mark.parametrize("value", ["", '""', "x" * 256, "a\tb", "caf\u00e9", "\x7f"])
def test_refuses_a_value_that_is_none(cast: Cast, alice: TestClient, value: str) -> None:
    headers = [(b"Idempotency-Key", value.encode("latin-1"))]
    answer = alice.post(ORGANIZATION_KEYS, json=BODY, headers=headers)
    assert (answer.status_code, answer.json()["message_code"]) == (400, "invalid_value")
    assert "Idempotency-Key" in answer.json()["error_message"]
    assert count(cast.store, Application) == 0


def test_refuses_two_values(cast: Cast, alice: TestClient) -> None:
    headers = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    assert alice.post(ORGANIZATION_KEYS, json=BODY, headers=headers).status_code == 400
    assert count(cast.store, Application) == 0


def test_looks_at_the_header_after_the_door(cast: Cast) -> None:
    assert ask(program(cast, "Bob"), value="").json()["message_code"] == "invalid_scopes"


def test_asks_a_repeat_for_the_same_rights(cast: Cast, alice: TestClient) -> None:
    first = ask(alice)
    wait_out(cast.store)
    with cast.store.writing() as db:
        db.execute(sa.update(Membership).values(role="viewer"))
    assert ask(alice).status_code == 403
    assert works(cast, first)


def test_asks_a_repeat_for_all_that_the_key_holds(cast: Cast, alice: TestClient) -> None:
    first = ask(alice)
    wait_out(cast.store)
    assert ask(program(cast, "Alice", scope="organization_applications:execute")).status_code == 403
    assert works(cast, first)


def test_shows_a_developer_no_new_secret_once_the_bank_is_production(cast: Cast) -> None:
    dana = program(cast, "Dana")
    first = ask(dana, path=KEYS, bank_guid=cast.north)
    wait_out(cast.store)
    before = secrets(cast.store)
    with cast.store.writing() as db:
        banks.promote(db, OPERATOR, cast.north)
    again = ask(dana, path=KEYS, bank_guid=cast.north)
    assert (first.status_code, again.json()["message_code"]) == (201, "invalid_scopes")
    assert secrets(cast.store) == before


def test_keeps_nothing_in_clear(cast: Cast, alice: TestClient) -> None:
    ask(alice, name="Recognisable")
    with cast.store.reading() as db:
        row = db.execute(sa.select(IdempotencyKey.__table__)).one()
    # SHA-256 without a key would be found by trying: both digests are keyed, so two installations differ.
    for word in (VALUE, "Recognisable", cast["Alice"].membership_guid):
        assert word not in str(tuple(row))
        assert word.encode() not in b"".join(part for part in row if isinstance(part, bytes))


def test_forgets_after_a_day(cast: Cast, alice: TestClient) -> None:
    ask(alice)
    ask(alice, value="another")
    idempotency.prune(cast.store)
    assert count(cast.store, IdempotencyKey) == 2
    wait_out(cast.store, expires_at=dt.timedelta())
    idempotency.prune(cast.store)
    assert count(cast.store, IdempotencyKey) == 0


def test_leaves_nothing_of_a_request_that_broke(cast: Cast, alice: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("the machine was switched off")

    with monkeypatch.context() as patch:
        patch.setattr(idempotency._Remembered, "made", breaks)
        with pytest.raises(RuntimeError):
            ask(alice)
    assert (count(cast.store, Application), count(cast.store, IdempotencyKey)) == (0, 0)
    assert works(cast, ask(alice))
