"""Client authentication at the token endpoint: one way at a time, one answer for whatever a stranger gets wrong."""

import base64
import datetime as dt
from collections.abc import Callable

import pytest

from ostiary import clock
from ostiary.applications import service as applications
from ostiary.applications.credentials import checksum, new_client_id
from ostiary.applications.models import Application, ApplicationKind
from ostiary.applications.schemas import ApplicationChanges
from ostiary.banks import service as banks
from ostiary.web.schemas import read_as
from tests.oauth.desk import OPERATOR, Desk, Key
from tests.oauth.lookups import Noting
from tests.oauth.window import GRANT, assert_refused, basic, good, pair, post, post_form, raw_basic

UNKNOWN = "Client authentication failed"


def of_the_same_form(secret: str) -> str:
    """A secret that could be one of ours and is not."""
    body = secret[:-6]
    other = body[:-1] + ("a" if body[-1] != "a" else "b")
    return other + checksum(other)


def test_reads_basic_as_the_standard_writes_it(desk: Desk) -> None:
    key = desk.north
    assert post(desk, GRANT, basic(key.client_id, key.secret)).status == 200
    assert post_form(desk, GRANT, basic(key.client_id, key.secret)).status == 200
    # Form-encoding hides letters that need no hiding, and is read all the same.
    escaped = "".join(f"%{ord(letter):02X}" for letter in key.secret)
    assert post(desk, GRANT, raw_basic(f"{key.client_id}:{escaped}".encode())).status == 200
    assert (
        post(
            desk, GRANT, (b"authorization", b"bAsIc" + raw_basic(f"{key.client_id}:{key.secret}".encode())[1][5:])
        ).status
        == 200
    )


def test_takes_a_client_id_beside_basic_when_it_is_the_same(desk: Desk) -> None:
    key = desk.north
    header = basic(key.client_id, key.secret)
    assert post(desk, GRANT | {"client_id": key.client_id}, header).status == 200
    assert_refused(post(desk, GRANT | {"client_id": desk.acme.client_id}, header), "invalid_request", says="client_id")


def test_refuses_two_methods_at_once(desk: Desk) -> None:
    header = basic(desk.north.client_id, desk.north.secret)
    assert_refused(post(desk, good(desk.north), header), "invalid_request", says="not both")
    assert_refused(post(desk, GRANT, header, header), "invalid_request", says="one Authorization header")
    assert_refused(post(desk, good(desk.north) | {"client_assertion": "x"}), "invalid_request", says="assertions")


@pytest.mark.parametrize(
    "value",
    [
        b"Basic",
        b"Basic ",
        b"Basic !!!!",
        b"Basic " + base64.b64encode(b"no colon"),
        b"Basic " + base64.b64encode(b"a%zz:b"),
        b"Basic " + base64.b64encode(b"a:%ff"),
        b"Basic " + base64.b64encode(b"\xff\xfe:b"),
        b"Basic " + base64.b64encode(b"a:b\x00"),
        b"Basic " + base64.b64encode(b"ab:cd").rstrip(b"="),
        b"Basic  " + base64.b64encode(b"a:b"),
    ],
)
def test_refuses_basic_in_any_other_spelling(desk: Desk, value: bytes) -> None:
    assert_refused(post(desk, GRANT, (b"authorization", value)), "invalid_request", says="Basic")


@pytest.mark.parametrize("value", [b"Bearer x", b"Digest x", b"", b"Basic Og=="])
def test_refuses_what_does_not_authenticate(desk: Desk, value: bytes) -> None:
    assert_refused(post(desk, GRANT, (b"authorization", value)), "invalid_client", 401)


def test_says_what_is_missing(desk: Desk) -> None:
    for sent in ({}, {"client_id": desk.north.client_id}, {"client_secret": desk.north.secret}):
        assert_refused(post(desk, GRANT | sent), "invalid_client", 401, "client_id and client_secret")


def test_refuses_a_typing_mistake_without_asking_the_database(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = desk.ostiary.token
    noting = Noting(endpoint.lookup)
    monkeypatch.setitem(endpoint.__dict__, "lookup", noting)
    secret, client_id = desk.north.secret, desk.north.client_id
    typos = [
        secret[:-1] + ("0" if secret[-1] != "0" else "1"),
        secret[:30] + secret[31:],
        secret + "0",
        secret.upper(),
        "x",
    ]
    for typo in typos:
        assert_refused(
            post(desk, GRANT | {"client_id": client_id, "client_secret": typo}), "invalid_client", 401, UNKNOWN
        )
    for wrong in ("x", client_id[:-1], client_id + "0", "ostid_" + "-" * 38, client_id + "\n"):
        assert_refused(
            post(desk, GRANT | {"client_id": wrong, "client_secret": secret}), "invalid_client", 401, UNKNOWN
        )
    assert noting.asked == []
    post(desk, good(desk.north))
    assert noting.asked == [[client_id]]


def pause(desk: Desk, key: Key) -> None:
    with desk.store.writing() as db:
        applications.pause(db, OPERATOR, desk.kind(key), key.client_id)


def revoke(desk: Desk, key: Key) -> None:
    with desk.store.writing() as db:
        applications.revoke(db, OPERATOR, desk.kind(key), key.client_id)


def expire(desk: Desk, key: Key) -> None:
    with desk.store.writing() as db:
        found = db.query(Application).filter_by(client_id=key.client_id).one()
        found.expires_at = clock.now() - dt.timedelta(seconds=1)


def bind(desk: Desk, key: Key) -> None:
    with desk.store.writing() as db:
        sent = read_as(ApplicationChanges, ip_allowlist=["192.0.2.1"])
        applications.update(db, OPERATOR, desk.kind(key), key.client_id, sent)


def close(desk: Desk, key: Key) -> None:
    with desk.store.writing() as db:
        banks.close(db, OPERATOR, key.bank_guid)


STATES: list[tuple[Callable[[Desk, Key], None], str]] = [
    (pause, "Credential paused"),
    (revoke, "Credential revoked"),
    (expire, "Credential has expired"),
    (bind, "address 127.0.0.1"),
    (close, "Bank closed"),
]


@pytest.mark.parametrize(("change", "says"), STATES)
def test_says_why_to_whoever_has_the_secret(desk: Desk, change: Callable[[Desk, Key], None], says: str) -> None:
    assert post(desk, good(desk.north)).status == 200
    change(desk, desk.north)
    assert_refused(post(desk, good(desk.north)), "invalid_client", 401, says)


@pytest.mark.parametrize(("change", "says"), STATES)
def test_tells_a_stranger_nothing(desk: Desk, change: Callable[[Desk, Key], None], says: str) -> None:
    """Unknown client or wrong secret, in whatever state the key is: the same bytes, without the reason."""
    change(desk, desk.north)
    wrong = of_the_same_form(desk.north.secret)
    nobody = post(desk, GRANT | {"client_id": new_client_id(), "client_secret": wrong})
    assert_refused(nobody, "invalid_client", 401, UNKNOWN)
    answer = post(desk, GRANT | {"client_id": desk.north.client_id, "client_secret": wrong})
    assert (answer.status, answer.headers, answer.body) == (nobody.status, nobody.headers, nobody.body)
    assert says not in answer.body.decode()


def test_takes_no_secret_of_another_key(desk: Desk) -> None:
    mixed = pair(desk.north) | {"client_secret": desk.acme.secret}
    assert_refused(post(desk, GRANT | mixed), "invalid_client", 401, UNKNOWN)


def test_works_again_when_resumed(desk: Desk) -> None:
    pause(desk, desk.north)
    assert post(desk, good(desk.north)).status == 401
    with desk.store.writing() as db:
        applications.resume(db, OPERATOR, ApplicationKind.BANK, desk.north.client_id)
    assert post(desk, good(desk.north)).status == 200
