"""An observed key: wherever it is used from, at any endpoint, is written down; of every other key nothing is."""

import pytest
import sqlalchemy as sa

from ostiary.applications.models import OTHERS, UNKNOWN, Application, SeenAddress
from ostiary.applications.observation import service as observation
from ostiary.web.together import Answer, Head, Request
from tests.oauth.customer_desk import customer_token, look, new_customer
from tests.oauth.desk import OPERATOR, Desk, Key

pytestmark = pytest.mark.any_database


HERE, THERE, ELSEWHERE = "192.0.2.1", "2001:db8::1", "203.0.113.7"
FORM = [(b"content-type", b"application/x-www-form-urlencoded")]


def observe(desk: Desk, key: Key) -> None:
    with desk.store.writing() as db:
        observation.observe(db, OPERATOR, desk.kind(key), key.client_id)


def seen(desk: Desk, key: Key) -> dict[str, int]:
    """How often from where, once the second is over."""
    desk.ostiary.usage.write(desk.store)
    rows = sa.select(SeenAddress.address, SeenAddress.count).join(Application)
    with desk.store.reading() as db:
        found = db.execute(rows.where(Application.client_id == key.client_id))
        return {address: int(count) for address, count in found}


def together(desk: Desk, key: Key, *peers: str) -> None:
    """Requests of one turn."""
    endpoint = desk.ostiary.token
    body = f"grant_type=client_credentials&client_id={key.client_id}&client_secret={key.secret}".encode()
    answers = desk.runner.run(endpoint.answers([Request(Head(FORM, peer), body) for peer in peers]))
    assert [answer.status for answer in answers if isinstance(answer, Answer)] == [200] * len(peers)


def with_pair(desk: Desk, path: str, key: Key, token: str, peer: str) -> int:
    body = f"client_id={key.client_id}&client_secret={key.secret}&token={token}".encode()
    return desk.request(path, FORM, method="POST", body=body, peer=peer).status


def test_notices_every_way_of_using_a_key(desk: Desk) -> None:
    token = desk.token(desk.north, peer=ELSEWHERE)
    observe(desk, desk.north)
    assert desk.ask(desk.north, peer=HERE).status == 200
    assert desk.ask(desk.north, peer=HERE).status == 200
    # A token that was made before is a use too, and so is a request that goes wrong further inside.
    assert desk.show(token, peer=THERE).status == 200
    assert desk.request("/api/nowhere", [(b"authorization", f"Bearer {token}".encode())], peer=THERE).status == 404
    assert with_pair(desk, "/oauth/introspect", desk.north, token, "10.0.0.1") == 200
    assert with_pair(desk, "/oauth/revoke", desk.north, token, "10.0.0.2") == 200
    assert seen(desk, desk.north) == {HERE: 2, THERE: 2, "10.0.0.1": 1, "10.0.0.2": 1}


def test_notices_requests_that_are_answered_together(desk: Desk) -> None:
    observe(desk, desk.acme)
    together(desk, desk.acme, HERE, THERE, HERE)
    assert seen(desk, desk.acme) == {HERE: 2, THERE: 1}


def test_writes_addresses_in_one_spelling_and_owns_up_to_unknown_ones(desk: Desk) -> None:
    observe(desk, desk.north)
    for peer in ("::ffff:192.0.2.1", "2001:DB8:0::1", "", "not an address"):
        assert desk.ask(desk.north, peer=peer).status == 200
    assert seen(desk, desk.north) == {HERE: 1, THERE: 1, UNKNOWN: 2}


def test_writes_nothing_of_keys_that_are_not_observed(desk: Desk) -> None:
    observe(desk, desk.acme)
    token = desk.token(desk.north, peer=HERE)
    assert desk.show(token, peer=THERE).status == 200
    assert with_pair(desk, "/oauth/introspect", desk.north, token, HERE) == 200
    assert not desk.ostiary.usage._sightings
    assert seen(desk, desk.north) == {}


def test_writes_nothing_of_whoever_is_not_let_in(desk: Desk) -> None:
    observe(desk, desk.north)
    token = desk.token(desk.north, peer=HERE)
    wrong = Key(desk.north.client_id, desk.acme.secret, desk.north.organization_guid, desk.north.bank_guid)
    assert desk.ask(wrong, peer=ELSEWHERE).status == 401
    assert with_pair(desk, "/oauth/introspect", wrong, token, ELSEWHERE) == 401
    assert desk.show(token[:-4] + "AAAA", peer=ELSEWHERE).status == 401
    with desk.store.writing() as db:
        db.execute(sa.update(Application).values(paused_at=sa.func.now()))
    assert desk.ask(desk.north, peer=ELSEWHERE).status == 401
    assert desk.show(token, peer=ELSEWHERE).status == 401
    assert seen(desk, desk.north) == {HERE: 1}


def test_learns_nothing_of_customers_who_need_no_list_of_the_key(desk: Desk) -> None:
    customer = new_customer(desk, desk.north)
    alone = customer_token(desk, desk.north, customer, inherit_ip_allowlist=False)
    listed = customer_token(desk, desk.north, customer, ip_allowlist=[THERE])
    inheriting = customer_token(desk, desk.north, customer)
    observe(desk, desk.north)
    assert look(desk, alone, customer, peer=ELSEWHERE).status == 200
    assert look(desk, listed, customer, peer=THERE).status == 200
    assert look(desk, inheriting, customer, peer=HERE).status == 200
    assert seen(desk, desk.north) == {HERE: 1}


def test_stops_at_once(desk: Desk) -> None:
    observe(desk, desk.north)
    token = desk.token(desk.north, peer=HERE)
    with desk.store.writing() as db:
        observation.stop(db, OPERATOR, desk.kind(desk.north), desk.north.client_id)
    assert desk.show(token, peer=HERE).status == 200
    # What was counted by then is not written any more.
    assert [row[1:] for row in desk.ostiary.usage._sightings.rows()] == [(HERE, 1)]
    assert seen(desk, desk.north) == {}


def test_writes_no_secret_and_no_token_down(desk: Desk) -> None:
    """The address is what the connection has, never what somebody sends in a header."""
    observe(desk, desk.north)
    token = desk.token(desk.north, peer=HERE)
    sent = f"{desk.north.secret}, {token}".encode()
    assert desk.show(token, (b"x-forwarded-for", sent), (b"forwarded", b"for=" + sent), peer=HERE).status == 200
    assert seen(desk, desk.north) == {HERE: 2}
    assert OTHERS not in seen(desk, desk.north)
